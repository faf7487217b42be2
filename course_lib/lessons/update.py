"""Retrain, or mend something else? Actions by cause and price, data to learn from, a gate, a job that is triggered, a change record."""
import numpy as np
import pandas as pd

from course_lib.learn.check import exercise
from course_lib.learn.experiment import Claim, Evidence
from course_lib.lessons import update_actions as actions, update_cases as cases, update_data as data, update_gate as candidates
from course_lib.lessons.update_actions import CHANGE, LABELS, NOTHING, RECORD, REPLACE, RETIRE, TABLE, THRESHOLD, UPSTREAM
from course_lib.world.pool import Pool
from course_lib.world.world import World

LESSON = "10"


@exercise("10.1", cases=cases.losses, mistakes={
    "You divided by all of the shifted cost. Even a perfect repair only leads back to usual; the loss is `shifted - usual`.":
        lambda table: 100 * (table["shifted"] - table["after"]) / table["shifted"],
    "That is the share that is still lost. Asked for is what came back.":
        lambda table: 100 * (table["after"] - table["usual"]) / (table["shifted"] - table["usual"]),
    "You compared usual with after. How bad it was in between has to be in it, or a small loss and a large one look alike.":
        lambda table: 100 * table["usual"] / table["after"],
    "Your sign is turned: a repair that leads back to usual is 100, not -100.":
        lambda table: 100 * (table["after"] - table["shifted"]) / (table["shifted"] - table["usual"]),
    "These are shares; asked for is percent, so times 100.": lambda table: (table["shifted"] - table["after"]) / (table["shifted"] - table["usual"]),
}, hints=["What was lost: `table[\"shifted\"] - table[\"usual\"]`. What came back: `table[\"shifted\"] - table[\"after\"]`.",
          "Divide what came back by what was lost, times 100."],
    also=[lambda table: 100 - 100 * (table["after"] - table["usual"]) / (table["shifted"] - table["usual"])],
    why="A share of the loss lets repairs of different causes be compared; below 0, the action made things worse.")
def regained(table):
    """Percent of the loss that each action brings back."""
    lost = table["shifted"] - table["usual"]
    return 100 * (table["shifted"] - table["after"]) / lost


@exercise("10.2", cases=cases.renames, mistakes={
    "You kept everything. The same sound now stands there with two labels, the old figure's and the new one's.":
        lambda labelled, since, affected: labelled,
    "You kept recent rows only. What was said about all *other* names before the rename is still true, and dear to get again.":
        lambda labelled, since, affected: labelled[labelled["day"] >= since],
    "You dropped the old labels and kept the clicks since the rename. They were made by the model's own answers, which are the fault.":
        lambda labelled, since, affected: labelled[~(labelled["label"].isin(affected) & (labelled["day"] < since))],
    "You dropped the clicks and kept the affected cards' labels from before the rename. They were right then and are wrong now.":
        lambda labelled, since, affected: labelled[~((labelled["source"] == "click") & (labelled["day"] >= since))],
    "You dropped all clicks. Those from before `since` were nearly all right, except for the affected cards.":
        lambda labelled, since, affected: labelled[~(labelled["label"].isin(affected) & (labelled["day"] < since)) & (labelled["source"] != "click")],
    "Look at rows of day `since` itself: they are from after the change. A listener's label of that day is right; a click may not be.":
        lambda labelled, since, affected: labelled[np.where(labelled["day"] <= since, ~labelled["label"].isin(affected), labelled["source"] != "click")],
    "You dropped the affected cards' labels of all days. What a listener says from `since` on is said by the new names; only older labels are wrong.":
        lambda labelled, since, affected: labelled[~labelled["label"].isin(affected) & ~((labelled["source"] == "click") & (labelled["day"] >= since))],
}, hints=["Two kinds of rows are wrong: labels of affected cards from before `since`, and clicks from `since` on.",
          "`stale = labelled[\"label\"].isin(affected) & (labelled[\"day\"] < since)`; the other condition likewise; return the rows that are neither."],
    also=[lambda labelled, since, affected: labelled.drop(labelled.index[np.where(labelled["day"] < since, labelled["label"].isin(affected), labelled["source"] == "click")]),
          lambda labelled, since, affected: pd.concat([labelled[(labelled["day"] < since) & ~labelled["label"].isin(affected)],
                                                       labelled[(labelled["day"] >= since) & (labelled["source"] != "click")]]).sort_index()],
    why="A label is right at a time and from a source. Throw away what the incident may have made wrong, and no more.")
def sound_rows(labelled, since, affected):
    """The rows that a model may learn from after a rename."""
    old = labelled["day"] < since
    stale = old & labelled["label"].isin(affected)
    echo = ~old & (labelled["source"] == "click")
    return labelled[~stale & ~echo]


@exercise("10.3", cases=cases.gates, named=lambda seed: list(cases.GATES), mistakes={
    "Your gate looks at all requests only. One candidate ruins the watches, and the phones' gain hides it.":
        lambda found, margin: bool(found.loc["all requests", "low"] > 0),
    "Your gate takes the middle of the interval. One candidate's gain may be none, another's watches may lose 180 cents: look at `low`.":
        lambda found, margin: bool(found.loc["all requests", "saves"] > 0 and (found["saves"] >= -margin).all()),
    "Your gate refuses only where harm is proved. Too few watches prove nothing; that is no permission. No harm has to be shown: `low >= -margin`.":
        lambda found, margin: bool(found.loc["all requests", "low"] > 0 and (found["high"] >= -margin).all()),
    "Your gate asks every slice for a sure gain. A small loss within the margin was agreed on; or nothing would ever be released.":
        lambda found, margin: bool((found["low"] > 0).all()),
}, hints=["Two conditions: the gain on all requests is sure, and no slice may lose more than the margin, even at the worse end.",
          "`found.loc[\"all requests\", \"low\"] > 0`, and `(found[\"low\"] >= -margin).all()`."],
    also=[lambda found, margin: not (found.loc["all requests", "low"] <= 0 or found["low"].min() < -margin)],
    why="The whole interval has to lie above minus the margin: non-inferiority, slice by slice.")
def may_replace(found, margin):
    """Whether a candidate may replace the champion."""
    gains = found.loc["all requests", "low"] > 0
    return bool(gains and (found["low"] >= -margin).all())


def _total(options, per_day, days, wait=None, price=None):
    wait = options["wait"].clip(upper=days) if wait is None else wait
    lost = options["before"] * wait + options["after"] * (days - wait)
    return (options["price"] if price is None else price) + lost * per_day / 1000


@exercise("10.4", cases=cases.options, mistakes={
    "You chose the best quality. What it costs, and how long users wait for it, is not in it.": lambda options, per_day, days: options["after"].idxmin(),
    "You left out the price, or it hardly counts (losses are for 1,000 requests: times `per_day / 1000`). A small loss is then always worth a large job.":
        lambda options, per_day, days: _total(options, per_day, days, price=0).idxmin(),
    "You let every action work at once. Until the repair is there users go on losing `before`, and a maker may take two months.":
        lambda options, per_day, days: _total(options, per_day, days, wait=0).idxmin(),
    "You let users lose `after` on all days, and `before` on top while they wait. Afterwards only `days - wait` are left.":
        lambda options, per_day, days: (_total(options, per_day, days) + options["after"] * options["wait"] * per_day / 1000).idxmin(),
    "One action takes longer than `days`, and you count a negative time after it. Waiting cannot take longer than the days that count.":
        lambda options, per_day, days: _total(options, per_day, days, wait=options["wait"]).idxmin(),
}, hints=["Before an action works, users lose `before` for `wait` days; afterwards `after` for the rest of the days.",
          "Waiting cannot take longer than the days that count: `options[\"wait\"].clip(upper=days)`.",
          "Losses are for 1,000 requests: times `per_day / 1000`. Add the price, then `idxmin()`."],
    also=[lambda options, per_day, days: min(options.index, key=lambda name: options.loc[name, "price"] + per_day / 1000 * (
        options.loc[name, "before"] * min(options.loc[name, "wait"], days) + options.loc[name, "after"] * max(days - options.loc[name, "wait"], 0)))],
    named=lambda seed: ["a rename", "a fault that the maker repairs in 60 days", "one repaired in 14 days", "a small loss", "only 30 days ahead",
                         "a slow repair that leaves a part", "a replacement in 60 days that makes it worse, 30 days ahead", "a product dearer than its use"],
    why="Price, waiting and what is left are all money: the least sum decides, and it changes with the horizon.")
def cheapest(options, per_day, days):
    """The action of least total cost over so many days."""
    wait = options["wait"].clip(upper=days)
    lost = options["before"] * wait + options["after"] * (days - wait)
    total = options["price"] + lost * per_day / 1000
    return total.idxmin()


@exercise("10.5", value=True, mistakes={
    "Deleting everything is quick. Then nobody can answer what it said in March, or what became of whose voice.": lambda: set(),
    "Voices were recorded for this purpose and with a deadline. When the purpose ends, so does the permission.":
        lambda: {"change record", "model bundle", "fingerprint of the training data", "answer for clients that still ask", "recordings of voices"},
    "Clients go on asking for months. A service that is switched off without a word breaks products of people whom you never met.":
        lambda: {"change record", "model bundle", "fingerprint of the training data"},
    "Without the bundle nobody can compute again what the product answered in March. It is small, and holds no recording.":
        lambda: {"change record", "fingerprint of the training data", "answer for clients that still ask"},
    "A batch scores requests for a product; without the product nobody reads it. It only costs.":
        lambda: {"change record", "model bundle", "fingerprint of the training data", "answer for clients that still ask", "nightly batch"},
    "An alert wakes somebody for a model that serves nobody. Switch it off with the service.":
        lambda: {"change record", "model bundle", "fingerprint of the training data", "answer for clients that still ask", "alerts that page"},
}, hints=["Who may ask in a year, and for what? An auditor, an old client, a reader who wants to know what became of her voice.",
          "Four of the seven stay. Delete what holds voices; stop what wakes people, and what only a living product needs."],
    also=[lambda: ["model bundle", "change record", "answer for clients that still ask", "fingerprint of the training data"]],
    why="Keep what lets you explain the past and what clients still rely on; delete what you may no longer hold, and stop what wakes people.")
def keep():
    """What outlives a retired model."""
    return {"change record", "model bundle", "fingerprint of the training data", "answer for clients that still ask"}


def _saved(seed, cause="popularity reversed", pool=Pool()):
    """Cents for 1,000 requests that retraining on last month's labels saves against doing nothing; negative where it is worse."""
    world = World(seed, pool)
    return Evidence("cents saved in 1,000 requests", actions.cost(world, cause, NOTHING) - actions.cost(world, cause, LABELS), None, actions.MONTH, "One month's labels.")


def _nothing(seed, cause="noisier use", pool=Pool()):
    """Hundreds of cents that doing nothing saves in 90 days against the best of a raised threshold and recordings, their prices included."""
    totals = actions.total(actions.priced(World(seed, pool), cause, (NOTHING, THRESHOLD, RECORD)))
    return Evidence("hundreds of cents saved in 90 days", totals.drop(NOTHING).min() - totals[NOTHING], None, 90, "Prices of work are assumptions.")


def _least(seed, causes=actions.REPLACED, action=REPLACE, days=365, pool=Pool()):
    """Hundreds of cents by which an action's total is below that of every other one that was tried, after the cause where it is least so."""
    totals = [actions.total(actions.costs(seed, cause, pool=pool), days) for cause in causes]
    return Evidence(f"hundreds of cents saved in {days} days", min(float(one.drop(action).min() - one[action]) for one in totals), None, days,
                    "Prices of work and machines are assumptions.")


def _wasted(seed, causes=("louder microphones", "popularity reversed"), pool=Pool()):
    """Hundreds of cents that retraining on last month's labels costs in 90 days beyond doing nothing, after the cause where it costs least."""
    totals = [actions.total(actions.priced(World(seed, pool), cause, (NOTHING, LABELS))) for cause in causes]
    return Evidence("hundreds of cents lost in 90 days", min(float(one[LABELS] - one[NOTHING]) for one in totals), None, 90, "Prices of work are assumptions.")


def _retired(seed, kept=(NOTHING,), cause="renamed figures", pool=Pool()):
    """Hundreds of cents that retiring saves over a year against the best of some actions, all prices included."""
    totals = actions.total(actions.priced(World(seed, pool), cause, (*kept, RETIRE)), 365)
    return Evidence("hundreds of cents saved in a year", totals.drop(RETIRE).min() - totals[RETIRE], None, 365, "Upkeep and prices of work are assumptions.")


def _taught(seed, sound=False, pool=Pool()):
    """Percent of a rename's loss that comes back by training on all labels, or on the sound ones."""
    world, rows = World(seed, pool), data.sources(seed, pool)
    usual, shifted = (actions.cost(world, cause, NOTHING) for cause in (None, "renamed figures"))
    rows = sound_rows(rows, CHANGE, set(actions.mended(world))) if sound else rows
    return Evidence("percent of the loss that comes back", 100 * (shifted - data.taught(seed, rows, pool)) / (shifted - usual), None, len(rows), "One rename.")


def _forgets(seed, name=candidates.FORGETS, pool=Pool()):
    """1 where the gate refuses a candidate for the old names that it lost."""
    return Evidence("refused for old names", float(candidates.forgets(seed, name, pool)), None, candidates.AUDITED, "One margin.")


def _regains(cause, action):
    return lambda seed, **k: actions.regained(seed, cause, action, **k)


CLAIMS = [
    Claim("the card table mends a rename", LESSON, "Mending the card table brings back 80% or more of what renamed figures took; retraining on last month's labels does not.",
          _regains("renamed figures", TABLE), lambda e: e.value >= 80, control=_regains("renamed figures", LABELS)),
    Claim("recordings mend new names", LESSON, "Retraining with recordings of the new names brings back 80% or more; raising the threshold does not.",
          _regains("new names", RECORD), lambda e: e.value >= 80, control=_regains("new names", THRESHOLD)),
    Claim("the maker mends a firmware fault", LESSON, "The repair upstream brings back 80% or more of what the fault took; raising the threshold does not.",
          _regains("firmware fault", UPSTREAM), lambda e: e.value >= 80, control=_regains("firmware fault", THRESHOLD)),
    Claim("all labels do not mend a rename", LESSON, "Trained on all labels after a rename, 20% of the loss or less comes back; on the sound ones more.",
          _taught, lambda e: e.value <= 20, control=lambda seed, **k: _taught(seed, True, **k)),
    Claim("clicks echo the model", LESSON, "Since the rename 90 or more of 100 click labels of these figures are wrong; before it few were.",
          data.click_labels, lambda e: e.value >= 90, control=lambda seed, **k: data.click_labels(seed, False, **k)),
    Claim("recent labels alone can be worse than nothing", LESSON, "After popularity reversed, retraining on last month's labels costs 20 cents more in 1,000 requests than doing nothing.",
          _saved, lambda e: e.value <= -20, control=lambda seed, **k: _saved(seed, "renamed figures", **k)),
    Claim("recent labels forget", LESSON, "A model of recent labels alone loses 8 or more of 100 old names; trained on all data it does not.",
          data.forgetting, lambda e: e.data["before"] - e.value >= 8, control=lambda seed, **k: data.forgetting(seed, data.ALL, **k)),
    Claim("the gate sees the forgetting", LESSON, "The gate refuses recent labels alone for the old names that are lost, and has nothing against recordings there.",
          _forgets, lambda e: e.value == 1, control=lambda seed, **k: _forgets(seed, candidates.SOUND, **k)),
    Claim("active choice finds new names", LESSON, "Among the least confident requests new names are 1.5 times as frequent as in a random draw, or more.",
          data.found_new, lambda e: e.value >= 1.5, control=lambda seed, **k: data.found_new(seed, data.RANDOM, **k)),
    Claim("active choice misleads an estimate", LESSON, "The least confident requests suggest 20 failures in 100 too many, or more; a random draw does not.",
          data.estimate, lambda e: e.value - e.data["truth"] >= 20, control=lambda seed, **k: data.estimate(seed, data.RANDOM, **k)),
    Claim("own labels make it worse", LESSON, "Training on own confident answers adds 50 cents in 1,000 requests or more; a listener's labels of the same requests do not.",
          data.own_labels, lambda e: e.value >= 50, control=lambda seed, **k: data.own_labels(seed, True, **k)),
    Claim("the same kind is not worth its price in noise", LESSON,
          "Under noisier use neither a raised threshold nor recordings for the same kind of model cost less in 90 days than doing nothing; for new names recordings do.",
          _nothing, lambda e: e.value > 0, control=lambda seed, **k: _nothing(seed, "new names", **k)),
    Claim("another kind of model hears through noise", LESSON, "Replaced by the slow kind, trained on the same recordings, 65% or more of what noise took comes back; retrained, the old kind does not.",
          _regains("noisier use", REPLACE), lambda e: e.value >= 65, control=_regains("noisier use", RECORD)),
    Claim("a replacement pays over a year", LESSON, "Under noisier use and in a new market replacing the model has the least total cost of all actions over a year; over a month it has not.",
          _least, lambda e: e.value > 0, control=lambda seed, **k: _least(seed, days=30, **k)),
    Claim("where nothing is broken retraining is wasted", LESSON,
          "After louder microphones and reversed popularity, retraining on last month's labels costs at least 500 € more in 90 days than doing nothing; after a rename it does not.",
          _wasted, lambda e: e.value >= 500, control=lambda seed, **k: _wasted(seed, ("renamed figures",), **k)),
    Claim("a rename that nobody mends is a reason to retire", LESSON,
          "Left with renamed figures for a year, retiring the product costs less than doing nothing; once the card table may be mended, it does not.",
          _retired, lambda e: e.value > 0, control=lambda seed, **k: _retired(seed, (NOTHING, TABLE), **k)),
]
