"""What lesson 00 shows and serves: panels over start_here's experiments, a booth, a live service."""
from functools import partial

import numpy as np
import pandas as pd

from course_lib.cycle import bundle
from course_lib.cycle.process import Service, models, start
from course_lib.learn import plots
from course_lib.learn.audio import player, wav
from course_lib.learn.booth import booth
from course_lib.learn.widgets import Choice, Slider, explore, say_widget
from course_lib.lessons import spring
from course_lib.lessons.start_here import cost_per_1000
from course_lib.world import speech
from course_lib.world.draws import keyed
from course_lib.world.pool import first_name
from course_lib.world.say import say
from course_lib.world.tables import table
from course_lib.world.world import World

_VOICES = {"American": "american", "New York": "newyork", "British": "british", "es-voice reader": "es-voice",
           "fr-voice reader": "fr-voice", "it-voice reader": "it-voice"}
_NOISE = {"quiet room": ("quiet", 25), "kitchen": ("kitchen", 12), "street": ("street", 6), "crowd": ("crowd", -3)}


def say_a_name():
    """Type any name and hear it; where speech cannot be made, four recorded clips instead."""
    if not speech.available():
        return heard_before()
    def speak(text, voice, device, noise):
        room, snr_db = noise
        return say(text, voice, device, room, snr_db)
    return say_widget(speak, _VOICES, list(table("devices").index), _NOISE, text="Stella Moreno")


def heard_before():
    """Four clips whose audio ships with the course."""
    from course_lib.learn.audio import players
    world = World(0)
    rows = world.audible().sample(4, random_state=0)
    names = world.cards["name"]
    return players([player(clip, world.sample_rate, names[row.card], f"{row.group}, {row.device}")
                    for clip, row in zip(world.clips(rows), rows.itertuples())])


def choices(wrong_card_costs: float = 4, readers: int = 24, update_path: bool = True) -> dict:
    """The three choices of scope, checked; they are drawn beside the reference team's."""
    if not 1 <= wrong_card_costs <= 10:
        raise ValueError(f"wrong_card_costs is {wrong_card_costs}; a number from 1 to 10 is expected")
    if readers not in spring.TEAMS:
        raise ValueError(f"readers is {readers}; one of {', '.join(map(str, spring.TEAMS))} is expected")
    if not isinstance(update_path, bool):
        raise ValueError(f"update_path is {update_path!r}; True or False is expected")
    return dict(wrong_card_costs=wrong_card_costs, readers=readers, update_path=update_path)


def requests_to_label(seed: int) -> pd.DataFrame:
    """Five requests of six weeks: two whole names, a shared first name alone, one cut off, one outside the catalogue.

    Where speech cannot be made they are five of the clips that ship with the course.
    """
    world = World(seed)
    rows = world.days(0, spring.SPRING_DAY) if speech.available() else world.audible(everything=True)
    own = rows["card"] != ""
    shared = rows["card"].isin([card for card in world.catalogue() if len(_sharing(world, card)) > 1])
    whole = own & (rows["kind"] == "full")
    wanted = [shared & (rows["kind"] == "first"), shared & (rows["kind"] == "cut"), ~own, whole & ~shared, whole]
    rng, chosen = keyed(seed, "lesson 00", "to label"), []
    for mask in wanted:
        there = [i for i in np.flatnonzero(mask) if i not in chosen]
        chosen += [int(rng.choice(there))] if there else []
    return rows.iloc[rng.permutation(chosen)]


def label_a_few(seed: int):
    """The booth with five requests and ten cards to choose from."""
    world, rows = World(seed), requests_to_label(seed)
    names = world.cards["name"]
    heard = pd.concat([names, table("others")["name"]])[rows["said"]]
    where = "" if speech.available() else " (a reader's clip, as no speech can be made on this machine)"
    notes = [_note(kind, name) + where for kind, name in zip(rows["kind"], heard)]
    meant = [card for card in rows["card"] if card]
    likely = [other for card in meant for other in _sharing(world, card)] + ["c01", "c02", "c04", "c06"]
    return booth("00.labels", world.clips(rows), world.sample_rate, {names[c]: c for c in sorted(set(likely))[:12]}, notes)


def _sharing(world, card):
    """Cards of the catalogue that begin with the same first name, the card itself among them."""
    names = world.cards["name"]
    return [other for other in world.catalogue() if first_name(names[other]) == first_name(names[card])]


def _note(kind, name):
    if kind == "cut":
        return f"{name[:max(3, round(.55 * len(name)))]}… (it breaks off)"
    return first_name(name) if kind == "first" else name


def compare_labels(seed: int, made) -> pd.DataFrame:
    """Your labels beside what each user meant, and what could be known."""
    rows, names = requests_to_label(seed), World(seed).cards["name"]
    meant = [names[c] if c else "someone outside the catalogue" for c in rows["card"]]
    world, heard = World(seed), {"full": "the whole name", "first": "the first name only", "cut": "the beginning"}
    known = ["no" if not card else "yes" if kind == "full" else f"one of {len(_sharing(world, card))} cards"
             for card, kind in zip(rows["card"], rows["kind"])]
    yours = [names.get(label, label) if label else "not labelled" for label in made.chosen]
    return pd.DataFrame({"you": yours, "the user meant": meant, "said": [heard[kind] for kind in rows["kind"]], "could be known": known})


def threshold_cost(seed: int, threshold: float, price: float):
    """A figure of the pilot's costs over all thresholds, one of them marked, and its numbers in words."""
    costs = spring.pilot(seed)
    total = cost_per_1000(costs["wrong"], costs["sorry"], 1000, price)
    at = int((costs["threshold"] - threshold).abs().idxmin())
    lines = {"wrong cards × price": price * costs["wrong"], "needless “sorry?”": costs["sorry"], "total": total}
    ax = plots.timeline(plots.axes(), costs["threshold"], lines, {threshold: "yours"}, time="threshold",
                        unit="cents for 1,000 requests", finding=f"At {threshold:.2f}, 1,000 requests cost {total[at]:.0f}; the least is {total.min():.0f}")
    words = (f"threshold {threshold:.2f}: {costs['wrong'][at]:.0f} wrong cards and {costs['sorry'][at]:.0f} needless “sorry?” "
             f"in 1,000 requests, cost {total[at]:.0f}")
    return ax.figure, words


def threshold_panel(seed: int, mine: dict):
    """Threshold and price to move; the pilot's costs follow."""
    return explore(partial(threshold_cost, seed), threshold=Slider("threshold", 0.0, .95, .9, .05),
                   price=Slider("wrong card costs", 1, 10, int(mine["wrong_card_costs"])))


def readers_panel(seed: int):
    """Readers of the new names to move; what comes back, and what it costs, follows."""
    def recorded(readers):
        evidence = spring.repair.__wrapped__(seed, readers)
        words = f"{readers} readers: {evidence.value:.0f}% of the loss comes back; recording costs {evidence.data['cost']:,.0f} cents"
        return evidence.draw(plots.axes(7, 3.8)).figure, words
    return explore(recorded, readers=Choice("readers", [2, 0, 1, 4, 8, 16, 24]))


def serve(model, threshold: float, seed: int) -> Service:
    """Save a model with all that its answers depend on, make it the champion, and start the service."""
    world = World(seed)
    about = dict(lesson="00", seed=int(seed), training_rows=len(world.recordings("train")))
    bundle.point(models(), bundle.save(model, float(threshold), world.cards["name"].to_dict(), models(), about=about))
    return start()


def _sample(seed, week, count):
    """Requests of one week of spring, from a few users' devices so that their audio is quickly made."""
    world = World(seed)
    rows = world.days(7 * week, 7 * week + 7, spring.SPRING)
    few = keyed(seed, "lesson 00", "devices").permutation(rows["speaker"].unique())[:4]
    rows = rows[rows["speaker"].isin(few)].head(count)
    return world, rows


def send_one(service: Service, seed: int) -> dict:
    """One whole name, said in a quiet room, over HTTP; returns the service's answer."""
    world, rows = _sample(seed, 3, 200)
    clear = rows[(rows["kind"] == "full") & (rows["room"] == "quiet") & (rows["card"] != "")].head(1)
    return service.recognize(wav(world.clips(clear)[0], world.sample_rate))


def cost_of_waiting(seed: int, mine: dict) -> pd.DataFrame:
    """Requests that fail while the update path is being built: with the path ready, without it, and by the learner's choice."""
    weeks = [0, 4, 0 if mine["update_path"] else 4]
    failed = [int(spring.waiting(seed, weeks=n).value) for n in weeks]
    return pd.DataFrame({"weeks until the mend": weeks, "requests that fail": failed}, index=["built before launch", "built afterwards", "your choice"])


def send_a_sample(service: Service, seed: int, week: int, count: int = 200) -> pd.DataFrame:
    """Some requests of one week over HTTP; returns their rows of the service's own log."""
    world, rows = _sample(seed, week, count)
    for clip, row in zip(world.clips(rows), rows.itertuples()):
        service.recognize(wav(clip, world.sample_rate), row.device, row.user, row.day)
    return service.log().tail(len(rows)).reset_index(drop=True)


def signals_figure(seed: int):
    """Four signals over twelve weeks, each against its mean of the usual weeks."""
    signals = spring.signals(seed)
    share = 100 * signals / signals.loc[:5].mean()
    lines = {"requests": share["requests"], "confidence": share["confidence"], "“sorry?”": share["sorry"], "asks again": share["re_asks"]}
    ax = plots.timeline(plots.axes(), signals.index, lines, {5.5: "spring"}, time="week after launch", unit="% of the usual weeks",
                        finding="Users ask again; the volume says nothing")
    return plots.as_image(ax.figure, "Four signals by week, in percent of the usual weeks: " + "; ".join(
        f"{name} {values.loc[:5].mean():.0f} before spring and {values.loc[6:].mean():.0f} after" for name, values in lines.items()))
