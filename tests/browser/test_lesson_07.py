"""Lesson 07 in the browser: the two planners and the live percentiles, by keyboard and mouse."""
import re


def test_the_whole_lesson_by_hand(whole_lesson):
    page = whole_lesson("07", size=(1280, 1000))
    plan = page.panel("points worse")
    assert "it cannot decide" in page.says(plan, "1 point worse, 10%")
    page.move_slider("points worse", keys=["ArrowRight"] * 11)
    assert "it can decide" in page.says(plan, "12 points worse, 10%")
    page.choose("share (%)", "1")
    assert "it cannot decide" in page.says(plan, "12 points worse, 1%")
    page.move_slider("weeks", share=1.0)
    page.says(plan, "52 weeks")
    page.screenshot("07-plan")

    replicas = page.panel("requests/s")
    assert "is broken" in page.says(replicas, "1 replica, 80% busy")
    page.move_slider("replicas", keys=["ArrowRight"])
    assert "is held" in page.says(replicas, "2 replicas, 40% busy")
    page.move_slider("burst (times)", share=1.0)
    page.move_slider("requests/s", share=1.0)
    assert "is broken" in page.says(replicas, "2 replicas, 90% busy")
    page.screenshot("07-replicas")

    live = page.page.locator(".course-panel .course-status").filter(has_text="answers,").first
    live.scroll_into_view_if_needed()
    assert re.search(r"160 answers, 0 failed; p50 [\d.]+ ms, p95 [\d.]+ ms, p99 [\d.]+ ms", live.inner_text())
    page.screenshot("07-live")
