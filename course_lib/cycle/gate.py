"""May a candidate replace the champion? Five checks, each with an interval; a check passes by its worse end, never by its middle.

What could not be judged has not passed: too few requests of a watched slice are a reason to refuse, and are named.
"""
from dataclasses import dataclass
from typing import Callable, Sequence

import numpy as np
import pandas as pd

from course_lib.cycle.diagnose import interval, needs

CHECKS = ("overall", "worst slice", "old names", "latency", "calibration")
_NEEDS = ("id", "speaker", "slice", "cents", "confidence", "answered", "right")


@dataclass(frozen=True)
class Limits:
    """How much worse a candidate may be at most; decided before anybody has seen it.

    Attributes
    ----------
    overall : cents for 1,000 requests; the lower end of what it saves must be above. At 0 a candidate without a sure gain
        is no reason to change; a required update (a consent withdrawn, a library at its end) gets a limit below 0, which it may cost
    worst_slice : cents for 1,000 requests that any slice may lose
    old_names : share of the old names that may be lost
    latency_ms : 95th percentile of its answers
    overconfidence : by how much confidence may exceed the share that is right, among answers
    smallest : requests, of two speakers or more, that a slice needs to be judged; where a watched one has fewer, the candidate is refused
    """
    overall: float = 0.0
    worst_slice: float = 100.0
    old_names: float = .03
    latency_ms: float = 150.0
    overconfidence: float = .05
    smallest: int = 100

    def __post_init__(self):
        for name, value in vars(self).items():
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
                raise ValueError(f"the limit {name} is {value!r}; a finite number is expected")


def check(champion: pd.DataFrame, candidate: pd.DataFrame, old: pd.DataFrame, ms, limits: Limits = Limits(),
          rng: Callable[[], np.random.Generator] = lambda: np.random.default_rng(0), watched: Sequence[str] | None = None) -> pd.DataFrame:
    """All checks of a candidate against the champion on the same labelled requests.

    Parameters
    ----------
    champion, candidate : the same requests, with the columns id, speaker, slice, cents (what the answer cost), confidence, answered, right
    old : names of the old catalogue read by test readers: id, speaker, before and after (whether champion and candidate know them)
    ms : milliseconds of single answers of the candidate
    rng : makes the generator that resamples speakers
    watched : slices that must have been judged; None: every slice of the requests

    Returns
    -------
    DataFrame by check: value, low, high (95%, over speakers), limit, passed, why; for the worst slice also its name
    and `unjudged`, the slices that were too small to be judged, watched or not

    Raises
    ------
    ValueError
        The two were not measured on the same requests, a column is missing, or a slice is too small to judge any.
    """
    for table in (champion, candidate):
        needs(table, _NEEDS)
    if set(champion["id"]) != set(candidate["id"]):
        raise ValueError("champion and candidate were measured on different requests; a fair comparison needs the same ones")
    candidate = candidate.set_index("id").loc[champion["id"]].reset_index()
    saved = 1000 * (champion["cents"].to_numpy(float) - candidate["cents"].to_numpy(float))
    rows = {"overall": _row(saved, champion["speaker"], limits.overall, rng(), least=True),
            "worst slice": _worst(saved, champion, limits, rng, watched),
            "old names": old_names(old, limits, rng),
            "latency": _latency(ms, limits.latency_ms)}
    shown = candidate[candidate["answered"].to_numpy(bool)]
    rows["calibration"] = _row(shown["confidence"].to_numpy(float) - shown["right"].to_numpy(float), shown["speaker"], limits.overconfidence, rng())
    found = pd.DataFrame.from_dict(rows, orient="index").rename_axis("check")
    return found.assign(why=[_why(name, row, limits.smallest) for name, row in found.iterrows()])


def old_names(old: pd.DataFrame, limits: Limits = Limits(), rng: Callable[[], np.random.Generator] = lambda: np.random.default_rng(0)) -> dict:
    """The check on old names alone: value, low, high, limit, passed; arguments as in `check`."""
    needs(old, ("id", "speaker", "before", "after"))
    return _row(old["before"].to_numpy(float) - old["after"].to_numpy(float), old["speaker"], limits.old_names, rng())


def passes(checks: pd.DataFrame) -> bool:
    """Whether every check of a table passed; one that was not made does not count as passed."""
    return set(CHECKS) <= set(checks.index) and bool(checks["passed"].all())


def reasons(checks: pd.DataFrame) -> list[str]:
    """Why a candidate is refused, a sentence a check; empty where it passes."""
    return [*checks.loc[~checks["passed"].astype(bool), "why"], *(f"{name}: was not checked" for name in CHECKS if name not in checks.index)]


def _row(values, speakers, limit, rng, least=False):
    if not len(values):
        return dict(value=np.nan, low=np.nan, high=np.nan, limit=limit, passed=False)
    low, high = interval(values, speakers, rng)
    return dict(value=float(np.mean(values)), low=low, high=high, limit=limit, passed=bool(low > limit if least else high <= limit))


def sizes(table: pd.DataFrame, smallest: int = Limits.smallest) -> pd.DataFrame:
    """Requests and speakers of each slice, and whether it can be judged.

    Parameters
    ----------
    table : labelled requests with the columns slice and speaker; a slice that lacks is "unknown"
    smallest : requests that a slice needs; they must also be of two speakers or more
    """
    found = table["speaker"].groupby(_slices(table)).agg(requests="size", speakers="nunique")
    return found.assign(judged=(found["requests"] >= smallest) & (found["speakers"] > 1))


def judgeable(table: pd.DataFrame, smallest: int = Limits.smallest) -> dict[str, pd.DataFrame]:
    """The slices that are large enough to be judged (`sizes`): name -> their rows.

    >>> judgeable(pd.DataFrame(dict(slice=["car", "car", "watch"], speaker=[1, 2, 3])), 2).keys()
    dict_keys(['car'])
    """
    return _parts(table, sizes(table, smallest)["judged"])


def _parts(table, judged):
    """The rows of each slice that can be judged."""
    return {name: part for name, part in table.groupby(_slices(table)) if judged[name]}


def _slices(table):
    return table["slice"].astype(object).where(table["slice"].notna(), "unknown").map(str).rename("slice")


def _worst(saved, champion, limits, rng, watched):
    """The slice whose interval reaches furthest down; none may lose more than the limit, and each watched one must have been judged."""
    table = champion[["slice", "speaker"]].assign(saved=saved)
    size = sizes(table, limits.smallest)
    found = {name: _row(-part["saved"].to_numpy(), part["speaker"].to_numpy(), limits.worst_slice, rng()) for name, part in _parts(table, size["judged"]).items()}
    if not found:
        raise ValueError(f"no slice has {limits.smallest} requests of two speakers; label more before a candidate is judged")
    watched = [watched] if isinstance(watched, str) else watched
    counts = size[["requests", "speakers"]]
    small = counts.reindex(counts.index.union(watched or []), fill_value=0).drop(list(found))
    name = max(found, key=lambda one: np.nan_to_num(found[one]["high"], nan=np.inf))
    kept = found[name]["passed"] and not set(small.index) & set(small.index if watched is None else watched)
    return found[name] | dict(passed=kept, slice=name, unjudged=_named(small))


def _named(small):
    """Slices with their sizes, as words."""
    return ", ".join(f"{name} ({row.requests} requests, {row.speakers} speaker{'' if row.speakers == 1 else 's'})" for name, row in small.iterrows())


def _latency(ms, limit):
    ms = np.asarray(ms, float)
    if not len(ms) or not np.isfinite(ms).all():
        raise ValueError("no finite times arrived; measure single answers of the candidate")
    value = float(np.percentile(ms, 95))
    low, high = np.quantile(np.sort(ms), [max(0, .95 - 2 * np.sqrt(.95 * .05 / len(ms))), min(1, .95 + 2 * np.sqrt(.95 * .05 / len(ms)))])
    return dict(value=value, low=float(low), high=float(high), limit=limit, passed=bool(high <= limit))


_WORDS = {"overall": "saves {low:z.0f} to {high:z.0f} cents in 1,000 requests; more than {limit:.0f} is asked for",
          "worst slice": "{slice} loses up to {high:.0f} cents in 1,000 requests; {limit:.0f} may be lost",
          "old names": "loses up to {high:.1%} of the old names; {limit:.1%} may be lost",
          "latency": "95% of answers within {high:.0f} ms; {limit:.0f} are allowed",
          "calibration": "is up to {high:.2f} more confident than right; {limit:.2f} is allowed"}


def _why(name, row, smallest):
    if np.isnan(row["low"]):
        return f"{name}: too few to judge: answers of two speakers or more are asked for"
    words = [_WORDS[name].format(**row.to_dict())]
    if name == "overall" and not row["passed"] and row["limit"] >= 0:
        words[0] += ": no sure gain is no reason to change"
    if name == "worst slice" and row["unjudged"]:
        told = words if row["passed"] or row["high"] > row["limit"] else []
        words = [*told, f"too few to judge: {row['unjudged']}; {smallest} requests of two speakers or more are asked for"]
    return f"{name}: " + "; ".join(words)
