"""The service as a process of its own: on loopback, on a free port, ending with whoever started it."""
import argparse
import atexit
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pandas as pd
import sqlalchemy as sa

from course_lib import workspace
from course_lib.cycle import workers as crews
from course_lib.cycle.consented import CONSENT, ConsentedAudio
from course_lib.cycle.log import RequestLog
from course_lib.cycle.workers import ServiceError

HOST, _LOG, _START_S, _END_S = "127.0.0.1", "COURSE_LOG_URL", 180, 15


def models() -> Path:
    """Where the workspace keeps its bundles."""
    return workspace.home() / "registry" / "bundles"


def log_url() -> str:
    """The workspace's own request log."""
    folder = workspace.home() / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{(folder / 'requests.sqlite').as_posix()}"


class Service:
    """A running service and the connection to it; made by `start`, a context manager."""

    def __init__(self, process: subprocess.Popen, port: int, url: str):
        self.process, self.url, self.log_url = process, f"http://{HOST}:{port}", url
        self.http = httpx.Client(base_url=self.url, timeout=10, trust_env=False)
        atexit.register(self.stop)

    def recognize(self, wav: bytes, device: str | None = None, user: str | None = None, day: int | None = None,
                  consent: bool = False) -> dict:
        """Send one WAV, with the user's `consent` to keep it or without; returns the answer, or ServiceError in the service's own words."""
        told = {"x-device": device, "x-user": user, "x-day": day, "x-consent": CONSENT if consent else None}
        headers = {name: str(value) for name, value in told.items() if value is not None}
        return self._read(self.http.post("/recognize", content=wav, headers=headers | {"content-type": "audio/wav"}))

    def feedback(self, request_id: str, kind: str, card: str | None = None) -> dict:
        """Say what a user thought of an answer: wrong, right, correct (with the card), re_ask or complain."""
        return self._read(self.http.post("/feedback", json=dict(request_id=request_id, kind=kind, card=card)))

    def get(self, path: str) -> dict:
        """GET a JSON path, such as "/healthz" or "/model"."""
        return self._read(self.http.get(path))

    def _read(self, response):
        if response.status_code != 200:
            said = response.json() if response.headers.get("content-type", "").startswith("application/json") else {}
            raise ServiceError(f"{response.status_code}: {said.get('error', response.text[:200])} ({said.get('hint', 'no hint')})")
        return response.json()

    def log(self) -> pd.DataFrame:
        """The service's own request log, oldest first."""
        return _reading(self.log_url, RequestLog.requests)

    def shadows(self) -> pd.DataFrame:
        """What a challenger answered unseen."""
        return _reading(self.log_url, RequestLog.shadows)

    def stop(self) -> None:
        """End the process and wait until it is gone; more than once does no harm."""
        self.http.close()
        atexit.unregister(self.stop)
        _end(self.process)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def _end(process):
    """Close the child's standard input, its sign to finish what is under way; one that does not listen is killed."""
    process.stdin.close()
    try:
        process.wait(timeout=_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


def _reading(url, read):
    log = RequestLog(url)
    try:
        return read(log)
    finally:
        log.close()


def start(folder: Path | None = None, url: str | None = None, port: int = 0, workers: int = 1, audio: Path | None = None) -> Service:
    """Start the service of a folder's champion as a child process; ready when this returns.

    Parameters
    ----------
    folder : bundles with a champion; the workspace's by default
    url : database URL of the request log; a file in the workspace by default
    port : 0 takes a free one
    workers : processes that answer on this port
    audio : folder for the audio of users who agreed; None keeps none

    Raises
    ------
    ServiceError
        No champion, a damaged model, a port in use: in one sentence.
    """
    folder, url = folder or models(), url or log_url()
    command = [sys.executable, "-m", "course_lib.cycle.process", "--folder", str(folder), "--port", str(port), "--workers", str(workers)]
    command += [] if audio is None else ["--audio", str(audio)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(workspace.root()), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
                                "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
                                _LOG: url}                    # not on the command line, which others can read: it may hold a password
    # A group of its own: a cell that is interrupted in Jupyter interrupts its whole group, and the service is to go on.
    group = dict(start_new_session=True) if os.name == "posix" else dict(creationflags=subprocess.CREATE_NEW_PROCESS_GROUP)
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True, encoding="utf-8", **group)
    late = threading.Timer(_START_S, process.kill)
    late.start()
    line = process.stdout.readline()
    late.cancel()
    said = json.loads(line) if line.startswith("{") else dict(error=f"the service ended before it was ready, or was not ready within {_START_S} s")
    if "error" in said:
        _end(process)
        raise ServiceError(said["error"])
    return Service(process, said["port"], url)


def listen(port: int) -> socket.socket:
    """A bound socket on loopback; ServiceError where the port is taken."""
    # With the protocol named, asyncio switches Nagle's algorithm off; without it, answers wait 40 ms for an ACK.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
        bound.listen(128)
    except (OSError, OverflowError) as error:
        bound.close()
        raise ServiceError(f"port {port} on {HOST} cannot be used ({error}); choose another, or 0 for a free one") from None
    return bound


def run(folder: Path, url: str, port: int, follow_parent: bool, workers: int = 1, audio: Path | None = None) -> int:
    """Serve until told to stop; says where, or what is wrong: to a parent as one line of JSON, to people in a sentence.

    Parameters
    ----------
    folder, url : bundles with a champion; database URL of the request log
    port : 0 takes a free one
    follow_parent : end when our standard input closes, and speak JSON
    workers : processes that answer on this port
    audio : folder for the audio of users who agreed; None keeps none
    """
    stopping = threading.Event()
    bound = None

    def say():
        at = bound.getsockname()[1]
        print(json.dumps(dict(port=at)) if follow_parent else f"Serving on http://{HOST}:{at} (Ctrl+C stops it).", flush=True)
    try:
        count = _count(workers)
        bound = listen(port)
        alone = server(folder, url, audio)                      # with several workers: tables are made, and faults found, once
        _serve(alone, folder, url, bound, count, say, stopping, follow_parent, audio)
    except Exception as error:
        if not follow_parent:
            raise
        print(json.dumps(dict(error=str(error).splitlines()[0])), flush=True)
        return 1
    return 0


def _serve(alone, folder, url, bound, count, say, stopping, follow_parent, audio):
    def end():
        alone.should_exit = True
        stopping.set()
    if follow_parent:
        threading.Thread(target=_until_parent_ends, args=(end,), daemon=True).start()
    if count > 1:
        crews.run(folder, url, bound, count, say, stopping.is_set, audio)
        return
    say()
    try:
        alone.run(sockets=[bound])
    except KeyboardInterrupt:                            # uvicorn has shut down by then
        pass


def _count(workers):
    if isinstance(workers, bool) or not isinstance(workers, int) or not 1 <= workers <= crews.MOST:
        raise ServiceError(f"{workers!r} workers arrived; a whole number from 1 to {crews.MOST} is expected")
    return workers


def server(folder: Path, url: str, audio: Path | None = None):
    """A uvicorn server of a folder's champion, not yet running; `audio` is a folder for what users agreed to be kept."""
    import uvicorn
    from course_lib.cycle.headers import Patient
    from course_lib.cycle.service import create_app
    app = create_app(folder, _log(url), audio=None if audio is None else ConsentedAudio(audio))
    return uvicorn.Server(uvicorn.Config(app, http=Patient, log_level="warning", access_log=False, timeout_keep_alive=30, timeout_graceful_shutdown=5))


def _log(url):
    try:
        return RequestLog(url)
    except ModuleNotFoundError as error:
        raise ServiceError(f"the request log's database needs the package {error.name}; for PostgreSQL install psycopg "
                           "(requirements-extras.lock has it) and write postgresql+psycopg://...") from None
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError):
        raise ServiceError("the address of the request log is not a database URL; sqlite:///requests.sqlite or "
                           "postgresql+psycopg://user@host/database is expected") from None
    except sa.exc.SQLAlchemyError as error:
        raise ServiceError(f"the request log cannot be opened ({getattr(error, 'orig', None) or error}); "
                           "its folder must exist and be writable, and no other program may lock it") from None


def _until_parent_ends(end):
    """The parent holds the other end of our standard input: its end, by whatever cause, closes the pipe."""
    sys.stdin.buffer.read()
    end()


def main() -> int:
    """Entry of the child process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--audio", type=Path)
    options = parser.parse_args()
    return run(options.folder, os.environ.pop(_LOG), options.port, follow_parent=True, workers=options.workers, audio=options.audio)


if __name__ == "__main__":
    sys.exit(main())
