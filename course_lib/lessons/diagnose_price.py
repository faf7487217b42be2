"""What thresholds cost, and what your model (lesson 04) costs at the threshold of your charter (01); experiments of lesson 05."""
from numbers import Real

import numpy as np
import pandas as pd

from course_lib.cycle import diagnose
from course_lib.cycle.charter import charter
from course_lib.kept import kept
from course_lib.learn.experiment import Evidence, experiment
from course_lib.learn.lesson import decision
from course_lib.lessons import decided, scope_charter
from course_lib.lessons import diagnose_laps as laps
from course_lib.lessons.diagnose_trust import FINAL, curve, lowest
from course_lib.world.pool import Pool
from course_lib.world.world import World

READERS = 8                                             # in noise, for models that know no weights: a third of 24 stands for the weight .3


@kept(maxsize=2)
def answered(seed: int, kind: str = "default", pool: Pool = Pool()) -> pd.DataFrame:
    """The pilot's requests as a model of a kind of lesson 04 answers them, taught what the version after both laps was taught.

    The other kinds know no weights; they learn from 8 readers in noise instead of 24 at the weight .3.
    """
    world = World(seed, pool)
    if kind == "default":
        return laps.requests(world, **FINAL)
    loud = laps.once(world.recordings("train", condition="noisy"))
    rows = pd.concat([laps.training_rows(world, FINAL["labels"]), loud[loud["speaker"].isin(sorted(loud["speaker"].unique())[:READERS])]])
    rows = rows.reset_index(drop=True)
    asked = laps.pilot(world)
    return diagnose.scored(decided.fitted(kind, world.features(rows), rows["label"]), asked, world.features(asked), world.catalogue())


def outcome(seed: int, threshold: float, kind: str = "default", pool: Pool = Pool()) -> pd.Series:
    """Cards shown, wrong cards and needless "sorry?" in 1,000 requests at a threshold; their cents by the reference's prices and by your charter's."""
    number = isinstance(threshold, Real) and not isinstance(threshold, (bool, np.bool_))
    if not number or not 0 <= threshold <= 1:
        raise ValueError(f"threshold {f'{threshold:g}' if number else repr(threshold)} arrived; a confidence from 0 to 1 is expected (2% is 0.02), such as those of trust.curve(seed)")
    rows = answered(seed, kind, pool)
    shown = rows["confidence"] >= threshold
    wrong, needless = 1000 * (shown & ~rows["right"]).mean(), 1000 * (~shown & (rows["said"] == "whole name")).mean()
    cents = [round(rules.cost_wrong_card * wrong + rules.cost_sorry * needless) for rules in (charter(), scope_charter.signed())]
    return pd.Series({"threshold": threshold, "cards": round(1000 * shown.mean()), "wrong": round(wrong), "needless": round(needless),
                      "cents": cents[0], "your cents": cents[1]})


def compare(seed: int, **thresholds: float) -> pd.DataFrame:
    """What each threshold, name=number, means in 1,000 requests of the pilot; in the last row, your model of 04 at your charter's threshold (01)."""
    kind, signed = decision("model"), scope_charter.signed()
    rows = {name: outcome(seed, at) for name, at in thresholds.items()} | {f"yours: {kind}": outcome(seed, signed.threshold, kind)}
    return pd.DataFrame(rows).T.round(2).astype({name: int for name in ("cards", "wrong", "needless", "cents", "your cents")})


@experiment
def price(seed: int, kept: bool = True, pool: Pool = Pool()) -> Evidence:
    """What keeping the promise costs more than the threshold of least cost, .5, in cents for 1,000 requests; `kept=False` keeps none."""
    threshold = lowest(curve(seed, pool), "high") if kept else .5
    extra = outcome(seed, threshold, pool=pool)["cents"] - outcome(seed, .5, pool=pool)["cents"]
    return Evidence("extra cost of the promise, in cents for 1,000 requests", float(extra), None, len(laps.requests(World(seed, pool), **FINAL)),
                    "By the prices of the reference charter; a promise that users trust may be worth more.")
