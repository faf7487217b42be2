"""Exercises: the reference is written once, answers are compared with it, typical mistakes have words of their own."""
import ast
import copy
import difflib
import importlib
import inspect
import pkgutil
import re
import textwrap
import traceback
from dataclasses import dataclass
from functools import lru_cache
from typing import Callable, Mapping, Sequence

import pandas as pd

from course_lib.learn import ledger, lesson
from course_lib.learn.compare import same, short


@dataclass(frozen=True)
class Exercise:
    """One exercise; made by the `exercise` decorator on its reference answer.

    Attributes
    ----------
    key : "00.2"; reference : the right function, or for `value` a function whose result is the answer
    cases : seed -> list of argument tuples on which an answer is compared
    mistakes : sentence for the learner -> function that makes the mistake
    hints, why : shown by `hint` in steps, and by `solution`
    also : other right ways, for tests
    close : absolute and relative tolerance of numbers
    named : seed -> list of a few words for each case, such as "a holiday week"
    """
    key: str
    reference: Callable
    cases: Callable | None
    mistakes: Mapping[str, Callable]
    hints: Sequence[str]
    why: str
    also: Sequence[Callable]
    value: bool
    close: float
    named: Callable | None = None

    @property
    def name(self) -> str:
        return self.reference.__name__

    def arguments(self, seed: int) -> list[tuple]:
        """Argument tuples of all cases, fresh copies at each call."""
        return [()] if self.value else copy.deepcopy(list(self.cases(seed)))


@dataclass(frozen=True)
class Outcome:
    """What a check found: "correct", "incorrect", "not attempted" or "crashed", in words."""
    kind: str
    words: str


_registered: dict[str, Exercise] = {}


def exercise(key: str, cases: Callable | None = None, mistakes: Mapping = {}, hints: Sequence = (), why: str = "",
             also: Sequence = (), value: bool = False, close: float = 1e-6, named: Callable | None = None) -> Callable:
    """Register the decorated function as the reference answer of an exercise; it stays an ordinary function."""
    if (cases is None) != value:
        raise ValueError(f"exercise {key}: cases are needed, or value=True for an answer that is a value")
    def register(function):
        _registered[key] = Exercise(key, function, cases, dict(mistakes), tuple(hints), why, tuple(also), value, close, named)
        return function
    return register


@lru_cache
def modules() -> dict[str, object]:
    """Lesson modules by number: those of course_lib.lessons that say LESSON = "NN"."""
    import course_lib.lessons as package
    found = [importlib.import_module(f"course_lib.lessons.{m.name}") for m in pkgutil.iter_modules(package.__path__)
             if not m.name.endswith("_panels")]
    return {m.LESSON: m for m in sorted(found, key=lambda m: getattr(m, "LESSON", "")) if hasattr(m, "LESSON")}


def exercises(number: str | None = None) -> dict[str, Exercise]:
    """Exercises of a lesson, or of all, by key."""
    modules()
    return {key: e for key, e in sorted(_registered.items()) if number is None or key.startswith(number + ".")}


def find(key: str) -> Exercise:
    """The exercise of a key; KeyError with near keys if there is none."""
    known = exercises()
    if key not in known:
        near = difflib.get_close_matches(str(key), known, 3, .3)
        raise KeyError(f"there is no exercise {key!r}" + (f"; did you mean {' or '.join(near)}?" if near else ""))
    return known[key]


def check(key: str, answer):
    """Compare an answer with the reference, say in one line how it went, and return what the lesson goes on with.

    Returns
    -------
    the answer if it is correct, else the reference, so that every later cell runs
    """
    task = find(key)
    seed = lesson.current().seed if lesson.current() else 0
    outcome = judge(task, answer, seed)
    ledger.record("check", key, dict(outcome=outcome.kind), lesson=key[:2], seed=seed)
    print(outcome.words)
    if outcome.kind == "correct":
        return answer
    return task.reference() if task.value else task.reference


def judge(task: Exercise, answer, seed: int = 0) -> Outcome:
    """Judge an answer without a trace in the ledger."""
    if answer is Ellipsis or answer is None:
        return _open(task)
    if task.value:
        return _judge_value(task, answer)
    if not callable(answer):
        return Outcome("incorrect", f"✗ {task.key}: a function `{task.name}` was expected, {short(answer)} arrived.")
    expected = [task.reference(*arguments) for arguments in task.arguments(seed)]
    given = []
    for arguments in task.arguments(seed):
        try:
            given.append(answer(*arguments))
        except NotImplementedError:
            return _open(task)
        except Exception as error:
            return Outcome("crashed", f"✗ {task.key}: {_where(error, answer)}. {_first_hint(task)}")
    if all(one is Ellipsis for one in given):
        return _open(task)
    if all(one is None for one in given):
        return Outcome("incorrect", f"✗ {task.key}: your function returns nothing. Where it ends, write `return` and the result; "
                                    "what is only printed is lost.")
    return _compare(task, given, expected, seed)


def _open(task):
    return Outcome("not attempted", f"○ {task.key} is still open; the lesson goes on with the reference answer. "
                                    f"hint(\"{task.key}\") helps, solution(\"{task.key}\") shows it.")


def _judge_value(task, answer):
    if same(answer, task.reference(), task.close):
        return Outcome("correct", f"✓ {task.key}: correct. {task.why}")
    for words, mistake in task.mistakes.items():
        if same(answer, mistake(), task.close):
            return Outcome("incorrect", f"✗ {task.key}: {words}")
    return Outcome("incorrect", f"✗ {task.key}: {short(answer)} is not it. {_first_hint(task)}")


def _compare(task, given, expected, seed):
    wrong = [i for i, (mine, right) in enumerate(zip(given, expected)) if not same(mine, right, task.close)]
    if not wrong:
        return Outcome("correct", f"✓ {task.key}: correct on all {len(given)} cases. {task.why}")
    for words, mistake in task.mistakes.items():
        if all(same(mine, _quietly(mistake, arguments), task.close) for mine, arguments in zip(given, task.arguments(seed))):
            return Outcome("incorrect", f"✗ {task.key}: {words}")
    i = wrong[0]
    if task.named is not None:
        return Outcome("incorrect", f"✗ {task.key}: for {task.named(seed)[i]} your answer is {short(given[i])}; {short(expected[i])} was expected "
                                    f"({len(wrong)} of {len(given)} cases differ).")
    names = list(inspect.signature(task.reference).parameters)
    arguments = ", ".join(f"{n} = {short(a)}" for n, a in zip(names, task.arguments(seed)[i]))
    return Outcome("incorrect", f"✗ {task.key}: with {arguments} your answer is {short(given[i])}; {short(expected[i])} was expected "
                                f"({len(wrong)} of {len(given)} cases differ).")


def _quietly(function, arguments):
    try:
        return function(*arguments)
    except Exception as error:
        return error


def _where(error, answer):
    code = getattr(answer, "__code__", None)
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if code and f.filename == code.co_filename]
    at = f" in line {lines[-1] - code.co_firstlineno + 1} of your function" if lines else ""
    return f"{type(error).__name__}{at}: {textwrap.shorten(str(error) or 'no message', 120)}"


def _first_hint(task):
    return f"hint(\"{task.key}\") helps." if task.hints else ""


def hint(key: str) -> None:
    """Print the next hint of an exercise; after the last one, where the solution is."""
    task = find(key)
    seen = len(ledger.entries("hint", key))
    if seen < len(task.hints):
        ledger.record("hint", key, dict(step=seen + 1), lesson=key[:2])
        print(f"Hint {seen + 1} of {len(task.hints)}: {task.hints[seen]}")
    else:
        print("\n".join([f"Hint {i}: {words}" for i, words in enumerate(task.hints, 1)] + [f"That was all; solution(\"{key}\") shows the answer."]))


def solution(key: str) -> None:
    """Print the reference answer and why it is right."""
    ledger.record("hint", key, dict(step="solution"), lesson=key[:2])
    print(f"{source_of(key)[1]}\n\n{find(key).why}")


def source_of(key: str) -> tuple[str, str, str]:
    """Name, reference source and stub of an exercise, for the notebooks.

    >>> source_of("00.5")[2]
    'action = ...'
    """
    task = find(key)
    source = textwrap.dedent(inspect.getsource(task.reference))
    source = source[re.search(r"^def ", source, re.M).start():].rstrip()
    if task.value:
        return task.name, f"{task.name} = {source.rpartition('return ')[2]}", f"{task.name} = ..."
    first = ast.parse(source).body[0].body[0]
    head = first.end_lineno if inspect.getdoc(task.reference) else first.lineno - 1
    return task.name, source, "\n".join([*source.splitlines()[:head], "    return ..."])


def progress() -> pd.DataFrame:
    """Your way so far, a row a lesson: exercises, how many are correct or tried, guesses, quiz answers."""
    checks, guesses, quizzes = (ledger.entries(kind) for kind in ("check", "guess", "quiz"))
    rows = []
    for number, module in modules().items():
        keys = list(exercises(number))
        outcome = {k: {p["outcome"] for p in checks.loc[checks["key"] == k, "payload"]} for k in keys}
        answered = quizzes[quizzes["key"].str.startswith(number + ".")] if len(quizzes) else quizzes
        rows.append(dict(lesson=number, about=re.split(r"(?<=[.?!])\s", (module.__doc__ or "").strip())[0], exercises=len(keys),
                         correct=sum("correct" in o for o in outcome.values()),
                         tried=sum(bool(o - {"not attempted"}) for o in outcome.values()),
                         guesses=guesses.loc[guesses["key"].str.startswith(number + "."), "key"].nunique() if len(guesses) else 0,
                         quiz=answered.loc[[bool(p.get("correct")) for p in answered["payload"]], "key"].nunique() if len(answered) else 0))
    return pd.DataFrame(rows).set_index("lesson")
