"""Bad versions released in three ways, tests in which nothing differs, a rollback into a changed world: lesson 07's trials."""
from dataclasses import dataclass
from functools import lru_cache
from typing import Mapping

import numpy as np
import pandas as pd
from scipy import stats

from course_lib.cycle import monitor, power, release, scope
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment, wilson
from course_lib.lessons.spring import model_for
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool
from course_lib.world.world import World

BEFORE, DAYS, WEEK, SHARE, LISTENS, LEVEL = 28, 56, 7, .10, 20, .05
CRASH, MUCH, POINT, SAME = "crashes on speakers", "trained on half the readers", "one point worse", "no fault"
FAULTS, WAYS = (CRASH, MUCH, POINT), ("blue-green", "canary", "shadow")
_BAD = ("wrong card", "needless sorry")


@dataclass(frozen=True)
class Season:
    """Twelve weeks of requests, and whether each version would have answered each of them badly.

    Attributes
    ----------
    rows : the requests; device : number of each one's device; day : its day
    bad : version -> (n,) 0 or 1; failed : (n,) requests on which the crashing version gives no answer
    """
    rows: pd.DataFrame
    device: np.ndarray
    day: np.ndarray
    bad: Mapping[str, np.ndarray]
    failed: np.ndarray


@lru_cache(maxsize=8)
def season(seed: int, pool: Pool = Pool()) -> Season:
    """Four weeks before a release and eight of its trial, as the champion and three bad versions answer them."""
    world, threshold = World(seed, pool), scope.charter().threshold
    rows = world.days(0, BEFORE + DAYS)
    vectors = world.features(rows)
    given = {name: monitor.answers(model, vectors, 0) for name, model in ((SAME, model_for(world)), (MUCH, model_for(world, 12)))}
    shown = {name: _bad(rows, answers["shown"]) for name, answers in given.items()}
    refused = _bad(rows, np.full(len(rows), scope.SORRY))

    def at(name, level):
        return np.where(given[name]["confidence"] >= level, shown[name], refused)
    bad = {name: at(name, threshold) for name in given}
    nearby = [at(SAME, level) for level in np.arange(threshold, threshold + .1, .002)]
    rise = [abs(one.mean() - bad[SAME].mean() - .01) for one in nearby]
    failed = (rows["device"] == "speaker").to_numpy()
    bad |= {POINT: nearby[int(np.argmin(rise))], CRASH: np.maximum(bad[SAME], failed)}
    return Season(rows, pd.factorize(rows["user"])[0], rows["day"].to_numpy(), bad, failed)


def _bad(rows, shown):
    return np.isin(scope.outcome(rows, shown), _BAD).astype(float)


@lru_cache(maxsize=1)
def limit() -> float:
    """The score that a daily look over the whole trial passes falsely in one trial of twenty."""
    return power.boundary(np.random.default_rng(1977), DAYS, LEVEL)


def trial(seed: int, way: str, fault: str, share: float = SHARE, pool: Pool = Pool()) -> dict:
    """One bad version, one way: the day on which it is found (NaN if never), users and answers harmed until then.

    Requests that fail are seen at once: three ring. An error is known by the evening; then the score is compared
    with `limit`, with devices and not requests as what is independent. A canary is compared with all other devices,
    blue-green with the weeks before, both from day 7 on; in the shadow a listener judges up to 20 disagreements a day.
    """
    s = season(seed, pool)
    trialled = s.day >= BEFORE
    inside = np.array([release.bucket(user, f"lesson-07-{seed}") for user in pd.unique(s.rows["user"])]) < share
    gets = trialled & (inside[s.device] if way == "canary" else True)
    worse = s.bad[fault] - s.bad[SAME]
    rings = _scores(s, way, fault, gets, trialled, worse) > limit()
    if fault == CRASH:
        failed = np.bincount(s.day[s.failed & gets], minlength=BEFORE + DAYS).cumsum()[BEFORE:]
        rings |= failed >= 3
    found = int(rings.argmax()) + 1 if rings.any() else np.nan
    last = BEFORE + (found if rings.any() else DAYS)
    harmed = gets & (worse > 0) & (s.day < last) & (way != "shadow")
    return dict(way=way, fault=fault, found=float(found), users=len(np.unique(s.device[harmed])), answers=int(harmed.sum()),
                devices=len(np.unique(s.device[gets])))


def _scores(s, way, fault, gets, trialled, worse):
    """How far the new version stands out each evening of the trial, in standard errors."""
    size = (BEFORE + DAYS, s.device.max() + 1)
    if way == "shadow":
        heard = gets & (worse != 0)
        heard &= pd.Series(heard).groupby(s.day).cumsum().to_numpy() <= LISTENS
        surplus = power.tally(s.day, s.device, worse, *size, chosen=heard)
        count = power.tally(s.day, s.device, 1.0, *size, chosen=heard).sum(axis=1)
        return np.where(count < 10, 0, surplus.sum(axis=1) / np.sqrt(np.maximum((surplus**2).sum(axis=1), 1)))[BEFORE:]
    rest = ~gets & (trialled if way == "canary" else True)
    groups = [[power.tally(s.day, s.device, values, *size, chosen=part) for values in (1.0, s.bad[version])]
              for part, version in ((gets, fault), (rest, SAME))]
    return np.where(np.arange(DAYS) < WEEK - 1, 0, power.daily_scores(groups)[BEFORE:])


@lru_cache(maxsize=8)
def trials(seed: int, pool: Pool = Pool()) -> pd.DataFrame:
    """Every bad version by every way, a row each."""
    return pd.DataFrame([trial(seed, way, fault, pool=pool) for fault in FAULTS for way in WAYS])


@experiment
def each_way(seed: int, fault: str = CRASH, pool: Pool = Pool()) -> Evidence:
    """Users harmed by one bad version, released in three ways; with "no fault" nobody is."""
    found = pd.DataFrame([trial(seed, way, fault, pool=pool) for way in WAYS]) if fault == SAME else trials(seed, pool)
    found = found[found["fault"] == fault].set_index("way")
    when = ["never" if np.isnan(day) else f"day {day:.0f}" for day in found["found"]]

    def draw(ax):
        labels = [f"{way} ({words})" for way, words in zip(found.index, when)]
        return plots.bars(ax, labels, found["users"], unit="users harmed until it was found, or in eight weeks",
                          finding="Users harmed: " + ", ".join(f"{way} {users}" for way, users in found["users"].items()))
    return Evidence("users harmed by blue-green", int(found.loc["blue-green", "users"]), None, int(len(season(seed, pool).rows)),
                    "Every error is known the same evening here; real labels come later and fewer.", draw, None,
                    {way: row.to_dict() for way, row in found.iterrows()})


@lru_cache(maxsize=8)
def usual(seed: int, shuffled: bool = False, pool: Pool = Pool()) -> pd.DataFrame:
    """Four usual weeks of the champion: day, device (a user has one), error; `shuffled` deals the errors out anew."""
    s = season(seed, pool)
    kept = s.day < BEFORE
    error = s.bad[SAME][kept].astype(int)
    return pd.DataFrame(dict(day=s.day[kept], device=s.rows["user"].to_numpy(str)[kept],
                             error=keyed(seed, "shuffle").permutation(error) if shuffled else error))


@lru_cache(maxsize=16)
def null_scores(seed: int, by_device: bool, shuffled: bool = False, tests: int = 400, share: float = SHARE, pool: Pool = Pool()) -> np.ndarray:
    """Scores, (tests, days), of canaries in which both groups get the champion, as they grow day by day."""
    table = usual(seed, shuffled, pool)
    device, names = pd.factorize(table["device"])
    n, bad = (power.tally(table["day"], device, values, BEFORE, len(names)) for values in (1.0, table["error"]))
    inside = keyed(seed, "A/A").random((tests, len(names))) < share
    rates, variance = [], 0
    for part in (inside, ~inside):
        total, errors = np.maximum(part @ n.T, 1), part @ bad.T
        rate = errors / total
        rates.append(rate)
        spread = part @ (bad**2).T - 2 * rate * (part @ (bad * n).T) + rate**2 * (part @ (n**2).T)
        variance = variance + (spread / total**2 if by_device else 1 / total)
    if not by_device:
        overall = bad.sum(axis=1) / n.sum(axis=1)
        variance = variance * overall * (1 - overall)
    return (rates[0] - rates[1]) / np.sqrt(np.maximum(variance, 1e-12))


@experiment
def false_alarms(seed: int, daily: bool = True, by_device: bool = True, shuffled: bool = False, score: float | None = None,
                 pool: Pool = Pool()) -> Evidence:
    """Of 100 canaries in which nothing differs, how many ring; looked at daily from day 7, or once after four weeks."""
    ring = float(stats.norm.isf(LEVEL)) if score is None else score
    scores = null_scores(seed, by_device, shuffled, pool=pool)
    rang = int((scores[:, WEEK - 1:].max(axis=1) > ring).sum() if daily else (scores[:, -1] > ring).sum())
    low, high = wilson(rang, len(scores))
    return Evidence("false alarms of 100", 100 * rang / len(scores), (100 * low, 100 * high), len(scores),
                    "One set of users, divided anew for each test.")


@experiment
def peeking(seed: int, pool: Pool = Pool()) -> Evidence:
    """False alarms by how often one looks and by what is taken as independent."""
    cases = {"requests, daily": (True, False), "requests, once": (False, False), "devices, daily": (True, True), "devices, once": (False, True)}
    found = {name: false_alarms(seed, daily, by_device, pool=pool) for name, (daily, by_device) in cases.items()}
    rang = {name: e.value for name, e in found.items()}

    def draw(ax):
        return plots.estimate(ax, list(found), list(rang.values()), [e.interval for e in found.values()], unit="canaries of 100 that ring although nothing differs",
                              finding=f"5 of 100 were promised; the team's way rings {rang['requests, daily']:.0f}")
    return Evidence("false alarms of 100, requests counted, looked at daily", rang["requests, daily"], found["requests, daily"].interval, 400,
                    "400 divisions of one set of users.", draw, key="07.2", data=dict(rang, axis="x", alarms=rang["requests, daily"]))


@experiment
def clustering(seed: int, shuffled: bool = False, pool: Pool = Pool()) -> Evidence:
    """How many times more requests a canary needs because they come in devices, in four weeks."""
    table = usual(seed, shuffled, pool)
    return Evidence("design effect", power.design_effect(table["error"], table["device"]), None, len(table), "Four weeks; it grows with the requests of each device.")


def days_needed(base: float, points: float, share: float, effect: float, per_day: float) -> float:
    """Days until a canary sees errors rise by so many percentage points, with power .9 at a level of .05."""
    return power.requests_needed(base, base + points / 100, share, effect=effect) / (share * per_day)


@experiment
def waiting(seed: int, points: float = 1.0, share: float = SHARE, pool: Pool = Pool()) -> Evidence:
    """Days until a canary of this product sees errors rise, with the champion's own error rate and clustering."""
    table = usual(seed, pool=pool)
    rate, per_day, effect = table["error"].mean(), len(table) / BEFORE, clustering(seed, pool=pool).value
    wanted = {size: days_needed(rate, size, share, effect, per_day) for size in sorted({1.0, 3.0, 10.0, points})}

    def draw(ax):
        ax.set_xscale("log")
        return plots.estimate(ax, [f"{size:g} point{'s' if size != 1 else ''} worse" for size in wanted], list(wanted.values()),
                              unit=f"days until a canary of {100 * share:.0f}% sees it (log scale)",
                              finding=f"One point takes {wanted[1.0] / 365:.1f} years, ten points {wanted[10.0]:.0f} days")
    return Evidence(f"days until {points:g} more errors in 100 are seen", wanted[points], None, len(table),
                    "Clustering as in four weeks; a longer canary gets the same devices again and learns less from each.",
                    draw, key="07.1", data=dict({f"{k:g}": v for k, v in wanted.items()}, axis="x", days=wanted[1.0], rate=rate, effect=effect, per_day=per_day))


@experiment
def unsafe(seed: int, renamed: bool = True, pool: Pool = Pool()) -> Evidence:
    """Wrong cards that a rollback adds in 1,000 requests, where the newer bundle had a mended card table."""
    world, threshold = World(seed, pool), scope.charter().threshold
    rows = world.days(60, 67, {"renamed_figure": dict(day=42, strength=2)} if renamed else None)
    old = monitor.answers(model_for(world), world.features(rows), threshold)["shown"]
    table = {said: card for said, card in zip(rows["said"], rows["card"]) if card not in ("", said)}
    wrong = {name: 1000 * float((scope.outcome(rows, shown) == "wrong card").mean())
             for name, shown in {"stay": old.replace(table), "roll back": old}.items()}

    def draw(ax):
        return plots.bars(ax, list(wrong), list(wrong.values()), unit="wrong cards in 1,000 requests",
                          finding=f"Rolling back adds {wrong['roll back'] - wrong['stay']:.0f} wrong cards in 1,000")
    return Evidence("wrong cards added by the rollback", wrong["roll back"] - wrong["stay"], None, len(rows),
                    "The only difference between the versions here is the card table.", draw, None, wrong)
