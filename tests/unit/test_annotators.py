"""Annotators: what they send follows skill, reading and guideline, by key; wrong input gets a sentence."""
import numpy as np
import pandas as pd
import pytest

from course_lib.cycle.annotators import NAMES, OUTSIDE, RULES, UNCLEAR, Annotator, alike, annotate, crew, heard, right_labels
from course_lib.world.world import World

PERFECT = Annotator("Ana", 1.0)


@pytest.fixture(scope="module")
def rows():
    return World(0).days(0, 3)


@pytest.fixture(scope="module")
def suggested(rows):
    return np.full(len(rows), "c01")


def test_the_right_label_follows_the_rules(rows):
    kind, label = heard(rows), right_labels(rows).to_numpy(str)
    assert (label[kind == OUTSIDE] == OUTSIDE).all()
    assert (label[np.isin(kind, ["first name", "cut off"])] == UNCLEAR).all()
    named = np.isin(kind, ["whole name", "sound-alikes"])
    assert (label[named] == rows["card"].to_numpy(str)[named]).all() and set(kind) == {"whole name", *RULES}


def test_sound_alikes_share_a_word(rows):
    assert alike()["c25"] == ["c26", "c27", "c28"] and "c38" in alike()["c37"] and alike()["c01"] == []


def test_who_never_slips_labels_as_the_rules_ask(rows, suggested):
    made = annotate(0, rows, [PERFECT], suggested)
    assert made["label"].tolist() == right_labels(rows).tolist() and made["id"].tolist() == rows["id"].tolist()


@pytest.mark.parametrize("rule", RULES)
def test_a_misread_rule_changes_its_own_clips_only(rows, suggested, rule):
    usual, own = (annotate(0, rows, [Annotator("Ana", 1.0, misreads)], suggested)["label"] for misreads in (frozenset(), frozenset({rule})))
    changed = (usual != own).to_numpy()
    assert (changed == (heard(rows) == rule)).all() and changed.any()


def test_skill_is_the_share_without_slips(rows, suggested):
    made = annotate(0, rows, [Annotator("Ana", .8)], suggested)
    share = (made["label"].to_numpy() == right_labels(rows).to_numpy()).mean()
    assert abs(share - .8) < 4 * np.sqrt(.8 * .2 / len(rows))


def test_the_guideline_changes_readings_and_no_slip():
    for before, after in zip(crew(3, 9, "own words"), crew(3, 9, "written")):
        assert (before.name, before.skill, before.days) == (after.name, after.skill, after.days) and before.misreads >= after.misreads
    assert sum(len(p.misreads) for p in crew(3, 9, "own words")) > sum(len(p.misreads) for p in crew(3, 9, "written"))


def test_the_same_key_gives_the_same_votes_and_company_changes_none(rows, suggested):
    alone, together = annotate(5, rows, crew(5, 1), suggested), annotate(5, rows, crew(5, 3), suggested)
    pd.testing.assert_frame_equal(alone, together[together["annotator"] == NAMES[0]].reset_index(drop=True))
    assert not annotate(6, rows, crew(5, 1), suggested)["label"].equals(alone["label"])


def test_so_many_misread_as_asked():
    people = crew(0, 5, misread=3, rule="outside")
    assert sum(p.misreads == {"outside"} for p in people) == 3 and sum(not p.misreads for p in people) == 2


@pytest.mark.parametrize("call, words", [
    (lambda: Annotator("Ana", 1.2), "skill of Ana is 1.2"),
    (lambda: Annotator("Ana", .9, frozenset({"spelling"})), "misreads spelling; the rules are"),
    (lambda: crew(0, 10), "a crew of 10"),
    (lambda: crew(0, 3, "spoken"), "guideline 'spoken'"),
    (lambda: crew(0, 3, misread=4), "misread is 4 in a crew of 3"),
    (lambda: annotate(0, World(0).days(0, 1), crew(0, 3), ["c01"]), "1 suggestions for"),
    (lambda: annotate(0, World(0).days(0, 1).iloc[:0], crew(0, 3), []), "0 clips and 3 annotators"),
])
def test_wrong_input_gets_a_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()
