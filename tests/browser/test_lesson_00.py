"""Lesson 00 in the browser: every panel by mouse and by keyboard, and what it changes."""
import re
import shutil
from pathlib import Path

import pytest

LESSON = Path(__file__).parents[2] / "notebooks" / "00_start_here.ipynb"
PANELS = ".course-panel"


def opened(open_lab, lab):
    shutil.copy(LESSON, lab.folder / LESSON.name)
    page = open_lab(LESSON.name)
    page.run_all()
    return page


def panel(page, words):
    """The panel that holds these words."""
    return page.page.locator(PANELS).filter(has_text=words).first


def test_the_whole_lesson_by_hand(everything, open_lab, lab):
    if not everything:
        pytest.skip("each widget of a whole lesson is tried by `course test --all` only")
    page = opened(open_lab, lab)
    threshold = panel(page, "wrong card costs")
    status = threshold.locator(".course-status")
    threshold.scroll_into_view_if_needed()
    page.page.wait_for_function("e => e.innerText.includes('cost')", arg=status.element_handle())
    cost = lambda: int(re.search(r"cost (\d+)$", status.inner_text())[1])        # noqa: E731
    dear = cost()
    page.move_slider("threshold", keys=["ArrowLeft"] * 8)
    page.page.wait_for_function("e => e.innerText.startsWith('threshold 0.50')", arg=status.element_handle())
    assert cost() < dear / 1.5
    page.move_slider("wrong card costs", share=0.0)
    page.page.wait_for_function("([e, before]) => !e.innerText.endsWith('cost ' + before)", arg=[status.element_handle(), cost()])
    at_one = cost()
    page.move_slider("threshold", keys=["ArrowLeft"] * 3)
    page.page.wait_for_function("e => e.innerText.startsWith('threshold 0.35')", arg=status.element_handle())
    assert cost() < at_one, "with a price of 1 a lower threshold is the better one"

    readers = page.page.locator(PANELS).filter(has=page.page.get_by_label("readers", exact=True)).first
    readers.scroll_into_view_if_needed()
    words = readers.locator(".course-status")
    assert words.inner_text().startswith("2 readers")
    page.page.get_by_label("readers", exact=True).select_option("0")
    page.page.wait_for_function("e => e.innerText.startsWith('0 readers: 0%')", arg=words.element_handle())

    booth = panel(page, "cannot tell")
    booth.scroll_into_view_if_needed()
    booth.get_by_role("button", name="Next").click()
    page.page.wait_for_function("e => e.innerText.startsWith('Choose a card')", arg=booth.locator(".course-status").element_handle())
    for _ in range(5):
        booth.get_by_text("cannot tell", exact=True).click()
        page.page.wait_for_timeout(200)
        booth.get_by_role("button", name=re.compile("Next|Done")).click()
        page.page.wait_for_timeout(300)
    assert "Done: run the next cell" in booth.locator(".course-status").inner_text()

    quiz = panel(page, "Tab moves on")
    quiz.scroll_into_view_if_needed()
    quiz.get_by_text("b. Nothing; the same model").click()
    quiz.get_by_role("button", name="Check").first.click()
    page.page.wait_for_function("e => e.innerText.includes('Correct.')", arg=quiz.element_handle())
    name = page.page.get_by_label("Name", exact=True)
    name.scroll_into_view_if_needed()
    name.fill("O'Hara Ünal")
    page.page.keyboard.press("Enter")
    page.page.wait_for_function("e => e.innerText.includes('Ünal')", arg=panel(page, "Say it").element_handle())
    assert page.page.locator(f"{PANELS} audio").first.evaluate("e => e.src.length") > 1000
