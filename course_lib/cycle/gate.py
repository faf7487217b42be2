"""May a candidate replace the champion? Five checks, each with an interval; a check passes by its worse end, never by its middle."""
from dataclasses import dataclass
from typing import Callable

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
    overall : cents for 1,000 requests that it must save at least; the lower end of the interval counts
    worst_slice : cents for 1,000 requests that any slice may lose
    old_names : share of the old names that may be lost
    latency_ms : 95th percentile of its answers
    overconfidence : by how much confidence may exceed the share that is right, among answers
    smallest : requests, of two speakers or more, that a slice needs to be judged
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
          rng: Callable[[], np.random.Generator] = lambda: np.random.default_rng(0)) -> pd.DataFrame:
    """All checks of a candidate against the champion on the same labelled requests.

    Parameters
    ----------
    champion, candidate : the same requests, with the columns id, speaker, slice, cents (what the answer cost), confidence, answered, right
    old : names of the old catalogue read by test readers: id, speaker, before and after (whether champion and candidate know them)
    ms : milliseconds of single answers of the candidate
    rng : makes the generator that resamples speakers

    Returns
    -------
    DataFrame by check: value, low, high (95%, over speakers), limit, passed, why

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
            "worst slice": _worst(saved, champion, limits, rng),
            "old names": old_names(old, limits, rng),
            "latency": _latency(ms, limits.latency_ms)}
    shown = candidate[candidate["answered"].to_numpy(bool)]
    rows["calibration"] = _row(shown["confidence"].to_numpy(float) - shown["right"].to_numpy(float), shown["speaker"], limits.overconfidence, rng())
    found = pd.DataFrame.from_dict(rows, orient="index").rename_axis("check")
    return found.assign(why=[_why(name, row) for name, row in found.iterrows()])


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
    return dict(value=float(np.mean(values)), low=low, high=high, limit=limit, passed=bool(low >= limit if least else high <= limit))


def judgeable(table: pd.DataFrame, smallest: int = Limits.smallest) -> dict[str, pd.DataFrame]:
    """The slices that are large enough to be judged: name -> their rows.

    Parameters
    ----------
    table : labelled requests with the columns slice and speaker
    smallest : requests that a slice needs; they must also be of two speakers or more

    >>> judgeable(pd.DataFrame(dict(slice=["car", "car", "watch"], speaker=[1, 2, 3])), 2).keys()
    dict_keys(['car'])
    """
    return {str(name): part for name, part in table.groupby("slice") if len(part) >= smallest and part["speaker"].nunique() > 1}


def _worst(saved, champion, limits, rng):
    """The slice whose interval reaches furthest down; none of them may lose more than the limit."""
    parts = judgeable(champion[["slice", "speaker"]].assign(saved=saved), limits.smallest)
    found = {name: _row(-part["saved"].to_numpy(), part["speaker"].to_numpy(), limits.worst_slice, rng()) for name, part in parts.items()}
    if not found:
        raise ValueError(f"no slice has {limits.smallest} requests of two speakers; label more before a candidate is judged")
    name = max(found, key=lambda one: np.nan_to_num(found[one]["high"], nan=np.inf))
    return found[name] | dict(slice=name)


def _latency(ms, limit):
    ms = np.asarray(ms, float)
    if not len(ms) or not np.isfinite(ms).all():
        raise ValueError("no finite times arrived; measure single answers of the candidate")
    value = float(np.percentile(ms, 95))
    low, high = np.quantile(np.sort(ms), [max(0, .95 - 2 * np.sqrt(.95 * .05 / len(ms))), min(1, .95 + 2 * np.sqrt(.95 * .05 / len(ms)))])
    return dict(value=value, low=float(low), high=float(high), limit=limit, passed=bool(high <= limit))


_WORDS = {"overall": "saves {low:.0f} to {high:.0f} cents in 1,000 requests; {limit:.0f} or more is asked for",
          "worst slice": "{slice} loses up to {high:.0f} cents in 1,000 requests; {limit:.0f} may be lost",
          "old names": "loses up to {high:.1%} of the old names; {limit:.1%} may be lost",
          "latency": "95% of answers within {high:.0f} ms; {limit:.0f} are allowed",
          "calibration": "is up to {high:.2f} more confident than right; {limit:.2f} is allowed"}


def _why(name, row):
    return f"{name}: " + _WORDS[name].format(**row.to_dict())
