"""Alert rules: the shipped plan, limits and alarms by hand, costs, and sentences for what is not a plan."""
import copy

import numpy as np
import pandas as pd
import pytest

from course_lib.cycle import alerts, monitor, scope
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


def test_limits_that_are_given_need_no_unusual_day():
    rules = [rule(one_in=None, limit=150), rule(name="h", side="below", one_in=None, of_usual=.5)]
    found = alerts.limits(rules, USUAL)
    assert found.loc["r", ["low", "high"]].tolist() == [-np.inf, 150] and found.loc["h", ["low", "high"]].tolist() == [24.75, np.inf]
    new = pd.DataFrame(dict(x=[150.0, 150.5, 24.75, 24, np.nan]))
    assert alerts.fired(rules, found, new)[["day", "rule"]].to_numpy().tolist() == [[1, "r"], [3, "h"]]
    assert alerts.limits(rules[:1], USUAL.iloc[:0]).loc["r", "high"] == 150         # a promise needs no past
    with pytest.raises(ValueError, match="usual x has 0 rows"):
        alerts.limits(rules[1:], USUAL.iloc[:0])


def _days(**changed):
    """A log of 140 usual days with 40 requests each; what is `changed` holds from day 120 on."""
    day = np.repeat(np.arange(140), 40)
    rng, late = np.random.default_rng(0), day >= 120
    log = pd.DataFrame(dict(day=day, latency_ms=rng.lognormal(np.log(12), .35, len(day)), failure="", level_db=rng.normal(-20, 1, len(day)), seconds=1.0,
                            confidence=rng.uniform(.5, 1, len(day)), decision="c01", re_ask=rng.random(len(day)) < .1, distance=rng.normal(10, 1, len(day))))
    return log.assign(**{name: np.where(late, value, log[name]) for name, value in changed.items()})


SERVICE = {"requests fail", "some requests fail", "slow answers", "hardly any requests"}


@pytest.mark.parametrize("log, expected", [
    (_days(), set()), (_days(failure="503 too many requests at once"), {"requests fail", "some requests fail"}), (_days(latency_ms=9_000.0), {"slow answers"}),
    (_days()[lambda t: ~t["day"].between(120, 138)], {"hardly any requests"}), (_days()[lambda t: (t["day"] < 120) | (t.index % 4 == 0)], {"hardly any requests"}),
], ids=["usual", "all 503", "nine seconds", "nothing arrives", "a quarter arrives"])
def test_the_shipped_rules_speak_each_day_when_the_service_fails(log, expected):
    rules = alerts.plan().rules
    found = monitor.signals(log)
    alarms = alerts.fired(rules, alerts.limits(rules, found.loc[:119], ahead=True), found)
    spoke = alarms[alarms["rule"].isin(SERVICE)]
    assert set(spoke["rule"]) == expected and (spoke["day"] >= 120).all()
    assert not expected or (spoke["day"].nunique() >= 19 and spoke["day"].min() == 120)


def test_whom_a_rule_of_the_service_tells_follows_from_what_a_day_at_its_limit_costs():
    plan, rules = alerts.plan(), scope.charter()
    shipped = {r.name: r for r in plan.rules}
    assert SERVICE < set(shipped) and shipped["slow answers"].limit == rules.p95_ms
    a_day = 240 * plan.scale                                # requests, as logged on a usual day, times what one stands for
    harm = {"requests fail": shipped["requests fail"].limit / 1000 * rules.cost_sorry, "some requests fail": shipped["some requests fail"].limit / 1000 * rules.cost_sorry,
            "slow answers": .05 * rules.cost_slow, "hardly any requests": (1 - shipped["hardly any requests"].of_usual) * rules.cost_sorry}
    for name, each in harm.items():
        assert alerts.cheapest([1], [a_day * each], plan.actions) == [shipped[name].action], name


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
    (_changed("rules", "volume", "one_in", to=KeyError), "rule 'volume': no limit arrived; one of one_in, limit, of_usual"),
    (_changed("rules", "volume", "limit", to=3), "one_in and limit arrived"), (_changed("rules", "slow answers", "limit", to="150 ms"), "limit is '150 ms'"),
    (_changed("rules", "slow answers", "side", to="either"), "above or below is expected"),
    (_changed("rules", "volume", "days", to="x"), "days is 'x'"), (_changed("listen", to=float("nan")), "listen is nan")])
def test_what_is_no_plan_gets_a_sentence(document, words):
    with pytest.raises(AlertError, match=words):
        alerts.read(document)
