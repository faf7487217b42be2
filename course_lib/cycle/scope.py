"""What an answer is worth: decisions from confidence, kinds of error, their cost, promises kept."""
import numpy as np
import pandas as pd

from course_lib.cycle.charter import Charter, CharterError, charter, faults, read  # noqa: F401, the charter is part of the scope
from course_lib.world.users import SORRY

OUTCOMES = ("right", "wrong card", "needless sorry", "fair sorry")


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


def cost(outcomes, rules: Charter, slow=None) -> float:
    """Cost of 1,000 requests with these outcomes, in the charter's cents.

    Parameters
    ----------
    outcomes : (n,) of `OUTCOMES`
    rules : the charter, whose prices apply
    slow : (n,) booleans, answers that came later than promised; None charges for none
    """
    outcomes = np.asarray(outcomes)
    price = rules.cost_wrong_card * (outcomes == OUTCOMES[1]) + rules.cost_sorry * (outcomes == OUTCOMES[2])
    return float(1000 * (price if slow is None else price + rules.cost_slow * np.asarray(slow, bool)).mean())


def by_threshold(rows: pd.DataFrame, probabilities: np.ndarray, classes, rules: Charter, thresholds=np.arange(0, .96, .05)) -> pd.DataFrame:
    """What each threshold would have done with labelled requests.

    Parameters
    ----------
    rows : n labelled requests, with `card` and `kind`
    probabilities : (n, k), for the k `classes`
    rules : the charter, whose prices apply

    Returns
    -------
    DataFrame with columns threshold, wrong, needless (counts), requests, cost (cents per 1,000 requests)
    """
    found = [(float(round(t, 4)), outcome(rows, decide(probabilities, classes, t))) for t in thresholds]
    return pd.DataFrame([(t, int((o == OUTCOMES[1]).sum()), int((o == OUTCOMES[2]).sum()), len(o), cost(o, rules)) for t, o in found],
                        columns=["threshold", "wrong", "needless", "requests", "cost"])
