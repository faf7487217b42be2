"""Candidates at the gate: one that is sound, one that forgets, one that is too sure."""
from copy import deepcopy
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from course_lib.cycle import gate, monitor, scope
from course_lib.cycle.bundle import Bundle, load
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


def named(world: World, name: str) -> Bundle:
    """A candidate of this lesson, or the champion, as it would be served."""
    found = model(world, name)
    return Bundle(found, scope.charter().threshold, {label: label for label in found.classes_}, world.cards["name"].to_dict(), version=name)


def devices(rows: pd.DataFrame) -> pd.Series:
    """The slices that the gate watches: all devices, cars and watches as one.

    One that is too small to judge goes with the next smallest. That is decided by how many asked, before any candidate is measured.
    """
    found = rows["device"].replace(dict(car="car or watch", watch="car or watch"))
    while True:
        size = gate.sizes(pd.DataFrame(dict(slice=found, speaker=rows["speaker"]))).sort_values("requests", kind="stable")
        if size["judged"].all() or len(size) == 1:
            return found
        small = size.index[~size["judged"]][0]
        pair = [small, size.index.drop(small)[0]]
        found = found.replace(pair, " or ".join(sorted(" or ".join(pair).split(" or "))))


def judged(world: World, found: Bundle, rows: pd.DataFrame) -> pd.DataFrame:
    """What a bundle's answers to labelled requests are worth, as the gate takes it."""
    rules, chances = scope.charter(), monitor.chances(world, found.model, rows)
    shown = [found.cards.get(card, card) for card in scope.decide(chances, found.model.classes_, found.threshold)]
    outcomes = scope.outcome(rows, shown)
    return pd.DataFrame(dict(id=rows["id"].to_numpy(), speaker=rows["speaker"].to_numpy(), slice=devices(rows).to_numpy(), cents=scope.price(outcomes, rules),
                             confidence=chances.max(axis=1), answered=np.array(shown) != scope.SORRY, right=outcomes == "right"))


def known(found: Bundle, world: World) -> np.ndarray:
    """Whether each name of the old catalogue, read by test readers, gets its card; without a threshold."""
    rows = world.recordings("test")
    return np.array([found.cards.get(card, card) for card in found.model.predict(world.features(rows))]) == rows["label"].to_numpy(str)


def old_names(world: World, candidate: Bundle, champion: Bundle) -> pd.DataFrame:
    """Names of the old catalogue read by test readers, and whether each of two bundles knows them."""
    test = world.recordings("test")
    return pd.DataFrame(dict(id=test["id"], speaker=test["speaker"], before=known(champion, world), after=known(candidate, world)))


def compared(world: World, candidate: Bundle, champion: Bundle) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.Series]:
    """What the gate needs: the champion's answers, the candidate's, old names before and after, milliseconds of the candidate."""
    rows = audit(world)
    return judged(world, champion, rows), judged(world, candidate, rows), old_names(world, candidate, champion), single_ms(candidate.model, world.features(rows.head(60)))


@lru_cache(maxsize=8)
def frames(seed: int, name: str, pool: Pool = Pool()) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.Series]:
    """What the gate needs of a candidate of this lesson."""
    world = World(seed, pool)
    return compared(world, named(world, name), named(world, CHAMPION))


def checks(seed: int, name: str, limits: gate.Limits = gate.Limits(), pool: Pool = Pool()) -> pd.DataFrame:
    """The five checks of a candidate of this lesson."""
    return gate.check(*frames(seed, name, pool), limits, lambda: _rng(seed))


def forgets(seed: int, name: str, pool: Pool = Pool()) -> bool:
    """Whether the gate refuses a candidate of this lesson for the old names that it lost."""
    world = World(seed, pool)
    return not gate.old_names(old_names(world, named(world, name), named(world, CHAMPION)), rng=lambda: _rng(seed))["passed"]


def registered(seed: int, challenger: Path, champion: Path, limits: gate.Limits = gate.Limits()) -> pd.DataFrame:
    """The five checks of a bundle as it stands in a registry, against the one that serves.

    Both are read from their folders: hashes are compared, and only named types are loaded (skops).

    Raises
    ------
    bundle.BundleError
        One of them is not whole.
    """
    return gate.check(*compared(World(seed), load(challenger), load(champion)), limits, lambda: _rng(seed))


def _rng(seed):
    """The same speakers are drawn again for every candidate, so that equal models get equal intervals."""
    return keyed(seed, "lesson 10", "gate")


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
    parts = {"all requests": saved} | gate.judgeable(saved)
    return pd.DataFrame({part: [table["saved"].mean(), *interval(table["saved"], table["speaker"], _rng(seed))] for part, table in parts.items()},
                        index=["saves", "low", "high"]).T
