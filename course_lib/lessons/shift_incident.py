"""Incidents of lesson 09: usual months, then four weeks in which one cause begins on some day, at some strength."""
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from pandas.api.extensions import take

from course_lib.cycle import drift, incident, monitor, scope, shift
from course_lib.cycle.calibrate import launch_model
from course_lib.cycle.train import recognizer
from course_lib.lessons import monitor_history as history
from course_lib.world.draws import keyed
from course_lib.world.pool import CONDITIONS, KINDS, Pool
from course_lib.world.tables import table
from course_lib.world.world import World

USUAL, END = 140, 168                                   # twenty usual weeks, then four weeks in doubt
FIRST, LAST = 147, 156                                  # the first and the last day on which a cause can begin
LEAN = ["id", "day", "user", "device", "recording", "level_db", "speaker", "card", "said", "kind", "cause"]
NUMBERS = range(1, 9)                                   # incidents that wait on the desk


@dataclass(frozen=True, eq=False)
class Stretch:
    """Some days of requests: the log for the team; the rows, with the truth, are for checks and reveals."""
    rows: pd.DataFrame
    log: pd.DataFrame


@dataclass(frozen=True)
class Incident:
    """Four weeks in which a cause begins on a day at a strength; "nothing" is a cause, too.

    It is small and can be a key: its requests are made when they are asked for, and the latest few are kept.
    """
    seed: int
    cause: str
    strength: float
    day: int
    pool: Pool = Pool()

    @property
    def world(self) -> World:
        """The world in which it happens."""
        return base(self.seed, self.pool)

    @property
    def log(self) -> pd.DataFrame:
        """What the team has of its requests."""
        return _weeks(self).log

    @property
    def rows(self) -> pd.DataFrame:
        """Its requests with the truth."""
        return _weeks(self).rows

    def listener(self, budget: int = shift.BUDGET) -> incident.Listener:
        """A fresh budget of listens to this log."""
        return incident.Listener(self.log, self.hear, budget)

    def hear(self, places) -> pd.DataFrame:
        """What a person would hear in the requests at some places of the log."""
        rows, cards = self.rows.iloc[list(places)], set(self.world.catalogue())
        take = self.world.pool.takes.loc[rows["recording"]]
        inside = rows["said"].isin(cards).to_numpy()
        words = np.select([(rows["kind"] == KINDS[1]).to_numpy(), (rows["kind"] == KINDS[2]).to_numpy(), inside], [shift.WORDS[2], shift.WORDS[3], shift.WORDS[0]], shift.WORDS[1])
        sound = np.select([rows["speaker"].isin(self.world.market_speakers["production"]).to_numpy(), (take["condition"] == CONDITIONS[1]).to_numpy(),
                           (take["condition"] == CONDITIONS[2]).to_numpy()], [shift.SOUNDS[3], shift.SOUNDS[1], shift.SOUNDS[2]], shift.SOUNDS[0])
        return pd.DataFrame(dict(words=words, sound=sound, named=np.where(inside, rows["said"], ""), card_now=rows["card"].to_numpy(str)))


@lru_cache(maxsize=4)
def base(seed: int, pool: Pool = Pool()) -> World:
    """One world for each seed, so that its model and its takes are made once."""
    return World(seed, pool)


@lru_cache(maxsize=4)
def models(world: World):
    """The launch model, and the one before it (half as many readers)."""
    rows = world.recordings("train")
    half = rows[rows["speaker"].isin(sorted(rows["speaker"].unique())[::2])]
    return launch_model(world), recognizer().fit(world.features(half), half["label"].to_numpy(str))


def _answered(world, rows):
    """Answers of both models to some takes, by recording; of the launch model also its second card."""
    champion, previous = models(world)
    back = previous.predict_proba(world.features(rows))
    given = monitor.heard(world, champion, rows, scope.charter().threshold, history.known(world), second=True)
    return given.assign(best_back=previous.classes_.astype(str)[back.argmax(axis=1)], confidence_back=back.max(axis=1))


def _stretch(world, a, b, events=None):
    rows = world.days(a, b, events).reset_index(drop=True)
    log = history.logged(world, rows, _answered, ("second", "best_back", "confidence_back"))
    return Stretch(_texts_once(rows[LEAN]), _texts_once(log))


def _texts_once(table_):
    """The same table, in which rows with the same text share it; saves megabytes."""
    texts = [name for name in table_ if name not in ("id", "request_id") and isinstance(table_[name].dtype, pd.StringDtype)]
    return table_.assign(**{name: take(once.array, places, allow_fill=True) for name in texts for places, once in [pd.factorize(table_[name])]})


@lru_cache(maxsize=6)
def _weeks(incident_):
    events = None if incident_.cause == shift.NOTHING else {incident_.cause: dict(day=incident_.day, strength=incident_.strength)}
    return _stretch(incident_.world, USUAL, END, events)


@lru_cache(maxsize=4)
def usual(seed: int, pool: Pool = Pool()) -> Stretch:
    """The twenty usual weeks."""
    return _stretch(base(seed, pool), 0, USUAL)


@lru_cache(maxsize=4)
def normal(seed: int, pool: Pool = Pool()) -> shift.Normal:
    """What is usual in the log of twenty weeks."""
    return shift.normal(usual(seed, pool).log)


def changed(seed: int, cause: str, strength: float = 0.0, day: int = FIRST, pool: Pool = Pool()) -> Incident:
    """An incident; ValueError where there is no such cause or day."""
    if cause not in (*shift.CAUSES, shift.NOTHING):
        raise ValueError(f"{cause!r} is no cause; known are {', '.join((*shift.CAUSES, shift.NOTHING))}")
    if not USUAL <= day < END:
        raise ValueError(f"day {day} arrived; an incident begins from day {USUAL} to {END - 1}")
    return Incident(seed, cause, float(strength), day, pool)


def strengths(cause: str, pool: Pool = Pool()) -> tuple[float, float]:
    """Floor and planned strength of a cause, from data/events.csv."""
    row = table("events", pool.folder).loc[cause]
    return float(row["floor"]), float(row["strength"])


def incident_of(seed: int, number: int, pool: Pool = Pool()) -> Incident:
    """Incident `number` of a seed: its cause, first day and strength are drawn by key.

    The numbers of a seed are eight of the nine causes and "nothing", in an order of their own.
    """
    if number not in NUMBERS:
        raise ValueError(f"incident {number!r} arrived; numbers {NUMBERS[0]} to {NUMBERS[-1]} are on the desk")
    order = keyed(seed, "lesson 09", "causes").permutation([*shift.CAUSES, shift.NOTHING])
    cause, draws = str(order[number - 1]), keyed(seed, "lesson 09", "incident", number)
    day = int(draws.integers(FIRST, LAST + 1))
    if cause == shift.NOTHING:
        return changed(seed, cause, 0.0, day, pool)
    low, high = strengths(cause, pool)
    strength = low + (high - low) * float(draws.random())
    return changed(seed, cause, float(round(strength)) if cause in ("renamed_figure", "popularity_reversed") else round(strength, 2), day, pool)
