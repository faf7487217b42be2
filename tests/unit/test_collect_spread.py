"""Intervals over speakers and draws: the counts as they are without resampling, none where nothing varies, wide where speakers differ."""
import numpy as np
import pandas as pd
import pytest

from course_lib.cycle.collect import PLACES
from course_lib.lessons.collect_spread import OVERALL, WORST, Tally, gained, scores, spread, tallied


def tally(shares, speakers=8, requests=50, draws=3):
    """So many speakers, each with requests in every place and this share of right answers there."""
    right = np.broadcast_to(requests * np.asarray(shares, float), (draws, speakers, len(PLACES)))
    return Tally(right.copy(), np.full((speakers, len(PLACES)), float(requests)))


def test_counts_are_those_of_the_tables():
    rows = pd.DataFrame(dict(speaker=["a", "a", "b", "b", "b"], place=[*PLACES, PLACES[0]], right=[True, False, True, True, False]))
    found = tallied([rows, rows.assign(right=True)])
    assert found.right.shape == (2, 2, 4) and found.asked.sum() == 5
    by_place = pd.concat([rows, rows.assign(right=True)]).groupby("place")["right"].mean()[list(PLACES)]
    assert scores(found)[0] == pytest.approx([*(100 * by_place), 80])


def test_without_differences_an_interval_has_no_width():
    ends = spread(tally([.9, .8, .6, .4]), np.random.default_rng(0))
    assert ends.T[0] == pytest.approx([90, 80, 60, 40, 67.5]) and ends.T[1] == pytest.approx(ends.T[0])


def test_a_gain_is_that_of_the_worst_place_whichever_it_is():
    found = gained(tally([.8, .8, .5, .6]), tally([.9, .9, .6, .3]), np.random.default_rng(0))
    assert found[WORST] == pytest.approx((20, 20, 20)) and found[OVERALL] == pytest.approx((0, 0, 0), abs=1e-9)


def test_speakers_and_draws_widen_the_interval_and_equal_plans_are_not_told_apart():
    even, rng = tally([.8, .8, .5, .5]), np.random.default_rng(1)
    by_speaker, by_draw = even.right.copy(), even.right.copy()
    by_speaker[:, ::2] += 10
    by_draw[0] -= 10
    for right in (by_speaker, by_draw):
        low, high = spread(Tally(right, even.asked), rng)[0]
        assert high - low > 5
    _, low, high = gained(Tally(by_draw, even.asked), Tally(by_draw, even.asked), rng)[WORST]
    assert low < 0 < high
    _, low, high = gained(Tally(by_speaker, even.asked), Tally(by_speaker, even.asked), rng)[WORST]
    assert max(abs(low), abs(high)) < 1e-9, "the same speakers are drawn for both"
