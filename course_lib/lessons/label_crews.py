"""How many votes to buy, and from whom: nine people with a price each, skill from gold questions; the experiments of lesson 03 on who labels."""
from typing import Sequence

import numpy as np
import pandas as pd

from course_lib.cycle import label
from course_lib.cycle.diagnose import interval
from course_lib.kept import kept
from course_lib.learn.experiment import Evidence, bootstrap, experiment
from course_lib.lessons import label_votes
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool

NINE, KEEP, GOLD = 9, 3, 100


def offers(seed: int, pool: Pool = Pool()) -> pd.DataFrame:
    """What so many votes a clip cost and give where all read the rules alike.

    Returns
    -------
    DataFrame by votes: cents a clip, days (until 9 of 10 last votes are there), right (labels by counting, %), and how many points
    more than the row above are right, `more`, from `low` to `high` (95%, the same clips; whole speakers are resampled)
    """
    given, truth, out = label_votes.votes(seed, misread=0, pool=pool), label_votes.right(seed, pool), {}
    speakers, before = label_votes.batch(seed, pool)[0]["speaker"], None
    for each in (1, 3, 5):
        bought = label.in_turn(given, each)
        good = 100.0 * label.majority(bought).reindex(truth.index).eq(truth).to_numpy()
        out[each] = dict(cents=bought.groupby("id")["price"].sum().mean(), days=bought.groupby("id")["days"].max().quantile(.9), right=good.mean())
        if before is not None:
            ends = interval(good - before, speakers, keyed(seed, "offers", each))
            out[each] |= dict(more=(good - before).mean(), low=ends[0], high=ends[1])
        before = good
    return pd.DataFrame.from_dict(out, orient="index").rename_axis("votes")


def gold(seed: int, size: int = GOLD, pool: Pool = Pool()) -> pd.Series:
    """Right labels of the gold questions, by clip id."""
    return label_votes.right(seed, pool).sample(size, random_state=seed)


@kept(maxsize=8)
def nine(seed: int, pool: Pool = Pool()) -> pd.DataFrame:
    """Votes of nine people who read the rules as they are meant; the first five are the crew of the lesson."""
    return label_votes.votes(seed, size=NINE, misread=0, pool=pool)


def price_list(seed: int, tied: bool = False, pool: Pool = Pool()) -> pd.Series:
    """What each of the nine asks for a label, in cents; `tied` hands the same prices out by skill, which no team can do."""
    votes = nine(seed, pool)
    asked = votes.groupby("annotator", sort=False)["price"].first()
    if not tied:
        return asked
    hears = label.skill_from_gold(votes, label_votes.right(seed, pool))["skill"]
    return pd.Series(np.sort(asked), hears.sort_values(kind="stable").index)[asked.index].rename("price")


def by_gold(seed: int, pool: Pool = Pool()) -> list[str]:
    """The nine, those with most gold questions right first; of equals the cheaper."""
    found = label.skill_from_gold(nine(seed, pool), gold(seed, pool=pool))["skill"]
    return pd.DataFrame(dict(skill=-found, price=price_list(seed, pool=pool))).sort_values(["skill", "price"]).index.tolist()


def others(seed: int, people: Sequence[str], pool: Pool = Pool()) -> pd.DataFrame:
    """Votes of some of the nine on the 300 clips that are not gold, each with whether it is `right`."""
    votes, truth = nine(seed, pool), label_votes.right(seed, pool)
    lost = sorted(set(people) - set(votes["annotator"]))
    if lost or not len(people):
        raise ValueError(f"{', '.join(lost) or 'nobody'} arrived; some of {', '.join(votes['annotator'].unique())} are expected")
    votes = votes[votes["annotator"].isin(people) & ~votes["id"].isin(gold(seed, pool=pool).index)]
    return votes.assign(right=votes["label"].eq(votes["id"].map(truth)))


def wrong(seed: int, people: Sequence[str], pool: Pool = Pool()) -> pd.Series:
    """Whether the counted label of each clip that is not gold is wrong, by clip id."""
    votes = others(seed, people, pool)
    counted = label.majority(votes)
    return counted.ne(label_votes.right(seed, pool).reindex(counted.index))


def crews(seed: int, mine: Sequence[str], pool: Pool = Pool()) -> pd.DataFrame:
    """Your crew beside the three dearest and the three cheapest, on the clips that are not gold.

    Returns
    -------
    DataFrame by crew: who, cents a clip, days (until 9 of 10 labels are there), wrong labels (%), and how many points more are
    wrong than with yours, from and to (95%, the same clips resampled for both)
    """
    asked, own = price_list(seed, pool=pool), wrong(seed, mine, pool)
    plans = {"yours": list(mine), "the dearest": asked.nlargest(KEEP).index.tolist(), "the cheapest": asked.nsmallest(KEEP).index.tolist()}
    out = {}
    for name, people in plans.items():
        missed, last = wrong(seed, people, pool), others(seed, people, pool).groupby("id")["days"].max()
        low, high = bootstrap(100 * (missed.astype(float) - own.reindex(missed.index)), rng=keyed(seed, "crews", name))
        out[name] = {"who": ", ".join(people), "cents a clip": asked[people].sum(), "days": last.quantile(.9),
                     "wrong labels (%)": 100 * missed.mean(), "more than yours, from": low, "to": high}
    return pd.DataFrame.from_dict(out, orient="index")


@experiment
def order(seed: int, tied: bool = False, pool: Pool = Pool()) -> Evidence:
    """How far the price list orders the nine by skill: the rank correlation of the two (Spearman, 1904), 1 for the same order."""
    hears = label.skill_from_gold(nine(seed, pool), label_votes.right(seed, pool))["skill"]
    return Evidence("rank correlation of price and skill", float(hears.corr(price_list(seed, tied, pool), "spearman")), None, NINE,
                    "That prices follow skill only loosely is an assumption of this simulation.")
