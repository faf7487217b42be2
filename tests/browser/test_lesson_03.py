"""Lesson 03 in a real JupyterLab: all cells run, the booth takes a label, both figures reverse their decision."""
import pytest

PANELS = """\
from course_lib.learn.lesson import begin
from course_lib.lessons import label_panels as panels
begin("03", 0)
panels.{0}(0)
"""
STATUS = ".course-panel .course-status"
IMAGE = ".course-panel .widget-image"


def title(page):
    """What the figure says, from its alt text."""
    return page.page.locator(IMAGE).get_attribute("alt")


def test_the_misread_share_decides_which_way_is_best(open_lab):
    page = open_lab("votes.ipynb", [PANELS.format("votes_panel")])
    page.run_all()
    page.wait_text(STATUS, "points that Dawid-Skene gains on counting: -")
    assert "counting will do" in title(page)
    page.choose("Clips at once", "400 (a month)")
    page.move_slider("Misread (%)", keys=6 * ["ArrowRight"])
    page.page.wait_for_function("document.querySelector('.course-panel .widget-image').alt.includes('Dawid-Skene is best')")
    assert "3 of 5 misread a rule" in title(page)


def test_traffic_decides_how_many_votes_pay(open_lab, everything):
    if not everything:
        pytest.skip("one widget of the lesson is enough for a quick test")
    page = open_lab("price.ipynb", [PANELS.format("price_panel")])
    page.run_all()
    page.wait_text(STATUS, "cents that three votes save against one: -")
    assert "1 vote a clip costs least" in title(page)
    page.choose("Requests served", "1,000,000")
    page.page.wait_for_function("/[35] votes a clip cost least/.test(document.querySelector('.course-panel .widget-image').alt)")
    page.move_slider("A vote (cents)", keys=["End"])
    page.page.wait_for_function("document.querySelector('.course-panel .widget-image').alt.includes('At 10 cents a vote')")


def test_the_whole_lesson_as_a_learner_opens_it(whole_lesson):
    page = whole_lesson("03")
    booth = page.page.locator(".course-panel").filter(has=page.page.get_by_role("button", name="Next")).first
    booth.scroll_into_view_if_needed()
    booth.get_by_role("radio", name="cannot tell").check()
    booth.get_by_role("button", name="Next").click()
    booth.get_by_text("1 of 6 clips are labelled").wait_for()
    assert not page.complains_in_cells()
