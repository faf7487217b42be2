"""What to mend first: four candidates of lesson 05, what a trial of each saves, and how sure that is."""
import numpy as np
import pandas as pd

from course_lib.cycle import diagnose
from course_lib.cycle.train import recognizer
from course_lib.kept import kept
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment
from course_lib.lessons.diagnose_laps import LOUD, delivered, families, names
from course_lib.world.draws import keyed
from course_lib.world.pool import NATIVE, Pool
from course_lib.world.world import World

MARKET, ROOMS, ALIKE, LABELS = "new-market voices", "noisy rooms", "sound-alike names", "doubtful labels"
TRIAL_READERS = 8


@kept(maxsize=3)
def _specialists(world):
    """Error of the pilot's names when a model for each family decides again among its own names."""
    scored, rows = names(world), delivered(world)
    vectors, trained, best = world.features(scored), world.features(rows), scored["best"].to_numpy(str)
    for family in sorted({tuple(sorted((card, *siblings))) for card, siblings in families().items()}):
        mine, theirs = rows["label"].isin(family).to_numpy(), np.isin(best, family)
        best[theirs] = recognizer().fit(trained[mine], rows["label"][mine].to_numpy(str)).predict(vectors[theirs])
    return (best != scored["label"].to_numpy(str)).astype(float)


@kept(maxsize=3)
def trials(world: World) -> pd.DataFrame:
    """For each candidate the error of each name of the pilot, now and after the trial, in thousandths; NaN where the candidate does not touch it."""
    now = names(world)
    after = {MARKET: names(world, market=True)["error"], ROOMS: names(world, noisy=TRIAL_READERS)["error"],
             ALIKE: pd.Series(_specialists(world), now.index), LABELS: names(world, labels="mended")["error"]}
    where = {MARKET: ~now["group"].isin(NATIVE), ROOMS: now["room"].isin(LOUD), ALIKE: now["family"], LABELS: now["error"] >= 0}
    return pd.DataFrame({(name, when): 1000 * error.where(where[name]) for name in where for when, error in (("now", now["error"]), ("after", after[name]))})


@kept(maxsize=8)
def candidates(seed: int, pool: Pool = Pool()) -> pd.DataFrame:
    """What could be mended, with its share of the names and the errors in 1,000 of them, now and after a trial."""
    found = trials(World(seed, pool))
    out = found.mean().unstack(sort=False)[["now", "after"]]
    out.insert(0, "share", found.xs("now", axis=1, level=1).notna().mean())
    return out.rename_axis("problem").rename_axis(columns=None)


def with_traffic(found: pd.DataFrame, market: float | None = None, noisy: float | None = None) -> pd.DataFrame:
    """The candidates if other shares of the names came from the new market and from noisy rooms."""
    shares = {MARKET: market, ROOMS: noisy}
    return found.assign(share=[found["share"][name] if shares.get(name) is None else shares[name] for name in found.index])


@kept(maxsize=8, copy=True)
def _redrawn(seed, pool):
    """Errors saved in 1,000 of the names that each candidate touches: a row for each redraw of all voices (those of a redraw are the same for all candidates)."""
    world = World(seed, pool)
    table, candidates = trials(world), [MARKET, ROOMS, ALIKE, LABELS]
    saved = table.xs("now", axis=1, level=1)[candidates] - table.xs("after", axis=1, level=1)[candidates]
    drawn = diagnose.resampled(saved.fillna(0), names(world)["speaker"], keyed(seed, "lesson 05", "what first"), saved.notna())
    return pd.DataFrame(drawn, columns=candidates)


@experiment
def priority(seed: int, market: float | None = None, noisy: float | None = None, pool: Pool = Pool()) -> Evidence:
    """Errors that mending each candidate saves in 1,000 names, over those that mending the worst slice saves.

    Intervals (95%) are over voices; `data["sure"]` says whether that of the first candidate's lead on the second lies above zero.
    """
    found = with_traffic(candidates(seed, pool), market, noisy)
    gain = (found["share"] * (found["now"] - found["after"])).sort_values(ascending=False)
    redrawn = _redrawn(seed, pool) * found["share"]
    ends = redrawn.quantile([.025, .975])
    first, second, worst = gain.index[0], gain.index[1], found["now"].idxmax()
    sure = bool((redrawn[first] - redrawn[second]).quantile(.025) > 0)

    def draw(ax):
        labels = [f"{name} {found['share'][name]:.0%} of names, {found['now'][name]:.0f}\u00a0→\u00a0{found['after'][name]:.0f}" for name in gain.index]
        title = f"First to mend: {first}" + (", the worst slice" if first == worst else "") + ("" if sure else f"; the lead on {second} may be chance")
        ax = plots.bars(ax, labels, gain.to_numpy(), [tuple(ends[name]) for name in gain.index], unit="errors saved in 1,000 names", finding=title)
        ax.set_xlim(left=min(ax.get_xlim()[0], float(ends.min().min()) - 12))            # room for the number of a repair that hurts
        return ax
    return Evidence("errors saved by the first candidate, times those saved by the worst slice", float(gain.iloc[0] / max(gain[worst], 1e-9)), None,
                    len(names(World(seed, pool))), "One trial of each, measured on the voices of the pilot.",
                    draw, "05.1", dict(axis="x", first=first, worst=worst, sure=sure, ends=ends.T.to_numpy().tolist(),
                                       pile=(found["share"] * found["now"]).drop(LABELS).idxmax(), gain=gain.to_dict(), total=float(found["now"][LABELS])))


@experiment
def alike(seed: int, by: str = "labels", pool: Pool = Pool()) -> Evidence:
    """Errors in 1,000 sound-alike names that mended "labels" save more than a model for each family does."""
    world = World(seed, pool)
    family = pd.Series(_specialists(world), names(world).index)
    after = names(world, labels="mended")["error"] if by == "labels" else family
    more = 1000 * (family - after)[names(world)["family"]]
    return Evidence("errors saved in 1,000 sound-alike names, more than by a model a family", float(more.mean()), None, len(more), "Sixteen names that were made to sound alike.")
