"""Lesson 00 in the browser: every panel by mouse and by keyboard, and what it changes."""
import re


def cost(words):
    """The cost that the threshold's panel tells."""
    return int(re.search(r"cost (\d+)$", words)[1])


def test_the_whole_lesson_by_hand(whole_lesson):
    page = whole_lesson("00")
    threshold = page.panel("wrong card costs")
    dear = cost(page.says(threshold, "cost"))
    page.move_slider("threshold", keys=["ArrowLeft"] * 8)
    half = page.says(threshold, "threshold 0.50")
    assert half.startswith("threshold 0.50") and cost(half) < dear / 1.5
    page.move_slider("wrong card costs", share=0.0)
    status = threshold.locator(".course-status")
    page.page.wait_for_function("([e, before]) => !e.innerText.endsWith('cost ' + before)", arg=[status.element_handle(), cost(half)])
    at_one = cost(status.inner_text())
    page.move_slider("threshold", keys=["ArrowLeft"] * 3)
    lower = page.says(threshold, "threshold 0.35")
    assert lower.startswith("threshold 0.35") and cost(lower) < at_one, "with a price of 1 a lower threshold is the better one"

    readers = page.panel(label="readers")
    assert page.says(readers, "2 readers").startswith("2 readers")
    page.choose("readers", "0")
    assert page.says(readers, "0 readers: 0%").startswith("0 readers: 0%")

    booth = page.panel("cannot tell")
    booth.get_by_role("button", name="Next").click()
    assert page.says(booth, "Choose a card").startswith("Choose a card")
    for done in range(1, 6):
        booth.get_by_role("radio", name="cannot tell").check()
        booth.get_by_role("button", name=re.compile("Next|Done")).click()
        said = page.says(booth, f"{done} of 5 clips are labelled")
    assert said.endswith("Done: run the next cell.")

    page.answer_first_question("b. Nothing; the same model")
    name = page.page.get_by_label("Name", exact=True)
    name.scroll_into_view_if_needed()
    name.fill("O'Hara Ünal")
    page.page.keyboard.press("Enter")
    page.page.wait_for_function("e => e.innerText.includes('Ünal')", arg=page.panel("Say it").element_handle())
    assert page.page.locator(".course-panel audio").first.evaluate("e => e.src.length") > 1000
