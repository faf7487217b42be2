"""A lesson under way: its number and seed, guesses before results, decisions, the sealed answer."""
import os
from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from course_lib.learn import decisions, ledger, markup, plots


@dataclass(frozen=True)
class Lesson:
    """Which lesson runs in this kernel, and with which seed."""
    number: str
    seed: int


_current: Lesson | None = None
_limits = None


def begin(number: str, seed: int = 0) -> None:
    """Open a lesson: guesses, checks and the ledger take lesson and seed from it; one thread for linear algebra."""
    global _current, _limits
    if not (isinstance(number, str) and len(number) == 2 and number.isdigit()):
        raise ValueError(f"lesson {number!r} arrived; two digits such as \"03\" are expected")
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"seed {seed!r} arrived; a whole number from 0 up is expected")
    _limits = threadpool_limits(1)
    np.set_printoptions(legacy="1.25")                # 0.17 instead of np.float64(0.17)
    plots.projector() if os.environ.get("COURSE_PROJECTOR") else plots.style()
    markup.break_at_words()
    _current = Lesson(number, int(seed))


def current() -> Lesson | None:
    """The lesson that `begin` opened, or None outside a lesson."""
    return _current


def _about():
    return dict(lesson=_current.number, seed=_current.seed) if _current else {}


def guess(key: str, /, between: tuple[float, float] | None = None, **values) -> None:
    """Commit a guess before a result; None leaves it open. It is drawn beside the truth later.

    Parameters
    ----------
    key : the guess, such as "00.1"
    between : the least and the greatest number that make sense, such as (0, 100) for percent
    values : a number, True or False, or a text for each name
    """
    odd = {name: value for name, value in values.items() if not isinstance(value, (int, float, bool, str, np.generic, type(None)))}
    if odd:
        name, value = next(iter(odd.items()))
        print(f"{name} is {type(value).__name__}; a number, True, False or a text is expected. Nothing was kept.")
        return
    given = {name: value for name, value in values.items() if value is not None}
    if not given:
        print("No guess entered. Put a value in place of None and run again; the lesson goes on either way.")
        return
    outside = _outside(given, between)
    if outside:
        print(outside)
        return
    late = not ledger.entries("reveal", key).empty
    ledger.record("guess", key, dict(values=given, late=late), **_about())
    said = ", ".join(f"{name} = {value}" for name, value in given.items())
    print(f"Kept: {said}." + (" You have seen the result already, so this one counts as late." if late else ""))


def _outside(given, between):
    """A sentence about the first number that cannot be meant; empty if all can."""
    low, high = between or (-np.inf, np.inf)
    for name, value in given.items():
        if between and (isinstance(value, (str, bool)) or not low <= value <= high):
            return f"{name} is {value!r}; a number from {low:g} to {high:g} is expected. Nothing was kept."
        if between and 0 < value < 1 and high >= 100:
            return f"{name} is {value:g}, less than 1 of {high:g}. If you mean {100 * value:g}, enter that. Nothing was kept."
    return ""


def guessed(key: str) -> dict:
    """The numbers of the last guess of a key; empty if there was none."""
    values = (ledger.latest("guess", key) or {}).get("values", {})
    return {name: float(value) for name, value in values.items() if not isinstance(value, (str, bool))}


def reveal(key: str, **truth) -> pd.DataFrame:
    """Your guess beside the truth, as a table; from now on a new guess for this key counts as late."""
    ledger.record("reveal", key, dict(truth=truth), **_about())
    mine = (ledger.latest("guess", key) or {}).get("values", {})
    return pd.DataFrame({"your guess": [mine.get(name, "none") for name in truth], "truth": list(truth.values())}, index=list(truth))


def decide(name: str, value) -> None:
    """Keep a decision for later lessons, such as the threshold; a sentence says why if it cannot be kept."""
    words = decisions.fault(name, value)
    if words:
        print(f"{words} Nothing was kept.")
        return
    ledger.record("decision", name, dict(value=value), **_about())


def decision(name: str, default=None):
    """The learner's last decision; `default`, or else the course's (data/decisions.yaml), if there is no sound one.

    KeyError where there is no decision of that name.
    """
    kept = ledger.latest("decision", name)
    if kept is not None and "value" in kept and not decisions.fault(name, kept["value"]):
        return kept["value"]
    return decisions.default(name) if default is None else default


def decided_in(name: str) -> str:
    """The lesson in which the learner last kept a decision, such as "04"; empty where the course's default stands in."""
    found = ledger.entries("decision", name)
    if found.empty or decisions.fault(name, found["payload"].iloc[-1].get("value")):
        return ""
    return found["lesson"].iloc[-1] or ""


def seal(key: str, text: str) -> None:
    """Keep an answer unread until `unseal`; an empty text keeps nothing."""
    if not isinstance(text, str):
        raise ValueError(f"a text was expected, {type(text).__name__} arrived")
    if not text.strip():
        print("Nothing sealed. Write between the quotes and run again; the lesson goes on either way.")
        return
    ledger.record("seal", key, dict(text=text.strip()), **_about())
    print(f"Sealed, {len(text.split())} words, until the end of the course.")


def unseal(key: str) -> list[str]:
    """Every answer that was sealed under a key, the oldest first."""
    return [payload["text"] for payload in ledger.entries("seal", key)["payload"]]
