"""Several processes that answer on one port: each follows the same pointer and settings, and writes the same log.

The first process only listens and watches: it starts a worker anew that died. Workers hold one end of a pipe
whose other end is its alone; when it ends, by whatever cause, the pipe closes and they finish. Sockets and
pipes travel to them by multiprocessing, on Windows too.
"""
import multiprocessing
import os
import socket
import tempfile
import threading
import time
from multiprocessing import connection
from pathlib import Path
from typing import Callable

MOST, _START_S, _PAUSE_S = 16, 120, .5


class ServiceError(RuntimeError):
    """The service did not start or does not answer; the message says why."""


def work(folder: Path, url: str, bound: socket.socket, audio: Path | None, ends, tells) -> None:
    """One worker, in a process of its own: say that it is ready, answer until the pipe `ends` closes."""
    from course_lib.cycle import process
    try:
        server = process.server(folder, url, audio)
    except Exception as error:
        tells.send(str(error).splitlines()[0])
        return
    threading.Thread(target=_until_closed, args=(ends, server), daemon=True).start()
    tells.send("")
    try:
        server.run(sockets=[bound])
    except KeyboardInterrupt:                            # uvicorn has shut down by then
        pass


def _until_closed(ends, server):
    try:
        ends.recv()
    except (EOFError, OSError):
        pass
    server.should_exit = True


class Crew:
    """Workers on one socket; made by `crew`."""

    def __init__(self, folder, url, bound, count, audio=None):
        self.context, self.given = multiprocessing.get_context("spawn"), (folder, url, bound, audio)
        self.ends, self.holds = self.context.Pipe(duplex=False)
        self.workers, self.answering = [], set()         # processes with what they say; pids of those that are ready
        try:
            self.workers = [self._start() for _ in range(count)]
            for process, said in self.workers:
                self._ready(process, said)
        except BaseException:
            self.stop()
            raise

    def _start(self):
        said, tells = self.context.Pipe(duplex=False)
        process = self.context.Process(target=work, args=(*self.given, self.ends, tells))
        process.start()
        tells.close()
        return process, said

    def _ready(self, process, said):
        try:
            words = said.recv() if said.poll(_START_S) else f"worker {process.pid} did not start within {_START_S} seconds"
        except EOFError:
            words = f"worker {process.pid} ended before it was ready"
        if words:
            raise ServiceError(words)
        self.answering.add(process.pid)

    def _heard(self, process, said):
        """The trouble of a worker that could not start; "" for none, or nothing said yet."""
        try:
            words = said.recv() if said.poll() else None
        except EOFError:
            return ""
        if words == "":
            self.answering.add(process.pid)
        return words or ""

    def watch(self, stopping: Callable[[], bool]) -> None:
        """Start those anew that died, until `stopping()`; a pause keeps one that always dies from filling the machine.

        ServiceError, in a worker's words, when none answers any more and a new one cannot start.
        """
        while not stopping():
            connection.wait([process.sentinel for process, _ in self.workers], timeout=.2)
            for i, (process, said) in enumerate(self.workers):
                trouble, ended = self._heard(process, said), not process.is_alive()
                if ended:
                    self.answering.discard(process.pid)
                if trouble and not self.answering:
                    raise ServiceError(trouble)
                if ended and not stopping():
                    said.close()
                    time.sleep(_PAUSE_S)
                    self.workers[i] = self._start()

    def stop(self) -> None:
        """Let the workers finish what is under way; those that do not are killed."""
        self.holds.close()
        for process, said in self.workers:
            process.join(10)
            if process.is_alive():
                process.kill()
                process.join()
            said.close()
        self.ends.close()


def run(folder: Path, url: str, bound: socket.socket, count: int, ready: Callable[[], None], stopping: Callable[[], bool],
        audio: Path | None = None) -> None:
    """Answer on a bound socket with so many workers until `stopping()`; `ready` is called when all of them are.

    `audio` is the folder for what users agreed to be kept, if there is one.

    Raises
    ------
    ServiceError
        A worker did not start, in its own words.
    """
    with tempfile.TemporaryDirectory(prefix="course-metrics-", ignore_cleanup_errors=True) as shared:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = shared  # where workers add up their counters
        try:
            crew = Crew(folder, url, bound, count, audio)
            try:
                ready()
                crew.watch(stopping)
            except KeyboardInterrupt:
                pass
            finally:
                crew.stop()
        finally:
            del os.environ["PROMETHEUS_MULTIPROC_DIR"]
