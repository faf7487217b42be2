"""The living world: same seed, same bytes; nobody sees the truth; nothing depends on what comes later."""
import hashlib
import os
import subprocess
import sys
import threading

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from course_lib.world import recorded
from course_lib.world.events import Event, schedule
from course_lib.world.pool import NATIVE, Pool
from course_lib.world.tables import table
from course_lib.world.users import SORRY, reactions
from course_lib.world.world import KNOWN, OBSERVED, TRUTH, World

CAUSES = list(table("events").index)
BATCH = (5, 1)


def digest(*arrays):
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest()


def digests(pool=Pool()):
    """Hashes of a day, of its features, and of a freshly rendered batch of clips."""
    world = World(3, pool)
    rows = world.days(70, 72, ["noisier", "new_names"])
    clips = Pool(pool.name).render(*BATCH)
    return digest(rows["recording"], rows["level_db"]), digest(world.features(rows)), digest(*clips.values())


def test_another_process_with_another_blas_kernel_and_two_threads_makes_the_same_bytes():
    settings = {"OPENBLAS_CORETYPE": "Nehalem", "OPENBLAS_NUM_THREADS": "2"}
    code = f"import sys; sys.path.insert(0, {os.path.dirname(__file__)!r}); from test_world import digests; print(*digests())"
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert tuple(done.stdout.split()) == digests()


def test_the_shipped_bank_is_what_rendering_gives():
    pool, bank, heard = Pool(), recorded.bank(Pool()), []
    for batch in ((0, 0), BATCH):
        clips = pool.render(*batch)
        vectors = recorded.features.features(list(clips.values()), 8000)
        spread = np.maximum(bank.features[:].std(axis=0) * recorded.STEP, 1e-6)
        apart = np.abs(vectors - bank.features[list(clips)]) / spread
        assert np.mean(apart < .75) > .995                # 8-bit steps; a few lie beyond the last one
        heard += [np.abs(clip - bank.audio[n]) * 2**15 for n, clip in clips.items() if n in bank.audio]
    steps = np.concatenate(heard)
    assert steps.max() <= 1 and np.mean(steps > 0) < .002  # another processor may round a sample the other way


def test_bytes_do_not_depend_on_the_order_of_calls_or_on_threads():
    pool = Pool()
    numbers = [int(pool.takes.index[(pool.takes["speaker"] == s) & (pool.takes["rendition"] == 0)][k]) for s in (3, 9) for k in (0, 40)]
    first = [clip.tobytes() for clip in Pool("a").clips(numbers)]
    found = {}

    def render(name, order):
        found[name] = [pool.render(*where) for where in order]
    threads = [threading.Thread(target=render, args=(name, order)) for name, order in (("there", [(3, 0), (9, 0)]), ("back", [(9, 0), (3, 0)]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for batches in (found["there"], found["back"][::-1]):
        clips = {**batches[0], **batches[1]}
        assert [clips[n].tobytes() for n in numbers] == first


def test_days_are_the_same_in_any_slice_and_do_not_know_the_future():
    world = World(1)
    whole = world.days(0, 30, {"renamed_figure": 20, "noisier": 25})
    pd.testing.assert_frame_equal(world.days(10, 20, {"noisier": 25}).reset_index(drop=True),
                                  whole[whole["day"].between(10, 19)].reset_index(drop=True))
    pd.testing.assert_frame_equal(World(1).days(0, 20), whole[whole["day"] < 20].reset_index(drop=True))


@pytest.mark.parametrize("cause", [c for c in CAUSES if c not in ("popularity_reversed", "season")])
def test_a_cause_changes_only_the_requests_that_it_touches(cause):
    world = World(2)
    usual, changed = world.days(60, 67), world.days(60, 67, {cause: 62})
    assert usual["id"].tolist() == changed["id"].tolist()
    touched = (changed["cause"] != "").to_numpy()
    columns = [c for c in usual if c not in ("level_db", "cause")]
    pd.testing.assert_frame_equal(usual.loc[~touched, columns], changed.loc[~touched, columns])
    assert not touched[changed["day"] < 62].any()
    if cause == "louder_microphones":
        assert not touched.any() and np.allclose((changed["level_db"] - usual["level_db"])[changed["day"] >= 62], 6, atol=.02)
    else:
        assert touched[changed["day"] >= 62].mean() > .1


@pytest.mark.parametrize("cause", ["popularity_reversed", "season"])
def test_other_favourites_leave_the_people_alone(cause):
    usual, changed = World(2).days(60, 67), World(2).days(60, 67, {cause: 60})
    both = usual.merge(changed, on="id")
    assert (both["user_x"] == both["user_y"]).all() and (both["said_x"] != both["said_y"]).mean() > .2


def test_a_renamed_figure_has_the_same_sound_and_another_card():
    world = World(4)
    usual, changed = world.days(60, 64), world.days(60, 64, ["renamed_figure"])
    assert np.array_equal(world.features(usual), world.features(changed))
    moved = changed["card"] != usual["card"]
    assert moved.any() and (changed["cause"][moved] == "renamed_figure").all()
    taken_over = table("cards")["spoken_as"]
    assert (taken_over[changed["card"][moved]].to_numpy() == usual["card"][moved].to_numpy()).all()


def test_what_is_observed_says_nothing_of_the_truth():
    world = World(0)
    rows = world.days(0, 28, {"new_names": 5, "noisier": 5})
    seen = world.observe(rows)
    assert list(seen) == OBSERVED and list(world.known(rows)) == OBSERVED + KNOWN and list(world.truth(rows)) == ["id", *TRUTH]
    numbers = rows["recording"].astype(float)
    for column in ("card", "kind", "cause", "speaker", "said"):
        codes = pd.factorize(rows[column], sort=True)[0]
        assert abs(stats.spearmanr(numbers, codes).statistic) < .1, column
    assert not set(TRUTH + KNOWN) & set(seen)


def test_roles_share_no_speaker_and_production_is_never_recorded():
    world = World(5)
    for roles in (world.speakers, world.market_speakers):
        people = [s for role in roles.values() for s in role]
        assert len(people) == len(set(people))
    train, test, asked = world.recordings("train"), world.recordings("test"), world.days(0, 7)
    groups = [set(rows["speaker"]) for rows in (train, test, asked)]
    assert not groups[0] & groups[1] and not (groups[0] | groups[1]) & groups[2]
    assert not set(train["recording"]) & set(asked["recording"])
    with pytest.raises(ValueError, match="'train' or 'test' is expected"):
        world.recordings("production")


def test_broken_and_unknown_speech_comes_in_its_shares():
    rows = World(6).days(0, 70)
    shares = rows["kind"].value_counts(normalize=True)
    assert .02 < shares["first"] < .05 and .01 < shares["cut"] < .04
    assert .035 < (rows["card"] == "").mean() < .065
    popular = rows["card"].value_counts(normalize=True)
    assert popular.iloc[0] > 3 * popular.iloc[25]         # Zipf


def test_another_answer_changes_nothing_for_another_user():
    world = World(7)
    rows = world.days(0, 7)
    right = rows["card"].where(rows["card"] != "", SORRY).to_numpy(str)
    wrong = right.copy()
    wrong[:50] = "c40"
    before, after = (reactions(7, rows, shown) for shown in (right, wrong))
    others = rows["id"][50:]
    pd.testing.assert_frame_equal(before[before["id"].isin(others)].reset_index(drop=True), after[after["id"].isin(others)].reset_index(drop=True))
    assert len(after) > len(before)
    with pytest.raises(ValueError, match="49 answers for"):
        reactions(7, rows, right[:49])


def test_complaints_are_late_and_come_from_a_few():
    world = World(8)
    rows = world.days(0, 60)
    said = reactions(8, rows, np.full(len(rows), "c40"))
    complaints = said[said["kind"] == "complain"].merge(rows[["id", "day", "user"]], on="id")
    assert (complaints["reported_day"] - complaints["day"]).mean() > 2
    top = complaints["user"].value_counts(normalize=True).head(40).sum()
    usual = rows["user"].value_counts(normalize=True)[complaints["user"].value_counts().index[:40]].sum()
    assert top > 1.3 * usual


def test_clips_are_those_that_the_features_came_from():
    world = World(0)
    rows = world.audible().sample(12, random_state=1)
    vectors = recorded.features.features(world.clips(rows), world.sample_rate)
    bank = world.features(rows)
    assert np.corrcoef(vectors.ravel(), bank.ravel())[0, 1] > .999


def test_a_louder_microphone_is_heard_and_a_feature_never_knows():
    world = World(0)
    rows = world.audible().head(3)
    louder = rows.assign(level_db=rows["level_db"] + 6)
    gains = [np.sqrt(np.mean(b ** 2) / np.mean(a ** 2)) for a, b in zip(world.clips(rows), world.clips(louder))]
    assert np.allclose(gains, 2, rtol=.02) and np.array_equal(world.features(rows), world.features(louder))


@pytest.mark.parametrize("seed", [-1, 1.5, "0", True, None])
def test_an_odd_seed_gets_a_sentence(seed):
    with pytest.raises(ValueError, match="a whole number from 0 up is expected"):
        World(seed)


@pytest.mark.parametrize("call, words", [
    (lambda w: w.days(5, 2), "0 <= a <= b is expected"),
    (lambda w: w.days(0, 7, "new_moon"), "new_moon.*data/events.csv has new_names"),
    (lambda w: w.days(0, 7, 3), "int arrived"),
    (lambda w: w.recordings("test", condition="windy"), "known are usual, noisy, gated"),
    (lambda w: w.features(pd.DataFrame(dict(id=["a"]))), "no column level_db, recording"),
    (lambda w: w.features(pd.DataFrame(dict(recording=[10 ** 6], level_db=[0.]))), "recording numbers from 0 to"),
])
def test_bad_calls_say_what_was_expected(call, words):
    with pytest.raises(ValueError, match=words):
        call(World(0))


def test_events_in_every_form_and_what_is_wrong_with_them():
    assert schedule({"season": 10})[0] == Event("season", 10, 1.6, 0, 24)      # its length moves along
    assert schedule(["noisier", Event("season", 5, 2)])[1].strength == 2
    assert schedule(None) == () and schedule("noisier")[0].day == 60
    assert Event("noisier", 10, 1, ramp_days=4).on(11) == .5 and Event("noisier", 10, 1).on(9) == 0
    for plan, words in (({"season": dict(dy=3)}, "dy is unknown"), ([Event("noisier", 1, -1)], "must not be negative"), (["noisier", "noisier"], "stands twice")):
        with pytest.raises(ValueError, match=words):
            schedule(plan)


def test_an_empty_range_has_the_columns_and_no_rows():
    empty = World(0).days(3, 3)
    assert empty.empty and set(OBSERVED + KNOWN + TRUTH) <= set(empty)


def test_another_pool_shares_no_speaker_and_no_sound():
    a, b = Pool("a"), Pool("b")
    assert [s.warp for s in a.speakers] != [s.warp for s in b.speakers]
    assert {s.group for s in a.speakers[:48]} <= set(NATIVE)
    one, other = (list(pool.render(7, 0).values()) for pool in (a, b))
    assert not any(x.tobytes() == y.tobytes() for x, y in zip(one, other))
