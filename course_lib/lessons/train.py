"""Which split, which model? From a clip to a decision, and what a score is worth."""
import numpy as np
import pandas as pd

from course_lib.learn.check import exercise
from course_lib.learn.experiment import Claim, Evidence
from course_lib.lessons import train_flow, train_models, train_rates, train_splits
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool

LESSON = "04"


def _curves(seed):
    errors = [train_models.error_with(seed, n) for n in train_models.BOUGHT]
    return [(np.array(train_models.BOUGHT), np.array(errors), 24), (np.array([4, 8, 16]), np.array([20.0, 14.0, 10.0]), 64)]


@exercise("04.1", cases=_curves, mistakes={
    "A straight line goes below zero: errors would become negative. Fit the line to the logarithms of both.":
        lambda readers, error, at: np.polyval(np.polyfit(readers, error, 1), at),
    "That is the logarithm of the error. Take it back with `np.exp`.":
        lambda readers, error, at: np.polyval(np.polyfit(np.log(readers), np.log(error), 1), np.log(at)),
    "That is the last point measured. The curve has not ended there.": lambda readers, error, at: error[-1],
}, hints=["On two logarithmic axes the points lie near a line: `np.polyfit(np.log(readers), np.log(error), 1)`.",
          "`np.polyval(line, np.log(at))` is the logarithm of the answer."],
    also=[lambda readers, error, at: 10 ** np.polyval(np.polyfit(np.log10(readers), np.log10(error), 1), np.log10(at))],
    why="Errors of many models fall as a power of the data (Hestness et al., 2017): each doubling takes away the same part.")
def error_at(readers, error, at):
    """Error expected at `at` readers, by a power law through the points measured."""
    line = np.polyfit(np.log(readers), np.log(error), 1)
    return np.exp(np.polyval(line, np.log(at)))


def _groups(seed):
    speakers = train_splits.delivered(seed)["speaker"].head(400).tolist()
    return [(speakers, 3), (["ann", "bo", "ann", "cy", "bo", "cy", "di"], 2), ([7, 7, 3, 3, 5, 5, 9], 4)]


@exercise("04.2", cases=_groups, mistakes={
    "That is a random split in disguise: the clips take turns, so one group stands in several folds. The groups must take turns.":
        lambda groups, k: [i % k for i in range(len(groups))],
    "You cut the table into blocks. A group whose rows are scattered, or lie on a cut, still stands on both sides.":
        lambda groups, k: [i * k // len(groups) for i in range(len(groups))],
    "Your groups take turns in the order in which they come. Sort them first, so that another order of the rows gives the same folds.":
        lambda groups, k: [list(dict.fromkeys(groups)).index(g) % k for g in groups],
    "Folds count from 0 to k-1; yours begin at 1.": lambda groups, k: [sorted(set(groups)).index(g) % k + 1 for g in groups],
    "Every group has a fold of its own; bring the numbers down to 0 to k-1.": lambda groups, k: [sorted(set(groups)).index(g) for g in groups],
}, hints=["First list the groups once each, sorted: `sorted(set(groups))`.", "The fold of a group is its place in that list, `% k`."],
    also=[lambda groups, k: pd.factorize(np.asarray(groups), sort=True)[0] % k],
    why="What must not be known in advance has to stand on one side: whole groups move, not clips.")
def group_folds(groups, k):
    """A fold, 0 to k-1, for each clip; sorted groups take turns."""
    names = sorted(set(groups))
    return [names.index(group) % k for group in groups]


def _timed(seed):
    rng = keyed(seed, "04.3")
    def times(middle, spread):
        return pd.Series(middle * np.exp(spread * rng.standard_normal(400)))
    def some_slow(share, slow):
        return pd.Series(np.where(np.arange(400) < 400 * share, slow, 1.0) * times(3, .05))
    slow = dict(small=times(.3, .1), middle=times(4, .8), large=times(12, .1))
    cost = pd.Series(dict(small=190.0, middle=150.0, large=120.0))
    return [(cost, slow, 8.0), (cost, slow, 30.0), (pd.Series(dict(small=210.0, middle=180.0, large=160.0)), dict(slow, middle=times(3, .1)), 8.0),
            (cost, dict(slow, middle=some_slow(.08, 4)), 8.0), (cost, dict(slow, middle=some_slow(.03, 100)), 8.0)]


def _fit(cost, times, budget, time):
    """Model of least cost among those whose `time`, one number a model, is within the budget."""
    return cost[[name for name in cost.index if time(times[name]) <= budget]].idxmin()


@exercise("04.3", cases=_timed, mistakes={
    "You compared the mean with the budget. A promise is made for 95 of 100 answers: compare the 95th percentile.":
        lambda cost, times, budget: _fit(cost, times, budget, np.mean),
    "You compared the median with the budget: half of all answers may then be too slow. The promise is for 95 of 100.":
        lambda cost, times, budget: _fit(cost, times, budget, np.median),
    "Your percentile is too low, such as the 90th: a model that is too slow for 8 answers of 100 passes. The promise is for 95 of 100.":
        lambda cost, times, budget: _fit(cost, times, budget, lambda t: np.percentile(t, 90)),
    "Your percentile is too high, such as the 99th or the slowest answer: a model that is slow for 3 answers of 100 only is ruled out. Promised are 95 of 100.":
        lambda cost, times, budget: _fit(cost, times, budget, lambda t: np.percentile(t, 99)),
    "You took the fastest. A budget is a limit, not a goal: of those within it, the cheapest errors win.":
        lambda cost, times, budget: min(times, key=lambda name: times[name].mean()),
    "You took the least cost and forgot the budget.": lambda cost, times, budget: cost.idxmin(),
}, hints=["`np.percentile(times[name], 95)` is the p95 of a model.", "Keep the names within the budget in a list, then `cost[names].idxmin()`."],
    also=[lambda cost, times, budget: min((c, name) for name, c in cost.items() if times[name].quantile(.95) <= budget)[1],
          lambda cost, times, budget: next(name for name in cost.sort_values().index if (times[name] <= budget).mean() >= .95)],
    named=lambda seed: ["a middle model with a wide spread of times", "a budget that all three keep", "a middle model within the budget",
                        "a middle model that is slow for 8 answers of 100", "a middle model that is very slow for 3 answers of 100"],
    why="Time is a guardrail: it rules models out and does not rank those that remain.")
def within_budget(cost, times, budget):
    """Model of least cost among those whose p95 is within the budget (milliseconds)."""
    names = [name for name in cost.index if np.percentile(times[name], 95) <= budget]
    return cost[names].idxmin()


def _tables(seed):
    def table(*rows):
        return pd.DataFrame(rows, columns=["model", "cost", "saves_low", "wrong", "right", "slowness"]).set_index("model")
    simple, large = ("simple", 190.0, 0.0, 14.0, 87.0, 1.0), ("large", 160.0, 5.0, 11.0, 91.0, 9.0)
    tables = [table(simple, ("middle", 170.0, 8.0, 15.0, 88.0, 2.0), ("large", 120.0, 40.0, 11.0, 94.0, 30.0)),
              table(simple, ("middle", 180.0, -9.0, 15.0, 88.0, 2.0), ("large", 120.0, 40.0, 11.0, 94.0, 30.0)),
              table(simple, ("middle", 150.0, 12.0, 90.0, 96.0, 2.0), large),
              table(simple, ("middle", 150.0, 12.0, 15.0, 64.0, 2.0), large),
              table(simple, ("middle", 180.0, 0.0, 15.0, 88.0, 2.0)),
              table(simple, ("middle", 150.0, 20.0, 80.0, 70.0, 10.0), large),
              table(simple, ("middle", 150.0, 20.0, 15.0, 88.0, 2.0), ("large", 140.0, 10.0, 11.0, 91.0, 9.0)),
              table(simple, ("middle", 150.0, 12.0, 15.0, 88.0, 2.0), ("large", 145.0, -4.0, 11.0, 91.0, 9.0))]
    barred = table(("simple", 170.0, 0.0, 14.0, 62.0, 1.0), ("middle", 190.0, -30.0, 15.0, 88.0, 2.0), ("large", 180.0, -20.0, 11.0, 91.0, 3.0))
    return [(one, 80, 70, 10) for one in tables] + [(barred, 40, 75, 4)]


_TABLES = ("a large model that is too slow", "a middle model whose saving may be chance", "a middle model with 90 wrong cards", "a middle model with 64% right cards",
           "a `saves_low` of exactly 0", "a middle model exactly at the limits", "two shown savings", "a cheapest model whose saving may be chance",
           "a first row below the limit of right cards")


def _allowed(table, wrong, right, slowest):
    return table[(table["wrong"] <= wrong) & (table["right"] >= right) & (table["slowness"] <= slowest)]


def _chosen(allowed, first=None, limit=0.0):
    """The charter's rule on the rows allowed; `first` is the row that stands in where no saving is above `limit`."""
    shown = allowed[allowed["saves_low"] > limit]
    return shown["cost"].idxmin() if len(shown) else first or allowed.index[0]


@exercise("04.4", cases=_tables, mistakes={
    "You took the least cost of all, beyond the guardrails or the time. First keep what is allowed.":
        lambda table, wrong, right, slowest: table["cost"].idxmin(),
    "You left the slowness out. A model that is too slow is not allowed, whatever it saves.":
        lambda table, wrong, right, slowest: _chosen(_allowed(table, wrong, right, np.inf)),
    "You left the right cards out. A model with fewer than `right` of them is not allowed, whatever it saves.":
        lambda table, wrong, right, slowest: _chosen(_allowed(table, wrong, -np.inf, slowest)),
    "You left the wrong cards out. A model with more than `wrong` of them is not allowed, whatever it saves.":
        lambda table, wrong, right, slowest: _chosen(_allowed(table, np.inf, right, slowest)),
    "A limit is the last value that is allowed: a model exactly at it stays. Compare with `<=` and `>=`.":
        lambda table, wrong, right, slowest: _chosen(table[(table["wrong"] < wrong) & (table["right"] > right) & (table["slowness"] < slowest)]),
    "A lower cost is not yet a gain: where `saves_low` is not above 0, the saving may be chance, and the simplest stays.":
        lambda table, wrong, right, slowest: _allowed(table, wrong, right, slowest)["cost"].idxmin(),
    "A `saves_low` of 0 is not above 0: such a saving may be chance. Use `>`, not `>=`.":
        lambda table, wrong, right, slowest: _chosen(_allowed(table, wrong, right, slowest), limit=-1e-9),
    "Where no saving is shown you take the first row of the table, allowed or not. Take the first row of those that are allowed.":
        lambda table, wrong, right, slowest: _chosen(_allowed(table, wrong, right, slowest), table.index[0]),
    "You took the cheapest model first and then asked whether its saving is shown. Another one may save less and show it: keep the shown ones, then take the cheapest.":
        lambda table, wrong, right, slowest: _chosen((a := _allowed(table, wrong, right, slowest)).loc[list(dict.fromkeys([a.index[0], a["cost"].idxmin()]))]),
    "You looked for shown savings in the whole table and only then at the limits. Keep what is allowed first: a forbidden model must not stand in the way of an allowed one.":
        lambda table, wrong, right, slowest: best if (best := _chosen(table)) in (a := _allowed(table, wrong, right, slowest)).index else a.index[0],
    "You took the largest `saves_low`. It only says whether a saving is shown; of the shown ones the least cost wins.":
        lambda table, wrong, right, slowest: a["saves_low"].idxmax() if ((a := _allowed(table, wrong, right, slowest))["saves_low"] > 0).any() else a.index[0],
    "You kept the simplest whatever the others save. Where a saving is shown and allowed, the charter's goal takes it.":
        lambda table, wrong, right, slowest: table.index[0],
}, hints=["Three conditions joined by `&` keep the rows that are allowed.",
          "Of those, keep the rows with `saves_low` above 0. If there are any, take the one of least cost, else the first row allowed."],
    also=[lambda table, wrong, right, slowest: next(iter((a := table.query("wrong <= @wrong and right >= @right and slowness <= @slowest"))[a["saves_low"] > 0]
                                                         .sort_values("cost").index), a.index[0]),
          lambda table, wrong, right, slowest: min((not row.saves_low > 0, row.cost if row.saves_low > 0 else 0, i, row.Index) for i, row in enumerate(table.itertuples())
                                                   if row.wrong <= wrong and row.right >= right and row.slowness <= slowest)[-1]],
    named=lambda seed: list(_TABLES),
    why="Guardrails first, then shown gains, then cost; a tie goes to the simplest, because it is cheapest to keep.")
def pick(table, wrong, right, slowest):
    """Name of the model by the charter's rule; `table` has the simplest model first."""
    allowed = table[(table["wrong"] <= wrong) & (table["right"] >= right)
                    & (table["slowness"] <= slowest)]
    shown = allowed[allowed["saves_low"] > 0]
    return shown["cost"].idxmin() if len(shown) else allowed.index[0]


@exercise("04.5", cases=lambda seed: [(8, 16), (0, 16), (12, 16), (1, 4)], mistakes={
    "That is the share of runs that fail. If half fail, you need one failed run on average before one is usable: divide by the runs that succeed.":
        lambda failed, runs: failed / runs,
    "That is how many runs it takes in all, the usable one among them.": lambda failed, runs: runs / (runs - failed),
}, hints=["For each usable run there are how many failed ones among the 16?"],
    also=[lambda failed, runs: runs / (runs - failed) - 1],
    why="Failures are paid for again and again until one run succeeds: the price grows faster than their share.")
def failed_before_usable(failed, runs):
    """Failed runs to be expected before one that is usable."""
    return failed / (runs - failed)


def _losses(seed, free=10.0, pool=Pool()):
    """How many cents the log loss saves with C = .03, and loses with C = `free`, at threshold .5; the smaller of the two."""
    cost = {(loss, strength): train_flow.cost_at(seed, train_flow.linear(seed, loss, strength, pool), .5, pool)
            for loss in train_flow.LOSSES for strength in {.03, free}}
    log, squared = train_flow.LOSSES
    margin = min(cost[squared, .03] - cost[log, .03], cost[log, free] - cost[squared, free])
    return Evidence("cents per 1,000 requests by which the order turns", float(margin), None, 1800, "One week of one pilot.")


def _price_of_failure(seed, price=1000, pool=Pool()):
    """How many cents the fast rate is behind the best one when a failed run costs `price` cents."""
    worth = train_rates.by_rate(seed, price, pool)["worth"].fillna(0)
    return Evidence("cents by which the fast rate is behind the best one", float(worth.max() - worth[train_rates.FAST]), None, train_rates.RUNS, "One small network.")


CLAIMS = [
    Claim("a fit beats a mean", LESSON, "The fitted model gains three points or more over the nearest mean.",
          train_models.baselines, lambda e: e.value >= 3, control=lambda seed, **k: train_models.baselines(seed, "nearest mean", **k)),
    Claim("a threshold belongs to a loss", LESSON, "At threshold .5 the log loss is the cheaper one with C = .03 and the dearer one with C = 10.",
          _losses, lambda e: e.value > 0, control=lambda seed, **k: _losses(seed, .03, **k)),
    Claim("as accurate is not as cheap", LESSON, "Discriminants are within three points of logistic regression in accuracy and cost 1.4 times as much or more at the charter's threshold; "
          "softened they do not.", train_flow.discriminants_instead,
          lambda e: e.value >= 1.4 and e.interval[0] > 1 and abs(e.data["accuracy"] - e.data["default_accuracy"]) <= .03,
          control=lambda seed, **k: train_flow.discriminants_instead(seed, 12, **k)),
    Claim("a power law extrapolates", LESSON, "From 12 readers and fewer, a power law tells the error at 24 to within four points; a straight line does not.",
          train_models.curve, lambda e: e.value <= 4, control=lambda seed, **k: train_models.curve(seed, True, **k)),
    Claim("a random split does not flatter here", LESSON, "A random split scores less than three points above a split by readers; with copies it does score more.",
          train_splits.flatters, lambda e: e.value < 3, control=lambda seed, **k: train_splits.flatters(seed, True, **k)),
    Claim("copies flatter", LESSON, "With every clip delivered twice a random split scores 2.5 points or more above a split by readers.",
          lambda seed, **k: train_splits.flatters(seed, True, **k), lambda e: e.value >= 2.5, control=train_splits.flatters),
    Claim("half a voice misleads", LESSON, "A voice that was learnt with other names only is recognised a point and a half less often than the same clips of a stranger, or more; "
          "one that was learnt with the name is not.", train_splits.half_known, lambda e: e.value >= 1.5,
          control=lambda seed, **k: train_splits.half_known(seed, False, **k)),
    Claim("time hides new names", LESSON, "When names appear in week 7, a split at random in time hides 8 points or more; in quiet weeks it does not.",
          train_splits.in_time, lambda e: e.value >= 8, control=lambda seed, **k: train_splits.in_time(seed, False, **k)),
    Claim("another kind of voice", LESSON, "Readers of a new market score 25 points or more below a split by readers; ten native strangers do not.",
          train_splits.other_voices, lambda e: e.value >= 25, control=lambda seed, **k: train_splits.other_voices(seed, False, **k)),
    Claim("a tree memorises", LESSON, "The deepest tree is 30 points or more better on its own clips than on strangers'; logistic regression is not.",
          train_models.memorises, lambda e: e.value >= 30, control=lambda seed, **k: train_models.memorises(seed, False, **k)),
    Claim("the fast rate sometimes fails", LESSON, "At the fast rate 3 to 15 of 16 runs fail and the others gain 4 points or more; at the safe rate neither.",
          train_rates.fast_rate, lambda e: 3 <= e.value <= 15 and e.data["gain"] >= 4 and e.data["safe_failed"] == 0,
          control=lambda seed, **k: train_rates.fast_rate(seed, train_rates.SAFE, **k)),
    Claim("a failed run has a price", LESSON, "If a failed run costs 1,000 cents, the fast rate is 100 cents or more behind the best one; if it costs nothing, it is not.",
          _price_of_failure, lambda e: e.value >= 100, control=lambda seed, **k: _price_of_failure(seed, 0, **k)),
    Claim("the page leaks", LESSON, "The page of prompts gains 0.6 points or more in the test that it does not gain in production; a page without tie to the name does not.",
          train_models.page_column, lambda e: e.value >= .6, control=lambda seed, **k: train_models.page_column(seed, True, **k)),
]
