"""Lesson 01 as a learner meets it: run from top to bottom, every widget moved until another decision wins."""


def wait_words(page, words):
    """Wait until one of the panels says these words."""
    page.page.wait_for_function("([s, words]) => [...document.querySelectorAll(s)].some(e => e.innerText.includes(words))",
                                arg=[".course-panel .course-status", words])


def test_every_cell_runs_and_each_widget_reverses_a_decision(whole_lesson):
    page = whole_lesson("01", size=(1366, 900))
    assert not page.complains_in_cells()
    wait_words(page, "The prototype costs least")
    page.move_slider("wrong card", keys=["Home"])
    wait_words(page, "The demo costs least")
    page.move_slider("slow answer", keys=["End"])
    wait_words(page, "The prototype costs least")
    page.move_slider("slow answer", keys=["Home"])
    wait_words(page, "The demo costs least: 0 cents")
    page.move_slider("wrong card", keys=["End"])
    wait_words(page, "The careful one costs least")
    wait_words(page, "At 20 million requests a month building costs least")
    page.move_slider("requests", share=.05)
    wait_words(page, "the API costs least")
    page.move_slider("API price", keys=["End"])
    wait_words(page, "buying the vendor's model costs least")
    page.move_slider("requests", keys=["Home"])
    wait_words(page, "template matching costs least")
    wait_words(page, "The vendor's model keeps more users")
    page.move_slider("time (ms)", keys=["End"])
    wait_words(page, "The prototype keeps more users")
