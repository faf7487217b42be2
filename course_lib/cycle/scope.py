"""What an answer is worth: decisions from confidence, kinds of error, their cost, promises kept."""
from numbers import Real

import numpy as np
import pandas as pd

from course_lib.cycle.charter import Charter, CharterError, charter, faults, read  # noqa: F401, the charter is part of the scope
from course_lib.world.users import SORRY

OUTCOMES = ("right", "wrong card", "needless sorry", "fair sorry")


def decide(probabilities: np.ndarray, classes, threshold: float) -> np.ndarray:
    """The likeliest card of each row, or "sorry" where its probability is below the threshold.

    Parameters
    ----------
    probabilities : (n, k), rows add up to 1; a DataFrame is read by the names of its columns, in any order
    classes : the k card ids
    threshold : confidence from 0 (always answer) to 1

    Raises
    ------
    ValueError
        The threshold is no confidence, or there is not one column for each card.

    >>> decide(np.array([[.9, .1], [.4, .6]]), ["c01", "c02"], .7).tolist()
    ['c01', 'sorry']
    """
    if isinstance(threshold, (bool, np.bool_)) or not isinstance(threshold, Real) or not 0 <= threshold <= 1:
        raise ValueError(f"threshold is {threshold!r}; a confidence from 0 to 1 is expected")
    shares = _in_order(probabilities, list(classes))
    best, sure = shares.argmax(axis=1), shares.max(axis=1) >= threshold
    return np.where(sure, np.asarray(classes, str)[best], SORRY)


def _in_order(probabilities, classes):
    """Probabilities as an array whose columns follow the classes."""
    if isinstance(probabilities, pd.DataFrame):
        from course_lib.cycle.train import aligned      # here, as the service decides from arrays and needs no training
        probabilities = aligned(probabilities, classes)
    shares = np.asarray(probabilities, float)
    if shares.ndim != 2 or shares.shape[1] != len(classes) or not len(classes):
        raise ValueError(f"probabilities of shape {shares.shape} for {len(classes)} cards arrived; a row a request, a column a card are expected")
    return shares


def outcome(rows: pd.DataFrame, shown) -> np.ndarray:
    """What each answer was for its user: right, wrong card, needless sorry or fair sorry.

    A "sorry" is fair where nobody could know: names outside the catalogue, first names, cut-off speech.
    """
    lost = [name for name in ("card", "kind") if name not in rows]
    if lost:
        raise ValueError(f"the requests have no column {' and no '.join(lost)}; labelled requests, with card and kind, are expected")
    shown, card = np.asarray(shown, str), rows["card"].to_numpy(str)
    if shown.shape != card.shape:
        raise ValueError(f"{shown.size} answers for {len(rows)} requests arrived; one each, in the same order, is expected")
    answerable = (card != "") & (rows["kind"].to_numpy(str) == "full")
    return np.select([shown == card, shown != SORRY, answerable], OUTCOMES[:3], OUTCOMES[3])


def price(outcomes: np.ndarray, rules: Charter) -> np.ndarray:
    """What each outcome costs, in the charter's cents, (n,); `outcomes` as `outcome` gives them."""
    return rules.cost_wrong_card * (outcomes == OUTCOMES[1]) + rules.cost_sorry * (outcomes == OUTCOMES[2])


def cost(outcomes, rules: Charter, slow=None) -> float:
    """Cost of 1,000 requests with these outcomes, in the charter's cents.

    Parameters
    ----------
    outcomes : (n,) of `OUTCOMES`
    rules : the charter, whose prices apply
    slow : (n,) booleans, answers that came later than promised; None charges for none
    """
    outcomes = np.asarray(outcomes)
    odd = sorted(set(outcomes.tolist()) - set(OUTCOMES))
    if odd or not outcomes.size:
        raise ValueError((f"outcome {odd[0]!r} is unknown" if odd else "no outcome arrived") + f"; known are {', '.join(OUTCOMES)}")
    if slow is not None and np.shape(slow) != outcomes.shape:
        raise ValueError(f"{np.size(slow)} marks of slow answers for {outcomes.size} outcomes arrived; one each is expected")
    each = price(outcomes, rules)
    return float(1000 * (each if slow is None else each + rules.cost_slow * np.asarray(slow, bool)).mean())


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


def bill(rows: pd.DataFrame, shown, rules: Charter, slow=None) -> pd.Series:
    """What a product did with 1,000 requests: outcomes, slow answers, and their cost in cents."""
    outcomes = outcome(rows, shown)
    counts = {name: 1000 * float((outcomes == name).mean()) for name in OUTCOMES}
    late = 0.0 if slow is None else 1000 * float(np.mean(slow))
    return pd.Series(counts | {"slow": late, "cost": cost(outcomes, rules, slow)})


def budget_spent(requests, slow, share: float) -> float:
    """Part of an error budget that is spent: 1 is all of it, more is a broken promise.

    Parameters
    ----------
    requests, slow : (days,) counts of a window
    share : of requests, promised to be fast, such as .95

    >>> round(budget_spent([1000, 3000], [20, 80], .95), 3)
    0.5
    """
    requests, slow = np.asarray(requests, float), np.asarray(slow, float)
    if not 0 < share < 1:
        raise ValueError(f"share is {share!r}; a share above 0 and below 1 is expected, as a promise of all leaves no budget")
    if requests.shape != slow.shape or not requests.sum() > 0 or (slow < 0).any() or (slow > requests).any():
        raise ValueError("requests and slow are expected as counts a day, slow at most as many as requests, and not all days empty")
    return float(slow.sum() / ((1 - share) * requests.sum()))
