"""The pool of takes: who says what into which device, rendered in canonical batches.

A batch is one speaker in one rendition: every text, in a fixed order, from a fresh copy of
the synthesiser, then every take of it through its own channel. Asking for one clip renders
its batch, so the bytes of a take never depend on what was asked before.
"""
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Sequence

import numpy as np
import pandas as pd

from course_lib.world import channel, speech
from course_lib.world.draws import keyed
from course_lib.world.tables import DATA, GATED_DEVICE, MARKET, NATIVE, settings, table

CONDITIONS = ("usual", "noisy", "gated")
KINDS = ("full", "first", "cut")
_FIRST_RANKS, _CUT_RANKS, _HELD_BATCHES = 24, 14, 6


@dataclass(frozen=True)
class Speaker:
    """A reading style of the pool: thirteen timbres, warped and paced, are not people."""
    index: int
    group: str
    voice: speech.Voice
    warp: float


def first_name(name: str) -> str:
    """What people say who leave out the second half: the first word, an article kept with its noun."""
    words = name.split()
    return " ".join(words[:2] if words[0] in ("The", "A") else words[:1])


def said_texts(folder: Path = DATA) -> list[str]:
    """Ids of all names that can be said, in a fixed order: own cards, then names outside the catalogue."""
    cards = table("cards", folder)
    return list(cards.index[cards["spoken_as"] == ""]) + list(table("others", folder).index)


@dataclass(frozen=True)
class Pool:
    """All takes of one set of speakers; `name` seeds it, so two names share no speaker and no channel.

    `takes` is a table indexed by an opaque take number, with columns speaker, group,
    rendition, device, room, said, kind and condition.
    """
    name: str = "a"
    folder: Path = DATA

    @cached_property
    def speakers(self) -> tuple[Speaker, ...]:
        sizes = settings("world", self.folder)["pool"]
        native, market = sizes["native_speakers"], sizes["market_speakers"]
        return tuple(self._speaker(i, i >= native) for i in range(native + market))

    def _speaker(self, index, market):
        rng, voices = keyed(self.name, "speaker", index), table("voices", self.folder)
        limits = settings("world", self.folder)["pool"]
        if market:
            group = MARKET[index % len(MARKET)]
        else:
            group = str(rng.choice(voices.index, p=voices["share"]))
        variants = voices["variants"][group]
        voice = speech.Voice(voices["language"][group], variants[int(rng.integers(len(variants)))],
                             *(int(rng.integers(low, high + 1)) for low, high in
                               (limits["rate"], limits["pitch"], limits["range"])))
        return Speaker(index, group, voice, 1 + limits["warp"] * float(rng.uniform(-1, 1)))

    @cached_property
    def takes(self) -> pd.DataFrame:
        return _takes(self)

    def device(self, speaker: int, rendition: int) -> str:
        """The one device into which a speaker's rendition is recorded."""
        devices = table("devices", self.folder)
        return str(keyed(self.name, "device", speaker, rendition).choice(devices.index, p=devices["share"]))

    def _batch_takes(self, who, rendition):
        cards, others = table("cards", self.folder), table("others", self.folder)
        own = cards[cards["spoken_as"] == ""]
        early, launch = own[own["wave"] <= 1], own[own["wave"] == 0]
        device, native = self.device(who.index, rendition), who.group in NATIVE
        wanted = [(c, "full", "usual") for c in own.index]
        wanted += [(c, "first", "usual") for c in launch.index[launch["rank"] <= _FIRST_RANKS]]
        wanted += [(c, "cut", "usual") for c in launch.index[launch["rank"] <= _CUT_RANKS]]
        wanted += [(o, "full", "usual") for o in others.index[rendition % 2::2]]
        wanted += [(c, "full", "noisy") for c in early.index if native]
        wanted += [(c, "full", "gated") for c in early.index if native and device == GATED_DEVICE]
        rooms = self._rooms(who.index, rendition, [condition for *_, condition in wanted])
        return [(who.index, who.group, rendition, device, room, *want) for room, want in zip(rooms, wanted)]

    def _rooms(self, speaker, rendition, conditions):
        rooms = table("rooms", self.folder)
        rng = keyed(self.name, "rooms", speaker, rendition)
        usual = rng.choice(rooms.index, size=len(conditions), p=rooms["share"])
        loud = rng.choice(rooms.index[rooms["share"] == 0], size=len(conditions))
        return [b if condition == "noisy" else a for a, b, condition in zip(usual, loud, conditions)]

    def render(self, speaker: int, rendition: int) -> dict[int, np.ndarray]:
        """All clips of one canonical batch by take number: float32 arrays at 8,000 Hz."""
        dry, rate = self._speak(speaker, rendition)
        warp, device = self.speakers[speaker].warp, _rows("devices", self.folder)[self.device(speaker, rendition)]

        @cache
        def voice(said, short, keep=1.0):
            whole = dry[said, short]
            return channel.spoken_into(whole[:int(len(whole) * keep)], rate, warp, device)

        takes = self.takes[(self.takes["speaker"] == speaker) & (self.takes["rendition"] == rendition)]
        return {int(number): self._record(take, voice, device) for number, take in zip(takes.index, takes.itertuples())}

    def _speak(self, speaker, rendition):
        names = pd.concat([table("cards", self.folder)["name"], table("others", self.folder)["name"]]).to_dict()
        voice, rng = self.speakers[speaker].voice, keyed(self.name, "pace", speaker, rendition)
        keys, batch = [], []
        for said in said_texts(self.folder):
            for short in (False, True):
                rate, pitch = voice.rate + int(rng.integers(-12, 13)), voice.pitch + int(rng.integers(-5, 6))
                text = first_name(names[said]) if short else names[said]
                keys.append((said, short))
                batch.append((text, speech.Voice(voice.language, voice.variant, rate, pitch, voice.range)))
        clips, sample_rate = speech.render(batch, seed=1 + speaker * 16 + rendition)
        return dict(zip(keys, clips)), sample_rate

    def _record(self, take, voice, device):
        rng = keyed(self.name, "channel", take.speaker, take.rendition, take.said, take.kind, take.condition)
        keep = rng.uniform(.4, .6) if take.kind == "cut" else 1.0
        room = _rows("rooms", self.folder)[take.room]
        clip = channel.receive(*voice(take.said, take.kind == "first", keep), device, room, rng)
        return channel.noise_gate(clip) if take.condition == "gated" else clip

    def clips(self, numbers: Sequence[int]) -> list[np.ndarray]:
        """Clips by take number; renders (and holds for a while) the batches they belong to."""
        where = self.takes.loc[list(numbers), ["speaker", "rendition"]].reset_index(drop=True)
        out: list = [None] * len(where)
        for (speaker, rendition), places in where.groupby(["speaker", "rendition"]).indices.items():
            batch = _held_batch(self, int(speaker), int(rendition))
            for place in places:
                out[place] = batch[int(numbers[place])]
        return out

    def __hash__(self):
        return hash((self.name, self.folder))


@lru_cache
def _rows(name, folder):
    return table(name, folder).to_dict("index")


_held: OrderedDict = OrderedDict()


def _held_batch(pool, speaker, rendition):
    key = (pool, speaker, rendition)
    batch = _held.pop(key, None)
    _held[key] = pool.render(speaker, rendition) if batch is None else batch
    while len(_held) > _HELD_BATCHES:
        _held.popitem(last=False)
    return _held[key]


def let_go() -> None:
    """Forget the batches that are held; whoever asks for their clips again gets the same bytes, rendered anew."""
    _held.clear()


@lru_cache(maxsize=4)
def _takes(pool):
    """All takes of a pool; pools that are equal share one table."""
    renditions = settings("world", pool.folder)["pool"]["renditions"]
    rows = [row for s in pool.speakers for r in range(renditions) for row in pool._batch_takes(s, r)]
    columns = ["speaker", "group", "rendition", "device", "room", "said", "kind", "condition"]
    numbers = keyed(pool.name, "take numbers").permutation(len(rows))
    return pd.DataFrame(rows, columns=columns, index=pd.Index(numbers, name="recording"))
