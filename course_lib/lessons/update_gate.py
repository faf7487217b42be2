"""Candidates at the gate: one that is sound, one that forgets, one that is too sure."""
from copy import deepcopy
from functools import lru_cache

import numpy as np
import pandas as pd

from course_lib.cycle import gate, scope
from course_lib.cycle.diagnose import interval
from course_lib.cycle.train import single_ms
from course_lib.lessons import update_data as data
from course_lib.lessons.update_actions import measured, retrained
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool
from course_lib.world.world import World

CHAMPION, SOUND, FORGETS, SURE = "launch model", "recordings of the new names", "recent labels only", "recordings, scores sharpened"
CANDIDATES = (SOUND, FORGETS, SURE)
AUDITED = 1_200


@lru_cache(maxsize=8)
def model(world: World, name: str):
    """The recogniser of a candidate, or of the champion."""
    if name == CHAMPION:
        return retrained(world, "launch")[0]
    if name == FORGETS:
        return data.windowed(world, "new names", data.RECENT)
    found = retrained(world, "new names")[0]
    if name == SURE:
        found = deepcopy(found)
        found[-1].coef_ *= 3
        found[-1].intercept_ *= 3
    return found


@lru_cache(maxsize=2)
def audit(world: World) -> pd.DataFrame:
    """Requests with new names, labelled for the gate: drawn at random from users of whom nothing was trained on."""
    rows = measured(world, "new names")
    return rows.iloc[np.sort(keyed(world.seed, "lesson 10", "gate").permutation(len(rows))[:AUDITED])].reset_index(drop=True)


def judged(world: World, found, rows: pd.DataFrame) -> pd.DataFrame:
    """What a recogniser makes of labelled requests, as the gate takes it."""
    rules, chances = scope.charter(), found.predict_proba(world.features(rows))
    shown = scope.decide(chances, found.classes_, rules.threshold)
    outcomes = scope.outcome(rows, shown)
    cents = scope.price(outcomes, rules)
    return pd.DataFrame(dict(id=rows["id"].to_numpy(), speaker=rows["speaker"].to_numpy(), slice=rows["device"].replace(dict(car="car or watch", watch="car or watch")).to_numpy(), cents=cents,
                             confidence=chances.max(axis=1), answered=shown != scope.SORRY, right=outcomes == "right"))


@lru_cache(maxsize=2)
def _old(world):
    rows = world.recordings("test")
    return rows, model(world, CHAMPION).predict(world.features(rows)) == rows["label"].to_numpy(str)


@lru_cache(maxsize=16)
def frames(seed: int, name: str, pool: Pool = Pool()) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.Series]:
    """What the gate needs of a candidate: champion, candidate, old names, milliseconds."""
    world = World(seed, pool)
    candidate, rows = model(world, name), audit(world)
    test, before = _old(world)
    old = pd.DataFrame(dict(id=test["id"], speaker=test["speaker"], before=before, after=candidate.predict(world.features(test)) == test["label"]))
    return judged(world, model(world, CHAMPION), rows), judged(world, candidate, rows), old, single_ms(candidate, world.features(rows.head(60)))


def checks(seed: int, name: str, limits: gate.Limits = gate.Limits(), pool: Pool = Pool()) -> pd.DataFrame:
    """The five checks of a candidate."""
    return gate.check(*frames(seed, name, pool), limits, lambda: keyed(seed, "lesson 10", "gate", name))


def verdicts(seed: int, limits: gate.Limits = gate.Limits(), pool: Pool = Pool()) -> pd.DataFrame:
    """For each candidate: the mean that it saves, and whether it passes each check."""
    rows = {}
    for name in CANDIDATES:
        found = checks(seed, name, limits, pool)
        rows[name] = dict(saves=round(found.loc["overall", "value"])) | found["passed"].astype(bool).to_dict() | dict(promoted=gate.passes(found))
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("candidate")


def by_slice(seed: int, name: str, pool: Pool = Pool()) -> pd.DataFrame:
    """What a candidate saves, in cents for 1,000 requests, on all requests and by device, with intervals over speakers."""
    champion, candidate, _, _ = frames(seed, name, pool)
    saved = champion.assign(saved=1000 * (champion["cents"] - candidate["cents"]))
    parts = {"all requests": saved} | {name: part for name, part in saved.groupby("slice") if len(part) >= 100 and part["speaker"].nunique() > 1}
    rng = keyed(seed, "lesson 10", "slices", name)
    return pd.DataFrame({part: [table["saved"].mean(), *interval(table["saved"], table["speaker"], rng)] for part, table in parts.items()},
                        index=["saves", "low", "high"]).T
