"""Lesson 07's services with one worker and with two under the same load, and what becomes of the launch and the canary decided before."""
import pandas as pd
import pytest

from course_lib.cycle import bundle, process, release
from course_lib.learn import lesson
from course_lib.lessons import decided_release, release_workers as measured


def sent(one, two, status=200):
    """Requests of three rounds: so many answers within a second of each."""
    parts = [pd.DataFrame(dict(due=[n / count for n in range(count)], milliseconds=1000 / count, status=200, workers=workers, round=number, logged=count))
             for workers, counts in ((1, one), (2, two)) for number, count in enumerate(counts)]
    out = pd.concat(parts, ignore_index=True)
    out.loc[0, "status"] = status
    return out


@pytest.mark.parametrize("one, two, found", [((100, 110, 100), (150, 160, 170), "a second worker helps"), ((100, 110, 100), (150, 100, 140), "no gain"),
                                             ((100, 110, 100), (60, 70, 80), "does harm"), ((100, 100, 100), (100, 101, 99), "no gain")])
def test_the_sentence_follows_the_rounds(one, two, found):
    words = measured.verdict(sent(one, two), 2)
    assert found in words and words.startswith("2 processors") and "0 requests failed" in words


def test_the_table_by_hand():
    found = measured.table(sent((100, 100, 100), (200, 200, 200), status=503))
    assert found["answers/s"].tolist() == [100, 200] and found["failed"].tolist() == [1, 0] and found["logged"].tolist() == [300, 600]
    assert found["p95 (ms)"].tolist() == [10, 5] and measured.processors() >= 1


@pytest.fixture
def home(tmp_path, monkeypatch, model, names):
    """A workspace with a champion, lesson 07 under way."""
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    bundle.point(process.models(), bundle.save(model, .5, names, process.models()))
    lesson.begin("07", 0)
    return tmp_path


def test_both_services_answer_and_their_log_has_every_answer(home, body, compiled):
    with process.start() as one, process.start(url=one.log_url, workers=2) as two:
        found = measured.table(measured.rounds({1: one, 2: two}, [body], seconds=.3))
    assert (found["failed"] == 0).all() and (found["logged"] == found["requests"]).all() and (found["requests"] > 10).all()


def test_the_second_service_is_stopped_and_the_first_goes_on(home, body, capsys, monkeypatch, compiled):
    started = []
    monkeypatch.setattr(measured, "start", lambda *a, **k: started.append(process.start(*a, **k)) or started[0])
    monkeypatch.setattr(measured, "bodies", lambda seed: [body])
    with process.start() as one:
        assert list(measured.one_and_two(0, one).index) == [1, 2] and "processor" in capsys.readouterr().out
        assert started[0].process.poll() is not None and one.recognize(body)["version"]


def test_a_launch_that_was_a_go_is_not_probed(home):
    assert decided_release.launched(None, []) == "Launch: go (the course's). Its version serves: it is the champion here."


def test_a_no_go_is_probed_and_passes_or_stays(home, body, model, names, compiled):
    lesson.decide("launch", "no go")
    with process.start() as service:
        words = decided_release.launched(service, [body] * 5)
        assert "no go (lesson 07)" in words and "of 5 probes, 0 are answered otherwise" in words and "Now it is a go" in words
        release.write(process.models(), "blue-green", bundle.save(model, 1.0, names, process.models()).name)   # it says "sorry" to everything
        while service.get("/healthz")["mode"] != "blue-green":
            pass
        words = decided_release.launched(service, [body] * 5)
        assert "5 are answered otherwise" in words and "It stays a no go" in words


def test_the_share_of_a_canary_is_the_learners_or_the_courses(home):
    assert decided_release.canary_share() == .10
    lesson.decide("canary share", .25)
    assert decided_release.canary_share() == .25
