"""Lesson 07 in the browser: the two planners and the live percentiles, by keyboard and mouse."""
import re
import shutil
from pathlib import Path

import pytest

LESSON = Path(__file__).parents[2] / "notebooks" / "07_release.ipynb"


def test_the_whole_lesson_by_hand(everything, open_lab, lab):
    if not everything:
        pytest.skip("each widget of a whole lesson is tried by `course test --all` only")
    shutil.copy(LESSON, lab.folder / LESSON.name)
    page = open_lab(LESSON.name, size=(1280, 1000))
    page.run_all()

    def status(words):
        """The status line of the panel with these words."""
        return page.page.locator(".course-panel").filter(has_text=words).first.locator(".course-status")

    def wait(line, words):
        page.page.wait_for_function("([e, words]) => e.innerText.includes(words)", arg=[line.element_handle(), words])
        return line.inner_text()

    plan = status("points worse")
    plan.scroll_into_view_if_needed()
    assert "it cannot decide" in wait(plan, "1 point worse, 10%")
    page.move_slider("points worse", keys=["ArrowRight"] * 11)
    assert "it can decide" in wait(plan, "12 points worse, 10%")
    page.page.get_by_label("share (%)", exact=True).select_option("1")
    assert "it cannot decide" in wait(plan, "12 points worse, 1%")
    page.move_slider("weeks", share=1.0)
    wait(plan, "52 weeks")
    page.screenshot("07-plan")

    replicas = status("requests/s")
    replicas.scroll_into_view_if_needed()
    assert "is broken" in wait(replicas, "1 replica, 80% busy")
    page.move_slider("replicas", keys=["ArrowRight"])
    assert "is held" in wait(replicas, "2 replicas, 40% busy")
    page.move_slider("burst (times)", share=1.0)
    page.move_slider("requests/s", share=1.0)
    assert "is broken" in wait(replicas, "2 replicas, 90% busy")
    page.screenshot("07-replicas")

    live = page.page.locator(".course-panel .course-status").filter(has_text="answers,").first
    live.scroll_into_view_if_needed()
    assert re.search(r"160 answers, 0 failed; p50 [\d.]+ ms, p95 [\d.]+ ms, p99 [\d.]+ ms", live.inner_text())
    page.screenshot("07-live")
