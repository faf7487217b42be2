"""What answers are worth: decisions, outcomes, costs, budgets, and what bad input is told."""
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from course_lib.cycle import scope
from course_lib.cycle.charter import charter

ROWS = pd.DataFrame({"card": ["c01", "c01", "c01", "", "c02", ""], "kind": ["full", "full", "full", "full", "first", "full"]})
SHOWN = ["c01", "c02", "sorry", "sorry", "sorry", "c05"]
OUTCOMES = ["right", "wrong card", "needless sorry", "fair sorry", "fair sorry", "wrong card"]


def test_each_answer_is_what_it_was_for_its_user():
    assert scope.outcome(ROWS, SHOWN).tolist() == OUTCOMES
    assert scope.outcome(ROWS[["kind", "card"]], SHOWN).tolist() == OUTCOMES        # columns go by name


def test_costs_by_hand():
    rules = charter()                                   # 4, 1 and .5 cents
    assert scope.cost(OUTCOMES, rules) == pytest.approx(1000 * (4 + 1 + 4) / 6)
    assert scope.cost(OUTCOMES, rules, slow=[True, True, False, False, False, False]) == pytest.approx(1000 * 10 / 6)
    found = scope.bill(ROWS, SHOWN, rules, slow=[True] * 6)
    assert found["wrong card"] == pytest.approx(2000 / 6) and found["slow"] == 1000 and found["cost"] == pytest.approx(1000 * 12 / 6)


def test_decisions_follow_the_threshold_and_the_names_of_columns():
    shares = np.array([[.9, .1], [.45, .55]])
    assert scope.decide(shares, ["c01", "c02"], .6).tolist() == ["c01", "sorry"]
    assert scope.decide(shares, ["c01", "c02"], 0).tolist() == ["c01", "c02"]
    turned = pd.DataFrame(shares, columns=["c01", "c02"])[["c02", "c01"]]
    assert scope.decide(turned, ["c01", "c02"], .6).tolist() == ["c01", "sorry"]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_threshold_never_answers_more(sure, a, b):
    shares = np.array([[p, 1 - p] for p in sure])
    low, high = (scope.decide(shares, ["x", "y"], t) for t in sorted((a, b)))
    assert set(np.flatnonzero(high != "sorry")) <= set(np.flatnonzero(low != "sorry"))


def test_by_threshold_agrees_with_single_decisions():
    rules, shares = charter(), np.array([[.9, .1], [.3, .7], [.6, .4], [.5, .5], [.8, .2], [.2, .8]])
    table = scope.by_threshold(ROWS, shares, ["c01", "c02"], rules, [0, .65])
    assert table.columns.tolist() == ["threshold", "wrong", "needless", "requests", "cost"]
    outcomes = scope.outcome(ROWS, scope.decide(shares, ["c01", "c02"], .65))
    assert table["cost"][1] == scope.cost(outcomes, rules) and table["wrong"][1] == (outcomes == "wrong card").sum()


@pytest.mark.parametrize("threshold", [1.4, -.1, float("nan"), "0.5", None, True])
def test_a_threshold_outside_0_to_1_is_refused(threshold):
    with pytest.raises(ValueError, match="a confidence from 0 to 1 is expected"):
        scope.decide(np.array([[.9, .1]]), ["c01", "c02"], threshold)


@pytest.mark.parametrize("call, words", [
    (lambda: scope.decide(np.array([[.9, .1]]), ["c01"], .5), "shape .1, 2. for 1 cards"),
    (lambda: scope.decide(np.array([.9, .1]), ["c01", "c02"], .5), "a row a request"),
    (lambda: scope.decide(pd.DataFrame({"c01": [.9]}), ["c01", "c02"], .5), "1 of 2 columns are missing, the first is 'c02'"),
    (lambda: scope.outcome(ROWS.drop(columns="kind"), SHOWN), "no column kind"),
    (lambda: scope.outcome(ROWS, SHOWN[:2]), "2 answers for 6 requests"),
    (lambda: scope.cost(["right", "wrongly"], charter()), "'wrongly' is unknown"),
    (lambda: scope.cost([], charter()), "no outcome arrived"),
    (lambda: scope.cost(OUTCOMES, charter(), slow=[True]), "1 marks of slow answers for 6"),
    (lambda: scope.budget_spent([100], [3], 1), "leaves no budget"),
    (lambda: scope.budget_spent([100], [300], .95), "at most as many"),
    (lambda: scope.budget_spent([0], [0], .95), "not all days empty"),
])
def test_bad_input_gets_a_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_a_budget_counts_the_window_not_the_days():
    assert scope.budget_spent([100, 900], [10, 0], .95) == pytest.approx(.2)
    assert scope.budget_spent([1000], [50], .95) == pytest.approx(1)


def test_at_the_crossing_building_costs_what_the_next_offer_does():
    from course_lib.lessons import scope_offers as offers
    from course_lib.world.world import World
    world = World(0)
    at = offers.crossing(world)
    below, here, above = (offers.per_1000(world, v).sum(axis=1) for v in (.9 * at, at, 1.1 * at))
    assert below.idxmin() != "build" and above.idxmin() == "build"
    assert here["build"] == pytest.approx(here.drop("build").min())
    assert offers.crossing(world, dearer=50) < at < offers.crossing(world, dearer=-20)
    assert offers.crossing(world, dearer=-1e6) == np.inf
    for volume, share in ((0, .1), (-1, .1), (1, 1.5), (1, -.1)):
        with pytest.raises(ValueError, match="million and a share of"):
            offers.per_1000(world, volume, new_share=share)


def test_an_offer_that_breaks_the_exit_is_not_kept(monkeypatch, tmp_path):
    from course_lib.learn.lesson import decision
    from course_lib.lessons import scope_offers as offers
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    for offer, words in (("API", "'API' has an exit of 90 days, and the charter asks for 30"), ("lease", "'lease' arrived; one of 'templates'"), (3, "3 arrived")):
        with pytest.raises(ValueError, match=words):
            offers.choose(offer)
    assert decision("offer", "none") == "none"
    assert offers.choose("buy") == "buy" == decision("offer")
    monkeypatch.setattr(offers, "OFFERS", offers.OFFERS.assign(exit_days=30))
    assert offers.choose("API") == "API"


def test_what_the_widgets_show_reverses_with_the_terms():
    from course_lib.lessons import scope_panels as panels
    said = [panels.prices_figure(0, *prices)[1] for prices in ((4, 1, .5), (0, 1, .5), (0, 1, 10), (20, 1, .5))]
    assert [words.split(" costs")[0] for words in said] == ["The prototype", "The demo", "The prototype", "The careful one"]
    assert "the order is not shown" not in said[0] and "the order is not shown" in panels.prices_figure(0, 0, 0, 0)[1]
    said = [panels.offers_figure(0, *terms)[1] for terms in ((20, 120, 3), (2, 120, 3), (5, 120, 3), (.5, 300, 20))]
    assert ["building" in said[0], "the API" in said[1], "buying" in said[2], "template matching" in said[3]] == [True] * 4


def test_an_interval_over_users_covers_a_known_mean():
    from course_lib.lessons.scope_products import by_user
    rng, hits = np.random.default_rng(0), 0
    for _ in range(100):
        users = rng.integers(200, size=1000)
        low, high = by_user(rng.normal(.1, 1, 200)[users] + rng.normal(0, 1, 1000), users, rng)
        hits += low <= 100 <= high
    assert 85 <= hits <= 100


def test_a_slower_service_loses_more_users_and_makes_no_more_errors():
    from course_lib.lessons import scope_patience as patience
    from course_lib.world.world import World
    table = patience.by_latency(0)
    assert (np.diff(table["left"]) >= 0).all() and table["errors"].nunique() == 1 and (np.diff(table["p95"]) > 0).all()
    assert patience.by_latency(0, np.inf)["too_late"].max() == 0
    usual = patience.served(World(0), "vendor", 80)
    assert usual == patience.served(World(0), "vendor") and usual["left"] <= usual["too_late"] + usual["errors"]
    for ms, wait in ((0, 1000), (80, 0), (-1, 5)):
        with pytest.raises(ValueError, match="both above 0"):
            patience.served(World(0), "vendor", ms, wait)


def test_the_widget_of_patience_reverses_with_speed():
    from course_lib.lessons import scope_panels as panels
    said = [panels.patience_figure(0, *terms)[1] for terms in ((20, 1000), (400, 1000), (200, 3000))]
    assert [words.split(" keeps")[0] for words in said] == ["The vendor's model", "The prototype", "The vendor's model"]


def test_a_point_of_wrong_cards_is_priced_by_hand():
    from course_lib.lessons import scope_offers as offers, scope_prices as prices, scope_products as products
    from course_lib.world.world import World
    world, table = World(0), prices.points(0)
    saved = prices.wrong_cards(world, 2).sum() - prices.wrong_cards(world, 4).sum()
    first = table.loc["2 to 4"]
    assert first["points"] == pytest.approx(100 * saved / len(products.requests(world)[0])) and first["cents"] == 2 * offers.READER_PRICE
    assert first["low"] < first["points"] < first["high"] and first["price"] == pytest.approx(first["cents"] / first["points"])
    assert prices.worth(20) == 800_000                  # 10 wrong cards of 4 cents in each of 20,000 thousands
    low, high = prices.ends(first)
    assert low < first["price"] < high and prices.ends(pd.Series(dict(cents=9, low=-1, high=3))) == (3, np.inf)
    with pytest.raises(ValueError, match="a volume of 0 million arrived"):
        prices.points(0, volume=0)


def test_whether_a_point_pays_follows_the_volume_and_the_interval():
    from course_lib.lessons import scope_prices as prices
    for volume in (.1, 1, 20):
        for _, step in prices.points(0, volume).iterrows():
            low, high = prices.ends(step)
            assert step["buy"] == ("yes" if high <= prices.worth(volume) else "no" if low > prices.worth(volume) else "not shown")
    assert prices.point(0, .1).data["last"] == "4" and prices.point(0, 20).data["last"] == "24"
    assert prices.point(0, .001).data["last"] is None and "no step is shown to pay" in prices.point(0, .001).figure.alt


def test_each_number_of_readers_refuses_as_often_as_the_prototype():
    from course_lib.cycle.charter import charter as rules
    from course_lib.lessons import scope_prices as prices, scope_products as products
    from course_lib.world.world import World
    world = World(0)
    rows, _ = products.requests(world)
    wrong = scope.outcome(rows, products.answers(world, "prototype", rules().threshold)) == "wrong card"
    assert abs(int(prices.wrong_cards(world, 24).sum()) - int(wrong.sum())) <= 3      # a clip that is heard twice ties


def test_two_products_are_compared_in_pairs_and_priced_as_by_hand():
    from course_lib.lessons import scope_offers as offers, scope_prices as prices, scope_products as products
    from course_lib.world.world import World
    rows, rules = products.requests(World(0))[0], charter()
    table = prices.compared(0, {"wrong": 4, "sorry": 1, "slow": .5})
    for name, who, threshold, offer in (("demo", "vendor", 0.0, "API"), ("prototype", "prototype", .5, "build")):
        slow = offers.latency(0, offer, len(rows)) > rules.p95_ms
        assert table.loc[name, "cents"] == pytest.approx(scope.cost(scope.outcome(rows, products.answers(World(0), who, threshold)), rules, slow))
    gap, width = table.iloc[2], table["high"] - table["low"]
    assert gap["cents"] == pytest.approx(table["cents"].iloc[0] - table["cents"].iloc[1]) and gap["low"] < gap["cents"] < gap["high"]
    assert width.iloc[2] < width.iloc[0] + width.iloc[1]
    assert (prices.compared(0, {"wrong": 4, "sorry": 1, "slow": .5}, "demo", "demo").iloc[-1] == 0).all()
    for bad in (dict(prices={"wrong": 4, "sorry": 1}), dict(prices={"wrong": 4, "sorry": 1, "slow": 0}, first="lease")):
        with pytest.raises(ValueError, match="two of demo, prototype, careful one and a price for each of wrong, sorry, slow are expected"):
            prices.compared(0, **bad)


def test_intervals_of_lesson_01_resample_users_and_hold_their_estimates():
    from course_lib.lessons import scope_offers as offers, scope_prices as prices, scope_products as products
    table = offers.by_readers(0)
    assert ((table["low"] < table["errors"]) & (table["errors"] < table["high"])).all()
    for evidence in (products.twins(0), offers.rooms(0), products.guarded(0)):
        assert evidence.interval[0] < evidence.value < evidence.interval[1]
    users, values = np.repeat(np.arange(20), 50), np.repeat(np.arange(20) % 2, 50)       # one user's requests are all alike
    low, high = prices.over_users(values, users, 0)
    assert high - low > 4 * (.97 / 1000 ** .5)          # Wilson over 1,000 requests would be about .06 wide
