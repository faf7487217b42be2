"""Lesson 08 as a learner sees it: every cell runs, the dashboard finds the slice, both cost widgets turn the decision."""


def days_out(words):
    """How many of the 21 new days a dashboard calls unusual."""
    return int(words.split(": ")[1].split(" of ")[0])


def test_widgets_turn_decisions(whole_lesson):
    page = whole_lesson("08")
    board = page.panel(label="slice")
    page.choose("slice", "phone")
    assert days_out(page.says(board, "re_asks, phone")) >= 15
    page.choose("slice", "car")
    assert days_out(page.says(board, "re_asks, car")) <= 5

    page.choose("slice", "all devices")
    page.choose("signal", "labels known so far")
    words = page.says(board, "labels, all devices, read on day 160")
    assert " awaited; wrong cards in 1,000 by those that arrived: usual days " in words and "nobody has listened yet" in words
    assert int(words.split(" arrived")[0].split()[-1]) > int(words.split(" awaited")[0].split()[-1]) > 20   # 49 days of 20 labels, the last day's all awaited

    windows = page.panel(label="change")
    large = page.says(windows, "window of 7 days")
    page.move_slider("days in a window", keys=["Home"])
    assert "cheapest window" in page.says(windows, "window of 1 day:")
    page.choose("change", "small: some new names")
    page.move_slider("days in a window", keys=["End"])
    small = page.says(windows, "window of 14 days")
    cheapest = [int(words.split("cheapest window: ")[1].split()[0]) for words in (large, small)]
    assert cheapest[1] >= cheapest[0] + 2

    labels = page.panel(label="rise")
    assert "cheapest: 50 labels" in page.says(labels, "400 labels a week")
    page.choose("rise", "10 more in 1,000 (one point)")
    page.choose("labels a week", "1600")
    assert "cheapest: 0 labels" in page.says(labels, "1600 labels a week")
