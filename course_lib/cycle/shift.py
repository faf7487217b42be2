"""Something changed: what, since when, how bad? Steps in daily signals, pointed listening, a cause with its reasons."""
from dataclasses import dataclass

import numpy as np
import pandas as pd

from course_lib.cycle import scope
from course_lib.cycle.diagnose import needs

CAUSES = {"new_names": "new names", "new_market": "a new market", "noisier": "noisier use", "louder_microphones": "louder microphones",
          "popularity_reversed": "popularity reversed", "renamed_figure": "a renamed figure", "firmware_fault": "a firmware fault",
          "first_name_only": "first names only", "season": "a season"}
NOTHING = "nothing"
INPUTS = ("requests", "level_db", "seconds", "distance", "names")      # what arrives
OUTPUTS = ("confidence", "sorry", "re_asks")                            # what the product and its users do with it
WATCHED = INPUTS + OUTPUTS
ALL = "all"
LIMIT = 4.5                                             # steps of unchanged stretches stay below; the claims of lesson 09 try it
BUDGET = 20                                             # listens for one incident
WORDS = ("whole name in the catalogue", "whole name, not in the catalogue", "first name only", "broken off")
SOUNDS = ("clean", "loud crowd", "gated", "foreign reading voice")
COLUMNS = ("request_id", "day", "device", "best", "confidence", "decision", "re_ask", "seconds", "level_db", "distance", "failure")


def daily(log: pd.DataFrame, usual: pd.DataFrame) -> pd.DataFrame:
    """The watched signals by day, failed requests left out of all but the volume.

    Parameters
    ----------
    log : requests, such as monitor.simulated_log gives
    usual : the log of weeks in which nothing changed; says how many requests a weekday brings and which cards come first

    Returns
    -------
    DataFrame by day with the columns of `WATCHED`. `requests` is relative to the same weekday; `re_asks` in 1,000; `names` is the
    total variation distance between the day's shares of first cards and the usual ones: 0 is the same, 1 is no card in common.

    Raises
    ------
    ValueError
        A log is empty or lacks a column.
    """
    return _daily(log, _baseline(usual))


def _baseline(usual):
    """How many requests a weekday brings, and the shares of first cards."""
    needs(usual, COLUMNS)
    busy = usual.groupby("day").size()
    return busy.groupby(busy.index % 7).mean(), usual["best"].value_counts(normalize=True)


def _daily(log, baseline):
    weekday, shares = baseline
    out = _means(log)
    volume = log.groupby("day").size()
    out = out.reindex(volume.index)
    out["requests"] = volume / weekday.reindex(out.index % 7).to_numpy()
    counts = log.groupby(["day", "best"]).size().unstack(fill_value=0)
    cards = counts.columns.union(shares.index)
    counts, shares = counts.reindex(columns=cards, fill_value=0), shares.reindex(cards, fill_value=0)
    out["names"] = counts.div(counts.sum(axis=1), axis=0).sub(shares).abs().sum(axis=1) / 2
    return out[list(WATCHED)]


def _means(log):
    """The signals that are means over a day's requests, failed ones left out."""
    needs(log, COLUMNS)
    fine = log[log["failure"].fillna("").astype(str) == ""]
    by = fine.assign(sorry=fine["decision"] == scope.SORRY).groupby("day")
    out = by[["level_db", "seconds", "distance", "confidence", "sorry", "re_ask"]].mean().rename(columns={"re_ask": "re_asks"})
    return out.assign(re_asks=1000 * out["re_asks"])


def steps(series: pd.Series, spread: float, least: int = 3) -> pd.Series:
    """For each day on which a step could have begun: mean from that day on less mean before, in standard errors.

    Parameters
    ----------
    series : daily values; spread : standard deviation of usual days; least : days on each side

    >>> steps(pd.Series([0., 0, 0, 1, 1, 1]), 1.0).round(2).to_dict()
    {3: 1.22}
    """
    values, n = series.to_numpy(float), len(series)
    if n < 2 * least:
        raise ValueError(f"{n} days arrived; {2 * least} or more are needed to tell a step from two odd days")
    if not np.isfinite(values).all():
        raise ValueError("the series holds NaN; drop the days without requests first")
    after = np.arange(n - least, least - 1, -1)                      # days from the step on, earliest step first
    total = np.cumsum(values)
    before = n - after
    gap = (total[-1] - total[before - 1]) / after - total[before - 1] / before
    return pd.Series(gap * np.sqrt(before * after / n) / spread, series.index[before])


def first_day(series: pd.Series) -> int:
    """The day on which the largest step of a series begins: the largest difference of means, weighed by the days on both sides.

    >>> first_day(pd.Series([5, 6, 5, 6, 9, 8, 9, 8], index=range(40, 48)))
    44
    """
    return int(steps(series.dropna(), 1.0).abs().idxmax())


@dataclass(frozen=True)
class Normal:
    """What is usual in weeks without a change: requests, weekdays and shares of cards, and the daily signals of each slice; made by `normal`."""
    requests: int
    baseline: tuple
    signals: dict


def normal(usual: pd.DataFrame) -> Normal:
    """What is usual, from the log of weeks in which nothing changed."""
    baseline = _baseline(usual)
    return Normal(len(usual), baseline, _watched(usual, baseline))


def _watched(log, baseline):
    """The signals that are watched: all of them in all requests, the means that tell of a slice in each device's."""
    return {ALL: _daily(log, baseline)} | {device: _means(part)[["distance", *OUTPUTS]] for device, part in log.groupby("device")}


def evidence(log: pd.DataFrame, usual: Normal) -> pd.DataFrame:
    """What changed in which slice, and since when.

    Parameters
    ----------
    log : the log of the stretch in doubt; its first days should be usual
    usual : `normal` of weeks in which nothing changed

    Returns
    -------
    DataFrame, a row for each slice (all, then each device) and signal: slice, signal, usual, now (means before and from the step on),
    size (of the largest step, in standard errors of usual days), day (on which it begins), fires; the largest first
    """
    rows = []
    for name, now in _watched(log, usual.baseline).items():
        for signal in now if name in usual.signals else ():
            then = usual.signals[name][signal]
            found = steps(now[signal].dropna(), _spread(signal, then, usual.requests))
            day = int(found.abs().idxmax())
            rows.append((name, signal, then.mean(), now.loc[day:, signal].mean(), float(found[day]), day))
    out = pd.DataFrame(rows, columns=["slice", "signal", "usual", "now", "size", "day"])
    out["fires"] = out["size"].abs() > LIMIT
    return out.sort_values("size", key=np.abs, ascending=False, ignore_index=True)


def _spread(signal, values, requests):
    """Standard deviation of usual days; for the number of requests at least that of chance arrivals (Poisson)."""
    least = np.sqrt(len(values) / requests) if signal == "requests" else 1e-9
    return max(float(values.std()), least)


def since(found: pd.DataFrame) -> int | None:
    """The day on which the largest step that fires begins; None where nothing fires."""
    over = found[found["fires"]]
    return None if over.empty else int(over.iloc[0]["day"])


def odd_slice(found: pd.DataFrame) -> str:
    """The device whose step in the distance is larger than that of all requests together, or "all"."""
    over = found[found["fires"] & (found["signal"] == "distance")]
    return ALL if over.empty else str(over.iloc[0]["slice"])


def suspects(log: pd.DataFrame, found: pd.DataFrame, n: int = BUDGET) -> list[str]:
    """Requests worth a listen: asked again, since the first day, in the odd slice; as many after a card as after a "sorry?".

    Parameters
    ----------
    log : the stretch in doubt; found : its `evidence`
    """
    day, where = since(found), odd_slice(found)
    late = log[(log["day"] >= (log["day"].min() if day is None else day)) & log["re_ask"]]
    late = late if where == ALL else late[late["device"] == where]
    refused = late["decision"] == scope.SORRY
    shown, asked = late[~refused]["request_id"], late[refused]["request_id"]
    share = min(len(shown), max(n // 2, n - len(asked)))
    return list(_spread_out(shown, share)) + list(_spread_out(asked, min(len(asked), n - share)))


def _spread_out(ids, n):
    """n of some ids, evenly over their order."""
    return ids.iloc[np.linspace(0, len(ids) - 1, n).astype(int)] if n else ids.iloc[:0]


@dataclass(frozen=True)
class Diagnosis:
    """A cause of `CAUSES` or "nothing", the day from which on, and the reasons in words."""
    cause: str
    day: int | None
    reasons: tuple[str, ...]


MOST_NAMES = 35                                         # a step of the names that no season reaches


def diagnose(found: pd.DataFrame, heard: pd.DataFrame) -> Diagnosis:
    """Name the cause from steps and listens: what was heard twice decides, then the inputs that moved, then what users asked again.

    Parameters
    ----------
    found : `evidence` of a stretch
    heard : what a person heard, a row a listen: words, sound, named (the card of the spoken name, or ""), card_now (what it
        should be), decision (what was answered); may be empty

    >>> nothing = pd.DataFrame(columns=["slice", "signal", "usual", "now", "size", "day", "fires"])
    >>> diagnose(nothing, pd.DataFrame(columns=["words", "sound", "named", "card_now", "decision"])).cause
    'nothing'
    """
    needs(found, ("slice", "signal", "size", "day", "fires"), "the evidence", empty=True)
    needs(heard, ("words", "sound", "named", "card_now", "decision"), "what was heard", empty=True)
    day = since(found)
    if day is None:
        return Diagnosis(NOTHING, None, ("no signal took a step that unchanged weeks do not take",))
    for cause, holds, reason in _rules(found, heard):
        if holds:
            return Diagnosis(cause, day, (reason, _largest(found)))
    return Diagnosis(NOTHING, None, ("a signal moved, and nothing that was heard explains it", _largest(found)))


def _rules(found, heard):
    """(cause, whether its mark is there, the mark in words), the surest first."""
    step = found[found["slice"] == ALL].set_index("signal")["size"].to_dict()
    fires = {name: abs(step.get(name, 0)) > LIMIT for name in WATCHED}
    sound = heard["sound"].value_counts()
    moved = int(((heard["named"] != "") & (heard["card_now"] != heard["named"])).sum())
    first = int((heard["words"] == WORDS[2]).sum())
    strange = int(((heard["words"] == WORDS[1]) & (heard["card_now"] != "")).sum())
    yield "renamed_figure", moved >= 2, f"in {moved} clips that were heard, people said a known name and wanted another card"
    for cause, place, words in (("firmware_fault", 2, "clips broken by a gate"), ("new_market", 3, "foreign reading voices"), ("noisier", 1, "clips in a loud crowd")):
        count = int(sound.get(SOUNDS[place], 0))
        yield cause, count >= 2, f"{count} {words} were heard"
    yield "season", fires["requests"], "there are more requests, and other favourites"
    yield "popularity_reversed", abs(step.get("names", 0)) > MOST_NAMES, "other cards come first, and what was heard is as usual"
    yield "louder_microphones", fires["level_db"], "the level moved, and what was heard is as usual"
    yield "first_name_only", step.get("seconds", 0) < -LIMIT and first >= 2, f"clips are shorter, and {first} of them were first names"
    yield "new_names", strange >= 2, f"{strange} whole names were said that no card has, and people want one"


def _largest(found):
    top = found.iloc[0]
    return f"the largest step: {top['signal']} ({top['slice']}), {top['size']:+.1f} standard errors from day {top['day']} on"
