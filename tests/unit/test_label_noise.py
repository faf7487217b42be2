"""How many votes: bills add up, savings have intervals over speakers, and what is not shown is not bought."""
import numpy as np
import pandas as pd
import pytest

from course_lib.lessons import label_crews, label_noise, label_panels
from course_lib.lessons.label_noise import EACH, MONTH, enough, errors, saved, total, worth

SPARED = label_noise.spared.__wrapped__                 # without what it keeps


@pytest.fixture
def served(monkeypatch):
    """Four speakers with ten requests each; what an answer costs by votes a clip is set by the test."""
    def fill(costs):
        people = pd.Series(np.repeat(list("abcd"), 10))
        each = pd.DataFrame({votes: np.repeat(np.broadcast_to(cost, 4), 10) for votes, cost in costs.items()})
        monkeypatch.setattr(label_noise, "_served", lambda seed, pool=None: (people, each))
        monkeypatch.setattr(label_noise, "spared", SPARED)
        monkeypatch.setattr(label_noise, "prompted", lambda seed, pool=None: ([None] * 960, None))
    return fill


def test_where_all_speakers_gain_the_same_the_interval_has_no_width(served):
    served({1: .4, 3: .3, 5: .28})
    assert saved(0, 3, 1, 2.0, 1_000_000) == pytest.approx((96_160, 96_160, 96_160)), "100 cents in 1,000 requests, less 1,920 votes at 2 cents"
    assert [enough(0, 2.0, requests) for requests in (20_000, 50_000, 1_000_000)] == [1, 3, 5]
    assert enough(0, 0.0, 1) == 5 and enough(0, 2.0, 0) == 1


def test_what_is_not_shown_is_not_bought_and_a_step_may_be_passed_over(served):
    served({1: [.6, .2, .6, .2], 3: .3, 5: [.1, .5, .3, .2]})
    assert saved(0, 5, 3, 2.0, MONTH)[0] > 0 > saved(0, 5, 3, 2.0, MONTH)[1] and enough(0, 2.0, MONTH) != 5
    served({1: .4, 3: [.2, .5, .4, .4], 5: .1})
    assert saved(0, 3, 1, 2.0, MONTH)[1] < 0 and enough(0, 2.0, MONTH) == 5, "five against one is shown, though three against one is not"


def test_the_table_the_bill_and_the_evidence_agree():
    table, found = errors(0), worth(0, requests=MONTH)
    assert list(table.index) == list(EACH) and np.isnan(table.loc[1, "less"])
    assert table["cost"].diff().dropna().to_numpy() == pytest.approx(-table["less"].dropna().to_numpy())
    assert (table["low"] <= table["less"])[1:].all() and (table["less"] <= table["high"])[1:].all()
    bill = total(0, 2.0, MONTH)
    assert found.value == pytest.approx(bill[1] - bill[3]) and found.interval[0] < found.value < found.interval[1]
    assert found.data["enough"] == enough(0, 2.0, MONTH) > 1 == enough(0, 2.0, 20_000)


def test_the_panel_reaches_from_a_pilot_to_the_month_of_lesson_01():
    requests = label_panels.price_panel(0).controls["requests"]
    assert requests.value == 20_000 and max(value for _, value in requests.options) == MONTH


@pytest.mark.parametrize("price, requests, words", [(-1, 10, "price of a vote is -1"), (2, -10, "number of requests is -10"), (float("nan"), 10, "price of a vote is nan")])
def test_prices_and_requests_below_zero_get_a_sentence(price, requests, words):
    for call in (lambda: total(0, price, requests), lambda: saved(0, 3, 1, price, requests)):
        with pytest.raises(ValueError, match=words):
            call()


def test_what_readers_lose_is_resampled_by_reader():
    readers = np.repeat(list("abcd"), 24)
    first, second = np.full(96, 90.0), np.repeat([80.0, 70.0, 60.0, 50.0], 24)
    low, high = label_noise.lost(first, second, readers, np.random.default_rng(0))
    assert 10 <= low < 25 < high <= 40 and label_noise.lost(first, first, readers, np.random.default_rng(0)) == (0, 0)
    gaps = np.where(np.arange(96) % 2, second, np.nan)
    assert label_noise.lost(first, gaps, readers, np.random.default_rng(0)) == pytest.approx((low, high)), "a clip that does not count is left out"


def test_scores_and_agreement_have_intervals_over_readers():
    spoilt, above = label_noise.twice(0), label_noise.ceiling(0)
    assert spoilt.interval[0] < spoilt.value < spoilt.interval[1] and spoilt.data["hidden_low"] < spoilt.data["hidden"] < spoilt.data["hidden_high"]
    assert above.interval[0] < above.value < above.interval[1] and above.value == pytest.approx(above.data["model"] - above.data["agreement"])


def test_own_words_mean_three_who_misread_and_the_written_guideline_nobody():
    assert [label_noise.misreaders(words) for words in ("own words", "written")] == [3, 0]
    assert label_noise.reworded(0, "written").value == 0 and label_noise.reworded(0, each=1, way="Dawid-Skene").value > 0


def test_more_votes_are_shown_with_what_they_add():
    table = label_crews.offers(0)
    assert table.index.tolist() == [1, 3, 5] and np.isnan(table.loc[1, "more"]) and table["right"].diff()[3] == pytest.approx(table.loc[3, "more"])
    assert (table["low"] <= table["more"])[1:].all() and (table["more"] <= table["high"])[1:].all() and table.loc[3, "low"] > 0
