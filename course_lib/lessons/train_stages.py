"""What each stage between a clip and a decision holds, drawn for the panel."""
from functools import lru_cache

import numpy as np
import pandas as pd

from course_lib.cycle import scope
from course_lib.learn import plots
from course_lib.lessons.train_flow import linear, linear_costs
from course_lib.world.draws import keyed
from course_lib.world.world import World

STAGES = ("1 input", "2 representation", "3 scores", "4 confidence and decision", "5 a week of decisions")
TOP = 6


@lru_cache(maxsize=4)
def clips_of_strangers(seed: int) -> pd.DataFrame:
    """Four clips of readers whom the model never heard, whose audio ships with the course."""
    world = World(seed)
    rows = world.audible()
    rows = rows[~rows["speaker"].isin(world.speakers["train"])]
    return rows.iloc[np.sort(keyed(seed, "stages").permutation(len(rows))[:4])].reset_index(drop=True)


def said(seed: int) -> list[str]:
    """Who is asked for in each of the four clips, with the device."""
    rows = clips_of_strangers(seed)
    return [f"{name}, {device}" for name, device in zip(rows["card"].map(World(seed).cards["name"]), rows["device"])]


def stage(seed: int, clip: int, stage: str, loss: str, strength: float, threshold: float):
    """One stage of one clip as a figure, and in words what the threshold does to a week of requests."""
    if stage not in STAGES:
        raise ValueError(f"stage {stage!r} arrived; one of {', '.join(STAGES)} is expected")
    ax = (_input, _representation, _scores, _confidence, _week)[STAGES.index(stage)](seed, clip, loss, strength, threshold)
    table = linear_costs(seed, loss, strength)
    at = int((table["threshold"] - threshold).abs().idxmin())
    row, best = table.loc[at], table["cost"].idxmin()
    words = (f"{loss}, C = {strength:g}, threshold {threshold:.2f}: {row['wrong']:.0f} wrong cards and {row['needless']:.0f} needless “sorry?” in "
             f"{row['requests']:,.0f} requests, {row['cost']:.0f} cents per 1,000; the least is {table['cost'][best]:.0f}, at {table['threshold'][best]:g}")
    return ax.figure, words


def _vector(seed, clip):
    return World(seed).features(clips_of_strangers(seed).iloc[[clip]])


def _input(seed, clip, *_):
    world = World(seed)
    sound = world.clips(clips_of_strangers(seed).iloc[[clip]])[0]
    return plots.waveform(plots.axes(), sound, world.sample_rate, f"The input: {len(sound):,} samples of sound")


def _representation(seed, clip, loss, strength, _):
    numbers = linear(seed, loss, strength).pipe[0].transform(_vector(seed, clip))[0]
    ax = plots.axes()
    ax.plot(numbers, marker="", linestyle="-", linewidth=.8)
    ax.set(xlabel="feature", ylabel="spreads above or below the mean")
    return plots.title(ax, f"The representation: {len(numbers)} numbers, however long the clip was")


def _top(seed, values, classes):
    places = np.argsort(-values, kind="stable")[:TOP]
    return World(seed).cards["name"][classes[places]].tolist(), values[places]


def _scores(seed, clip, loss, strength, _):
    model = linear(seed, loss, strength)
    names, values = _top(seed, model.scores(_vector(seed, clip))[0], model.classes_)
    return plots.bars(plots.axes(), names, values, unit="score (no unit)", finding=f"The scores: {names[0]} is ahead of {names[1]}")


def _confidence(seed, clip, loss, strength, threshold):
    model = linear(seed, loss, strength)
    names, values = _top(seed, model.predict_proba(_vector(seed, clip))[0], model.classes_)
    shown = scope.decide(values[None], names, threshold)[0]
    ax = plots.bars(plots.axes(), names, values.round(3), unit="confidence", finding=f"The decision at {threshold:.2f}: {'“sorry?”' if shown == scope.SORRY else shown}")
    ax.axvline(threshold, color="black", linestyle="--", marker="")
    ax.set_xlim(0, 1.1)
    return ax


def _week(seed, clip, loss, strength, threshold):
    table = linear_costs(seed, loss, strength)
    wrong = 1000 * scope.charter().cost_wrong_card * table["wrong"] / table["requests"]
    lines = {"wrong cards × price": wrong, "needless “sorry?”": table["cost"] - wrong, "total": table["cost"]}
    at = int((table["threshold"] - threshold).abs().idxmin())
    return plots.timeline(plots.axes(), table["threshold"], lines, {threshold: "yours"}, time="threshold", unit="cents per 1,000 requests",
                          finding=f"At {threshold:.2f} the errors cost {table['cost'][at]:.0f}; the least is {table['cost'].min():.0f}")
