"""How strongly each cause of change acts: the reference recogniser in every world, over many seeds."""
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Callable, Iterable

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from course_lib.cycle import scope
from course_lib.cycle.train import recognizer
from course_lib.world.pool import Pool
from course_lib.world.tables import DATA, table
from course_lib.world.world import World

COLUMNS = {
    "accuracy": "share of whole names of the catalogue recognised, before the threshold",
    "wrong_cards": "wrong cards in 1,000 requests, after the threshold",
    "needless_sorry": "needless \"sorry?\" in 1,000 requests",
    "sorry": "share of requests answered \"sorry?\"",
    "cost": "cost of 1,000 requests in the charter's units",
    "confidence": "mean probability of the likeliest card",
    "level_db": "mean level, dB relative to full scale",
    "seconds": "mean length of a clip",
    "shift": "mean distance of a feature's mean from the usual weeks', in standard deviations",
}
_DAYS = (60, 74)


@lru_cache(maxsize=4)
def launch_model(world: World) -> Pipeline:
    """The reference recogniser, trained on what the team recorded before launch."""
    rows = world.recordings("train")
    return recognizer().fit(world.features(rows), rows["label"].to_numpy(str))


def effect(world: World, rows: pd.DataFrame, usual: np.ndarray | None = None) -> dict[str, float]:
    """The columns of `COLUMNS` for some requests; `usual` are features to compare the inputs with."""
    model, rules, vectors = launch_model(world), scope.charter(), world.features(rows)
    probabilities = model.predict_proba(vectors)
    shown = scope.decide(probabilities, model.classes_, rules.threshold)
    outcomes = scope.outcome(rows, shown)
    best = model.classes_[probabilities.argmax(axis=1)]
    whole = (rows["card"] != "") & (rows["kind"] == "full")
    base = vectors if usual is None else usual
    shift = np.abs(vectors.mean(axis=0) - base.mean(axis=0)) / base.std(axis=0)
    return dict(accuracy=float((best == rows["card"])[whole].mean()),
                wrong_cards=1000 * float((outcomes == "wrong card").mean()),
                needless_sorry=1000 * float((outcomes == "needless sorry").mean()),
                sorry=float((shown == scope.SORRY).mean()), cost=scope.cost(outcomes, rules),
                confidence=float(probabilities.max(axis=1).mean()), level_db=float(rows["level_db"].mean()),
                seconds=float(rows["seconds"].mean()), shift=float(shift.mean()))


def effects(seed: int, pool: Pool = Pool()) -> pd.DataFrame:
    """Effect of every cause at its planned strength and at its floor, one row each, for one seed."""
    world = World(seed, pool)
    usual = world.days(*_DAYS)
    vectors = world.features(usual)
    rows = {"test set": effect(world, world.recordings("test"), vectors), "usual weeks": effect(world, usual, vectors)}
    for name, event in table("events", pool.folder).iterrows():
        for label, strength in ((name, event["strength"]), (f"{name} (floor)", event["floor"])):
            if label == name or strength != event["strength"]:
                changed = world.days(*_DAYS, events={name: dict(day=_DAYS[0], strength=strength)})
                rows[label] = effect(world, changed, vectors)
    return pd.DataFrame.from_dict(rows, orient="index")[list(COLUMNS)].rename_axis("world")


def sweep(function: Callable, seeds: Iterable[int], workers: int = 2, progress=lambda done, of: None) -> list:
    """function(seed) for every seed, in order, on worker processes; one seed alone needs none."""
    seeds, out = list(seeds), []
    if len(seeds) == 1:
        return [function(seeds[0])]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as executor:
        for done, value in enumerate(executor.map(function, seeds), 1):
            out.append(value)
            progress(done, len(seeds))
    return out


def summary(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Mean and standard deviation over seeds of every column: two columns each."""
    stacked = pd.concat(frames, keys=range(len(frames)))
    grouped = stacked.groupby(level=1, sort=False)
    return pd.concat({"mean": grouped.mean(), "sd": grouped.std()}, axis=1).swaplevel(axis=1)[list(COLUMNS)]


def text(result: pd.DataFrame) -> pd.DataFrame:
    """A summary as "mean ± sd" texts, for printing and for the datasheet."""
    digits = {column: 1 if result[column]["mean"].abs().max() > 5 else 3 for column in COLUMNS}
    return pd.DataFrame({c: [f"{m:.{digits[c]}f} ± {s:.{digits[c]}f}" for m, s in result[c].to_numpy()] for c in COLUMNS},
                        index=result.index)


def write(result: pd.DataFrame, seeds: int, folder: Path = DATA) -> Path:
    """Write the table into data/ as a CSV file and into the datasheet, between its markers."""
    flat = result.round(4)
    flat.columns = [f"{column}_{kind}" for column, kind in flat.columns]
    flat.to_csv(folder / "calibration.csv", lineterminator="\n")
    shown = text(result)
    lines = ["| world | " + " | ".join(shown.columns) + " |", "|---" * (len(shown.columns) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join(row) + " |" for name, row in zip(shown.index, shown.to_numpy())]
    path = folder / "DATASHEET.md"
    before, _, rest = path.read_text(encoding="utf-8").partition("<!-- calibration -->\n")
    _, _, after = rest.partition("<!-- end -->\n")
    table_ = "\n".join([f"Mean ± standard deviation over {seeds} seeds.", "", *lines])
    path.write_text(f"{before}<!-- calibration -->\n{table_}\n<!-- end -->\n{after}", encoding="utf-8", newline="\n")
    return path
