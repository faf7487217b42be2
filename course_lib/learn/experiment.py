"""The one noun of the course: an experiment gives evidence, and a claim is an experiment with a predicate."""
import functools
import inspect
from dataclasses import dataclass, field
from typing import Callable, Iterable, Mapping

import numpy as np
import pandas as pd
from scipy import stats

from course_lib.kept import kept
from course_lib.learn import ledger, lesson, plots

_FEW = 1000                                             # values whose resamples are drawn at once: 8 MB


@dataclass(frozen=True)
class Evidence:
    """What an experiment found.

    Attributes
    ----------
    metric, value : what was measured, and the number
    interval : 95% interval (low, high) in the value's unit, or None
    n : how many cases it rests on
    limit : one sentence: what this does not prove
    draw : takes an axes, draws the finding and returns it; None where there is no figure
    key : the guess that belongs to it, drawn beside the truth
    data : further numbers; `guess` names the guessed field and `axis` ("x" or "y") where it is drawn
    """
    metric: str
    value: float
    interval: tuple[float, float] | None
    n: int
    limit: str
    draw: Callable | None = None
    key: str | None = None
    data: Mapping = field(default_factory=dict)

    @property
    def figure(self) -> plots.Picture:
        """The finding as a picture with alt text, the learner's guess drawn beside the truth."""
        if self.draw is None:
            raise ValueError(f"the experiment on {self.metric!r} has no figure; its numbers are in .value and .data")
        ax = self.draw(plots.axes())
        words = [ax.get_title(loc="left").replace("\n", " ") + ".", self.sentence]
        guesses = lesson.guessed(self.key) if self.key and self.data.get("axis") else {}
        plots.guess_marks(ax, guesses, self.data.get("axis"))
        words += [f"Your guess for {name} was {value:g}." for name, value in guesses.items()]
        return plots.as_image(ax.figure, " ".join(words), caption=self.sentence)

    @property
    def sentence(self) -> str:
        """Metric, value, interval, size and limit in words."""
        interval = "" if self.interval is None else f" (95% interval {plots.short(self.interval[0])} to {plots.short(self.interval[1])})"
        return f"{self.metric}: {plots.short(self.value)}{interval}, n = {self.n:,}. {self.limit}"

    def __repr__(self):
        return self.sentence


@dataclass(frozen=True)
class Claim:
    """A sentence of a lesson that holds over seeds, and fails where its cause is off.

    Attributes
    ----------
    experiment : seed, pool=... -> Evidence
    predicate : Evidence -> bool, with the effect's size and margin in it
    control : the experiment with its cause off, on which the predicate must fail; None only
        with `equivalence=True`, for claims that something stays the same
    at_least : share of seeds on which it must hold
    """
    name: str
    lesson: str
    sentence: str
    experiment: Callable
    predicate: Callable
    control: Callable | None = None
    at_least: float = .95
    equivalence: bool = False

    def __post_init__(self):
        if (self.control is None) != self.equivalence:
            raise ValueError(f"claim {self.name!r} needs a control in which its cause is off, or equivalence=True")


def hold(claim: Claim, seeds: Iterable[int], **options) -> pd.DataFrame:
    """A claim over seeds: value and verdict of each, and of its control."""
    rows = []
    for seed in seeds:
        evidence = claim.experiment(seed, **options)
        row = dict(seed=seed, value=evidence.value, held=bool(claim.predicate(evidence)))
        if claim.control is not None:
            other = claim.control(seed, **options)
            row |= dict(control_value=other.value, control_held=bool(claim.predicate(other)))
        rows.append(row)
    return pd.DataFrame(rows)


def experiment(function: Callable) -> Callable:
    """Mark a function `seed, ... -> Evidence` as an experiment: inside a lesson, what it found is kept in the ledger.

    Results are kept for the session, so that a figure after a number costs nothing; however a setting
    is passed, by place, by name or left to its default, it is the same setting.
    """
    cached = kept(maxsize=64)(function)
    signature = inspect.signature(function)

    @functools.wraps(function)
    def run(*args, **kwargs):
        evidence = cached(*args, **kwargs)
        if lesson.current() is not None:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            settings = {k: v for k, v in bound.arguments.items() if isinstance(v, (int, float, str, bool, type(None)))}
            ledger.record("experiment", function.__name__, dict(metric=evidence.metric, value=evidence.value, n=evidence.n, settings=settings),
                          lesson=lesson.current().number, seed=settings.get("seed"))
        return evidence
    return run


def wilson(successes: int, n: int, level: float = .95) -> tuple[float, float]:
    """Interval of a share (Wilson, 1927): sensible at 0 and at n, unlike Wald's.

    >>> low, high = wilson(0, 30)
    >>> round(low, 3), round(high, 3)
    (0.0, 0.114)
    """
    if not 0 <= successes <= n or n == 0:
        raise ValueError(f"{successes} of {n} arrived; a count from 0 to n, with n over 0, is expected")
    z = stats.norm.ppf(.5 + level / 2)
    share, shrink = successes / n, 1 + z * z / n
    middle = (share + z * z / (2 * n)) / shrink
    half = z / shrink * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def bootstrap(values, groups=None, statistic: Callable = np.mean, rng: np.random.Generator | None = None,
              n: int = 1000, level: float = .95) -> tuple[float, float]:
    """Percentile interval of a statistic (Efron, 1979), resampling whole groups where they are given.

    Parameters
    ----------
    values : (n,) numbers
    groups : (n,) what belongs together, such as the speaker of each clip; None resamples single values
    statistic : array -> number
    rng : draws the resamples; required, so that a result can be repeated
    n : resamples
    """
    values = np.asarray(values, float)
    if rng is None:
        raise ValueError("bootstrap needs rng, a numpy Generator, so that its result can be repeated")
    if len(values) < 2:
        raise ValueError(f"{len(values)} value arrived; an interval needs two or more")
    if groups is None and statistic is np.mean and len(values) <= _FEW:
        draws = values[rng.integers(len(values), size=(n, len(values)))].mean(axis=1)       # the same draws, at once
    elif groups is None:
        draws = [statistic(values[rng.integers(len(values), size=len(values))]) for _ in range(n)]
    else:
        parts = [values[places] for places in pd.Series(values).groupby(np.asarray(groups)).indices.values()]
        if len(parts) < 2:
            raise ValueError("one group arrived; resampling groups needs two or more")
        draws = [statistic(np.concatenate([parts[i] for i in rng.integers(len(parts), size=len(parts))])) for _ in range(n)]
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
