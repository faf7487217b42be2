"""Labels in doubt: probabilities from models that never heard the reader, and the labels they speak against."""
from typing import Sequence

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline

from course_lib.cycle.diagnose import known_labels

FOLDS = 3


def out_of_fold(model: Pipeline, vectors: np.ndarray, labels, readers, folds: int = FOLDS) -> pd.DataFrame:
    """Each clip's probabilities from a model that was fitted without its reader.

    Parameters
    ----------
    model : unfitted recogniser
    vectors : (n, d) features; labels, readers : (n,)
    folds : into how many parts the readers are divided

    Returns
    -------
    DataFrame (n, k) of probabilities; its columns are the labels, sorted

    Raises
    ------
    ValueError
        Lengths differ, a label is missing, all are the same, there are fewer readers than folds, or a label belongs to one reader alone.
    """
    labels, readers = pd.Series(labels).reset_index(drop=True), np.asarray(readers)
    if not len(vectors) == len(labels) == len(readers):
        raise ValueError(f"{len(vectors)} feature vectors, {len(labels)} labels and {len(readers)} readers arrived; one of each a clip is expected")
    known_labels(labels, list(labels.dropna().unique()))
    if labels.nunique() == 1:
        raise ValueError(f"every label is {labels[0]!r}; a model needs two or more to tell apart: look at how the clips were filtered")
    people = len(np.unique(readers))
    if people < folds:
        raise ValueError(f"{people} readers cannot be divided into {folds} folds; record more, or ask for fewer folds")
    alone = labels.groupby(labels).apply(lambda part: len(np.unique(readers[part.index])) < 2)
    if alone.any():
        raise ValueError(f"{alone[alone].index[0]!r} is read by one reader alone; a model without that reader cannot know it")
    found = cross_val_predict(model, vectors, labels.to_numpy(str), groups=readers, cv=GroupKFold(folds), method="predict_proba")
    return pd.DataFrame(found, columns=np.unique(labels.to_numpy(str)))


def label_issues(labels: Sequence[str], probabilities: pd.DataFrame, filter_by: str = "low_self_confidence") -> pd.DataFrame:
    """Labels that the probabilities speak against, by confident learning (Northcutt, Jiang and Chuang, 2021; cleanlab).

    Parameters
    ----------
    labels : (n,) the labels as delivered
    probabilities : (n, k) out of fold, a column a card, in any order of columns; rows as the labels
    filter_by : cleanlab's rule; "low_self_confidence" takes as many of each label as confident learning counts,
        those with the least probability of their own label

    Returns
    -------
    DataFrame (n rows) with columns label, suggested, own (probability of the label), issue (bool)

    Raises
    ------
    ValueError
        There are no labels or fewer than two cards, lengths differ, a label has no column, a card has two, or a row is no probabilities.
    """
    labels = pd.Series(np.asarray(labels, object))
    if not isinstance(probabilities, pd.DataFrame):
        raise ValueError(f"{type(probabilities).__name__} arrived; a DataFrame whose columns name the cards is expected, as out_of_fold returns")
    if len(labels) != len(probabilities):
        raise ValueError(f"{len(labels)} labels and {len(probabilities)} rows of probabilities arrived; one each is expected, in the same order")
    _sound(labels, probabilities)
    from cleanlab.filter import find_label_issues       # 1 s, so only where it is used
    ordered = probabilities[sorted(probabilities.columns)]
    values = ordered.to_numpy()
    place = ordered.columns.get_indexer(labels)
    issue = find_label_issues(place, values, filter_by=filter_by, n_jobs=1)
    return pd.DataFrame(dict(label=labels, suggested=ordered.columns.to_numpy(str)[values.argmax(axis=1)],
                             own=values[np.arange(len(labels)), place], issue=issue))


def _sound(labels, probabilities):
    """ValueError where labels or probabilities cannot be compared; NaN would pass for "no issue"."""
    cards = probabilities.columns
    if not len(labels):
        raise ValueError("no labels arrived; one a clip is expected: look at how the clips were filtered")
    if not cards.is_unique:
        raise ValueError(f"the card {cards[cards.duplicated()][0]!r} stands twice among the columns; one column a card is expected")
    if len(cards) < 2:
        raise ValueError(f"probabilities of {len(cards)} card arrived; two or more are expected, or no label can be another's")
    known_labels(labels, list(cards))
    values = probabilities.to_numpy(float)
    broken = ~((values >= 0) & (values <= 1)).all(axis=1) | ~(np.abs(values.sum(axis=1) - 1) < .01)
    if broken.any():
        raise ValueError(f"{int(broken.sum())} of {len(values)} rows of probabilities hold values that are missing, not from 0 to 1, or do not add up to 1; "
                         f"the first is row {probabilities.index[broken][0]}: take predict_proba of a model for every clip")
