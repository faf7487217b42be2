"""Lesson 00: one spring of the product, from launch to the day users stop getting their cards."""
from functools import lru_cache

import numpy as np
import pandas as pd

from course_lib.cycle import monitor, scope
from course_lib.cycle.train import recognizer
from course_lib.learn import plots
from course_lib.learn.check import exercise
from course_lib.learn.experiment import Claim, Evidence, bootstrap, experiment
from course_lib.world.pool import Pool
from course_lib.world.users import reactions
from course_lib.world.world import World

LESSON = "00"
SPRING_DAY, LAST_DAY, FULL_TEAM = 42, 84, 24
TEAMS = (2, 8, 24)
SPRING = {"new_names": dict(day=SPRING_DAY, strength=.20), "renamed_figure": dict(day=SPRING_DAY, strength=2)}
PRICE_PER_CLIP = 0.5                                  # the charter's units: recruiting, reading, checking


def _people(rows, readers):
    return rows[rows["speaker"].isin(sorted(rows["speaker"].unique())[:readers])]


@lru_cache(maxsize=16)
def model_for(world: World, readers: int = FULL_TEAM, new_readers: int = 0):
    """A recogniser trained on so many readers of the launch names and of the new names."""
    rows = _people(world.recordings("train"), readers)
    if new_readers:
        later = world.recordings("train", wave=1)
        rows = pd.concat([rows, _people(later[~later["card"].isin(world.catalogue())], new_readers)])
    return recognizer().fit(world.features(rows), rows["label"].to_numpy(str))


@lru_cache(maxsize=4)
def spring(world: World, changed: bool = True) -> tuple[pd.DataFrame, np.ndarray]:
    """Requests of the first twelve weeks and their features; `changed` switches the spring's events on."""
    rows = world.days(0, LAST_DAY, SPRING if changed else None)
    return rows, world.features(rows)


def weekly_quality(world: World, model, changed: bool = True, threshold: float | None = None) -> pd.DataFrame:
    """By week: share of whole names recognised, wrong cards in 1,000, and the signals that need no labels."""
    rows, vectors = spring(world, changed)
    given = monitor.answers(model, vectors, scope.charter().threshold if threshold is None else threshold)
    week, whole = rows["day"] // 7, (rows["kind"] == "full") & (rows["card"] != "")
    outcomes = pd.Series(scope.outcome(rows, given["shown"]), index=rows.index)
    signals = monitor.weekly_signals(world.observe(rows), given, reactions(world.seed, rows, given["shown"]))
    right = (given["best"] == rows["card"])[whole].groupby(week[whole]).mean()
    wrong = 1000 * (outcomes == "wrong card").groupby(week).mean()
    return signals.assign(production=right, wrong_cards=wrong)


@experiment
def launch(seed: int, readers: int = FULL_TEAM, pool: Pool = Pool()) -> Evidence:
    """Accuracy on readers the recogniser never heard, with a bootstrap interval over readers."""
    world = World(seed, pool)
    rows = world.recordings("test")
    right = model_for(world, readers).predict(world.features(rows)) == rows["label"]
    by_reader = right.groupby(rows["speaker"]).mean().sort_values()
    low, high = bootstrap(by_reader.to_numpy(), rng=np.random.default_rng(seed))

    def draw(ax):
        return plots.estimate(ax, ["worst reader", "all readers", "best reader"], [100 * by_reader.iloc[0], 100 * right.mean(), 100 * by_reader.iloc[-1]],
                              [None, (100 * low, 100 * high), None], unit="names recognised (%)",
                              finding=f"{100 * right.mean():.0f} of 100 names are right, for readers it never heard")
    return Evidence("accuracy on unseen readers", float(right.mean()), (low, high), len(rows),
                    "Ten synthetic readers are not people, and they read names from a prompt.",
                    draw, key="00.1", data=dict(accuracy=float(right.mean()), readers=readers, axis="x"))


@experiment
def teams(seed: int, yours: int = FULL_TEAM, pool: Pool = Pool()) -> Evidence:
    """Accuracy on unseen readers after recording a team of two, of eight or of 24."""
    found = {readers: launch(seed, readers, pool) for readers in TEAMS}

    def draw(ax):
        labels = [f"{readers} readers" + (" (your choice)" if readers == yours else "") for readers in TEAMS]
        values = [100 * e.value for e in found.values()]
        return plots.estimate(ax, labels, values, [(100 * e.interval[0], 100 * e.interval[1]) for e in found.values()],
                              unit="names of unseen readers recognised (%)",
                              finding=f"From {TEAMS[0]} readers to {TEAMS[-1]}: {values[-1] - values[0]:.0f} points")
    first, last = found[TEAMS[0]], found[TEAMS[-1]]
    return Evidence("points gained by recording more readers", 100 * (last.value - first.value), None, last.n,
                    "More of the same synthetic voices; more *kinds* of people is another question.", draw,
                    data={str(readers): e.value for readers, e in found.items()})


@experiment
def waiting(seed: int, weeks: int = 4, pool: Pool = Pool()) -> Evidence:
    """Failed requests for new names that a ready update path would have saved in so many weeks."""
    world = World(seed, pool)
    rows, vectors = spring(world)
    wait = ((rows["day"] >= SPRING_DAY) & (rows["day"] < SPRING_DAY + 7 * weeks)).to_numpy()
    failed = []
    for model in (model_for(world), model_for(world, new_readers=FULL_TEAM)) if wait.any() else ():
        shown = monitor.answers(model, vectors[wait], scope.charter().threshold)["shown"]
        failed.append(int(np.isin(scope.outcome(rows[wait], shown), ["wrong card", "needless sorry"]).sum()))
    return Evidence(f"requests that fail in {weeks} weeks of waiting", int(np.subtract(*failed)) if failed else 0, None, int(wait.sum()),
                    "That building the path takes four weeks is an assumption; put in your own.")


@experiment
def decay(seed: int, changed: bool = True, pool: Pool = Pool()) -> Evidence:
    """Points of accuracy that production loses after week 6, while the test set is scored every week."""
    world = World(seed, pool)
    model, test = model_for(world), world.recordings("test")
    weeks = weekly_quality(world, model, changed)
    score = float((model.predict(world.features(test)) == test["label"]).mean())
    before, after = weeks["production"].iloc[:6].mean(), weeks["production"].iloc[6:].mean()

    def draw(ax):
        lines = {"test set": np.full(len(weeks), 100 * score), "production": 100 * weeks["production"].to_numpy()}
        plots.timeline(ax, weeks.index, lines, {5.5: "spring"} if changed else None, time="week after launch", unit="names recognised (%)",
                       finding=f"The test score stands still; production loses {100 * (before - after):.0f} points")
        ax.set_ylim(0, 100)
        return ax
    return Evidence("points lost in production", 100 * float(before - after), None, int(weeks["requests"].sum()),
                    "Two causes were switched on by hand on one day; real change is slower and mixed.",
                    draw, key="00.2", data=dict(axis="y", test=score, production=float(after), before=float(before), wrong_cards=weeks["wrong_cards"].to_numpy()))


@experiment
def repair(seed: int, new_readers: int = FULL_TEAM, pool: Pool = Pool()) -> Evidence:
    """Share of the lost accuracy that retraining with recordings of the new names brings back."""
    world = World(seed, pool)
    rows, vectors = spring(world)
    late = ((rows["day"] >= SPRING_DAY) & (rows["kind"] == "full") & (rows["card"] != "")).to_numpy()
    cause = rows["cause"].to_numpy(str)[late]
    cards = rows["card"].to_numpy(str)[late]
    before = model_for(world).predict(vectors[late]) == cards
    after = model_for(world, new_readers=new_readers).predict(vectors[late]) == cards
    names = {"": "old names", "new_names": "new names", "renamed_figure": "renamed figures"}
    shares = pd.DataFrame({label: [before[cause == c].mean(), after[cause == c].mean()] for c, label in names.items()}).T
    lost = before[cause == ""].mean() - before.mean()
    regained = float((after.mean() - before.mean()) / lost)
    cost = PRICE_PER_CLIP * 2 * new_readers * (len(world.catalogue(1)) - len(world.catalogue()))

    def draw(ax):
        labels = [f"{name}, {when}" for name in shares.index for when in ("before", "after")]
        return plots.bars(ax, labels, 100 * shares.to_numpy().ravel(), unit="names recognised (%)",
                          finding=f"With {new_readers} readers {100 * regained:.0f}% of the loss comes back")
    return Evidence("part of the loss regained (%)", 100 * regained, None, int(late.sum()),
                    "The new names were known by the time of the recording; in production somebody must notice them first.",
                    draw, key="00.3", data=dict(regained=regained, new_names=float(shares.loc["new names", 1]),
                                                renamed=float(shares.loc["renamed figures", 1]), old_names=float(shares.loc["old names", 1]),
                                                old_names_before=float(shares.loc["old names", 0]), cost=cost))


@experiment
def market(seed: int, event: str = "new_market", pool: Pool = Pool()) -> Evidence:
    """Points by which readers of the new market are understood less well than native readers."""
    world = World(seed, pool)
    test, away = world.recordings("test"), world.recordings("test", market=event == "new_market")
    right = [float((model_for(world).predict(world.features(r)) == r["label"]).mean()) for r in (test, away)]
    return Evidence("points lost by new-market readers", 100 * (right[0] - right[1]), None, len(away),
                    "These readers are other voices of one synthesiser, not people with an accent.", None, None, dict(native=right[0], market=right[1]))


@experiment
def same_sound(seed: int, event: str = "renamed_figure", pool: Pool = Pool()) -> Evidence:
    """Largest difference between the features of two weeks with and without an event; 0 is bit-identical."""
    world = World(seed, pool)
    usual, changed = world.days(60, 67), world.days(60, 67, [event])
    size = min(len(usual), len(changed))
    gap = float(np.abs(world.features(usual.iloc[:size]) - world.features(changed.iloc[:size])).max())
    given = [monitor.answers(model_for(world), world.features(r), scope.charter().threshold) for r in (usual, changed)]
    wrong = [1000 * float((scope.outcome(r, g["shown"]) == "wrong card").mean()) for r, g in zip((usual, changed), given)]
    level = changed["level_db"].mean() - usual["level_db"].mean()
    return Evidence("largest difference of a feature", gap, None, size, "Only what the features keep of the sound is compared.",
                    None, None, dict(extra_wrong_cards=wrong[1] - wrong[0], level_change_db=float(level)))


@lru_cache(maxsize=8)
def pilot(seed: int) -> pd.DataFrame:
    """A labelled pilot week: wrong cards and needless "sorry?" in 1,000 requests at each threshold."""
    world = World(seed)
    rows = world.days(0, 7)
    probabilities = model_for(world).predict_proba(world.features(rows))
    out = []
    for threshold in np.arange(0, .96, .05).round(2):
        outcomes = scope.outcome(rows, scope.decide(probabilities, model_for(world).classes_, threshold))
        out.append((threshold, 1000 * (outcomes == "wrong card").mean(), 1000 * (outcomes == "needless sorry").mean()))
    return pd.DataFrame(out, columns=["threshold", "wrong", "sorry"])


@lru_cache(maxsize=8)
def signals(seed: int, events: str = "spring") -> pd.DataFrame:
    """Twelve weeks of signals that need no labels; `events` is "spring", "none" or the name of one cause."""
    world = World(seed)
    plan = {"spring": SPRING, "none": None}.get(events) if events in ("spring", "none") else {events: SPRING_DAY}
    rows = world.days(0, LAST_DAY, plan)
    given = monitor.answers(model_for(world), world.features(rows), scope.charter().threshold)
    return monitor.weekly_signals(world.observe(rows), given, reactions(seed, rows, given["shown"]))


def _weeks(seed):
    """Cases of the alarm: six usual weeks, four of spring, two louder ones, two of a holiday season."""
    usual = signals(seed, "none")
    picks = [("none", tuple(range(6, 12))), ("spring", (6, 7, 9, 11)), ("louder_microphones", (6, 10)), ("season", (6, 7))]
    return [(usual.loc[:5].copy(), signals(seed, events).loc[week].copy()) for events, weeks in picks for week in weeks]


_BILLS = [(12, 30, 400, 4), (7, 0, 250, 1), (0, 25, 1000, 4), (3, 9, 500, 10)]


@exercise("00.1", cases=lambda seed: list(_BILLS), mistakes={
    "You priced both errors the same: a wrong card costs `price`, only the needless \"sorry?\" costs 1.":
        lambda wrong, needless, requests, price: 1000 * (wrong + needless) / requests,
    "That is the cost of all requests together. Bring it to 1,000 requests, or no two weeks can be compared.":
        lambda wrong, needless, requests, price: price * wrong + needless,
}, hints=["What do all wrong cards cost together? And all needless \"sorry?\"?",
          "Divide by the number of requests, then multiply by 1,000."],
    also=[lambda wrong, needless, requests, price: (price * wrong + needless) / requests * 1e3],
    why="Costs add up by kind of error; per 1,000 requests they can be compared between weeks and products.")
def cost_per_1000(wrong, needless, requests, price):
    """Counts of errors among `requests`, and the price of a wrong card."""
    return 1000 * (price * wrong + needless) / requests


@exercise("00.2", cases=lambda seed: [(pilot(seed).copy(), price) for price in (1, 4, 9)], mistakes={
    "That threshold sends the fewest wrong cards, by saying \"sorry?\" to nearly everybody. Count that cost, too.":
        lambda table, price: table["threshold"][table["wrong"].idxmin()],
    "That is where the two errors add up to the fewest. A wrong card costs `price` times as much.":
        lambda table, price: table["threshold"][(table["wrong"] + table["sorry"]).idxmin()],
}, hints=["Make a column of costs: the price times the wrong cards, plus the needless \"sorry?\".",
          "`cost.idxmin()` is the row of least cost; the answer is that row's threshold."],
    also=[lambda table, price: min(zip(price * table["wrong"] + table["sorry"], table["threshold"]))[1]],
    why="The best threshold follows from the prices; nobody can choose it without them.")
def best_threshold(table, price):
    """The threshold at which errors cost least, if a wrong card costs `price` and a needless "sorry?" 1."""
    cost = price * table["wrong"] + table["sorry"]
    return table["threshold"][cost.idxmin()]


def _latencies(seed):
    rng = np.random.default_rng(seed)
    return [(rng.lognormal(2, .8, size),) for size in (200, 400)]


@exercise("00.3", cases=_latencies, mistakes={
    "That is the mean. It can look fine while one user in twenty waits five times as long.": lambda milliseconds: np.mean(milliseconds),
    "That is the slowest request of all: one accident decides it. A percentile is steadier.": lambda milliseconds: np.max(milliseconds),
}, hints=["The 95th percentile is the value that 95% of the requests stay below.", "numpy has `np.percentile(values, 95)`; pandas `series.quantile(.95)`."],
    also=[lambda milliseconds: pd.Series(milliseconds).quantile(.95)],
    why="Users feel the slow tail, not the mean; service-level objectives are written in percentiles.")
def p95(milliseconds):
    """The number of milliseconds that 95% of the requests stay below."""
    import numpy as np
    return np.percentile(milliseconds, 95)


@exercise("00.4", cases=_weeks, mistakes={
    "You page when microphones get louder. The level changed, and not one answer did: an alarm says different, not worse.":
        lambda usual, week: bool(abs(week["level_db"] - usual["level_db"].mean()) > 1 or week["re_asks"] > 1.5 * usual["re_asks"].mean()),
    "You page when a holiday brings more requests. More users are not more unhappy users.":
        lambda usual, week: bool(week["requests"] > 1.2 * usual["requests"].mean() or week["re_asks"] > 1.5 * usual["re_asks"].mean()),
    "Your rule fires on any week that differs from the mean at all; every week does. Leave room for chance.":
        lambda usual, week: bool(week["re_asks"] > usual["re_asks"].mean()),
}, hints=["Which columns react when a user did not get a card: `level_db`, `requests`, `sorry`, `confidence`, `re_asks`?",
          "Compare one of them with its mean over the usual weeks, and leave room for chance: half as much again, say."],
    also=[lambda usual, week: bool(week["re_asks"] - usual["re_asks"].mean() > 40)],
    why="Users who ask again are as near to the harm as a signal without labels gets; level and volume are not.")
def page(usual, week):
    """Whether to wake somebody: `usual` is a table of six weeks, `week` one row of such a table."""
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


ACTIONS = ("record more readers", "raise the threshold", "use a larger model", "mend the card table")


@experiment
def compare_actions(seed: int, pool: Pool = Pool()) -> Evidence:
    """Wrong answers in 1,000 requests for renamed figures after each of four actions."""
    world = World(seed, pool)
    rows, vectors = spring(world)
    renamed = (rows["cause"] == "renamed_figure").to_numpy()
    late, vectors = rows[renamed], vectors[renamed]
    table = dict(zip(late["said"], late["card"]))
    threshold = scope.charter().threshold
    retrained = model_for(world, new_readers=FULL_TEAM)
    given = {"record more readers": monitor.answers(retrained, vectors, threshold)["shown"],
             "raise the threshold": monitor.answers(retrained, vectors, .8)["shown"],
             "use a larger model": monitor.answers(_larger(world), vectors, threshold)["shown"]}
    given["mend the card table"] = given["record more readers"].replace(table)
    right = [100 * float((given[name].to_numpy() == late["card"].to_numpy()).mean()) for name in ACTIONS]

    def draw(ax):
        return plots.bars(ax, ACTIONS, right, unit="renamed figures answered with the right card (%)", finding="One table row does what no model can")
    return Evidence("renamed figures answered rightly after mending the table (%)", right[-1], None, len(late),
                    "Somebody must notice first that a figure was renamed; here we were told.", draw, None, dict(zip(ACTIONS, right)))


@lru_cache(maxsize=2)
def _larger(world):
    rows = world.recordings("train")
    return recognizer("best").fit(world.features(rows), rows["label"].to_numpy(str))


CLAIMS = [
    Claim("launch accuracy", LESSON, "The launch model recognises 90 to 97 of 100 names of unseen readers; with two readers to learn from it does not.",
          launch, lambda e: .90 <= e.value <= .97, control=lambda seed, **k: launch(seed, readers=2, **k)),
    Claim("more readers help", LESSON, "24 readers instead of two gain 10 points or more on unseen readers.",
          teams, lambda e: e.value >= 10, control=lambda seed, **k: launch(seed, **k)),
    Claim("waiting costs", LESSON, "Four weeks without an update path let 500 or more requests fail that need not; with no wait none.",
          waiting, lambda e: e.value >= 500, control=lambda seed, **k: waiting(seed, weeks=0, **k)),
    Claim("production decays", LESSON, "Production loses at least 15 points of accuracy in spring; without the events it does not.",
          decay, lambda e: e.value >= 15, control=lambda seed, **k: decay(seed, changed=False, **k)),
    Claim("new names come back", LESSON, "Recordings of the new names bring them back to 80% or more; without recordings they stay at 0.",
          repair, lambda e: e.data["new_names"] >= .8, control=lambda seed, **k: repair(seed, new_readers=0, **k)),
    Claim("renamed figures stay wrong", LESSON, "Retraining on new names leaves every renamed figure wrong and moves old names by under 3 points.",
          repair, lambda e: e.data["renamed"] == 0 and abs(e.data["old_names"] - e.data["old_names_before"]) < .03, equivalence=True),
    Claim("new market", LESSON, "New-market readers are understood at least 25 points less well than native ones.",
          market, lambda e: e.value >= 25, control=lambda seed, **k: market(seed, event="none", **k)),
    Claim("a rename is silent", LESSON, "A renamed figure leaves every feature bit-identical and adds 50 or more wrong cards in 1,000.",
          same_sound, lambda e: e.value == 0 and e.data["extra_wrong_cards"] >= 50,
          control=lambda seed, **k: same_sound(seed, event="louder_microphones", **k)),
    Claim("loudness is harmless", LESSON, "Louder microphones move the input level by 6 dB and not one answer.",
          lambda seed, **k: same_sound(seed, event="louder_microphones", **k),
          lambda e: e.value == 0 and e.data["extra_wrong_cards"] == 0 and e.data["level_change_db"] > 5,
          control=lambda seed, **k: same_sound(seed, event="noisier", **k)),
    Claim("only the table mends a rename", LESSON, "A mended card table answers at least half of the renamed figures rightly; the other three actions none.",
          compare_actions, lambda e: e.value >= 50 and max(e.data[a] for a in ACTIONS[:3]) == 0, equivalence=True),
]
