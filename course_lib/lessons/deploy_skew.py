"""Is it safe to serve? What skew does to answers, what a restore needs, what a gate of probes catches."""
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.pipeline import Pipeline

from course_lib.cycle import monitor, scope
from course_lib.cycle.calibrate import launch_model
from course_lib.cycle.train import recognizer, scaler
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, bootstrap, experiment
from course_lib.world.pool import Pool
from course_lib.world.world import World

PROBES, READERS, DAYS, LIVE_DAYS = 200, 5, 14, 35
OTHER_THRESHOLD = .7
TWICE, PILOT, LATER, SOUND = "normaliser applied twice", "normaliser of the pilot", "threshold of another version", "no skew"
SKEWS = (TWICE, PILOT, LATER, SOUND)
NOTHING, PREPROCESSOR, THRESHOLD, TABLE, READER = "nothing", "preprocessor", "threshold", "card table", "one reader's clips"
PARTS = (PREPROCESSOR, THRESHOLD, TABLE, READER, NOTHING)


@lru_cache(maxsize=4)
def probes(world: World) -> pd.DataFrame:
    """200 clips with a known answer, recorded with consent: every launch card once by each of five readers of the test."""
    rows = world.recordings("test")
    first = world.pool.takes.loc[rows["recording"], "rendition"].to_numpy() == 0
    return rows[first & rows["speaker"].isin(world.speakers["test"][:READERS])].reset_index(drop=True)


def served(world: World, skew: str = TWICE) -> tuple[Pipeline, float]:
    """The pipeline and the threshold that a service with this skew answers with."""
    model, threshold = launch_model(world), scope.charter().threshold
    if skew == TWICE:
        return Pipeline([("normalise", model[0]), *model.steps]), threshold
    if skew == PILOT:
        rows = world.recordings("train")
        early = rows[rows["speaker"].isin(world.speakers["train"][:2])]
        return Pipeline([("scale", scaler().fit(world.features(early))), model.steps[-1]]), threshold
    if skew not in SKEWS:
        raise ValueError(f"skew {skew!r} arrived; known are {', '.join(SKEWS)}")
    return model, OTHER_THRESHOLD if skew == LATER else threshold


@lru_cache(maxsize=2)
def _traffic(world):
    rows = world.days(0, DAYS)
    return rows, world.features(rows)


def dashboard(given: pd.DataFrame) -> pd.Series:
    """What a dashboard shows of answers: share of "sorry?" in percent, and the mean confidence."""
    return pd.Series({"sorry?, %": 100 * (given["shown"] == scope.SORRY).mean(), "mean confidence": given["confidence"].mean()})


def wrong_per_1000(rows, shown) -> float:
    """Wrong cards in 1,000 requests."""
    return 1000 * float((scope.outcome(rows, shown) == "wrong card").mean())


@experiment
def skew(seed: int, kind: str = TWICE, pool: Pool = Pool()) -> Evidence:
    """Wrong cards in 1,000 requests that a skew adds, beside what the dashboard shows before and after."""
    world = World(seed, pool)
    rows, vectors = _traffic(world)
    usual, other = (monitor.answers(model, vectors, threshold) for model, threshold in (served(world, SOUND), served(world, kind)))
    gap = (scope.outcome(rows, other["shown"]) == "wrong card").astype(float) - (scope.outcome(rows, usual["shown"]) == "wrong card")
    low, high = bootstrap(gap, rows["user"], rng=np.random.default_rng(seed), n=200)
    before, after = dashboard(usual), dashboard(other)
    return Evidence("wrong cards that the skew adds, in 1,000 requests", 1000 * float(gap.mean()), (1000 * low, 1000 * high), len(rows),
                    "One kind of skew in one model; others are milder or worse.",
                    data=dict(confidence=after.iloc[1] - before.iloc[1], sorry=after.iloc[0] / before.iloc[0]))


@lru_cache(maxsize=4)
def _without_a_reader(world):
    rows = world.recordings("train")
    rows = rows[rows["speaker"] != world.speakers["train"][0]]
    return recognizer().fit(world.features(rows), rows["label"].to_numpy(str))


def restored(world: World, lost: str, vectors: np.ndarray) -> np.ndarray:
    """Decisions of a version that is built again although one part was not kept."""
    model, threshold = launch_model(world), scope.charter().threshold
    if lost == NOTHING:
        rows = world.recordings("train")
        model = recognizer().fit(world.features(rows), rows["label"].to_numpy(str))
    if lost == PREPROCESSOR:
        model = Pipeline([model.steps[-1]])
    if lost == READER:
        model = _without_a_reader(world)
    shown = monitor.answers(model, vectors, OTHER_THRESHOLD if lost == THRESHOLD else threshold)["shown"]
    return shown.replace(todays_table(world)).to_numpy(str) if lost == TABLE else shown.to_numpy(str)


def todays_table(world: World) -> dict[str, str]:
    """The cards that have passed to another figure since: old card -> new card."""
    from course_lib.world.tables import RENAMED_WAVE, table
    cards = table("cards", world.pool.folder)
    return {old: new for new, old in cards.loc[cards["wave"] == RENAMED_WAVE, "spoken_as"].items()}


@experiment
def restore(seed: int, lost: str = PREPROCESSOR, pool: Pool = Pool()) -> Evidence:
    """Of 200 probes, how many get another answer when a version is built again without one of its parts."""
    world = World(seed, pool)
    vectors = world.features(probes(world))
    before = scope.decide(launch_model(world).predict_proba(vectors), launch_model(world).classes_, scope.charter().threshold)
    changed = int((restored(world, lost, vectors) != before).sum())
    return Evidence(f"of {PROBES} probes, answers that change without the {lost}", changed, None, PROBES,
                    "A probe that keeps its answer may still lose confidence.", data=dict(changed=changed))


@experiment
def every_part(seed: int, pool: Pool = Pool()) -> Evidence:
    """Answers that change, by the part that was not kept."""
    found = {part: restore(seed, part, pool=pool).value for part in PARTS}

    def draw(ax):
        return plots.bars(ax, [f"lost: {part}" for part in PARTS], list(found.values()), unit=f"answers that change, of {PROBES} probes",
                          finding=f"Without its preprocessor, {found[PREPROCESSOR]} of {PROBES} answers change")
    return Evidence(f"of {PROBES} probes, answers that change without the preprocessor", found[PREPROCESSOR], None, PROBES,
                    "Another model may lean on its parts otherwise; measure yours.", draw, key="06.1", data=dict(axis="x", **found))


def stops(changed: int, probes: int, allowed: int, of: int = PROBES) -> float:
    """Chance that a gate stops: more than `allowed` of `probes` drawn probes differ, where `changed` of all do.

    >>> stops(0, 50, 0)
    0.0
    """
    if not 0 < probes <= of or not 0 <= changed <= of or allowed < 0:
        raise ValueError(f"{probes} probes with {changed} changed and {allowed} allowed arrived; 1 to {of}, 0 to {of} and 0 or more are expected")
    return float(stats.hypergeom.sf(allowed, of, changed, probes))


@experiment
def changed_by(seed: int, kind: str = TWICE, pool: Pool = Pool()) -> Evidence:
    """Of 200 probes, how many a skew answers otherwise than the training path."""
    world = World(seed, pool)
    vectors = world.features(probes(world))
    usual, other = (monitor.answers(model, vectors, threshold)["shown"] for model, threshold in (served(world, SOUND), served(world, kind)))
    return Evidence(f"of {PROBES} probes, answers that differ: {kind}", int((usual != other).sum()), None, PROBES, "Probes of five readers stand for all.")


@experiment
def gate(seed: int, kind: str = TWICE, count: int = 20, allowed: int = 0, pool: Pool = Pool()) -> Evidence:
    """Chance that a gate with so many probes stops a version with this skew."""
    changed = int(changed_by(seed, kind, pool=pool).value)
    chance = stops(changed, count, allowed)
    counts = np.arange(5, PROBES + 1, 5)

    def draw(ax):
        line = [100 * stops(changed, int(n), allowed) for n in counts]
        plots.timeline(ax, counts, {kind: line}, {count: "yours"}, time="probes", unit="chance that the gate stops it (%)",
                       finding=f"{count} probes stop “{kind}” in {100 * chance:.0f} of 100 launches")
        ax.set_ylim(-5, 118)
        return ax
    return Evidence("chance that the gate stops this version", chance, None, count,
                    "The probes stand for users as far as they are like them.", draw, data=dict(changed=changed))
