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


def checked(candidate=None, old=None, ms=(5.0,) * 20, watched=None, **limits):
    given = candidate if candidate is not None else requests(BETTER), names() if old is None else old
    return gate.check(requests(CHAMPION), *given, ms, gate.Limits(**limits), watched=watched)


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
    assert gate.sizes(table, 3).to_dict("index")["b"] == dict(requests=4, speakers=1, judged=False)


def few(n=90, speakers=6, loss=3.5):
    """The sound candidate and its champion, with a slice of n watches in which it loses 1,000 times so many cents in 1,000 requests."""
    watch = pd.DataFrame(dict(id=10_000 + np.arange(n), speaker=np.arange(n) % speakers, slice="watch", cents=0.0, confidence=.8, answered=True, right=np.arange(n) % 10 < 8))
    return pd.concat([requests(CHAMPION), watch], ignore_index=True), pd.concat([requests(BETTER), watch.assign(cents=loss)], ignore_index=True)


@pytest.mark.parametrize("n, speakers, words", [(20, 6, "watch (20 requests, 6 speakers)"), (120, 1, "watch (120 requests, 1 speaker)")])
def test_a_slice_that_was_too_small_to_judge_is_named_and_a_watched_one_refuses(n, speakers, words):
    champion, candidate = few(n, speakers, loss=.1)
    found = gate.check(champion, candidate, names(), [5.0] * 20)
    assert not gate.passes(found) and found.loc["worst slice", "unjudged"] == words
    assert gate.reasons(found) == [f"worst slice: too few to judge: {words}; 100 requests of two speakers or more are asked for"]
    found = gate.check(champion, candidate, names(), [5.0] * 20, watched=("phone", "car"))      # somebody decided that watches do not count
    assert gate.passes(found) and found.loc["worst slice", "unjudged"] == words and words in found.loc["worst slice", "why"]
    assert gate.check(champion, candidate, names(), [5.0] * 20, gate.Limits(smallest=20)).loc["worst slice", "unjudged"] == ("" if speakers > 1 else words)


def test_a_loss_of_3500_cents_in_a_small_slice_does_not_pass():
    champion, candidate = few()
    candidate.loc[candidate["slice"] == "phone", "cents"] = 0.0
    champion.loc[champion["slice"] == "phone", "cents"] = 2.0                                     # the phones' gain hides it overall
    found = gate.check(champion, candidate, names(), [5.0] * 20)
    assert found.loc["overall", "passed"] and not gate.passes(found) and "watch (90 requests" in gate.reasons(found)[0]


def test_a_watched_slice_that_nobody_asked_from_and_requests_of_unknown_slice_refuse():
    found = checked(watched=("phone", "watch"))
    assert not gate.passes(found) and "watch (0 requests, 0 speakers)" in gate.reasons(found)[0]
    assert not gate.passes(checked(watched="watch")) and gate.passes(checked(watched="phone"))
    lost = [requests(cents).assign(slice=lambda table: table["slice"].where(table.index >= 50)) for cents in (CHAMPION, BETTER)]
    found = gate.check(*lost, names(), [5.0] * 20)
    assert not gate.passes(found) and "unknown (50 requests" in gate.reasons(found)[0]


def test_no_gain_is_no_reason_to_change_unless_the_update_is_required():
    found = checked(requests(CHAMPION))
    assert not gate.passes(found)
    assert gate.reasons(found) == ["overall: saves 0 to 0 cents in 1,000 requests; more than 0 is asked for: no sure gain is no reason to change"]
    assert gate.passes(checked(requests(CHAMPION), overall=-50)) and not gate.passes(checked(requests(dict(phone=.5, car=.65)), overall=-50))


def test_one_speaker_is_too_few_for_any_check():
    alone = names(people=1, each=200)
    assert gate.reasons(checked(old=alone)) == ["old names: too few to judge: answers of two speakers or more are asked for"]


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
