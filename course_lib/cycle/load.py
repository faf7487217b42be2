"""Load for a service on this machine: many connections, a bounded rate, percentiles while it runs.

Requests arrive at times of their own, as users do, and a wait is counted from the time at which a request
was due: a generator that waits for each answer before it asks again does not see its own queue
(Tene's "coordinated omission"). With `rate=None` each connection asks as soon as it has its answer.
"""
import asyncio
import threading
import time
from typing import Callable, Mapping, Sequence
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

LOOPBACK = ("127.0.0.1", "localhost")
MOST = dict(rate=2_000.0, seconds=60.0, connections=64)
_PATIENCE_S = 10
COLUMNS = ["due", "milliseconds", "status"]


def send(url: str, bodies: Sequence[bytes], seconds: float = 3.0, rate: float | None = 50.0, connections: int = 16,
         headers: Callable[[int], Mapping[str, str]] = lambda number: {}, live: Callable[[pd.DataFrame], None] | None = None,
         rng: np.random.Generator | None = None) -> pd.DataFrame:
    """Send POST /recognize for a while; blocks until all have ended.

    Parameters
    ----------
    url : of a service on loopback; no other machine is ever put under load
    bodies : WAV files, sent in turn
    seconds, rate, connections : how long, requests a second (None: as fast as answers come), at once
    headers : number of a request -> its headers
    live : is given all that has ended so far, about four times a second
    rng : draws the times at which requests are due; without it they come evenly

    Returns
    -------
    DataFrame in order of ending: due (seconds after the start), milliseconds (from then to the answer),
    status (0 where the connection failed)

    Raises
    ------
    ValueError
        Another machine, no body, or more than `MOST`.
    """
    _check(url, bodies, rate, seconds, connections)
    due = _due(rate, seconds, rng)
    ended, failed = [], []

    def work():
        try:
            asyncio.run(_run(urlsplit(url), bodies, due, seconds, connections, headers, ended))
        except BaseException as error:
            failed.append(error)
    thread = threading.Thread(target=work)               # a notebook's own thread runs an event loop already
    thread.start()
    while thread.is_alive():
        thread.join(.25)
        if live is not None and ended:
            live(pd.DataFrame(list(ended), columns=COLUMNS))
    if failed:
        raise failed[0]
    return pd.DataFrame(ended, columns=COLUMNS)


def percentiles(sent: pd.DataFrame) -> dict[str, float]:
    """p50, p95 and p99 in milliseconds, answers a second, and failures: requests without a 200.

    >>> percentiles(pd.DataFrame(dict(due=[0., 1.], milliseconds=[4., 6.], status=[200, 503])))["failed"]
    1
    """
    at = np.percentile(sent["milliseconds"], [50, 95, 99]) if len(sent) else [np.nan] * 3
    ends = sent["due"] + sent["milliseconds"] / 1000
    took = float(ends.max() - sent["due"].min()) if len(sent) else np.nan
    return dict(requests=len(sent), p50=float(at[0]), p95=float(at[1]), p99=float(at[2]), per_second=len(sent) / took if took else np.nan,
                failed=int((sent["status"] != 200).sum()))


def _check(url, bodies, rate, seconds, connections):
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK or not parts.port:
        raise ValueError(f"{url!r} arrived; http://127.0.0.1:port is expected: load is for services on this machine only")
    if not len(bodies):
        raise ValueError("no body arrived; at least one WAV file is expected")
    for name, value in dict(rate=rate, seconds=seconds, connections=connections).items():
        if value is not None and not 0 < value <= MOST[name]:
            raise ValueError(f"{name} is {value}; over 0 and at most {MOST[name]:g} is expected")


def _due(rate, seconds, rng):
    if rate is None:
        return None
    count = max(1, round(rate * seconds))
    return np.arange(count) / rate if rng is None else np.sort(rng.uniform(0, seconds, count))


async def _run(parts, bodies, due, seconds, connections, headers, ended):
    start, numbers = time.perf_counter(), iter(range(10**9))

    async def connection():
        stream = None
        for number in numbers:
            if (number >= len(due)) if due is not None else (time.perf_counter() - start >= seconds):
                break
            wanted = due[number] if due is not None else time.perf_counter() - start
            await asyncio.sleep(max(0.0, wanted - (time.perf_counter() - start)))
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    stream = stream or await asyncio.open_connection(parts.hostname, parts.port)
                    status = await _ask(stream, parts.netloc, bodies[number % len(bodies)], headers(number))
            except (OSError, EOFError, ValueError, TimeoutError):
                status = 0
            if status != 200 and stream is not None:     # a refusal may close its connection
                stream[1].close()
                stream = None
            ended.append((float(wanted), 1000 * (time.perf_counter() - start - wanted), status))
        if stream is not None:
            stream[1].close()
    await asyncio.gather(*(connection() for _ in range(connections)))


async def _ask(stream, host, body, headers):
    reader, writer = stream
    lines = [f"POST /recognize HTTP/1.1\r\nHost: {host}\r\nContent-Type: audio/wav\r\nContent-Length: {len(body)}\r\n",
             *(f"{name}: {value}\r\n" for name, value in headers.items()), "\r\n"]
    writer.write("".join(lines).encode("ascii") + body)
    answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = int(answer.partition("content-length:")[2].partition("\r\n")[0])
    await reader.readexactly(length)
    return int(answer.split(" ", 2)[1])
