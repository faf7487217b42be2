"""The simulated log has the service's columns and numbers; signals by hand; estimates without labels."""
import numpy as np
import pandas as pd
import pytest

from course_lib.cycle import drift, monitor, scope
from course_lib.cycle.log import REQUESTS
from course_lib.learn import lesson
from course_lib.learn.experiment import wilson
from course_lib.lessons import monitor_labels, monitor_panels
from course_lib.lessons.monitor_history import after
from course_lib.world.users import reactions
from course_lib.world.world import World


@pytest.fixture(scope="module")
def week(model):
    world = World(0)
    rows = world.days(0, 7)
    known = drift.Known(world.features(world.recordings("train")))
    return world, rows, monitor.simulated_log(world, rows, monitor.heard(world, model, rows, .5, known))


def test_the_simulated_log_has_columns_of_the_services_log(week):
    _, rows, log = week
    extra = {"distance", *monitor.REACTIONS, "reported_day"}
    assert set(log.columns) - extra <= {column.name for column in REQUESTS.columns} and len(log) == len(rows)
    assert log["request_id"].is_unique and log["distance"].between(3, 60).all()


def test_the_simulated_log_says_what_the_model_says(week, model):
    world, rows, log = week
    given = monitor.answers(model, world.features(rows), .5)
    fine = (log["failure"] == "").to_numpy()
    assert (log["decision"][fine] == given["shown"][fine]).all() and np.allclose(log["confidence"][fine], given["confidence"][fine], atol=1e-5)
    assert log.loc[~fine, "decision"].isna().all() and not log.loc[~fine, list(monitor.REACTIONS)].any().any()
    said = reactions(0, rows, given["shown"])
    asked = rows["id"].isin(said.loc[said["kind"] == "re_ask", "id"]).to_numpy()
    assert (log["re_ask"].to_numpy() == (asked & fine)).all()


def test_the_same_world_logs_the_same(week, model):
    world, rows, log = week
    pd.testing.assert_frame_equal(log, monitor.simulated_log(world, rows, monitor.heard(world, model, rows, .5, drift.Known(world.features(world.recordings("train"))))))


def _log(**changed):
    table = pd.DataFrame(dict(request_id=list("abcd"), day=[0, 0, 1, 1], latency_ms=[10., 20, 30, 40], failure=["", None, "", "503 busy"],
                              level_db=-20.0, seconds=1.0, confidence=[.9, .4, .8, np.nan], decision=["c01", "sorry", "c02", None],
                              re_ask=[False, True, False, False], reported_day=[np.nan, np.nan, 4, np.nan]))
    return table.assign(**changed)


def test_signals_by_hand():
    found = monitor.signals(_log())
    assert found["requests"].tolist() == [2, 2] and found["sorry"].tolist() == [.5, 0] and found["failures"].tolist() == [0, 500]
    assert found["re_asks"].tolist() == [500, 0] and found["confidence"].tolist() == pytest.approx([.65, .8])
    assert found["complaints"].tolist() == [0, 0]                       # it arrives on day 4, which is not there yet
    assert monitor.signals(_log(), days=7).index.tolist() == [0] and monitor.signals(_log(), days=7)["complaints"].tolist() == [1]


def test_days_without_requests_are_rows():
    gap = _log(day=[0, 0, 3, 3], reported_day=[np.nan, np.nan, 2, np.nan])
    found = monitor.signals(gap)
    assert found.index.tolist() == [0, 1, 2, 3] and found["requests"].tolist() == [2, 0, 0, 2] and found["complaints"].tolist() == [0, 0, 1, 0]
    assert found.loc[[1, 2]].drop(columns=["requests", "complaints"]).isna().all().all() and found.loc[[0, 3]].notna().all().all()
    assert monitor.signals(gap, until=6)["requests"].tolist() == [2, 0, 0, 2, 0, 0]        # nothing has arrived since
    assert monitor.signals(gap, until=2).index.tolist() == [0, 1, 2, 3]
    weeks = monitor.signals(_log(day=[0, 0, 15, 15]), days=7)
    assert weeks.index.tolist() == [0, 7, 14] and weeks["requests"].tolist() == [2, 0, 2]
    assert monitor.signals(_log(day=[8, 8, 9, 9]), days=7, start=1, until=23).index.tolist() == [8, 15, 22]


def test_a_day_on_which_all_fails_has_no_figures_but_its_failures():
    found = monitor.signals(_log(failure=["503 busy"] * 2 + ["", ""]))
    assert found["failures"].tolist() == [1000, 0] and found.loc[0, ["p95_ms", "confidence", "sorry", "re_asks"]].isna().all()


def test_bad_logs_get_a_sentence():
    with pytest.raises(ValueError, match="no rows"):
        monitor.signals(_log().iloc[:0])
    with pytest.raises(ValueError, match="no column re_ask"):
        monitor.signals(_log().drop(columns="re_ask"))
    assert len(monitor.signals(_log()[list(reversed(_log().columns))].iloc[:1])) == 1


def test_confidence_that_is_calibrated_estimates_errors():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(.05, .99, 4000)
    wrong = rng.random(4000) > confidence
    curve = monitor.wrong_given_confidence(confidence[:2000], wrong[:2000])
    decision = np.where(confidence > .5, "c01", scope.SORRY)
    true = 1000 * (wrong & (decision != scope.SORRY))[2000:].mean()
    assert monitor.estimate_wrong(curve, confidence[2000:], decision[2000:]) == pytest.approx(true, abs=20)
    with pytest.raises(ValueError, match="some of each kind"):
        monitor.wrong_given_confidence(confidence, np.zeros(4000, bool))
    with pytest.raises(ValueError, match="no answered request"):
        monitor.estimate_wrong(curve, [], [])


def test_labels_that_have_not_arrived_are_awaited_and_not_looked_at():
    labels = pd.DataFrame(dict(day=[1, 1, 1, 2, 3], arrives=[2, 3, 9, 9, 9], wrong=[True, False, True, True, True]))
    found = monitor.labels_known(labels, 3)
    assert found[["arrived", "awaited", "wrong"]].to_numpy().tolist() == [[2, 1, 1], [0, 1, 0], [0, 1, 0]]
    assert found["low"].isna().tolist() == [False, True, True]
    assert found.loc[1, ["low", "high"]].tolist() == pytest.approx([1000 * end for end in wilson(1, 2)], rel=1e-6)
    other = labels.assign(wrong=labels["wrong"] & (labels["arrives"] <= 3))
    pd.testing.assert_frame_equal(monitor.labels_known(other, 3), found)
    assert monitor.labels_known(labels, 1).index.tolist() == [1], "requests to come are no rows"
    assert monitor.labels_known(labels, 9)["wrong"].tolist() == [2, 1, 1]


def test_the_dashboard_shows_labels_by_day_and_by_slice():
    heard = monitor_labels.daily(0, "firmware fault")
    per_day = heard.groupby("day").size()
    assert per_day.max() == monitor_labels.A_DAY and (heard["arrives"] > heard["day"]).all() and heard["day"].max() == 160
    _, every = monitor_panels.dashboard_view(0, after(0, "firmware fault"), "labels", monitor_panels.ALL, heard=heard)
    _, cars = monitor_panels.dashboard_view(0, after(0, "firmware fault"), "labels", "car", heard=heard)
    here = (heard["arrives"] <= 160).sum()
    assert f"read on day 160: {here} arrived, {len(heard) - here} awaited" in every and "labels, car" in cars and every != cars
    assert "none arrived" in monitor_panels.labels_view(heard[heard["day"] == 160], 160)[1]


def test_the_slice_of_a_canary_follows_the_decision(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    assert "canary of 10% of devices (the course's)" in monitor_panels.canary_slice(0)
    lesson.begin("07", 0)
    lesson.decide("canary share", .5)
    assert "canary of 50% of devices (lesson 07)" in monitor_panels.canary_slice(0)
