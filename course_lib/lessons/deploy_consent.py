"""Who lets a service keep audio? In lesson 06 mostly those whom it serves well: an audit of their clips promises too much."""
from functools import lru_cache

import numpy as np
import pandas as pd

from course_lib.cycle import scope
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, bootstrap, experiment
from course_lib.lessons import spring
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool
from course_lib.world.world import World

ASKED, DAYS = 7, 35                                     # users are asked after the first week; the weeks after it are audited
GOOD, POLITE, CROSS, EVEN, TIMES = .1, .5, .1, .3, 20              # a good week: at most 1 in 10 answers bad; then half agree, else 1 in 10
_BAD = ("wrong card", "needless sorry")


@lru_cache(maxsize=4)
def weeks(seed: int, pool: Pool = Pool()) -> tuple[pd.DataFrame, pd.Series]:
    """Requests after users were asked: user, decision, bad (which only listening tells); and each user's share of bad answers in the week before."""
    world = World(seed, pool)
    rows = world.days(0, DAYS)
    shown = spring.answers(world, spring.model_for(world), rows)["shown"].to_numpy(str)
    out = pd.DataFrame(dict(user=rows["user"].to_numpy(str), decision=shown, bad=np.isin(scope.outcome(rows, shown), _BAD)))
    first = (rows["day"] < ASKED).to_numpy()
    return out[~first].reset_index(drop=True), out[first].groupby("user")["bad"].mean()


def agreeing(seed: int, by_experience: bool = True, time: int = 0, pool: Pool = Pool()) -> pd.Index:
    """Users who agree when they are asked; half of those whose first week went well and one in ten of the others, or three in ten of all."""
    week = weeks(seed, pool)[1]
    chance = np.where(week <= GOOD, POLITE, CROSS) if by_experience else EVEN
    return week.index[keyed(seed, "lesson 06", "consent", time).random(len(week)) < chance]


def consents(seed: int) -> pd.DataFrame:
    """The requests of the weeks after, and whether their users agreed."""
    table = weeks(seed)[0]
    return table.assign(consent=table["user"].isin(agreeing(seed)))


def _rates(table):
    return 1000 * table["bad"].mean(), 100 * (table["decision"] == scope.SORRY).mean()


@experiment
def flattering(seed: int, by_experience: bool = True, pool: Pool = Pool()) -> Evidence:
    """Bad answers in an audit of consented audio as a part of everybody's; the mean of what it is when users are asked `TIMES` times."""
    table = weeks(seed, pool)[0]
    every = _rates(table)
    heard = [table[table["user"].isin(agreeing(seed, by_experience, time, pool))] for time in range(TIMES)]
    rates = np.array([_rates(part) for part in heard])
    intervals = [tuple(1000 * x for x in bootstrap(part["bad"].to_numpy(float), part["user"], rng=np.random.default_rng(seed), n=200))
                 for part in (heard[0], table)]

    def draw(ax):
        return plots.bars(ax, ["clips that may be heard", "all requests"], [rates[0, 0], every[0]], intervals, unit="bad answers in 1,000",
                          finding=f"Bad answers in 1,000: {rates[0, 0]:.0f} in clips that may be heard, {every[0]:.0f} in all")
    return Evidence("bad answers of those who agree, as a part of everybody's", float(rates[:, 0].mean() / every[0]), None, len(heard[0]),
                    "How much a good week sways consent was set by us; in your product it has to be found out.", draw,
                    data=dict(sorry=float(rates[:, 1].mean() / every[1])))
