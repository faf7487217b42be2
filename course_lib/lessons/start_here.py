"""Would you ship it? One spring of the product, from launch to the day users stop getting their cards."""
import numpy as np
import pandas as pd

from course_lib.learn.check import exercise
from course_lib.learn.experiment import Claim, Evidence
from course_lib.lessons import spring
from course_lib.world.pool import Pool

LESSON = "00"


_PICKS = [("none", "a usual week", tuple(range(6, 12))), ("spring", "a week of spring", (6, 7, 9, 11)),
          ("louder_microphones", "a week with louder microphones", (6, 10)), ("season", "a week of holidays", (6, 7))]


def _weeks(seed):
    """Cases of the alarm: six usual weeks, four of spring, two louder ones, two of a holiday season."""
    usual = spring.signals(seed, "none")
    return [(usual.loc[:5].copy(), spring.signals(seed, events).loc[week].copy()) for events, _, weeks in _PICKS for week in weeks]


_BILLS = [(12, 30, 400, 4), (7, 0, 250, 1), (0, 25, 1000, 4), (3, 9, 500, 10)]


@exercise("00.1", cases=lambda seed: list(_BILLS), mistakes={
    "You priced both errors the same: a wrong card costs `price`, only the needless \"sorry?\" costs 1.":
        lambda wrong, needless, requests, price: 1000 * (wrong + needless) / requests,
    "That is the cost of all requests together. Bring it to 1,000 requests, or no two weeks can be compared.":
        lambda wrong, needless, requests, price: price * wrong + needless,
    "That is the cost of one request. The question is about 1,000 of them.":
        lambda wrong, needless, requests, price: (price * wrong + needless) / requests,
    "The price belongs to the wrong cards; you multiplied the needless \"sorry?\" by it.":
        lambda wrong, needless, requests, price: 1000 * (wrong + price * needless) / requests,
}, hints=["What do all wrong cards cost together? And all needless \"sorry?\"?",
          "Divide by the number of requests, then multiply by 1,000."],
    also=[lambda wrong, needless, requests, price: (price * wrong + needless) / requests * 1e3],
    why="Costs add up by kind of error; per 1,000 requests they can be compared between weeks and products.")
def cost_per_1000(wrong, needless, requests, price):
    """Counts of errors among `requests`, and the price of a wrong card."""
    return 1000 * (price * wrong + needless) / requests


@exercise("00.2", cases=lambda seed: [(spring.pilot(seed).copy(), price) for price in (1, 4, 9)], mistakes={
    "That threshold sends the fewest wrong cards, by saying \"sorry?\" to nearly everybody. Count that cost, too.":
        lambda table, price: table["threshold"][table["wrong"].idxmin()],
    "That is where the two errors add up to the fewest. A wrong card costs `price` times as much.":
        lambda table, price: table["threshold"][(table["wrong"] + table["sorry"]).idxmin()],
    "That is the number of the row. The threshold stands in that row's column `threshold`.":
        lambda table, price: (price * table["wrong"] + table["sorry"]).idxmin(),
    "That is the least cost itself. Asked for is the threshold at which it occurs.":
        lambda table, price: (price * table["wrong"] + table["sorry"]).min(),
    "The price belongs to the wrong cards; you multiplied the needless \"sorry?\" by it.":
        lambda table, price: table["threshold"][(table["wrong"] + price * table["sorry"]).idxmin()],
}, hints=["Make a column of costs: the price times the wrong cards, plus the needless \"sorry?\".",
          "`cost.idxmin()` is the row of least cost; the answer is that row's threshold."],
    also=[lambda table, price: min(zip(price * table["wrong"] + table["sorry"], table["threshold"]))[1]],
    why="The best threshold follows from the prices; nobody can choose it without them.")
def best_threshold(table, price):
    """Threshold of least cost, if a wrong card costs `price`."""
    cost = price * table["wrong"] + table["sorry"]
    return table["threshold"][cost.idxmin()]


def _latencies(seed):
    rng = np.random.default_rng(seed)
    return [(pd.Series(rng.lognormal(2, .5, size)),) for size in (600, 1000)]


@exercise("00.3", cases=_latencies, mistakes={
    "That is the mean. It can look fine while one request in twenty takes five times as long.": lambda milliseconds: np.mean(milliseconds),
    "That is the slowest request of all: one accident decides it. A percentile is steadier.": lambda milliseconds: np.max(milliseconds),
    "numpy's `percentile` counts from 0 to 100, and .95 is less than one percent: write 95.": lambda milliseconds: np.percentile(milliseconds, .95),
}, hints=["Sort them in your mind: which one has 95% of the others before it?", "numpy has `np.percentile(values, 95)`; pandas `series.quantile(.95)`."],
    also=[lambda milliseconds: milliseconds.quantile(.95), lambda milliseconds: sorted(milliseconds)[int(.95 * len(milliseconds))],
          lambda milliseconds: sorted(milliseconds)[int(.95 * len(milliseconds)) - 1]],
    close=.05,
    why="Users feel the slow tail, not the mean; service-level objectives are written in percentiles.")
def p95(milliseconds):
    """The 95th percentile of a Series of milliseconds."""
    return np.percentile(milliseconds, 95)


@exercise("00.4", cases=_weeks, mistakes={
    "You page when microphones get louder. The level changed, and not one answer did: an alarm says different, not worse.":
        lambda usual, week: bool(abs(week["level_db"] - usual["level_db"].mean()) > 1 or week["re_asks"] > 1.5 * usual["re_asks"].mean()),
    "You page when a holiday brings more requests. More users are not more unhappy users.":
        lambda usual, week: bool(week["requests"] > 1.2 * usual["requests"].mean() or week["re_asks"] > 1.5 * usual["re_asks"].mean()),
    "Your rule fires on any week that differs from the mean at all; every week does. Leave room for chance.":
        lambda usual, week: bool(week["re_asks"] > usual["re_asks"].mean()),
    "Your rule fires whenever *any* signal is unusual, so louder microphones and holidays wake somebody, too. Choose signals of harm.":
        lambda usual, week: bool(((week - usual.mean()).abs() > 3 * usual.std() + 1e-9).any()),
}, hints=["Which columns react when a user did not get a card: `level_db`, `requests`, `sorry`, `confidence`, `re_asks`?",
          "Compare one of them with its mean over the usual weeks, and leave room for chance: half as much again, say."],
    also=[lambda usual, week: bool(week["re_asks"] - usual["re_asks"].mean() > 40), lambda usual, week: week["sorry"] > 1.4 * usual["sorry"].mean()],
    named=lambda seed: [words for _, words, weeks in _PICKS for _ in weeks],
    why="Asking again, \"sorry?\" and confidence are near to what users feel; level and volume are not.")
def page(usual, week):
    """Whether to wake somebody: six usual weeks as a table, one new week as a row."""
    return week["re_asks"] > 1.5 * usual["re_asks"].mean()


@exercise("00.5", value=True, mistakes={
    "More recordings of a name teach its sound; the model knows that sound already, and answers with the card it was taught.": lambda: "record more readers",
    "A higher threshold turns other users' right cards into \"sorry?\"; the model is as sure of these names as before.": lambda: "raise the threshold",
    "A larger model hears the same sound and gives the same old card.": lambda: "use a larger model",
}, hints=["Is it the sound that changed, or what the sound stands for?", "Where is it written which card belongs to a name?"],
    why="The sound is recognised; only the table that says whose card it is has gone out of date.")
def action():
    """What to do about the renamed figures."""
    return "mend the card table"


def _few_readers(seed, readers=8, pool=Pool()):
    """What a few readers bring back, as a part of what the full team does."""
    few, many = spring.repair(seed, readers, pool=pool), spring.repair(seed, pool=pool)
    return Evidence("part of the full team's gain", few.value / many.value, None, few.n, "Twelve new names of one synthesiser.")


def _price_moves(seed, price=1, pool=Pool()):
    """How far the threshold of least cost falls when a wrong card costs `price` instead of 4."""
    table = spring.pilot(seed, pool)
    moved = best_threshold(table, 4) - best_threshold(table, price)
    return Evidence("fall of the best threshold", float(moved), None, 1800, "One pilot week of one product.")


CLAIMS = [
    Claim("launch accuracy", LESSON, "The launch model recognises 90 to 97 of 100 names of unseen readers; with two readers to learn from it does not.",
          spring.launch, lambda e: .90 <= e.value <= .97, control=lambda seed, **k: spring.launch(seed, readers=2, **k)),
    Claim("more readers help", LESSON, "24 readers instead of two gain 10 points or more on unseen readers.",
          spring.teams, lambda e: e.value >= 10, control=lambda seed, **k: spring.launch(seed, **k)),
    Claim("the price moves the threshold", LESSON, "At a price of 1 instead of 4 the threshold of least cost is lower by .05 or more.",
          _price_moves, lambda e: e.value >= .049, control=lambda seed, **k: _price_moves(seed, 4, **k)),
    Claim("a third of the readers brings back more than half", LESSON, "Eight readers of the new names bring back more than half of what 24 do; two do not.",
          _few_readers, lambda e: e.value > .5, control=lambda seed, **k: _few_readers(seed, 2, **k)),
    Claim("renamed figures cost most", LESSON, "The renamed figures cost 1.2 times what the new names cost, or more.",
          spring.bill, lambda e: e.value >= 1.2, control=lambda seed, **k: spring.bill(seed, mended=True, **k)),
    Claim("waiting costs", LESSON, "Four weeks without an update path let 500 or more requests fail that need not; with no wait none.",
          spring.waiting, lambda e: e.value >= 500, control=lambda seed, **k: spring.waiting(seed, weeks=0, **k)),
    Claim("production decays", LESSON, "Production loses at least 15 points of accuracy in spring; without the events it does not.",
          spring.decay, lambda e: e.value >= 15, control=lambda seed, **k: spring.decay(seed, changed=False, **k)),
    Claim("new names come back", LESSON, "Recordings of the new names bring them back to 80% or more; without recordings they stay at 0.",
          spring.repair, lambda e: e.data["new_names"] >= .8, control=lambda seed, **k: spring.repair(seed, new_readers=0, **k)),
    Claim("renamed figures stay wrong", LESSON, "Retraining on new names leaves every renamed figure wrong and moves old names by under 3 points.",
          spring.repair, lambda e: e.data["renamed"] == 0 and abs(e.data["old_names"] - e.data["old_names_before"]) < .03, equivalence=True),
    Claim("new market", LESSON, "New-market readers are understood at least 25 points less well than native ones.",
          spring.market, lambda e: e.value >= 25, control=lambda seed, **k: spring.market(seed, event="none", **k)),
    Claim("a rename is silent", LESSON, "A renamed figure leaves every feature bit-identical and adds 50 or more wrong cards in 1,000.",
          spring.same_sound, lambda e: e.value == 0 and e.data["extra_wrong_cards"] >= 50,
          control=lambda seed, **k: spring.same_sound(seed, event="louder_microphones", **k)),
    Claim("loudness is harmless", LESSON, "Louder microphones move the input level by 6 dB and not one answer.",
          lambda seed, **k: spring.same_sound(seed, event="louder_microphones", **k),
          lambda e: e.value == 0 and e.data["extra_wrong_cards"] == 0 and e.data["level_change_db"] > 5,
          control=lambda seed, **k: spring.same_sound(seed, event="noisier", **k)),
    Claim("only the table mends a rename", LESSON, "A mended card table answers at least half of the renamed figures rightly; the other three actions none.",
          spring.compare_actions, lambda e: e.value >= 50 and max(e.data[a] for a in spring.ACTIONS[:3]) == 0, equivalence=True),
]
