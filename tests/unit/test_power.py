"""Power of a canary: against simulation, by hand, and against textbook cases."""
import numpy as np
import pandas as pd
import pytest

from course_lib.cycle import power


def test_textbook_size():
    assert power.requests_needed(.05, .06, .01) == pytest.approx(4_460, rel=.01)
    assert power.requests_needed(.05, .06, .01) / .01 == pytest.approx(446_000, rel=.01)


def test_power_and_size_are_inverse():
    for effect in (1, 4.5):
        n = power.requests_needed(.1, .13, .2, .8, effect=effect)
        assert power.power(n, .1, .13, .2, effect=effect) == pytest.approx(.8, abs=.002)


def test_power_against_simulation():
    rng, n, share = np.random.default_rng(5), 1_500, .25
    rest = n * 3
    a, b = rng.binomial(n, .13, 4_000) / n, rng.binomial(rest, .10, 4_000) / rest
    pooled = share * a + (1 - share) * b
    z = (a - b) / np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / rest))
    assert np.mean(z > 1.645) == pytest.approx(power.power(n, .10, .13, share), abs=.02)


@pytest.mark.parametrize("odd", [(0, .1, .1), (.1, .1, .1), (.2, .1, .1), (.1, .2, 0), (.1, .2, 1), (.1, 1.2, .1)])
def test_odd_rates_are_one_sentence(odd):
    with pytest.raises(ValueError, match="arrived|lie between"):
        power.requests_needed(*odd)


def test_design_effect_by_hand():
    assert power.design_effect([1, 1, 0, 0], ["a", "a", "b", "b"]) == 2.0         # two devices that agree with themselves
    assert power.design_effect([1, 0, 1, 0], ["a", "a", "b", "b"]) == 0.0
    assert power.design_effect([1, 0, 1, 0], list("abcd")) == 1.0
    with pytest.raises(ValueError, match="error rate is 0"):
        power.design_effect([0, 0], "ab")


def clustered(rng, devices=200, each=20, spread=6.0):
    rates = rng.beta(.1 * spread, .9 * spread, devices)
    device = np.repeat(np.arange(devices), each)
    return (rng.random(device.size) < rates[device]).astype(float), device


def test_design_effect_recovers_what_was_simulated():
    found = [power.design_effect(*clustered(np.random.default_rng(s))) for s in range(30)]
    assert np.mean(found) == pytest.approx(1 + 19 / 7, rel=.1)                    # 1 + (m - 1) / (a + b + 1)


def test_z_score_without_devices_is_the_pooled_test():
    errors, canary = np.r_[np.ones(30), np.zeros(170), np.ones(50), np.zeros(750)], np.r_[np.ones(200, bool), np.zeros(800, bool)]
    expected = (.15 - .0625) / np.sqrt(.08 * .92 * (1 / 200 + 1 / 800))
    assert power.z_score(errors, canary) == pytest.approx(expected)
    assert power.z_score(errors, np.zeros(1000, bool)) == 0 == power.z_score(np.zeros(9), np.arange(9) < 3, np.arange(9))


def test_counting_devices_keeps_the_level_and_counting_requests_does_not():
    naive, honest = [], []
    for s in range(600):
        rng = np.random.default_rng(s)
        errors, device = clustered(rng)
        canary = (rng.random(200) < .3)[device]
        naive.append(power.z_score(errors, canary) > 1.645)
        honest.append(power.z_score(errors, canary, device) > 1.645)
    assert np.mean(naive) > .12 and .02 < np.mean(honest) < .085


def test_daily_scores_end_where_the_single_score_is():
    rng = np.random.default_rng(3)
    errors, device = clustered(rng, 60, 30)
    day, canary = rng.integers(10, size=errors.size), (rng.random(60) < .3)[device]
    groups = [[power.tally(day, device, values, 10, 60, chosen=part) for values in (1.0, errors)] for part in (canary, ~canary)]
    scores = power.daily_scores(groups)
    assert scores.shape == (10,) and scores[-1] == pytest.approx(power.z_score(errors, canary, device))
    early = day <= 4
    assert scores[4] == pytest.approx(power.z_score(errors[early], canary[early], device[early]))


def test_tally_by_hand():
    found = power.tally(pd.Series([0, 0, 2]), [1, 1, 0], [1.0, 2.0, 4.0], 3, 2)
    assert found.tolist() == [[0, 3], [0, 3], [4, 3]]


def test_looking_often_rings_more_and_a_boundary_pays_for_it():
    scores = power.growing(np.random.default_rng(0), 20_000, 5)
    rang = (scores.max(axis=1) > 1.645).mean()
    assert (scores[:, -1] > 1.645).mean() == pytest.approx(.05, abs=.005) and .10 < rang < .15
    assert power.boundary(np.random.default_rng(1), 1) == pytest.approx(1.645, abs=.03)
    assert power.boundary(np.random.default_rng(1), 5, level=.025) == pytest.approx(2.413, abs=.04)    # Pocock (1977), two-sided .05, 5 looks
