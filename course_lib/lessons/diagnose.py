"""What to fix first? Slices, a yardstick over voices, labels in doubt, two laps, and a promise of 2%."""
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from course_lib.learn.check import exercise
from course_lib.learn.experiment import Claim
from course_lib.lessons import diagnose_first as what_first, diagnose_laps as laps, diagnose_price, diagnose_trust as trust, diagnose_worn
from course_lib.world.draws import keyed

LESSON = "05"


def _problems(seed):
    """The pilot's table under three mixes of traffic, and one that was made up."""
    found = what_first.candidates(seed)
    made = pd.DataFrame(dict(share=[.02, .05, .6, .33, .3], now=[900., 500, 150, 280, 60], after=[850., 100, 90, 275, 3]),
                        index=["old phones", "stations", "kitchens", "short names", "mornings"])
    return [(found.copy(),), (what_first.with_traffic(found, market=.5).drop(what_first.LABELS),), (found.drop(what_first.LABELS),), (made,)]


@exercise("05.1", cases=_problems, mistakes={
    "That is the worst slice. Few requests may fall into it: multiply what a mend saves there by its share.": lambda table: table["now"].idxmax(),
    "That is the largest pile of errors. What counts is how much of the pile a mend takes away: `now - after`.":
        lambda table: (table["share"] * table["now"]).idxmax(),
    "That is the largest part taken away. Count errors, not percents: `share * (now - after)`.":
        lambda table: (table["share"] * (table["now"] - table["after"]) / table["now"]).idxmax(),
    "Those are the errors that it saves; return its name: `idxmax()` instead of `max()`.":
        lambda table: (table["share"] * (table["now"] - table["after"])).max(),
    "That is the largest gain inside a slice. Multiply it by the slice's share of all names.": lambda table: (table["now"] - table["after"]).idxmax(),
}, hints=["How many errors does a mend take away from 1,000 names of its slice? From 1,000 names of all?",
          "`(table[\"now\"] - table[\"after\"]) * table[\"share\"]` is a Series; `idxmax()` names its largest row."],
    also=[lambda table: table.assign(saved=table["share"] * (table["now"] - table["after"])).sort_values("saved").index[-1]],
    named=lambda seed: ["the pilot", "a pilot with half of the names from the new market", "the pilot without its labels", "a made-up table"],
    why="Errors saved = share × gain. How bad a slice is, and how large, says nothing about whether a mend helps.")
def first(table):
    """The row whose mend saves most: columns share, now, after."""
    saved = table["share"] * (table["now"] - table["after"])
    return saved.idxmax()


def _draws(seed):
    rng, people = np.random.default_rng(seed), ["v1", "v2", "v3", "v4"]
    table = pd.DataFrame(dict(speaker=np.repeat(people, [9, 3, 6, 2]), error=rng.integers(0, 2, 20)))
    table.loc[table["speaker"] == "v1", "error"] = 1
    table.loc[table["speaker"] == "v3", "error"] = 0
    return [(table, ["v1", "v1", "v3", "v4"]), (table, ["v2", "v3", "v3", "v3"]), (table, people)]


@exercise("05.2", cases=_draws, mistakes={
    "A voice that was drawn twice counts once in your mean; `isin` only asks whether it was drawn.":
        lambda table, drawn: table["error"][table["speaker"].isin(drawn)].mean(),
    "You average the voices' means. A voice with many requests weighs more: put the requests together, then take the mean.":
        lambda table, drawn: float(np.mean([table["error"][table["speaker"] == one].mean() for one in drawn])),
    "You divide by the rows of the whole table. Divide by the rows that were drawn; a voice that was drawn twice has twice its rows.":
        lambda table, drawn: sum(table["error"][table["speaker"] == one].sum() for one in drawn) / len(table),
    "That is the mean of the whole table; it never looks at who was drawn.": lambda table, drawn: table["error"].mean(),
}, hints=["For each drawn voice take *all* of its rows; for one that was drawn twice take them twice.",
          "`pd.concat([table[table[\"speaker\"] == one] for one in drawn])` puts them together."],
    also=[lambda table, drawn: float(np.concatenate([table["error"].to_numpy()[(table["speaker"] == one).to_numpy()] for one in drawn]).mean())],
    why="A voice is drawn with all its requests, as often as it was drawn: requests of one voice fail together.")
def resampled_mean(table, drawn):
    """Mean error of all rows of each drawn speaker, as often as drawn."""
    rows = pd.concat([table[table["speaker"] == one] for one in drawn])
    return rows["error"].mean()


def _readings(seed):
    rng = keyed(seed, "lesson 05", "exercise")
    readers, y = np.repeat([f"r{i}" for i in range(9)], 8), np.tile(np.repeat(["c01", "c02"], 4), 9)
    voice = 2 * rng.standard_normal((9, 5))[np.repeat(np.arange(9), 8)]
    X = voice + np.where(y == "c01", 1.0, -1.0)[:, None] + rng.standard_normal((72, 5))
    order = rng.permutation(72)
    return [(LogisticRegression(), X, y, readers), (LogisticRegression(C=.1), X[order], y[order], readers[order])]


def _random_folds(model, X, y, readers):
    from sklearn.model_selection import cross_val_predict
    return cross_val_predict(model, X, y, cv=3, method="predict_proba")


def _cards_only(model, X, y, readers):
    from sklearn.model_selection import GroupKFold, cross_val_predict
    return cross_val_predict(model, X, y, groups=readers, cv=GroupKFold(3))


def _each_reader(model, X, y, readers):
    from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
    return cross_val_predict(model, X, y, groups=readers, cv=LeaveOneGroupOut(), method="predict_proba")


def _by_hand(model, X, y, readers):
    from sklearn.base import clone
    from sklearn.model_selection import GroupKFold
    out = np.zeros((len(y), len(np.unique(y))))
    for fitted, held in GroupKFold(3).split(X, y, readers):
        out[held] = clone(model).fit(X[fitted], y[fitted]).predict_proba(X[held])
    return out


@exercise("05.3", cases=_readings, close=1e-4, mistakes={
    "Those are in-sample probabilities: the model has learnt each wrong label by heart and now agrees with it. Leave each reader out in turn.":
        lambda model, X, y, readers: model.fit(X, y).predict_proba(X),
    "Your folds ignore the readers: the model has heard the voice it judges. Pass `groups=readers` and `cv=GroupKFold(3)`.": _random_folds,
    "You leave out one reader at a time: right in spirit, and eight times the work here. Take three folds, `GroupKFold(3)`.": _each_reader,
    "Those are cards, not probabilities; ask `cross_val_predict` for `method=\"predict_proba\"`.": _cards_only,
}, hints=["scikit-learn has `cross_val_predict`; it fits on all folds but one and predicts that one.",
          "`cross_val_predict(model, X, y, groups=readers, cv=GroupKFold(3), method=...)`; both names come from `sklearn.model_selection`."],
    also=[_by_hand], named=lambda seed: ["72 clips in order", "72 clips shuffled"],
    why="A label can only be doubted by a model that did not learn it, and that never heard its reader.")
def out_of_fold(model, X, y, readers):
    """Probabilities (n, k) from models fitted without the clip's reader."""
    from sklearn.model_selection import GroupKFold, cross_val_predict
    folds = GroupKFold(3)
    return cross_val_predict(model, X, y, groups=readers, cv=folds, method="predict_proba")


def _curves(seed):
    risks = [.06, .03, .015, .012, .001], [.05, .04, .03, .025, .021]
    made = [pd.DataFrame(dict(threshold=[.3, .5, .7, .9, .99], answered=[.9, .8, .6, .3, .1], risk=risk, low=np.array(risk) / 2,
                              high=np.array(risk) * [1.5, 1.5, 1.5, 1.5, 9])) for risk in risks]
    return [(trust.curve(seed).copy(),), *((table,) for table in made)]


@exercise("05.4", cases=_curves, mistakes={
    "There the *estimate* is 2%; other voices will often get more wrong. Ask the upper end of the interval, `high`.":
        lambda table: next(iter(table["threshold"][table["risk"] <= .02]), 1.0),
    "There the *lower* end is 2%: with other voices the risk is nearly always higher. Ask the upper end, `high`.":
        lambda table: next(iter(table["threshold"][table["low"] <= .02]), 1.0),
    "Where no row keeps the promise there is no least threshold: `min()` of nothing is NaN. Return 1.0 there.":
        lambda table: table["threshold"][table["high"] <= .02].min(),
    "You took the confidence at its word. What counts is the measured risk of all cards shown; .98 asks it of each.": lambda table: .98,
    "That is where the fewest of the shown cards are wrong. The promise is 2%: answer as many as it allows.":
        lambda table: table["threshold"][table["high"].idxmin()],
}, hints=["Keep the rows whose `high` is at most .02. Which of them answers most?",
          "`kept[\"threshold\"].min()`, and 1.0 where `kept` has no rows."],
    also=[lambda table: min([*table["threshold"][table["high"] <= .02], 1.0])],
    named=lambda seed: ["the pilot", "a made-up curve", "a curve that never keeps the promise"],
    why="Of all thresholds whose upper end keeps the promise the lowest answers most. The interval is over voices; where they are few, even this promise is broken at times.")
def safe_threshold(table):
    """The lowest threshold whose `high` is at most .02, else 1.0."""
    kept = table[table["high"] <= .02]
    return kept["threshold"].min() if len(kept) else 1.0


@exercise("05.5", cases=lambda seed: [(-4, 6, 10), (-25, 20, 10), (3, 18, 10), (-40, -12, 10), (-30, -2, 10), (-8, -1, 10)], mistakes={
    "\"Zero is in the interval\" does not show \"no worse\": a loss larger than the margin may be in it, too.":
        lambda low, high, margin: "no worse" if high >= 0 else "worse",
    "You ask whether a gain is shown. \"No worse\" allows a loss up to the margin: compare `low` with `-margin`.":
        lambda low, high, margin: "no worse" if low > 0 else "worse" if high < -margin else "not shown",
    "\"worse\" needs a loss beyond the margin: compare `high` with `-margin`, not with 0.":
        lambda low, high, margin: "no worse" if low > -margin else "worse" if high < 0 else "not shown",
    "A third answer is missing: an interval that reaches over minus the margin shows neither.":
        lambda low, high, margin: "no worse" if low > -margin else "worse",
    "You judge by the middle of the interval. Everything in it is still possible.":
        lambda low, high, margin: "no worse" if (low + high) / 2 > -margin else "worse",
}, hints=["How large a loss is still possible? It is `-low`.", "\"worse\" is shown when even `high` is below `-margin`; if neither is shown, say so."],
    also=[lambda low, high, margin: "worse" if high < -margin else "not shown" if low <= -margin else "no worse"],
    why="\"Not significantly worse\" can mean \"too few data\". \"No worse\" needs the whole interval above minus the margin.")
def verdict(low, high, margin):
    """One of "no worse", "worse" and "not shown"."""
    if low > -margin:
        return "no worse"
    return "worse" if high < -margin else "not shown"


def _scores(seed):
    rng = np.random.default_rng(seed)
    made = np.round(rng.normal(90, 1, (2, 20)), 2)
    return [(made[0], made[1]), (np.array([90., 93, 91]), np.array([92., 91, 90]))]


@exercise("05.6", cases=_scores, mistakes={
    "That is the gain on the set that chose the winner; luck is part of it. Measure the winner on `fresh`.": lambda worn, fresh: worn.max() - worn.mean(),
    "The winner on one set and the mean on the other: one set may simply be easier. Take both on `fresh`.":
        lambda worn, fresh: fresh[np.argmax(worn)] - worn.mean(),
    "That is the winner's score on `fresh`. Take the mean of all tweaks there away from it.": lambda worn, fresh: fresh[np.argmax(worn)],
    "You choose again on `fresh`, and wear it out as well. Choose on `worn`, measure on `fresh`.": lambda worn, fresh: fresh.max() - fresh.mean(),
}, hints=["`np.argmax(worn)` is the place of the winner.", "Its score on `fresh`, less the mean of `fresh`."],
    also=[lambda worn, fresh: (fresh - fresh.mean())[list(worn).index(max(worn))]],
    why="Choose on one set, measure on another: only there is the winner's luck left out.")
def honest_gain(worn, fresh):
    """Points that the winner on `worn` is above the mean on `fresh`."""
    winner = np.argmax(worn)
    return fresh[winner] - np.mean(fresh)


CLAIMS = [
    Claim("the worst slice is small", LESSON, "New-market voices are the worst slice, and mending them saves at most a third of all errors; with half of the traffic it saves more.",
          what_first.priority, lambda e: e.data["worst"] == what_first.MARKET and e.data["gain"][what_first.MARKET] <= e.data["total"] / 3,
          control=lambda seed, **k: what_first.priority(seed, market=.5, **k)),
    Claim("out-of-fold finds wrong labels", LESSON, "Out-of-fold probabilities find 70 of 100 wrong labels or more; in-sample ones do not.",
          laps.doubts, lambda e: e.value >= .7 and e.data["precision"] >= .4, control=lambda seed, **k: laps.doubts(seed, "in sample", **k)),
    Claim("lap one is a gain", LESSON, "Hearing the doubtful labels again is a gain over readers; hearing nothing again is not.",
          laps.lap_one, lambda e: e.interval[0] > 0, control=lambda seed, **k: laps.lap_one(seed, "delivered", **k)),
    Claim("mended labels part sound-alikes", LESSON, "In 1,000 sound-alike names mended labels save 10 errors more than a model for each family does, or more.",
          what_first.alike, lambda e: e.value >= 10, control=lambda seed, **k: what_first.alike(seed, "a model a family", **k)),
    Claim("lap two mends noisy rooms", LESSON, "Recordings in noisy rooms set 40 more of 1,000 noisy names right, or more; without recordings none are.",
          lambda seed, **k: laps.lap_two(seed, .3, **k), lambda e: e.data["noisy rooms"] >= 40, control=lambda seed, **k: laps.lap_two(seed, .3, readers=0, **k)),
    Claim("lighter noisy clips cost little", LESSON, "Noisy clips of weight .3 cost less than 20 of all 1,000 names against weight 1, with all of the interval; without such clips that is not so.",
          laps.lighter, lambda e: e.interval[0] > -20, control=lambda seed, **k: laps.lighter(seed, readers=0, **k)),
    Claim("one version looks like two", LESSON, "Of 100 comparisons of a version with itself 30 or more look certain over requests; with errors dealt anew they do not.",
          trust.same_version, lambda e: e.value >= 30, control=lambda seed, **k: trust.same_version(seed, clustered=False, **k)),
    Claim("an announced gain dissolves", LESSON, "The typical announced gain excludes zero over requests and does not over voices.",
          trust.announcement, lambda e: e.interval[0] <= 0, control=lambda seed, **k: trust.announcement(seed, "requests", **k)),
    Claim("temperature calibrates", LESSON, "A temperature from some voices halves the calibration error for others; temperature 1 does not.",
          trust.calibration, lambda e: e.value >= 2, control=lambda seed, **k: trust.calibration(seed, mended=False, **k)),
    Claim("the upper end keeps promises", LESSON, "By the upper end the promise is broken for other voices 5 or more times fewer in 100; for the same voices it is not.",
          trust.promise, lambda e: e.value >= 5, control=lambda seed, **k: trust.promise(seed, others=False, **k)),
    Claim("a promise has its price", LESSON, "Keeping 2% costs more for 1,000 requests than the threshold .5, by the charter's prices; keeping no promise costs nothing more.",
          diagnose_price.price, lambda e: e.value >= 1, control=lambda seed, **k: diagnose_price.price(seed, kept=False, **k)),
    Claim("a test set wears less than feared", LESSON, "The best of 50 tweaks gains .5 points or more on the set that chose it, and less than unrelated tweaks would.",
          diagnose_worn.worn, lambda e: .5 <= e.data["worn"] < e.data["feared"], control=lambda seed, **k: diagnose_worn.worn(seed, tweaks=1, **k)),
]
