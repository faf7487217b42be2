"""What lesson 04 lets you move: the way from a clip to a decision, and a learning rate with its price."""
from functools import partial
from pathlib import Path

from course_lib.cycle import bundle
from course_lib.cycle.registry import Registry
from course_lib.learn import plots
from course_lib.learn.audio import player
from course_lib.learn.widgets import Choice, Slider, explore
from course_lib.lessons import train_rates
from course_lib.lessons.train_flow import LOSSES, STRENGTHS, linear_costs
from course_lib.lessons.train_stages import STAGES, clips_of_strangers, said, stage
from course_lib.world.world import World


def hear(seed: int, clip: int = 0):
    """One of the four clips as a player with its spectrogram."""
    world, rows = World(seed), clips_of_strangers(seed)
    return player(world.clips(rows.iloc[[clip]])[0], world.sample_rate, said(seed)[clip])


def flow_panel(seed: int):
    """Clip, stage, loss, regularisation and threshold to move; every setting is fitted first, so that it answers at once."""
    for loss in LOSSES:
        for strength in STRENGTHS:
            linear_costs(seed, loss, strength)
    return explore(partial(stage, seed), clip=Choice("Clip", {words: i for i, words in enumerate(said(seed))}),
                   stage=Choice("Stage", STAGES, STAGES[3]), loss=Choice("Loss", LOSSES),
                   strength=Choice("C (weights)", {"0.001, held back": .001, "0.03": .03, "10, hardly held": 10.0}, .03),
                   threshold=Slider("Threshold", 0.0, .95, .5, .05))


def rate_worth(seed: int, price: float):
    """What a usable model is worth at each learning rate, and which rate is best, for a price of a failed run."""
    table = train_rates.by_rate(seed, price)
    best = table["worth"].idxmax()
    labels = [f"rate {rate:g}, {row.failed:.0f} of {train_rates.RUNS} fail" for rate, row in table.iterrows()]
    lost = table["worth"] - train_rates.POINT_WORTH * table["accuracy"]                # what failed runs cost
    spans = (train_rates.POINT_WORTH * table[["low", "high"]]).add(lost, axis=0).fillna(0).itertuples(index=False, name=None)
    ax = plots.bars(plots.axes(), labels, table["worth"].fillna(0).round(), list(spans), unit="worth of a usable model (cents)",
                    finding=f"If a failed run costs {price:.0f} cents, rate {best:g} is best in these runs")
    return ax.figure, f"failed run {price:.0f} cents: rate {best:g} is best, worth {table['worth'][best]:.0f} cents"


def rate_panel(seed: int):
    """The price of a failed run to move; which rate is worth most follows."""
    return explore(partial(rate_worth, seed), price=Slider("Failed run", 0, 2000, 0, 50, unit="cents"))


def register(model, threshold: float, card: dict, seed: int, folder: Path | None = None, run: str | None = None) -> tuple[Registry, int]:
    """Save a bundle (model, threshold, card table) and give it a version number in the registry, with its model card and the run that it came from."""
    registry, world = Registry(folder), World(seed)
    about = dict(lesson="04", seed=int(seed), data=f"{len(world.recordings('train'))} clips of {len(world.speakers['train'])} readers")
    place = bundle.save(model, float(threshold), world.cards["name"].to_dict(), registry.bundles, about=about)
    return registry, registry.register(place, card, run)
