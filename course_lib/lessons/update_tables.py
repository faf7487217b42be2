"""All causes and all actions at a glance: what each cause takes, what each action leaves, which is the cheapest."""
import numpy as np
import pandas as pd

from course_lib.lessons import update_actions as actions, update_prices as prices
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
