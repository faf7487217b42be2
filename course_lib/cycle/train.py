"""From feature vectors to a recogniser: scikit-learn pipelines and augmentation of clips."""
from time import perf_counter
from typing import Callable, Iterable, Sequence

import numpy as np
import pandas as pd
from scipy import fft
from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

KINDS = ("default", "best")


def scaler() -> Pipeline:
    """Unfitted: each feature in spreads from its mean, in 64 bits.

    In 32 bits a fit ends elsewhere on a processor that adds up in another order; in 64 bits it does not.

    >>> scaler().fit_transform(np.array([[1], [3]], np.float32)).dtype
    dtype('float64')
    """
    return make_pipeline(FunctionTransformer(np.float64), StandardScaler())


def recognizer(kind: str = "default") -> Pipeline:
    """An unfitted recogniser: features in, a probability for each card out.

    Parameters
    ----------
    kind : "default" is a logistic regression, fast and calibrated; "best" is a
        support-vector machine on linear discriminants with temperature-calibrated scores
        (Guo et al., 2017): a little more accurate, and many times slower for one clip

    Returns
    -------
    sklearn.pipeline.Pipeline with fit, predict and predict_proba; labels are card ids (str)

    >>> recognizer().steps[-1][0]
    'classify'
    """
    if kind not in KINDS:
        raise ValueError(f"recogniser kind {kind!r} arrived; known kinds are {', '.join(KINDS)}")
    if kind == "default":
        return Pipeline([("scale", scaler()), ("classify", LogisticRegression(C=.03, max_iter=1000))])
    # One against the rest: SVC's own multi-class scores count votes and carry no confidence.
    machine = OneVsRestClassifier(SVC(C=1, gamma="scale"))
    return Pipeline([("scale", scaler()), ("reduce", LinearDiscriminantAnalysis(solver="eigen", shrinkage=.3)),
                     ("classify", CalibratedClassifierCV(machine, method="temperature", cv=3, ensemble=False))])


def fit(model: Pipeline, X: np.ndarray | pd.DataFrame, labels: Sequence[str], catalogue: Iterable[str]) -> Pipeline:
    """Fit a model after a look at what it gets.

    Parameters
    ----------
    model : unfitted; X : (n, d) features; labels : (n,) card ids
    catalogue : the cards that exist

    Raises
    ------
    ValueError
        There are no clips, lengths differ, a feature is not finite, a label is in no catalogue or has a single clip, or all are the same.
    """
    counts, catalogue = pd.Series(list(labels), dtype=object).value_counts(dropna=False), set(catalogue)
    if not len(X) or len(X) != counts.sum():
        raise ValueError(f"{len(X)} feature vectors and {counts.sum()} labels arrived; one label a clip is expected, and clips")
    odd = [label for label in counts.index if label not in catalogue]
    if odd:
        raise ValueError(f"{int(counts[odd].sum())} labels are in no catalogue, the first is {odd[0]!r}; {len(catalogue)} cards are known, "
                         f"such as {min(catalogue)!r}: compare with cards.csv")
    if counts.min() < 2:
        raise ValueError(f"{int((counts < 2).sum())} cards have a single clip, such as {counts.idxmin()!r}; record more, or leave the card out")
    if len(counts) < 2:
        raise ValueError(f"every label is {counts.index[0]!r}; a model needs two cards or more to tell apart: look at how the clips were filtered")
    broken = int((~np.isfinite(np.asarray(X, float))).any(axis=1).sum())
    if broken:
        raise ValueError(f"{broken} of {len(X)} feature vectors hold values that are not finite; look at those clips with features.fault")
    return model.fit(X, np.asarray(labels, str))


def aligned(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The columns that a model was fitted on, or gives, in that order; ValueError names what is missing.

    >>> aligned(pd.DataFrame({"b": [2], "a": [1]}), ["a", "b"]).columns.tolist()
    ['a', 'b']
    """
    lost = [name for name in columns if name not in table]
    if lost:
        raise ValueError(f"{len(lost)} of {len(columns)} columns are missing, the first is {lost[0]!r}; {len(table.columns)} arrived: "
                         "look at the step that made this table")
    if not table.columns.is_unique:
        raise ValueError(f"column {table.columns[table.columns.duplicated()][0]!r} stands twice; each is expected once")
    return table[list(columns)]


def single_ms(model: Pipeline, vectors: np.ndarray, tries: int = 3, clock: Callable[[], float] = perf_counter) -> pd.Series:
    """Milliseconds that each answer takes when clips come one at a time, as they do in production: a Series, a clip each.

    The least of a few tries of each clip counts: other programs of the machine interrupt, and are not the model's fault.
    """
    if not len(vectors) or tries < 1:
        raise ValueError(f"{len(vectors)} clips and {tries} tries arrived; one or more of each are expected")
    model.predict_proba(vectors[:1])                    # the first answer is slower than the rest
    def once(one):
        began = clock()
        model.predict_proba(one)
        return 1000 * (clock() - began)
    return pd.Series([min(once(vectors[i:i + 1]) for _ in range(tries)) for i in range(len(vectors))], name="milliseconds")


def augment(clips: Sequence[np.ndarray], sample_rate: int, rng: np.random.Generator) -> list[np.ndarray]:
    """One altered copy of each clip: vocal-tract warp, shift, tilt of the spectrum, noise.

    Parameters
    ----------
    clips : 1-D float arrays in [-1, 1]
    sample_rate : samples per second
    rng : draws the alterations, in the order of the clips

    Returns
    -------
    list of float32 arrays, about as long as the originals (warp after Jaitly and Hinton, 2013)
    """
    return [_alter(np.asarray(clip, np.float32), sample_rate, rng) for clip in clips]


def _alter(clip, rate, rng):
    """Warp by up to 12%, start up to 50 ms later, tilt by up to 6 dB, noise at 10-30 dB."""
    n = fft.next_fast_len(len(clip) + int(rng.uniform(0, .05) * rate), real=True)
    m = fft.next_fast_len(round(n * rng.uniform(.88, 1.12)), real=True)
    delayed = np.zeros(n, np.float32)
    delayed[n - len(clip):] = clip
    spectrum = fft.rfft(delayed)
    out = np.zeros(m // 2 + 1, spectrum.dtype)
    kept = min(len(spectrum), len(out))
    out[:kept] = spectrum[:kept] * 10 ** (np.linspace(0, rng.uniform(-6, 6), kept) / 20)
    warped = fft.irfft(out, m) * np.float32(m / n)
    level = np.sqrt(np.mean(np.square(warped))) * 10 ** (-rng.uniform(10, 30) / 20)
    return np.clip(warped + level * rng.standard_normal(m, np.float32), -1, 1).astype(np.float32)
