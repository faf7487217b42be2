"""What the learner decided about going live, for the lessons that release: the launch of lesson 06 and the canary of lesson 07."""
import time

import numpy as np

from course_lib.cycle import scope
from course_lib.cycle.bundle import Bundle, champion, load
from course_lib.cycle.process import Service, models
from course_lib.cycle.wav import decode
from course_lib.learn.lesson import decision
from course_lib.lessons.decided import source
from course_lib.world import features

PROBES = 20


def canary_share() -> float:
    """The share of devices that meets a new version first, 0 to 1: lesson 07's decision, or the course's."""
    return float(decision("canary share"))


def launched(service: Service, said: list[bytes]) -> str:
    """How lesson 06's decision on the launch goes on, in words. After a "no go" the running service is probed first, and must pass.

    Parameters
    ----------
    service : serves the champion of the workspace
    said : WAV files to probe it with
    """
    words = f"Launch: {decision('launch')} ({source('launch')})."
    if decision("launch") == "go":
        return f"{words} Its version serves: it is the champion here."
    differ, ms = probe(service, said[:PROBES], load(champion(models())))
    limit = scope.charter().objectives["fast answers"].limit
    passed = differ == 0 and ms <= limit
    end = ("Now it is a go, and its version is the champion here" if passed
           else "It stays a no go: whatever you release below is a drill on this machine, for no user")
    return (f"{words} So nobody is served before it passes: of {len(said[:PROBES])} probes, {differ} are answered otherwise than by its bundle in this notebook, "
            f"95% within {ms:.0f} ms ({limit:.0f} are promised). {end}.")


def probe(service: Service, said: list[bytes], bundle: Bundle) -> tuple[int, float]:
    """Answers of a running service that differ from those of a bundle in this process, and its p95 in ms."""
    vectors = features.features([clip for clip, _ in (decode(body, 60) for body in said)], decode(said[0], 60)[1])
    shown = scope.decide(bundle.model.predict_proba(vectors), bundle.model.classes_, bundle.threshold)
    expected = [None if label == scope.SORRY else bundle.cards[label] for label in shown]
    got, times = [], []
    for body in said:
        began = time.perf_counter()
        got.append(service.recognize(body)["card"])
        times.append(1000 * (time.perf_counter() - began))
    return sum(a != b for a, b in zip(got, expected)), float(np.percentile(times, 95))
