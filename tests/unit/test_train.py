"""Fitting, aligning and timing recognisers; the lesson's experiments where a known answer exists."""
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from course_lib.cycle import train
from course_lib.cycle.registry import Registry
from course_lib.learn import lesson
from course_lib.lessons import decided_split, train_flow, train_models, train_panels, train_rates, train_splits, train_stages, train_upkeep
from course_lib.world.world import World


class Fixed:
    """Answers the same for everybody; takes a second by a clock that is ours."""

    def __init__(self, clock):
        self.clock = clock

    def predict_proba(self, X):
        self.clock.now += .25 if self.clock.interrupted else .001
        self.clock.interrupted = not self.clock.interrupted
        return np.ones((len(X), 1))


class Clock:
    now, interrupted = 0.0, True

    def __call__(self):
        return self.now


def digits(kind):
    """Probabilities of a recogniser for some strangers' clips, to nine digits."""
    world = World(3)
    rows, strangers = world.recordings("train").iloc[::4], world.recordings("test").iloc[::20]
    model = train.recognizer(kind).fit(world.features(rows), rows["label"].to_numpy(str))
    return model.predict_proba(world.features(strangers)).round(9) + 0.0


@pytest.mark.parametrize("kind", train.KINDS)
def test_another_blas_kernel_fits_the_same_recogniser(kind, tmp_path):
    code = f"import sys, numpy; sys.path.insert(0, {os.path.dirname(__file__)!r}); from test_train import digits; numpy.save({str(tmp_path / 'p.npy')!r}, digits({kind!r}))"
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | {"OPENBLAS_CORETYPE": "Nehalem"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(np.load(tmp_path / "p.npy"), digits(kind), atol=2e-9)


def test_contracts_of_the_kinds():
    assert train.KINDS[:2] == ("default", "best") and all(hasattr(train.recognizer(kind), "predict_proba") for kind in train.KINDS)
    with pytest.raises(ValueError, match="known kinds are default, best"):
        train.recognizer("worst")


def test_fit_looks_at_what_it_gets():
    X, y = np.random.default_rng(0).normal(size=(8, 3)), ["c01", "c02"] * 4
    fitted = train.fit(train.recognizer(), X, y, ["c01", "c02", "c03"])
    assert fitted.classes_.tolist() == ["c01", "c02"]
    bad = X.copy()
    bad[2, 1] = np.nan
    for wrong, words in (((X, y[:7] + ["c99"]), "1 labels are in no catalogue, the first is 'c99'"),
                         ((X, y[:7] + [None]), "1 labels are in no catalogue"),
                         ((X, ["c01"] * 7 + ["c02"]), "1 cards have a single clip, such as 'c02'"),
                         ((X, ["c01"] * 8), "every label is 'c01'"),
                         ((X[:5], y), "5 feature vectors and 8 labels"), ((X[:0], []), "0 feature vectors and 0 labels"),
                         ((bad, y), "1 of 8 feature vectors hold values that are not finite")):
        with pytest.raises(ValueError, match=words):
            train.fit(train.recognizer(), *wrong, ["c01", "c02", "c03"])


def test_columns_in_another_order_are_put_right_or_refused():
    table = pd.DataFrame(np.arange(12.0).reshape(3, 4), columns=list("abcd"))
    shuffled = table[list("dbca")].assign(more=1)
    assert train.aligned(shuffled, list("abcd")).equals(table)
    with pytest.raises(ValueError, match="1 of 2 columns are missing, the first is 'z'; 4 arrived"):
        train.aligned(table, ["a", "z"])
    with pytest.raises(ValueError, match="column 'a' stands twice"):
        train.aligned(table[["a", "a", "b"]], ["a", "b"])


def test_the_least_of_the_tries_counts():
    clock = Clock()
    found = train.single_ms(Fixed(clock), np.zeros((4, 2)), tries=2, clock=clock)
    assert np.allclose(found, 1) and len(found) == 4
    with pytest.raises(ValueError, match="0 clips and 3 tries"):
        train.single_ms(Fixed(clock), np.zeros((0, 2)))


def test_best_takes_many_times_as_long_for_one_clip():
    models, X = train_models.contenders(0), train_models.sets(0)[4][:8]
    slow, fast = (train.single_ms(models[name], X).median() for name in ("best", "default"))
    assert slow > train_models.SLOWEST * fast


def test_a_power_law_is_recovered_exactly():
    n = np.array([2, 4, 8, 12])
    assert train_models.extrapolated(n, 40 * n ** -.5, 100) == pytest.approx(4)
    assert train_models.extrapolated(n, 40 - 2 * n, 20, straight=True) == pytest.approx(0)


def test_one_step_of_descent_by_hand():
    Z, targets = np.ones((1, 1), np.float32), np.ones((1, 1), np.float32)
    rng = np.random.default_rng(5)
    inner = rng.normal(0, np.sqrt(2), (1, 64)).astype(np.float32)
    outer = rng.normal(0, .1 * np.sqrt(1 / 64), (64, 1)).astype(np.float32)
    hidden = np.maximum(inner, 0)
    miss = float((hidden @ outer)[0, 0]) - 1
    after = train_rates.descend(Z, targets, .01, np.random.default_rng(5), steps=1)
    assert np.allclose(after[1], outer - .01 * miss * hidden.T, atol=1e-6)
    assert np.allclose(after[0], inner - .01 * miss * outer.T * (inner > 0), atol=1e-6)
    with pytest.raises(ValueError, match="learning rate is 0"):
        train_rates.descend(Z, targets, 0, rng)


def test_a_run_that_is_not_finite_has_failed():
    assert not train_rates.hits((np.full((2, 3), np.inf), np.ones((3, 2))), np.ones((4, 2)), np.zeros(4)).any()
    with pytest.raises(ValueError, match="a failed run costs -1"):
        train_rates.by_rate(0, -1)


def test_softening_keeps_the_best_card_and_lowers_confidence():
    world = World(0)
    X = world.features(world.recordings("test").head(50))
    plain, soft = (m.predict_proba(X) for m in (train_flow.discriminant(0), train_flow.Softened(train_flow.discriminant(0), 12)))
    assert (plain.argmax(axis=1) == soft.argmax(axis=1)).all() and (soft.max(axis=1) <= plain.max(axis=1) + 1e-9).all()
    assert np.allclose(soft.sum(axis=1), 1)


@pytest.mark.parametrize("gap, ratio, words", [((.001, .02), 2.31, "More accurate, 2.3 times the cost"), ((-.02, -.001), 2.31, "Less accurate, 2.3 times the cost"),
                                               ((-.01, .01), 1.04, "About as accurate, at much the same cost"), ((0, .02), 1.4, "About as accurate, 1.4 times the cost")])
def test_who_is_more_accurate_is_said_only_where_the_interval_shows_it(gap, ratio, words):
    assert train_flow.in_words(gap, ratio) == words


def test_the_ratio_of_costs_has_an_interval_over_speakers():
    found, same = train_flow.discriminants_instead(0), train_flow._ratio_interval([4, 0, 2, 6], [2, 0, 1, 3], list("aabb"), np.random.default_rng(0))
    assert same == (2, 2), "twice as dear for each speaker"
    assert found.interval[0] < found.value < found.interval[1]
    assert found.data["gap_low"] <= found.data["accuracy"] - found.data["default_accuracy"] <= found.data["gap_high"]
    assert found.data["default"] == pytest.approx(train_flow.cost_at(0, train_flow.linear(0), .5))


def test_bad_settings_of_the_flow_get_a_sentence():
    with pytest.raises(ValueError, match="log loss or squared loss"):
        train_flow.linear(0, "hinge")
    with pytest.raises(ValueError, match="temperature is 0"):
        train_flow.Softened(None, 0)
    with pytest.raises(ValueError, match="one of 1 input"):
        train_stages.stage(0, 0, "6", "log loss", .03, .5)


@pytest.mark.parametrize("name", train_stages.STAGES)
def test_every_stage_can_be_poked(name):
    figure, words = train_stages.stage(0, 1, name, "squared loss", 10.0, .35)
    assert figure.axes[0].get_title(loc="left") and "squared loss, C = 10, threshold 0.35" in words


def test_the_order_of_the_losses_turns_with_regularisation():
    cost = {key: train_flow.linear_costs(0, *key)["cost"][10] for key in ((loss, c) for loss in train_flow.LOSSES for c in (.03, 10.0))}
    assert cost["log loss", .03] < cost["squared loss", .03] and cost["log loss", 10.0] > cost["squared loss", 10.0]


def test_the_price_of_a_failed_run_moves_the_best_rate():
    free, dear = (train_panels.rate_worth(0, price)[1] for price in (0, 2000))
    assert free.split(": ")[1].split(",")[0] != dear.split(": ")[1].split(",")[0]


def test_a_registered_model_has_its_card(tmp_path):
    about = dict(limits=["synthetic readers"])
    registry, number = train_panels.register(train_models.contenders(0)["default"], .6, about, 0, tmp_path)
    assert isinstance(registry, Registry) and registry.card(number) == about
    run = registry.track("default", dict(threshold=.6), dict(cost=180))
    assert train_panels.register(train_models.contenders(0)["default"], .6, about, 0, tmp_path, run)[1] == number
    assert registry.run(number)[["name", "threshold", "cost"]].tolist() == ["default", "0.6", 180]


def test_the_intervals_of_lesson_04_hold_their_values():
    curve, rate, tree, split, away = (experiment(0) for experiment in (train_models.curve, train_rates.fast_rate, train_models.memorises, train_splits.flatters,
                                                                       train_splits.other_voices))
    spans = [(one.value, one.interval) for one in (curve, tree, split, away)] + [(rate.data["gain"], (rate.data["gain_low"], rate.data["gain_high"]))]
    spans += [(row.missed, (row.low, row.high)) for row in train_models.by_readers(0).itertuples()]
    for value, (low, high) in spans:
        assert low <= value <= high and low < high


def test_readers_are_resampled_not_clips():
    rows = pd.DataFrame(dict(speaker=list("aabb")))
    counts = train_splits._by_speaker(rows, [True, True, False, False])
    assert train_splits.over_speakers(counts, np.random.default_rng(0)) == (0, 100), "two readers, one never understood"
    found, spans = train_splits._apart(counts, counts, np.random.default_rng(0))
    assert found == [50, 50, 0] and spans[2] == [0, 0], "the same readers for both: nothing between them"
    apart = train_splits._apart(counts, counts.rename(index={"a": "c", "b": "d"}), np.random.default_rng(0))[1]
    assert apart[2] == [-100, 100], "other readers: each side has luck of its own"


def test_the_split_that_you_keep_is_what_was_promised(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    first = decided_split.beside_production(0)
    assert first.index.tolist() == ["promised by speaker (yours)", "launch model, pilot", "launch model, usual voices and rooms"]
    lesson.begin("04", 0)
    lesson.decide("split", "clips")
    lesson.begin("05", 0)
    mine = decided_split.beside_production(0)
    assert mine.index.tolist() == ["promised by clips (yours)", "promised by speaker", "launch model, pilot", "launch model, usual voices and rooms"]
    assert mine.loc["promised by speaker"].equals(first.iloc[0].rename("promised by speaker")) and mine.loc["launch model, pilot"].equals(first.loc["launch model, pilot"])
    assert mine["low"].iloc[0] > mine["high"]["launch model, pilot"], "a split with copies promises more than production gives"
    with pytest.raises(KeyError):
        decided_split.promise(0, "weather")


def test_the_page_is_weighed_against_its_upkeep():
    table = train_upkeep.page(0)
    assert table["the page adds"].tolist()[:4] == [8, 320, 3, 1]
    assert train_upkeep.lines(train_models.ways_to_break) > 6
    gained = table.loc[["points gained in the test", "points gained in production"]]
    assert (gained["low"] <= gained["the page adds"]).all() and (gained["the page adds"] <= gained["high"]).all()
    assert gained["the page adds"].tolist() == pytest.approx([100 * (model.score(X, train_models.sets(0)[5]) - plain) for model, X, plain in _paged(0)])


def _paged(seed):
    *_, test, X, y = train_models.sets(seed)
    plain = train_models.contenders(seed)["default"].score(X, y)
    return [(train_models.paged(seed), train_models.with_page(test, X, page), plain) for page in (None, -1)]
