"""Speech on demand: what can be said, what cannot, and a machine on which the synthesiser does not load."""
import os
import subprocess
import sys

import numpy as np
import pytest

from course_lib.world import speech
from course_lib.world.say import say
from course_lib.world.speech import Voice, render

NAMES = ["O'Hara-Smythe", "Zoë Çelik", "Łukasz Żak", "李小龙 7", "Ada 🙂 Lind", "R2", "a" * 200, "  spaced   out  "]


@pytest.mark.parametrize("text", NAMES, ids=range(len(NAMES)))
def test_any_name_is_spoken(text):
    clip, rate = say(text)
    assert rate == 8000 and len(clip) > 1000 and np.abs(clip).max() <= 1 and np.isfinite(clip).all()


@pytest.mark.parametrize("text, words", [("🙂", "no letter or digit"), ("", "no letter or digit"), ("' - '", "no letter or digit"),
                                         ("a" * 201, "201 characters; at most 200"), (7, "int arrived")])
def test_what_cannot_be_spoken_gets_a_sentence(text, words):
    with pytest.raises(ValueError, match=words):
        say(text)


def test_unknown_voices_devices_and_rooms_are_named():
    for wrong in (dict(group="martian"), dict(device="telex"), dict(room="moon"), dict(variant="x9")):
        with pytest.raises(ValueError, match=next(iter(wrong.values()))):
            say("Ada", **wrong)


def test_equal_batches_are_equal_whatever_was_said_before():
    batch = [("Mira Delvane", Voice()), ("Bruno Hartwick", Voice("en-gb-x-rp", "f2"))]
    first, _ = render(batch)
    render([("something else", Voice())] * 3)
    again, rate = render(batch)
    assert rate == 22_050 and all(a.tobytes() == b.tobytes() for a, b in zip(first, again))


def test_without_the_library_recorded_clips_and_features_still_work(tmp_path):
    fake = tmp_path / "libespeak-ng.so"
    fake.write_bytes(b"not a library")
    code = """
from course_lib.world import speech
from course_lib.world.world import World
world = World(0)
assert not speech.available()
rows = world.audible()
assert len(world.clips(rows.head(3))) == 3 and world.features(world.days(0, 7)).shape[1] == 468
try:
    world.clips(world.days(0, 7))
except speech.SpeechUnavailable as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | {"COURSE_ESPEAK_LIBRARY": str(fake)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "does not load here" in done.stdout and "can be heard without it" in done.stdout


def test_a_private_copy_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(speech.tempfile, "tempdir", str(tmp_path))
    render([("Ada", Voice())])
    with pytest.raises(ValueError, match="no voice"):
        render([("Ada", Voice("xx-none"))])
    assert not list(tmp_path.iterdir())
