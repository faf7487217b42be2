"""What the learner decides: each has a default and a check, is kept in one lesson and read in another."""
import re
from pathlib import Path

import numpy as np
import pytest

from course_lib.cycle.alerts import plan
from course_lib.cycle.annotators import GUIDELINES
from course_lib.cycle.collect import PLACES
from course_lib.learn import decisions, ledger, lesson
from course_lib.lessons import collect_samples, diagnose_panels, label_noise, scope_charter, scope_offers
from course_lib.world.tables import TableError

ROOT = Path(__file__).resolve().parents[2]
KEPT = re.compile(r"""(?<![\w.])decide\(f?["']([^"'{]+)(?:\{[^}]*\})?["']""")
ODD = dict(threshold=1.4, charter={"task": "x"}, cost_wrong_card=-1, cost_sorry="1", cost_slow=float("nan"), offer="lease", allocation={"indoors": 300},
           datasheet={"made_for": ""}, guideline="spoken", aggregator="mean", votes_per_clip=2.5, split="bogus", model=["best"], fix_first="watches",
           launch=True, incident="none", change={}, change_incident=3, incident_={"day": 3}, alert_actions={"volume": "page"}) | {"canary share": 10}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    lesson.begin("01", 0)


def asked(name):
    return name + "3" if name.endswith("_") else name


def test_every_decision_that_a_lesson_keeps_is_known():
    texts = [path.read_text(encoding="utf-8") for folder in ("course_lib/lessons", "notebooks/source") for path in (ROOT / folder).rglob("*.py")]
    kept = {name for text in texts for name in KEPT.findall(text)} | {"charter", *scope_charter.DECISIONS}
    assert kept == set(decisions.known()) and set(ODD) == kept


@pytest.mark.parametrize("name", list(ODD))
def test_every_decision_has_a_sound_default_in_an_empty_workspace(name):
    value = lesson.decision(asked(name))
    assert decisions.fault(asked(name), value) == "" and lesson.decided_in(asked(name)) == ""
    lesson.decide(asked(name), value)
    assert lesson.decision(asked(name)) == value and lesson.decided_in(asked(name)) == "01"


@pytest.mark.parametrize("name", list(ODD))
def test_an_odd_decision_gets_a_sentence_and_nothing_is_kept(name, capsys):
    lesson.decide(asked(name), ODD[name])
    said = capsys.readouterr().out
    assert said.startswith(f"{asked(name)} is ") and said.endswith("expected. Nothing was kept.\n") and said.count("\n") == 1
    assert ledger.entries("decision").empty and lesson.decision(asked(name)) == decisions.default(asked(name))


def test_the_sentence_says_what_arrived_and_what_is_expected(capsys):
    lesson.decide("threshold", 1.4)
    lesson.decide("split", "bogus")
    lesson.decide("treshold", .4)
    assert capsys.readouterr().out.splitlines() == [
        "threshold is 1.4; a number from 0 to 1 is expected. Nothing was kept.",
        "split is 'bogus'; one of 'speaker', 'clips', 'recording', 'time' is expected. Nothing was kept.",
        "'treshold' is no decision of the course; did you mean 'threshold'? Nothing was kept."]


def test_what_an_older_edition_kept_and_no_lesson_can_use_is_passed_over():
    ledger.record("decision", "model", dict(value="forest"), lesson="04", seed=0)
    assert lesson.decision("model") == "default" and lesson.decided_in("model") == ""


def test_numbers_of_numpy_are_numbers():
    lesson.decide("votes_per_clip", np.int64(5))
    lesson.decide("threshold", np.float64(.7))
    assert (lesson.decision("votes_per_clip"), lesson.decision("threshold")) == (5, .7)


def test_options_are_those_of_the_lessons():
    known = decisions.known()
    assert tuple(known["allocation"]["counts"]) == PLACES and known["allocation"]["sum"] == collect_samples.CLIPS
    assert known["guideline"]["one_of"] == list(GUIDELINES) and known["fix_first"]["one_of"] == list(diagnose_panels.PROBLEMS)
    assert known["votes_per_clip"]["whole"] == [1, label_noise.CREW] and set(scope_offers.OFFERS.index) <= set(known["offer"]["one_of"])
    assert known["alert_actions"]["choices"] == [rule.name for rule in plan().rules if rule.one_in] and known["alert_actions"]["among"] == list(plan().actions)


def test_a_rule_without_a_test_is_named(monkeypatch):
    monkeypatch.setattr(decisions, "settings", lambda name: {"threshold": {"lesson": "00"}})
    with pytest.raises(TableError, match="decisions.yaml, threshold: one of number"):
        decisions.known()
