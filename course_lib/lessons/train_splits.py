"""Which split? Random clips, unseen readers, copies, another kind of voice, later weeks: what each of them says."""
from functools import lru_cache

import numpy as np
import pandas as pd
from sklearn.model_selection import PredefinedSplit, cross_val_predict

from course_lib.cycle import splits
from course_lib.cycle.diagnose import redraws
from course_lib.cycle.train import recognizer
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment, wilson
from course_lib.lessons.spring import model_for
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool
from course_lib.world.recorded import bank
from course_lib.world.world import World

FOLDS = 3
PILOT_WEEKS, TURN, SHARE = 10, 7, .2                    # weeks of the pilot; the week in which new names appear, and their share


def delivered(seed: int, copies: bool = True, pool: Pool = Pool()) -> pd.DataFrame:
    """The training readers' clips as the upload tool delivers them: with `copies`, each stands there twice under two ids."""
    rows = World(seed, pool).recordings("train")
    if copies:
        rows = pd.concat([rows, rows.assign(id=rows["id"] + "-again")])
    return rows.iloc[keyed(seed, "delivered").permutation(len(rows))].reset_index(drop=True)


@lru_cache(maxsize=16)
def score(seed: int, how: str, copies: bool = False, pool: Pool = Pool()) -> float:
    """Accuracy in cross-validation by "clips" (a random split), "speaker" or "recording"."""
    rows, world = delivered(seed, copies, pool), World(seed, pool)
    fold = splits.random_folds(rows["label"], FOLDS, keyed(seed, "folds")) if how == "clips" else splits.group_folds(rows[how], FOLDS)
    X, y = world.features(rows), rows["label"].to_numpy(str)
    return float((cross_val_predict(recognizer(), X, y, cv=PredefinedSplit(fold)) == y).mean())


def strangers(seed: int, market: bool = False, pool: Pool = Pool()) -> tuple[int, int]:
    """How many clips of readers who are in no split the launch model gets right, and of how many."""
    world = World(seed, pool)
    rows = world.recordings("test", market=market)
    right = model_for(world).predict(world.features(rows)) == rows["label"]
    return int(right.sum()), len(right)


@experiment
def flatters(seed: int, copies: bool = False, pool: Pool = Pool()) -> Evidence:
    """Points by which a random split scores above one by readers; with `copies`, each clip was delivered twice."""
    clips, readers = score(seed, "clips", copies, pool), score(seed, "speaker", False, pool)
    size = len(delivered(seed, False, pool))
    right, n = strangers(seed, pool=pool)
    gap = 100 * (clips - readers)

    def draw(ax):
        counts = [round(size * clips), round(size * readers)]
        bars = [tuple(100 * x for x in wilson(c, size)) for c in counts] + [tuple(100 * x for x in wilson(right, n))]
        words = f"flatters by {gap:.0f} points" if gap >= 1 else "does not flatter here"
        return plots.estimate(ax, ["random split", "split by readers", "ten strangers"], [100 * clips, 100 * readers, 100 * right / n], bars,
                              unit="names recognised (%)", finding=f"The random split {words}")
    return Evidence("points by which the random split is above the split by readers", gap, None, size * (1 + copies),
                    "Synthetic readers; a person's voice binds their clips together more tightly.", draw, key="04.2",
                    data=dict(random=clips, readers=readers, strangers=right / n))


def _judged(world, a, b):
    """Right answers and requests by speaker of `b`, from a model that learnt from `a`."""
    model = _learnt(world, tuple(a["recording"]), tuple(a["card"]))
    right = model.predict(world.features(b)) == b["card"].to_numpy(str)
    return pd.Series(right).groupby(b["speaker"].to_numpy(str)).agg(["sum", "size"])


def _apart(one, other, rng):
    """Percent right of two tables of counts by speaker and the points between them; their 95% intervals, the same speakers resampled for both."""
    people = one.index.union(other.index)
    counts = [table.reindex(people, fill_value=0).to_numpy(float) for table in (one, other)]
    picks = redraws(len(people), rng)
    picks = np.vstack([np.ones(len(people)), picks[np.all([picks @ sizes > 0 for _, sizes in (c.T for c in counts)], axis=0)]])
    first, second = (100 * (picks @ hits) / (picks @ sizes) for hits, sizes in (c.T for c in counts))
    found = np.column_stack([first, second, first - second])
    return found[0].tolist(), np.quantile(found[1:], [.025, .975], axis=0).T.tolist()


@lru_cache(maxsize=2)
def _learnt(world, recordings, cards):
    """A recogniser of these takes: the weeks before a change are the same with it and without."""
    return recognizer().fit(bank(world.pool).features[list(recordings)], np.array(cards))


@experiment
def in_time(seed: int, changed: bool = True, pool: Pool = Pool()) -> Evidence:
    """Points by which a split at random in time scores above one that measures on the last three weeks.

    A labelled pilot of ten weeks; with `changed`, new names appear in week 7. Users who are measured on are never learnt from.
    """
    world = World(seed, pool)
    rows = world.days(0, 7 * PILOT_WEEKS, {"new_names": dict(day=7 * TURN, strength=SHARE)} if changed else None)
    rows = rows[(rows["kind"] == "full") & (rows["card"] != "")]
    people = keyed(seed, "pilot", "people").permutation(np.sort(rows["speaker"].unique()))
    learnt = rows["speaker"].isin(people[:9])
    early, late = learnt & ~splits.by_time(rows["day"], 7 * TURN), ~learnt & splits.by_time(rows["day"], 7 * TURN)
    mixed = rows[learnt].iloc[keyed(seed, "pilot", "order").permutation(int(learnt.sum()))].drop_duplicates("recording")
    first = rows[early].drop_duplicates("recording")
    later, anytime = _judged(world, first, rows[late]), _judged(world, mixed.head(len(first)), rows[~learnt])
    (anyhow, then, lost), spans = _apart(anytime, later, keyed(seed, "pilot", "interval"))

    def draw(ax):
        words = f"a random split hides {lost:.0f} points" if lost >= 5 and spans[2][0] > 0 else "both splits say much the same"
        return plots.bars(ax, ["weeks at random", "the last three weeks"], [anyhow, then], spans[:2], unit="names recognised (%)",
                          finding=f"{'New names' if changed else 'Quiet weeks'}: {words}")
    return Evidence("points hidden by a split at random in time", lost, tuple(spans[2]), int(late.sum()),
                    "It shows what one past change cost; the next one is another.", draw, data=dict(random=anyhow / 100, time=then / 100))


@experiment
def other_voices(seed: int, market: bool = True, pool: Pool = Pool()) -> Evidence:
    """Points by which a split by readers scores above a kind of voice that was in no split: readers of a new market."""
    right, n = strangers(seed, market, pool)
    gap = 100 * (score(seed, "speaker", False, pool) - right / n)
    return Evidence("points by which the split by readers is above another kind of voice", gap, None, n,
                    "es, fr and it voices that read the same names are a strong shift; they are not people's accents.",
                    data=dict(accuracy=right / n))
