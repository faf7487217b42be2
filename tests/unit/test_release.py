"""Settings of a release: who gets the challenger, and what a service does with settings that are damaged."""
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.cycle import bundle, release
from course_lib.cycle.release import Release, ReleaseError, bucket

DEVICES = [f"u{n:05d}" for n in range(20_000)]
A = "0123456789ab"


@pytest.fixture
def challenger(folder, model, names):
    """Another bundle beside the champion: the same model with another threshold."""
    return bundle.save(model, .9, names, folder)


def test_a_bucket_by_hand():
    assert bucket("u017", "release-1") == int(release.hashlib.sha256(b"release-1/u017").hexdigest()[:8], 16) / 2**32


def test_a_bucket_is_the_same_in_every_process():
    code = "from course_lib.cycle.release import bucket; print([bucket(d, 'r1') for d in ('u1', 'u2', 'ü')])"
    said = {subprocess.run([sys.executable, "-X", "utf8", "-c", code], env={"PYTHONHASHSEED": salt}, capture_output=True, text=True, check=True).stdout
            for salt in ("1", "2")}
    assert said == {f"{[bucket(d, 'r1') for d in ('u1', 'u2', 'ü')]}\n"}


def test_buckets_are_even_and_salts_draw_anew():
    at = np.array([bucket(d, "r1") for d in DEVICES])
    counts = np.histogram(at, 20, (0, 1))[0]
    assert ((counts - 1_000) ** 2 / 1_000).sum() < 43.8               # chi-square, 19 degrees of freedom, .999
    other = np.array([bucket(d, "r2") for d in DEVICES])
    assert abs(np.corrcoef(at, other)[0, 1]) < .03


@given(st.text(max_size=80), st.floats(0, 1), st.floats(0, 1))
def test_a_canary_that_grows_keeps_who_was_in_it(device, one, two):
    small, large = (Release("canary", A, share) for share in sorted((one, two)))
    assert large.takes(device) or not small.takes(device)
    assert 0 <= bucket(device, "r") < 1


def test_who_gets_the_challenger():
    inside = np.mean([Release("canary", A, .05).takes(d) for d in DEVICES])
    assert abs(inside - .05) < 4 * np.sqrt(.05 * .95 / len(DEVICES))
    assert not Release("canary", A, 1.0).takes(None)                  # without an id nobody can be sure to meet one version
    assert not any(Release("canary", A, 0.0).takes(d) for d in DEVICES[:99]) and all(Release("canary", A, 1.0).takes(d) for d in DEVICES[:99])
    assert Release("blue-green", A).takes(None) and not Release("shadow", A, 1.0).takes("u1") and not Release().takes("u1")


@pytest.mark.parametrize("settings, words", [
    (dict(mode="all"), "one of off, shadow"), (dict(mode="shadow"), "challenger is ''"), (dict(mode="canary", challenger="../../etc"), "twelve hexadecimal"),
    (dict(mode="canary", challenger=A, share=2), "from 0 to 1"), (dict(mode="canary", challenger=A, share="half"), "from 0 to 1"),
    (dict(mode="canary", challenger=A, share=float("nan")), "from 0 to 1"), (dict(salt="a/b"), "salt is"), (dict(salt=7), "salt is")])
def test_settings_that_make_no_sense_are_one_sentence(settings, words):
    with pytest.raises(ReleaseError, match=words):
        Release(**settings)


def test_what_is_written_is_read(folder, challenger):
    assert release.read(folder) == Release()
    wrote = release.write(folder, "canary", challenger.name, .1, "r7")
    assert release.read(folder) == wrote == Release("canary", challenger.name, .1, "r7", bundle.champion(folder).name)
    assert release.back(folder) == release.read(folder) == Release() and not list(folder.glob("part-*"))


def test_a_missing_or_damaged_challenger_is_refused(folder, challenger):
    with pytest.raises(bundle.BundleError, match="missing"):
        release.write(folder, "shadow", A)
    (challenger / bundle.MODEL).write_bytes(b"broken")
    with pytest.raises(bundle.BundleError, match="damaged"):
        release.write(folder, "shadow", challenger.name)
    assert release.read(folder) == Release()


def test_promotion(folder, challenger):
    with pytest.raises(ReleaseError, match="no challenger is on trial"):
        release.promote(folder)
    release.write(folder, "blue-green", challenger.name)
    assert release.promote(folder) == challenger == bundle.champion(folder) and release.read(folder) == Release()


def test_following_loads_only_what_is_new(folder, challenger):
    first, fault = release.follow(folder)
    assert not fault and first.challenger is None and first.bundle("u1") is first.champion
    release.write(folder, "blue-green", challenger.name)
    second, fault = release.follow(folder, first)
    assert not fault and second.champion is first.champion and second.bundle(None).version == challenger.name
    release.promote(folder)
    third, _ = release.follow(folder, second)
    assert third.champion is second.challenger and third.challenger is None


@pytest.mark.parametrize("damaged", [False, True])
@pytest.mark.parametrize("mode", ["canary", "blue-green", "shadow"])
def test_a_trial_is_over_when_the_champion_changes(folder, challenger, model, names, mode, damaged):
    release.write(folder, mode, challenger.name, 1.0)
    during, _ = release.follow(folder)
    if damaged:
        (folder / release.FILE).write_text("{")
    bundle.point(folder, bundle.save(model, .7, names, folder))        # a rollback or a promotion by alias
    after, fault = release.follow(folder, during)
    assert after.release == Release() and after.challenger is None and after.bundle("u1") is after.champion and bool(fault) == damaged
    with pytest.raises(ReleaseError):
        release.promote(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"mode": 3}', '{"mode": "canary"}', '{"colour": "blue"}',
                                  json.dumps(dict(mode="shadow", challenger=A))])
def test_damaged_settings_change_nothing(folder, challenger, text):
    release.write(folder, "canary", challenger.name, .5)
    before, _ = release.follow(folder)
    (folder / release.FILE).write_text(text)
    after, fault = release.follow(folder, before)
    assert fault and after.release == before.release and after.challenger is before.challenger and after.champion is before.champion
    fresh, fault = release.follow(folder)                             # a service that starts now is safe: no challenger
    assert fault and fresh.release == Release() and fresh.challenger is None


def test_a_champion_that_is_damaged_later_goes_on_from_memory(folder, challenger):
    before, _ = release.follow(folder)
    (folder / bundle.POINTER).write_text("{}")
    after, fault = release.follow(folder, before)
    assert after.champion is before.champion and "no champion" in fault
    with pytest.raises(bundle.BundleError):
        release.follow(folder)
