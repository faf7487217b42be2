"""From a clip to a decision: inputs, representations, scores, confidences; what loss and regularisation change."""
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.special import softmax
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline

from course_lib.cycle import scope
from course_lib.cycle.diagnose import interval, resampled
from course_lib.cycle.train import scaler
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment
from course_lib.lessons.spring import model_for
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool
from course_lib.world.world import World

LOSSES = ("log loss", "squared loss")
STRENGTHS = (.001, .03, 10.0)                           # C: small numbers hold the weights back
THRESHOLDS = np.append(np.arange(0, .96, .05), [.98, .99, .999])


class Linear:
    """A linear recogniser of either loss: scores, and confidences made from them.

    The log loss fits a softmax; the squared loss fits 1 for the right card and 0 for the others (as in Rifkin and
    Klautau, 2004), and its score, cut to [0, 1], is all the confidence there is. `fitted` spares the fit.
    """

    def __init__(self, loss: str, strength: float, X: np.ndarray, labels: np.ndarray, fitted: Pipeline | None = None):
        if loss not in LOSSES or not strength > 0:
            raise ValueError(f"loss {loss!r} and C = {strength!r} arrived; {' or '.join(LOSSES)} and a C over 0 are expected")
        self.loss, self.classes_ = loss, np.unique(labels)
        last = LogisticRegression(C=strength, max_iter=1000) if loss == LOSSES[0] else Ridge(alpha=15 / strength)
        target = labels if loss == LOSSES[0] else (labels[:, None] == self.classes_).astype(float)
        self.pipe = fitted or Pipeline([("scale", scaler()), ("score", last)]).fit(X, target)

    def scores(self, X: np.ndarray) -> np.ndarray:
        """One score for each card, (n, k): any numbers."""
        return self.pipe.decision_function(X) if self.loss == LOSSES[0] else self.pipe.predict(X)

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Scores as confidences between 0 and 1, (n, k)."""
        return softmax(self.scores(X), axis=1) if self.loss == LOSSES[0] else np.clip(self.scores(X), 0, 1)


@lru_cache(maxsize=16)
def linear(seed: int, loss: str = LOSSES[0], strength: float = .03, pool: Pool = Pool()) -> Linear:
    """A linear recogniser fitted on the 24 training readers."""
    world = World(seed, pool)
    rows = world.recordings("train")
    usual = model_for(world) if (loss, strength) == (LOSSES[0], .03) else None          # that is the course's recogniser
    return Linear(loss, strength, world.features(rows), rows["label"].to_numpy(str), usual)


@lru_cache(maxsize=4)
def week(seed: int, number: int = 0, pool: Pool = Pool()) -> tuple[pd.DataFrame, np.ndarray]:
    """The labelled requests of one pilot week, and their features."""
    rows = World(seed, pool).days(7 * number, 7 * number + 7)
    return rows, World(seed, pool).features(rows)


def costs(seed: int, model, number: int = 0, pool: Pool = Pool()) -> pd.DataFrame:
    """What a week of the pilot costs at each threshold: columns threshold, wrong, needless, requests, cost."""
    rows, X = week(seed, number, pool)
    return scope.by_threshold(rows, model.predict_proba(X), model.classes_, scope.charter(), THRESHOLDS)


def paid(seed: int, model, threshold: float, pool: Pool = Pool()) -> np.ndarray:
    """What each request of the first week of the pilot costs at one threshold, in cents, (n,)."""
    rows, X = week(seed, pool=pool)
    return scope.price(scope.outcome(rows, scope.decide(model.predict_proba(X), model.classes_, threshold)), scope.charter())


def cost_at(seed: int, model, threshold: float, pool: Pool = Pool()) -> float:
    """What the first week of the pilot costs at one threshold, in cents per 1,000 requests."""
    return float(1000 * paid(seed, model, threshold, pool).mean())


@lru_cache(maxsize=32)
def linear_costs(seed: int, loss: str, strength: float) -> pd.DataFrame:
    """`costs` of a linear recogniser, kept for the panel."""
    return costs(seed, linear(seed, loss, strength))


def discriminants() -> Pipeline:
    """Linear discriminant analysis with shrinkage (Friedman, 1989), unfitted."""
    return Pipeline([("scale", scaler()), ("classify", LinearDiscriminantAnalysis(solver="lsqr", shrinkage=.3))])


@lru_cache(maxsize=4)
def discriminant(seed: int, pool: Pool = Pool()) -> Pipeline:
    """`discriminants`, fitted on the 24 training readers."""
    world = World(seed, pool)
    rows = world.recordings("train")
    return discriminants().fit(world.features(rows), rows["label"].to_numpy(str))


class Softened:
    """A model whose confidences are flattened by a temperature (Guo et al., 2017): the same best card, less sure."""

    def __init__(self, model, temperature: float):
        if not temperature > 0:
            raise ValueError(f"the temperature is {temperature!r}; a number over 0 is expected")
        self.model, self.temperature, self.classes_ = model, temperature, model.classes_

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Confidences, (n, k)."""
        return softmax(np.log(np.maximum(self.model.predict_proba(X), 1e-300)) / self.temperature, axis=1)


def _ratio_interval(above, below, speakers, rng) -> tuple[float, float]:
    """95% interval of a ratio of two sums over the same requests, whole speakers resampled."""
    low, high = np.quantile(resampled(above, speakers, rng, below), [.025, .975])
    return float(low), float(high)


def in_words(gap: tuple[float, float], ratio: float, span: tuple[float, float] | None = None) -> str:
    """What discriminants change, from the interval of their gain in accuracy and the ratio of costs, with its interval where it has one.

    >>> in_words((-.01, .02), 2.31)
    'About as accurate, 2.3 times the cost'
    >>> in_words((-.01, .02), .85, (.67, 1.07))
    'About as accurate, and no other cost is shown'
    """
    more = "More accurate" if gap[0] > 0 else "Less accurate" if gap[1] < 0 else "About as accurate"
    if span and span[0] <= 1 <= span[1]:
        return f"{more}, and no other cost is shown"
    return f"{more}, at much the same cost" if .9 < ratio < 1.1 else f"{more}, {ratio:.1f} times the cost"


@experiment
def discriminants_instead(seed: int, temperature: float = 1, pool: Pool = Pool()) -> Evidence:
    """Cost of a pilot week with discriminants in place of logistic regression, both at the charter's threshold, as a ratio.

    In `data` accuracies of strangers' names are shares; `gap_low` and `gap_high` bound the gain in accuracy, over speakers (95%).
    """
    world, at = World(seed, pool), scope.charter().threshold
    models = {"logistic regression": model_for(world), "discriminants": Softened(discriminant(seed, pool), temperature)}
    test = world.recordings("test")
    X, labels = world.features(test), test["label"].to_numpy(str)
    right = [m.classes_[m.predict_proba(X).argmax(axis=1)] == labels for m in models.values()]
    each = [paid(seed, m, at, pool) for m in models.values()]
    (before, after), (first, second) = [r.mean() for r in right], [1000 * float(one.mean()) for one in each]
    gap = interval(right[1].astype(float) - right[0], test["speaker"], keyed(seed, "discriminants", "accuracy"))
    ratio = _ratio_interval(each[1], each[0], week(seed, pool=pool)[0]["speaker"], keyed(seed, "discriminants", "cost"))

    def draw(ax):
        words = [f"{name}\n{100 * share:.1f}% recognised" for name, share in zip(models, (before, after))]
        return plots.bars(ax, words, [first, second], unit="cost of errors in 1,000 requests (cents)", finding=in_words(gap, second / first, ratio))
    return Evidence("cost with discriminants over cost with logistic regression", second / first, ratio, len(each[0]),
                    "One threshold for both; with thresholds of their own the order can be another.", draw, key="04.1" if temperature == 1 else None,
                    data=dict(axis="x", cost=second, default=first, accuracy=float(after), default_accuracy=float(before), gap_low=gap[0], gap_high=gap[1]))
