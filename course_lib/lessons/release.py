"""Canary, shadow, how long, when back? A release planned by power, rolled back under load."""
import numpy as np
import pandas as pd

from course_lib.learn.check import exercise
from course_lib.learn.experiment import Claim
from course_lib.lessons import release_queue as queue
from course_lib.lessons import release_trials as trials
from course_lib.lessons import release_triggers as triggers
from course_lib.world.draws import keyed

LESSON = "07"


def _devices(seed):
    return [(device, salt) for device, salt in zip(("u001", "u002", "u399", "phone-7", "u001"), ("release-1", "release-1", "release-1", "r2", "r2"))]


def _salted(device, salt):
    return hash(f"{salt}/{device}") % 16**8 / 16**8


def _saltless(device, salt):
    import hashlib
    return int(hashlib.sha256(device.encode()).hexdigest()[:8], 16) / 16**8


def _other_text(device, salt):
    import hashlib
    return int(hashlib.sha256(f"{salt}{device}".encode()).hexdigest()[:8], 16) / 16**8


def _in_hundredths(device, salt):
    import hashlib
    return int(hashlib.sha256(f"{salt}/{device}".encode()).hexdigest()[:8], 16) % 100


def _by_bytes(device, salt):
    import hashlib
    return int.from_bytes(hashlib.sha256(f"{salt}/{device}".encode()).digest()[:4], "big") / 2**32


@exercise("07.1", cases=_devices, mistakes={
    "That is Python's own hash. It is salted anew in each process: after a restart, or in the next worker, the same device gets another model.": _salted,
    "You left the salt out: the same devices would be the first to meet every new version, for ever.": _saltless,
    "The text to hash is another one. It is the salt, a stroke, the device: `release-1/u017`.": _other_text,
    "The recipe is right as far as the hash; a number from 0 up to 1 is expected, not a remainder.": _in_hundredths,
}, hints=["`hashlib.sha256(text.encode()).hexdigest()` is the same text of 64 digits in every process; the text to hash is f\"{salt}/{device}\".",
          "The first eight digits as a number are `int(digits[:8], 16)`; divide by the number of such numbers, 16**8."],
    also=[_by_bytes],
    why="A hash of salt and device spreads devices evenly, needs no table, and is the same in every process and on every day.")
def bucket(device, salt):
    """Where a device falls between 0 and 1: two texts in, a number out."""
    import hashlib
    digits = hashlib.sha256(f"{salt}/{device}".encode()).hexdigest()
    return int(digits[:8], 16) / 16**8


_PLANS = [(.05, .06, 1.0, .01, 10_000), (.05, .06, 4.0, .05, 2_000), (.10, .12, 3.5, .10, 260), (.15, .16, 5.0, .5, 800)]


@exercise("07.2", cases=lambda seed: list(_PLANS), close=.01, mistakes={
    "You left out the design effect. Requests come in devices, and a device's second request tells less than its first.":
        lambda base, worse, effect, share, per_day: days(base, worse, 1.0, share, per_day),
    "That is how long *all* traffic would take. Only `share` of the day's requests reach the canary.":
        lambda base, worse, effect, share, per_day: days(base, worse, effect, 1.0, per_day),
    "Those are the requests of the canary. How many of them come in a day?":
        lambda base, worse, effect, share, per_day: days(base, worse, effect, share, per_day) * share * per_day,
    "You divided by the difference once; the number of requests goes with its square.":
        lambda base, worse, effect, share, per_day: days(base, worse, effect, share, per_day) * (worse - base),
}, hints=["Write the formula's two roots first; their sum, divided by (worse - base), squared, is n for independent requests.",
          "Multiply n by the design effect. The canary gets share * per_day requests a day."],
    also=[lambda base, worse, effect, share, per_day: effect / share / per_day * sum(
        z * np.sqrt(p - p * p) for z, p in ((1.645, base), (1.282, worse))) ** 2 / (worse - base) ** 2],
    why="Half the difference takes four times the requests; a share of 1% takes a hundred times the days; devices multiply both.")
def days(base, worse, effect, share, per_day):
    """Days until a canary sees errors rise from base to worse."""
    chance = 1.645 * np.sqrt(base * (1 - base))
    power = 1.282 * np.sqrt(worse * (1 - worse))
    requests = effect * ((chance + power) / (worse - base)) ** 2
    return requests / (share * per_day)


def _workers(seed):
    rng = keyed(seed, "lesson 07", "workers")
    def times(size, scale):
        return pd.Series(scale * rng.lognormal(2, .5, size).round(3))
    return [({"a": times(900, 1), "b": times(100, 9)},), ({"a": times(400, 1), "b": times(300, 1), "c": times(60, 20)},)]


@exercise("07.3", cases=_workers, close=.02, mistakes={
    "That is the mean of the workers' p95s: a worker with few requests counts as much as one with many. Put the requests together first.":
        lambda workers: np.mean([w.quantile(.95) for w in workers.values()]),
    "That is the worst worker's p95. It is worth an alarm of its own, but it is not what 95 of 100 users get.":
        lambda workers: max(w.quantile(.95) for w in workers.values()),
    "That is the p95s' median; a worker with few requests counts as much as one with many, again. Put the requests together first.":
        lambda workers: np.median([w.quantile(.95) for w in workers.values()]),
    "That is the mean of all requests. The slowest 5 of 100 are asked about: `quantile(.95)`.": lambda workers: pd.concat(list(workers.values())).mean(),
    "That is the p95s' mean weighted by requests: nearer, and still not a percentile of anything.":
        lambda workers: np.average([w.quantile(.95) for w in workers.values()], weights=[len(w) for w in workers.values()]),
}, hints=["Which 5 of 100 users wait longest, whichever worker answered them?", "`pd.concat(workers.values())` puts all requests into one Series."],
    also=[lambda workers: np.percentile(np.concatenate([w.to_numpy() for w in workers.values()]), 95)],
    why="Percentiles cannot be averaged. Keep the single times, or counts by bucket, and add those up.")
def p95_of_all(workers):
    """The p95 of the service: name of a worker -> Series of its milliseconds."""
    return pd.concat(list(workers.values())).quantile(.95)


_EVIDENCE = [(0, 1.0, 2.3, True), (2, .5, 2.3, True), (3, .5, 2.3, True), (7, .5, 2.3, True), (0, 2.0, 2.3, True), (0, 3.1, 2.3, True), (0, 3.1, 2.3, False),
             (9, .2, 2.3, False), (0, -.4, 2.3, False)]


@exercise("07.4", cases=lambda seed: list(_EVIDENCE), mistakes={
    "You go back although the older version no longer fits the world. There the way is forward: the new version, mended.":
        lambda failed, score, limit, fits: "roll back" if failed >= 3 or score > limit else "wait",
    "You ring at 1.645, the limit for a single look. This canary is looked at daily, and `limit` pays for that.":
        lambda failed, score, limit, fits: ("roll back" if fits else "roll forward") if failed >= 3 or score > 1.645 else "wait",
    "You wait for a score even while requests fail. A failed request needs no statistics.":
        lambda failed, score, limit, fits: ("roll back" if fits else "roll forward") if score > limit else "wait",
    "Harm is three failed requests *or* a score above the limit; you ask for both at once, and wait while users are hurt.":
        lambda failed, score, limit, fits: ("roll back" if fits else "roll forward") if failed >= 3 and score > limit else "wait",
    "You act without harm. Whether the older version fits decides the direction, not whether to move.":
        lambda failed, score, limit, fits: "roll forward" if not fits else "roll back" if failed >= 3 or score > limit else "wait",
    "One or two failed requests can be an accident of the network. Here the rule is three.":
        lambda failed, score, limit, fits: ("roll back" if fits else "roll forward") if failed or score > limit else "wait",
}, hints=["First: is there harm? Either three failed requests or a score above the limit.", "Only where there is harm does it matter whether the older version fits."],
    also=[lambda failed, score, limit, fits: "wait" if failed < 3 and score <= limit else {True: "roll back", False: "roll forward"}[fits]],
    named=lambda seed: [f"{f} failed requests, score {s}, limit {l}, an older version that {'fits' if fits else 'no longer fits'}" for f, s, l, fits in _EVIDENCE],
    why="Harm decides whether to act; the state of the world decides in which direction.")
def act(failed, score, limit, fits):
    """One of "wait", "roll back" and "roll forward"."""
    if failed < 3 and score <= limit:
        return "wait"
    return "roll back" if fits else "roll forward"


def _daily(calibrated):
    from course_lib.cycle import power
    return power.boundary(np.random.default_rng(1977), trials.BEFORE) if calibrated else None


def _crash_is_quick(e):
    blue, canary = e.data["blue-green"], e.data["canary"]
    return canary["found"] <= 2 and blue["users"] >= 3 * max(canary["users"], 1)


CLAIMS = [
    Claim("a canary catches a crash", LESSON, "A canary of 10% finds a crash within two days; blue-green harms three times as many users or more.",
          lambda seed, **k: trials.each_way(seed, trials.CRASH, **k), _crash_is_quick, control=lambda seed, **k: trials.each_way(seed, trials.SAME, **k)),
    Claim("one point takes years", LESSON, "At this product's traffic a canary of 10% needs a year or more to see one point; ten points take under a year.",
          trials.waiting, lambda e: e.value >= 365, control=lambda seed, **k: trials.waiting(seed, 10.0, **k)),
    Claim("a shadow sees one point", LESSON, "In the shadow, with 20 listens a day, one point is seen within two weeks, and no user is harmed.",
          lambda seed, **k: trials.each_way(seed, trials.POINT, **k), lambda e: e.data["shadow"]["found"] <= 14 and e.data["shadow"]["users"] == 0,
          control=lambda seed, **k: trials.each_way(seed, trials.SAME, **k)),
    Claim("requests come in devices", LESSON, "Over four weeks the design effect is 2 or more; with the errors dealt out anew it is not.",
          trials.clustering, lambda e: e.value >= 2, control=lambda seed, **k: trials.clustering(seed, shuffled=True, **k)),
    Claim("peeking rings falsely", LESSON, "Counting requests and looking daily, 15 or more of 100 canaries without a difference ring.",
          lambda seed, **k: trials.false_alarms(seed, True, False, **k), lambda e: e.value >= 15,
          control=lambda seed, **k: trials.false_alarms(seed, True, True, score=_daily(True), **k)),
    Claim("a limit made for looking keeps its promise", LESSON, "Counting devices, with a limit for daily looks, at most 7 of 100 ring.",
          lambda seed, **k: trials.false_alarms(seed, True, True, score=_daily(True), **k), lambda e: e.value <= 7,
          control=lambda seed, **k: trials.false_alarms(seed, True, False, **k)),
    Claim("nearly busy is slow", LESSON, "At 95% utilisation the p95 is three times that at 60% or more; not where requests come evenly and take equally long.",
          queue.busier, lambda e: e.value >= 3, control=lambda seed, **k: queue.busier(seed, even=True, **k)),
    Claim("a second replica holds the promise", LESSON, "At 80% of one replica, with bursts of twice the traffic, two replicas hold 150 ms and one does not.",
          lambda seed, **k: queue.second(seed, 80, 2.0, 2, **k), lambda e: e.value <= 150, control=lambda seed, **k: queue.second(seed, 80, 2.0, 1, **k)),
    Claim("an offline win can lose users", LESSON, "A version that is a point better and needs 2.5 times the work leaves 30 or more of 1,000 more requests without a good answer.",
          triggers.slower, lambda e: e.value >= 30 and e.data["offline"] < 0, control=lambda seed, **k: triggers.slower(seed, 1.0, **k)),
    Claim("a crash need not wait for a person", LESSON, "Where one request in ten fails, a person leaves users with it at least 8 times as long as an automatic rule.",
          triggers.triggers, lambda e: e.value >= 8, control=lambda seed, **k: triggers.triggers(seed, reaction=0.0, **k)),
    Claim("a rule on re-asks takes sound versions back", LESSON, "With re-asks in the rule, it takes back 10 or more of 100 sound versions; with failures alone it does not.",
          triggers.taken_back, lambda e: e.value >= 10, control=lambda seed, **k: triggers.taken_back(seed, re_asks=False, **k)),
    Claim("a rollback can harm", LESSON, "After a rename, going back to the version before the mended table adds 50 wrong cards in 1,000 or more.",
          trials.unsafe, lambda e: e.value >= 50, control=lambda seed, **k: trials.unsafe(seed, renamed=False, **k)),
]
