"""What an answer is worth: decisions from confidence, kinds of error, their cost."""
from dataclasses import dataclass

import numpy as np
import pandas as pd

from course_lib.world.tables import settings
from course_lib.world.users import SORRY

OUTCOMES = ("right", "wrong card", "needless sorry", "fair sorry")


@dataclass(frozen=True)
class Charter:
    """What the team promised and what errors cost: data/charter.yaml until lesson 01 replaces it."""
    threshold: float
    cost_wrong_card: float
    cost_sorry: float
    error_per_1000: float
    p95_ms: float
    owner: str

    def __post_init__(self):
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold is {self.threshold!r}; a confidence from 0 to 1 is expected")


def charter() -> Charter:
    """The default charter, from data/charter.yaml."""
    return Charter(**settings("charter"))


def decide(probabilities: np.ndarray, classes, threshold: float) -> np.ndarray:
    """The likeliest card of each row, or "sorry" where its probability is below the threshold.

    Parameters
    ----------
    probabilities : (n, k), rows add up to 1
    classes : the k card ids
    threshold : confidence from 0 (always answer) to 1

    >>> decide(np.array([[.9, .1], [.4, .6]]), ["c01", "c02"], .7).tolist()
    ['c01', 'sorry']
    """
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold is {threshold!r}; a confidence from 0 to 1 is expected")
    best = np.asarray(probabilities).argmax(axis=1)
    sure = np.asarray(probabilities).max(axis=1) >= threshold
    return np.where(sure, np.asarray(classes, str)[best], SORRY)


def outcome(rows: pd.DataFrame, shown) -> np.ndarray:
    """What each answer was for its user: right, wrong card, needless sorry or fair sorry.

    A "sorry" is fair where nobody could know: names outside the catalogue, first names, cut-off speech.
    """
    shown, card = np.asarray(shown, str), rows["card"].to_numpy(str)
    answerable = (card != "") & (rows["kind"].to_numpy(str) == "full")
    return np.select([shown == card, shown != SORRY, answerable], OUTCOMES[:3], OUTCOMES[3])


def cost(outcomes, rules: Charter) -> float:
    """Cost of 1,000 requests with these outcomes, in the charter's units."""
    outcomes = np.asarray(outcomes)
    price = rules.cost_wrong_card * (outcomes == OUTCOMES[1]) + rules.cost_sorry * (outcomes == OUTCOMES[2])
    return float(1000 * price.mean())
