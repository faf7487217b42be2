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
    """What passes through a pipeline: features, what goes into the classifier (its last step), and the scores that come out."""
    vectors = np.asarray(vectors, np.float32)
    into = model[:-1].transform(vectors) if len(model.steps) > 1 else vectors
    return {"features": vectors, "into the classifier": into, "scores": model[-1].predict_proba(into)}


def replayed(clips: Sequence[np.ndarray], sample_rate: int, model: Pipeline) -> dict[str, np.ndarray]:
    """The training path of some clips: their features from the training code, then each stage of the training pipeline."""
    return stages(model, features.features(clips, sample_rate))


def differences(served: dict[str, np.ndarray], trained: dict[str, np.ndarray], tolerance: float = TOLERANCE) -> pd.DataFrame:
    """Where two paths part, a row a stage: its columns, how many differ by over `tolerance` in any row, the largest difference.

    ValueError where a stage has another shape on the other path.
    """
    rows = {}
    for stage, a in served.items():
        a, b = np.asarray(a, float), np.asarray(trained[stage], float)
        if a.shape != b.shape:
            raise ValueError(f"stage {stage!r} has shape {a.shape} on one path and {b.shape} on the other; the same clips on both are expected")
        gap = np.abs(a - b)
        rows[stage] = dict(columns=a.shape[1], differ=int((gap.max(axis=0) > tolerance).sum()), largest=float(gap.max()))
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("stage")
