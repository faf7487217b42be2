"""How much of a score is chance: speakers of production and draws of clips are resampled together; intervals of lesson 02."""
from dataclasses import dataclass
from typing import Sequence

import numpy as np
import pandas as pd

from course_lib.cycle.collect import PLACES
from course_lib.cycle.diagnose import redraws

TAILS = (.025, .975)
WORST, OVERALL = "worst place", "overall"


@dataclass(frozen=True)
class Tally:
    """Later requests, judged by the models of several draws of one plan.

    Attributes
    ----------
    right : (draws, speakers, places) answers that are right
    asked : (speakers, places) requests
    """
    right: np.ndarray
    asked: np.ndarray


def tallied(judged: Sequence[pd.DataFrame]) -> Tally:
    """Counts of tables with columns speaker, place and right: the same requests, a table for each draw."""
    counts = [rows.groupby(["speaker", "place"])["right"].agg(["sum", "size"]).unstack(fill_value=0) for rows in judged]
    return Tally(np.stack([table["sum"][list(PLACES)].to_numpy(float) for table in counts]), counts[0]["size"][list(PLACES)].to_numpy(float))


def scores(tally: Tally, picks=None, lots=None) -> np.ndarray:
    """Percent recognised in each place and overall, a row for each resample; without any, one row of the counts as they are.

    Parameters
    ----------
    picks : (n, speakers) how often each speaker is drawn
    lots : (n, draws) how often each draw is
    """
    draws, speakers = tally.right.shape[:2]
    picks, lots = (np.ones((1, size)) if given is None else given for given, size in ((picks, speakers), (lots, draws)))
    hits, sizes = np.einsum("np,nd,dpk->nk", picks, lots / draws, tally.right, optimize=True), picks @ tally.asked
    return 100 * np.column_stack([hits / sizes, hits.sum(axis=1) / sizes.sum(axis=1)])


def drawn(asked: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`redraws` of speakers that leave no place empty."""
    picks = redraws(len(asked), rng)
    return picks[(picks @ asked > 0).all(axis=1)]


def spread(tally: Tally, rng: np.random.Generator) -> np.ndarray:
    """(places + 1, 2) 95% intervals of the percent recognised in each place and overall."""
    picks = drawn(tally.asked, rng)
    return np.quantile(scores(tally, picks, redraws(len(tally.right), rng, len(picks))), TAILS, axis=0).T


def gained(new: Tally, old: Tally, rng: np.random.Generator) -> dict[str, tuple[float, float, float]]:
    """Points that `new` gains on `old` in its worst place and overall: (gain, low, high), 95%; both answer the same requests."""
    def gaps(picks, lots):
        one, two = (scores(tally, picks, lot) for tally, lot in zip((new, old), lots))
        return np.column_stack([one[:, :-1].min(axis=1) - two[:, :-1].min(axis=1), one[:, -1] - two[:, -1]])
    picks = drawn(new.asked, rng)
    lots = [redraws(len(tally.right), rng, len(picks)) for tally in (new, old)]
    found = np.vstack([gaps(None, (None, None)), np.quantile(gaps(picks, lots), TAILS, axis=0)])
    return {name: tuple(float(x) for x in found[:, i]) for i, name in enumerate((WORST, OVERALL))}
