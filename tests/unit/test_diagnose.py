"""Diagnosis: known answers by hand, an oracle, and a sentence for each kind of bad input."""
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats

from course_lib.cycle import diagnose


class Sure:
    """A model that is as sure of each card as the vectors say."""
    classes_ = np.array(["c01", "c02"])

    def predict_proba(self, vectors):
        return np.asarray(vectors, float)


def rows(labels=("c01", "c02", "")):
    return pd.DataFrame(dict(id=[f"u{i}" for i in range(len(labels))], label=list(labels)))


VECTORS = [[.9, .1], [.6, .4], [.2, .8]]


def test_scored_says_best_confidence_and_error():
    found = diagnose.scored(Sure(), rows(), VECTORS, ["c01", "c02"])
    assert found["best"].tolist() == ["c01", "c01", "c02"]
    assert found["confidence"].tolist() == [.9, .6, .8]
    assert found["error"].tolist() == [0, 1, 1] and found["right"].tolist() == [True, False, False]


@pytest.mark.parametrize("table, vectors, words", [
    (rows(("c01", "c99", "")), VECTORS, "1 labels are in no catalogue, the first is 'c99'"),
    (rows(("c01", None, "")), VECTORS, "1 of 3 labels are missing"),
    (rows().assign(id="u0"), VECTORS, "2 rows stand twice, the first is 'u0'"),
    (rows().drop(columns="label"), VECTORS, "the table has no column label; its columns are id"),
    (rows().iloc[:0], [], "the table has no rows"),
    (rows(), VECTORS[:2], "2 feature vectors for 3 rows arrived"),
])
def test_scored_names_what_is_wrong(table, vectors, words):
    with pytest.raises(ValueError, match=words):
        diagnose.scored(Sure(), table, vectors, ["c01", "c02"])


def test_columns_in_another_order_change_nothing():
    there = diagnose.scored(Sure(), rows(), VECTORS, ["c01", "c02"])
    back = diagnose.scored(Sure(), rows()[["label", "id"]], VECTORS, ["c02", "c01"])
    pd.testing.assert_frame_equal(there, back[there.columns])


def test_interval_over_clips_agrees_with_the_normal_one():
    values = np.random.default_rng(0).normal(5, 2, 2000)
    low, high = diagnose.interval(values, range(2000), np.random.default_rng(1), n=4000)
    half = stats.norm.ppf(.975) * values.std() / np.sqrt(2000)
    assert abs(low - (values.mean() - half)) < .02 and abs(high - (values.mean() + half)) < .02


def test_interval_over_speakers_is_as_wide_as_so_few_opinions():
    speakers = np.repeat(np.arange(10), 100)
    values = np.repeat(np.arange(10.0), 100)
    low, high = diagnose.interval(values, speakers, np.random.default_rng(0))
    alone = diagnose.interval(values[::100], range(10), np.random.default_rng(0))
    assert (low, high) == alone and high - low > 5 * np.diff(diagnose.interval(values, range(1000), np.random.default_rng(0)))[0]


def test_resampled_ratios_are_those_of_a_loop_over_the_same_draws():
    rng = np.random.default_rng(3)
    people = rng.permutation(np.repeat(["a", "b", "c", "d"], [3, 1, 4, 2]))
    below = rng.integers(0, 3, (10, 2)).astype(float)
    above = rng.random((10, 2)) * below
    found = diagnose.resampled(above, people, np.random.default_rng(5), below, n=20)
    times = diagnose.redraws(4, np.random.default_rng(5), 20)
    for row, drawn in zip(found, times):
        often = np.array([dict(zip(pd.unique(people), drawn))[who] for who in people])
        assert row == pytest.approx((often @ above) / (often @ below), nan_ok=True)
    assert diagnose.resampled(above[:, 0], people, np.random.default_rng(5), below[:, 0], n=20)[:, 0] == pytest.approx(found[:, 0], nan_ok=True)


def test_resampled_says_nan_where_nothing_is_left_to_divide_by():
    found = diagnose.resampled([1.0, 0], ["a", "b"], np.random.default_rng(0), [2.0, 0])
    assert set(found[~np.isnan(found)]) == {.5} and .2 < np.isnan(found).mean() < .3, "b twice is a quarter of the draws"
    assert np.isnan(diagnose.interval([], [], np.random.default_rng(0))).all()
    with pytest.raises(ValueError, match="2 values and 3 speakers arrived"):
        diagnose.interval([1, 2], ["a", "a", "a"], np.random.default_rng(0))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.floats(-5, 5)), min_size=2, max_size=30))
def test_interval_holds_within_the_speakers_means(pairs):
    speakers, values = map(np.array, zip(*pairs))
    low, high = diagnose.interval(values, speakers, np.random.default_rng(0), n=50)
    if len(set(speakers)) < 2:
        assert np.isnan(low) and np.isnan(high)
    else:
        means = [values[speakers == s].mean() for s in set(speakers)]
        assert min(means) - 1e-9 <= low <= high <= max(means) + 1e-9


def test_interval_wants_a_speaker_each():
    with pytest.raises(ValueError, match="3 values and 2 speakers arrived"):
        diagnose.interval([1, 2, 3], ["a", "b"], np.random.default_rng(0))


def test_slices_by_hand():
    table = pd.DataFrame(dict(id=range(4), speaker=["a", "b", "a", "a"], device=["phone", "phone", "watch", "watch"], error=[0, 1, 1, 1]))
    found = diagnose.slices(table, "device", np.random.default_rng(0))
    assert found.index.tolist() == ["watch", "phone"] and found["mean"].tolist() == [1, .5]
    assert found["share"].tolist() == [.5, .5] and found["speakers"].tolist() == [1, 2]
    assert np.isnan(found["low"]["watch"])              # one speaker alone says nothing about the next


def test_an_empty_slice_says_what_there_is():
    with pytest.raises(ValueError, match=r"the slice .* is empty; room holds kitchen, street"):
        diagnose.pick(pd.DataFrame(dict(room=["street", "kitchen"])), room="moon")


def test_confusions_count_pairs_and_leave_strangers_out():
    table = pd.DataFrame(dict(id=range(5), label=["c01", "c01", "c02", "", "c02"], best=["c02", "c02", "c01", "c01", "c02"]))
    found = diagnose.confusions(table)
    assert found[["meant", "shown", "clips"]].values.tolist() == [["c01", "c02", 2], ["c02", "c01", 1]]
    assert found["share"].round(3).tolist() == [.667, .333]


def test_a_pair_is_matched_by_id_whatever_the_order():
    before = pd.DataFrame(dict(id=["a", "b", "c"], error=[1, 1, 0]))
    after = pd.DataFrame(dict(id=["c", "a", "b"], error=[1, 0, 1]))
    assert diagnose.paired(before, after)["gain"].tolist() == [1, 0, -1]
    with pytest.raises(ValueError, match="1 clips were scored on one side only, such as 'c'"):
        diagnose.paired(before, after.iloc[1:])
    with pytest.raises(ValueError, match="1 rows stand twice"):
        diagnose.paired(before, pd.concat([after, after.iloc[:1]]))


def test_reliability_and_its_error_by_hand():
    table = diagnose.reliability([.1, .1, .9, .9], [0, 0, 1, 0], bins=2)
    assert table["right"].tolist() == [0, .5] and table["clips"].tolist() == [2, 2]
    assert diagnose.ece(table) == pytest.approx(.5 * .1 + .5 * .4)
    assert diagnose.reliability([1.0], [1])[["low", "high"]].values.tolist() == [[.9, 1.0]]


@pytest.mark.parametrize("confidence, right, words", [
    ([1.2], [1], "confidences from 1.2 to 1.2 arrived"), ([.5, .5], [1], "2 confidences and 1 outcomes arrived"), ([], [], "0 confidences")])
def test_reliability_names_what_is_wrong(confidence, right, words):
    with pytest.raises(ValueError, match=words):
        diagnose.reliability(confidence, right)


def answers(n=200):
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0, .95, n)
    return pd.DataFrame(dict(id=range(n), speaker=np.arange(n) % 8, confidence=confidence, right=rng.uniform(size=n) < confidence))


def test_risk_and_coverage_by_hand():
    table = pd.DataFrame(dict(id=range(4), speaker=list("abab"), confidence=[.2, .6, .8, .9], right=[False, False, True, True]))
    found = diagnose.risk_coverage(table, [0, .5, .7, 1], np.random.default_rng(0))
    assert found["answered"].tolist() == [1, .75, .5, 0]
    assert found["risk"].round(3).tolist()[:3] == [.5, .333, 0] and np.isnan(found["risk"].iloc[3])
    assert found["high"].iloc[2] == 1 and np.isnan(found["high"].iloc[3])   # two cards without an error promise nothing


def test_coverage_falls_and_the_interval_holds_the_risk():
    found = diagnose.risk_coverage(answers(), np.linspace(0, .9, 10), np.random.default_rng(0))
    assert found["answered"].is_monotonic_decreasing
    assert ((found["low"] <= found["risk"]) & (found["risk"] <= found["high"])).all()


@pytest.mark.parametrize("odd", [2, -.1, float("nan")])
def test_a_threshold_is_a_confidence(odd):
    with pytest.raises(ValueError, match=r"a confidence from 0 to 1 is expected \(2% is 0.02\)"):
        diagnose.risk_coverage(answers(), [.5, odd], np.random.default_rng(0))
