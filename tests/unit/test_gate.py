"""The gate: each check by a known answer, reasons in words, nothing let through that was not measured."""
import numpy as np
import pandas as pd
import pytest

from course_lib.cycle import gate


def requests(cents, slices=("phone", "car"), people=6, each=60, confidence=.8, right=.8):
    """Requests of some people: a cost each, by slice; the first of each five answers is wrong for right=.8."""
    n = people * each * len(slices)
    where = np.tile(np.repeat(slices, each), people)
    return pd.DataFrame(dict(id=np.arange(n), speaker=np.repeat(np.arange(people), each * len(slices)), slice=where, cents=[cents[s] for s in where],
                             confidence=confidence, answered=True, right=np.arange(n) % 10 < 10 * right))


def names(lost=0, people=10, each=20):
    """Old names read by some people, of which each knows so many fewer than before."""
    n = people * each
    return pd.DataFrame(dict(id=np.arange(n), speaker=np.repeat(np.arange(people), each), before=True, after=np.arange(n) % each >= lost))


CHAMPION, BETTER = dict(phone=.5, car=.5), dict(phone=.2, car=.3)


def checked(candidate=None, old=None, ms=(5.0,) * 20, **limits):
    return gate.check(requests(CHAMPION), candidate if candidate is not None else requests(BETTER), names() if old is None else old, ms, gate.Limits(**limits))


def test_a_sound_candidate_passes_and_its_gain_is_the_one_by_hand():
    found = checked()
    assert gate.passes(found) and gate.reasons(found) == []
    assert found.loc["overall", "value"] == pytest.approx(250) and found.loc["worst slice", "slice"] == "car"
    assert found.loc["worst slice", "value"] == pytest.approx(-200) and found.loc["latency", "value"] == 5


@pytest.mark.parametrize("failing, given, words", [
    ("overall", dict(candidate=requests(dict(phone=.5, car=.51))), "saves -5"),
    ("worst slice", dict(candidate=requests(dict(phone=.1, car=.65))), "car loses up to 150"),
    ("old names", dict(old=names(lost=2)), "loses up to 10.0%"),
    ("latency", dict(ms=[5.0] * 15 + [400.0] * 5), "within 400 ms"),
    ("calibration", dict(candidate=requests(BETTER, confidence=.95)), "more confident than right"),
])
def test_each_check_stops_what_it_is_for_and_nothing_else_does(failing, given, words):
    found = checked(**given)
    assert found.index[~found["passed"].astype(bool)].tolist() == [failing] and not gate.passes(found)
    assert len(gate.reasons(found)) == 1 and words in gate.reasons(found)[0]


def test_the_worse_end_counts_and_not_the_middle():
    wide = requests(CHAMPION)
    wide["cents"] = np.where(wide["speaker"] < 3, 0, .9)                    # half of the people gain, half lose: .05 saved on average
    found = checked(wide)
    assert found.loc["overall", "value"] > 0 > found.loc["overall", "low"] and not found.loc["overall", "passed"]


def test_a_slice_of_few_requests_or_of_one_speaker_is_not_judged():
    table = pd.DataFrame(dict(slice=["a"] * 3 + ["b"] * 4 + ["c"] * 2, speaker=[1, 2, 2, 3, 3, 3, 3, 4, 5]))
    assert list(gate.judgeable(table, 3)) == ["a"] and list(gate.judgeable(table, 2)) == ["a", "c"] and gate.judgeable(table) == {}
    assert len(gate.judgeable(table, 3)["a"]) == 3


def test_the_order_of_requests_does_not_matter():
    mixed = requests(BETTER).sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(checked(mixed), checked())


def test_what_was_not_checked_has_not_passed():
    found = checked().drop(index="latency")
    assert not gate.passes(found) and gate.reasons(found) == ["latency: was not checked"]
    silent = requests(BETTER).assign(answered=False)
    assert not checked(silent).loc["calibration", "passed"]


@pytest.mark.parametrize("given, words", [
    (dict(candidate=requests(BETTER).head(50)), "different requests"),
    (dict(candidate=requests(BETTER).drop(columns="cents")), "no column cents"),
    (dict(ms=[]), "no finite times"), (dict(ms=[float("nan")]), "no finite times"),
    (dict(smallest=10_000), "no slice has 10000 requests"), (dict(old=names().head(0)), "no rows"),
    (dict(overall=float("nan")), "a finite number"), (dict(latency_ms="fast"), "a finite number"),
])
def test_bad_input_gets_a_sentence(given, words):
    with pytest.raises(ValueError, match=words):
        checked(**given)
