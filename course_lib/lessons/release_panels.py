"""What lesson 07 runs and shows: a service on trial, a drill under load with live percentiles, two planners."""
import os
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pandas as pd

from course_lib.cycle import bundle, load, power, release, scope
from course_lib.cycle.process import Service, models, start
from course_lib.cycle.train import recognizer
from course_lib.learn import plots
from course_lib.learn.audio import wav
from course_lib.learn.markup import Markup
from course_lib.learn.panel import Panel, Status
from course_lib.learn.widgets import Choice, Slider, explore
from course_lib.lessons import release_queue as queue
from course_lib.lessons import release_trials as trials
from course_lib.lessons.spring import model_for
from course_lib.world.draws import keyed
from course_lib.world.world import World

CHAMPION, HALF, OTHER = "champion", "half the readers", "other features"
_RULES = {"hash": "hash('release-1/' + d) % 100 < 10",
          "sha256": "int(hashlib.sha256(('release-1/' + d).encode()).hexdigest()[:8], 16) / 16**8 < .10"}


def two_processes(rule: str) -> pd.DataFrame:
    """Which of 400 devices a rule puts into a canary of 10% in each of two fresh Python processes, as counts."""
    code = f"import hashlib; print(*[int({_RULES[rule]}) for d in [f'u{{n:03d}}' for n in range(400)]])"
    inside = []
    for salt in ("1", "2"):                              # Python draws one for each process; fixed here, so that the page stays the same
        run = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": salt}, capture_output=True, text=True, check=True)
        inside.append(np.array(run.stdout.split(), int))
    a, b = inside
    return pd.DataFrame({"devices": [int((a & b).sum()), int((a != b).sum()), int(((1 - a) & (1 - b)).sum())]},
                        index=["in the canary in both", "in one only: sees both models", "in neither"])


def serve(seed: int) -> tuple[Service, dict[str, str]]:
    """Save a champion and two challengers, start the service; returns it and the versions by name."""
    world, threshold = World(seed), scope.charter().threshold
    recorded = world.recordings("train")
    made = {CHAMPION: model_for(world), HALF: model_for(world, 12),
            OTHER: recognizer().fit(world.features(recorded)[:, :460], recorded["label"].to_numpy(str))}
    saved = {name: bundle.save(model, threshold, world.cards["name"].to_dict(), models(), about=dict(lesson="07", seed=seed)) for name, model in made.items()}
    bundle.point(models(), saved[CHAMPION])
    release.back(models())
    return start(), {name: place.name for name, place in saved.items()}


def bodies(seed: int) -> list[bytes]:
    """WAV files of clips that ship with the course, in an order of this seed."""
    world = World(seed)
    rows = world.audible()
    return [wav(clip, world.sample_rate) for clip in np.array(world.clips(rows), object)[keyed(seed, "lesson 07", "clips").permutation(len(rows))]]


def device_of(number: int) -> dict[str, str]:
    """Headers of a request: 400 devices take turns."""
    return {"x-user": f"u{number * 7 % 400:03d}"}


def switch(service: Service, mode: str, challenger: str = "", share: float = 0.0) -> None:
    """Write the settings of a release, and wait until the running service says that it follows them."""
    release.write(models(), mode, challenger, share)
    ends = time.perf_counter() + 5
    while (now := service.get("/healthz"))["mode"] != mode or now["challenger"] != challenger or now["share"] != share:
        if time.perf_counter() > ends:
            raise RuntimeError(f"the service does not follow: {now}")
        time.sleep(.02)


def send(service: Service, seed: int, count: int, versions: dict[str, str]) -> pd.DataFrame:
    """Requests of so many devices, one each; their rows of the log, versions by name."""
    said = bodies(seed)
    answers = [service.recognize(said[n % len(said)], user=device_of(n)["x-user"])["request_id"] for n in range(count)]
    log = service.log().set_index("request_id").loc[answers].reset_index()
    return log.assign(version=log["version"].map({version: name for name, version in versions.items()}))


def shadows(service: Service, log: pd.DataFrame) -> pd.DataFrame:
    """What the challenger answered unseen to the requests of a log, beside what their users saw."""
    ends = time.perf_counter() + 5
    while len(found := service.shadows()) < len(log) and time.perf_counter() < ends:
        time.sleep(.05)                                  # the last one is written just after its user has the answer
    both = log.merge(found, on="request_id", suffixes=("", "_unseen"))
    return both[["user", "decision", "confidence", "decision_unseen", "confidence_unseen"]]


class Live(Panel):
    """A line that follows a load while it runs."""

    def __init__(self):
        self.status = Status()
        face = Markup("<p>While the load runs, its percentiles stand here.</p>", "While the load runs, its percentiles stand here.")
        super().__init__([self.status], face, "Live percentiles")

    def show(self, sent: pd.DataFrame) -> None:
        """Percentiles of all that has ended."""
        p = load.percentiles(sent)
        self.status.say(f"{p['requests']} answers, {p['failed']} failed; p50 {p['p50']:.1f} ms, p95 {p['p95']:.1f} ms, p99 {p['p99']:.1f} ms")


def drill(service: Service, seed: int, panel: Live, seconds: float = 4.0, rate: float = 40.0) -> pd.Series:
    """Load a service, roll back in the middle, and say what its log and its clients saw."""
    began, called = time.time(), []

    def live(sent):
        panel.show(sent)
        if not called and time.time() - began > seconds / 2:
            called.append(time.time())
            release.back(models())
    challenger = service.get("/healthz")["challenger"]
    sent = load.send(service.url, bodies(seed), seconds, rate, 8, device_of, live, keyed(seed, "lesson 07", "load"))
    panel.show(sent)
    log = service.log()
    last = log.loc[(log["version"] == challenger) & (log["at"] >= began), "at"].max()
    found = load.percentiles(sent)
    return pd.Series({"requests": found["requests"], "failed": found["failed"], "seconds until the last answer of the challenger": round(max(last - called[0], 0), 2),
                      "p50 (ms)": round(found["p50"], 1), "p95 (ms)": round(found["p95"], 1), "p99 (ms)": round(found["p99"], 1)}, name="drill")


def plan(seed: int, points: int, share: int, weeks: int):
    """Chance that a canary sees so many points, week by week, and whether it can decide."""
    found = trials.waiting(seed).data
    rate, per_day, effect = found["rate"], found["per_day"], found["effect"]
    days = np.arange(7, 7 * 52 + 1, 7)

    def chance(after, at):
        grown = 1 + (effect - 1) * after / trials.BEFORE # the same devices come again, and each tells less
        return 100 * power.power(at * per_day * after, rate, rate + points / 100, at, effect=grown)
    mine = np.array([chance(day, share / 100) for day in days])
    now = mine[weeks - 1]
    verdict = "it can decide" if now >= 90 else "it cannot decide"
    ax = plots.timeline(plots.axes(), days / 7, {f"canary of {share}%": mine, "90%": np.full(len(days), 90.0)}, {weeks: "yours"}, time="weeks of canary",
                        unit=f"chance to see {points} point{'s' if points > 1 else ''} (%)", finding=f"{share}% for {weeks} week{'s' if weeks > 1 else ''}: a chance of {now:.0f}%, {verdict}")
    ax.set_ylim(-3, 106)
    return ax.figure, f"{points} point{'s' if points > 1 else ''} worse, {share}% of {400} devices for {weeks} weeks: seen with a chance of {now:.0f}%; {verdict}"


def plan_panel(seed: int):
    """Difference, share and weeks to move; the chance to see it follows."""
    return explore(partial(plan, seed), points=Slider("points worse", 1, 15, 1), share=Choice("share (%)", [10, 1, 5, 25, 50]),
                   weeks=Slider("weeks", 1, 52, 2))


def replicas_panel(seed: int):
    """Traffic, bursts and replicas to move; the p95 against the promise follows."""
    return explore(partial(queue.replicas_figure, seed), per_second=Slider("requests/s", 20, 180, 80, 10), replicas=Slider("replicas", 1, 4, 1),
                   burst=Slider("burst (times)", 1, 4, 2))
