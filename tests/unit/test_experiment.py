"""Evidence, claims and intervals: what they say, and that intervals cover what they promise."""
import dataclasses
import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from course_lib.learn import ledger, lesson
from course_lib.learn.experiment import Claim, Evidence, bootstrap, experiment, hold, wilson


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    monkeypatch.setattr(lesson, "_current", None)


def found(value=.5, **fields):
    return Evidence(**{**dict(metric="share", value=value, interval=(.4, .6), n=1200, limit="A test."), **fields})


def bars(ax):
    ax.barh([0], [3])
    ax.set_title("Three is a number", loc="left")
    return ax


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_agrees_with_scipy(counts):
    expected = stats.binomtest(*counts).proportion_ci(.95, "wilson")
    assert wilson(*counts) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize("successes, n", [(-1, 10), (11, 10), (0, 0)])
def test_wilson_refuses_what_is_no_count(successes, n):
    with pytest.raises(ValueError, match=f"{successes} of {n} arrived"):
        wilson(successes, n)


def test_bootstrap_of_groups_is_as_wide_as_the_groups_differ():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 50)
    values = rng.normal(size=20)[groups] + .1 * rng.normal(size=1000)
    by_value = np.diff(bootstrap(values, rng=np.random.default_rng(1)))[0]
    by_group = np.diff(bootstrap(values, groups, rng=np.random.default_rng(1)))[0]
    assert 5 < by_group / by_value < 10                  # sqrt(50) = 7.1 in theory


def test_bootstrap_covers_the_mean_about_as_often_as_it_says():
    hits = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        low, high = bootstrap(rng.normal(3, 1, 60), rng=rng, n=300)
        hits += low <= 3 <= high
    assert 180 <= hits <= 198


@given(st.integers(2, 40), st.integers(0, 99))
def test_resamples_of_the_mean_are_drawn_at_once_and_are_the_same(n, seed):
    values, one, other = np.random.default_rng(seed).normal(size=n), np.random.default_rng(1), np.random.default_rng(1)
    assert bootstrap(values, rng=one, n=50) == bootstrap(values, statistic=lambda v: np.mean(v), rng=other, n=50)
    assert one.random() == other.random()


def test_an_experiment_is_run_once_however_its_settings_are_passed():
    ran = []

    @experiment
    def grow(seed, readers=24):
        ran.append(readers)
        return found(readers)
    assert grow(0) is grow(0, 24) is grow(seed=0, readers=24) is not grow(0, 8)
    assert ran == [24, 8]


def test_bootstrap_repeats_and_says_what_it_needs():
    assert bootstrap([1, 2, 4], rng=np.random.default_rng(5)) == bootstrap([1, 2, 4], rng=np.random.default_rng(5))
    for arguments, words in (((([1, 2]),), "needs rng"), (([1], None, np.mean, np.random.default_rng()), "two or more"),
                             (([1, 2], ["a", "a"], np.mean, np.random.default_rng()), "one group")):
        with pytest.raises(ValueError, match=words):
            bootstrap(*arguments)


def test_evidence_says_itself_in_a_sentence():
    assert repr(found()) == "share: 0.5 (95% interval 0.4 to 0.6), n = 1,200. A test."
    assert "interval" not in found(interval=None).sentence
    assert "(95% interval -3,330 to 2.5)" in found(interval=(-3330.4, 2.499)).sentence, "thousands are written out"
    with pytest.raises(dataclasses.FrozenInstanceError):
        found().value = 1


def test_the_figure_has_the_finding_and_the_guess_in_its_alt_text():
    assert found(draw=bars).figure.caption == found().sentence and found().sentence in found(draw=bars).figure.html
    assert found(draw=bars).figure.alt.startswith("Three is a number. share: 0.5")
    evidence = found(draw=bars, key="00.9", data=dict(axis="x"))
    untouched = evidence.figure.png
    lesson.begin("00")
    lesson.guess("00.9", share=2)
    guessed = evidence.figure
    assert "Your guess for share was 2." in guessed.alt and guessed.png != untouched
    with pytest.raises(ValueError, match="has no figure"):
        found().figure


def test_an_experiment_runs_once_and_leaves_a_line_in_the_ledger_of_a_lesson():
    runs = []

    @experiment
    def measured(seed, strength=.2, pool=object):
        """Measured."""
        runs.append(seed)
        return found(value=seed)
    assert measured(3).value == 3 and ledger.entries("experiment").empty
    lesson.begin("00", 3)
    assert measured(3) is measured(3) and runs == [3]
    lines = ledger.entries("experiment", "measured")
    assert len(lines) == 2 and lines["payload"][0]["settings"] == {"seed": 3, "strength": .2} and lines["lesson"][0] == "00"
    assert list(inspect.signature(measured).parameters) == ["seed", "strength", "pool"] and measured.__doc__ == "Measured."


def test_a_claim_is_held_against_its_control():
    claim = Claim("grows", "00", "It grows.", lambda seed: found(value=seed), lambda e: e.value >= 2, control=lambda seed: found(value=0))
    table = hold(claim, range(4))
    assert table["held"].tolist() == [False, False, True, True] and not table["control_held"].any()


def test_a_claim_needs_a_control_or_says_that_something_stays_the_same():
    for options in ({}, dict(control=found, equivalence=True)):
        with pytest.raises(ValueError, match="needs a control"):
            Claim("a", "00", "A.", found, bool, **options)
    assert "control_held" not in hold(Claim("a", "00", "A.", lambda seed: found(), bool, equivalence=True), [0])


