"""Lesson 06 in the browser: what a restore needs and what a gate stops, by keyboard and mouse."""
import shutil
from pathlib import Path

import pytest

LESSON = Path(__file__).parents[2] / "notebooks" / "06_deploy.ipynb"


def test_the_whole_lesson_by_hand(everything, open_lab, lab):
    if not everything:
        pytest.skip("each widget of a whole lesson is tried by `course test --all` only")
    shutil.copy(LESSON, lab.folder / LESSON.name)
    page = open_lab(LESSON.name, size=(1280, 1000))
    page.page.set_default_timeout(240_000)               # two jobs and a service run in this lesson
    page.run_all()

    def status(words):
        """The status line of the panel with these words."""
        return page.page.locator(".course-panel").filter(has_text=words).first.locator(".course-status")

    def wait(line, words):
        page.page.wait_for_function("([e, words]) => e.innerText.includes(words)", arg=[line.element_handle(), words])
        return line.inner_text()

    restore = status("may change")
    restore.scroll_into_view_if_needed()
    assert "it is another version" in wait(restore, "lost: preprocessor")
    page.page.get_by_label("lost", exact=True).select_option("nothing")
    assert "it answers as before" in wait(restore, "lost: nothing. 0 of 200 answers change, 2 may")
    page.page.get_by_label("lost", exact=True).select_option("card table")
    assert "it is another version" in wait(restore, "lost: card table")
    page.move_slider("may change", keys=["End"])
    assert "it answers as before" in wait(restore, "40 may")
    page.screenshot("06-restore")

    gate = status("may differ")
    gate.scroll_into_view_if_needed()
    assert "it may reach users" in wait(gate, "10 probes, 0 may differ: “normaliser of the pilot”")
    page.move_slider("probes", share=1.0)
    assert "stopped in 100 of 100 launches; it does not reach users" in wait(gate, "200 probes")
    page.move_slider("probes", keys=["Home"])
    page.page.get_by_label("version", exact=True).select_option("no skew")
    assert "stopped in 0 of 100 launches; the version is released" in wait(gate, "5 probes, 0 may differ: “no skew”")
    page.screenshot("06-gate")
