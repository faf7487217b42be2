"""The quiz and the labelling booth in a real JupyterLab, by keyboard alone and by mouse."""

QUIZ = """\
from types import SimpleNamespace as Record
from course_lib.learn import plots, quiz
plots.style()
quiz.questions = lambda lesson: [
    Record(key="00.q1", text="The test score stands still all year, and users complain more each week. Which "
           "explanation fits both?", options={"a": "The model is overfitted to its training set",
           "b": "The world has moved away from the one that the test set was drawn from, so that the score measures the past"}),
    Record(key="00.q2", text="What does an interval tell?", options={"a": "Where users are", "b": "How far off we may be"})]
quiz.grade = lambda key, chosen: Record(correct=chosen == "b", why="The test set is a picture of launch week.")
quiz.quiz("00")
"""
BOOTH = """\
import numpy as np
from course_lib.learn import booth, plots
plots.style()
tones = [.3 * np.sin(2 * np.pi * hertz * np.arange(9000) / 16000) for hertz in (300, 600)]
panel = booth.booth("00.labels", tones, 16000, {"Ada Lind (singer)": "c01", "Bo Ek (politician)": "c02"},
                    ["sounds like AY-da LIND", "sounds like BOH EK"])
panel
"""
STATUS = ".course-panel > .course-status"


def test_a_quiz_is_answered_by_keyboard_and_by_mouse(open_lab):
    page = open_lab("quiz.ipynb", [QUIZ])
    page.run_all()
    keyboard = page.page.keyboard
    page.page.get_by_role("radio").first.focus()
    for key in ("Space", "Tab", "Enter"):               # choose a, go to its button, press it
        keyboard.press(key)
    page.wait_text(".course-panel", "Not quite. The test set is a picture of launch week.")
    assert page.wait_text(STATUS, "of 2") == "0 of 2 correct so far."
    keyboard.press("Shift+Tab")
    for key in ("ArrowDown", "Tab", "Space"):
        keyboard.press(key)
    page.wait_text(STATUS, "1 of 2 correct")
    page.page.get_by_role("radio", name="b. How far off we may be").check()
    page.page.get_by_role("button", name="Check").nth(1).click()
    page.wait_text(STATUS, "2 of 2 correct")
    assert page.page.get_by_role("radiogroup", name="2. What does an interval tell?").count() == 1


def test_clips_are_labelled_and_a_second_visit_goes_on(open_lab):
    page = open_lab("booth.ipynb", [BOOTH])
    page.run_all()
    page.page.get_by_role("button", name="Next").click()
    page.wait_text(STATUS, "Choose a card")
    page.page.get_by_role("radio", name="Bo Ek (politician)").focus()
    for key in ("Space", "Tab"):
        page.page.keyboard.press(key)
    page.page.get_by_role("button", name="Next").press("Enter")
    page.wait_text(STATUS, "1 of 2 clips are labelled")
    first = page.source_bytes(".course-panel audio")
    page.run_all()                                      # the cell once more: the ledger remembers
    page.wait_text(".course-panel figcaption", "Clip 2 of 2")
    assert page.source_bytes(".course-panel audio") == first
    page.page.get_by_role("radio", name="cannot tell").check()
    page.page.get_by_role("button", name="Done").click()
    assert page.wait_text(STATUS, "2 of 2") == "2 of 2 clips are labelled, 1 of them “cannot tell”. Done: run the next cell."
