"""Simulated annotators: skill, reading of the guideline, price and delay; every label is drawn by key from the truth."""
from dataclasses import dataclass
from functools import lru_cache
from typing import Sequence

import numpy as np
import pandas as pd

from course_lib.world.draws import keyed
from course_lib.world.tables import DATA, table

OUTSIDE, UNCLEAR = "outside", "cannot tell"
RULES = {"first name": "a first name alone is “cannot tell”, even if only one card fits",
         "cut off": "speech that breaks off is “cannot tell”, even if you can guess the rest",
         "sound-alikes": "a whole name that sounds like another is its own card: decide; “cannot tell” is not for close calls",
         "outside": "a whole name without a card is “outside”, however alike a card sounds"}
WHOLE = "whole name"
GUIDELINES = {"own words": .45, "written": .97}        # the chance that somebody reads a rule as the team means it
WRONG_LINE = .5                                         # of the slips: a click on the wrong line; the rest mishear
LEAST_PRICE, MOST_PRICE = 1.0, 3.5                      # cents that people ask for a label; about 2 on average
NAMES = ("Ana", "Ben", "Cleo", "Dev", "Eli", "Fay", "Gus", "Hana", "Ivo")


@dataclass(frozen=True)
class Annotator:
    """Somebody who labels: how well they hear, which rules they read differently, what they cost.

    Attributes
    ----------
    skill : chance of hearing a clip for what it is
    misreads : rules of `RULES` that they read as "give the card that comes nearest"
    price : in the charter's units for one label
    days : mean delay of a label
    """
    name: str
    skill: float
    misreads: frozenset = frozenset()
    price: float = 2.0
    days: float = 1.0

    def __post_init__(self):
        if not 0 <= self.skill <= 1:
            raise ValueError(f"skill of {self.name} is {self.skill!r}; a chance from 0 to 1 is expected")
        unknown = set(self.misreads) - set(RULES)
        if unknown:
            raise ValueError(f"{self.name} misreads {', '.join(sorted(unknown))}; the rules are {', '.join(RULES)}")


def crew(seed: int, size: int = 5, guideline: str = "written", misread: int | None = None, rule: str = "outside") -> list[Annotator]:
    """Annotators drawn by key: the same people whatever the guideline; only their reading of the rules follows it.

    Parameters
    ----------
    size : how many, up to nine
    guideline : "own words" or "written"
    misread : if given, exactly so many of them misread `rule`, and nobody any other
    """
    if guideline not in GUIDELINES:
        raise ValueError(f"guideline {guideline!r} arrived; known are {', '.join(GUIDELINES)}")
    if not 1 <= size <= len(NAMES):
        raise ValueError(f"a crew of {size} was asked for; 1 to {len(NAMES)} are expected")
    if misread is not None and not 0 <= misread <= size:
        raise ValueError(f"misread is {misread} in a crew of {size}; 0 to {size} is expected")
    people = [_person(seed, name, guideline) for name in NAMES[:size]]
    if misread is None:
        return people
    chosen = set(keyed(seed, "who misreads", size).permutation(size)[:misread].tolist())
    return [Annotator(p.name, p.skill, frozenset({rule} if i in chosen else ()), p.price, p.days) for i, p in enumerate(people)]


def _person(seed, name, guideline):
    rng = keyed(seed, "annotator", name)
    skill, days, reads = .78 + .17 * rng.random(), .5 + 4 * rng.random(), rng.random(len(RULES))
    misreads = frozenset(rule for rule, draw in zip(RULES, reads) if draw > GUIDELINES[guideline])
    likely = LEAST_PRICE + (skill - .78) / .17          # who hears well asks a little more, on average
    price = keyed(seed, "annotator", name, "price").triangular(LEAST_PRICE, likely, MOST_PRICE)
    return Annotator(name, round(float(skill), 3), misreads, round(float(price), 1), round(float(days), 1))


def heard(rows: pd.DataFrame) -> np.ndarray:
    """What each clip is under the rules: "whole name", "first name", "cut off" or "outside"; known to the simulation alone."""
    kind = rows["kind"].map({"full": WHOLE, "first": "first name", "cut": "cut off"}).to_numpy(str)
    kind = np.where((kind == WHOLE) & rows["said"].map(lambda said: bool(alike().get(said))).to_numpy(bool), "sound-alikes", kind)
    return np.where(rows["card"].to_numpy(str) == "", OUTSIDE, kind)


def right_labels(rows: pd.DataFrame) -> pd.Series:
    """The label that the written guideline asks for, by request id."""
    kind = heard(rows)
    labels = np.where(kind == OUTSIDE, OUTSIDE, np.where(np.isin(kind, [WHOLE, "sound-alikes"]), rows["card"], UNCLEAR))
    return pd.Series(labels, rows["id"].to_numpy(str), name="label")


@lru_cache
def alike(folder=DATA) -> dict[str, list[str]]:
    """For each launch card the cards that share a word with it, most popular first: what a listener takes it for."""
    cards = table("cards", folder)
    cards = cards[cards["wave"] == 0].sort_values("rank")
    words = {card: {*name.replace("-", " ").split()} - {"The"} for card, name in cards["name"].items()}
    return {card: [other for other in cards.index if other != card and words[other] & words[card]] for card in cards.index}


def annotate(seed: int, rows: pd.DataFrame, people: Sequence[Annotator], suggested: Sequence[str]) -> pd.DataFrame:
    """Everybody's label for every clip.

    Parameters
    ----------
    rows : requests with the truth columns
    people : the annotators
    suggested : (n,) the product's best guess for each clip, which stands on the annotators' screen

    Returns
    -------
    DataFrame with columns id (of the request), annotator, label (card, "outside" or "cannot tell"), days (delay), price
    """
    if len(suggested) != len(rows):
        raise ValueError(f"{len(suggested)} suggestions for {len(rows)} clips arrived; one each is expected")
    if len(rows) == 0 or len(people) == 0:
        raise ValueError(f"{len(rows)} clips and {len(people)} annotators arrived; at least one of each is expected")
    kind, right, suggested = heard(rows), right_labels(rows).to_numpy(str).astype("U12"), np.asarray(suggested, str)
    parts = [_labels(seed, rows, one, kind, right, suggested) for one in people]
    return pd.concat(parts, ignore_index=True)


def _labels(seed, rows, one, kind, right, suggested):
    """One person's labels: the rule as they read it, then slips. The draws depend on person and clip, not on the guideline."""
    said = rows["said"].to_numpy(str)
    nearest = np.select([kind == OUTSIDE, kind == "sound-alikes"], [suggested, UNCLEAR], said)
    label = np.where(np.isin(kind, list(one.misreads)), nearest, right)
    rng = keyed(seed, "labels", one.name, len(rows))
    slips, delay = rng.random(len(rows)) > one.skill, rng.exponential(one.days, len(rows))
    lines, picks, cards = rng.random(len(rows)) < WRONG_LINE, rng.random(len(rows)), list(alike())
    for i in np.flatnonzero(slips):
        taken_for = cards if lines[i] else [*alike().get(said[i], []), suggested[i], UNCLEAR, OUTSIDE]
        others = [other for other in taken_for if other != label[i]]
        label[i] = others[int(picks[i] * len(others))]
    return pd.DataFrame(dict(id=rows["id"].to_numpy(str), annotator=one.name, label=label.astype(object), days=delay.round(1), price=one.price))
