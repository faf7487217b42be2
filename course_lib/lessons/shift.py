"""Something changed: what is it, and do you act? First days, harm, mitigation, pointed listens, causes."""
import numpy as np
import pandas as pd

from course_lib.cycle import incident, scope, shift
from course_lib.learn.check import exercise
from course_lib.learn.experiment import Claim, Evidence
from course_lib.learn.lesson import decide
from course_lib.lessons import shift_act as acting, shift_harm as harm
from course_lib.lessons.shift_incident import base, normal, usual  # noqa: F401, the notebook says lesson.usual
from course_lib.world.pool import Pool

LESSON = "09"
_SPIKE = pd.Series([5.0, 6, 5, 10, 5, 6, 5, 6, 9, 8, 9, 8, 9, 8, 9, 8], range(200, 216))
_EDGE = pd.Series([5.0, 5, 6, 5, 6, 5, 5, 8, 9, 8, 9, 8, 8, 11, 12, 11], range(300, 316))
_TWICE = pd.Series([10.0, 11, 10, 9, 10, 10, 11, 9, 14, 13, 14, 15, 14, 20, 21, 20], range(400, 416))


def signals(seed: int) -> pd.DataFrame:
    """The daily signals of the case."""
    return shift.daily(harm.case(seed).log, usual(seed).log)


def series_cases(seed: int) -> list[tuple]:
    """Daily signals with a step: re-asks of the case, confidence in noise, three by hand."""
    noisy = shift.daily(harm.drawn(seed, "noisier", 1).log, usual(seed).log)["confidence"]
    return [(signals(seed)["re_asks"],), (noisy,), (_SPIKE.copy(),), (_EDGE.copy(),), (_TWICE.copy(),)]


def _gap(series, k):
    return abs(series.iloc[k:].mean() - series.iloc[:k].mean())


def _place(series, power):
    """Place of the largest gap, weighed by a power of days before times days after."""
    return max(range(3, len(series) - 2), key=lambda k: _gap(series, k) * (k * (len(series) - k)) ** power)


@exercise("09.1", cases=series_cases, mistakes={
    "That is the oddest single day. One odd day is chance or a glitch; a step is where all days after differ from all days before.":
        lambda series: int((series - series.median()).abs().idxmax()),
    "That is the largest jump from one day to the next. Days differ anyway; two neighbours say little about the weeks on both sides.":
        lambda series: int(series.diff().abs().idxmax()),
    "You did not weigh the gap. The mean of three days wanders, so gaps are large near the ends; multiply by the square root of the days before times the days after.":
        lambda series: int(series.index[_place(series, 0)]),
    "You weighed by days before times days after, without the square root. Steps near the ends are then overlooked.":
        lambda series: int(series.index[_place(series, 1)]),
    "That is the place in the Series, counted from 0. Return the day that stands there: `series.index[k]`.": lambda series: _place(series, .5),
}, hints=["For each k from 3 to len(series) - 3: the mean of `series.iloc[k:]` less the mean of `series.iloc[:k]`, without its sign.",
          "Multiply by `np.sqrt(k * (len(series) - k))`; the best k gives the day, `series.index[k]`."],
    also=[lambda series: shift.first_day(series)],
    named=lambda seed: ["the re-asks of the case", "confidence in a noisy time", "a series with one odd day", "a series that keeps rising at its end", "a series with two steps"],
    why="A step is judged by all days on both sides, and more by many days than by few. In normal noise this is the likeliest first day (Hinkley, 1970).")
def first_day(series):
    """The first day of the largest step, its gap weighed by days on both sides."""
    def step(k):
        gap = series.iloc[k:].mean() - series.iloc[:k].mean()
        return abs(gap) * np.sqrt(k * (len(series) - k))
    best = max(range(3, len(series) - 2), key=step)
    return int(series.index[best])


def audits(seed: int) -> tuple[pd.Series, pd.Series]:
    """Cents of audited requests: of usual weeks, and of the case since its first day."""
    return harm.audit(harm.case(seed), before=True), harm.audit(harm.case(seed))


def audit_cases(seed: int) -> list[tuple]:
    """Audits of the case, of a noisy time, and a small one by hand."""
    noisy = harm.drawn(seed, "noisier", 0)
    by_hand = pd.Series([0.0, 0, 1, 0, 4, 0, 0, 0]), pd.Series([4.0, 0, 1, 4, 0, 4])
    return [(*audits(seed), 12_000), (harm.audit(noisy, 150, before=True), harm.audit(noisy, 300), 12_000), (*by_hand, 1000)]


def _interval(before, after, scale, gap, error):
    return scale * (gap - 1.96 * error), scale * (gap + 1.96 * error)


@exercise("09.2", cases=audit_cases, mistakes={
    "That is the cost of all errors. Errors cost in usual weeks, too; the harm of the incident is what came on top.":
        lambda before, after, requests: _interval(before, after, requests, after.mean(), np.sqrt(after.var() / len(after))),
    "You took the usual cost as exactly known. It comes from an audit, too, and has an error of its own.":
        lambda before, after, requests: _interval(before, after, requests, after.mean() - before.mean(), np.sqrt(after.var() / len(after))),
    "That is the spread of single requests. The mean of n requests is steadier: divide each variance by its number of requests.":
        lambda before, after, requests: _interval(before, after, requests, after.mean() - before.mean(), np.sqrt(after.var() + before.var())),
    "That is cents a request. The product manager asked for a day: all requests of a day.":
        lambda before, after, requests: _interval(before, after, 1, after.mean() - before.mean(), np.sqrt(after.var() / len(after) + before.var() / len(before))),
    "You took `numpy.var`, which divides by n. Of a sample, divide by n - 1, as pandas' `.var()` does (or `ddof=1`).":
        lambda before, after, requests: _interval(before, after, requests, after.mean() - before.mean(), np.sqrt(after.var(ddof=0) / len(after) + before.var(ddof=0) / len(before))),
    "You added the two standard errors. Variances add: add first, then take the root.":
        lambda before, after, requests: _interval(before, after, requests, after.mean() - before.mean(), after.sem() + before.sem()),
}, hints=["The harm of one request is the difference of the two means. Its variance is the sum `after.var() / len(after) + before.var() / len(before)`.",
          "The error is the square root of that; the interval is the difference less and plus 1.96 errors; then times `requests`."],
    also=[lambda before, after, requests: [requests * (after.mean() - before.mean() + side * 1.96 * np.hypot(after.sem(), before.sem())) for side in (-1, 1)]],
    named=lambda seed: ["the case", "a noisy time", "fourteen requests by hand"], close=1e-4,
    why="Independent errors add in squares. An interval that lies above zero says hurt; its width says how well you know how much.")
def harm_a_day(before, after, requests):
    """Extra cents a day: the two ends of a 95% interval."""
    gap = after.mean() - before.mean()
    error = np.sqrt(after.var() / len(after) + before.var() / len(before))
    return requests * (gap - 1.96 * error), requests * (gap + 1.96 * error)


def prices() -> pd.Series:
    """Cents for a wrong card, a needless "sorry?" and a tap."""
    rules = scope.charter()
    return pd.Series(dict(wrong=rules.cost_wrong_card, sorry=rules.cost_sorry, taps=incident.TAP))


def outcomes(seed: int) -> pd.DataFrame:
    """What each mitigation would do in the case; here a simulation answers, on the day a trial on a few users."""
    return harm.outcomes_table(harm.case(seed))


_DRILL = pd.DataFrame(dict(wrong=[100.0, 20, 60], sorry=[50.0, 250, 30], taps=[0.0, 0, 300], hours=[0.0, 1, 36]), ["do nothing", "refuse more", "ask with two cards"])


@exercise("09.3", cases=lambda seed: [(outcomes(seed), prices(), 72), (harm.outcomes_table(harm.planned(seed, "noisier")), prices(), 72), (_DRILL.copy(), prices(), 24)], mistakes={
    "You counted errors. A wrong card costs four times a needless \"sorry?\"; multiply each column by its price.":
        lambda outcomes, prices, horizon: (outcomes["hours"] / horizon).clip(upper=1) * outcomes.loc["do nothing", ["wrong", "sorry"]].sum()
        + (1 - (outcomes["hours"] / horizon).clip(upper=1)) * outcomes[["wrong", "sorry"]].sum(axis=1),
    "You took every mitigation as in force at once. Until then users pay for doing nothing, and the best one may come last.":
        lambda outcomes, prices, horizon: outcomes[prices.index] @ prices,
    "You left out the taps. A tap is cheap, and there are many.":
        lambda outcomes, prices, horizon: cost_by_mitigation(outcomes, prices * [1, 1, 0], horizon),
    "A mitigation that comes after the horizon does nothing within it; the share of the waiting cannot be more than 1.":
        lambda outcomes, prices, horizon: (outcomes[prices.index] @ prices) * (1 - outcomes["hours"] / horizon) + outcomes["hours"] / horizon * (outcomes.loc["do nothing", prices.index] @ prices),
}, hints=["First the cost of 1,000 requests once it is in force: `outcomes[prices.index] @ prices`.",
          "A share `outcomes[\"hours\"] / horizon` of the time (at most 1) still costs what doing nothing costs; the rest costs what you just computed."],
    also=[lambda outcomes, prices, horizon: pd.Series({name: _mean_cost(row, outcomes.loc["do nothing"], prices, horizon) for name, row in outcomes.iterrows()})],
    named=lambda seed: ["the case", "a noisy time", "three mitigations by hand"], close=1e-4,
    why="Mitigations are compared in money and in time: what each error costs, and who pays until it is in force.")
def cost_by_mitigation(outcomes, prices, horizon):
    """Cents of 1,000 requests by mitigation, a mean over `horizon` hours."""
    then = outcomes[prices.index] @ prices
    waiting = (outcomes["hours"] / horizon).clip(upper=1)
    return waiting * then["do nothing"] + (1 - waiting) * then


def _mean_cost(row, nothing, prices, horizon):
    waiting = min(row["hours"] / horizon, 1)
    return sum(price * (waiting * nothing[name] + (1 - waiting) * row[name]) for name, price in prices.items())


_LOG = pd.DataFrame(dict(request_id=[f"r{i}" for i in range(8)], day=[1, 1, 2, 2, 3, 3, 3, 3], device=["car", "phone"] * 4,
                         decision=["c01", "c02", "sorry", "sorry", "c03", "c04", "c05", "sorry"], confidence=[.9, .8, .3, .2, .6, .7, .9, .1],
                         re_ask=[True, False, False, True, True, False, True, True]))


def worth_cases(seed: int) -> list[tuple]:
    """Logs with a first day and a slice: the case, a fault in phones, a log of eight requests."""
    fault, case = harm.drawn(seed, "firmware_fault", 0), harm.case(seed)
    columns = list(_LOG.columns)
    return [(case.log[columns], case.day, "all"), (fault.log[columns], fault.day, "phone"), (_LOG.copy(), 2, "all")]


@exercise("09.4", cases=worth_cases, mistakes={
    "Those are the least confident. The model does not know that it is wrong where names changed their owner; its users do.":
        lambda log, day, device: sorted(log[log["day"] >= day].nsmallest(20, "confidence")["request_id"]),
    "You took requests from before the first day, too. What is heard there is as usual, and costs as much.":
        lambda log, day, device: sorted(log[log["re_ask"] & ((device == "all") | (log["device"] == device))]["request_id"]),
    "You took every device. Where one slice stands out, listens elsewhere are wasted.":
        lambda log, day, device: sorted(log[log["re_ask"] & (log["day"] >= day)]["request_id"]),
    "You kept only those that got a card. New names and noise end in \"sorry?\"; their users ask again, too.":
        lambda log, day, device: sorted(log[log["re_ask"] & (log["day"] >= day) & (log["decision"] != "sorry") & ((device == "all") | (log["device"] == device))]["request_id"]),
}, hints=["Three conditions: `log[\"day\"] >= day`, `log[\"re_ask\"]`, and the device, unless it is \"all\".",
          "`(device == \"all\") | (log[\"device\"] == device)` keeps every row in the first case; `sorted(...[\"request_id\"])` at the end."],
    also=[lambda log, day, device: sorted(r.request_id for r in log.itertuples() if r.re_ask and r.day >= day and device in ("all", r.device))],
    named=lambda seed: ["the case", "a fault in phones", "eight requests by hand"],
    why="Users know when they did not get their card. Listen where they asked again, since the change, where the change is.")
def worth(log, day, device):
    """Sorted ids worth a listen: asked again, since the day, in the slice."""
    late = log[(log["day"] >= day) & log["re_ask"]]
    if device != "all":
        late = late[late["device"] == device]
    return sorted(late["request_id"])


def share_cases(seed: int) -> list[tuple]:
    """Shares of first cards: usual and in two changed times, and two by hand of which one lacks a card."""
    before = usual(seed).log["best"].value_counts(normalize=True)
    late = [harm.drawn(seed, cause, 1).log["best"].value_counts(normalize=True) for cause in ("season", "popularity_reversed")]
    return [(before, after) for after in late] + [(pd.Series(dict(a=.5, b=.5)), pd.Series(dict(b=.25, c=.75)))]


@exercise("09.5", cases=share_cases, mistakes={
    "Each share that left one card came to another, so you count it twice. Halve the sum.": lambda p, q: float(p.sub(q, fill_value=0).abs().sum()),
    "A card that one side lacks has the share 0 there; without `fill_value=0` pandas makes it NaN and leaves it out.": lambda p, q: float((p - q).abs().sum() / 2),
}, hints=["`p.sub(q, fill_value=0)` subtracts by card, with 0 where a card is missing.", "Absolute values, their sum, halved."],
    also=[lambda p, q: sum(max(p.get(card, 0) - q.get(card, 0), 0) for card in set(p.index) | set(q.index))], close=1e-6,
    why="Half the sum of the absolute differences is the share of requests that moved to other cards: the total variation distance.")
def variation(p, q):
    """Share of requests that moved: 0 is the same, 1 nothing in common."""
    return p.sub(q, fill_value=0).abs().sum() / 2


def file(record: dict) -> None:
    """Keep an incident record for lesson 10 if it is whole; say what is missing if not."""
    faults = incident.record_faults(record)
    if faults:
        print("Not kept:", *faults, sep="\n- ")
        return
    decide("incident", record)
    print(f"Kept: {shift.CAUSES.get(record['what'], record['what'])} since day {record['since']}, {record['mitigation']}.")


def _threshold_gap(seed, other="renamed_figure", pool=Pool()):
    """What a threshold of .7 instead of .5 costs in a noisy time, less what it costs in another incident (cents in 1,000)."""
    change = [cost[.7] - cost[.5] for cost in (acting.best_threshold(seed, cause, pool=pool).data for cause in ("noisier", other))]
    return Evidence("cents by which a higher threshold is dearer in noise", change[0] - change[1], None, 2, "Two causes at their planned strength.")


def _more_hits(seed, way="pointed", pool=Pool()):
    """Listens of 20 that hit the cause, less those of random ones."""
    gap = harm.touched(seed, way, pool=pool).value - harm.touched(seed, harm.WAYS[2], pool=pool).value
    return Evidence("more hits than at random, of 20", gap, None, 120, "Six causes at their floor.")


def _unsure_misses(seed, way="lowest confidence", pool=Pool()):
    """Listens of 20 that hit a firmware fault."""
    return Evidence("hits of 20", harm.touched(seed, way, pool=pool).data["firmware_fault"], None, 20, "One cause at its floor.")


CLAIMS = [
    Claim("a very loud alarm is harmless", LESSON, "Louder microphones raise one of the two loudest input alarms, 40 standard errors or more, and cost nothing.",
          harm.loudness, lambda e: abs(e.value) < 1 and e.data["loudness"] >= 40 and e.data["rank"] <= 2,
          control=lambda seed, **k: harm.loudness(seed, "firmware_fault", **k)),
    Claim("the costliest is silent", LESSON, "Renamed figures move no input signal over its limit and cost most of all causes.",
          lambda seed, **k: harm.loudness(seed, "renamed_figure", **k), lambda e: e.data["loudness"] <= shift.LIMIT and e.data["harm_rank"] == 1,
          control=lambda seed, **k: harm.loudness(seed, "louder_microphones", **k)),
    Claim("a firmware fault is in the phones", LESSON, "Under a firmware fault the phones' step of the distance is twelve times any other device's; under a new market it is not.",
          acting.slices, lambda e: e.value >= 12, control=lambda seed, **k: acting.slices(seed, "new_market", **k)),
    Claim("first days are found", LESSON, "At planned strength the first day of at least five of six harmful causes is found within one day.",
          acting.dated, lambda e: e.value >= 5, control=lambda seed, **k: acting.dated(seed, off=True, **k)),
    Claim("causes are named at their floor", LESSON, "With 20 pointed listens at least nine of ten, the nine causes and no change, are named right at floor strength; signals alone do not do it.",
          harm.named, lambda e: e.value >= 9, control=lambda seed, **k: harm.named(seed, False, **k)),
    Claim("pointed listens hit more", LESSON, "Pointed listens hit the cause four times more in 20 than random ones.",
          _more_hits, lambda e: e.value >= 4, control=lambda seed, **k: _more_hits(seed, "at random", **k)),
    Claim("unsure requests miss a confident failure", LESSON, "The 20 least confident requests hold at most 3 that a firmware fault touched; pointed ones more.",
          _unsure_misses, lambda e: e.value <= 3, control=lambda seed, **k: _unsure_misses(seed, "pointed", **k)),
    Claim("a threshold helps one and hurts another", LESSON, "A threshold of .7 instead of .5 is dearer by 25 cents or more in 1,000 in noise than under renamed figures.",
          _threshold_gap, lambda e: e.value >= 25, control=lambda seed, **k: _threshold_gap(seed, "noisier", **k)),
    Claim("blocking helps before the cause is known", LESSON, "Blocking the re-asked cards takes away 60% or more of what renamed figures cost, rolling back at most 25%.",
          harm.saved, lambda e: e.value >= 60 and e.data["all"][incident.BACK] <= 25, control=lambda seed, **k: harm.saved(seed, "noisier", **k)),
    Claim("a season passes and hurts nobody", LESSON, "A season brings 1.3 times the requests, is over after two weeks, and costs at most 60 cents more in 1,000 requests.",
          acting.season_passes, lambda e: e.value >= 1.3 and e.data["extra"] <= 60, control=lambda seed, **k: acting.season_passes(seed, "noisier", **k)),
]
