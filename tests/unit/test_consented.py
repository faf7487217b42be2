"""Audio is kept only where a folder was given and the user agreed; the folder stays within its size."""
import os

import pytest

from course_lib import workspace
from course_lib.cycle.consented import ConsentedAudio

ONE, TWO, THREE = (f"{number:032x}" for number in (1, 2, 3))


def kept(audio, *ids, size=100):
    for number, name in enumerate(ids):
        audio.keep(name, bytes([number]) * size)
        os.utime(audio.folder / f"{name}.wav", (number, number))     # a file system may not tell two times apart


def test_what_is_kept_comes_back_and_can_be_forgotten(tmp_path):
    audio = ConsentedAudio(tmp_path / "new" / "audio")
    kept(audio, TWO, ONE)
    assert audio.ids() == [TWO, ONE] and audio.body(ONE) == b"\1" * 100
    assert audio.forget([TWO, THREE]) == 1 and audio.ids() == [ONE]
    with pytest.raises(KeyError):
        audio.body(TWO)


def test_the_oldest_go_when_it_is_full(tmp_path):
    audio = ConsentedAudio(tmp_path, max_bytes=250)
    kept(audio, THREE, ONE, TWO)
    assert audio.ids() == [ONE, TWO]
    audio.keep(THREE, bytes(300))
    assert audio.ids() == [] and not list(tmp_path.iterdir())


def test_a_name_from_outside_is_no_path(tmp_path):
    audio = ConsentedAudio(tmp_path / "audio")
    for name in ("../out", "a" * 31, "", ONE.upper() + "/", f"{ONE}.wav"):
        with pytest.raises(ValueError, match="32 hexadecimal"):
            audio.keep(name, b"x")
    assert list(tmp_path.iterdir()) == [audio.folder]


def test_a_folder_that_cannot_be_is_told_of(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(workspace.WorkspaceError, match="a file stands where a folder is needed"):
        ConsentedAudio(tmp_path / "file")
    with pytest.raises(ValueError, match="max_bytes is 0"):
        ConsentedAudio(tmp_path, max_bytes=0)
