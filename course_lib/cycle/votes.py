"""A gate for what annotators send: votes, one row each, that can be counted.

Votes are a DataFrame with columns `id` (of the clip), `annotator` and `label`.
"""
from typing import Iterable

import pandas as pd

COLUMNS = ("id", "annotator", "label")


def sound(votes: pd.DataFrame, labels: Iterable[str] | None = None, clips: Iterable[str] | None = None) -> pd.DataFrame:
    """The votes, if they are fit to be counted.

    Parameters
    ----------
    votes : one row a vote
    labels : what may be answered, such as the catalogue with "outside" and "cannot tell"; None allows anything
    clips : ids that were sent out; None asks for none in particular

    Raises
    ------
    ValueError
        A column or a label is missing, somebody voted twice on a clip, a label is unknown, or a clip has no vote.
    """
    if not isinstance(votes, pd.DataFrame):
        raise ValueError(f"{type(votes).__name__} arrived; a DataFrame of votes with columns {', '.join(COLUMNS)} is expected")
    lacking = [name for name in COLUMNS if name not in votes]
    if lacking:
        raise ValueError(f"the votes have no column {lacking[0]!r}; they have {', '.join(map(str, votes.columns))}")
    if votes.empty:
        raise ValueError("no votes arrived; look at how the table was filtered")
    _whole(votes)
    if labels is not None:
        _known(votes, list(labels))
    if clips is not None:
        _complete(votes, list(clips))
    return votes


def _whole(votes):
    empty = votes[list(COLUMNS)].isna().any(axis=1)
    if empty.any():
        raise ValueError(f"{int(empty.sum())} of {len(votes)} votes lack an id, an annotator or a label; the first is row {votes.index[empty][0]}: "
                         "leave such rows out, or ask again")
    twice = votes.duplicated(["id", "annotator"])
    if twice.any():
        one = votes[twice].iloc[0]
        raise ValueError(f"{int(twice.sum())} votes are one too many: {one['annotator']} voted twice on clip {one['id']}; keep the last of each "
                         "with drop_duplicates([\"id\", \"annotator\"], keep=\"last\")")


def _known(votes, labels):
    strange = sorted(set(votes["label"].astype(str)) - set(labels))
    if strange:
        who = votes.loc[votes["label"].astype(str) == strange[0], "annotator"].iloc[0]
        raise ValueError(f"{who} answered {strange[0]!r}, which is none of the {len(labels)} labels ({', '.join(labels[:3])}, …); "
                         "look for a typing error, or for a card that is newer than the list")


def _complete(votes, clips):
    silent = sorted(set(clips) - set(votes["id"]))
    if silent:
        raise ValueError(f"{len(silent)} of {len(clips)} clips have no vote, the first is {silent[0]}; send them out again")
