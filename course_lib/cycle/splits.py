"""Splits: which clips a model learns from, which it is measured on, and whether anything stands on both sides."""
from typing import Sequence

import numpy as np
import pandas as pd


def random_folds(labels: Sequence, k: int, rng: np.random.Generator) -> np.ndarray:
    """Fold 0 to k-1 of each clip, by chance, each label spread evenly over the folds.

    ValueError where a label is missing or has fewer than two clips: none would be left to learn from.
    """
    labels = pd.Series(list(labels)).reset_index(drop=True)
    _enough(len(labels), k)
    if labels.isna().any():
        raise ValueError(f"{int(labels.isna().sum())} of {len(labels)} labels are missing, the first at place {int(labels.isna().argmax())}; "
                         "label these clips, or leave them out")
    once = labels.value_counts().loc[lambda n: n < 2].index
    if len(once):
        raise ValueError(f"{len(once)} labels have a single clip, such as {once[0]!r}; whichever side it falls on, the other has none. "
                         "Record more of it, or leave the label out")
    fold, turn = np.empty(len(labels), int), 0
    for places in labels.groupby(labels).indices.values():
        fold[rng.permutation(places)] = (np.arange(len(places)) + turn) % k
        turn += len(places)
    return fold


def group_folds(groups: Sequence, k: int) -> np.ndarray:
    """Fold 0 to k-1 of each clip; whatever belongs to one group stands in one fold. Groups take turns in their order.

    >>> group_folds(["ann", "bo", "ann", "cy"], 2).tolist()
    [0, 1, 0, 0]
    """
    codes = pd.factorize(np.asarray(groups), sort=True)[0]
    if (codes < 0).any():
        raise ValueError(f"{int((codes < 0).sum())} clips have no group; say whose they are, or leave them out")
    _enough(codes.max() + 1 if len(codes) else 0, k, "groups")
    return codes % k


def by_time(times: Sequence, start) -> np.ndarray:
    """True where a clip came at `start` or later: measured on. The earlier ones are learnt from."""
    late = np.asarray(times) >= start
    _both(late, f"start {start!r}; the times go from {min(times)} to {max(times)}" if len(late) else "no clips")
    return late


def _enough(n, k, what="clips"):
    if not 2 <= k <= n:
        raise ValueError(f"{k} folds of {n} {what} arrived; from 2 folds to one for each of the {what} are expected")


def _both(measured, why):
    if measured.all() or not measured.any():
        side = "learn from" if measured.all() else "measure on"
        raise ValueError(f"the split is empty on one side: nothing to {side} ({why})")


def shared(rows: pd.DataFrame, measured: np.ndarray, column: str) -> float:
    """Share of the measured clips whose value of a column stands among the training clips, too: a leak, if it should not.

    Parameters
    ----------
    rows : n clips; measured : (n,) booleans
    column : what must not cross, such as "speaker" or "recording"
    """
    if column not in rows:
        raise ValueError(f"the clips have no column {column!r}; their columns are {', '.join(rows.columns)}")
    measured = np.asarray(measured, bool)
    _both(measured, f"{len(measured)} clips")
    return float(rows[column][measured].isin(rows[column][~measured]).mean())
