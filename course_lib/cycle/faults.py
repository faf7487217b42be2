"""Faults that deliveries of recordings have in practice, planted on purpose; what a team's script then hears.

`delivery` is sound. `plant` gives it one fault of `FAULTS` (or the one of `HIDDEN`, which no table shows); `heard` reads
the files as a script without a gate does: by id, and at the agreed rate whatever the file says.
"""
from functools import lru_cache
from typing import Mapping

import numpy as np
import pandas as pd
from scipy import signal

from course_lib.cycle import collect
from course_lib.cycle.contract import PARTS, manifest
from course_lib.world.draws import keyed
from course_lib.world.features import RATE, features
from course_lib.world.pool import Pool
from course_lib.world.world import World

ALLOCATION = {"indoors": 125, "outdoors": 69, "loud": 56, "new market": 50}
WRONG_RATE, LATE_SHARE, SENT_AGAIN, MARKET = 16_000, 1 / 3, 75, collect.PLACES[3]


@lru_cache(maxsize=4)
def studio(pool: Pool) -> pd.DataFrame:
    """Clips of two readers in a second studio, whose audio ships with the course: it can be played at a wrong rate."""
    rows = World(0, pool).audible()
    if rows.empty:                                      # a pool without audio: two readers, rendered when asked for
        rows = World(0, pool).recordings("train").groupby("speaker").head(40).head(80)
    return rows.assign(label=rows["card"], place=collect.places(rows)).reset_index(drop=True)


@lru_cache(maxsize=4)
def _slowed(pool):
    """Features of the studio's clips, by recording, if files of 16,000 Hz are read as ones of 8,000."""
    rows = studio(pool)
    slow = [np.clip(signal.resample_poly(clip, WRONG_RATE // RATE, 1), -1, 1) for clip in World(0, pool).clips(rows)]
    return pd.DataFrame(features(slow, RATE), rows["recording"])


def delivery(world: World, number: int = 0, allocation: Mapping[str, int] = ALLOCATION) -> pd.DataFrame:
    """A sound delivery: the manifest of two parts, "learn" and "test", with so many clips of each place; no reader is in both.

    Parameters
    ----------
    number : another number is another delivery of the same world
    allocation : place -> clips in each part; the studio's 80 clips count towards "learn"
    """
    guests, parts = studio(world.pool), []
    for part, role in zip(PARTS, ("train", "test")):
        rng, rows = keyed(world.seed, "delivery", number, part), collect.frame(world, role)
        rows = rows[~rows["speaker"].isin(guests["speaker"])]
        own = guests if part == PARTS[0] else guests.iloc[:0]
        rest = {place: count - int((own["place"] == place).sum()) for place, count in allocation.items()}
        chosen = pd.concat([own, collect.quota(rows, rest, rng)], ignore_index=True)
        parts.append(manifest(world, chosen, part, 1 + 1000 * len(parts)))
    return pd.concat(parts, ignore_index=True)


def heard(world: World, rows: pd.DataFrame) -> np.ndarray:
    """Features, (n, 468), of what a script without a gate reads: the last file of each id, at 8,000 samples a second."""
    collect.need(rows, "id", "recording", "level_db", "sample_rate")
    stored = rows.drop_duplicates("id", keep="last").set_index("id")["recording"]
    found = rows.assign(recording=stored[rows["id"]].to_numpy())
    vectors, wrong = world.features(found), (rows["sample_rate"] != RATE).to_numpy()
    if wrong.any():
        vectors[wrong] = _slowed(world.pool).loc[found["recording"][wrong]].to_numpy()
    return vectors


def plant(world: World, rows: pd.DataFrame, fault: str) -> pd.DataFrame:
    """The delivery with one fault; ValueError with the known ones where there is no such fault."""
    every = FAULTS | HIDDEN
    if fault not in every:
        raise ValueError(f"fault {fault!r} is unknown; known are {', '.join(every)}")
    return every[fault](rows, keyed(world.seed, "fault", fault), world)


def _wrong_rate(rows, rng, world):
    """The second studio records at 16,000 Hz, says so, and nobody reads it."""
    theirs = rows["recording"].isin(studio(world.pool)["recording"])
    return rows.assign(sample_rate=rows["sample_rate"].mask(theirs, WRONG_RATE), seconds=rows["seconds"].mask(theirs, 2 * rows["seconds"]))


def _late(rows):
    """Places of the last third of the part to learn from."""
    learn = np.flatnonzero(rows["part"] == PARTS[0])
    return learn[round((1 - LATE_SHARE) * len(learn)):]


def _shifted(rows, rng, world):
    """One clip was lost on the way: every later label of the part stands one row too high."""
    labels, late = rows["label"].to_numpy(str).copy(), _late(rows)
    labels[late] = np.roll(labels[late], -1)
    return rows.assign(label=labels)


def _repeated(rows, rng, world):
    """Numbering starts again in the second session; its files overwrite those of the first."""
    ids, late = rows["id"].to_numpy(str).copy(), _late(rows)
    ids[late] = ids[np.flatnonzero(rows["part"] == PARTS[0])[:len(late)]]
    return rows.assign(id=ids)


def _twice(rows, rng, world):
    """An app sends clips again when the line breaks: a new id, another gain, filed under the other part."""
    sent = rows[rows["part"] == PARTS[0]]
    again = sent.iloc[np.sort(rng.permutation(len(sent))[:SENT_AGAIN])]
    again = again.assign(part=PARTS[1], id=[f"clip-{9000 + i}" for i in range(len(again))], level_db=again["level_db"] + 3)
    return pd.concat([rows, again], ignore_index=True)


def _unit(rows, rng, world):
    """The car's recorder reports an amplitude from 0 to 1 where decibels were agreed."""
    return rows.assign(level_db=rows["level_db"].mask(rows["device"] == "car", 10 ** (rows["level_db"] / 20)))


def _missing(rows, rng, world):
    """Nobody was found in the new market."""
    return rows[rows["place"] != MARKET].reset_index(drop=True)


def _renamed(rows, rng, world):
    """The studio spells a place in its own way."""
    return rows.assign(place=rows["place"].replace(MARKET, "New market"))


def _withdrawn(rows, rng, world):
    """A reader took back the consent; the clips were sent all the same."""
    return rows.assign(consent=rows["reader"] != rng.choice(np.unique(rows.loc[rows["part"] == PARTS[0], "reader"].to_numpy(str))))


def _skipped(rows, rng, world):
    """The reader skipped a line: prompt and label agree, and the voice says the next name."""
    late, moved = _late(rows), rows.copy()
    for name in ("seconds", "level_db", "fingerprint", "recording"):
        values = rows[name].to_numpy(copy=True)
        values[late] = np.roll(values[late], -1)
        moved[name] = values
    return moved


FAULTS = {"wrong sample rate": _wrong_rate, "labels shifted": _shifted, "ids repeated": _repeated, "clips sent twice": _twice,
          "level in other units": _unit, "a place missing": _missing, "a place renamed": _renamed, "consent withdrawn": _withdrawn}
HIDDEN = {"a line skipped": _skipped}
