"""Lesson 04 in the browser: the panels by mouse and by keyboard, moved until another option wins."""
import re


def test_stages_are_poked_and_another_loss_and_rate_win(whole_lesson):
    page = whole_lesson("04")
    flow = page.panel("cents per 1,000")

    def told(words):
        said = page.says(flow, words)
        assert said.startswith(words)
        return int(re.search(r"(\d+) cents per 1,000", said)[1])
    log = told("log loss, C = 0.03, threshold 0.50")
    page.choose("Loss", "squared loss")
    assert told("squared loss, C = 0.03, threshold 0.50") > log
    page.choose("C (weights)", "10, hardly held")
    squared = told("squared loss, C = 10, threshold 0.50")
    page.choose("Loss", "log loss")
    free = told("log loss, C = 10, threshold 0.50")
    assert free > squared, "with C = 10 the squared loss is the cheaper one"
    page.move_slider("Threshold", keys=["End"])
    assert told("log loss, C = 10, threshold 0.95") < free
    image = flow.locator(".widget-image")
    for stage, title in (("1 input", "The input"), ("2 representation", "The representation"), ("3 scores", "The scores"),
                         ("5 a week of decisions", "At 0.95"), ("4 confidence and decision", "The decision at 0.95")):
        page.choose("Stage", stage)
        page.page.wait_for_function("([e, title]) => e.alt.startsWith(title)", arg=[image.element_handle(), title])
    page.screenshot("04-flow", of=flow)

    rates = page.panel("failed run")

    def best(words):
        return float(re.search(r"rate ([\d.]+) is best", words)[1])
    fast = best(page.says(rates, "is best"))
    page.move_slider("Failed run (cents)", keys=["End"])
    dear = page.says(rates, "failed run 2000")
    assert dear.startswith("failed run 2000") and best(dear) < fast
    page.screenshot("04-rates", of=rates)
    page.answer_first_question("a. Copies of clips")
