"""Lesson 02 as a learner opens it: every cell, and both panels moved to a setting that turns the decision."""


def test_the_lesson_runs_and_its_panels_turn_the_decision(open_lesson, everything):
    page = open_lesson("02")
    mix = page.panel(label="new market (%)")
    page.says(mix, "new market 10%")
    page.move_slider("new market (%)", keys=["Home"])
    page.move_slider("loud (%)", keys=["Home"])
    page.says(mix, "convenience is best")
    page.move_slider("new market (%)", keys=["End"])
    page.move_slider("loud (%)", keys=["End"])
    page.says(mix, "stratified is best")
    floor = page.panel(label="market clips")
    page.says(floor, "breaks the floor")
    if everything:
        page.move_slider("loud clips", share=.4)
    page.move_slider("market clips", keys=["PageUp", *["ArrowRight"] * 5] if not everything else ["End"])
    page.says(floor, "keeps the floor")
    assert page.complains_in_cells() == 0
