"""What lesson 03 shows: the booth, what others labelled, and two figures to move."""
from functools import partial

import numpy as np
import pandas as pd

from course_lib.cycle.annotators import OUTSIDE, alike, annotate, crew, heard, right_labels
from course_lib.learn.booth import booth
from course_lib.learn.widgets import Choice, Slider, explore
from course_lib.lessons import label_noise, label_votes
from course_lib.world import speech
from course_lib.world.draws import keyed
from course_lib.world.pool import first_name
from course_lib.world.tables import table
from course_lib.world.world import World

NO_CARD = "somebody without a card"


def to_label(seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Six clips of the first batch, two of them sound-alikes, and what the product suggests for each.

    Where speech cannot be made they are six of the clips that ship with the course.
    """
    rows, suggested = label_votes.batch(seed) if speech.available() else shipped(seed)
    kind, rng, chosen = pd.Series(heard(rows)).map(label_votes.KINDS).to_numpy(str), keyed(seed, "lesson 03", "booth"), []
    for name in ("whole names", "sound-alikes", "sound-alikes", "first names", "cut off", "outside"):
        there = [i for i in np.flatnonzero(kind == name) if i not in chosen]
        chosen += [int(rng.choice(there))] if there else []
    places = rng.permutation(chosen)
    return rows.iloc[places], suggested[places]


def shipped(seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Clips whose audio ships with the course, and what the product suggests for each."""
    world = World(seed)
    rows = world.audible(everything=True)
    rows["id"] = [f"shipped-{clip:05d}" for clip in rows["recording"]]
    return rows, label_votes.product(seed).predict(world.features(rows))


def label_six(seed: int, key: str = "03.labels"):
    """The booth with six clips; the product's best guess stands below each."""
    world, (rows, suggested) = World(seed), to_label(seed)
    names = pd.concat([world.cards["name"], table("others")["name"]])
    meant = [card for card in rows["card"] if card]
    likely = sorted({*suggested, *meant, *(other for card in [*meant, *suggested] for other in alike().get(card, [])[:2])})
    where = "" if speech.available() else "; a reader's clip, as no speech can be made on this machine"
    notes = [f"{_spoken(row.kind, names[row.said])} (the screen suggests {names[best]}{where})" for row, best in zip(rows.itertuples(), suggested)]
    return booth(key, world.clips(rows), world.sample_rate, {**{names[c]: c for c in likely[:12]}, NO_CARD: OUTSIDE}, notes)


def _spoken(kind, name):
    if kind == "cut":
        return f"{name[:max(3, round(.55 * len(name)))]}…"
    return first_name(name) if kind == "first" else name


def _shown(labels):
    names = World(0).cards["name"]
    return [NO_CARD if one == OUTSIDE else names.get(one, one) if one else "not labelled" for one in labels]


def beside_others(seed: int, made) -> pd.DataFrame:
    """Your labels beside those of three annotators who had no guideline."""
    rows, suggested = to_label(seed)
    given = annotate(seed, rows, crew(seed, 3, "own words"), suggested)
    others = {name: _shown(part["label"]) for name, part in given.groupby("annotator", sort=False)}
    return pd.DataFrame({"you": _shown(made.chosen), **others}, index=_clips(made))


def beside_guideline(seed: int, first, again) -> pd.DataFrame:
    """Your labels before and after the guideline, and what it asks for."""
    asked = right_labels(to_label(seed)[0])
    return pd.DataFrame({"you, before": _shown(first.chosen), "you, after": _shown(again.chosen), "the guideline": _shown(asked)}, index=_clips(first))


def _clips(made):
    return pd.RangeIndex(1, len(made.clips) + 1, name="clip")


def votes_figure(seed: int, people: int = 5, misread: int = 0, clips: int = label_votes.WEEK):
    """Three ways on 400 clips, for a crew of which so many percent misread the rule on sound-alikes."""
    return label_votes.compare.__wrapped__(seed, people, round(misread * people / 100), clips)


def votes_panel(seed: int):
    """Crew, misreading and batch to move; the best way follows."""
    return explore(partial(votes_figure, seed), people=Choice("People", {"3": 3, "5": 5, "7": 7}, 5), misread=Slider("Misread", 0, 100, 0, 10, unit="%"),
                   clips=Choice("Clips at once", {"100 (a week)": 100, "200": 200, "400 (a month)": 400}, 100))


def price_figure(seed: int, price: float = 2, requests: int = 20_000):
    """What more votes a clip save, labels and errors together."""
    return label_noise.worth.__wrapped__(seed, price, requests)


def price_panel(seed: int):
    """Price of a vote and requests served to move, from a pilot to lesson 01's month; the number of votes that costs least follows."""
    served = {f"{n:,}": n for n in (20_000, 100_000, 300_000, 1_000_000, 5_000_000, label_noise.MONTH)}
    return explore(partial(price_figure, seed), price=Slider("A vote", 1, 10, 2, unit="cents"), requests=Choice("Requests served", served, 20_000))
