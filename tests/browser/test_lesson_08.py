"""Lesson 08 as a learner sees it: every cell runs, the dashboard finds the slice, both cost widgets turn the decision."""
import shutil
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "08_monitor.ipynb"


@pytest.fixture
def page(open_lab, lab, everything):
    if not everything:
        pytest.skip("each lesson's widgets are tried by `course test --all`")
    shutil.copy(NOTEBOOK, lab.folder / NOTEBOOK.name)
    opened = open_lab(NOTEBOOK.name)
    opened.page.set_default_timeout(180_000)               # a machine that does other things, too
    opened.run_all()
    return opened


def panel(page, label):
    """The panel that holds the list with this label."""
    return page.page.locator(".course-panel", has=page.page.get_by_label(label, exact=True))


def says(found, words):
    """Wait until a panel's status holds these words; return all of it."""
    status = found.locator(".course-status").first
    status.filter(has_text=words).wait_for()
    return status.inner_text()


def choose(found, label, option):
    found.get_by_label(label, exact=True).select_option(option)


def days_out(words):
    """How many of the 21 new days a dashboard calls unusual."""
    return int(words.split(": ")[1].split(" of ")[0])


def test_widgets_turn_decisions(page):
    board = panel(page, "slice")
    choose(board, "slice", "phone")
    assert days_out(says(board, "re_asks, phone")) >= 15
    choose(board, "slice", "car")
    assert days_out(says(board, "re_asks, car")) <= 5

    windows = panel(page, "change")
    large = says(windows, "window of 7 days")
    page.move_slider("days in a window", keys=["Home"])
    assert "cheapest window" in says(windows, "window of 1 day:")
    choose(windows, "change", "small: some new names")
    page.move_slider("days in a window", keys=["End"])
    small = says(windows, "window of 14 days")
    cheapest = [int(words.split("cheapest window: ")[1].split()[0]) for words in (large, small)]
    assert cheapest[1] >= cheapest[0] + 2

    labels = panel(page, "rise")
    assert "cheapest: 50 labels" in says(labels, "400 labels a week")
    choose(labels, "rise", "10 more in 1,000 (one point)")
    choose(labels, "labels a week", "1600")
    assert "cheapest: 0 labels" in says(labels, "1600 labels a week")
