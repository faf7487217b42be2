"""All causes and all actions at a glance: what each cause takes, what each action leaves, which is the cheapest."""
import numpy as np
import pandas as pd

from course_lib.cycle import scope
from course_lib.cycle.diagnose import interval
from course_lib.learn import lesson, plots
from course_lib.learn.experiment import Evidence, experiment
from course_lib.lessons import update_actions as actions, update_prices as prices
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool
from course_lib.world.world import World


def matrix(seed: int) -> pd.DataFrame:
    """Cents for 1,000 requests: usual, under each cause, and after each action; NaN where an action makes no sense."""
    rows = {}
    for cause in actions.EVENTS:
        found = actions.costs(seed, cause)
        rows[cause] = dict(usual=found["usual"].iloc[0], shifted=found["shifted"].iloc[0]) | found["after"].drop(actions.NOTHING).to_dict()
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("cause")[["usual", "shifted", *actions.ACTIONS[1:]]]


def shifts(seed: int) -> pd.DataFrame:
    """Cents for 1,000 requests in usual weeks and under each cause, and what the cause is, in words."""
    world = World(seed)
    found = {cause: dict(usual=actions.cost(world, None, actions.NOTHING), shifted=actions.cost(world, cause, actions.NOTHING), what=words)
             for cause, words in prices.WHAT.items()}
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("cause").round()


def verdicts(seed: int, days: float = 90) -> pd.DataFrame:
    """For each cause the action of least total cost: what it regains in percent, its total, that of doing nothing, and whose job it is."""
    rows = {}
    for cause in actions.EVENTS:
        found = actions.costs(seed, cause)
        totals, loss = actions.total(found, days), found["shifted"] - found["usual"]
        best = str(totals.idxmin())
        share = 100 * (found["shifted"] - found["after"])[best] / loss[best] if loss[best] >= prices.HARM else np.nan
        rows[cause] = dict(action=best, regains=share, total=totals[best], nothing=totals[actions.NOTHING], owner=prices.OWNERS[best])
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("cause")


def readable(found: pd.DataFrame) -> pd.DataFrame:
    """A table as it is read: in tens, which one request more or less seldom changes; actions in one word, "" where there is no number."""
    short = {actions.RECORD: "clips", actions.LABELS: "labels", actions.TABLE: "table", actions.UPSTREAM: "upstream",
             actions.THRESHOLD: "threshold", actions.REPLACE: "replace", actions.PHONES: "phones"}
    return found.rename(columns=short).map(lambda value: value if isinstance(value, str) else "" if pd.isna(value) else f"{round(value, -1) + 0.0:.0f}")


@experiment
def worse(seed: int, pool: Pool = Pool()) -> Evidence:
    """After how many of the nine causes a model retrained on last month's labels costs more than doing nothing; intervals over speakers, the same requests."""
    world, saved, ends = World(seed, pool), {}, {}
    for cause in actions.EVENTS:
        (rows, usual), (_, taught) = (actions.judged(world, cause, action) for action in (actions.NOTHING, actions.LABELS))
        gain = 1000 * (scope.price(usual, scope.charter()) - scope.price(taught, scope.charter()))
        saved[cause], ends[cause] = float(gain.mean()), interval(gain, rows["speaker"], keyed(seed, "lesson 10", "worse", cause))
    count, sure = (sum(value < 0 for value in values) for values in (saved.values(), (high for _, high in ends.values())))

    def draw(ax):
        mine = lesson.guessed("10.1").get("worse")
        if mine is not None:
            ax.text(.99, .03, f"★ your guess: worse after {mine:.0f}", transform=ax.transAxes, ha="right", color=plots.GUESS)
        return plots.bars(ax, list(saved), [round(v) for v in saved.values()], list(ends.values()), unit="cents for 1,000 requests that retraining saves",
                          finding=f"Retraining on last month's labels: worse than doing nothing after {count} of {len(saved)} causes, surely after {sure}")
    return Evidence("causes after which it is worse", count, None, len(saved), "Labels of one month, a new model from them alone; few speakers.", draw, "10.1",
                    dict(axis=None, **saved))
