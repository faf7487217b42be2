"""Is this window different from usual? Statistics, thresholds from unchanged windows, many tests.

A statistic says how different; only windows in which nothing changed say how different is normal.
"""
from typing import Iterable, Sequence

import numpy as np
from scipy.stats import rankdata

LEAST = 2                                               # rows below which nothing can be said about a distribution


def numbers(values, what):
    """Finite numbers of a window; ValueError in words where too few are left."""
    values = np.asarray(values, float).ravel()
    kept = values[np.isfinite(values)]
    if len(kept) < LEAST:
        raise ValueError(f"the {what} has {len(values)} rows, {len(kept)} of them numbers; {LEAST} or more are needed, "
                         "and some hundreds before a difference means anything")
    return kept


def psi(reference, window, bins: int = 10) -> float:
    """Population stability index over the reference's quantile bins: sum of (p - q) log(p / q), empty bins as half a row.

    Without any change it is about (bins - 1) (1/n + 1/m) for n and m rows (Yurdakul, 2018), so no one threshold fits all sizes.

    >>> psi([1, 2, 3, 4], [4, 3, 2, 1], bins=2)
    0.0
    """
    reference, window = numbers(reference, "reference"), numbers(window, "window")
    return psi_of_counts(*_binned(reference, window, bins))


def _binned(reference, window, bins):
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, bins + 1)[1:-1]))
    return tuple(np.bincount(np.searchsorted(edges, values, "left"), minlength=len(edges) + 1) for values in (reference, window))


def psi_of_counts(before, now):
    p, q = np.maximum(before, .5) / before.sum(), np.maximum(now, .5) / now.sum()
    return float(((p - q) * np.log(p / q)).sum())


def ks(reference, window) -> float:
    """Kolmogorov-Smirnov distance: the largest gap between two cumulative distributions, 0 to 1.

    >>> ks([1, 2, 3, 4], [3, 4, 5, 6])
    0.5
    """
    reference, window = np.sort(numbers(reference, "reference")), np.sort(numbers(window, "window"))
    both = np.concatenate([reference, window])
    gap = np.searchsorted(reference, both, "right") / len(reference) - np.searchsorted(window, both, "right") / len(window)
    return float(np.abs(gap).max())


class Known:
    """Training clips, and how far a new clip is from the nearest of them.

    Parameters
    ----------
    vectors : (n, d) features of the training clips; distance is Euclidean after scaling by their mean and spread
    """

    def __init__(self, vectors: np.ndarray):
        vectors = np.asarray(vectors, np.float32)
        if vectors.ndim != 2 or len(vectors) < LEAST or not np.isfinite(vectors).all():
            raise ValueError(f"training features of shape {vectors.shape} arrived; two or more rows of finite numbers are needed")
        self.mean, spread = vectors.mean(axis=0), vectors.std(axis=0)
        self.scale = np.where(spread > 0, spread, 1)
        self.vectors = (vectors - self.mean) / self.scale
        self.squares, self._axes = np.square(self.vectors).sum(axis=1), None

    def distance(self, vectors: np.ndarray, rows: int = 2000) -> np.ndarray:
        """Distance of each vector to its nearest training clip, (n,); NaN where a vector holds one. `rows` bounds the memory."""
        vectors = np.asarray(vectors, np.float32)
        if vectors.ndim != 2 or vectors.shape[1] != len(self.mean):
            raise ValueError(f"features of shape {vectors.shape} arrived; (n, {len(self.mean)}) is expected, in the training's order")
        parts = [self._nearest((vectors[i:i + rows] - self.mean) / self.scale) for i in range(0, len(vectors), rows)]
        return np.concatenate(parts) if parts else np.empty(0)

    def directions(self, vectors: np.ndarray, number: int = 16) -> np.ndarray:
        """Vectors along the training clips' directions of largest spread (principal components), (n, number)."""
        if self._axes is None:
            self._axes = np.linalg.eigh(self.vectors.T @ self.vectors)[1][:, ::-1]
        return ((np.asarray(vectors, np.float32) - self.mean) / self.scale) @ self._axes[:, :number]

    def _nearest(self, scaled):
        squares = np.square(scaled).sum(axis=1) + (self.squares - 2 * scaled @ self.vectors.T).min(axis=1)
        return np.sqrt(np.maximum(squares, 0)).astype(float)


def domain_auc(reference: np.ndarray, window: np.ndarray, groups: Sequence | None = None, folds: int = 4, ridge: float = .1) -> float:
    """How well a linear classifier tells a window from the reference: area under the ROC curve on held-out rows, .5 if not at all.

    The classifier is Fisher's discriminant (1936): least squares with a little shrinkage.

    Parameters
    ----------
    reference, window : (n, d) and (m, d) features
    groups : (n + m,) what must not stand on both sides of a split, such as the take of each row; a row each by default
    ridge : shrinkage, as percent of the training rows
    """
    both = np.concatenate([np.asarray(reference, float), np.asarray(window, float)])
    if min(len(reference), len(window)) < folds:
        raise ValueError(f"{len(reference)} reference and {len(window)} window rows arrived; {folds} or more of each are needed")
    if not np.isfinite(both).all():
        raise ValueError("features hold NaN; drop those rows first, and monitor how many there are")
    late = np.repeat([0.0, 1.0], [len(reference), len(window)])
    spread = both.std(axis=0)
    both = (both - both.mean(axis=0)) / np.where(spread > 0, spread, 1)
    part = np.unique(np.arange(len(both)) if groups is None else groups, return_inverse=True)[1] % folds
    scores = np.empty(len(both))
    for fold in range(folds):
        held = part == fold
        X, y = both[~held], late[~held]
        mean = X.mean(axis=0)
        gram = (X - mean).T @ (X - mean) + ridge * len(X) / 100 * np.eye(X.shape[1])
        scores[held] = (both[held] - mean) @ np.linalg.solve(gram, (X - mean).T @ (y - y.mean()))
    ranks = rankdata(scores)
    m = len(window)
    return float((ranks[late == 1].sum() - m * (m + 1) / 2) / (m * len(reference)))


def adwin(values: Iterable[float], delta: float = .002, clock: int = 32) -> list[int]:
    """Places at which the mean of a stream is found to have risen or fallen (ADWIN; Bifet and Gavaldà, 2007).

    Parameters
    ----------
    values : a stream such as 0 and 1 for "asked again"
    delta : chance of a false alarm at each comparison, an upper bound; clock : it looks every so many values
    """
    from river.drift import ADWIN
    detector, found = ADWIN(delta=delta, clock=clock), []
    for place, value in enumerate(values):
        detector.update(float(value))
        if detector.drift_detected:
            found.append(place)
    return found


def threshold(unchanged, level: float, ahead: bool = False) -> float:
    """The value that a share `level` of unchanged windows exceeds.

    Parameters
    ----------
    ahead : whether windows still to come are meant. A limit cut from the very windows that it is tried on looks stricter than it
        is: cut from 112 of them at one in 100, some two in 100 further ones exceed it. With `ahead`, one in 100 do on average
        (the k-th of n stands for k / (n + 1): Hyndman and Fan, 1996, definition 6).

    Raises
    ------
    ValueError
        There are too few windows for this level: one in a hundred needs a hundred.

    >>> threshold(range(1, 101), .05), threshold(range(1, 101), .05, ahead=True)
    (95.05, 95.95)
    """
    unchanged = numbers(unchanged, "set of unchanged windows")
    if not 0 < level < 1 or len(unchanged) < 1 / level:
        raise ValueError(f"{len(unchanged)} unchanged windows cannot show what one in {1 / level if level > 0 else np.inf:.0f} exceeds; "
                         "take more windows, shorter ones, or a higher level")
    return float(np.quantile(unchanged, 1 - level, method="weibull" if ahead else "linear"))


def p_value(unchanged, statistic: float) -> float:
    """Share of unchanged windows at least as extreme, this one counted among them: never 0 (a rank, or conformal, p-value).

    >>> p_value([.1, .2, .3], .25)
    0.5
    """
    unchanged = numbers(unchanged, "set of unchanged windows")
    return float((1 + (unchanged >= statistic).sum()) / (1 + len(unchanged)))


def holm(p_values, level: float = .05) -> np.ndarray:
    """Which of many tests fire when at most a share `level` of quiet weeks may see any alarm (Holm, 1979).

    NaN, a slice without requests, is no test and never fires.

    >>> holm([.001, .02, .04, float("nan")]).tolist()
    [True, True, True, False]
    """
    p = np.asarray(p_values, float)
    tested = np.flatnonzero(~np.isnan(p))
    if ((p[tested] < 0) | (p[tested] > 1)).any():
        raise ValueError("p-values lie between 0 and 1; others arrived")
    fires = np.zeros(len(p), bool)
    order = tested[np.argsort(p[tested], kind="stable")]
    passed = p[order] <= level / np.arange(len(order), 0, -1)
    fires[order[:len(order) if passed.all() else int(np.argmin(passed))]] = True
    return fires
