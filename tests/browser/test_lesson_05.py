"""Lesson 05 in the browser: traffic decides what comes first, the threshold whether the promise is kept."""
import re
import shutil
from pathlib import Path

import pytest

LESSON = Path(__file__).parents[2] / "notebooks" / "05_diagnose.ipynb"
PANELS = ".course-panel"


def test_moving_the_widgets_reverses_the_decisions(everything, open_lab, lab):
    if not everything:
        pytest.skip("each widget of a whole lesson is tried by `course test --all` only")
    shutil.copy(LESSON, lab.folder / LESSON.name)
    page = open_lab(LESSON.name)
    page.page.set_default_timeout(240_000)
    page.run_all()

    def settled(panel, words):
        status = panel.locator(".course-status")
        page.page.wait_for_function("([e, words]) => e.innerText.includes(words)", arg=[status.element_handle(), words])
        return status.inner_text()

    traffic = page.page.locator(PANELS).filter(has_text="new market, ").first
    traffic.scroll_into_view_if_needed()
    few = settled(traffic, "mend doubtful labels first")
    page.move_slider("new market (% of names)", keys=["End"])
    many = settled(traffic, "60% new market")
    assert "mend new-market voices first" in many
    assert _saved(many) > 2 * _saved(few)
    page.move_slider("new market (% of names)", keys=["Home"])
    page.move_slider("noisy rooms (% of names)", keys=["End"])
    assert "mend noisy rooms first" in settled(traffic, "0% new market, 60% noisy rooms")

    promise = page.page.locator(PANELS).filter(has_text="answered").first
    promise.scroll_into_view_if_needed()
    low = settled(promise, "promise broken")
    page.move_slider("threshold", keys=["End"])
    high = settled(promise, "threshold 0.98, all requests")
    assert high.endswith("promise kept") and _answered(high) < _answered(low) / 2
    page.move_slider("threshold", keys=["ArrowLeft"] * 10)
    settled(promise, "threshold 0.78, all requests")
    page.page.get_by_label("requests", exact=True).select_option("new market")
    assert "promise broken" in settled(promise, "threshold 0.78, new market")

    quiz = page.page.locator(PANELS).filter(has_text="Tab moves on").first
    quiz.scroll_into_view_if_needed()
    quiz.get_by_text("b. The second; it saves").click()
    quiz.get_by_role("button", name="Check").first.click()
    page.page.wait_for_function("e => e.innerText.includes('Correct.')", arg=quiz.element_handle())


def _saved(words):
    return int(re.search(r"saves (\d+) errors", words)[1])


def _answered(words):
    return int(re.search(r"(\d+) in 100 answered", words)[1])
