"""Every exercise of every lesson: right, right another way, each typical mistake, untouched, crashed, odd answers."""
import pandas as pd
import pytest

from course_lib.learn import check
from course_lib.learn.check import exercises, judge, source_of

EVERY = list(exercises().values())
each = pytest.mark.parametrize("task", EVERY, ids=lambda task: task.key)
SEEDS = (0, 7, 41)


def answer(task, function):
    """An answer to a task, given a function: the function, or what it returns."""
    return function() if task.value else function


@each
@pytest.mark.parametrize("seed", SEEDS)
def test_right_and_right_another_way(task, seed):
    chosen = task.value and isinstance(task.reference(), str)              # one of some given texts: there is no other way
    assert task.also or chosen, "no other right way is known, so the check may only accept its own"
    for function in (task.reference, *task.also):
        outcome = judge(task, answer(task, function), seed)
        assert outcome.kind == "correct", outcome.words


@each
def test_each_typical_mistake_has_its_own_sentence(task):
    assert len(task.mistakes) >= 2
    for seed in SEEDS:
        for words, mistake in task.mistakes.items():
            outcome = judge(task, answer(task, mistake), seed)
            assert outcome.kind == "incorrect" and words in outcome.words, (seed, outcome.words)


@each
def test_untouched_is_said_so_and_the_lesson_goes_on(task, capsys):
    stub = {}
    exec(source_of(task.key)[2], stub)
    went_on = check.check(task.key, stub[task.name])
    assert capsys.readouterr().out.startswith(f"○ {task.key} is still open")
    assert judge(task, went_on).kind == "correct"
    for nothing in (..., None) + (() if task.value else (_raises(NotImplementedError()),)):
        assert judge(task, nothing).kind == "not attempted"


@each
@pytest.mark.parametrize("odd", [object(), float("nan"), [], "text", -1, {}], ids=["object", "nan", "list", "text", "-1", "dict"])
def test_odd_answers_get_a_sentence(task, odd):
    for given in [odd] if task.value else [odd, lambda *_: odd, lambda: odd]:
        outcome = judge(task, given)
        assert outcome.kind in ("incorrect", "crashed") and outcome.words.startswith(f"✗ {task.key}: ")
        assert "\n" not in outcome.words and len(outcome.words) < 700


@each
def test_a_crash_names_the_error_and_the_line(task):
    if task.value:
        pytest.skip("this answer is a value and cannot crash")
    outcome = judge(task, _raises(KeyError("colour")))
    assert outcome.kind == "crashed" and "KeyError in line" in outcome.words and "colour" in outcome.words


@each
def test_hints_and_why(task):
    assert len(task.hints) >= 1 and task.why and all(text.strip().endswith((".", "?", "!")) for text in (*task.hints, task.why, *task.mistakes))


@each
def test_the_reference_source_stands_alone(task):
    name, source, _ = source_of(task.key)
    place = {}
    exec(f"import numpy as np\nimport pandas as pd\n{source}", place)
    assert judge(task, place[name]).kind == "correct"


def test_an_answer_cannot_spoil_the_cases():
    task = next(task for task in EVERY if not task.value and any(isinstance(a, pd.DataFrame) for a in task.arguments(0)[0]))

    def spoils(*arguments):
        right = task.reference(*arguments)
        for table in arguments:
            if isinstance(table, pd.DataFrame):
                table.iloc[:] = 0
        return right
    assert judge(task, spoils).kind == "correct" and judge(task, task.reference).kind == "correct"


def _raises(error):
    def answer(*_):
        raise error
    return answer
