"""What each action against each cause regains, and what it costs: models retrained on other data, a mended card table, a threshold."""
from functools import lru_cache
from types import MappingProxyType
from typing import Sequence

import numpy as np
import pandas as pd

from course_lib.cycle import alerts, manifest, monitor, scope
from course_lib.cycle.calibrate import launch_model
from course_lib.cycle.train import recognizer, single_ms
from course_lib.kept import kept
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment
from course_lib.lessons.update_prices import (
    ACTIONS, CHECKED, CLIP, DAYS_OF_WORK, ENGINEER_DAY, EVENTS, LABELS, MACHINES, MONTH, NOTHING, PHONES, RAISED, RECORD, REPAIRABLE,
    REPLACE, RETIRE, TABLE, THRESHOLD, THRESHOLDS, UPKEEP, UPSTREAM, WAIT)
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool
from course_lib.world.tables import table
from course_lib.world.world import World

BEFORE, CHANGE, KNOWN, END = 46, 60, 74, 88           # a fortnight before the change, one after it, one on which all is measured


def volume() -> float:
    """Requests of an average day, all of those behind the log."""
    return 240 * (5 + 2 * 1.25) / 7 * alerts.plan().scale


def strengths(cause: str) -> dict[str, float]:
    """The floor and the planned strength of a cause."""
    row = table("events").loc[EVENTS[cause]]
    return dict(floor=float(row["floor"]), planned=float(row["strength"]))


@lru_cache(maxsize=2)
def consenting(world: World) -> frozenset:
    """Half of the production speakers, native and new: their users let people listen; everybody else is only measured."""
    out = []
    for people in (world.speakers["production"], world.market_speakers["production"]):
        order = keyed(world.seed, "lesson 10", "consent").permutation(people)
        out += order[:-(-len(people) // 2)].tolist()
    return frozenset(out)


@lru_cache(maxsize=4)                                   # frames of many texts: more would cost 100 MB
def requests(world: World, cause: str | None, strength: str, a: int, b: int) -> pd.DataFrame:
    """Requests of days a to b; a cause is at work from day 60 on."""
    events = cause and {EVENTS[cause]: dict(day=CHANGE, strength=strengths(cause)[strength], ends=10_000)}
    return world.days(a, b, events).reset_index(drop=True)


def measured(world: World, cause: str | None, strength: str = "planned") -> pd.DataFrame:
    """What users ask in the fortnight from day 74 on: those whom nobody listened to."""
    rows = requests(world, cause, strength, KNOWN, END)
    return rows[~rows["speaker"].isin(consenting(world))]


def labelled(world: World, cause: str | None, strength: str = "planned", a: int = BEFORE, b: int = KNOWN) -> pd.DataFrame:
    """Requests of those who consent, days a to b, with the card that a listener said at the time; "" where there is none."""
    rows = requests(world, cause, strength, a, b)
    rows = rows[rows["speaker"].isin(consenting(world))]
    return rows.assign(label=np.where(rows["kind"] == "full", rows["card"], ""))


def month(world: World, cause: str, strength: str = "planned") -> pd.DataFrame:
    """Last month's labels: so many requests of the fortnights before and after a change, drawn at random."""
    rows = labelled(world, cause, strength)
    return rows.iloc[keyed(world.seed, "lesson 10", "month").permutation(len(rows))[:MONTH]]


def teaching(rows: pd.DataFrame) -> pd.DataFrame:
    """Labelled requests that a recogniser can learn from: whole names with a card, at least two clips of each."""
    rows = rows[rows["label"] != ""]
    return rows[rows.groupby("label")["label"].transform("size") >= 2]


REPLACED = ("new market", "noisier use")                # nothing else brings back most of these
RECORDED = ("new names", "new market", "noisier use", "firmware fault")
RECIPES = {"new names": "launch and new names", "new market": "launch and new market", "noisier use": "launch and noisy"}


def recorded(world: World, cause: str) -> pd.DataFrame:
    """The recordings made for "launch", or for launch and against a cause."""
    if cause == "firmware fault":
        return pd.concat([world.recordings("train"), world.recordings("train", condition="gated")])
    return manifest.rows(world, RECIPES.get(cause, "launch"))


@kept(maxsize=24)
def retrained(world: World, data: str, strength: str = "planned"):
    """The recogniser trained on "launch", on launch and recordings made for a cause, or on "labels: cause", last month's requests; rows with it."""
    rows = teaching(month(world, data[8:], strength)) if data.startswith("labels: ") else recorded(world, data)
    return launch_model(world) if data == "launch" else recognizer().fit(world.features(rows), rows["label"].to_numpy(str)), len(rows)


@lru_cache(maxsize=4)
def replaced(world: World, cause: str):
    """The slow kind of recogniser (lesson 04), trained on launch and the recordings made for a cause."""
    rows = recorded(world, cause)
    return recognizer("best").fit(world.features(rows), rows["label"].to_numpy(str))


@kept(maxsize=8)
def own_threshold(world: World, cause: str, strength: str = "planned") -> float:
    """The threshold at which such a recogniser costs least on a few of last month's labels; the launch model's fits no other kind."""
    rows, model, rules = month(world, cause, strength).head(CHECKED), replaced(world, cause), scope.charter()
    chances = monitor.chances(world, model, rows)
    return min(THRESHOLDS, key=lambda limit: scope.cost(scope.outcome(rows, scope.decide(chances, model.classes_, limit)), rules))


def latencies(seed: int, clips: int = 20) -> dict[str, pd.Series]:
    """Milliseconds of single answers: the launch model's kind, and the slow one's."""
    world = World(seed)
    vectors = world.features(world.recordings("test").head(clips))
    return {"default": single_ms(retrained(world, "launch")[0], vectors), "best": single_ms(replaced(world, REPLACED[0]), vectors)}


def mended(world: World, strength: str = "planned") -> MappingProxyType:
    """The card table with the renamed figures: label -> the card that is shown."""
    count = int(strengths("renamed figures")[strength])
    cards = table("cards", world.pool.folder)["spoken_as"]
    return MappingProxyType({old: new for new, old in list(cards[cards != ""].items())[:count]})


def outcomes(world: World, rows: pd.DataFrame, model, threshold: float | None = None, cards=MappingProxyType({})) -> np.ndarray:
    """What a model's answers are for the users of some requests."""
    shown = scope.decide(monitor.chances(world, model, rows), model.classes_, scope.charter().threshold if threshold is None else threshold)
    return scope.outcome(rows, [cards.get(card, card) for card in shown])


@kept(maxsize=256)
def cost(world: World, cause: str | None, action: str, strength: str = "planned") -> float:
    """Cents for 1,000 requests of the measured fortnight, once an action against a cause is at work; without a cause, what the action leaves behind."""
    return scope.cost(judged(world, cause, action, strength)[1], scope.charter())


def judged(world: World, cause: str | None, action: str, strength: str = "planned") -> tuple[pd.DataFrame, np.ndarray]:
    """The requests of the measured fortnight and what became of each, once an action is at work; who is handed over is asked "sorry?"."""
    rows = measured(world, None if action == UPSTREAM else cause, strength)
    away = np.full(len(rows), action == RETIRE) | ((rows["device"] == "phone").to_numpy() & (action == PHONES))
    if away.all():
        return rows, handed_over(rows)
    return rows, np.where(away, handed_over(rows), outcomes(world, rows, *_how(world, cause, action, strength)))


def handed_over(rows: pd.DataFrame) -> np.ndarray:
    """What becomes of requests that the look-up no longer answers: it says "sorry?", and the user types the name on the screen."""
    return scope.outcome(rows, [scope.SORRY] * len(rows))


def _how(world, cause, action, strength):
    """Model, threshold and card table of an action."""
    if action == REPLACE:
        return replaced(world, cause), own_threshold(world, cause, strength), MappingProxyType({})
    data = {RECORD: cause, LABELS: f"labels: {cause}"}.get(action, "launch") if cause else "launch"
    model = retrained(world, data, strength if data.startswith("labels") else "planned")[0]
    return model, RAISED if action == THRESHOLD else None, mended(world, strength) if action == TABLE else MappingProxyType({})


def debt(seed: int, cause: str, action: str = RECORD) -> float:
    """Cents for 1,000 usual requests that a model made for a cause costs beyond the launch model; below 0 it saves, cause or none."""
    world = World(seed)
    left = outcomes(world, measured(world, None), *_how(world, cause, action, "planned"))
    return scope.cost(left, scope.charter()) - cost(world, None, NOTHING)


def tried(cause: str) -> list[str]:
    """The actions that somebody proposed against a cause."""
    fits = {NOTHING: True, RECORD: cause in RECORDED, LABELS: True, THRESHOLD: True, REPLACE: cause in REPLACED,
            PHONES: cause == "firmware fault", RETIRE: True}
    return [action for action in ACTIONS if fits.get(action) or REPAIRABLE.get(cause) == action]


@kept(maxsize=64)
def costs(seed: int, cause: str, strength: str = "planned", pool: Pool = Pool()) -> pd.DataFrame:
    """Every action that was tried against a cause, priced."""
    return priced(World(seed, pool), cause, tried(cause), strength)


def priced(world: World, cause: str, which: Sequence[str], strength: str = "planned") -> pd.DataFrame:
    """Actions against a cause: cents for 1,000 requests usual, shifted, after it and for machines; upkeep spared; clips, labels, days of work, days of waiting."""
    usual, shifted = cost(world, None, NOTHING), cost(world, cause, NOTHING, strength)
    rows = {action: dict(usual=usual, shifted=shifted, after=cost(world, cause, action, strength), machines=MACHINES * (action == REPLACE), spared=float(action == RETIRE),
                         clips=_clips(world, cause) if action in (RECORD, REPLACE) else 0, labels=_labels(world, cause, action, strength),
                         work=DAYS_OF_WORK[action], wait=WAIT[action]) for action in which}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("action")


def _labels(world, cause, action, strength):
    """How many labels an action buys."""
    return len(month(world, cause, strength)) if action == LABELS else CHECKED if action == REPLACE else 0


def _clips(world, cause):
    """How many clips are recorded for a cause."""
    return len(recorded(world, cause)) - len(recorded(world, "launch"))


def options(table_: pd.DataFrame, label: float | None = None, vendor: float | None = None, upkeep: float = UPKEEP) -> pd.DataFrame:
    """Actions as they are compared: price (cents), wait (days), loss before and after (cents for 1,000 requests beyond usual; after it with machines, less upkeep spared)."""
    price = table_["clips"] * CLIP + table_["labels"] * (alerts.plan().listen if label is None else label) + table_["work"] * ENGINEER_DAY
    wait = table_["wait"].where(table_.index != UPSTREAM, table_["wait"] if vendor is None else vendor)
    after = table_["after"] - table_["usual"] + table_.get("machines", 0) - table_.get("spared", 0) * spared(upkeep)
    return pd.DataFrame(dict(price=price, wait=wait, before=table_["shifted"] - table_["usual"], after=after))


def spared(upkeep: float) -> float:
    """Cents for 1,000 requests that so many days of work a month come to."""
    return 1000 * upkeep * ENGINEER_DAY / 30 / volume()


def total(table_: pd.DataFrame, days: float = 90, label: float | None = None, vendor: float | None = None, upkeep: float = UPKEEP) -> pd.Series:
    """Hundreds of cents that each action costs over some days: its price, and what users lose beyond usual, before and after it is at work."""
    found = options(table_, label, vendor, upkeep)
    wait = found["wait"].clip(upper=days)
    lost = found["before"] * wait + found["after"] * (days - wait)
    return (found["price"] + lost * volume() / 1000) / 100


@experiment
def regained(seed: int, cause: str = "renamed figures", action: str = TABLE, strength: str = "planned", pool: Pool = Pool()) -> Evidence:
    """Percent of what a cause took that an action brings back, on users whom nobody listened to."""
    world = World(seed, pool)
    usual, shifted, after = cost(world, None, NOTHING), cost(world, cause, NOTHING, strength), cost(world, cause, action, strength)
    value = 100 * (shifted - after) / (shifted - usual)

    def draw(ax):
        return plots.bars(ax, ["usual weeks", cause, f"{cause},\n{action}"], [usual, shifted, after], unit="cents for 1,000 requests",
                          finding=f"“{action}” brings back {value:.0f}% of what was lost")
    return Evidence("percent of the loss that comes back", value, None, len(measured(world, cause, strength)),
                    "One fortnight, users with synthetic voices.", draw, None, dict(usual=usual, shifted=shifted, after=after))
