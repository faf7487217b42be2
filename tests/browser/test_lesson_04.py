"""Lesson 04 in the browser: the panels by mouse and by keyboard, moved until another option wins."""
import os
import re
import shutil
from pathlib import Path

import pytest

LESSON = Path(__file__).parents[2] / "notebooks" / "04_train.ipynb"
PANELS = ".course-panel"


def cents(status):
    """The cost of the setting that a panel's status tells."""
    return int(re.search(r"(\d+) cents per 1,000", status.inner_text())[1])


def test_stages_are_poked_and_another_loss_and_rate_win(everything, open_lab, lab):
    if not everything:
        pytest.skip("each widget of a whole lesson is tried by `course test --all` only")
    shutil.copy(LESSON, lab.folder / LESSON.name)
    page = open_lab(LESSON.name)
    page.run_all()
    choose = lambda label, option: page.page.get_by_label(label, exact=True).select_option(option)       # noqa: E731
    flow = page.page.locator(PANELS).filter(has_text="cents per 1,000").first
    status = flow.locator(".course-status")
    flow.scroll_into_view_if_needed()

    def told(words):
        page.page.wait_for_function("([e, words]) => e.innerText.startsWith(words)", arg=[status.element_handle(), words])
        return cents(status)
    log = told("log loss, C = 0.03, threshold 0.50")
    choose("Loss", "squared loss")
    assert told("squared loss, C = 0.03, threshold 0.50") > log
    choose("C (weights)", "10, hardly held")
    squared = told("squared loss, C = 10, threshold 0.50")
    choose("Loss", "log loss")
    free = told("log loss, C = 10, threshold 0.50")
    assert free > squared, "with C = 10 the squared loss is the cheaper one"
    page.move_slider("Threshold", keys=["End"])
    assert told("log loss, C = 10, threshold 0.95") < free
    image = flow.locator(".widget-image")
    for stage, title in (("1 input", "The input"), ("2 representation", "The representation"), ("3 scores", "The scores"),
                         ("5 a week of decisions", "At 0.95"), ("4 confidence and decision", "The decision at 0.95")):
        choose("Stage", stage)
        page.page.wait_for_function("([e, title]) => e.alt.startsWith(title)", arg=[image.element_handle(), title])
    flow.screenshot(path=str(_artefact("04-flow")))

    rates = page.page.locator(PANELS).filter(has_text="failed run").first
    rates.scroll_into_view_if_needed()
    words = rates.locator(".course-status")
    fast = re.search(r"rate ([\d.]+) is best", words.inner_text())[1]
    page.move_slider("Price of a failed run (cents)", keys=["End"])
    page.page.wait_for_function("e => e.innerText.startsWith('failed run 2000')", arg=words.element_handle())
    assert float(re.search(r"rate ([\d.]+) is best", words.inner_text())[1]) < float(fast)
    rates.screenshot(path=str(_artefact("04-rates")))

    quiz = page.page.locator(PANELS).filter(has_text="Tab moves on").first
    quiz.scroll_into_view_if_needed()
    quiz.get_by_text("a. Copies of clips").click()
    quiz.get_by_role("button", name="Check").first.click()
    page.page.wait_for_function("e => e.innerText.includes('Correct.')", arg=quiz.element_handle())


def _artefact(name):
    folder = Path(os.environ.get("COURSE_ARTEFACTS", Path(__file__).parent / "screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.png"
