"""A learning rate that is fast and sometimes diverges: many runs of one small network, by rate."""
from functools import lru_cache

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA

from course_lib.cycle.diagnose import RESAMPLES, redraws
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment, wilson
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool
from course_lib.world.world import World

RATES = (.1, .3, .4, .48, .54)
SAFE, FAST = .1, .54
RUNS, STEPS, HIDDEN, BATCH, MOMENTUM, INPUTS = 16, 150, 64, 32, .5, 64
FAILED = .2                                             # a run below this accuracy has learnt nothing of use
POINT_WORTH = 10                                        # cents that one point of accuracy is worth, for one model


@lru_cache(maxsize=4)
def _material(seed, pool):
    """64 principal components of the training readers' clips, six readers kept apart: Z, targets; Z, codes and speakers of the six."""
    world = World(seed, pool)
    rows = world.recordings("train")
    apart = rows["speaker"].isin(sorted(rows["speaker"].unique())[-6:]).to_numpy()
    X, codes = world.features(rows).astype(float), np.unique(rows["label"].to_numpy(str), return_inverse=True)[1]
    Z = (X - X[~apart].mean(axis=0)) / X[~apart].std(axis=0)
    axes = PCA(INPUTS, svd_solver="full").fit(Z[~apart][::2]).components_
    Z = Z @ axes.T / 4                                  # brought to a spread of about 1
    return Z[~apart], np.eye(codes.max() + 1)[codes[~apart]], Z[apart], codes[apart], rows["speaker"].to_numpy()[apart]


def descend(Z: np.ndarray, targets: np.ndarray, rate: float, rng: np.random.Generator, steps: int = STEPS) -> tuple:
    """Weights of a network with one hidden layer after some steps of stochastic gradient descent on the squared loss.

    Parameters
    ----------
    Z : (n, d) inputs; targets : (n, k), 1 for the right card, else 0
    rate : how far each step goes; rng : draws the first weights and the clips of each step
    """
    if not rate > 0:
        raise ValueError(f"the learning rate is {rate!r}; a number over 0 is expected")
    inner = rng.normal(0, np.sqrt(2 / Z.shape[1]), (Z.shape[1], HIDDEN))
    outer = rng.normal(0, .1 * np.sqrt(1 / HIDDEN), (HIDDEN, targets.shape[1]))
    inner_move = outer_move = 0
    with np.errstate(all="ignore"):                     # a run that diverges overflows: that is the subject
        for some in rng.integers(len(Z), size=(steps, BATCH)):
            given = Z[some]
            hidden = np.maximum(given @ inner, 0)
            miss = (hidden @ outer - targets[some]) / BATCH
            back = (miss @ outer.T) * (hidden > 0)
            outer_move = MOMENTUM * outer_move - rate * (hidden.T @ miss)
            inner_move = MOMENTUM * inner_move - rate * (given.T @ back)
            inner, outer = inner + inner_move, outer + outer_move
    return inner, outer


def hits(weights: tuple, Z: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Clips whose highest score is the right card's, (n,) booleans; none where the weights are not finite."""
    with np.errstate(all="ignore"):
        scores = np.maximum(Z @ weights[0], 0) @ weights[1]
    return (scores.argmax(axis=1) == codes) & np.isfinite(scores).all()


@lru_cache(maxsize=64)
def by_reader(seed: int, rate: float, pool: Pool = Pool()) -> np.ndarray:
    """(16, 6) accuracy of 16 runs that differ in nothing but their draws, on each of six readers who were kept apart."""
    Z, targets, apart, codes, speakers = _material(seed, pool)
    people, sizes = np.unique(speakers, return_inverse=True)[1], np.unique(speakers, return_counts=True)[1]
    right = [hits(descend(Z, targets, rate, keyed(seed, "descent", run)), apart, codes) for run in range(RUNS)]
    return np.stack([np.bincount(people, one) / sizes for one in right])


def runs(seed: int, rate: float, pool: Pool = Pool()) -> tuple[float, ...]:
    """Accuracy of those runs; every reader reads as many clips."""
    return tuple(by_reader(seed, rate, pool).mean(axis=1).tolist())


def _usable(found):
    """Median accuracy (%) of the runs that have not failed; NaN where all have."""
    good = found[found >= FAILED]
    return 100 * float(np.median(good)) if len(good) else np.nan


def _drawn(found, rng, times=RESAMPLES):
    """`_usable` of (16, 6) accuracies, runs and readers drawn anew, many times."""
    lots, people = rng.integers(len(found), size=(times, len(found))), redraws(found.shape[1], rng, times)
    return np.array([_usable(found[lot] @ who / who.sum()) for lot, who in zip(lots, people)])


def by_rate(seed: int, price: float = 0, pool: Pool = Pool()) -> pd.DataFrame:
    """By learning rate: failed runs, accuracy (%) of the others, and what a usable model is worth (cents).

    A failed run is started again, and each costs `price` cents; a point of accuracy is worth ten. NaN where every run failed.
    """
    if price < 0:
        raise ValueError(f"a failed run costs {price!r}; 0 or more cents are expected")
    out = {}
    for rate in RATES:
        found = by_reader(seed, rate, pool)
        failed = int((found.mean(axis=1) < FAILED).sum())
        again, points = (failed / (RUNS - failed) if failed < RUNS else np.nan), _usable(found.mean(axis=1))     # failed runs before one that is usable
        low, high = _span(_drawn(found, keyed(seed, "rates", rate)))
        out[rate] = dict(failed=failed, accuracy=points, low=low, high=high, worth=POINT_WORTH * points - price * again)
    return pd.DataFrame.from_dict(out, orient="index").rename_axis("rate")


def _span(values):
    """95% of some numbers lie between these two; NaN where none is a number."""
    values = values[np.isfinite(values)]
    return tuple(np.quantile(values, [.025, .975]).tolist()) if len(values) else (np.nan, np.nan)


@experiment
def fast_rate(seed: int, rate: float = FAST, pool: Pool = Pool()) -> Evidence:
    """Runs of 16 that fail at a learning rate, with what the others gain over the safe rate; in `data` its 95% interval over runs and readers."""
    tables = by_reader(seed, rate, pool), by_reader(seed, SAFE, pool)
    found, safe = (table.mean(axis=1) for table in tables)
    failed, gain = int((found < FAILED).sum()), _usable(found) - _usable(safe)
    low, high = _span(np.subtract(*(_drawn(table, keyed(seed, "gain")) for table in tables)))     # the same runs' draws and readers for both

    def draw(ax):
        for row, (one, values) in enumerate(((SAFE, safe), (rate, found))):
            spread = row + np.linspace(-.22, .22, RUNS)
            ax.plot(100 * values, spread, linestyle="none", marker=plots.MARKERS[row], color=plots.COLOURS[row], alpha=.8)
        ax.set_yticks([0, 1], [f"rate {SAFE:g}", f"rate {rate:g}"])
        ax.set(ylim=(1.6, -.6), xlim=(-4, 100), xlabel="accuracy of a run on six readers kept apart (%)")
        ax.grid(axis="y", visible=False)
        return plots.title(ax, f"At rate {rate:g}, {failed} of {RUNS} runs fail" + (f"; the others gain {gain:.0f} points ({low:.0f} to {high:.0f})" if low > 0 else ""))
    return Evidence("failed runs", failed, tuple(RUNS * x for x in wilson(failed, RUNS)), RUNS,
                    "One small network and one kind of loss; where the edge lies differs by model and data.", draw,
                    data=dict(gain=gain, gain_low=low, gain_high=high, safe_failed=int((safe < FAILED).sum())))
