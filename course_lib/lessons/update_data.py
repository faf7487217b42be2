"""Which data to train on after a change: recent, all or weighted; chosen by a model; labelled by clicks, or by the model itself."""
from functools import lru_cache

import numpy as np
import pandas as pd

from course_lib.cycle import monitor, scope
from course_lib.cycle.templates import Templates, spoken
from course_lib.cycle.train import recognizer
from course_lib.kept import kept
from course_lib.learn import lesson, plots
from course_lib.learn.experiment import Evidence, experiment
from course_lib.lessons import update_actions as actions
from course_lib.lessons.update_actions import CHANGE, measured, outcomes, retrained, teaching
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool
from course_lib.world.users import reactions
from course_lib.world.world import World

NONE, RECENT, ALL, WEIGHTED = "the old model", "recent only", "all", "all, weighted"
WINDOWS = (NONE, RECENT, ALL, WEIGHTED)
WEIGHT = {"new names": 3.0, "noisier use": .3}          # of a recent clip, where an old one counts 1
RANDOM, UNSURE = "at random", "least confident"
AUDIT = 100
ROUNDS = 3


def fit(world: World, rows: pd.DataFrame, weight=None):
    """A recogniser of labelled rows; `weight` says how much each counts."""
    weights = {} if weight is None else dict(scale__standardscaler__sample_weight=weight, classify__sample_weight=weight)
    return recognizer().fit(world.features(rows), rows["label"].to_numpy(str), **weights)


def _recent(world, cause):
    """What is new: labelled requests since the change, or clips recorded in loud places."""
    if cause == "noisier use":
        return world.recordings("train", condition="noisy")
    return teaching(actions.labelled(world, cause, a=CHANGE))


@lru_cache(maxsize=12)
def windowed(world: World, cause: str, window: str):
    """The recogniser trained on the old recordings, on what is new, on both, or on both with weights."""
    old, new = world.recordings("train"), _recent(world, cause)
    if window in (NONE, RECENT):
        return retrained(world, "launch")[0] if window == NONE else fit(world, new)
    weight = np.r_[np.ones(len(old)), np.full(len(new), WEIGHT[cause])]
    return fit(world, pd.concat([old, new]), weight if window == WEIGHTED else None)


@kept(maxsize=16)
def old_names(seed: int, window: str, cause: str, pool: Pool = Pool()) -> float:
    """Share of the old names, said by test readers, that a window of data leaves known."""
    world = World(seed, pool)
    test = world.recordings("test")
    return float((windowed(world, cause, window).predict(world.features(test)) == test["label"]).mean())


@kept(maxsize=8)
def window_costs(seed: int, cause: str = "noisier use", pool: Pool = Pool()) -> pd.DataFrame:
    """Cents for 1,000 requests of each window of data, in changed weeks and in usual ones, and the share of old names known."""
    world, rules = World(seed, pool), scope.charter()
    rows = {}
    for window in WINDOWS:
        model = windowed(world, cause, window)
        rows[window] = dict(changed=scope.cost(outcomes(world, measured(world, cause), model), rules),
                            usual=scope.cost(outcomes(world, measured(world, None), model), rules),
                            old_names=old_names(seed, window, cause, pool))
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("trained on")


@experiment
def forgetting(seed: int, window: str = RECENT, cause: str = "new names", pool: Pool = Pool()) -> Evidence:
    """Old names that test readers get right, in 100, with a model of recent labels alone."""
    value, before = (100 * old_names(seed, name, cause, pool) for name in (window, NONE))

    def draw(ax):
        found = window_costs(seed, cause, pool)["old_names"]
        return plots.bars(ax, list(found.index), list(100 * found), unit="old names recognised, in 100",
                          finding=f"Recent labels alone: {100 * found[RECENT]:.0f} of 100 old names are still known, {100 * found[NONE]:.0f} were")
    return Evidence("old names recognised in 100", value, None, len(World(seed, pool).recordings("test")), "A fortnight's labels of few users.",
                    draw, "10.2", dict(axis="x", before=before))


def window_choice(seed: int, cause: str, share: float, pool: Pool = Pool()) -> pd.Series:
    """Cents for 1,000 requests of each window of data, if the change is there so many percent of the time."""
    found = window_costs(seed, cause, pool)
    return found["changed"] * share / 100 + found["usual"] * (1 - share / 100)


@lru_cache(maxsize=8)
def pool_of(world: World) -> pd.DataFrame:
    """A fortnight of requests with new names that may be labelled: label, whether the launch model failed, its confidence, whether the name is new."""
    rows = actions.labelled(world, "new names", a=CHANGE)
    model = retrained(world, "launch")[0]
    new = set(world.catalogue(1)) - set(world.catalogue())
    return rows.assign(confidence=monitor.chances(world, model, rows).max(axis=1), new=rows["label"].isin(new).to_numpy(),
                       failed=np.isin(outcomes(world, rows, model), ["wrong card", "needless sorry"]))


def chosen(seed: int, how: str = UNSURE, n: int = AUDIT, pool: Pool = Pool()) -> pd.DataFrame:
    """The requests that are labelled: n at random, or the n of least confidence."""
    rows = pool_of(World(seed, pool))
    if how == UNSURE:
        return rows.sort_values("confidence", kind="stable").head(n)
    return rows.iloc[keyed(seed, "lesson 10", "audit").permutation(len(rows))[:n]]


@experiment
def estimate(seed: int, how: str = UNSURE, n: int = AUDIT, pool: Pool = Pool()) -> Evidence:
    """Failures in 100 requests as the labelled ones suggest, against all of that fortnight."""
    found = {way: chosen(seed, way, n, pool) for way in (RANDOM, UNSURE)}
    truth = 100 * float(pool_of(World(seed, pool))["failed"].mean())
    rates = {way: 100 * float(part["failed"].mean()) for way, part in found.items()}

    def draw(ax):
        mine = lesson.guessed("10.3").get("failures")
        if mine is not None:                              # in words: a line would cross the numbers of bars of its length
            ax.text(.99, .97, f"★ your guess: {mine:.0f}", transform=ax.transAxes, ha="right", va="top", color=plots.GUESS)
        return plots.bars(ax, ["all requests (truth)", f"{n} at random", f"{n} least confident"], [truth, rates[RANDOM], rates[UNSURE]],
                          unit="failures in 100 requests", finding=f"The {n} least confident suggest {rates[UNSURE]:.0f} failures in 100; there are {truth:.0f}")
    return Evidence("failures in 100, as the labels suggest", rates[how], None, n, "One fortnight; the model had never met the new names.", draw, "10.3",
                    dict(axis=None, truth=truth, new=float(found[how]["new"].mean())))


@experiment
def found_new(seed: int, how: str = UNSURE, n: int = AUDIT, pool: Pool = Pool()) -> Evidence:
    """How many times as many clips of new names a choice finds as a random one of the same price."""
    value = float(chosen(seed, how, n, pool)["new"].mean() / max(chosen(seed, RANDOM, n, pool)["new"].mean(), 1 / n))
    return Evidence("new names found, times those of a random choice", value, None, n, "New names were three in ten requests.")


def requests_of(world: World) -> pd.DataFrame:
    """The fortnight's requests of those who consent, labelled by a listener."""
    return actions.labelled(world, "new names", a=CHANGE)


def rounds(seed: int, pool: Pool = Pool()) -> pd.DataFrame:
    """Training on own confident answers, round by round: confidence in new names, wrong cards in 1,000 of them, cost of all requests."""
    return _rounds(World(seed, pool)).copy()


@lru_cache(maxsize=4)
def _rounds(world: World):
    rows, rules, old = requests_of(world), scope.charter(), world.recordings("train")
    ask, out, model = measured(world, "new names"), [], retrained(world, "launch")[0]
    new = ask[ask["card"].isin(set(world.catalogue(1)) - set(world.catalogue()))]
    for step in range(ROUNDS + 1):
        out.append(dict(round=step, confidence=float(monitor.chances(world, model, new).max(axis=1).mean()),
                        wrong=1000 * float((outcomes(world, new, model) == "wrong card").mean()), cost=scope.cost(outcomes(world, ask, model), rules)))
        if step < ROUNDS:
            sure = monitor.chances(world, model, rows)
            own = rows.assign(label=model.classes_[sure.argmax(axis=1)])[sure.max(axis=1) >= rules.threshold]
            model = fit(world, pd.concat([old, own]))
    return pd.DataFrame(out).set_index("round")


@experiment
def own_labels(seed: int, audited: bool = False, pool: Pool = Pool()) -> Evidence:
    """Cents for 1,000 requests that three rounds on own labels add; with `audited`, on a listener's labels of the same requests."""
    world = World(seed, pool)
    if audited:
        before, after = (scope.cost(outcomes(world, measured(world, "new names"), windowed(world, "new names", w)), scope.charter()) for w in (NONE, ALL))
        return Evidence("cents for 1,000 requests added", after - before, None, len(requests_of(world)), "One round; more do not change the labels.")
    found = rounds(seed, pool)

    def draw(ax):
        series = {"wrong cards in 1,000 new names": found["wrong"], "confidence in them, in 1,000": 1000 * found["confidence"]}
        return plots.timeline(ax, found.index, series, time="round of training on own answers", unit="in 1,000",
                              finding=f"Own labels: wrong cards for new names go from {found['wrong'].iloc[0]:.0f} to {found['wrong'].iloc[-1]:.0f} in 1,000")
    return Evidence("cents for 1,000 requests added", float(found["cost"].iloc[-1] - found["cost"].iloc[0]), None, len(requests_of(world)),
                    "Own answers over the threshold were taken as labels.", draw)


@lru_cache(maxsize=4)
def sources(seed: int, pool: Pool = Pool()) -> pd.DataFrame:
    """All that could be learnt from after a rename: recording, level_db, day, label, source ("prompt", "listener" or "click").

    Prompts are the launch recordings. Of last month's requests a third were heard by listeners; for the rest a card that was shown
    counts as right where nobody asked again, tapped another or complained.
    """
    world = World(seed, pool)
    rows = actions.labelled(world, "renamed figures")
    model = retrained(world, "launch")[0]
    shown = scope.decide(monitor.chances(world, model, rows), model.classes_, scope.charter().threshold)
    unhappy = rows["id"].isin(set(reactions(seed, rows, shown)["id"])).to_numpy()
    heard = keyed(seed, "lesson 10", "heard").random(len(rows)) < 1 / 3
    clicks = rows.assign(label=shown, source="click")[~heard & ~unhappy & (shown != scope.SORRY)]
    parts = [world.recordings("train").assign(source="prompt"), rows.assign(source="listener")[heard & (rows["label"] != "").to_numpy()], clicks]
    return pd.concat(parts, ignore_index=True)[["recording", "level_db", "day", "label", "source", "card"]]


def affected(seed: int) -> set[str]:
    """Cards whose names now belong to somebody else."""
    return set(actions.mended(World(seed)))


def taught(seed: int, rows: pd.DataFrame, pool: Pool = Pool()) -> float:
    """Cents for 1,000 requests after the rename, with a recogniser that learnt from these rows."""
    world = World(seed, pool)
    rows = rows[rows.groupby("label")["label"].transform("size") >= 2]
    return scope.cost(outcomes(world, measured(world, "renamed figures"), fit(world, rows)), scope.charter())


@experiment
def click_labels(seed: int, after: bool = True, pool: Pool = Pool()) -> Evidence:
    """Wrong labels in 100 that clicks gave to the renamed figures, after the rename or before it."""
    rows = sources(seed, pool)
    rows = rows[(rows["source"] == "click") & ((rows["day"] >= CHANGE) == after)]
    rows = rows[rows["card"].isin([*actions.mended(World(seed, pool)).values()] if after else [*actions.mended(World(seed, pool))])]
    return Evidence("wrong labels in 100 of these figures", 100 * float((rows["label"] != rows["card"]).mean()), None, len(rows),
                    "Users here ask again about half of the time.")


@experiment
def enrolled(seed: int, pool: Pool = Pool()) -> Evidence:
    """Percent of what new names took that comes back when they are enrolled as templates beside the launch model, without training."""
    world, rules = World(seed, pool), scope.charter()
    rows, model = measured(world, "new names"), retrained(world, "launch")[0]
    names = spoken(pool.folder)
    names = names[names.index.isin(world.catalogue(1))]
    index = Templates().fit(names.to_numpy(float), names.index.to_numpy(str))
    shown = scope.decide(monitor.chances(world, model, rows), model.classes_, rules.threshold)
    near = scope.decide(monitor.chances(world, index, rows), index.classes_, rules.threshold)
    asked = (shown == scope.SORRY) & np.isin(near, sorted(set(world.catalogue(1)) - set(world.catalogue())))
    usual, shifted = (actions.cost(world, cause, actions.NOTHING) for cause in (None, "new names"))
    after = scope.cost(scope.outcome(rows, np.where(asked, near, shown)), rules)
    again = actions.cost(world, "new names", actions.RECORD)
    value = 100 * (shifted - after) / (shifted - usual)

    def draw(ax):
        return plots.bars(ax, ["do nothing", "enrolled in a day", "retrained in a week"], [shifted, after, again], unit="cents for 1,000 requests",
                          finding=f"Enrolling brings back {value:.0f}% of the loss, a week before retraining can")
    return Evidence("percent of the loss that comes back", value, None, len(rows), "Templates were read by a synthesiser, as the users' voices were.", draw)
