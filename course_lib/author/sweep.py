"""On how many seeds each claim of the lessons holds, and its control does not."""
from functools import partial
from typing import Callable, Iterable, Sequence

import pandas as pd
from threadpoolctl import threadpool_limits

from course_lib import workspace
from course_lib.cycle import calibrate
from course_lib.learn.check import modules
from course_lib.learn.experiment import hold
from course_lib.world.pool import Pool


def sweep(seeds: Iterable[int], bank: str = "a", lessons: Sequence[str] = (),
          progress: Callable[[int, int], None] = lambda done, of: None) -> pd.DataFrame:
    """A row a claim: share of seeds on which it holds, share on which its control does, range of its value.

    Parameters
    ----------
    seeds : each runs every claim; two processes share them
    bank : "a" or "b", the takes that the worlds draw from
    lessons : numbers such as "00"; all by default

    Raises
    ------
    LessonError
        A lesson has no claims, or there is none of this number.
    """
    lost = [number for number in lessons if number not in modules()]
    if lost:
        raise workspace.LessonError(f"There are no claims of lesson {', '.join(lost)}; there are of {', '.join(modules())}.")
    if bank != "a":                                     # rendered once, before two processes ask for it
        from course_lib.world.recorded import bank as takes
        takes(Pool(bank))
    found = calibrate.sweep(partial(_one_seed, bank=bank, lessons=tuple(lessons or modules())), seeds, progress=progress)
    rows = pd.concat(found)
    grouped = rows.groupby(["lesson", "claim"], sort=False)
    return grouped.agg(held=("held", "mean"), control_held=("control_held", "mean"), least=("value", "min"),
                       median=("value", "median"), most=("value", "max")).round(3)


def _one_seed(seed, bank, lessons):
    with threadpool_limits(1):
        parts = [hold(claim, [seed], pool=Pool(bank)).assign(lesson=number, claim=claim.name)
                 for number in lessons for claim in modules()[number].CLAIMS]
    return pd.concat(parts).astype({"value": float})
