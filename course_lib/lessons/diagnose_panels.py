"""What lesson 05 lets you hear and move: confusions, doubtful labels, traffic, the threshold of a promise."""
from functools import lru_cache, partial
from typing import Sequence

import numpy as np
import pandas as pd

from course_lib.cycle import diagnose, labels_in_doubt
from course_lib.learn import plots
from course_lib.learn.audio import player, players
from course_lib.learn.lesson import decide
from course_lib.learn.markup import Markup
from course_lib.learn.widgets import Choice, Slider, explore
from course_lib.lessons import diagnose_first as what_first, diagnose_laps as laps, diagnose_trust as trust
from course_lib.world import speech
from course_lib.world.draws import keyed
from course_lib.world.pool import NATIVE
from course_lib.world.world import World

PROBLEMS = (what_first.MARKET, what_first.ROOMS, what_first.ALIKE, what_first.LABELS)
_SLICES = {"all requests": (), "new market": ("es-voice", "fr-voice", "it-voice"), "noisy rooms": laps.LOUD}


def native_confusions(seed: int, top: int = 5) -> pd.DataFrame:
    """The most frequent confusions of native voices in usual rooms, by name."""
    world = World(seed)
    rows = laps.names(world)
    found = diagnose.confusions(rows[rows["group"].isin(NATIVE) & ~rows["room"].isin(laps.LOUD)], top)
    return found.assign(meant=found["meant"].map(world.cards["name"]), shown=found["shown"].map(world.cards["name"])).round(3)


def sounds(world: World, rows: pd.DataFrame, cards: Sequence[str]) -> tuple[list[np.ndarray], str]:
    """Clips of rows, and nothing to add; where speech cannot be made, shipped clips of the cards that were said, and words that say so."""
    if speech.available():
        return world.clips(rows), ""
    shipped = world.audible().drop_duplicates("card").set_index("card", drop=False)
    return world.clips(shipped.loc[list(cards)]), " (the name by another reader: no speech can be made on this machine)"


def hear_confusions(seed: int, pairs: int = 2) -> Markup:
    """Requests that got a wrong card, each beside a request for the card that was shown, by the same voice where there is one.

    Where speech cannot be made, clips that ship with the course stand in: the same names by another reader.
    """
    world = World(seed)
    rows, names = laps.names(world), world.cards["name"]
    rows = rows[rows["group"].isin(NATIVE) & ~rows["room"].isin(laps.LOUD)]
    shown = []
    for meant, best in diagnose.confusions(rows, pairs)[["meant", "shown"]].itertuples(index=False):
        wrong = rows[(rows["label"] == meant) & (rows["best"] == best)].head(1)
        others = rows[(rows["label"] == best) & rows["right"]]
        other = others.assign(far=others["speaker"] != wrong["speaker"].iloc[0]).sort_values("far", kind="stable").head(1)
        (one, two), by = sounds(world, pd.concat([wrong, other]), [meant, best])
        shown.append(player(one, world.sample_rate, names[meant], f"meant {names[meant]}, got {names[best]}{by}"))
        shown.append(player(two, world.sample_rate, names[best], f"meant {names[best]}, got it{by}"))
    return players(shown)


def hear_doubts(seed: int, count: int = 3) -> Markup:
    """Some delivered labels in deep doubt, all but one between names that sound alike: what is heard, and what the label says."""
    world = World(seed)
    rows, names = laps.delivered(world), world.cards["name"]
    found = labels_in_doubt.label_issues(rows["label"], laps.out_of_fold(world))
    alike = [other in laps.families().get(label, ()) for label, other in zip(found["label"], found["suggested"])]
    order = found.assign(slip=~np.array(alike))[found["issue"]].sort_values("own", kind="stable")
    worst = [*order.index[~order["slip"]][:count - 1], *order.index[order["slip"]][:1]]
    clips, by = sounds(world, rows.iloc[worst], rows["card"].iloc[worst])
    return players([player(clip, world.sample_rate, names[rows["card"].iloc[i]],
                           f"label {names[found['label'][i]]}, model {names[found['suggested'][i]]}{by}") for clip, i in zip(clips, worst)])


def traffic(seed: int, market: float, noisy: float):
    """The figure of what to mend first if other shares of the names came from the new market and from noisy rooms, and its words."""
    evidence = what_first.priority.__wrapped__(seed, market / 100, noisy / 100)
    first, gain, sure = (evidence.data[name] for name in ("first", "gain", "sure"))
    words = f"{market}% new market, {noisy}% noisy rooms: mend {first} first, it saves {gain[first]:.0f} errors in 1,000 names" + ("" if sure else "; its lead may be chance")
    return evidence.draw(plots.axes(7, 4)).figure, words


def traffic_panel(seed: int):
    """Shares of the traffic to move; what to mend first follows."""
    shares = what_first.candidates(seed)["share"]
    return explore(partial(traffic, seed), market=Slider("new market", 0, 60, round(100 * shares[what_first.MARKET]), unit="%"),
                   noisy=Slider("noisy rooms", 0, 60, round(100 * shares[what_first.ROOMS]), unit="%", help="Percent of all names."))


def fix_first(problem: str) -> str:
    """Keep what you would mend first; ValueError names the four problems."""
    if problem not in PROBLEMS:
        raise ValueError(f"{problem!r} arrived; one of {', '.join(map(repr, PROBLEMS))} is expected")
    decide("fix_first", problem)
    return problem


def after_one_lap(seed: int, mine: str) -> pd.DataFrame:
    """Errors in 1,000 names of the pilot: now, after the lap that you chose, and after the team's.

    `saves` is what a lap saves, with its 95% interval over the same voices.
    """
    world = World(seed)
    trials, speakers = what_first.trials(world), laps.names(world)["speaker"]
    now, out = trials[what_first.LABELS, "now"], {}
    for name, lap in {"nothing mended": None, f"yours: {mine}": mine, f"the team's: {what_first.LABELS}": what_first.LABELS}.items():
        saved = now * 0 if lap is None else (trials[lap, "now"] - trials[lap, "after"]).fillna(0)
        low, high = diagnose.interval(saved, speakers, keyed(seed, "after one lap"))
        out[name] = dict(errors=(now - saved).mean(), saves=saved.mean(), saves_low=low, saves_high=high)
    return pd.DataFrame.from_dict(out, orient="index").round().astype(int)


_curve = lru_cache(maxsize=8)(lambda seed, column, values: trust.curve(seed, **({column: list(values)} if values else {})))


def promise_at(seed: int, threshold: float, requests: str = "all requests"):
    """The figure of risk over thresholds with one of them marked, and what it means for the promise in words."""
    values = _SLICES[requests]
    table = _curve(seed, "room" if requests == "noisy rooms" else "group", values)
    at = int((table["threshold"] - threshold).abs().idxmin())
    answered, risk, low, high = (100 * table[name][at] for name in ("answered", "risk", "low", "high"))
    if not answered:
        raise ValueError(f"at {threshold:.2f} nothing is answered in {requests}; move the threshold down")
    verdict = "promise kept" if high <= 2 else "promise broken" if low > 2 else "promise not shown"
    ax = plots.timeline(plots.axes(7, 3.8), table["threshold"], {"wrong among the cards shown": 100 * table["risk"]}, {threshold: "yours"},
                        time="threshold", unit="% wrong", finding=f"{verdict.capitalize()}: {answered:.0f} in 100 are answered, {risk:.1f}% of the cards are wrong")
    ax.fill_between(table["threshold"], 100 * table["low"], 100 * table["high"], color=plots.COLOURS[0], alpha=.2)
    ax.axhline(2, color=plots.COLOURS[1], linestyle="--", marker="")
    ax.annotate("promised: 2%", (1, 2), xycoords=ax.get_yaxis_transform(), xytext=(-4, 4), textcoords="offset points", ha="right")
    words = f"threshold {threshold:.2f}, {requests}: {answered:.0f} in 100 answered, {risk:.1f}% wrong (95%: {low:.1f} to {high:.1f}), {verdict}"
    return ax.figure, words


def promise_panel(seed: int):
    """Threshold and slice to move; risk, coverage and the verdict on the promise follow."""
    return explore(partial(promise_at, seed), threshold=Slider("threshold", .3, .98, .5, .02), requests=Choice("requests", list(_SLICES)))
