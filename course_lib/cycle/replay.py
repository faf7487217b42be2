"""From the log back to the cause: send what was sent, follow it stage by stage, see where two paths part.

Offline evaluation and the service compute an answer on two paths. A difference between them is training-serving
skew (Sculley et al., 2015; Breck et al., 2017). Scores alone do not show it; the same clip on both paths does.
"""
from concurrent.futures import ThreadPoolExecutor
from typing import Sequence

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from course_lib.cycle.process import Service
from course_lib.world import features

TOLERANCE = .01                                         # of standardised numbers; rounding to 16 bits moves them by about .001


def send(service: Service, bodies: Sequence[bytes], rows: pd.DataFrame | None = None, connections: int = 8) -> pd.DataFrame:
    """Send WAV files over several connections at once; returns the service's answers in the order of the bodies.

    Parameters
    ----------
    bodies : n WAV files
    rows : n requests, whose device, user and day go along
    connections : requests under way at once

    Raises
    ------
    ServiceError
        The service refuses one; in its own words.
    """
    if rows is not None and len(rows) != len(bodies):
        raise ValueError(f"{len(rows)} rows for {len(bodies)} WAV files arrived; one each is expected")
    told = [()] * len(bodies) if rows is None else list(rows[["device", "user", "day"]].itertuples(index=False, name=None))
    with ThreadPoolExecutor(connections) as pool:
        answers = list(pool.map(lambda body, who: service.recognize(body, *who), bodies, told))
    return pd.DataFrame(answers)


def stages(model: Pipeline, vectors: np.ndarray) -> dict[str, np.ndarray]:
    """What passes through a pipeline: name of each stage -> its output, (n, anything).

    >>> list(stages(fitted, vectors))                   # doctest: +SKIP
    ['features', 'scale', 'scores']
    """
    out = {"features": np.asarray(vectors, np.float32)}
    for name, step in model.steps[:-1]:
        out[name] = step.transform(list(out.values())[-1])
    return out | {"scores": model[-1].predict_proba(list(out.values())[-1])}


def replayed(clips: Sequence[np.ndarray], sample_rate: int, model: Pipeline) -> dict[str, np.ndarray]:
    """The training path of some clips: their features from the training code, then each stage of the training pipeline."""
    return stages(model, features.features(clips, sample_rate))


def differences(served: dict[str, np.ndarray], trained: dict[str, np.ndarray], tolerance: float = TOLERANCE) -> pd.DataFrame:
    """Where two paths part, a row a stage that both have: columns that differ by over `tolerance` in any row, largest difference.

    The last array before the scores is compared as "into the classifier", whatever each path calls it.
    """
    rows = {}
    for stage, (a, b) in _paired(served, trained).items():
        if a.shape != b.shape:
            raise ValueError(f"stage {stage!r} has shape {a.shape} on one path and {b.shape} on the other; the same clips on both are expected")
        gap = np.abs(np.asarray(a, float) - b)
        rows[stage] = dict(columns=a.shape[1], differ=int((gap.max(axis=0) > tolerance).sum()), largest=float(gap.max()))
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("stage")


def _paired(served, trained):
    last = [list(path.values())[-2] for path in (served, trained)]
    return {"features": (served["features"], trained["features"]), "into the classifier": tuple(last), "scores": (served["scores"], trained["scores"])}
