"""From feature vectors to a recogniser: scikit-learn pipelines and augmentation of clips."""
from typing import Sequence

import numpy as np
from scipy import fft
from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

KINDS = ("default", "best")


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
        return Pipeline([("scale", StandardScaler()), ("classify", LogisticRegression(C=.03, max_iter=200))])
    # One against the rest: SVC's own multi-class scores count votes and carry no confidence.
    machine = OneVsRestClassifier(SVC(C=1, gamma="scale"))
    return Pipeline([("scale", StandardScaler()), ("reduce", LinearDiscriminantAnalysis(solver="eigen", shrinkage=.3)),
                     ("classify", CalibratedClassifierCV(machine, method="temperature", cv=3, ensemble=False))])


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
