"""Lesson 06 in the browser: what a restore needs and what a gate stops, by keyboard and mouse."""


def test_the_whole_lesson_by_hand(whole_lesson):
    page = whole_lesson("06", size=(1280, 1000))
    restore = page.panel("may change")
    assert "it is another version" in page.says(restore, "lost: preprocessor")
    page.choose("lost", "nothing")
    assert "it answers as before" in page.says(restore, "lost: nothing. 0 of 200 answers change, 2 may")
    page.choose("lost", "card table")
    assert "it is another version" in page.says(restore, "lost: card table")
    page.move_slider("may change", keys=["End"])
    assert "it answers as before" in page.says(restore, "40 may")
    page.screenshot("06-restore")

    gate = page.panel("may differ")
    assert "it may reach users" in page.says(gate, "10 probes, 0 may differ: “normaliser of the pilot”")
    page.move_slider("probes", share=1.0)
    assert "stopped in 100 of 100 launches; it does not reach users" in page.says(gate, "200 probes")
    page.move_slider("probes", keys=["Home"])
    page.choose("version", "no skew")
    assert "stopped in 0 of 100 launches; the version is released" in page.says(gate, "5 probes, 0 may differ: “no skew”")
    page.screenshot("06-gate")
