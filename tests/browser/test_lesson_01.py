"""Lesson 01 as a learner meets it: run from top to bottom, both widgets moved until another decision wins."""
import os
from pathlib import Path

import nbformat
import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01_scope.ipynb"
STATUS = ".course-panel .course-status"


def statuses(page):
    """The lines of all panels that have one, in order."""
    return [text for text in page.page.locator(STATUS).all_inner_texts() if text.strip()]


def wait_words(page, words):
    """Wait until one of the panels says these words."""
    page.page.wait_for_function("([s, words]) => [...document.querySelectorAll(s)].some(e => e.innerText.includes(words))", arg=[STATUS, words])


@pytest.fixture
def lesson(lab, open_lab):
    """The learner's notebook, open in a large window."""
    nbformat.write(nbformat.read(NOTEBOOK, as_version=4), lab.folder / NOTEBOOK.name)
    page = open_lab(NOTEBOOK.name, size=(1366, 900))
    page.page.set_default_timeout(180_000)
    return page


def test_every_cell_runs_and_both_widgets_reverse_a_decision(lesson, everything):
    if not everything:
        pytest.skip("a whole lesson in the browser is run by `course test --all`; test_widgets.py covers each kind of widget")
    lesson.run_all()
    if folder := os.environ.get("COURSE_PAGES"):
        whole_page(lesson, Path(folder))
    assert not lesson.page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count()
    wait_words(lesson, "The prototype costs least")
    lesson.move_slider("wrong card", keys=["Home"])
    wait_words(lesson, "The demo costs least: 0 cents")
    lesson.move_slider("wrong card", keys=["End"])
    wait_words(lesson, "The careful one costs least")
    wait_words(lesson, "At 20 million requests a month building costs least")
    lesson.move_slider("requests", share=.05)
    wait_words(lesson, "the API costs least")
    lesson.move_slider("API price", keys=["End"])
    wait_words(lesson, "template matching costs least")


def whole_page(lesson, folder):
    """A picture of each screenful of the notebook."""
    scroller = lesson.page.locator(".jp-WindowedPanel-outer").first
    height = scroller.evaluate("e => e.scrollHeight")
    for number, top in enumerate(range(0, int(height), 780)):
        scroller.evaluate("(e, top) => e.scrollTo(0, top)", top)
        lesson.page.wait_for_timeout(400)
        lesson.page.screenshot(path=folder / f"page-{number:02}.png")
