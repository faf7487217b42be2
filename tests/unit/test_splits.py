"""Splits and model cards: known answers by hand, properties, and a sentence for bad input."""
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.cycle import card, splits


def test_groups_take_turns():
    assert splits.group_folds([7, 7, 3, 5, 9], 2).tolist() == [0, 0, 0, 1, 1]


@settings(max_examples=60, deadline=None)
@given(groups=st.lists(st.integers(0, 9), min_size=4, max_size=60), k=st.integers(2, 4))
def test_no_group_stands_in_two_folds(groups, k):
    if len(set(groups)) < k:
        with pytest.raises(ValueError, match="folds of .* groups arrived"):
            splits.group_folds(groups, k)
        return
    fold = splits.group_folds(groups, k)
    assert pd.Series(fold).groupby(pd.Series(groups)).nunique().max() == 1
    assert set(fold) == set(range(k)) and all(splits.shared(pd.DataFrame(dict(g=groups)), fold == f, "g") == 0 for f in range(k))


@settings(max_examples=60, deadline=None)
@given(labels=st.lists(st.sampled_from("abc"), min_size=2, max_size=60), seed=st.integers(0, 99))
def test_random_folds_spread_every_label(labels, seed):
    labels = labels + ["a", "a", "b", "b", "c", "c"]
    fold = splits.random_folds(labels, 2, np.random.default_rng(seed))
    counts = pd.crosstab(pd.Series(labels), pd.Series(fold))
    assert (counts[0] - counts[1]).abs().max() <= 1 and abs(int((fold == 0).sum()) - int((fold == 1).sum())) <= 1


def test_random_folds_are_repeated_by_their_generator():
    labels = list("aabbccddee")
    one, two, other = (splits.random_folds(labels, 2, np.random.default_rng(s)).tolist() for s in (1, 1, 2))
    assert one == two != other


def test_time_and_shared_values():
    late = splits.by_time([0, 5, 9, 9], 9)
    assert late.tolist() == [False, False, True, True]
    assert splits.shared(pd.DataFrame(dict(recording=[1, 2, 2, 3])), late, "recording") == .5


@pytest.mark.parametrize("call, words", [
    (lambda: splits.random_folds(["a", "a", "b"], 2, np.random.default_rng(0)), "1 labels have a single clip, such as 'b'"),
    (lambda: splits.random_folds(["a", "a", None, None], 2, np.random.default_rng(0)), "2 of 4 labels are missing"),
    (lambda: splits.random_folds(["a"], 2, np.random.default_rng(0)), "2 folds of 1 clips"),
    (lambda: splits.random_folds([], 2, np.random.default_rng(0)), "2 folds of 0 clips"),
    (lambda: splits.group_folds(["x", None, "y"], 2), "1 clips have no group"),
    (lambda: splits.group_folds([], 2), "2 folds of 0 groups"),
    (lambda: splits.by_time([1, 2], 5), "nothing to measure on"),
    (lambda: splits.by_time([1, 2], 0), "nothing to learn from"),
    (lambda: splits.by_time([], 0), "empty on one side"),
    (lambda: splits.shared(pd.DataFrame(dict(a=[1, 2])), [True, False], "speaker"), "no column 'speaker'; their columns are a"),
])
def test_bad_input_gets_a_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()


CARD = dict(purpose="names", model="default", data="24 readers", split="strangers", baseline="nearest mean", owner="ML engineer",
            numbers={"accuracy": (.94, .92, .96)}, limits=["other accents"])


def test_a_sound_card_is_kept_and_read():
    assert card.faults(CARD) == [] and card.checked(CARD)["numbers"] == {"accuracy": [.94, .92, .96]}
    assert "accuracy: 0.94 (0.92 to 0.96)" in card.text(CARD) and card.text(CARD).endswith("limit: other accents")


@pytest.mark.parametrize("change, words", [
    (dict(owner=" "), "owner is missing; say who answers"),
    (dict(split=None), "split is missing"),
    (dict(numbers={}), "numbers is missing"),
    (dict(numbers={"accuracy": .94}), "accuracy has no interval"),
    (dict(numbers={"accuracy": (.94, .95, .96)}), "0.94 is not between"),
    (dict(numbers={"accuracy": (float("nan"), 0, 1)}), "three finite numbers"),
    (dict(limits=[]), "limits is missing"),
    (dict(limits="none"), "limits is missing"),
    (dict(colour="red"), "colour is no field"),
])
def test_a_card_says_what_it_lacks(change, words):
    found = card.faults(CARD | change)
    assert len(found) == 1 and words in found[0]
    with pytest.raises(card.CardError, match="1 reason"):
        card.checked(CARD | change)


def test_a_card_that_is_no_dict():
    assert card.faults("text") == ["str arrived; a dict is expected"]
