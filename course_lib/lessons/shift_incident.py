"""Incidents of lesson 09: usual months, then four weeks in which one cause begins on some day, at some strength."""
from dataclasses import dataclass
from functools import lru_cache, wraps

import numpy as np
import pandas as pd

from course_lib.cycle import drift, incident, monitor, scope, shift
from course_lib.cycle.calibrate import launch_model
from course_lib.cycle.train import recognizer
from course_lib.world.draws import keyed
from course_lib.world.pool import CONDITIONS, KINDS, Pool
from course_lib.world.tables import table
from course_lib.world.world import World

USUAL, END = 140, 168                                   # twenty usual weeks, then four weeks in doubt
FIRST, LAST = 147, 156                                  # the first and the last day on which a cause can begin
MOST_KEPT = 300
LEAN = ["id", "day", "user", "device", "recording", "level_db", "speaker", "card", "said", "kind", "cause"]
NUMBERS = range(1, 9)                                   # incidents that wait on the desk


@dataclass(frozen=True, eq=False)
class Incident:
    """Four weeks of requests: the log for the team; cause, day, strength and rows are for checks and reveals."""
    world: World
    cause: str
    day: int
    strength: float
    rows: pd.DataFrame
    log: pd.DataFrame

    @property
    def key(self) -> tuple:
        """What makes this incident: seed, pool, cause, day, strength."""
        return self.world.seed, self.world.pool, self.cause, self.day, self.strength

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


def kept(function):
    """Keep what a function of an incident found by the incident's key, so that the incident itself, some megabytes, may go."""
    found = {}

    @wraps(function)
    def run(incident_, *args, **options):
        key = (incident_.key, args, tuple(sorted(options.items())))
        if key not in found:
            if len(found) >= MOST_KEPT:
                found.clear()
            found[key] = function(incident_, *args, **options)
        return found[key]
    return run


@lru_cache(maxsize=4)
def base(seed: int, pool: Pool = Pool()) -> World:
    """One world for each seed, so that its model and its takes are made once."""
    return World(seed, pool)


@lru_cache(maxsize=4)
def models(world: World):
    """The launch model, the one before it (half as many readers), and the training clips."""
    rows = world.recordings("train")
    half = rows[rows["speaker"].isin(sorted(rows["speaker"].unique())[::2])]
    previous = recognizer().fit(world.features(half), half["label"].to_numpy(str))
    return launch_model(world), previous, drift.Known(world.features(rows))


def _recognised(world, rows):
    """Answers of both models to every take among some requests, by recording."""
    rows = rows.drop_duplicates("recording")
    champion, previous, known = models(world)
    vectors = world.features(rows)
    shares, back = champion.predict_proba(vectors), previous.predict_proba(vectors)
    order = np.argsort(-shares, axis=1, kind="stable")[:, :2]
    names = champion.classes_.astype(str)
    return pd.DataFrame(dict(shown=scope.decide(shares, champion.classes_, scope.charter().threshold), best=names[order[:, 0]], second=names[order[:, 1]],
                             confidence=shares.max(axis=1), distance=known.distance(vectors), best_back=previous.classes_.astype(str)[back.argmax(axis=1)],
                             confidence_back=back.max(axis=1)), index=rows["recording"].to_numpy())


@lru_cache(maxsize=4)
def _held(world):
    return {}


def takes(world: World, rows: pd.DataFrame) -> pd.DataFrame:
    """Answers by recording for some requests; each take is recognised once."""
    held = _held(world)
    table_ = held.get("takes")
    new = rows if table_ is None else rows[~rows["recording"].isin(table_.index)]
    if len(new):
        found = _recognised(world, new)
        held["takes"] = found if table_ is None else pd.concat([table_, found])
    return held["takes"]


@lru_cache(maxsize=4)
def usual(seed: int, pool: Pool = Pool()) -> Incident:
    """The twenty usual weeks."""
    return _stretch(base(seed, pool), 0, USUAL, shift.NOTHING, USUAL, 0.0)


@lru_cache(maxsize=4)
def normal(seed: int, pool: Pool = Pool()) -> shift.Normal:
    """What is usual in the log of twenty weeks."""
    return shift.normal(usual(seed, pool).log)


@lru_cache(maxsize=6)
def changed(seed: int, cause: str, strength: float = 0.0, day: int = FIRST, pool: Pool = Pool()) -> Incident:
    """Four weeks in which a cause begins on a day at a strength; "nothing" is a cause, too."""
    if cause not in (*shift.CAUSES, shift.NOTHING):
        raise ValueError(f"{cause!r} is no cause; known are {', '.join((*shift.CAUSES, shift.NOTHING))}")
    if not USUAL <= day < END:
        raise ValueError(f"day {day} arrived; an incident begins from day {USUAL} to {END - 1}")
    return _stretch(base(seed, pool), USUAL, END, cause, day, strength)


def _stretch(world, a, b, cause, day, strength):
    events = None if cause == shift.NOTHING else {cause: dict(day=day, strength=strength)}
    rows = world.days(a, b, events).reset_index(drop=True)
    heard = takes(world, rows)
    log = monitor.simulated_log(world, rows, heard)
    more = heard.loc[rows["recording"], ["second", "best_back", "confidence_back"]].reset_index(drop=True)
    return Incident(world, cause, day, strength, rows[LEAN], pd.concat([log, more], axis=1))


def strengths(cause: str, pool: Pool = Pool()) -> tuple[float, float]:
    """Floor and planned strength of a cause, from data/events.csv."""
    row = table("events", pool.folder).loc[cause]
    return float(row["floor"]), float(row["strength"])


@lru_cache(maxsize=2)
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
