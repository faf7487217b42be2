"""Replicas under bursts: requests that queue for one, two or more copies of the service."""
import heapq
from functools import lru_cache

import numpy as np
import pandas as pd

from course_lib.cycle import scope
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment
from course_lib.world.draws import keyed

MEAN_MS, SPREAD, BURST_S, EVERY_S = 10.0, .5, 2.0, 60.0      # work for one request; a burst of two seconds each minute
LEVELS = (60, 80, 95)


def promise() -> float:
    """Milliseconds within which the charter promises 95 of 100 answers."""
    return float(scope.charter().objectives["fast answers"].limit)


def arrivals(rng: np.random.Generator, per_second: float, burst: float, minutes: int) -> np.ndarray:
    """Times (s) of requests over some minutes: by chance, `burst` times as many in two seconds of each, the mean kept."""
    n = round(per_second * EVERY_S * minutes)
    share = burst * BURST_S / (burst * BURST_S + EVERY_S - BURST_S)
    minute = rng.integers(minutes, size=n) * EVERY_S
    inside = rng.random(n) < share
    return np.sort(minute + np.where(inside, rng.uniform(0, BURST_S, n), rng.uniform(BURST_S, EVERY_S, n)))


def serve(arrive: np.ndarray, work: np.ndarray, replicas: int = 1) -> np.ndarray:
    """Seconds from arrival to answer, first come first served, by whichever replica is free first.

    >>> serve(np.array([0., 0., 0.]), np.array([1., 1., 1.]), 2).tolist()
    [1.0, 1.0, 2.0]
    """
    free, ends = [0.0] * replicas, np.empty(len(arrive))
    for i, (at, takes) in enumerate(zip(arrive.tolist(), work.tolist())):
        ends[i] = max(at, free[0]) + takes
        heapq.heapreplace(free, ends[i])
    return ends - arrive


@lru_cache(maxsize=256)
def latencies(seed: int, per_second: float, replicas: int = 1, burst: float = 1.0, even: bool = False,
              minutes: int = 5) -> np.ndarray:
    """Milliseconds of simulated requests; `even`: they come evenly and each takes as long as the others."""
    rng = keyed(seed, "queue")
    if even:
        n = round(per_second * EVERY_S * minutes)
        return 1000 * serve(np.arange(n) / per_second, np.full(n, MEAN_MS / 1000), replicas)
    arrive = arrivals(rng, per_second, burst, minutes)
    work = MEAN_MS / 1000 * rng.lognormal(-SPREAD**2 / 2, SPREAD, len(arrive))
    return 1000 * serve(arrive, work, replicas)


def _p95(seed, utilisation, replicas=1, burst=1.0, even=False):
    """p95 at a utilisation (percent) of one replica; further ones only help."""
    return float(np.percentile(latencies(seed, utilisation / 100 * 1000 / MEAN_MS, replicas, burst, even), 95))


@experiment
def busier(seed: int, even: bool = False, pool=None) -> Evidence:
    """How many times as long the p95 is at 95% utilisation as at 60%."""
    found = {level: _p95(seed, level, even=even) for level in LEVELS}

    def draw(ax):
        return plots.bars(ax, [f"{level}% busy" for level in LEVELS], list(found.values()), unit="p95 (ms), one replica",
                          finding=f"From 60% to 95% busy the p95 grows {found[95] / found[60]:.0f} times")
    return Evidence("p95 at 95% against 60%", found[95] / found[60], None, 28_500, "Simulated: requests come by chance, one after the other is served.",
                    draw, key="07.3", data=dict({str(k): v for k, v in found.items()}, axis="x", p95=found[95]))


@experiment
def second(seed: int, utilisation: float = 80, burst: float = 3.0, replicas: int = 2, pool=None) -> Evidence:
    """p95 with so many replicas, where bursts come that one cannot follow."""
    return Evidence("p95 (ms)", _p95(seed, utilisation, replicas, burst), None, 28_500, "Simulated; a replica here is a processor of its own.")


def replicas_figure(seed: int, per_second: int, replicas: int, burst: int):
    """Waits over one minute with a burst at its start, and the p95 against the promise in words."""
    at = latencies(seed, float(per_second), replicas, float(burst), minutes=3)
    rng = keyed(seed, "queue")
    second_of = np.floor(arrivals(rng, float(per_second), float(burst), 3) % EVERY_S)
    slow = pd.Series(at).groupby(second_of).quantile(.95).reindex(np.arange(EVERY_S)).to_numpy()
    p95, limit = float(np.percentile(at, 95)), promise()
    held = "is held" if p95 <= limit else "is broken"
    ax = plots.timeline(plots.axes(), np.arange(EVERY_S), {"p95 of that second": slow, "promise": np.full(int(EVERY_S), limit)},
                        time="second of the minute; a burst comes in the first two", unit="ms",
                        finding=f"The promise of {limit:.0f} ms {held}: p95 is {plots.short(p95)} ms")
    busy = per_second * MEAN_MS / 1000 / replicas
    return ax.figure, f"{replicas} replica{'s' if replicas > 1 else ''}, {100 * busy:.0f}% busy on average: p95 {plots.short(p95)} ms; the promise {held}"
