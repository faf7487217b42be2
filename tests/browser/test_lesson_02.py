"""Lesson 02 as a learner opens it: every cell, and both panels moved to a setting that turns the decision."""
import shutil

from course_lib.workspace import root

STATUS = ".course-panel .course-status"


def panel(page, number, words):
    """Wait until the status of one of the page's panels shows these words."""
    page.page.wait_for_function("([s, n, words]) => document.querySelectorAll(s)[n]?.innerText.includes(words)", arg=[STATUS, number, words])


def test_the_lesson_runs_and_its_panels_turn_the_decision(open_lab, lab, everything):
    shutil.copy(root() / "notebooks" / "02_collect.ipynb", lab.folder)
    page = open_lab("02_collect.ipynb")
    page.page.set_default_timeout(180_000)
    page.run_all()
    mix = page.slider("new market (%)")
    mix.scroll_into_view_if_needed()
    panel(page, 0, "new market 10%")
    page.move_slider("new market (%)", keys=["Home"])
    page.move_slider("loud (%)", keys=["Home"])
    panel(page, 0, "convenience is best")
    page.move_slider("new market (%)", keys=["End"])
    page.move_slider("loud (%)", keys=["End"])
    panel(page, 0, "stratified is best")
    page.slider("market clips").scroll_into_view_if_needed()
    panel(page, 1, "breaks the floor")
    if everything:
        page.move_slider("loud clips", share=.4)
    page.move_slider("market clips", keys=["PageUp", *["ArrowRight"] * 5] if not everything else ["End"])
    panel(page, 1, "keeps the floor")
    assert page.page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
