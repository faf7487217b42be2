"""The load generator: what it counts, against a server whose delays are known; and what it refuses."""
import asyncio
import threading

import numpy as np
import pandas as pd
import pytest

from course_lib.cycle import load


@pytest.fixture
def server():
    """A function that starts a server which answers one request at a time after so many seconds, and returns its address."""
    loops = []

    def start(delay=0.0, status=200, hang_up=False):
        ready, seen = threading.Event(), []

        async def talk(reader, writer):
            try:
                while True:
                    head = (await reader.readuntil(b"\r\n\r\n")).decode()
                    size = int(head.lower().partition("content-length:")[2].split()[0])
                    seen.append((head, await reader.readexactly(size)))
                    if hang_up:
                        writer.close()
                        return
                    async with lock:
                        await asyncio.sleep(delay)
                    writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\n{{}}".encode())
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()

        async def main():
            nonlocal lock, port
            lock = asyncio.Lock()
            listening = await asyncio.start_server(talk, "127.0.0.1", 0)
            port = listening.sockets[0].getsockname()[1]
            loop, stop = asyncio.get_running_loop(), asyncio.Event()
            loops.append((loop, stop, thread))
            ready.set()
            await stop.wait()
            listening.close()
        lock = port = None
        thread = threading.Thread(target=lambda: asyncio.run(main()))
        thread.start()
        assert ready.wait(10)
        return f"http://127.0.0.1:{port}", seen
    yield start
    for loop, stop, thread in loops:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


def test_every_request_arrives_once_with_its_headers(server):
    url, seen = server()
    sent = load.send(url, [b"one", b"two!"], seconds=.5, rate=60, connections=3, headers=lambda n: {"x-user": f"u{n}"})
    assert len(sent) == len(seen) == 30 and (sent["status"] == 200).all()
    assert {body for _, body in seen} == {b"one", b"two!"} and all("x-user: u" in head for head, _ in seen)
    assert len({head.partition("x-user: ")[2].split()[0] for head, _ in seen}) == 30


def test_a_queue_is_seen(server):
    """20 ms for each of 100 requests a second: the last one waits about a second, though its own answer takes 20 ms."""
    url, _ = server(delay=.02)
    sent = load.send(url, [b"x"], seconds=.8, rate=100, connections=4)
    assert sent.sort_values("due")["milliseconds"].iloc[-1] > 500


def test_failures_are_counted(server):
    for options, status in ((dict(status=503), 503), (dict(hang_up=True), 0)):
        url, _ = server(**options)
        sent = load.send(url, [b"x"], seconds=.2, rate=50)
        assert (sent["status"] == status).all() and load.percentiles(sent)["failed"] == 10


def test_as_fast_as_answers_come(server):
    url, _ = server(delay=.01)
    sent = load.send(url, [b"x"], seconds=.5, rate=None, connections=2)
    assert 10 < len(sent) <= 60


def test_percentiles_are_live(server):
    url, seen = [], []
    url, _ = server()
    load.send(url, [b"x"], seconds=.8, rate=40, live=lambda sent: seen.append(len(sent)), rng=np.random.default_rng(0))
    assert len(seen) >= 2 and seen == sorted(seen) and seen[0] < 32


def test_percentiles_by_hand():
    sent = pd.DataFrame(dict(due=np.arange(101) / 100, milliseconds=np.arange(101.0), status=200))
    found = load.percentiles(sent)
    assert (found["p50"], found["p95"], found["p99"], found["failed"], found["requests"]) == (50, 95, 99, 0, 101)
    assert np.isnan(load.percentiles(sent.iloc[:0])["p95"])


@pytest.mark.parametrize("url", ["http://example.org:80", "https://127.0.0.1:1", "http://127.0.0.1", "http://127.0.0.1.example.org:80", "8000"])
def test_other_machines_are_left_alone(url):
    with pytest.raises(ValueError, match="on this machine only"):
        load.send(url, [b"x"])


@pytest.mark.parametrize("odd", [dict(rate=1e5), dict(rate=0), dict(seconds=-1), dict(seconds=1e4), dict(connections=1_000)])
def test_load_is_bounded(odd):
    with pytest.raises(ValueError, match=next(iter(odd))):
        load.send("http://127.0.0.1:1", [b"x"], **odd)
    with pytest.raises(ValueError, match="no body"):
        load.send("http://127.0.0.1:1", [])
