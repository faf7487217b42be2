"""What lesson 02 lets the learner move and hear: an allocation, a mix of production, a file read at a wrong rate."""
from functools import partial
from typing import Mapping

import numpy as np
import pandas as pd
from scipy import signal

from course_lib.cycle import faults
from course_lib.cycle.collect import PLACES
from course_lib.learn import decisions, plots
from course_lib.learn.audio import player, players
from course_lib.learn.widgets import Slider, explore
from course_lib.lessons import collect_samples as samples
from course_lib.world.draws import keyed
from course_lib.world.features import RATE
from course_lib.world.pool import Pool
from course_lib.world.world import World

FLOOR = 40                                              # names in 100 that each place is to reach


def worst(found: Mapping[str, float]) -> str:
    """The place with the lowest score."""
    return min(PLACES, key=lambda place: found[place])


def allocation_figure(seed: int, market: int, loud: int):
    """A figure of what an allocation of 300 clips gives in each place and overall, and its numbers in words."""
    if market + loud > samples.CLIPS:
        raise ValueError(f"{market} and {loud} clips are {market + loud}; there are {samples.CLIPS} in all")
    found = samples.allocated(int(seed), int(market), int(loud))
    low = worst(found)
    kept = "keeps" if found[low] >= FLOOR else "breaks"
    names = [*PLACES, "overall"]
    ax = plots.bars(plots.axes(7, 3.6), names, [found[name] for name in names], unit="names recognised in production (%)",
                    finding=f"It {kept} the floor of {FLOOR}: worst is {low} with {found[low]:.0f}, overall {found['overall']:.0f} of 100")
    ax.axvline(FLOOR, color="black", linestyle="--", linewidth=1.2, marker="")
    rest = samples.CLIPS - market - loud
    return ax.figure, (f"{market} clips of the new market, {loud} of loud places, {rest} of others: worst place {low} {found[low]:.0f}, "
                       f"overall {found['overall']:.0f} in 100; it {kept} the floor")


def allocation_panel(seed: int):
    """Clips of the new market and of loud places to move; worst place and overall follow."""
    return explore(partial(allocation_figure, seed), market=Slider("market clips", 0, 150, 0, 10),
                   loud=Slider("loud clips", 0, 150, 60, 10))


def mix_figure(seed: int, market: int, loud: int):
    """A figure of the three samples at these percentages of requests, and the winner in words."""
    evidence, found = samples.mix(seed, market / 100, loud / 100), 100 * samples.mixed(World(seed), market / 100, loud / 100)
    words = ", ".join(f"{plan} {value:.1f}" for plan, value in found.items())
    return evidence.draw(plots.axes(7, 2.9)).figure, f"new market {market}%, loud places {loud}%: {words}; {found.idxmax()} is best"


def mix_panel(seed: int):
    """The new market's and the loud places' share of production to move; the three samples follow."""
    return explore(partial(mix_figure, seed), market=Slider("new market", 0, 60, 10, 5, unit="%"),
                   loud=Slider("loud", 0, 40, 20, 5, unit="%"))


def sound_allocation(counts: Mapping[str, int], least: int = 0) -> pd.Series:
    """The allocation as a Series by place, if the course's rule (data/decisions.yaml) lets it be kept and recorded.

    Raises
    ------
    ValueError
        A place is missing, twice there or unknown, a number is no whole number of clips or more than can be recorded, the sum is not
        300, or a place has fewer clips than `least`.
    """
    counts = pd.Series(counts)
    words = decisions.fault("allocation", counts.to_dict()) if counts.index.is_unique else "a place stands twice in the allocation; each is expected once."
    if words:
        raise ValueError(words)
    if counts.min() < least:
        raise ValueError(f"{counts.idxmin()} has {counts.min():.0f} clips, fewer than the floor of {least}; {len(PLACES)} places can have "
                         f"{samples.CLIPS // len(PLACES)} each at most: choose `least` from 0 to {samples.CLIPS // len(PLACES)}")
    return counts[list(PLACES)].astype(int)


def compare_allocations(seed: int, counts: Mapping[str, int]) -> pd.DataFrame:
    """Percent recognised in production after an allocation of yours, after the proportional and after an equal one; means of five draws.

    The last columns hold what the others gain on yours in the worst place and overall, with a 95% interval over speakers and draws.
    ValueError where the allocation is not sound, as `sound_allocation` says.
    """
    plans = {"yours": sound_allocation(counts).to_dict(),
             "in proportion": samples.collect.rounded(samples.CLIPS * samples.shares(World(seed))).to_dict(),
             "equal": dict.fromkeys(PLACES, samples.CLIPS // len(PLACES))}
    found = {name: samples.judged(seed, tuple(plan.items()), draws=5) for name, plan in plans.items()}
    table = pd.DataFrame({name: samples.scores(tally)[0] for name, tally in found.items()}, [*PLACES, "overall"]).T.round(0).astype(int)
    gains = {name: samples.gained(tally, found["yours"], keyed(seed, "allocations", name)) for name, tally in found.items() if name != "yours"}
    for column in ("worst place", "overall"):
        table[f"{column}, against yours"] = ["", *("{:+d} ({:+d} to {:+d})".format(*map(round, gain[column])) for gain in gains.values())]
    return table


def hear_the_rate(pool: Pool = Pool()):
    """One clip of the second studio as it was spoken, and as a script hears it that reads 16,000 samples a second as 8,000."""
    world, rows = World(0, pool), faults.studio(pool).head(1)
    clip, name = world.clips(rows)[0], world.cards["name"][rows["label"].iloc[0]]
    slow = np.clip(signal.resample_poly(clip, faults.WRONG_RATE // RATE, 1), -1, 1).astype(np.float32)
    return players([player(clip, RATE, name, "read at its own rate"), player(slow, RATE, name, "16,000 Hz read as 8,000")])
