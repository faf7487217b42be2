"""One worker or two? The running service of lesson 07 and a second one under the same load, measured on this machine."""
import os
import time

import pandas as pd

from course_lib.cycle import load
from course_lib.cycle.process import Service, models, start
from course_lib.lessons.release_panels import bodies, device_of

ROUNDS, SECONDS, CONNECTIONS = 3, 1.0, 8
CLEAR = 1.05                                            # times as many answers a second, in each round, that count as a difference


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def rounds(services: dict[int, Service], said: list[bytes], seconds: float = SECONDS) -> pd.DataFrame:
    """Load each service in turn, several times: each of some connections asks again as soon as it has its answer.

    Parameters
    ----------
    services : number of workers -> its running service; all of them write one log
    said : WAV files, sent in turn

    Returns
    -------
    DataFrame of requests: workers, round, due, milliseconds, status, and logged, the rows that the log has of that round
    """
    parts, times = [], []
    for service in services.values():                    # the first answers of a process are slower
        load.send(service.url, said, .3, None, CONNECTIONS, device_of)
    for number in range(ROUNDS):
        for workers, service in services.items():
            began = time.time()
            sent = load.send(service.url, said, seconds, None, CONNECTIONS, device_of)
            parts.append(sent.assign(workers=workers, round=number))
            times.append((began, time.time()))
    at = next(iter(services.values())).log()["at"]
    return pd.concat([part.assign(logged=int(at.between(*when).sum())) for part, when in zip(parts, times)], ignore_index=True)


def table(sent: pd.DataFrame) -> pd.DataFrame:
    """Percentiles of all requests of a number of workers together, answers a second, failures, and rows of the log."""
    by_round = sent.groupby(["workers", "round"])
    speed = by_round.apply(lambda part: load.percentiles(part)["per_second"], include_groups=False).groupby("workers").mean()
    waits = sent.groupby("workers")["milliseconds"].quantile([.5, .95, .99]).unstack().set_axis(["p50 (ms)", "p95 (ms)", "p99 (ms)"], axis=1)
    counts = sent.groupby("workers").agg(requests=("status", "size"), failed=("status", lambda codes: int((codes != 200).sum())))
    return pd.concat([counts, by_round["logged"].first().groupby("workers").sum(), speed.rename("answers/s"), waits], axis=1).round(1)


def verdict(sent: pd.DataFrame, count: int) -> str:
    """Whether the second worker helped on a machine with so many processors, in a sentence."""
    speed = sent.groupby(["workers", "round"]).apply(lambda part: load.percentiles(part)["per_second"], include_groups=False).unstack("workers")
    times = speed[2] / speed[1]
    p95 = sent.groupby("workers")["milliseconds"].quantile(.95)
    if times.min() > CLEAR:
        found = "a second worker helps"
    elif times.max() < 1 / CLEAR:
        found = "a second worker does harm"
    else:
        found = "no gain from a second worker that each round would show"
    failed = int((sent["status"] != 200).sum())
    return (f"{count} processor{'s' * (count > 1)}, shared by workers and sender: {found}. Two workers give {times.min():.2f} to {times.max():.2f} times the answers a second "
            f"of one ({len(times)} rounds); the p95 is {p95[1]:.0f} ms with one and {p95[2]:.0f} ms with two; {failed} requests failed.")


def one_and_two(seed: int, service: Service) -> pd.DataFrame:
    """Start a service with two workers beside a running one with one, load both in turns, stop it, say what was found; returns the table."""
    with start(models(), service.log_url, workers=2) as second:
        sent = rounds({1: service, 2: second}, bodies(seed))
    print(verdict(sent, processors()))
    return table(sent)
