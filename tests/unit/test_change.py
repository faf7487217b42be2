"""Change records: a whole one is kept as it is, each gap has a sentence."""
import pytest

from course_lib.cycle import change, incident

WHOLE = dict(cause="new names", action="retrain", evidence="564 to 210 cents in 1,000 requests", owner="ML engineer", way_back="rollback, one second",
             look_again="in four weeks", data="0123456789ab", gate={"overall": True, "old names": True})


def test_a_whole_record_is_kept_and_repairs_without_a_model_need_no_gate():
    assert change.checked(WHOLE) == WHOLE
    table = {key: value for key, value in WHOLE.items() if key not in ("data", "gate")} | dict(action="mend the card table")
    assert change.faults(table) == [] and "gate" not in change.checked(table)
    for action in ("hand over a slice", "retire"):
        assert change.checked(table | dict(action=action))["action"] == action


@pytest.mark.parametrize("gap, words", [
    (dict(owner=" "), "owner is missing"), (dict(way_back=None), "way_back is missing"), (dict(evidence="users are unhappy"), "holds no number"),
    (dict(action="pray"), "action is 'pray'"), (dict(data=""), "data is missing"), (dict(gate={}), "gate is missing"),
    (dict(gate={"overall": True, "old names": False}), r"not passed \(old names\)"), (dict(gate={"overall": "yes"}), "not passed"),
    (dict(mood="good"), "mood is no field"), (dict(action=["retrain"]), "action is"),
])
def test_each_gap_has_a_sentence(gap, words):
    with pytest.raises(change.ChangeError, match=words):
        change.checked(WHOLE | gap)


def test_all_reasons_come_at_once_and_anything_may_arrive():
    assert len(change.faults({})) == 6 and len(change.ChangeError(["a", "b"]).reasons) == 2
    for odd in (None, [], "retrain", 3):
        assert "a dict is expected" in change.faults(odd)[0]


def test_a_change_record_begins_where_the_incident_record_ends():
    rest = dict(action="mend the card table", owner="editor of the catalogue", way_back="the rows before, one minute")
    found = change.after_incident(incident.REFERENCE, **rest)
    assert change.faults(found) == [] and change.checked(found) == found
    assert found["cause"] == "renamed_figure, since day 150" and "harm 6,000 to 11,000 cents a day" in found["evidence"]
    assert all(said in found["evidence"] for said in (*incident.REFERENCE["evidence_for"], *incident.REFERENCE["evidence_against"]))
    assert incident.REFERENCE["wrong_if"] in found["look_again"]
    assert change.faults(change.after_incident(incident.REFERENCE, **rest | dict(action="retrain")))[0].startswith("data is missing")


@pytest.mark.parametrize("odd, words", [(dict(incident.REFERENCE, harm=9000), "the incident record: harm"), ({}, "what is missing"), (None, "is a dict")])
def test_nothing_begins_with_an_incident_record_that_is_not_whole(odd, words):
    with pytest.raises(change.ChangeError, match=words):
        change.after_incident(odd, action="nothing")
