"""Lesson 10 as a learner sees it: every cell runs, the data panel and the price panel turn their decisions."""


def test_widgets_turn_decisions(whole_lesson):
    page = whole_lesson("10")
    window = page.panel("of the time")
    assert "all costs least" in page.says(window, "noisier use, 100%") or "all, weighted costs least" in page.says(window, "noisier use, 100%")
    page.move_slider("of the time (%)", keys=["Home"])
    assert "the old model costs least" in page.says(window, "noisier use, 0%")

    prices = page.panel(label="strength")
    assert "repair upstream costs least" in page.says(prices, "firmware fault (planned), 3 months")
    page.move_slider("maker (weeks)", keys=["End"])
    assert "retrain with recordings costs least" in page.says(prices, "retrain with recordings")
    page.choose("cause", "new names")
    assert "retrain with recordings costs least" in page.says(prices, "new names (planned)")
    page.choose("strength", "floor")
    page.move_slider("months ahead", keys=["Home"])
    assert "do nothing costs least" in page.says(prices, "new names (floor), 1 month:")
