"""The charter: what is refused, with which reason, and what is kept."""
import copy

import pytest
import yaml
from hypothesis import given, strategies as st

from course_lib.cycle.charter import Charter, CharterError, Metric, charter, faults, read
from course_lib.learn import ledger
from course_lib.lessons import scope_charter


@pytest.fixture(autouse=True)
def own_workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))


def changed(**parts):
    """The reference charter's document, with other values: metrics__wrong_cards__unit="" reaches in."""
    document = charter().document()
    for path, value in parts.items():
        *way, last = [step.replace("_", " ") if depth else step for depth, step in enumerate(path.split("__"))]
        place = document
        for step in way:
            place = place[step]
        place[last] = value
    return document


def test_the_reference_charter_is_sound_and_survives_a_round_trip():
    reference = charter()
    assert faults(reference.document()) == [] and read(reference.document()) == reference
    assert read(yaml.safe_load(yaml.safe_dump(reference.document()))) == reference
    assert reference.goal == "cost of errors" and reference.threshold == .5
    assert reference.error_per_1000 == 80 and reference.p95_ms == 150


@pytest.mark.parametrize("parts, words", [
    (dict(metrics__wrong_cards__unit=""), "wrong cards: unit is missing: a number without its unit"),
    (dict(metrics__right_cards__baseline=None), "right cards: baseline is missing: without it nobody knows"),
    (dict(metrics__right_cards__target=15), "doing nothing would meet it"),
    (dict(metrics__wrong_cards__target=900), "no better than the baseline 820"),
    (dict(metrics__wrong_cards__role="goal"), "2 of them have the role 'goal'"),
    (dict(metrics__wrong_cards__better="less"), "'lower' or 'higher' is expected"),
    (dict(risks__new_names_in_the_news__owner=None), "owner is missing: what nobody owns"),
    (dict(objectives__fast_answers__share=95), "share is 95; a share above 0 and below 1"),
    (dict(objectives__fast_answers__days=2.5), "a whole number of days"),
    (dict(threshold=1.4), "threshold is 1.4; a confidence from 0 to 1"),
    (dict(threshold="high"), "threshold is 'high'; a confidence"),
    (dict(threshold=True), "threshold is True"),
    (dict(threshold=float("nan")), "threshold is nan"),
    (dict(cost_wrong_card=-1), "a number of cents, 0 or more"),
    (dict(cost_sorry=[1]), "a number of cents"),
    (dict(users=3), "users is 3; a text"),
    (dict(constraints="none"), "a list of texts"),
    (dict(metrics=[]), "metrics: at least one, by name, is expected; list arrived"),
    (dict(risks=None), "risks: at least one, by name, is expected; nothing arrived"),
    (dict(metrics={"wrong cards": 80}), "wrong cards: the fields role, unit"),
    (dict(treshold=.5), "'treshold' is unknown; did you mean 'threshold'?"),
])
def test_each_fault_has_its_reason(parts, words):
    found = faults(changed(**parts))
    assert any(words in reason for reason in found), found
    with pytest.raises(CharterError) as refused:
        read(changed(**parts))
    assert refused.value.reasons == tuple(found)


@pytest.mark.parametrize("document", [None, 3, "charter", [], {}])
def test_what_is_no_charter_at_all_gets_reasons(document):
    assert faults(document) and all(isinstance(reason, str) for reason in faults(document))


def test_the_order_of_fields_does_not_matter():
    document = charter().document()
    document["metrics"] = {k: dict(reversed(m.items())) for k, m in reversed(document["metrics"].items())}
    assert read(dict(reversed(document.items()))) == charter()


_JUNK = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
                     lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=6)


@given(st.sampled_from(sorted(charter().document())), _JUNK)
def test_any_value_anywhere_gets_reasons_or_a_charter(field, value):
    document = charter().document() | {field: value}
    found = faults(document)
    assert found or isinstance(read(document), Charter)


def test_a_verdict_needs_the_whole_interval():
    fewer, more = Metric("guardrail", "in 1,000", "lower", 820, "popular", 80), Metric("guardrail", "%", "higher", 20, "popular", 70)
    assert [fewer.verdict(*i) for i in ((60, 80), (60, 81), (81, 90))] == ["kept", "not shown", "broken"]
    assert [more.verdict(*i) for i in ((70, 75), (60, 75), (50, 69))] == ["kept", "not shown", "broken"]
    for low, high in ((9, 8), (None, 3), (float("nan"), 3)):
        with pytest.raises(ValueError, match="the lower one first"):
            fewer.verdict(low, high)


def test_the_draft_has_four_faults_and_can_be_mended():
    draft = scope_charter.draft()
    before = copy.deepcopy(draft)
    assert len(faults(draft)) == 4
    mended = scope_charter.mend(draft, unit="per 1,000 requests", baseline=20, owner="editor", threshold=.5)
    assert faults(mended) == [] and draft == before
    assert scope_charter.mend(draft) == draft and len(faults(scope_charter.mend(draft, threshold=1.4))) == 4
    with pytest.raises(ValueError, match="'price' is not a value of the draft"):
        scope_charter.mend(draft, price=3)


def test_a_signed_charter_is_kept_and_a_faulty_one_is_not(capsys):
    assert scope_charter.signed() == charter()
    assert scope_charter.sign(scope_charter.draft()) == charter()
    assert "Not signed: 4 reason(s)" in capsys.readouterr().out and ledger.latest("decision", "charter") is None
    mine = changed(threshold=.4, cost_wrong_card=6)
    assert scope_charter.sign(mine).threshold == .4 and scope_charter.signed().cost_wrong_card == 6
    assert "Signed. Threshold 0.4" in capsys.readouterr().out
    from course_lib.learn.lesson import decision
    assert decision("threshold") == .4 and decision("cost_sorry") == 1
