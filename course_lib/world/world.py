"""The living world: days of requests to a voice look-up product, with causes that can be switched on.

Every draw is keyed by (seed, day, purpose), so the same seed meets the same users, names and
takes whatever the team does, and a cause changes only the requests that it touches.
"""
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd

from course_lib.world import channel, recorded
from course_lib.world.draws import keyed
from course_lib.world.events import schedule
from course_lib.world.pool import CONDITIONS, Pool
from course_lib.world.tables import MARKET, settings, table
from course_lib.world.traffic import Traffic, day_of_requests

OBSERVED = ["id", "day", "time", "user", "device", "recording", "seconds", "level_db"]
KNOWN = ["speaker", "group", "room"]
TRUTH = ["card", "said", "kind", "cause"]
FIRST_DAY = pd.Timestamp("2029-01-01")               # a Monday
ROLES = ("train", "test", "production")


@dataclass(frozen=True)
class World:
    """One simulated world.

    Parameters
    ----------
    seed : which speakers fill which role, how popular each name is, who asks what and when
    pool : the takes it draws from; pool "a" is the recorded bank that ships with the course
    """
    seed: int = 0
    pool: Pool = Pool()

    def __post_init__(self):
        if isinstance(self.seed, bool) or not isinstance(self.seed, (int, np.integer)) or self.seed < 0:
            raise ValueError(f"seed is {self.seed!r}; a whole number from 0 up is expected")

    @property
    def sample_rate(self) -> int:
        """Samples per second of every clip (Hz)."""
        return channel.RATE

    @property
    def _settings(self):
        return settings("world", self.pool.folder)

    @cached_property
    def cards(self) -> pd.DataFrame:
        """All cards, launch and later: name, kind, wave (0 is the launch catalogue)."""
        return table("cards", self.pool.folder)[["name", "kind", "wave"]]

    def catalogue(self, wave: int = 0) -> list[str]:
        """Ids of the cards that exist up to a wave; 0 is the catalogue at launch."""
        return list(self.cards.index[self.cards["wave"] <= wave])

    @cached_property
    def speakers(self) -> dict[str, list[int]]:
        """Native speakers by role: train, test, production; disjoint."""
        sizes, native = self._settings["roles"], self._settings["pool"]["native_speakers"]
        order = keyed(self.seed, "roles").permutation(native).tolist()
        a, b = sizes["train"], sizes["train"] + sizes["test"]
        return dict(train=sorted(order[:a]), test=sorted(order[a:b]), production=sorted(order[b:]))

    @cached_property
    def market_speakers(self) -> dict[str, list[int]]:
        """New-market readers by role, a third of each language to each; disjoint."""
        sizes = self._settings["pool"]
        everyone = range(sizes["native_speakers"], sizes["native_speakers"] + sizes["market_speakers"])
        place = {s: i // len(MARKET) for i, s in enumerate(everyone)}
        shift = int(keyed(self.seed, "market roles").integers(3))
        return {role: [s for s in everyone if (place[s] + shift) % 3 == k] for k, role in enumerate(ROLES)}

    def recordings(self, role: str = "train", market: bool = False, wave: int = 0, condition: str = "usual") -> pd.DataFrame:
        """Clips that the team can record with consent: every card of the catalogue, read from a prompt.

        Parameters
        ----------
        role : "train" or "test"; their speakers are disjoint from each other and from production
        market : readers of the new market instead of native ones
        wave : the catalogue up to which wave of new cards
        condition : "usual", or "noisy" for crowds and motorways (native readers, waves 0 and 1)

        Returns
        -------
        DataFrame of utterances with the known columns and `label`, the card that was prompted
        """
        if role not in ("train", "test"):
            raise ValueError(f"role {role!r} arrived; 'train' or 'test' is expected (production users are not recorded)")
        if condition not in CONDITIONS:
            raise ValueError(f"condition {condition!r} is unknown; known are {', '.join(CONDITIONS)}")
        people = (self.market_speakers if market else self.speakers)[role]
        takes = _prompted(self.pool, condition)
        chosen = takes[takes["speaker"].isin(people) & takes["said"].isin(self.catalogue(wave))]
        rows = self._rows(chosen.index.to_numpy(), chosen["said"].to_numpy(str), day=-7)
        rows["id"] = [f"{role}-{clip:05d}" for clip in rows["recording"]]
        rows["user"] = [f"reader-{s:02d}" for s in rows["speaker"]]
        return rows.assign(label=rows["card"])

    def days(self, a: int, b: int, events=None) -> pd.DataFrame:
        """Requests of days a to b (b not included), in order of time.

        Parameters
        ----------
        a, b : whole days after launch
        events : causes that are switched on, in any form that `events.schedule` takes

        Returns
        -------
        DataFrame with the observed, known and truth columns; show a team only `observe(rows)`
        """
        if not 0 <= a <= b:
            raise ValueError(f"days {a} to {b} arrived; 0 <= a <= b is expected, in days after launch")
        plan = schedule(events, self.pool.folder)
        parts = [day_of_requests(self._traffic, int(d), plan) for d in range(a, max(b, a + 1))]
        columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        rows = self._rows(columns["recording"], columns["card"], columns["day"])
        rows["level_db"] = rows["level_db"] + columns["gain_db"].astype(np.float32)
        rows["time"] = FIRST_DAY + pd.to_timedelta(columns["day"] * 86_400 + columns["seconds_of_day"], unit="s")
        for name in ("id", "user", "cause"):
            rows[name] = columns[name]
        return rows if a < b else rows.iloc[:0]

    def observe(self, rows: pd.DataFrame) -> pd.DataFrame:
        """What production sees of its requests."""
        return rows[OBSERVED].copy()

    def known(self, rows: pd.DataFrame) -> pd.DataFrame:
        """What the team knows of clips collected with consent: observed columns, speaker, group, room, label."""
        return rows[OBSERVED + KNOWN + [c for c in ("label",) if c in rows]].copy()

    def truth(self, rows: pd.DataFrame) -> pd.DataFrame:
        """What was meant and why it came: for checks, reveals and simulation only."""
        return rows[["id"] + TRUTH].copy()

    def features(self, rows: pd.DataFrame) -> np.ndarray:
        """Feature vectors of rows, from the recorded bank: float32 (n, 468)."""
        return recorded.bank(self.pool).features[self._numbers(rows)]

    def clips(self, rows: pd.DataFrame) -> list[np.ndarray]:
        """Audio of rows: float32 arrays at `sample_rate`; renders the batches they belong to."""
        numbers = self._numbers(rows)
        gains = rows["level_db"].to_numpy() - recorded.bank(self.pool).level_db[numbers]
        return [channel.louder(clip, gain) if abs(gain) > .05 else clip
                for clip, gain in zip(recorded.clips(self.pool, numbers), gains)]

    def audible(self, everything: bool = False) -> pd.DataFrame:
        """Rows of the catalogue's clips whose audio ships with the course: they can be heard anywhere.

        Whole names of its cards; `everything` adds first names, names that are cut off, and figures without a card (card "").
        """
        takes = self.pool.takes.loc[sorted(recorded.bank(self.pool).audio)]
        own, later = takes["said"].isin(self.catalogue()), takes["said"].isin(self.cards.index)
        takes = takes[~later | own] if everything else takes[own & (takes["kind"] == "full")]
        return self._rows(takes.index.to_numpy(), np.where(takes["said"].isin(self.catalogue()), takes["said"].to_numpy(str), ""), day=-7)

    @cached_property
    def _traffic(self):
        return _traffic_of(self)

    def _numbers(self, rows):
        missing = {"recording", "level_db"} - set(rows.columns)
        if missing:
            raise ValueError(f"the rows have no column {', '.join(sorted(missing))}; pass rows of this world, with their columns")
        numbers = rows["recording"].to_numpy()
        if len(numbers) and not (0 <= numbers.min() and numbers.max() < len(self.pool.takes)):
            raise ValueError(f"recording numbers from 0 to {len(self.pool.takes) - 1} are expected; {numbers.min()} to {numbers.max()} arrived")
        return numbers

    def _rows(self, clips, cards, day):
        takes, bank = self.pool.takes.loc[clips], recorded.bank(self.pool)
        return pd.DataFrame(dict(
            id="", day=day, time=FIRST_DAY + pd.to_timedelta(day, unit="D"), user="", device=takes["device"].array,
            recording=clips, seconds=bank.seconds[clips], level_db=bank.level_db[clips],
            speaker=takes["speaker"].to_numpy(), group=takes["group"].array, room=takes["room"].array,
            card=cards, said=takes["said"].array, kind=takes["kind"].array, cause=""))


@lru_cache(maxsize=6)
def _prompted(pool, condition):
    """The takes in which a whole name is read in one condition."""
    takes = pool.takes
    return takes[(takes["kind"] == "full") & (takes["condition"] == condition)]


@lru_cache(maxsize=8)
def _traffic_of(world):
    """The traffic of a world: worlds that are equal share one."""
    return Traffic(world.seed, world.pool, tuple(world.speakers["production"]), tuple(world.market_speakers["production"]))
