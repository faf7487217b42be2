"""Drift statistics against oracles and by hand; thresholds, many tests, reports in chunks; bad input gets a sentence."""
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats

from course_lib.cycle import drift
from course_lib.cycle.drift_report import Report, report

RNG = np.random.default_rng(8)
numbers = st.lists(st.integers(-5, 5), min_size=2, max_size=40)


@settings(max_examples=60, deadline=None)
@given(numbers, numbers)
def test_ks_is_scipys(a, b):
    assert drift.ks(a, b) == pytest.approx(stats.ks_2samp(a, b, method="asymp").statistic)


@settings(max_examples=60, deadline=None)
@given(numbers, numbers)
def test_psi_is_never_negative_and_zero_on_itself(a, b):
    assert drift.psi(a, b) >= 0 and drift.psi(a, a) == 0


def test_psi_by_hand():
    before, now = [1, 2, 3, 4], [1, 1, 1, 4]               # two bins: half and half, then three quarters and one
    assert drift.psi(before, now, bins=2) == pytest.approx((.5 - .75) * np.log(.5 / .75) + (.5 - .25) * np.log(.5 / .25))


def test_psi_without_change_is_about_bins_less_one_over_rows():
    found = [drift.psi(RNG.normal(size=100), RNG.normal(size=100)) for _ in range(400)]
    assert np.mean(found) == pytest.approx(9 * (1 / 100 + 1 / 100), rel=.15)
    assert np.mean(np.array(found) > .1) > .7              # the folk threshold


def test_a_threshold_keeps_its_promise_and_asks_for_enough_windows():
    limit = drift.threshold(RNG.normal(size=2000), .05)
    assert np.mean(RNG.normal(size=4000) > limit) == pytest.approx(.05, abs=.015)
    with pytest.raises(ValueError, match="16 unchanged windows cannot show what one in 100 exceeds"):
        drift.threshold(np.arange(16), .01)


def test_a_threshold_ahead_keeps_its_promise_for_windows_to_come_where_a_plain_one_does_not():
    rng = np.random.default_rng(9)                          # a generator of its own: other tests draw from RNG in order
    past = rng.normal(size=(3000, 112))
    exceeded = {ahead: np.mean([stats.norm.sf(drift.threshold(row, .01, ahead)) for row in past]) for ahead in (False, True)}
    assert exceeded[True] == pytest.approx(.01, abs=.001) and exceeded[False] > .017
    assert drift.threshold(np.arange(140), .01, ahead=True) > drift.threshold(np.arange(140), .01)


def test_p_values_are_uniform_without_change():
    found = [drift.p_value(RNG.normal(size=99), RNG.normal()) for _ in range(2000)]
    assert np.mean(np.array(found) <= .05) == pytest.approx(.05, abs=.02)
    assert drift.p_value([1, 2, 3], 9) == .25


def test_holm_by_hand_and_missing_tests():
    assert drift.holm([.01, .04, .03]).tolist() == [True, False, False]        # .01 <= .05/3; .03 > .05/2
    assert drift.holm([.01, .02, .04]).tolist() == [True, True, True]
    assert drift.holm([.01, np.nan, np.nan]).tolist() == [True, False, False]
    assert not drift.holm([np.nan]).any() and not drift.holm([]).any()
    assert drift.holm([.02, np.nan]).tolist() == [True, False]
    with pytest.raises(ValueError, match="between 0 and 1"):
        drift.holm([1.2])


def test_holm_keeps_the_whole_family_quiet():
    false = np.mean([drift.holm(RNG.random(40)).any() for _ in range(2000)])
    assert false == pytest.approx(.05, abs=.02)


def test_adwin_finds_a_rise_and_leaves_a_steady_stream_alone():
    steady = RNG.random(4000) < .08
    assert drift.adwin(steady) == []
    found = drift.adwin(np.r_[steady, RNG.random(1000) < .25])
    assert found and 4000 <= found[0] < 4300
    assert drift.adwin([]) == []


def test_a_domain_classifier_tells_what_differs_and_only_that():
    a, b = RNG.normal(size=(400, 5)), RNG.normal(size=(200, 5))
    assert drift.domain_auc(a, b) == pytest.approx(.5, abs=.08)
    assert drift.domain_auc(a, b + [2, 0, 0, 0, 0]) > .85
    order = [3, 1, 0, 4, 2]
    assert drift.domain_auc(a, b + 1) == pytest.approx(drift.domain_auc(a[:, order], b[:, order] + 1))
    assert drift.domain_auc(np.c_[a, np.ones(400)], np.c_[b, np.ones(200)]) == pytest.approx(drift.domain_auc(a, b))   # a constant column


def test_one_take_on_both_sides_of_a_split_looks_like_drift():
    takes = np.repeat(np.arange(30), 10)
    a, b = RNG.normal(size=(300, 40)), np.repeat(RNG.normal(size=(30, 40)), 10, axis=0)
    assert drift.domain_auc(a, b) > .65 > drift.domain_auc(a, b, np.r_[np.arange(100, 400), takes])


def test_distance_to_the_nearest_training_clip():
    known = drift.Known(np.array([[0., 0], [2, 2], [0, 2], [2, 0]]))
    assert known.distance(np.array([[0., 0], [3, 2]])) == pytest.approx([0, 1], abs=1e-3)
    assert np.isnan(known.distance(np.array([[np.nan, 0]]))).all() and len(known.distance(np.empty((0, 2)))) == 0
    many = RNG.normal(size=(50, 2))
    assert known.distance(many, rows=7) == pytest.approx(known.distance(many), abs=1e-4)
    assert known.directions(many, 1).shape == (50, 1)
    with pytest.raises(ValueError, match=r"\(n, 2\) is expected"):
        known.distance(np.ones((3, 5)))


@pytest.mark.parametrize("statistic", [drift.psi, drift.ks])
@pytest.mark.parametrize("window", [[], [1.0], [np.nan, np.nan, 3]], ids=["empty", "one row", "NaN but one"])
def test_windows_too_small_get_a_sentence(statistic, window):
    with pytest.raises(ValueError, match="2 or more are needed"):
        statistic([1, 2, 3], window)


def test_nan_is_left_out_and_a_constant_column_does_not_divide_by_zero():
    assert drift.ks([1, 2, 3, np.nan], [1, 2, 3]) == 0
    assert drift.psi([5, 5, 5], [5, 5, 5]) == 0
    assert np.isfinite(drift.psi([5, 5, 5], [6, 7, 8]))
    line = report(pd.DataFrame(dict(a=[5., 5, 5])), pd.DataFrame(dict(a=[6., 6]))).loc["a"]
    assert line["ks"] == 1 and line["shift"] == np.inf


def _tables(rows=500):
    usual = pd.DataFrame(RNG.normal(size=(rows, 3)), columns=list("abc")).round(1)
    late = pd.DataFrame(RNG.normal(.3, 1, size=(rows // 2, 3)), columns=list("abc")).round(1)
    late.loc[:20, "b"] = np.nan
    return usual, late


def test_a_report_is_the_statistics_one_by_one_in_any_chunks_and_any_order_of_columns():
    usual, late = _tables()
    whole = report(usual, late)
    for column in usual:
        assert whole.loc[column, "ks"] == pytest.approx(drift.ks(usual[column], late[column]))
        assert whole.loc[column, "psi"] == pytest.approx(drift.psi(usual[column], late[column]))
    parts = report(usual, (late.iloc[i:i + 37][["c", "a", "b"]] for i in range(0, len(late), 37)))
    pd.testing.assert_frame_equal(whole, parts)
    assert whole.loc["b", "more_missing"] == pytest.approx(21 / 250) and whole.loc["a", "missing"] == 0


@pytest.mark.parametrize("window, words", [
    (lambda w: w.iloc[:0], "the window has 0 rows"), (lambda w: w.iloc[:1], "the window has 1 rows"),
    (lambda w: w[["a", "b"]], "the window has no column 'c'")])
def test_bad_windows_get_a_sentence(window, words):
    usual, late = _tables()
    with pytest.raises(ValueError, match=words):
        report(usual, window(late))


def test_bad_references_get_a_sentence_and_an_all_missing_column_is_said_to_be_missing():
    usual, late = _tables()
    with pytest.raises(ValueError, match="an empty reference"):
        Report(usual.iloc[:0])
    with pytest.raises(ValueError, match="'device' is not numeric"):
        Report(usual.assign(device="phone"))
    gone = report(usual, late.assign(a=np.nan)).loc["a"]
    assert gone["missing"] == 1 and np.isnan(gone["ks"])
