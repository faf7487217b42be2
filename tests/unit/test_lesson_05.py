"""Lesson 05's own parts: comparisons of one version with itself, temperature, and what its panels refuse."""
import numpy as np
import pytest

from course_lib.cycle import diagnose
from course_lib.learn import lesson
from course_lib.lessons import collect_spread, diagnose_first as what_first
from course_lib.lessons import diagnose_laps as laps
from course_lib.lessons import diagnose_panels as panels
from course_lib.lessons import diagnose_plans as plans
from course_lib.lessons import diagnose_price as price
from course_lib.lessons import diagnose_trust as trust
from course_lib.lessons import scope_charter


def test_halves_are_two_halves_and_depend_on_the_key_alone():
    first, second = trust.halves(range(9), 0, 3)
    assert sorted([*first, *second]) == list(range(9)) and len(first) == 4
    assert (trust.halves(range(9), 0, 3)[0] == first).all() and (trust.halves(range(9), 0, 4)[0] != first).any()


def test_a_comparison_is_the_difference_of_its_halves():
    speakers, errors = np.repeat(np.arange(6), 50), np.repeat([0, 0, 1, 0, 1, 1], 50)
    found = trust.comparisons(speakers, errors, seed=0, n=5)
    a, b = trust.halves(range(6), 0, 2)
    values = np.array([0, 0, 1, 0, 1, 1])
    assert found["gain"][2] == pytest.approx(values[a].mean() - values[b].mean())
    wide = (found["voice_high"] - found["voice_low"]).mean()
    assert wide > 2 * (found["request_high"] - found["request_low"]).mean()


def test_temperature_mends_a_model_that_is_too_modest():
    rng = np.random.default_rng(0)
    sure = rng.dirichlet([.2] * 4, 4000)
    labels = np.array([rng.choice(list("abcd"), p=p) for p in sure])
    modest = trust.tempered(sure, 2)
    assert trust.temperature(modest, list("abcd"), labels) == pytest.approx(.5, abs=.05)
    assert trust.tempered(modest, .5) == pytest.approx(sure, abs=1e-6)
    with pytest.raises(ValueError, match="none of 2 labels is among the 4 cards"):
        trust.temperature(modest[:2], list("abcd"), ["x", "y"])


def test_once_keeps_one_reading_a_name_and_reader():
    rows = laps.World(0).recordings("train")
    assert len(laps.once(rows)) == 24 * 40 and not laps.once(rows).duplicated(["speaker", "card"]).any()


def test_families_are_symmetric_and_never_alone():
    families = laps.families()
    assert all(len(others) >= 2 and all(card in families[other] for other in others) for card, others in families.items())


def test_shares_move_and_the_rest_stays():
    found = what_first.candidates(0)
    moved = what_first.with_traffic(found, market=.4)
    assert moved["share"][what_first.MARKET] == .4 and (moved["now"] == found["now"]).all()
    assert (moved["share"].drop(what_first.MARKET) == found["share"].drop(what_first.MARKET)).all()


def test_moving_the_traffic_reverses_what_comes_first():
    assert "mend doubtful labels first" in panels.traffic(0, 6, 18)[1]
    assert "mend new-market voices first" in panels.traffic(0, 60, 18)[1]
    assert "mend noisy rooms first" in panels.traffic(0, 0, 60)[1]


def test_the_threshold_decides_about_the_promise():
    assert panels.promise_at(0, .5)[1].endswith("promise broken")
    assert panels.promise_at(0, .98)[1].endswith("promise kept")
    assert "promise broken" in panels.promise_at(0, .78, "new market")[1]
    with pytest.raises(ValueError, match="at 0.98 nothing is answered in noisy rooms"):
        panels.promise_at(0, .98, "noisy rooms")


def test_odd_choices_get_a_sentence():
    with pytest.raises(ValueError, match="'watches' arrived; one of 'new-market voices'"):
        panels.fix_first("watches")
    with pytest.raises(ValueError, match="threshold 2 arrived; a confidence from 0 to 1"):
        price.compare(0, mine=2)
    for threshold, words in (("x", "'x'"), (None, "None"), ("0.5", "'0.5'"), (float("nan"), "nan"), (True, "True")):
        with pytest.raises(ValueError, match=f"threshold {words} arrived; a confidence from 0 to 1 is expected .* trust.curve"):
            price.outcome(0, threshold)


def test_intervals_of_what_is_saved_hold_the_estimate_and_are_those_of_whole_voices():
    evidence = what_first.priority(0)
    gain, ends = evidence.data["gain"], dict(zip(what_first.candidates(0).index, evidence.data["ends"]))
    assert all(low < gain[name] < high for name, (low, high) in ends.items())
    table, people = what_first.trials(laps.World(0))[what_first.LABELS], laps.names(laps.World(0))["speaker"]
    low, high = diagnose.interval(table["now"] - table["after"], people, np.random.default_rng(0))
    assert ends[what_first.LABELS] == pytest.approx((low, high), rel=.1)


def test_what_a_lap_saves_has_an_interval_over_voices():
    table, mended = panels.after_one_lap(0, what_first.MARKET), laps.mended(0)
    assert table.iloc[0].tolist() == [table["errors"].iloc[0], 0, 0, 0]
    assert (table["saves_low"] <= table["saves"]).all() and (table["saves"] <= table["saves_high"]).all()
    assert np.allclose(table["errors"] + table["saves"], table["errors"].iloc[0], atol=1)
    assert (mended["low"] <= mended["saves"]).all() and np.allclose(mended["before"] - mended["after"], mended["saves"])
    total = laps.names(laps.World(0), labels="mended")["error"].mean()
    assert table["errors"].iloc[2] == round(1000 * total)


def test_the_answered_share_lies_in_its_interval():
    curve = trust.curve(0)
    assert (curve["answered_low"] < curve["answered"]).all() and (curve["answered"] < curve["answered_high"]).all()


def test_a_lead_is_sure_only_where_its_interval_is_above_zero():
    assert what_first.priority(0, market=.6).data["sure"] and not what_first.priority(0).data["sure"]
    assert "its lead may be chance" in panels.traffic(0, 6, 18)[1] and "chance" not in panels.traffic(0, 60, 18)[1]


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """An empty workspace, as whoever opens this lesson first has it."""
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))


def test_without_decisions_yours_is_the_course_s(fresh):
    table = price.compare(0, charter=.5)
    assert table.loc["yours: default"].equals(table.loc["charter"].rename("yours: default")) and (table["cents"] == table["your cents"]).all()
    shown = plans.plans(0)
    assert (shown[["gain", "low", "high"]] == 0).all(axis=None) and shown["yours"].tolist() == ["build", "108, 74, 69, 49", "3 votes, written, counting"]


def test_what_lessons_01_and_04_kept_moves_the_row_that_is_yours(fresh):
    before = price.compare(0, charter=.5)
    lesson.begin("01", 0)
    scope_charter.sign(scope_charter.charter().document() | dict(threshold=.7, cost_wrong_card=10))
    stricter = price.compare(0, charter=.5)
    assert stricter.loc["charter", "cents"] == before.loc["charter", "cents"] < stricter.loc["charter", "your cents"]
    assert stricter.loc["yours: default", "threshold"] == .7 and stricter.loc["yours: default", "cards"] < before.loc["yours: default", "cards"]
    lesson.begin("04", 0)
    lesson.decide("model", "discriminants")
    other = price.compare(0, charter=.5)
    assert other.loc["yours: discriminants", "wrong"] != stricter.loc["yours: default", "wrong"] and other.loc["charter"].equals(stricter.loc["charter"])


def test_what_lessons_01_to_03_kept_moves_the_plans(fresh):
    lesson.begin("01", 0)
    lesson.decide("offer", "templates")
    lesson.begin("02", 0)
    lesson.decide("allocation", {"indoors": 200, "outdoors": 50, "loud": 50, "new market": 0})
    lesson.begin("03", 0)
    lesson.decide("votes_per_clip", 1)
    shown = plans.plans(0)
    assert shown["yours"].tolist() == ["templates", "200, 50, 50, 0", "1 vote, written"] and (shown["gain"] != 0).all()
    assert (shown["low"] < shown["gain"]).all() and (shown["gain"] < shown["high"]).all() and (shown["high"] < 0)[["offer (01)", "labels (03)"]].all()


@pytest.mark.parametrize("kept, words, worst", [({"guideline": "own words"}, "3 votes, own words, counting", -10),
                                                ({"aggregator": "Dawid-Skene"}, "3 votes, written, Dawid-Skene", 0),
                                                ({"guideline": "own words", "aggregator": "Dawid-Skene"}, "3 votes, own words, Dawid-Skene", -5)])
def test_a_bad_guideline_and_a_bad_way_cost_names_and_the_interval_shows_it(fresh, kept, words, worst):
    lesson.begin("03", 0)
    for name, value in kept.items():
        lesson.decide(name, value)
    row = plans.plans(0).loc["labels (03)"]
    assert row["yours"] == words and row["low"] < row["gain"] < row["high"] < worst


def test_five_votes_and_the_clever_way_mend_most_of_what_own_words_spoil(fresh):
    lesson.begin("03", 0)
    for name, value in dict(guideline="own words", votes_per_clip=5).items():
        lesson.decide(name, value)
    counted = plans.plans(0).loc["labels (03)", "gain"]
    lesson.decide("aggregator", "Dawid-Skene")
    assert plans.plans(0).loc["labels (03)", "gain"] > counted / 3


def test_an_offer_that_breaks_the_exit_says_so_beside_what_it_recognises(fresh):
    lesson.begin("01", 0)
    lesson.decide("offer", "API")
    assert plans.plans(0).loc["offer (01)", "yours"] == "API, exit 90 days, not 30"
    assert set(plans.ANSWERS) == set(plans.scope_offers.OFFERS.index) and set(plans.ANSWERS.values()) <= set(plans.scope_products.MODELS)


def test_clips_of_yours_get_the_score_that_lesson_02_shows(fresh):
    counts = tuple(lesson.decision("allocation").items())
    assert plans.recorded(0, counts)[0].mean() == pytest.approx(collect_spread.scores(plans.samples.judged(0, counts, draws=5))[0][-1])
