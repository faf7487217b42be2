"""What the split of lesson 04 promised of a model, beside what production gave; for lessons 04 and 05."""
import numpy as np
import pandas as pd

from course_lib.cycle.diagnose import interval
from course_lib.kept import kept
from course_lib.learn.lesson import decision
from course_lib.lessons import diagnose_laps as laps, train_splits
from course_lib.lessons.spring import model_for
from course_lib.world.draws import keyed
from course_lib.world.pool import NATIVE, Pool
from course_lib.world.world import World

REFERENCE = "speaker"


@kept(maxsize=8)
def promise(seed: int, split: str, pool: Pool = Pool()) -> tuple[float, float, float]:
    """Names recognised by a split (%), with its 95% interval over speakers: value, low, high.

    "clips", "recording" and "speaker" divide the files as the upload tool delivers them, every recording twice; "time" measures
    the pilot's last three weeks, learnt from the weeks before.
    """
    if split == "time":
        found = train_splits.in_time(seed, pool=pool).data
        return 100 * found["time"], *found["span"]
    counts = train_splits.judged(seed, split, True, pool)
    return 100 * float(counts["sum"].sum() / counts["size"].sum()), *train_splits.over_speakers(counts, keyed(seed, "promise", split))


@kept(maxsize=4)
def _production(seed, pool):
    """Whole names of the pilot as the launch model answers them, and which of them native voices said in usual rooms."""
    world = World(seed, pool)
    rows = laps.pilot(world)
    rows = rows[rows["said"] == "whole name"]
    right = 100.0 * (model_for(world).predict(world.features(rows)) == rows["label"].to_numpy(str))
    usual = (rows["group"].isin(NATIVE) & ~rows["room"].isin(laps.LOUD)).to_numpy()
    return rows["speaker"].to_numpy(), right, usual


def beside_production(seed: int, pool: Pool = Pool()) -> pd.DataFrame:
    """Names recognised (%) as promised by your split and by the course's, and as the launch model gets them in the pilot: of all names, and of usual voices and rooms.

    Returns
    -------
    DataFrame with a row a number: recognised, low and high (95%, over speakers)
    """
    speakers, right, usual = _production(seed, pool)
    mine, found = decision("split"), {}
    for split in dict.fromkeys([mine, REFERENCE]):
        found[f"promised by {split}{' (yours)' if split == mine else ''}"] = promise(seed, split, pool)
    for name, some in {"launch model, pilot": np.ones(len(right), bool), "launch model, usual voices and rooms": usual}.items():
        rng = keyed(seed, "production", name)
        found[name] = right[some].mean(), *interval(right[some], speakers[some], rng)
    return pd.DataFrame.from_dict(found, orient="index", columns=["recognised", "low", "high"])
