"""Who is woken, and when? Signals, thresholds from unchanged weeks, labels, and alert rules as data."""
import numpy as np
import pandas as pd

from course_lib.cycle import alerts, drift_report
from course_lib.learn.check import exercise
from course_lib.learn.experiment import Claim, Evidence
from course_lib.lessons import monitor_detect as detect, monitor_labels as labels
from course_lib.lessons.monitor_history import USUAL, months
from course_lib.world.pool import Pool

LESSON = "08"
DISTANCE, DOMAIN, _ = detect.DETECTORS


def windows(seed: int) -> pd.DataFrame:
    """PSI of daily windows, some before a change and some after: columns psi and usual."""
    usual, late = detect.psi_by_day(seed), detect.psi_by_day(seed, name="noisier use")
    return pd.concat([pd.DataFrame(dict(psi=usual, usual=True)), pd.DataFrame(dict(psi=late, usual=False))])


@exercise("08.1", cases=lambda seed: [(windows(seed), one_in) for one_in in (20, 50)], mistakes={
    "That is the folk threshold. It takes no notice of how large these windows are, and most usual days are over it.": lambda history, one_in: .1,
    "You took the windows with the change in, too. Then the change counts as normal, and the limit is too high to see it.":
        lambda history, one_in: history["psi"].quantile(1 - 1 / one_in),
    "That is the limit that all but one in `one_in` exceed: the wrong end. You want a value that few are above.":
        lambda history, one_in: history.loc[history["usual"], "psi"].quantile(1 / one_in),
    "That is the largest usual window of all: one odd day decides it, and it gets larger the longer you look.":
        lambda history, one_in: history.loc[history["usual"], "psi"].max(),
}, hints=["Keep the rows in which nothing changed: `history[history[\"usual\"]]`.",
          "One window in twenty is to be above: which quantile has 19 in 20 below it? `quantile(1 - 1 / one_in)`."],
    also=[lambda history, one_in: np.quantile(history["psi"][history["usual"]], 1 - 1 / one_in)], close=1e-4,
    why="What is normal for this signal and this size of window, only unchanged windows can say.")
def limit_from(history, one_in):
    """The PSI that one in `one_in` unchanged windows exceeds."""
    usual = history.loc[history["usual"], "psi"]
    return usual.quantile(1 - 1 / one_in)


def weeks(seed: int) -> list[pd.Series]:
    """P-values by slice: three usual weeks, one with renamed figures, one in which ten slices had no request."""
    usual = [detect.slice_tests(seed, week).copy() for week in (6, 9, 12)]
    changed = detect.slice_tests(seed, 21, "renamed figures").copy()
    few = pd.Series(np.r_[np.full(10, np.nan), .0015, .005, .04, np.linspace(.1, 1, 27)], changed.index)
    return [*usual, changed, few]


@exercise("08.2", cases=lambda seed: [(week,) for week in weeks(seed)], mistakes={
    "Each slice at 5%: forty chances a week to be wrong. Most quiet weeks have an alarm then.": lambda p: sorted(p.index[p < .05]),
    "You divided by all slices, also by those without a request. A slice that was not tested (NaN) cannot raise a false alarm.":
        lambda p: sorted(p.index[p < .05 / len(p)]),
    "You divided by the number of slices that look suspicious. It is the number of *tests* that gives chance its chances.":
        lambda p: sorted(p.index[p < .05 / max((p < .05).sum(), 1)]),
}, hints=["If each of m tests is wrong in at most 5/m of 100 weeks, all of them together are wrong in at most 5 of 100. So: .05 / m.",
          "m is the number of tests that were made: `p.notna().sum()`."],
    also=[lambda p: sorted(name for name, value in p.items() if value * p.count() < .05)],
    named=lambda seed: ["usual week 6", "usual week 9", "usual week 12", "a week with renamed figures", "a week in which ten slices had no request"],
    why="Bonferroni's correction keeps the promise for the whole family of tests; Holm's (1979) keeps it too and finds a little more.")
def firing(p):
    """Slices that fire, sorted; at most 5 of 100 quiet weeks see any alarm."""
    limit = .05 / p.notna().sum()
    return sorted(p.index[p < limit])


def label_cases(seed: int) -> list[tuple]:
    """Labels of usual weeks and of weeks with renamed figures, each with the number of requests behind them."""
    return [(labels.labelled(seed, name), len(months(seed, name).rows)) for name in ("usual", "renamed figures")]


@exercise("08.3", cases=label_cases, mistakes={
    "That is the share of complaints. Of the wrong cards without a complaint it knows nothing, and they are nearly all.":
        lambda labelled, requests: 1000 * ((labelled["why"] == "complaint") & labelled["wrong"]).sum() / requests,
    "You took the mean of all labels. Complaints came because something was wrong; in the mean they count as if they had been drawn by chance.":
        lambda labelled, requests: 1000 * labelled["wrong"].mean(),
    "That is the audit alone. It was drawn from the requests without a complaint; those with one are known, and come on top.":
        lambda labelled, requests: 1000 * labelled.loc[labelled["why"] == "audit", "wrong"].mean(),
    "Nearly: you let the audit stand for all requests, and the complaints count twice. It stands for `requests` less the complaints.":
        lambda labelled, requests: 1000 * ((labelled["why"] == "complaint").sum() / requests + labelled.loc[labelled["why"] == "audit", "wrong"].mean()),
    "That is a share of the requests. Wrong cards in 1,000 are asked for: times 1,000.":
        lambda labelled, requests: wrong_per_1000(labelled, requests) / 1000,
}, hints=["Every complaint is in the table; the audit stands for all *other* requests, `requests` less the complaints.",
          "Wrong among the complaints, plus the audit's share of wrong ones times the other requests; then per 1,000."],
    also=[lambda labelled, requests: 1000 * np.average(labelled["wrong"], weights=np.where(labelled["why"] == "complaint", 1,
          (requests - (labelled["why"] == "complaint").sum()) / (labelled["why"] == "audit").sum()))], close=1e-4,
    why="Each label counts for as many requests as it stands for (Horvitz and Thompson, 1952): a complaint for one, an audited request for many.")
def wrong_per_1000(labelled, requests):
    """Wrong cards in 1,000 requests, from complaints and an audit of the rest."""
    told = labelled[labelled["why"] == "complaint"]
    audit = labelled[labelled["why"] == "audit"]
    others = requests - len(told)
    return 1000 * (told["wrong"].sum() + audit["wrong"].mean() * others) / requests


def prices() -> pd.DataFrame:
    """What an alarm costs by action: columns call (cents) and days (until the harm ends)."""
    return pd.DataFrame({name: dict(call=a.call, days=a.days) for name, a in alerts.plan().actions.items()}).T


_DRILL = pd.DataFrame(dict(share_real=[.9, .2, .6, .05, 0.0], harm_per_day=[9000.0, 9000, 800, 1500, 0], size=[4.0, 9, 5, 6, 30]), list("abcde"))


@exercise("08.4", cases=lambda seed: [(_DRILL.copy(), prices()), (labels.rules_table(seed).copy(), prices())], mistakes={
    "You took every alarm as real. Weigh the harm by `share_real`, or an alarm that cries wolf gets a pager.":
        lambda alarms, prices: pd.DataFrame({n: p["call"] + alarms["harm_per_day"] * p["days"] for n, p in prices.iterrows()}).idxmin(axis=1),
    "You return what the cheapest action costs. Its *name* is asked for: `idxmin` in place of `min`.":
        lambda alarms, prices: pd.DataFrame({n: p["call"] + alarms["share_real"] * alarms["harm_per_day"] * p["days"] for n, p in prices.iterrows()}).min(axis=1),
    "You weigh the call, too. Whoever is called costs the same when the alarm is false; only the harm is weighed by `share_real`.":
        lambda alarms, prices: pd.DataFrame({n: alarms["share_real"] * (p["call"] + alarms["harm_per_day"] * p["days"]) for n, p in prices.iterrows()}).idxmin(axis=1),
    "You page for the largest deviation. `size` says how unusual a signal is, not whom it hurts.":
        lambda alarms, prices: pd.Series(np.where(alarms["size"] == alarms["size"].max(), "page", "ticket"), alarms.index),
    "You left out what the call costs. Then the quickest answer always wins, and somebody is woken for everything.":
        lambda alarms, prices: pd.DataFrame({n: 0 * p["call"] + alarms["share_real"] * alarms["harm_per_day"] * p["days"] for n, p in prices.iterrows()}).idxmin(axis=1),
}, hints=["What does one alarm cost if you page? The call, and the harm of .1 days, as often as the alarm is real.",
          "Make a column a kind of action: `call + share_real * harm_per_day * days`; then `idxmin(axis=1)`."],
    also=[lambda alarms, prices: pd.Series([(prices["call"] + row["share_real"] * row["harm_per_day"] * prices["days"]).idxmin() for _, row in alarms.iterrows()], alarms.index)],
    named=lambda seed: ["five made-up alarms", "the alert rules"],
    why="Whom to wake follows from money: what a call costs, how often it is for nothing, what waiting costs users.")
def action(alarms, prices):
    """For each alarm "page", "ticket" or "ignore": the least expected cost."""
    expected = alarms["share_real"] * alarms["harm_per_day"]
    costs = {name: price["call"] + expected * price["days"] for name, price in prices.iterrows()}
    return pd.DataFrame(costs).idxmin(axis=1)


INPUTS = ["seconds", "level_db", "confidence", "distance"]


def column_report(seed: int, name: str) -> pd.DataFrame:
    """Drift report of three weeks under a cause against the reference weeks."""
    usual, late = months(seed).log, months(seed, name).log
    return drift_report.report(usual.loc[usual["day"] < 28, INPUTS], late[INPUTS])


def column_limits(seed: int) -> pd.Series:
    """KS by column that the largest of five unchanged stretches of three weeks reaches, half as much again; columns in alphabetical order."""
    usual = months(seed).log
    reference = usual.loc[usual["day"] < 28, INPUTS]
    found = [drift_report.report(reference, usual.loc[(usual["day"] >= day) & (usual["day"] < day + 21), INPUTS])["ks"] for day in range(28, 119, 21)]
    return (1.5 * pd.concat(found, axis=1).max(axis=1)).sort_index()


def _reports(seed):
    """Cases of 08.5: three changes of the world, and a small report by hand in which two columns are over."""
    small = pd.DataFrame(dict(ks=[.3, .05, .2]), index=["level_db", "seconds", "confidence"])
    limits = pd.Series(dict(confidence=.25, seconds=.01, level_db=.1))
    return [(column_report(seed, n), column_limits(seed)) for n in ("noisier use", "louder microphones", "firmware fault")] + [(small, limits)]


@exercise("08.5", cases=_reports, mistakes={
    "You compared row by row, and the two tables do not stand in one order. Let pandas find each column by its name.":
        lambda report, limits: sorted(report.index[report["ks"].to_numpy() > limits.to_numpy()]),
    "That is the column that moved most. Every column over its own limit is asked for.": lambda report, limits: [report["ks"].idxmax()],
}, hints=["`report[\"ks\"]` and `limits` share their index; `limits.reindex(report.index)` brings them into one order."],
    also=[lambda report, limits: [c for c in sorted(report.index) if report.loc[c, "ks"] > limits[c]]],
    why="Columns arrive in another order sooner or later; names are the contract.")
def columns_over(report, limits):
    """Sorted names of the columns whose KS is over their own limit."""
    return sorted(report.index[report["ks"] > limits.reindex(report.index)])


def _window_gap(seed, other="some new names", pool=Pool()):
    """By how many days the cheapest window for another change is longer than that for renamed figures."""
    gap = detect.best_window(seed, other, pool=pool).value - detect.best_window(seed, "renamed figures", pool=pool).value
    return Evidence("longer window (days)", gap, None, USUAL, "Two changes of one product.")


def _by_audit(seed, pool=Pool()):
    """True wrong cards for each that a random audit of 600 accounts for."""
    return Evidence("wrong cards for each one that the audit finds", 1 / max(labels.audited(seed, pool=pool).value, 1e-9), None, labels.AUDIT, "One audit.")


def _unmoved(seed, pool=Pool()):
    """How much a rename moves the input detectors: days in 100 against the same days without it."""
    gaps = [abs(detect.seen(seed, d, "renamed figures", pool=pool).value - detect.seen(seed, d, "no change", pool=pool).value) for d in (DISTANCE, DOMAIN)]
    return Evidence("days that differ", max(gaps), None, 21, "The features are bit-identical.")


def _named(seed, name="renamed figures", pool=Pool()):
    """Share of the renamed figures whose slice fires in the second changed week, after correction."""
    renamed = set(months(seed, "renamed figures", pool).rows.query("cause == 'renamed_figure'")["said"])
    fires = set(firing(detect.slice_tests(seed, 21, name, pool)))
    return Evidence("renamed figures whose slice fires", len(renamed & fires) / len(renamed), None, len(renamed), "The best-known names have the largest slices.")


CLAIMS = [
    Claim("the folk threshold cries wolf", LESSON, "A PSI limit of .1 is exceeded on half or more of all usual days; a calibrated limit is not.",
          detect.folk, lambda e: e.value >= 50, control=lambda seed, **k: detect.folk(seed, None, **k)),
    Claim("a calibrated limit keeps its promise", LESSON, "A limit for one day in 20 is exceeded on at most 20 of 100 later usual days.",
          lambda seed, **k: detect.folk(seed, None, **k), lambda e: e.value <= 20, equivalence=True),
    Claim("distance sees new readers", LESSON, "KS on the distance fires on 33 or more of 100 days of the new market; on louder microphones it does not.",
          lambda seed, **k: detect.seen(seed, DISTANCE, "new market", **k), lambda e: e.value >= 33,
          control=lambda seed, **k: detect.seen(seed, DISTANCE, "louder microphones", **k)),
    Claim("no detector of inputs sees a rename", LESSON, "Renamed figures change not one day's verdict of the two detectors of inputs.",
          _unmoved, lambda e: e.value == 0, equivalence=True),
    Claim("feedback sees a rename", LESSON, "ADWIN on the re-asks finds renamed figures within five days; louder microphones it never reports.",
          lambda seed, **k: detect.feedback(seed, "renamed figures", **k), lambda e: e.value <= 5,
          control=lambda seed, **k: detect.feedback(seed, "louder microphones", **k)),
    Claim("a season fires the volume rule", LESSON, "In a holiday season the volume rule fires on half of the days or more, the re-asks rule on at most 20 of 100.",
          detect.volume, lambda e: e.value >= 50 and e.data["re_asks"] <= 20, control=lambda seed, **k: detect.volume(seed, "no change", **k)),
    Claim("forty slices, one alarm", LESSON, "With 40 slices at 5% each, 35 or more of 100 usual weeks have an alarm; with correction they do not.",
          detect.slices, lambda e: e.value >= 35, control=lambda seed, **k: detect.slices(seed, True, **k)),
    Claim("slices name the renamed figures", LESSON, "After correction the slices of at least two of three renamed figures fire.",
          _named, lambda e: e.value >= .6, control=lambda seed, **k: _named(seed, "no change", **k)),
    Claim("complaints are a small part", LESSON, "For each complaint there are 15 or more wrong cards; a random audit finds them in proportion.",
          labels.complaints, lambda e: e.value >= 15, control=_by_audit),
    Claim("confidence misses a rename", LESSON, "Estimated from confidence, renamed figures leave 100 or more wrong cards in 1,000 unseen; noisier use does not.",
          lambda seed, **k: labels.unlabelled(seed, "renamed figures", **k), lambda e: e.value >= 100,
          control=lambda seed, **k: labels.unlabelled(seed, "noisier use", **k)),
    Claim("confidence is right in usual weeks", LESSON, "In weeks without a change the estimate from confidence is within 25 wrong cards in 1,000 of the truth.",
          lambda seed, **k: labels.unlabelled(seed, "no change", **k), lambda e: abs(e.value) <= 25, equivalence=True),
    Claim("re-asks call somebody, volume does not", LESSON, "By cost, re-asks page or write a ticket, and volume is ignored; were no cause harmful, nobody would be called.",
          labels.actions, lambda e: e.data["users ask again"] != "ignore" and e.data["volume"] == "ignore",
          control=lambda seed, **k: labels.actions(seed, True, **k)),
    Claim("an outage is told, a quiet day is not", LESSON, "Rules with a given limit speak on each of three days on which the service fails, is slow or out of reach, and on no quiet day.",
          labels.outages, lambda e: e.value == 3 and e.data["other"] == 0, control=lambda seed, **k: labels.outages(seed, False, **k)),
    Claim("a small change needs a longer window", LESSON, "The cheapest window for a few new names is two days longer than for renamed figures, or more.",
          _window_gap, lambda e: e.value >= 2, control=lambda seed, **k: _window_gap(seed, "renamed figures", **k)),
]
