"""The quiz and the labelling booth without a browser: what they grade, keep and say."""
import types

import numpy as np
import pytest

from course_lib.learn import booth as booths
from course_lib.learn import ledger
from course_lib.learn import lesson as lessons
from course_lib.learn import quiz as quizzes

QUESTIONS = [types.SimpleNamespace(key=f"00.q{i}", text=f"Question <{i}>?", options={"a": "wrong", "b": "right"})
             for i in (1, 2)]
TONE = (np.sin(np.arange(4_000) / 5) / 2).astype(np.float32)


@pytest.fixture
def graded(monkeypatch):
    """Two questions whose right answer is b, and the list of what was graded."""
    calls = []

    def grade(key, chosen):
        calls.append((key, chosen))
        return types.SimpleNamespace(correct=chosen == "b", why="Because of b.")
    monkeypatch.setattr(quizzes, "questions", lambda lesson: QUESTIONS)
    monkeypatch.setattr(quizzes, "grade", grade)
    return calls


@pytest.fixture
def home(monkeypatch, tmp_path):
    """A learner's workspace of its own."""
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))


def test_a_chosen_answer_is_graded_and_explained(graded):
    panel = quizzes.quiz("00")
    first, second = panel.cards
    first.choice.value = "a"
    first.button.click()
    assert first.status.value == "Not quite. Because of b." and panel.status.value == "0 of 2 correct so far."
    first.choice.value = "b"
    first.button.click()
    assert first.status.value == "Correct. Because of b." and panel.status.value == "1 of 2 correct so far."
    assert graded == [("00.q1", "a"), ("00.q1", "b")] and second.verdict is None


def test_nothing_is_graded_before_something_is_chosen(graded):
    panel = quizzes.quiz("00")
    panel.cards[1].button.click()
    assert panel.cards[1].status.value == "Choose an answer first." and graded == []


def test_the_text_quiz_asks_the_same_and_grades_the_same(graded):
    asked = quizzes.quiz_text("00")
    assert "Question &lt;1&gt;?" in asked.html and "b. right" in asked.html
    assert "00.q2 Question <2>?\n  a. wrong\n  b. right" in asked.words
    assert repr(quizzes.answer("00.q1", " B ")) == "Correct. Because of b."
    assert graded == [("00.q1", "b")]


def test_readers_are_not_shown_the_answers(graded):
    assert "Because" not in quizzes.quiz("00").face.html


def test_a_lesson_without_questions_is_named():
    with pytest.raises(ValueError, match="lesson '99' has no questions"):
        quizzes.quiz("99")


def test_the_questions_of_lesson_00_are_asked_and_kept(home):
    panel = quizzes.quiz("00")
    for card in panel.cards:
        card.choice.value = card.choice.options[0][1]
        card.button.click()
        assert card.status.value
    assert len(ledger.entries("quiz")) == len(panel.cards) >= 3


def open_booth(done=None):
    return booths.booth("00.labels", [TONE, TONE / 2], 16_000, {"Ada (singer)": "c01", "Bo": "c02"},
                        ["AY-da", "BOH"], done)


def label(panel, card):
    panel.choice.value = card
    panel.forward.click()


def test_labels_are_kept_and_come_back(home):
    seen = []
    first = open_booth(seen.append)
    label(first, "c02")
    assert "Clip 2 of 2" in first.sound.value and list(first.labels.label) == ["c02", None] and not seen
    again = open_booth(seen.append)
    assert "Clip 2 of 2" in again.sound.value and list(again.labels.label) == ["c02", None]
    label(again, booths.CANNOT_TELL)
    assert [list(frame.label) for frame in seen] == [["c02", "cannot tell"]]
    assert again.status.value == "2 of 2 clips are labelled, 1 of them “cannot tell”. Done: run the next cell."
    again.back.click()
    label(again, "c01")
    assert list(open_booth().labels.label) == ["c01", "cannot tell"]


def test_a_clip_without_a_choice_is_not_passed(home):
    panel = open_booth()
    panel.forward.click()
    assert "Clip 1 of 2" in panel.sound.value and "Choose a card" in panel.status.value


def test_labels_of_other_clips_are_not_taken_over(home):
    label(open_booth(), "c01")
    other = booths.booth("00.labels", [TONE], 16_000, ["c01"])
    assert list(other.labels.label) == [None]


def test_labels_of_another_seed_are_not_taken_over_and_come_back_with_theirs(home, monkeypatch):
    monkeypatch.setattr(lessons, "_current", lessons.Lesson("03", 0))
    label(open_booth(), "c01")
    monkeypatch.setattr(lessons, "_current", lessons.Lesson("03", 5))
    assert list(open_booth().labels.label) == [None, None]
    label(open_booth(), "c02")
    assert list(open_booth().labels.label) == ["c02", None]
    monkeypatch.setattr(lessons, "_current", lessons.Lesson("03", 0))
    assert list(open_booth().labels.label) == ["c01", None]


def test_what_a_booth_needs_is_said(home):
    with pytest.raises(ValueError, match="0 clips and 1 options"):
        booths.booth("00.labels", [], 16_000, ["c01"])
    with pytest.raises(ValueError, match="1 notes arrived for 2 clips"):
        booths.booth("00.labels", [TONE, TONE], 16_000, ["c01"], ["AY-da"])
