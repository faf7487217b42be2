"""What users do with an answer: ask again, correct, complain — some of them, some days later."""
from functools import lru_cache

import numpy as np
import pandas as pd

from course_lib.world.draws import keyed
from course_lib.world.tables import settings

SORRY = "sorry"


def reactions(seed: int, rows: pd.DataFrame, shown) -> pd.DataFrame:
    """Reactions to shown answers, drawn by (seed, day, request): another answer never changes another user.

    Parameters
    ----------
    seed : the world's seed
    rows : requests with the observed and truth columns
    shown : for each row a card id, or "sorry"

    Returns
    -------
    DataFrame with columns id, kind ("re_ask", "correct" or "complain"), card (the right one
    where the user gave it, else ""), reported_day. Complaints come late and mostly from a
    few sharp-tempered users: they are not a random sample of the errors.
    """
    shown = np.asarray(shown, str)
    if len(shown) != len(rows):
        raise ValueError(f"{len(shown)} answers for {len(rows)} requests arrived; one each is expected")
    chances = settings("world")["users"]
    card, day = rows["card"].to_numpy(str), rows["day"].to_numpy()
    wrong = (shown != card) & (shown != SORRY)
    refused = (shown == SORRY) & (card != "")
    draws = _draws(seed, rows, ("re-ask", "correct", "complain", "delay"))
    asked = (wrong | refused) & (draws["re-ask"] < chances["re_ask"])
    corrected = wrong & (card != "") & (draws["correct"] < chances["correct"])
    tempers = {u: _temper(seed, u) for u in rows["user"].unique()}
    temper = rows["user"].map(tempers).to_numpy(float)
    complained = wrong & (draws["complain"] < np.minimum(chances["complain"] * temper, 1))
    late = np.ceil(-np.log1p(-draws["delay"]) * chances["complaint_days"]).astype(int)
    parts = [_report(rows, asked, "re_ask", "", day), _report(rows, corrected, "correct", card, day),
             _report(rows, complained, "complain", "", day + late)]
    return pd.concat(parts).sort_values(["reported_day", "id", "kind"], ignore_index=True)


@lru_cache(maxsize=4096)
def _temper(seed, user):
    return float(keyed(seed, "temper", user).lognormal(-.5, 1))


def _report(rows, mask, kind, card, day):
    return pd.DataFrame(dict(id=rows["id"], kind=kind, card=card, reported_day=day))[mask]


def _draws(seed, rows, purposes):
    """For each purpose one uniform draw a request, by its day and number."""
    number = rows["id"].str[-5:].astype(int).to_numpy()
    out = {purpose: np.empty(len(rows)) for purpose in purposes}
    for day, places in rows.groupby("day").indices.items():
        here = number[places]
        for purpose, values in out.items():
            values[places] = keyed(seed, int(day), purpose).random(here.max() + 1)[here]
    return out
