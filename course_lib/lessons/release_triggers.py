"""An offline win that users do not get, and who should call a version back: two experiments of lesson 07."""
from functools import lru_cache

import numpy as np
import pandas as pd

from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment, wilson
from course_lib.lessons import release_queue as queue
from course_lib.lessons import release_trials as trials
from course_lib.lessons.scope_patience import WAIT_MS, WAIT_SPREAD
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool

PER_SECOND, SLOWER = 38.0, 2.5                          # load on one replica; times the work that the more accurate version needs
FAILS, RE_ASKS, SOUND = "one request in ten fails", "re-asks rise from 9% to 12%", "a sound version"
VERSIONS = (FAILS, RE_ASKS, SOUND)
PER_MINUTE, BASE, HIGH, FAILING, STRAY = 20, .09, .12, .10, .0001
RELEASES, MINUTES, HOUR, LOOK, RINGS, REACTION = 400, 24 * 60, 60, 10, 3.0, 30.0


@experiment
def slower(seed: int, times: float = SLOWER, pool: Pool = Pool()) -> Evidence:
    """Requests in 1,000 without a good answer, offline and with users who leave: a fast version, and one that is a point better and needs `times` the work."""
    s = trials.season(seed, pool)
    offline = {"fast": s.bad[trials.POINT].mean(), "better": s.bad[trials.SAME].mean()}
    waits = {"fast": queue.latencies(seed, PER_SECOND), "better": times * queue.latencies(seed, PER_SECOND * times)}
    patience = {name: WAIT_MS * np.exp(WAIT_SPREAD * keyed(seed, "patience", name).standard_normal(len(ms))) for name, ms in waits.items()}
    left = {name: float((waits[name] > patience[name]).mean()) for name in waits}
    online = {name: left[name] + (1 - left[name]) * offline[name] for name in waits}
    table = pd.DataFrame({"offline: badly answered": offline, "users who leave": left, "online: no good answer": online}).mul(1000)
    gap = table.loc["better"] - table.loc["fast"]

    def draw(ax):
        ends = [f"{when}, {name} version" for when in ("offline", "online") for name in offline]
        values = [1000 * part[name] for part in (offline, online) for name in offline]
        return plots.bars(ax, ends, values, unit="requests in 1,000 without a good answer",
                          finding=f"The better version: {_more(gap.iloc[0])} bad in 1,000 offline, {_more(gap.iloc[2])} online")
    return Evidence("requests in 1,000 without a good answer that the better version adds online", float(gap.iloc[2]), None, len(waits["fast"]),
                    "How long users wait before they leave is an assumption; measure it in your product.", draw,
                    data=dict(offline=float(gap.iloc[0]), table=table))


def _more(number):
    return f"{abs(number):.0f} {'more' if number > 0 else 'fewer'}"


@lru_cache(maxsize=12)
def releases(seed: int, version: str, reaction: float = REACTION, re_asks: bool = True) -> pd.DataFrame:
    """400 releases of a day each: the minute at which an automatic rule goes back, and a person who is paged by the same rule; NaN where nobody does.

    The rule rings at three failed requests within an hour, or where an hour's re-asks stand three standard errors above their usual
    share; it looks each minute at the first and every ten at the second (not at all without `re_asks`). A person needs a while, and does
    not go back from a sound version.
    """
    rng = keyed(seed, "lesson 07", "triggers", version)
    failed = rng.poisson(PER_MINUTE * (FAILING if version == FAILS else STRAY), (RELEASES, MINUTES))
    asked = rng.binomial(PER_MINUTE, HIGH if version == RE_ASKS else BASE, (RELEASES, MINUTES))
    score = (_hour(asked) - PER_MINUTE * HOUR * BASE) / np.sqrt(PER_MINUTE * HOUR * BASE * (1 - BASE))
    rings = (score > RINGS) & (np.arange(MINUTES) % LOOK == LOOK - 1) & (np.arange(MINUTES) >= HOUR - 1)
    rings = rings & re_asks | (_hour(failed) >= 3)
    at = np.where(rings.any(axis=1), rings.argmax(axis=1) + 1.0, np.nan)
    wait = reaction * np.exp(.5 * rng.standard_normal(RELEASES))
    return pd.DataFrame(dict(automatic=at, person=at + wait if version != SOUND else np.full(RELEASES, np.nan)))


def _hour(counts):
    total = counts.cumsum(axis=1)
    total[:, HOUR:] = total[:, HOUR:] - total[:, :-HOUR]
    return total


@experiment
def triggers(seed: int, version: str = FAILS, reaction: float = REACTION, pool: Pool = Pool()) -> Evidence:
    """Minutes of bad answers where a person decides, against an automatic rollback: medians, their ratio as the value."""
    found = releases(seed, version, reaction).fillna(MINUTES).median()
    return Evidence(f"minutes with a person against automatic: {version}", float(found["person"] / found["automatic"]), None, RELEASES,
                    "Simulated; how quickly somebody reacts at night is an assumption.", data=found.to_dict())


@experiment
def taken_back(seed: int, re_asks: bool = True, pool: Pool = Pool()) -> Evidence:
    """Of 100 releases of a sound version, how many an automatic rule takes back; without `re_asks` it looks at failures alone."""
    back = int(releases(seed, SOUND, REACTION, re_asks)["automatic"].notna().sum())
    low, high = wilson(back, RELEASES)
    return Evidence("sound versions taken back, of 100", 100 * back / RELEASES, (100 * low, 100 * high), RELEASES,
                    "Simulated requests are independent; real ones come in devices, and a rule rings more often.")


def both_ways(seed: int, reaction: float = REACTION) -> pd.DataFrame:
    """By version on release: median minutes until it is taken back by each way, and how many of 100 releases the rule takes back."""
    rows = {}
    for version in VERSIONS:
        found = releases(seed, version, reaction)
        minutes = found.median() if version != SOUND else found.median() * np.nan
        rows[version] = pd.concat({"minutes": minutes, "taken back, of 100": 100 * found.notna().mean()})
    return pd.DataFrame(rows).T.rename_axis("version")
