"""Whom to keep: prices that skill explains loosely, a ranking by gold, crews compared on clips that are not gold."""
import numpy as np
import pytest

from course_lib.cycle.annotators import LEAST_PRICE, MOST_PRICE, crew
from course_lib.lessons import label_crews, label_votes


def test_prices_differ_lie_within_their_range_and_stand_at_every_vote():
    people = [one for seed in range(40) for one in crew(seed, 9)]
    prices, skills = np.array([one.price for one in people]), np.array([one.skill for one in people])
    assert LEAST_PRICE <= prices.min() < 1.3 and 3 < prices.max() <= MOST_PRICE and 1.9 < prices.mean() < 2.1
    assert 0 < np.corrcoef(prices, skills)[0, 1] < .4
    votes = label_crews.nine(0)
    assert votes.groupby("annotator")["price"].nunique().eq(1).all() and votes["price"].nunique() > 3


def test_the_guideline_changes_no_price():
    assert [p.price for p in crew(3, 9, "own words")] == [p.price for p in crew(3, 9, "written", 4)]


def test_nine_are_the_five_and_four_more():
    five, votes = label_votes.votes(0, misread=0), label_crews.nine(0)
    assert votes[votes["annotator"].isin(five["annotator"].unique())]["label"].tolist() == five["label"].tolist()


def test_tied_prices_are_the_same_ones_in_the_order_of_skill():
    own, tied = label_crews.price_list(0), label_crews.price_list(0, True)
    assert sorted(own) == sorted(tied) and own.index.equals(tied.index)
    hears = label_crews.label.skill_from_gold(label_crews.nine(0), label_votes.right(0))["skill"]
    assert tied[hears.sort_values().index].is_monotonic_increasing
    assert label_crews.order(0).value < .85 < label_crews.order(0, True).value


def test_a_crew_is_judged_on_clips_that_are_not_gold_and_against_yours():
    keep = label_crews.by_gold(0)[:3]
    assert set(label_crews.wrong(0, keep).index).isdisjoint(label_crews.gold(0).index)
    table = label_crews.crews(0, keep)
    assert table.loc["yours", ["more than yours, from", "to"]].tolist() == [0, 0]
    assert table["cents a clip"].idxmax() == "the dearest" and table["cents a clip"].idxmin() == "the cheapest"
    gap = table["wrong labels (%)"] - table.loc["yours", "wrong labels (%)"]
    assert (table["more than yours, from"] <= gap).all() and (gap <= table["to"]).all()


def test_a_name_that_nobody_has_gets_a_sentence():
    with pytest.raises(ValueError, match="Zoe arrived; some of Ana, Ben"):
        label_crews.crews(0, ["Ana", "Zoe"])
