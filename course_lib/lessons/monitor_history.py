"""Months of lesson 08's log: usual weeks, the same days under each cause, and what they cost."""
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Callable, Sequence

import numpy as np
import pandas as pd

from course_lib.cycle import drift, monitor, scope
from course_lib.cycle.calibrate import launch_model
from course_lib.kept import kept
from course_lib.world.pool import Pool
from course_lib.world.world import World

REFERENCE, USUAL, CHANGED = 28, 140, 161               # four weeks to compare with, sixteen to calibrate on, three changed ones
CAUSES = {"louder microphones": ("louder_microphones", 6), "holiday season": ("season", 1.6), "renamed figures": ("renamed_figure", 3),
          "new names": ("new_names", .3), "some new names": ("new_names", .1),
          "new market": ("new_market", .35), "noisier use": ("noisier", .6), "firmware fault": ("firmware_fault", .9),
          "first names only": ("first_name_only", .35)}
HARMLESS = ("no change", "louder microphones", "holiday season")


@dataclass(frozen=True)
class Months:
    """A stretch of requests: its log for the team, the rows with the truth for checks."""
    world: World
    rows: pd.DataFrame
    log: pd.DataFrame
    vectors: np.ndarray                                 # along 16 directions of the training clips

    def part(self, a: int, b: int) -> "Months":
        """Days a to b, b not included."""
        keep = ((self.rows["day"] >= a) & (self.rows["day"] < b)).to_numpy()
        return Months(self.world, self.rows[keep].reset_index(drop=True), self.log[keep].reset_index(drop=True), self.vectors[keep])

    def outcomes(self) -> np.ndarray:
        """What each answer was for its user; a failed request counts as a "sorry"."""
        return self._outcomes

    @cached_property
    def _outcomes(self):
        return scope.outcome(self.rows, self.log["decision"].fillna(scope.SORRY))

    def wrong(self) -> np.ndarray:
        """Whether each request got a wrong card."""
        return self.outcomes() == "wrong card"


@kept(maxsize=4)
def known(world: World) -> drift.Known:
    """The training clips of the launch model."""
    return drift.Known(world.features(world.recordings("train")))


@kept(maxsize=12)
def _requests(world, name):
    if name == "usual":
        return world.days(0, USUAL)
    if name == "no change":
        return world.days(USUAL, CHANGED)
    if name not in CAUSES:
        raise ValueError(f"{name!r} is no cause; known are no change, {', '.join(CAUSES)}")
    event, strength = CAUSES[name]
    return world.days(USUAL, CHANGED, {event: dict(day=USUAL, strength=strength)})


@lru_cache(maxsize=8)
def _held(world, recognise):
    return {}


def takes(world: World, rows: pd.DataFrame, recognise: Callable) -> pd.DataFrame:
    """What `recognise(world, rows)` finds in the takes of some requests, by recording; each take is recognised once."""
    held = _held(world, recognise)
    new = rows.drop_duplicates("recording")
    new = new[~new["recording"].isin(held["takes"].index)] if held else new
    if len(new):
        held["takes"] = pd.concat([*held.values(), recognise(world, new)])
    return held["takes"]


def logged(world: World, rows: pd.DataFrame, recognise: Callable, more: Sequence = ()) -> pd.DataFrame:
    """The log of some requests, with `more` columns of what was found in their takes."""
    found = takes(world, rows, recognise)
    log = monitor.simulated_log(world, rows, found)
    return pd.concat([log, found.loc[rows["recording"], list(more)].reset_index(drop=True)], axis=1)


def answered(world: World, rows: pd.DataFrame) -> pd.DataFrame:
    """Answers of the launch model to some takes, and their distances to its training clips."""
    return monitor.heard(world, launch_model(world), rows, scope.charter().threshold, known(world))


def _directed(world, rows):
    return pd.DataFrame(known(world).directions(world.features(rows)), index=rows["recording"])


@lru_cache(maxsize=4)
def _every(world):
    """Every take that the months of any cause hold."""
    return pd.concat([_requests(world, name) for name in ("usual", "no change", *CAUSES)]).drop_duplicates("recording")[["recording", "level_db"]]


@kept(maxsize=24)
def months(seed: int, name: str = "usual", pool: Pool = Pool()) -> Months:
    """The usual months (days 0 to 139), or three weeks from day 140 with "no change" or under a cause of `CAUSES`."""
    world = World(seed, pool)
    rows = _requests(world, name).reset_index(drop=True)
    directions = takes(world, _every(world), _directed)
    takes(world, _every(world), answered)               # all at once
    return Months(world, rows, logged(world, rows, answered), directions.loc[rows["recording"]].to_numpy())


@kept(maxsize=2)
def reference(seed: int, pool: Pool = Pool()) -> Months:
    """The four weeks to compare with."""
    return months(seed, pool=pool).part(0, REFERENCE)


@kept(maxsize=24, copy=True)
def signals(seed: int, name: str = "usual", pool: Pool = Pool()) -> pd.DataFrame:
    """What a dashboard shows of some months, a row a day."""
    return monitor.signals(months(seed, name, pool).log)


def history(seed: int) -> pd.DataFrame:
    """The log of the usual months, as the team has it."""
    return months(seed).log.copy()


def after(seed: int, cause: str) -> pd.DataFrame:
    """The log of three weeks from day 140 under a cause."""
    return months(seed, cause).log.copy()


def directions(seed: int, name: str, a: int, b: int) -> pd.DataFrame:
    """16 numbers a request in which the features differ most, of days a to b of some months; the index is the recording."""
    part = months(seed, name).part(a, b)
    return pd.DataFrame(part.vectors, index=part.rows["recording"].to_numpy())


@kept(maxsize=64)
def harm_per_day(seed: int, name: str, scale: float, pool: Pool = Pool()) -> float:
    """Extra cents a day that a cause costs users against the same days without it; `scale` requests stand behind a logged one."""
    rules = scope.charter()
    cost = [scope.cost(months(seed, which, pool).outcomes(), rules) for which in (name, "no change")]
    days = months(seed, "no change", pool)
    return float((cost[0] - cost[1]) * len(days.rows) / (CHANGED - USUAL) * scale / 1000)
