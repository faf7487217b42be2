"""A lesson under way: guesses, reveals, decisions and the sealed answer; check, hints, solution and progress."""
import os

import numpy as np
import pytest

from course_lib.learn import check, ledger, lesson, spaced
from course_lib.world.tables import TableError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    lesson.begin("00", 0)


@pytest.mark.parametrize("number, seed, words", [("0", 0, "two digits"), (0, 0, "two digits"), ("00", -1, "seed -1"), ("00", .5, "seed 0.5"),
                                                 ("00", True, "seed True"), ("00", "3", "seed '3'")])
def test_begin_says_what_it_expected(number, seed, words):
    with pytest.raises(ValueError, match=words):
        lesson.begin(number, seed)


def test_a_guess_is_kept_and_the_last_one_counts(capsys):
    lesson.guess("00.1", accuracy=50)
    lesson.guess("00.1", accuracy=np.int64(70), sure=True)
    assert lesson.guessed("00.1") == {"accuracy": 70.0} and "Kept: accuracy = 70, sure = True." in capsys.readouterr().out
    assert ledger.latest("guess", "00.1")["late"] is False


def test_an_open_guess_keeps_nothing_and_odd_ones_are_refused_in_words(capsys):
    lesson.guess("00.1", accuracy=None)
    lesson.guess("00.1", accuracy=[1, 2])
    said = capsys.readouterr().out
    assert "No guess entered" in said and "accuracy is list" in said and ledger.entries("guess").empty and lesson.guessed("00.1") == {}


def test_a_guess_after_the_reveal_counts_as_late(capsys):
    lesson.guess("00.3", regained=80)
    table = lesson.reveal("00.3", regained=53)
    assert table.loc["regained"].tolist() == [80, 53]
    lesson.guess("00.3", regained=53)
    assert "counts as late" in capsys.readouterr().out and ledger.latest("guess", "00.3")["late"] is True
    assert lesson.reveal("00.9", x=1).loc["x", "your guess"] == "none"


def test_a_decision_is_kept_for_later_lessons_and_else_the_charter_decides():
    assert lesson.decision("threshold") == .5 and lesson.decision("split", "speaker") == "speaker"
    lesson.decide("threshold", np.float64(.4))
    assert lesson.decision("threshold") == .4
    with pytest.raises(KeyError):
        lesson.decision("no such decision")


def test_a_sealed_answer_stays_shut(capsys):
    lesson.seal("what now?", "   ")
    lesson.seal("what now?", "Look at the log first. ")
    said = capsys.readouterr().out
    assert "Nothing sealed" in said and "Sealed, 5 words" in said and "Look" not in said
    assert lesson.unseal("what now?") == ["Look at the log first."]
    with pytest.raises(ValueError, match="a text was expected"):
        lesson.seal("what now?", 3)


def test_linear_algebra_has_one_thread_in_a_lesson():
    from threadpoolctl import threadpool_info
    assert {pool["num_threads"] for pool in threadpool_info()} <= {1}


def test_hints_come_in_steps_then_all(capsys):
    total = len(check.find("00.1").hints)
    for step in range(1, total + 1):
        check.hint("00.1")
        assert capsys.readouterr().out.startswith(f"Hint {step} of {total}")
    check.hint("00.1")
    said = capsys.readouterr().out
    assert said.count("Hint") == total and 'solution("00.1")' in said


def test_the_solution_has_its_why(capsys):
    check.solution("00.1")
    said = capsys.readouterr().out
    assert "def cost_per_1000" in said and check.find("00.1").why in said


def test_an_unknown_key_names_near_ones():
    with pytest.raises(KeyError, match="did you mean 00.1"):
        check.check("00.11", 3)


def test_check_returns_the_answer_if_it_is_right_else_the_reference(capsys):
    task = check.find("00.1")
    mine = task.also[0]
    assert check.check("00.1", mine) is mine
    assert check.check("00.1", lambda *_: 0) is task.reference
    assert check.check("00.5", "raise the threshold") == "mend the card table"
    kinds = [payload["outcome"] for payload in ledger.entries("check")["payload"]]
    assert kinds[:2] == ["correct", "incorrect"] and capsys.readouterr().out.count("\n") == len(kinds)


def test_progress_counts_what_was_done():
    before = check.progress().loc["00"]
    assert before["exercises"] == 5 and before[["correct", "tried", "guesses", "quiz"]].sum() == 0
    check.check("00.1", check.find("00.1").reference)
    check.check("00.1", ...)
    check.check("00.5", "raise the threshold")
    check.check("00.2", ...)
    lesson.guess("00.1", accuracy=3)
    question = spaced.questions("00")[0]
    spaced.grade(question.key, question.right)
    after = check.progress().loc["00"]
    assert after[["correct", "tried", "guesses", "quiz"]].tolist() == [1, 2, 1, 1]


def test_every_question_is_sound_and_its_right_option_is_not_always_the_same_letter():
    every = list(spaced.all_questions().values())
    assert {question.key[:2] for question in every} == set(check.modules())
    assert len({question.right for question in every}) > 1 and len({question.text for question in every}) == len(every)
    for question in every:
        assert spaced.grade(question.key, question.right).correct
        for letter in set(question.options) - {question.right}:
            assert not spaced.grade(question.key, letter).correct


def test_two_questions_of_earlier_lessons_come_back(monkeypatch, tmp_path):
    path = tmp_path / "questions.yaml"
    one = "  - {text: T%d, options: {a: A, b: B}, right: a, why: {a: W, b: V}}\n"
    path.write_text('"00":\n' + "".join(one % i for i in range(6)) + '"01":\n' + one % 9)
    known = spaced.all_questions(tmp_path)
    monkeypatch.setattr(spaced, "all_questions", lambda: known)
    asked = [question.key for question in spaced.questions("01")]
    assert asked[0] == "01.q1" and len(asked) == 3 and all(key.startswith("00.") for key in asked[1:])
    assert [question.key for question in spaced.questions("01")] == asked and len(spaced.questions("00")) == 6


@pytest.mark.parametrize("text, words", [('"00": 3', "a list of questions"), ('"00": [{text: a}]', "00.q1: the fields"),
                                         ('"00": [{text: a, options: {a: A}, right: a, why: {a: W}}]', "two or more options"),
                                         ('"00": [{text: a, options: {a: A, b: B}, right: c, why: {a: W, b: V}}]', "right is 'c'")])
def test_a_broken_question_is_named(tmp_path, text, words):
    (tmp_path / "questions.yaml").write_text(text)
    with pytest.raises(TableError, match=words):
        spaced.all_questions(tmp_path)


@pytest.mark.parametrize("key, letter", [("00.q1", "z"), ("00.q99", "a")])
def test_grading_what_is_not_there(key, letter):
    with pytest.raises(ValueError, match="not an option|no question"):
        spaced.grade(key, letter)


def test_the_projector_is_chosen_by_a_variable(monkeypatch):
    from course_lib.learn import plots
    called = []
    monkeypatch.setattr(plots, "projector", lambda: called.append(1))
    monkeypatch.setitem(os.environ, "COURSE_PROJECTOR", "1")
    lesson.begin("00")
    assert called == [1]


def test_a_guess_in_another_unit_is_asked_about(capsys):
    for value in (.93, 950, -1, "ninety", True):
        lesson.guess("00.1", between=(0, 100), accuracy=value)
    said = capsys.readouterr().out.splitlines()
    assert ledger.entries("guess").empty and len(said) == 5 and "If you mean 93, enter that" in said[0] and "from 0 to 100" in said[1]
    lesson.guess("00.1", between=(0, 100), accuracy=93)
    lesson.guess("00.2", between=(0, 1), share=.93)
    assert lesson.guessed("00.1") == {"accuracy": 93} and lesson.guessed("00.2") == {"share": .93}


def test_a_function_that_only_prints_is_told_to_return(capsys):
    check.check("00.1", lambda *_: None)
    assert "write `return`" in capsys.readouterr().out


def test_a_text_answer_may_have_other_capitals(capsys):
    assert check.check("00.5", " Mend the card table ").strip() == "Mend the card table" and "✓" in capsys.readouterr().out
