"""Votes to labels: by hand, against crowd-kit's numbers, as properties, recovery of a known truth, and bad input."""
import json
import warnings
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.metrics import cohen_kappa_score

from course_lib.cycle import label
from course_lib.cycle.annotators import RULES
from course_lib.cycle.label import AGGREGATORS, agreement, fit_dawid_skene, fit_one_coin, in_turn, majority, pairs, skill_from_gold, sound, table_of
from course_lib.lessons import label_votes

FIXTURE = json.loads((Path(__file__).parents[1] / "fixtures" / "crowdkit.json").read_text(encoding="utf-8"))
ways = pytest.mark.parametrize("way", AGGREGATORS.values(), ids=list(AGGREGATORS))


def votes(*rows):
    """Votes from texts such as "k1 Ana c01"."""
    return pd.DataFrame([row.split() for row in rows], columns=["id", "annotator", "label"])


def simulated(seed, clips=300, skill=(.9, .8, .7), labels=4, habit=()):
    """Votes of people with known skill; those of `habit` always answer "l0" for "l1"."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(labels, size=clips)
    rows = []
    for who, s in enumerate(skill):
        made = np.where(rng.random(clips) < s, truth, (truth + rng.integers(1, labels, clips)) % labels)
        made = np.where((truth == 1) & (who in habit), 0, made)
        rows += [(f"k{i}", f"p{who}", f"l{m}") for i, m in enumerate(made)]
    return pd.DataFrame(rows, columns=["id", "annotator", "label"]), pd.Series([f"l{t}" for t in truth], [f"k{i}" for i in range(clips)])


@pytest.mark.parametrize("name, fit", [("dawid_skene", fit_dawid_skene), ("one_coin", fit_one_coin)])
@pytest.mark.parametrize("iterations", ["1", "3", "100"])
def test_equals_crowd_kit_on_a_worked_fixture(name, fit, iterations):
    table = pd.DataFrame(FIXTURE["votes"], columns=["id", "annotator", "label"])
    theirs = pd.DataFrame.from_dict(FIXTURE["probabilities"][name][iterations], orient="index", columns=FIXTURE["labels"])
    mine = fit(table, int(iterations)).probabilities
    assert np.allclose(mine, theirs.loc[mine.index, mine.columns], atol=1e-6), FIXTURE["made_by"]


def test_one_step_by_hand():
    table = votes("k1 Ana a", "k1 Ben a", "k2 Ana b", "k2 Ben a")
    found = fit_dawid_skene(table, iterations=1)
    # shares: k1 all a, k2 half; Ana says a for a 1 of 1.5, for b 0 of .5; Ben says a always; prior a .75
    assert np.isclose(found.probabilities.loc["k2", "a"], .75 / 3 / (.75 / 3 + .25 * 1))
    assert np.isclose(found.confusions["Ana"].loc["a", "a"], 2 / 3) and np.isclose(found.confusions["Ben"].loc["b", "a"], 1)


def test_counting_by_hand_and_ties_by_the_same_lot():
    table = votes("k1 Ana c02", "k1 Ben c01", "k1 Cleo c02", "k2 Ana c01", "k2 Ben c02")
    assert majority(table)["k1"] == "c02" and majority(table)["k2"] in ("c01", "c02")
    assert majority(table).equals(majority(table))
    tied = pd.concat([votes(f"k{i} Ana c01", f"k{i} Ben c02") for i in range(200)])
    assert 60 < (majority(tied) == "c01").sum() < 140


def test_agreement_and_pairs_by_hand():
    table = votes("k1 Ana c02", "k1 Ben c02", "k1 Cleo c01", "k2 Ana c01", "k2 Ben c01", "k3 Ana c01")
    assert pairs(table).to_numpy().tolist() == [[1, 3], [1, 1], [0, 0]] and np.isclose(agreement(table), 2 / 4)


def test_skill_from_gold_by_hand():
    table = votes("k1 Ana c02", "k1 Ben c01", "k2 Ana c01", "k2 Ben c01", "k3 Ana c01")
    assert skill_from_gold(table, pd.Series({"k1": "c02", "k2": "c01"})).to_numpy().tolist() == [[2, 2, 1.0], [1, 2, .5]]


def test_annotators_take_turns():
    table, _ = simulated(0, clips=9)
    bought = in_turn(table, 2)
    assert (bought.groupby("id").size() == 2).all() and (bought.groupby("annotator").size() == 6).all()
    assert len(in_turn(table, 3)) == len(table)


def test_counting_recovers_where_people_only_slip_and_models_find_skill():
    table, truth = simulated(1, skill=(.9, .8, .8, .7, .7))
    fitted = fit_dawid_skene(table)
    for found in (majority(table), fitted.labels, fit_one_coin(table).labels):
        assert (found == truth).mean() > .9
    for skill in (fitted.skill, fit_one_coin(table).skill):
        assert np.abs(skill - [.9, .8, .8, .7, .7]).max() < .08


def test_dawid_skene_finds_a_habit_of_the_majority():
    table, truth = simulated(2, clips=400, skill=(.9,) * 5, labels=8, habit=(0, 1, 2))
    assert (majority(table) == truth)[truth == "l1"].mean() < .2 and (fit_dawid_skene(table).labels == truth)[truth == "l1"].mean() > .8


@ways
@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=24), st.randoms())
def test_the_order_of_rows_does_not_matter_and_a_label_was_given(way, rows, random):
    table = pd.DataFrame({(i, a): label_ for i, a, label_ in rows}.items(), columns=["key", "label"])
    table = pd.DataFrame(dict(id=[f"k{k[0]}" for k in table["key"]], annotator=[f"p{k[1]}" for k in table["key"]], label=[f"l{n}" for n in table["label"]]))
    if way is not majority and table["id"].is_unique:
        with pytest.raises(ValueError, match="nobody's errors can be seen"):
            way(table)
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "all .* annotators")
        found = way(table)
    assert set(found.index) == set(table["id"]) and found.index.is_unique and set(found) <= set(table["label"])
    if way is majority:
        mixed = table.sample(frac=1, random_state=random.randrange(1000))
        assert way(mixed).reindex(found.index).equals(found)


@ways
def test_a_class_with_one_clip(way):
    once = votes(*(f"k{i} {who} c0{i % 3}" for i in range(9) for who in ("Ana", "Ben", "Cleo")), "k9 Ana c09", "k9 Ben c09", "k9 Cleo c08")
    assert way(once)["k9"] == "c09"


SAME = votes(*(f"k{i} {who} c0{i % 3}" for i in range(9) for who in ("Ana", "Ben", "Cleo")))
ALONE = votes("k1 Ana c01", "k2 Ana c02", "k3 Ana c01")
models = pytest.mark.parametrize("fit", [fit_dawid_skene, fit_one_coin])


def test_counting_needs_no_second_vote():
    assert majority(ALONE).to_dict() == {"k1": "c01", "k2": "c02", "k3": "c01"} and majority(SAME).to_dict() == {f"k{i}": f"c0{i % 3}" for i in range(9)}


@models
@pytest.mark.parametrize("table, who", [(ALONE, "1 annotator"), (votes("k1 Ana c01", "k2 Ben c02"), "2 annotators")])
def test_a_model_of_who_errs_refuses_votes_that_nobody_can_contradict(fit, table, who):
    with pytest.raises(ValueError, match=f"{who} arrived and no clip has two votes, so nobody's errors can be seen.*skill_from_gold"):
        fit(table)


@models
def test_where_all_agree_the_model_says_what_its_skill_is_worth(fit):
    with pytest.warns(UserWarning, match="all 3 annotators gave the same label to each of the 9 clips.*skill_from_gold"):
        found = fit(SAME)
    assert found.labels.equals(majority(SAME))


@models
def test_the_skill_of_somebody_whose_clips_nobody_else_heard_is_not_known(fit):
    found = fit(pd.concat([simulated(3)[0], votes("x1 Zoe l0", "x2 Zoe l1")])).skill
    assert np.isnan(found["Zoe"]) and found.drop("Zoe").notna().all()


def test_probabilities_add_up():
    for fit in (fit_dawid_skene, fit_one_coin):
        found = fit(simulated(4)[0])
        assert np.allclose(found.probabilities.sum(axis=1), 1) and np.isclose(found.prior.sum(), 1)
    assert all(np.allclose(table.sum(axis=1), 1) for table in fit_dawid_skene(simulated(4)[0]).confusions.values())


def test_missing_votes_are_no_votes():
    table = votes("k1 Ana c01", "k1 Ben c01", "k2 Ben c02")
    assert table_of(table).loc["k2"].isna().tolist() == [True, False] and majority(table)["k2"] == "c02"


GOOD = votes("k1 Ana c01", "k1 Ben c02")


@pytest.mark.parametrize("call, words", [
    (lambda: sound([1]), "list arrived; a DataFrame of votes"),
    (lambda: sound(GOOD.drop(columns="label")), "no column 'label'; they have id, annotator"),
    (lambda: sound(GOOD.iloc[:0]), "no votes arrived"),
    (lambda: sound(GOOD.assign(label=[None, "c02"])), "1 of 2 votes lack an id, an annotator or a label; the first is row 0"),
    (lambda: majority(pd.concat([GOOD, GOOD.iloc[:1]])), "1 votes are one too many: Ana voted twice on clip k1"),
    (lambda: sound(GOOD, labels=["c01", "outside"]), "Ben answered 'c02', which is none of the 2 labels"),
    (lambda: sound(GOOD, clips=["k1", "k2", "k3"]), "2 of 3 clips have no vote, the first is k2"),
    (lambda: agreement(GOOD.iloc[:1]), "no clip has two votes"),
    (lambda: in_turn(GOOD, 3), "3 votes a clip were asked for; a whole number from 1 to 2"),
    (lambda: in_turn(GOOD, 0), "0 votes a clip"),
    (lambda: skill_from_gold(GOOD, pd.Series({"x": "c01"})), "nobody voted on any of the 1 gold clips"),
    (lambda: skill_from_gold(GOOD, pd.Series(["c01", "c02"], ["k1", "k1"])), "1 gold clips stand twice, the first is k1"),
    (lambda: skill_from_gold(GOOD, pd.Series({"k1": None})), "1 of 1 gold clips have no right label, the first is k1"),
    (lambda: skill_from_gold(GOOD, {"k1": "c01"}), "dict arrived as gold; a Series of right labels by clip id"),
    (lambda: label_votes.chance_corrected(GOOD.iloc[:1]), "no clip has two votes"),
    (lambda: label_votes.chance_corrected(votes("k1 Ana c01", "k1 Ben c01")), "kappa is 0/0 .* 'c01'"),
])
def test_bad_input_gets_a_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_good_votes_pass_the_gate():
    assert sound(GOOD, ["c01", "c02"], ["k1"]) is GOOD and label.AGGREGATORS["counting"] is majority


def test_the_notebook_shows_the_rules_that_annotators_follow():
    source = (Path(__file__).parents[2] / "notebooks" / "source" / "03_label.py").read_text(encoding="utf-8").replace("\n# ", " ")
    for words in ('"cannot tell", even if only one card fits', '"cannot tell", even if you can guess the rest', "is its own card", "however alike a card sounds"):
        assert words in source
    assert len(RULES) == 4


def test_kappa_equals_scikit_learns_and_is_zero_for_people_who_never_listen():
    table, _ = simulated(2, skill=(.9, .7, .6))
    wide = table_of(table)
    theirs = [cohen_kappa_score(wide[a], wide[b]) for a, b in combinations(wide, 2)]
    assert np.isclose(label_votes.chance_corrected(table)["kappa"], np.mean(theirs))
    deaf = pd.DataFrame([(f"k{i}{j}", who, {"Ana": a, "Ben": b}[who]) for i, a in enumerate("yyyyn") for j, b in enumerate("yyynn")
                         for who in ("Ana", "Ben")], columns=["id", "annotator", "label"])
    found = label_votes.chance_corrected(deaf)
    assert np.isclose(found["agreement"], .8 * .6 + .2 * .4) and np.isclose(found["kappa"], 0)


def test_kappa_counts_the_clips_that_both_heard():
    table, _ = simulated(2, skill=(.9, .7))
    more = pd.concat([table, votes("x1 p0 l0", "x2 p1 l1")])
    assert np.allclose(label_votes.chance_corrected(more), label_votes.chance_corrected(table))


@pytest.mark.parametrize("n", [401, 2401, 0, -5, 150.5, None])
def test_an_audit_of_clips_that_are_not_there_gets_a_sentence(n):
    with pytest.raises(ValueError, match="clips was asked for; the agency delivered 400 labels, so a whole number from 1 to 400"):
        label_votes.audit(0, n)


def test_an_audit_of_everything_finds_the_truth():
    found = label_votes.audit(0, 400)
    assert found.n == 400 and np.isclose(found.value, found.data["truth"])
