"""When to retire: what a product is worth to its users beside the search on the screen, and the upkeep above which switching it off costs less."""
import numpy as np
import pandas as pd

from course_lib.cycle import scope
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, bootstrap, experiment
from course_lib.lessons import update_actions as actions
from course_lib.lessons.update_prices import ENGINEER_DAY, EVENTS, MACHINES, NOTHING, REPLACE, RETIRE, UPKEEP
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool
from course_lib.world.world import World

EURO, YEAR = 100, 365                                   # cents; days


def worth(seed: int, cause: str | None, action: str = NOTHING, pool: Pool = Pool()) -> tuple[float, float, float]:
    """€ a month that the look-up saves its users against the search on the screen, once an action is at work, with its 95% interval over speakers."""
    world = World(seed, pool)
    rows, outcomes = actions.judged(world, cause, action)
    rules, machines = scope.charter(), MACHINES / 1000 * (action == REPLACE)
    saved = scope.price(actions.handed_over(rows), rules) - scope.price(outcomes, rules) - machines
    ends = bootstrap(saved, rows["speaker"], rng=keyed(seed, "lesson 10", "worth", str(cause), action))
    return tuple(30 * actions.volume() / EURO * value for value in (float(np.mean(saved)), *ends))


@experiment
def keeping(seed: int, pool: Pool = Pool()) -> Evidence:
    """Under how many causes, left as they are, the look-up is worth less to its users than the upkeep that retiring it spares."""
    found = {name: worth(seed, cause, pool=pool) for name, cause in {"usual weeks": None, **dict(zip(EVENTS, EVENTS))}.items()}
    upkeep = UPKEEP * ENGINEER_DAY / EURO
    less = [name for name, (mean, _, _) in found.items() if mean < upkeep]
    sure, open_ = ([name for name, (_, low, high) in found.items() if test(low, high)]
                   for test in (lambda low, high: high < upkeep, lambda low, high: low < upkeep <= high))

    def draw(ax):
        plots.bars(ax, list(found), [round(value[0], -1) for value in found.values()], [value[1:] for value in found.values()],
                   unit="€ a month that the look-up saves its users (dashed: upkeep)",
                   finding=f"Nobody acts: surely worth less than its upkeep of {upkeep:.0f} € a month under {', '.join(sure) or 'no cause'}; "
                           f"not to be told under {', '.join(open_) or 'none'}")
        ax.axvline(upkeep, color="black", linestyle="--", marker="")
        return ax
    return Evidence("causes under which it is worth less than its upkeep", len(less), None, len(found),
                    "The search on the screen is priced as the charter's needless “sorry?”.", draw, None, {name: value[0] for name, value in found.items()})


def limit(costs: pd.DataFrame, days: float = YEAR) -> float:
    """Days of upkeep a month above which retiring costs least of some actions, their prices and waiting included; 0 where it does so without any."""
    free, twice = (actions.total(costs, days, upkeep=days_of_work)[RETIRE] for days_of_work in (0, 1))
    return max(0.0, (free - actions.total(costs, days).drop(RETIRE).min()) / (free - twice))


def limits(seed: int, days: float = YEAR) -> pd.DataFrame:
    """Days of upkeep a month above which retiring costs least over some days: if the rest is to do nothing, and against the best of all other actions."""
    rows = {}
    for cause in EVENTS:
        found = actions.costs(seed, cause)
        rows[cause] = {"nobody acts": limit(found.loc[[NOTHING, RETIRE]], days), "best action": limit(found, days)}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("cause")
