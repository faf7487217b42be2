"""Lesson 09 as a learner sees it: the threshold turns from help to harm, act turns to watch and ignore, the desk takes an answer."""


def change(words):
    """Cents by which a threshold changes an incident's cost."""
    number, direction = words.split(" cents, ")[1].split(" cents ")
    return int(number) * (1 if direction.startswith("more") else -1)


def test_widgets_turn_decisions(whole_lesson):
    page = whole_lesson("09")
    thresholds = page.panel(label="threshold")
    assert "as now" in page.says(thresholds, "threshold 0.5")
    page.move_slider("threshold", keys=["ArrowRight"] * 3)
    assert change(page.says(thresholds, "wrong cards rise, threshold 0.8")) < 0
    page.choose("incident", "refusals rise")
    assert change(page.says(thresholds, "refusals rise, threshold 0.8")) > 0

    acting = page.panel(label="change")
    assert "cheapest: ignore" in page.says(acting, "louder microphones")
    page.choose("change", "a renamed figure, strong")
    assert "cheapest: act" in page.says(acting, "a renamed figure")
    page.choose("chance it passes by itself", "9 in 10")
    assert "cheapest: watch" in page.says(acting, "cheapest: watch")

    desk = page.panel(label="mitigation")
    desk.get_by_role("button", name="Listen to 5 more").click()
    desk.get_by_text("15 of 20 listens are left").wait_for()
    desk.get_by_role("button", name="Submit").click()
    assert "Two weeks of your handling cost" in desk.get_by_text("The reference listened to").inner_text()
    page.screenshot("lesson-09-desk", of=desk)
