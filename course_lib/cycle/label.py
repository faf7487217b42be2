"""From votes to labels: counting, and two models of who errs; skill from gold questions.

Votes are a DataFrame with columns `id` (of the clip), `annotator` and `label`, one row a vote, that passed the gate of `votes.sound`.
"""
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from course_lib.cycle.votes import COLUMNS, sound
from course_lib.world.draws import keyed

ITERATIONS, CLOSE = 100, 1e-7
LEAST = 1e-10                                           # no chance is quite zero, or one slip would rule a label out


@dataclass(frozen=True)
class Fitted:
    """What an aggregator believes.

    Attributes
    ----------
    probabilities : (clips, labels) chance that each label is the right one
    prior : chance of each label before any vote
    skill : chance that each annotator's next vote is right, as the model sees it; missing where nobody else heard a clip of theirs
    confusions : annotator -> (true label, given label) chances; empty for models without
    """
    probabilities: pd.DataFrame
    prior: pd.Series
    skill: pd.Series
    confusions: dict

    @property
    def labels(self) -> pd.Series:
        """The likeliest label of each clip, by id."""
        return self.probabilities.idxmax(axis=1).rename("label")


@dataclass(frozen=True)
class _Coded:
    """Votes as an array: given[clip, annotator, label] is 1 where that person gave that label."""
    given: np.ndarray
    clips: pd.Index
    people: pd.Index
    labels: pd.Index

    @property
    def shares(self) -> np.ndarray:
        """(clips, labels) shares of the votes."""
        counts = self.given.sum(axis=1)
        return counts / counts.sum(axis=1, keepdims=True)


def _heard_twice(coded):
    """ValueError where nobody's errors can be seen, a warning where nobody made any; True for those of whom somebody else heard a clip."""
    people, heard = len(coded.people), coded.given.sum(axis=2)
    both = heard.sum(axis=1) > 1
    if not both.any():
        raise ValueError(f"{people} annotator{'s' * (people > 1)} arrived and no clip has two votes, so nobody's errors can be seen; have clips "
                         "labelled by two people, measure skill with gold questions (skill_from_gold), or count (majority)")
    if (coded.given.any(axis=1).sum(axis=1) == 1).all():
        warnings.warn(f"all {people} annotators gave the same label to each of the {len(heard)} clips: a skill of 1 says here that they agree, not that "
                      "they are right; gold questions tell (skill_from_gold)", UserWarning, stacklevel=3)
    return heard[both].any(axis=0)


def _coded(votes):
    (clip, clips), (who, people), (label, labels) = (pd.factorize(v, sort=name == "label") for name, v in sound(votes)[list(COLUMNS)].items())
    given = np.zeros((len(clips), len(people), len(labels)))
    given[clip, who, label] = 1
    return _Coded(given, pd.Index(clips, name="id"), pd.Index(people, name="annotator"), pd.Index(labels, name="label"))


def majority(votes: pd.DataFrame) -> pd.Series:
    """The label with most votes for each clip; a tie is broken by lot, the same lot whenever it is asked.

    >>> votes = pd.DataFrame(dict(id=["a", "a", "a"], annotator=["Ana", "Ben", "Cleo"], label=["c02", "c01", "c02"]))
    >>> majority(votes).to_dict()
    {'a': 'c02'}
    """
    coded = _coded(votes)
    shares = coded.shares
    best = shares >= shares.max(axis=1, keepdims=True) - 1e-12
    place = best.argmax(axis=1)
    for i in np.flatnonzero(best.sum(axis=1) > 1):
        place[i] = keyed("tie", str(coded.clips[i])).choice(np.flatnonzero(best[i]))
    return pd.Series(coded.labels.to_numpy()[place], coded.clips, name="label")


def one_coin(votes: pd.DataFrame) -> pd.Series:
    """Labels by `fit_one_coin`."""
    return fit_one_coin(votes).labels


def dawid_skene(votes: pd.DataFrame) -> pd.Series:
    """Labels by `fit_dawid_skene`."""
    return fit_dawid_skene(votes).labels


def fit_one_coin(votes: pd.DataFrame, iterations: int = ITERATIONS) -> Fitted:
    """Each annotator is right with one chance, whatever the clip, and errs evenly; found by expectation-maximisation.

    The case of Dawid and Skene's model (1979) with one number a person. ValueError where no clip has two votes, a warning where all agree.
    """
    coded = _coded(votes)
    known = _heard_twice(coded)
    p, others = coded.shares, max(len(coded.labels) - 1, 1)
    for _ in range(iterations):
        right = np.einsum("nal,nl->a", coded.given, p) / coded.given.sum(axis=(0, 2))
        skill = np.clip(right, LEAST, 1 - LEAST)
        evidence = np.log(np.maximum(p.mean(axis=0), LEAST)) + np.tensordot(coded.given, np.log(skill * others / (1 - skill)), (1, 0))
        before, p = p, _normalised(evidence)
        if np.abs(p - before).max() < CLOSE:
            break
    return _fitted(coded, p, np.where(known, skill, np.nan), {})


def fit_dawid_skene(votes: pd.DataFrame, iterations: int = ITERATIONS) -> Fitted:
    """Each annotator has a confusion matrix of their own; found by expectation-maximisation (Dawid and Skene, 1979).

    Begins with the shares of the votes. Then two steps take turns: from the labels as believed, how often
    each person gives which label for which true one; from that, what each clip is.
    ValueError where no clip has two votes, a warning where all agree.
    """
    coded = _coded(votes)
    known = _heard_twice(coded)
    p, (n, a, k) = coded.shares, coded.given.shape
    for _ in range(iterations):
        confusion = confusions(coded.given, p)
        evidence = np.log(np.maximum(p.mean(axis=0), LEAST)) + coded.given.reshape(n, a * k) @ np.log(confusion).transpose(0, 2, 1).reshape(a * k, k)
        before, p = p, _normalised(evidence)
        if np.abs(p - before).max() < CLOSE:
            break
    tables = {name: pd.DataFrame(confusion[i], coded.labels.rename("true"), coded.labels.rename("given")) for i, name in enumerate(coded.people)}
    return _fitted(coded, p, np.where(known, np.einsum("akk,k->a", confusion, p.mean(axis=0)), np.nan), tables)


def confusions(given: np.ndarray, p: np.ndarray) -> np.ndarray:
    """(annotators, true labels, given labels) chances, from votes (clips, annotators, labels) and labels as believed (clips, labels)."""
    n, a, k = given.shape
    counts = np.maximum((p.T @ given.reshape(n, a * k)).reshape(k, a, k).transpose(1, 0, 2), LEAST)
    return counts / counts.sum(axis=2, keepdims=True)


def _normalised(evidence):
    p = np.exp(evidence - evidence.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def _fitted(coded, p, skill, tables):
    return Fitted(pd.DataFrame(p, coded.clips, coded.labels), pd.Series(p.mean(axis=0), coded.labels, name="prior"),
                  pd.Series(skill, coded.people, name="skill"), tables)


AGGREGATORS = {"counting": majority, "one-coin": one_coin, "Dawid-Skene": dawid_skene}


def pairs(votes: pd.DataFrame) -> pd.DataFrame:
    """For each clip how many pairs of votes it has, and how many of them are the same: columns same, pairs."""
    sound(votes)
    each, all_ = votes.groupby(["id", "label"]).size(), votes.groupby("id").size()
    same = (each * (each - 1) // 2).groupby("id").sum()
    return pd.DataFrame(dict(same=same, pairs=all_ * (all_ - 1) // 2)).loc[votes["id"].unique()]


def agreement(votes: pd.DataFrame) -> float:
    """Share of pairs of votes on one clip that are the same; clips with one vote have no pairs.

    >>> votes = pd.DataFrame(dict(id=list("aaa"), annotator=["Ana", "Ben", "Cleo"], label=["c02", "c01", "c02"]))
    >>> round(agreement(votes), 3)
    0.333
    """
    same, every = pairs(votes).sum()
    if every == 0:
        raise ValueError("no clip has two votes, so there is nothing to agree on; have some clips labelled by two people")
    return float(same / every)


def table_of(votes: pd.DataFrame) -> pd.DataFrame:
    """A row a clip, a column an annotator; missing where somebody did not vote."""
    wide = sound(votes).pivot(index="id", columns="annotator", values="label")
    return wide.reindex(index=votes["id"].unique(), columns=votes["annotator"].unique())


def in_turn(votes: pd.DataFrame, each: int) -> pd.DataFrame:
    """So many votes for each clip, the annotators taking turns: what is paid for when not everybody hears everything."""
    people, clips = votes["annotator"].unique(), votes["id"].unique()
    if each != int(each) or not 1 <= each <= len(people):
        raise ValueError(f"{each!r} votes a clip were asked for; a whole number from 1 to {len(people)} is expected, as many as there are annotators")
    turn = (pd.factorize(votes["annotator"])[0] - pd.factorize(votes["id"])[0] * each) % len(people)
    return votes[turn < each]


def skill_from_gold(votes: pd.DataFrame, gold: pd.Series) -> pd.DataFrame:
    """How each annotator does on gold questions: clips whose right label is known.

    Parameters
    ----------
    votes : one row a vote; clips that are not gold are left aside
    gold : right labels by clip id

    Returns
    -------
    DataFrame by annotator with columns right (count), n (gold clips they answered) and skill (share)
    """
    if not isinstance(gold, pd.Series):
        raise ValueError(f"{type(gold).__name__} arrived as gold; a Series of right labels by clip id is expected")
    for odd, words in ((gold.index.duplicated(), "gold clips stand twice"), (gold.isna().to_numpy(), f"of {len(gold)} gold clips have no right label")):
        if odd.any():
            raise ValueError(f"{int(odd.sum())} {words}, the first is {gold.index[odd][0]}; each is expected once, with its right label")
    asked = sound(votes)[votes["id"].isin(gold.index)]
    if asked.empty:
        raise ValueError(f"nobody voted on any of the {len(gold)} gold clips; look whether both use the same ids")
    right = asked["label"].eq(asked["id"].map(gold)).groupby(asked["annotator"], sort=False)
    return pd.DataFrame(dict(right=right.sum(), n=right.size(), skill=right.mean()))
