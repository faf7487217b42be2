"""Which split? Random clips, unseen readers, copies, another kind of voice, later weeks: what each of them says."""
from functools import lru_cache

import numpy as np
import pandas as pd
from sklearn.model_selection import PredefinedSplit, cross_val_predict

from course_lib.cycle import splits
from course_lib.cycle.diagnose import redraws, resampled
from course_lib.cycle.train import recognizer
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment
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


def folds(rows: pd.DataFrame, seed: int, how: str) -> np.ndarray:
    """The fold of each clip by "clips" (at random), "speaker" or "recording"."""
    return splits.random_folds(rows["label"], FOLDS, keyed(seed, "folds")) if how == "clips" else splits.group_folds(rows[how], FOLDS)


@lru_cache(maxsize=16)
def _right(seed, how, copies, pool):
    """Which of the `delivered` clips a model that learnt from the other folds gets right."""
    rows = delivered(seed, copies, pool)
    X, y = World(seed, pool).features(rows), rows["label"].to_numpy(str)
    return cross_val_predict(recognizer(), X, y, cv=PredefinedSplit(folds(rows, seed, how))) == y


def score(seed: int, how: str, copies: bool = False, pool: Pool = Pool()) -> float:
    """Accuracy in cross-validation by "clips" (a random split), "speaker" or "recording"."""
    return float(_right(seed, how, copies, pool).mean())


def judged(seed: int, how: str, copies: bool = False, pool: Pool = Pool()) -> pd.DataFrame:
    """The answers of that cross-validation that are right (sum) and all of them (size), by speaker."""
    return _by_speaker(delivered(seed, copies, pool), _right(seed, how, copies, pool))


def over_speakers(counts: pd.DataFrame, rng: np.random.Generator) -> tuple[float, float]:
    """95% interval of the percent right of counts by speaker (sum, size), whole speakers resampled."""
    low, high = np.quantile(100 * resampled(counts["sum"], counts.index, rng, counts["size"]), [.025, .975])
    return float(low), float(high)


def _by_speaker(rows, right, some=slice(None)):
    """Right answers (sum) and clips (size) by speaker."""
    return pd.Series(np.asarray(right, float)[some]).groupby(rows["speaker"].to_numpy()[some]).agg(["sum", "size"])


@experiment
def half_known(seed: int, known: bool = True, pool: Pool = Pool()) -> Evidence:
    """Points by which a voice that was learnt with other names only scores below the same voice as a stranger.

    In a split by recordings without copies: the clips whose reader's other reading of the name is measured, too. With `known=False`
    those are compared whose other reading was learnt.
    """
    rows = delivered(seed, False, pool)
    learnt = pd.Series(folds(rows, seed, "recording")).groupby([rows["speaker"], rows["label"]]).transform("nunique") > 1
    some = (~learnt if known else learnt).to_numpy()
    tables = [_by_speaker(rows, _right(seed, how, False, pool), some) for how in ("recording", "speaker")]
    (here, stranger, gap), spans = _apart(*tables, keyed(seed, "half known"))

    def draw(ax):
        return plots.bars(ax, ["voice learnt,\nnot with this name", "the same clips,\nvoice not learnt"], [here, stranger], spans[:2], unit="names recognised (%)",
                          finding=f"A voice known by other names: {-gap:.0f} points lost" if spans[2][1] < 0 else "A voice known by other names is no worse than a stranger's")
    return Evidence("points lost where a voice was learnt with other names only", -gap, (-spans[2][1], -spans[2][0]), int(some.sum()),
                    "Here a reader says a name twice; with more readings a split leaves fewer names unlearnt.", draw, data=dict(known=here, stranger=stranger, axis="x"))


@lru_cache(maxsize=8)
def strangers(seed: int, market: bool = False, pool: Pool = Pool()) -> pd.DataFrame:
    """Clips of readers who are in no split, by speaker: how many the launch model gets right (sum), of how many (size)."""
    world = World(seed, pool)
    rows = world.recordings("test", market=market)
    return _by_speaker(rows, model_for(world).predict(world.features(rows)) == rows["label"])


@experiment
def flatters(seed: int, copies: bool = False, pool: Pool = Pool()) -> Evidence:
    """Points by which a random split scores above one by readers; with `copies`, each clip was delivered twice.

    Intervals resample readers, the same ones for both splits (95%).
    """
    clips, readers, others = judged(seed, "clips", copies, pool), judged(seed, "speaker", False, pool), strangers(seed, pool=pool)
    (random, kept, gap), spans = _apart(clips, readers, keyed(seed, "flatters"))
    apart, wide = 100 * float(others["sum"].sum() / others["size"].sum()), over_speakers(others, keyed(seed, "strangers"))

    def draw(ax):
        words = f"flatters by {gap:.0f} points" if gap >= 1 and spans[2][0] > 0 else "does not flatter here" if gap < 1 else f"is {gap:.0f} points above; that may be chance"
        return plots.estimate(ax, ["random split", "split by readers", "ten strangers"], [random, kept, apart], [*spans[:2], wide],
                              unit="names recognised (%)", finding=f"The random split {words}")
    return Evidence("points by which the random split is above the split by readers", gap, tuple(spans[2]), int(clips["size"].sum()),
                    "Synthetic readers; a person's voice binds their clips together more tightly.", draw, key="04.2",
                    data=dict(random=random / 100, readers=kept / 100, strangers=apart / 100))


def _judged(world, a, b):
    """Right answers and requests by speaker of `b`, from a model that learnt from `a`."""
    model = _learnt(world, tuple(a["recording"]), tuple(a["card"]))
    right = model.predict(world.features(b)) == b["card"].to_numpy(str)
    return pd.Series(right).groupby(b["speaker"].to_numpy(str)).agg(["sum", "size"])


def _apart(one, other, rng):
    """Percent right of two tables of counts by speaker and the points between them; their 95% intervals, the same speakers resampled for both.

    Tables without a common speaker are resampled one by one.
    """
    same = len(one.index.intersection(other.index)) > 0
    people = [one.index.union(other.index)] * 2 if same else [one.index, other.index]
    counts = [table.reindex(who, fill_value=0).to_numpy(float) for table, who in zip((one, other), people)]
    first = redraws(len(people[0]), rng)
    picks = [first, first if same else redraws(len(people[1]), rng)]
    sound = np.all([draw @ table[:, 1] > 0 for draw, table in zip(picks, counts)], axis=0)
    shares = [100 * (draw @ table[:, 0]) / (draw @ table[:, 1]) for table, draw in
              ((table, np.vstack([np.ones(len(table)), draw[sound]])) for table, draw in zip(counts, picks))]
    found = np.column_stack([*shares, shares[0] - shares[1]])
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
                    "It shows what one past change cost; the next one is another.", draw, data=dict(random=anyhow / 100, time=then / 100, span=spans[1]))


@experiment
def other_voices(seed: int, market: bool = True, pool: Pool = Pool()) -> Evidence:
    """Points by which a split by readers scores above a kind of voice that was in no split: readers of a new market."""
    others = strangers(seed, market, pool)
    (_, there, gap), spans = _apart(judged(seed, "speaker", False, pool), others, keyed(seed, "other voices"))
    return Evidence("points by which the split by readers is above another kind of voice", gap, tuple(spans[2]), int(others["size"].sum()),
                    "es, fr and it voices that read the same names are a strong shift; they are not people's accents.",
                    data=dict(accuracy=there / 100, low=spans[1][0] / 100, high=spans[1][1] / 100))


def promised_elsewhere(seed: int, pool: Pool = Pool()) -> pd.DataFrame:
    """Names recognised (%), low and high (95%, over readers): by the split by readers, and of readers of the new market."""
    found = other_voices(seed, pool=pool).data
    counts = judged(seed, "speaker", False, pool)
    own = 100 * counts["sum"].sum() / counts["size"].sum(), *over_speakers(counts, keyed(seed, "flatters"))
    return pd.DataFrame([own, [100 * found[name] for name in ("accuracy", "low", "high")]], ["our own readers", "new market"], ["recognised", "low", "high"])
