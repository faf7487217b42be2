"""Listens on a budget, mitigations by hand, act or not, and incident records that are refused with reasons."""
import numpy as np
import pandas as pd
import pytest

from course_lib.cycle import incident, scope, shift
from course_lib.lessons import shift_desk as desks, shift_harm as harm, shift_incident as incidents

LOG = pd.DataFrame(dict(request_id=list("abcd"), decision=["c01", "c01", "sorry", "c02"]))


def listener(budget=3):
    return incident.Listener(LOG, lambda places: pd.DataFrame(dict(words=[f"heard {p}" for p in places])), budget)


def test_listens_are_counted_once_each():
    ears = listener()
    assert ears.listen(["b", "a"])["words"].tolist() == ["heard 1", "heard 0"] and ears.left == 1
    ears.listen(["a", "b", "a"])
    assert ears.left == 1 and ears.listen("d")["decision"].tolist() == ["c02"] and ears.left == 0
    assert ears.heard()["request_id"].tolist() == ["b", "a", "d"]


def test_listens_over_the_budget_or_of_no_request_are_refused_and_cost_nothing():
    ears = listener(2)
    with pytest.raises(ValueError, match="3 more listens were asked for and 2 of 2 are left"):
        ears.listen(["a", "b", "c"])
    with pytest.raises(ValueError, match="request 'z' is not in this log"):
        ears.listen(["a", "z"])
    assert ears.left == 2
    with pytest.raises(ValueError, match="the log has no column decision"):
        incident.Listener(LOG[["request_id"]], None)


ANSWERED = pd.DataFrame(dict(best=["c01", "c01", "c02", "c03"], second=["c02", "c02", "c04", "c04"], confidence=[.9, .6, .4, .1],
                             best_back=["c01", "c05", "c02", "c03"], confidence_back=[.9, .9, .2, .2]))
CARDS, KINDS = ["c01", "c02", "c02", "c03"], ["full"] * 4


@pytest.mark.parametrize("action, wrong, sorry, taps", [
    ("do nothing", 250, 500, 0), ("roll back", 250, 500, 0), ("raise the threshold", 0, 750, 0), ("lower the threshold", 250, 250, 0),
    ("let users pick of two", 0, 250, 500), ("block the re-asked cards", 0, 1000, 0)])
def test_mitigations_by_hand(action, wrong, sorry, taps):
    rules = scope.charter()
    bill = incident.mitigated(ANSWERED, CARDS, KINDS, action, rules, blocked=["c01"])
    assert (bill.wrong, bill.sorry, bill.taps) == (wrong, sorry, taps)
    assert bill.cost == pytest.approx(rules.cost_wrong_card * wrong + rules.cost_sorry * sorry + incident.TAP * taps)


def test_an_unknown_mitigation_is_named():
    with pytest.raises(ValueError, match="mitigation 'pray' is unknown; known are do nothing"):
        incident.mitigated(ANSWERED, CARDS, KINDS, "pray", scope.charter())


def test_re_asked_cards_are_those_with_more_than_usual():
    usual = pd.DataFrame(dict(decision=["c01", "c02"] * 200, re_ask=[False, False, False, True] * 100))
    late = pd.DataFrame(dict(decision=["c01", "c02"] * 50, re_ask=[True, False] * 50))
    assert incident.re_asked_cards(late, usual) == ["c01"] and incident.re_asked_cards(usual, usual) == []


def test_act_watch_ignore_each_can_be_cheapest():
    assert incident.choices(1000, 3, 600, 90, 0).idxmin() == "act"
    assert incident.choices(100, 5, 600, 90, .9, look=20).idxmin() == "watch"
    assert incident.choices(0, 5, 600, 90, 0).idxmin() == "ignore"
    with pytest.raises(ValueError, match="a chance from 0 to 1"):
        incident.choices(1, 1, 1, 1, 1.5)


def test_the_reference_record_is_whole_and_each_fault_is_named():
    assert incident.record_faults(incident.REFERENCE) == []
    assert incident.record_faults(None)[0].startswith("a record is a dict")
    for name in incident.FIELDS:
        assert incident.record_faults({k: v for k, v in incident.REFERENCE.items() if k != name}) == [f"{name} is missing"]
    for field, odd in dict(what="gremlins", since=1.5, harm=9000, evidence_for=[], evidence_against="none", mitigation="hope", owner="me", next_step="", wrong_if=3).items():
        faults = incident.record_faults(incident.REFERENCE | {field: odd})
        assert len(faults) == 1 and field in faults[0]
    assert "guilty is no field" in incident.record_faults(incident.REFERENCE | dict(guilty="you"))[0]


def test_incidents_refuse_what_is_out_of_range():
    with pytest.raises(ValueError, match="'gremlins' is no cause"):
        incidents.changed(0, "gremlins")
    with pytest.raises(ValueError, match="day 200 arrived"):
        incidents.changed(0, "noisier", .5, 200)
    with pytest.raises(ValueError, match="incident 99 arrived"):
        incidents.incident_of(0, 99)


def test_an_incident_is_usual_until_its_first_day():
    found, quiet = incidents.changed(0, "noisier", .5, 150), incidents.changed(0, "nothing", 0.0, 150)
    same = found.log["day"] < 150
    assert found.log.loc[same, "confidence"].equals(quiet.log.loc[same, "confidence"])
    assert not found.log.loc[~same, "confidence"].equals(quiet.log.loc[~same, "confidence"])
    assert set(found.rows.loc[found.rows["cause"] == "noisier", "day"]) <= set(range(150, 168))


def test_what_is_heard_is_what_was_said():
    found = incidents.changed(0, "renamed_figure", 3.0, 150)
    touched = found.rows.index[found.rows["cause"] == "renamed_figure"][:5]
    heard = found.hear(touched)
    assert (heard["named"] != heard["card_now"]).all() and heard["named"].isin(found.world.catalogue()).all()
    gated = incidents.changed(0, "firmware_fault", .9, 150)
    assert set(gated.hear(gated.rows.index[gated.rows["cause"] == "firmware_fault"][:5])["sound"]) == {"gated"}


def test_the_desk_takes_answers_and_keeps_its_budget():
    case = desks.Case(0, 1)
    assert len(case.hear_more("pointed")) == 5 and case.listener.left == 15
    right = case.submit(case._found.cause, case._found.day, "do nothing")
    assert right.startswith("Right: ") and desks.Case(0, 1).submit("season", 150, "do nothing").split(":")[0] in ("Right", "Not this time")
    with pytest.raises(ValueError, match="cause 'gremlins' is unknown"):
        case.submit("gremlins", 150, "do nothing")
    with pytest.raises(ValueError, match="day 999 arrived"):
        case.submit("season", 999, "do nothing")


def test_doing_nothing_about_nothing_costs_nothing():
    quiet = incidents.changed(0, shift.NOTHING, 0.0, 150)
    assert desks.handled(quiet, shift.NOTHING, incident.NOTHING, 0) == pytest.approx(0)
    assert harm.extra(incidents.changed(0, "louder_microphones", 6.0, 150)) == pytest.approx(0)
    assert np.isfinite(harm.extra(quiet, incident.RAISE)) and harm.extra(quiet, incident.RAISE) > 0
