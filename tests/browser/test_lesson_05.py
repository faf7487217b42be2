"""Lesson 05 in the browser: traffic decides what comes first, the threshold whether the promise is kept."""
import re


def test_moving_the_widgets_reverses_the_decisions(whole_lesson):
    page = whole_lesson("05")
    traffic = page.panel("new market, ")
    few = page.says(traffic, "mend doubtful labels first")
    page.move_slider("new market (%)", keys=["End"])
    many = page.says(traffic, "60% new market")
    assert "mend new-market voices first" in many
    assert _saved(many) > 2 * _saved(few)
    page.move_slider("new market (%)", keys=["Home"])
    page.move_slider("noisy rooms (%)", keys=["End"])
    assert "mend noisy rooms first" in page.says(traffic, "0% new market, 60% noisy rooms")

    promise = page.panel("answered")
    low = page.says(promise, "promise broken")
    page.move_slider("threshold", keys=["End"])
    high = page.says(promise, "threshold 0.98, all requests")
    assert high.endswith("promise kept") and _answered(high) < _answered(low) / 2
    page.move_slider("threshold", keys=["ArrowLeft"] * 10)
    page.says(promise, "threshold 0.78, all requests")
    page.choose("requests", "new market")
    assert "promise broken" in page.says(promise, "threshold 0.78, new market")
    page.answer_first_question("b. The second; it saves")


def _saved(words):
    return int(re.search(r"saves (\d+) errors", words)[1])


def _answered(words):
    return int(re.search(r"(\d+) in 100 answered", words)[1])
