"""The recorded bank: features and levels of every take of a pool, and some audio.

data/ ships the bank of pool "a", so that numbers are equal on every platform and lessons
run where the synthesiser does not load. Other pools are rendered into a cache when asked for.
Features are stored in 8 bits, in steps of a 16th of a column's standard deviation; loading checks the file against its checksum and against the tables it was made from.
"""
import hashlib
import io
import json
import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Callable

import numpy as np
import soundfile

from course_lib.world import channel, features, speech
from course_lib.world.pool import Pool
from course_lib.world.tables import DATA, TableError, settings, table

STEP = 1 / 16                                        # of a column's standard deviation
_AUDIO_BATCHES = ((0, 0), (17, 1))          # batches whose usual takes are shipped to listen to


@dataclass(frozen=True)
class Vectors:
    """Feature vectors, kept in the 8 bits of the file: `vectors[places]` are float32, as many as are asked for."""
    codes: np.ndarray
    spread: np.ndarray
    middle: np.ndarray

    def __getitem__(self, places) -> np.ndarray:
        found = self.codes[places].astype(np.float32)
        found *= self.spread
        found += self.middle
        return found


@dataclass(frozen=True)
class Bank:
    """What was recorded of a pool, indexed by take number: features, levels (dBFS), seconds."""
    features: Vectors
    level_db: np.ndarray
    seconds: np.ndarray
    audio: dict


def fingerprint(pool: Pool) -> str:
    """Hash of everything a pool's bytes depend on: its tables, its settings, the feature recipe."""
    parts = [pool.name, features.VERSION, repr(settings("world", pool.folder)["pool"])]
    parts += [table(name, pool.folder).to_csv() for name in ("cards", "others", "voices", "devices", "rooms")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


@lru_cache(maxsize=3)
def bank(pool: Pool, cache: Path | None = None) -> Bank:
    """The bank of a pool: shipped with the course, or rendered once into `cache`.

    Raises
    ------
    TableError
        The shipped bank is damaged, or data/ was edited after it was recorded.
    """
    shipped = pool.folder / f"bank-{pool.name}.npz"
    if shipped.exists():
        return _load(shipped, pool)
    made = (cache or _default_cache()) / f"bank-{pool.name}-{fingerprint(pool)}.npz"
    if not made.exists():
        record(pool, made, audio=False)
    return _load(made, pool)


def _default_cache():
    from course_lib import workspace
    return workspace.home() / "cache"


def record(pool: Pool, path: Path, audio: bool = True, workers: int = 2,
           progress: Callable[[int, int], None] = lambda done, of: None) -> Path:
    """Render every take of a pool and write its bank; `progress` is told batches done and their number."""
    batches = list(dict.fromkeys(zip(pool.takes["speaker"], pool.takes["rendition"])))
    numbers, vectors, levels, seconds = [], [], [], []
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as executor:
        jobs = executor.map(_measure, [pool] * len(batches), batches)
        for done, (number, vector, level, length) in enumerate(jobs, 1):
            numbers.append(number)
            vectors.append(vector)
            levels.append(level)
            seconds.append(length)
            progress(done, len(batches))
    order = np.argsort(np.concatenate(numbers))
    vectors, levels, seconds = (np.concatenate(v)[order] for v in (vectors, levels, seconds))
    content = _pack(vectors) | dict(level_db=levels, seconds=seconds)
    if audio:
        content |= _audio(pool)
    return _write(path, content, fingerprint(pool))


def _measure(pool, batch):
    clips = pool.render(*batch)
    arrays = list(clips.values())
    return (np.array(list(clips)), features.features(arrays, channel.RATE),
            np.array([channel.level(c) for c in arrays], np.float32).round(2),
            np.array([len(c) / channel.RATE for c in arrays], np.float32).round(3))


def _pack(vectors):
    middle, spread = vectors.mean(axis=0), vectors.std(axis=0) * np.float32(STEP)
    codes = np.clip(np.round((vectors - middle) / spread), -127, 127).astype(np.int8)
    return dict(codes=codes, middle=middle, spread=spread)


def _audio(pool):
    """Clips of a few batches as one lossless file: their bytes are those that rendering gives."""
    takes = pool.takes[pool.takes["condition"] == "usual"]
    chosen = [n for s, r in _AUDIO_BATCHES for n in takes.index[(takes["speaker"] == s) & (takes["rendition"] == r)]]
    clips, stream = pool.clips(chosen), io.BytesIO()
    soundfile.write(stream, np.concatenate(clips), channel.RATE, format="FLAC", subtype="PCM_16")
    return dict(audio=np.frombuffer(stream.getvalue(), np.uint8), audio_take=np.array(chosen),
                audio_length=np.array([len(c) for c in clips]))


def _write(path, content, made_from):
    """Write atomically, with a checksum of the content beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    with os.fdopen(handle, "wb") as stream:
        np.savez_compressed(stream, **content)
    digest = hashlib.sha256(Path(temporary).read_bytes()).hexdigest()
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)
    note = json.dumps(dict(sha256=digest, made_from=made_from, takes=len(content["codes"])), indent=1)
    path.with_suffix(".json").write_text(note + "\n", encoding="utf-8", newline="\n")
    return path


def _load(path, pool):
    mend = "restore the file, or record it again with: course record"
    try:
        note = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise TableError(f"{path.name} or its checksum is not readable ({error}); {mend}") from None
    if hashlib.sha256(data).hexdigest() != note.get("sha256"):
        raise TableError(f"{path.name} does not match its checksum; {mend}")
    if note["made_from"] != fingerprint(pool):
        raise TableError(f"{path.name} was recorded from other tables than data/ holds now; "
                         "undo the edit, or record it again with: course record")
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        vectors = Vectors(*(stored[name] for name in ("codes", "spread", "middle")))
        return Bank(vectors, stored["level_db"], stored["seconds"], _unpack_audio(stored))


def _unpack_audio(stored):
    if "audio" not in stored:
        return {}
    samples, _ = soundfile.read(io.BytesIO(stored["audio"].tobytes()), dtype="float32")
    ends = np.cumsum(stored["audio_length"])[:-1]
    return dict(zip(stored["audio_take"].tolist(), np.split(samples, ends)))


def clips(pool: Pool, numbers) -> list[np.ndarray]:
    """Clips by take number, from the bank's audio where it holds them all, else rendered."""
    audio = bank(pool).audio
    if all(int(n) in audio for n in numbers):
        return [audio[int(n)] for n in numbers]
    try:
        return pool.clips(numbers)
    except speech.SpeechUnavailable as error:
        raise speech.SpeechUnavailable(f"{error}. {len(audio)} clips can be heard without it: "
                                       "World(seed).audible() lists them") from error
