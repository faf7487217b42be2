"""Samples, weights and their effective size: by hand, as properties, and on bad input."""
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from course_lib.cycle import collect
from course_lib.cycle.collect import PLACES
from course_lib.learn import decisions
from course_lib.lessons import collect as lesson
from course_lib.lessons import collect_gate, collect_panels, collect_samples
from course_lib.world.world import World

WORLD = World(1000)


@pytest.fixture(scope="module")
def frame():
    return collect.frame(WORLD)


def rng():
    return np.random.default_rng(0)


def spread(*counts):
    return dict(zip(PLACES, counts))


def test_places_by_hand():
    rows = pd.DataFrame(dict(group=["american", "british", "newyork", "es-voice"], room=["quiet", "cafe", "crowd", "crowd"]))
    assert list(collect.places(rows)) == ["indoors", "outdoors", "loud", "new market"]


def test_no_reader_is_in_both_frames_and_shares_add_up(frame):
    assert not set(frame["speaker"]) & set(collect.frame(WORLD, "test")["speaker"])
    assert all(abs(shares.sum() - 1) < 1e-9 for shares in collect.forecast(WORLD).values())


def test_samples_have_the_sizes_that_were_asked_for(frame):
    shares = collect.forecast(WORLD)["place"]
    stratified, proportional = collect.stratified(frame, 300, rng()), collect.proportional(frame, 300, rng(), shares)
    assert stratified["place"].value_counts().to_dict() == dict.fromkeys(PLACES, 75)
    assert (proportional["place"].value_counts() - 300 * shares).abs().max() < 1
    near = collect.convenience(frame, 300, rng(), 9)
    assert set(near["place"]) == {"indoors"} and near["speaker"].nunique() == 9 and len(near) == 300
    for rows in (stratified, proportional, near):
        assert rows["id"].is_unique


@given(st.lists(st.floats(0, 50), min_size=1, max_size=6))
def test_rounded_keeps_the_sum(values):
    counts = pd.Series(values)
    whole = collect.rounded(counts)
    assert whole.sum() == round(counts.sum()) and ((whole - counts).abs() <= 1 + 1e-6).all()


def test_weights_by_hand_and_both_columns_of_a_rake():
    rows = pd.DataFrame(dict(place=["a", "a", "a", "b"], device=["x", "x", "y", "y"]))
    one = collect.weights(rows, {"place": pd.Series(dict(a=.5, b=.5))})
    assert one.tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2])
    assert collect.effective_size(one) == pytest.approx(16 / (3 * 4 / 9 + 4))
    two = collect.weights(rows, {"place": pd.Series(dict(a=.6, b=.4)), "device": dict(x=.3, y=.7)})
    assert two[:3].sum() / 4 == pytest.approx(.6) and two[:2].sum() / 4 == pytest.approx(.3)
    assert two.sum() == pytest.approx(4)


def test_the_lessons_step_comes_to_rest_where_weights_does():
    rows = pd.DataFrame(dict(place=list("aaabbc"), device=list("xyxyxy")))
    shares = {"place": pd.Series(dict(a=.4, b=.4, c=.2)), "device": pd.Series(dict(x=.3, y=.7))}
    mine = pd.Series(1.0, rows.index)
    for _ in range(200):
        for column, values in shares.items():
            mine = lesson.rake(mine, rows[column], values)
    assert mine.to_numpy() == pytest.approx(collect.weights(rows, shares))


def test_bad_input_gets_a_sentence(frame):
    near, shares = frame[frame["place"] == "indoors"], {"place": collect.forecast(WORLD)["place"]}
    for call, words in [
        (lambda: collect.weights(near, shares), "the sample has no clip of it"),
        (lambda: collect.weights(frame.iloc[:0], shares), "empty sample"),
        (lambda: collect.weights(frame.assign(place="moon"), shares), "'moon' has no share"),
        (lambda: collect.weights(frame.drop(columns="place"), shares), "no column 'place'"),
        (lambda: collect.weights(frame, {"place": pd.Series({**dict.fromkeys(PLACES, .4), "loud": -.2})}), "place 'loud' has the share -0.2"),
        (lambda: collect.weights(frame, {"place": pd.Series({**dict.fromkeys(PLACES, .4), "loud": np.nan})}), "place 'loud' has the share nan"),
        (lambda: collect.weights(frame, {"place": pd.Series(dict.fromkeys(PLACES, 0.))}), "add up to 0"),
        (lambda: collect.weights(frame, {"place": pd.Series([.2] * 5, [*PLACES, "loud"])}), "place 'loud' stands twice"),
        (lambda: collect.proportional(frame, 300, rng(), pd.Series(dict(indoors=1))), "place 'loud' has no share"),
        (lambda: collect.proportional(frame, 300, rng(), pd.Series({**dict.fromkeys(PLACES, .4), "loud": -.2})), "place 'loud' has the share -0.2"),
        (lambda: collect.stratified(frame, float("nan"), rng()), "nan clips"),
        (lambda: collect.places([1, 2]), "list arrived"),
        (lambda: collect.quota(frame, {"indoors": -1}, rng()), "whole number"),
        (lambda: collect.quota(frame, {"indoors": float("nan")}, rng()), "whole number"),
        (lambda: collect.quota(frame, {"new market": 241}, rng()), "the frame has 240"),
        (lambda: collect.quota(frame, {"moon": 1}, rng()), "its places are indoors"),
        (lambda: collect.effective_size([]), "at least one"),
        (lambda: collect.effective_size([-1, 2]), "from 0 up"),
        (lambda: collect_samples.drawn(WORLD, "lottery"), "one of convenience"),
        (lambda: collect_samples.mixed(WORLD, .7, .4), "together at most 1"),
        (lambda: collect_panels.allocation_figure(0, 200, 150), "there are 300"),
        (lambda: collect_samples.allocation(-1, 0, WORLD), "neither is below 0"),
        (lambda: collect_panels.sound_allocation(spread(71, 78, 77, 74), 80), "indoors has 71 clips, fewer than the floor of 80.*from 0 to 75"),
        (lambda: collect_panels.sound_allocation(spread(210, 50, 57, -17)), "-17 clips for 'new market' arrived; a whole number from 0 to 240 is expected"),
        (lambda: collect_panels.sound_allocation(spread(20, 20, 10, 250)), "250 clips for 'new market' arrived; a whole number from 0 to 240"),
        (lambda: collect_panels.sound_allocation(pd.Series([75] * 5, [*PLACES, "loud"])), "a place stands twice"),
        (lambda: collect_panels.sound_allocation(spread(75.5, 74.5, 75, 75)), "75.5 clips for 'indoors'"),
        (lambda: collect_panels.sound_allocation({"indoors": 300}), "one number for each of indoors, outdoors, loud, new market is expected"),
        (lambda: collect_panels.compare_allocations(1000, spread(200, 200, 200, 200)), "adds up to 800 clips; there is money for 300"),
        (lambda: lesson.allocate(pd.Series(.25, PLACES), 300, 80), "4 floors of 80 take more than 300 clips"),
        (lambda: collect_gate.stages(1000, weeks=-3), "weeks: -3 arrived; a number from 0 up"),
        (lambda: collect_gate.stages(1000, requests_a_day=float("nan")), "requests a day: nan arrived"),
        (lambda: collect_gate.stages(1000, hour=0), "price of an hour: 0 arrived; a number above 0"),
    ]:
        with pytest.raises(ValueError, match=words):
            call()


def test_an_allocation_at_its_limits_is_sound():
    assert collect_panels.sound_allocation(lesson.allocate(pd.Series([.7, .1, .1, .1], PLACES), 300, 75), 75).tolist() == [75] * 4
    turned = collect_panels.sound_allocation({"new market": 240, "loud": 60, "outdoors": 0, "indoors": 0})
    assert list(turned.index) == list(PLACES) and turned.sum() == 300


@pytest.mark.parametrize("counts", [spread(75, 75, 75, 75), spread(20, 20, 10, 250), spread(60, 0, 0, 240), spread(300, 0, 0, 0), spread(75.5, 74.5, 75.0, 75.0), spread(200, 200, 200, 200), {"indoors": 300}])
def test_lesson_02_shows_what_it_can_keep_and_nothing_else(counts):
    words = decisions.fault("allocation", counts)
    if words:
        with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
            collect_panels.sound_allocation(counts)
    else:
        assert collect_panels.sound_allocation(counts).to_dict() == counts


def test_columns_may_come_in_another_order(frame):
    turned = frame[frame.columns[::-1]]
    assert collect.stratified(turned, 40, rng())["id"].tolist() == collect.stratified(frame, 40, rng())["id"].tolist()


def test_an_estimate_with_equal_weights_is_the_mean():
    right, speakers = np.array([1, 0, 1, 1, 0, 0]), list("aabbcc")
    value, (low, high) = collect_samples.estimate(right, speakers, np.full(6, 3.0), rng())
    assert value == .5 and low == 0 and high == 1
    assert collect_samples.estimate(right, speakers, [1, 0, 1, 1, 0, 0], rng())[0] == 1


def test_an_allocation_holds_300_clips_and_panels_say_who_wins():
    assert sum(collect_samples.allocation(50, 60, WORLD).values()) == 300
    assert "convenience is best" in collect_panels.mix_figure(0, 0, 0)[1]
    assert "stratified is best" in collect_panels.mix_figure(0, 60, 40)[1]
    assert "breaks the floor" in collect_panels.allocation_figure(0, 0, 60)[1]
    assert "keeps the floor" in collect_panels.allocation_figure(0, 100, 60)[1]
