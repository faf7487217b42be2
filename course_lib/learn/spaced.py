"""Questions: those of a lesson, and two that come back from earlier ones (spaced retrieval; Cepeda et al., 2006)."""
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Mapping

from course_lib.learn import ledger, lesson
from course_lib.world.draws import keyed
from course_lib.world.tables import DATA, TableError

RETURNING = 2
_FIELDS = {"text", "options", "right", "why"}


@dataclass(frozen=True)
class Question:
    """One question with lettered options, the letter of the right one, and a why for each option."""
    key: str
    text: str
    options: Mapping[str, str]
    right: str
    why: Mapping[str, str]


@dataclass(frozen=True)
class Grade:
    """Whether an option is right, and why."""
    correct: bool
    why: str


@lru_cache
def all_questions(folder: Path = DATA) -> dict[str, Question]:
    """Every question of data/questions.yaml by key; TableError names the first that is not well-formed."""
    from course_lib.world.tables import settings
    out = {}
    for number, listed in settings("questions", folder).items():
        if not isinstance(listed, list):
            raise TableError(f"questions.yaml, {number}: a list of questions is expected")
        for i, entry in enumerate(listed, 1):
            key = f"{number}.q{i}"
            out[key] = Question(key, **_sound(key, entry))
    return out


def _sound(key, entry):
    if not isinstance(entry, Mapping) or set(entry) != _FIELDS:
        raise TableError(f"questions.yaml, {key}: the fields {', '.join(sorted(_FIELDS))} are expected")
    options = entry["options"]
    if not isinstance(options, Mapping) or len(options) < 2 or set(options) != set(entry["why"]):
        raise TableError(f"questions.yaml, {key}: two or more options are expected, and a why for each of them")
    if entry["right"] not in options:
        raise TableError(f"questions.yaml, {key}: right is {entry['right']!r}, which is not one of {', '.join(options)}")
    return entry


def questions(number: str) -> list[Question]:
    """The questions of a lesson, then up to two from earlier lessons; which ones depends on the seed."""
    known = all_questions()
    own = [q for key, q in known.items() if key.startswith(f"{number}.")]
    earlier = [q for key, q in known.items() if key[:2] < number]
    if not own:
        raise ValueError(f"lesson {number!r} has no questions in data/questions.yaml")
    seed = lesson.current().seed if lesson.current() else 0
    picked = keyed(seed, "spaced", number).permutation(len(earlier))[:RETURNING]
    return own + [earlier[i] for i in sorted(picked)]


def grade(key: str, chosen: str) -> Grade:
    """Grade an option by its letter and keep the answer in the ledger; ValueError for unknown keys and letters."""
    known = all_questions()
    if key not in known:
        raise ValueError(f"there is no question {key!r}; keys look like {next(iter(known))!r}")
    question = known[key]
    if chosen not in question.options:
        raise ValueError(f"{chosen!r} is not an option of {key}; choose one of {', '.join(question.options)}")
    correct = chosen == question.right
    ledger.record("quiz", key, dict(chosen=chosen, correct=correct), lesson=key[:2])
    return Grade(correct, question.why[chosen])
