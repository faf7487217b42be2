"""Alert rules: the shipped plan, limits and alarms by hand, costs, and sentences for what is not a plan."""
import copy

import numpy as np
import pandas as pd
import pytest

from course_lib.cycle import alerts
from course_lib.cycle.alerts import Action, AlertError, Rule
from course_lib.world.tables import settings


def rule(**changed):
    return Rule(**{**dict(name="r", signal="x", side="above", one_in=20, days=1, action="page", owner="somebody", why="a test"), **changed})


USUAL = pd.DataFrame(dict(x=np.arange(100.0), y=np.zeros(100)))


def test_the_shipped_plan_has_an_owner_and_a_reason_for_each_rule():
    plan = alerts.plan()
    assert {r.action for r in plan.rules} == set(alerts.ACTIONS) and all(r.owner and r.why for r in plan.rules)
    assert plan.actions["page"].call > plan.actions["ticket"].call > plan.actions["ignore"].call == 0
    assert plan.actions["page"].days < plan.actions["ticket"].days < plan.actions["ignore"].days


def test_limits_ahead_are_wider_on_every_side_that_they_have():
    rules = [rule(), rule(name="b", side="below"), rule(name="e", side="either", one_in=10)]
    plain, ahead = alerts.limits(rules, USUAL), alerts.limits(rules, USUAL, ahead=True)
    assert (ahead["high"] >= plain["high"]).all() and (ahead["low"] <= plain["low"]).all() and not ahead.equals(plain)


def test_limits_by_side():
    found = alerts.limits([rule(), rule(name="b", side="below"), rule(name="e", side="either", one_in=10)], USUAL)
    assert found.loc["r", "high"] == pytest.approx(94.05) and found.loc["r", "low"] == -np.inf
    assert found.loc["b", "low"] == pytest.approx(4.95) and found.loc["b", "high"] == np.inf
    assert found.loc["e", ["low", "high"]].tolist() == pytest.approx([4.95, 94.05])


def test_alarms_the_largest_first_and_none_without_change():
    rules = [rule(), rule(name="e", side="either", one_in=10, action="ignore")]
    found = alerts.limits(rules, USUAL)
    new = pd.DataFrame(dict(x=[50.0, 200, -300]), index=[7, 8, 9])
    assert alerts.fired(rules, found, new)[["day", "rule", "action"]].to_numpy().tolist() == [[8, "r", "page"], [8, "e", "ignore"], [9, "e", "ignore"]]
    steady = [rule(signal="y")]
    assert alerts.fired(steady, alerts.limits(steady, USUAL), USUAL).empty          # a constant signal never fires ...
    moved = alerts.fired(steady, alerts.limits(steady, USUAL), USUAL + 1)
    assert len(moved) == 100 and np.isinf(moved["size"]).all()                     # ... until it is another constant


def test_a_rule_over_days_waits_for_them():
    rules = [rule(days=7)]
    alarms = alerts.fired(rules, alerts.limits(rules, USUAL), pd.DataFrame(dict(x=np.full(10, 500.0))))
    assert alarms["day"].tolist() == [6, 7, 8, 9]


def test_missing_signals_and_too_few_days_get_a_sentence():
    with pytest.raises(ValueError, match="rule 'r' reads 'z'"):
        alerts.limits([rule(signal="z")], USUAL)
    with pytest.raises(ValueError, match="take more windows"):
        alerts.limits([rule(one_in=1000)], USUAL)


PRICES = {"page": Action(6000, .1), "ticket": Action(1000, 2), "ignore": Action(0, 14)}


def test_the_cheapest_action_by_hand():
    assert alerts.cheapest([1, .5, .1, 0], [10_000, 2000, 500, 1e9], PRICES) == ["page", "ticket", "ignore", "ignore"]
    assert alerts.cheapest([0], [0], {name: Action(0, 1) for name in alerts.ACTIONS}) == ["ignore"]     # the quietest of equals
    with pytest.raises(ValueError, match="share_real"):
        alerts.cheapest([1.5], [1], PRICES)


def _changed(*path, to):
    document = copy.deepcopy(settings("alerts"))
    place = document
    for name in path[:-1]:
        place = place[name]
    if to is KeyError:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return document


@pytest.mark.parametrize("document, words", [
    ([], "the document: names with values"), (_changed("scale", to=KeyError), "scale is missing"),
    (_changed("rules", to={}), "at least one rule"), (_changed("actions", "page", "call", to=-1), "action 'page', call is -1"),
    (_changed("rules", "volume", "side", to="up"), "rule 'volume': side is 'up'; one of above, below, either"),
    (_changed("rules", "volume", "owner", to=" "), "owner is empty"), (_changed("rules", "volume", "one_in", to=1), "one_in is 1"),
    (_changed("rules", "volume", "days", to=1.5), "days is 1.5"), (_changed("rules", "volume", "colour", to=1), "colour is unknown"),
    (_changed("rules", "volume", "days", to="x"), "days is 'x'"), (_changed("listen", to=float("nan")), "listen is nan")])
def test_what_is_no_plan_gets_a_sentence(document, words):
    with pytest.raises(AlertError, match=words):
        alerts.read(document)
