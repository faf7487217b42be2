"""Text to speech: espeak-ng through ctypes, the same bytes in every process.

espeak-ng keeps state between calls, so the same call twice differs and no function resets
it. Each batch therefore loads a private temporary copy of the shared library, renders its
utterances in order and drops the copy: equal batches give equal bytes, in any process and
thread. The library is GPL-3, ships in its own wheel and is never linked to the course.
"""
import _ctypes
import ctypes
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Sequence

import numpy as np

MAX_CHARACTERS = 200
_CHARS_UTF8, _SYNCHRONOUS, _DONT_EXIT = 1, 2, 0x8000
_RATE, _PITCH, _RANGE = 1, 3, 4


class SpeechUnavailable(RuntimeError):
    """espeak-ng's shared library cannot be loaded on this machine."""


@dataclass(frozen=True)
class Voice:
    """How a text is read: espeak-ng's language and variant, words a minute, pitch and its range (0-99)."""
    language: str = "en-us"
    variant: str = "m1"
    rate: int = 165
    pitch: int = 50
    range: int = 50

    @property
    def name(self) -> str:
        return f"{self.language}+{self.variant}" if self.variant else self.language


def check_text(text: str) -> str:
    """The text, stripped, if it can be spoken; ValueError with a sentence if not."""
    if not isinstance(text, str):
        raise ValueError(f"a text was expected, {type(text).__name__} arrived")
    text = " ".join(text.split())
    if not any(c.isalnum() for c in text):
        raise ValueError(f"{text!r} holds no letter or digit to speak; type a name")
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"the text has {len(text)} characters; at most {MAX_CHARACTERS} can be spoken")
    return text


def available() -> bool:
    """Whether speech can be rendered here; without it the recorded bank still serves every lesson."""
    try:
        with _Copy(seed=1):
            return True
    except SpeechUnavailable:
        return False


def render(utterances: Sequence[tuple[str, Voice]], seed: int = 1) -> tuple[list[np.ndarray], int]:
    """Speak a batch of texts, in order, from a fresh state.

    Parameters
    ----------
    utterances : pairs of a text (at most 200 characters) and a Voice
    seed : seed of espeak-ng's own noise source

    Returns
    -------
    float32 arrays in [-1, 1], one a text, and their sample rate in Hz (22,050)

    Raises
    ------
    ValueError
        A text cannot be spoken or a voice is unknown.
    SpeechUnavailable
        The shared library is missing or does not load.
    """
    batch = [(check_text(text), voice) for text, voice in utterances]
    with _Copy(seed) as espeak:
        return [espeak.say(text, voice) for text, voice in batch], espeak.sample_rate


class _Copy:
    """A private copy of the shared library, initialised and seeded; dropped on exit."""

    def __init__(self, seed):
        self.seed, self.voice, self.parts = seed, None, []

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="speech-")
        try:
            self._load()
        except Exception as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise SpeechUnavailable(f"espeak-ng does not load here ({error}); recorded clips still work, "
                                    "new texts cannot be spoken") from error
        return self

    def _load(self):
        import espeakng_loader
        source = Path(os.environ.get("COURSE_ESPEAK_LIBRARY") or espeakng_loader.get_library_path())
        path = Path(self.folder) / source.name
        shutil.copyfile(source, path)
        self.library = ctypes.CDLL(str(path))
        data = espeakng_loader.get_data_path().encode()
        self.sample_rate = self.library.espeak_Initialize(_SYNCHRONOUS, 1000, data, _DONT_EXIT)
        if self.sample_rate <= 0:
            raise OSError(f"its voice data at {data.decode()} is not readable")
        self.library.espeak_ng_SetRandSeed(ctypes.c_long(self.seed))
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self.callback = kind(self._take)
        self.library.espeak_SetSynthCallback(self.callback)

    def _take(self, samples, count, events):
        if samples and count > 0:
            self.parts.append(ctypes.string_at(samples, 2 * count))
        return 0

    def say(self, text, voice):
        if self.voice is None or voice.name != self.voice.name:
            if self.library.espeak_SetVoiceByName(voice.name.encode()) != 0:
                raise ValueError(f"espeak-ng has no voice {voice.name!r}")
        for parameter, value in ((_RATE, voice.rate), (_PITCH, voice.pitch), (_RANGE, voice.range)):
            self.library.espeak_SetParameter(parameter, int(value), 0)
        self.voice, self.parts = voice, []
        encoded = text.encode("utf-8", "replace") + b"\0"
        self.library.espeak_Synth(encoded, ctypes.c_size_t(len(encoded)), 0, 0, 0, _CHARS_UTF8, None, None)
        return np.frombuffer(b"".join(self.parts), "<i2").astype(np.float32) / np.float32(32768)

    def __exit__(self, *_):
        self.library.espeak_Terminate()
        handle = self.library._handle
        del self.library
        (_ctypes.FreeLibrary if sys.platform == "win32" else _ctypes.dlclose)(handle)
        shutil.rmtree(self.folder, ignore_errors=True)
