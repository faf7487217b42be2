"""Faults around a running service: a slow client, a locked or full log, kill -9 in the middle of a canary."""
import contextlib
import socket
import sqlite3
import threading
import time
import warnings

import httpx
import psutil
import pytest

from course_lib.cycle import bundle, process, release
from course_lib.cycle.log import RequestLog


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.sqlite"


@pytest.fixture
def service(folder, path, compiled):
    with process.start(folder, f"sqlite:///{path.as_posix()}") as one:
        yield one


def test_a_slow_client_is_sent_away_and_holds_nobody_up(service, body):
    port = int(service.url.rpartition(":")[2])
    with contextlib.closing(socket.create_connection(("127.0.0.1", port))) as slow:
        slow.settimeout(20)
        slow.sendall(b"POST /recognize HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\nRIFF")
        began = time.time()
        for _ in range(5):
            assert service.recognize(body)["version"]
        assert time.time() - began < 3
        assert b" 408 " in slow.recv(1_000).splitlines()[0] and time.time() - began < 12
    assert service.log()["failure"].dropna().str.startswith("408").sum() == 1


def model_of(client):
    """Ask for /model over a connection that stays open; the status line."""
    client.sendall(b"GET /model HTTP/1.1\r\nHost: x\r\n\r\n")
    said = b""
    while not said.endswith(b"}"):
        said += client.recv(4_000)
    return said.splitlines()[0]


def test_headers_that_come_a_byte_at_a_time_are_not_waited_for(service, body):
    """Slow before the first request and after it, and silent from the start: all three are sent away, others are served meanwhile."""
    port = service.http.base_url.port
    with contextlib.ExitStack() as open_:
        slow, later, silent = (open_.enter_context(contextlib.closing(socket.create_connection(("127.0.0.1", port)))) for _ in range(3))
        assert b" 200 " in model_of(later)
        ends, began, answered = {}, time.time(), 0
        for one in (slow, later, silent):
            one.settimeout(.01)
        while len(ends) < 3 and time.time() - began < 30:
            for one, part in ((slow, b"G"), (later, b"G"), (silent, b"")):
                if one not in ends:
                    with contextlib.suppress(TimeoutError):
                        with contextlib.suppress(ConnectionError):
                            one.sendall(part)
                        ends[one] = one.recv(4_000), time.time() - began
            answered += bool(service.recognize(body)["version"])
            time.sleep(.2)
    assert ends[slow][0].startswith(b"HTTP/1.1 408 ") and b"send them faster" in ends[slow][0] and ends[later][0].startswith(b"HTTP/1.1 408 ")
    assert ends[silent][0] == b"" and all(4 < seconds < 15 for _, seconds in ends.values()) and answered >= 5


def test_a_connection_may_rest_between_two_requests(service):
    with contextlib.closing(socket.create_connection(("127.0.0.1", service.http.base_url.port))) as client:
        for pause in (6, 0):                             # longer than headers may take
            assert b" 200 " in model_of(client)
            time.sleep(pause)


def test_a_burst_is_refused_at_once_where_it_is_too_large(service, body):
    request = b"POST /recognize HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with contextlib.ExitStack() as open_:
        clients = [open_.enter_context(contextlib.closing(socket.create_connection(("127.0.0.1", service.http.base_url.port))))
                   for _ in range(101)]
        assert b" 200 " in model_of(clients.pop())       # the last in the queue is answered: the others are accepted
        psutil.Process(service.process.pid).suspend()    # so that all of them are there when it looks
        [client.sendall(request) for client in clients]
        psutil.Process(service.process.pid).resume()
        answers = [b"".join(iter(lambda: client.recv(65_536), b"")) for client in clients]
    codes = [int(answer.split()[1]) for answer in answers]
    assert set(codes) == {200, 503} and codes.count(200) >= 64 and all(b"retry-after: 1" in a for a, code in zip(answers, codes) if code == 503)
    assert service.recognize(body)["version"]


@pytest.mark.parametrize("sent", [b"\x00\xff\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST /recognize HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                                  b"POST /recognize HTTP/1.1\r\nContent-Length: 10\r\n\r\nRIFF", b""])
def test_broken_http_leaves_the_service_answering(service, sent, body):
    port = int(service.url.rpartition(":")[2])
    with contextlib.closing(socket.create_connection(("127.0.0.1", port))) as client:
        client.sendall(sent)
    assert service.recognize(body)["version"]


@pytest.mark.parametrize("path_", ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/model/../..", "/;ls", "/recognize/$(id)"])
def test_a_path_is_only_a_path(service, path_):
    answer = httpx.request("GET", service.url + path_, trust_env=False)
    assert answer.status_code in (404, 405) and "root:" not in answer.text and set(answer.json()) == {"error", "hint"}


def test_a_locked_log_is_a_503_with_words_and_recovers(service, path, body):
    service.recognize(body)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin exclusive")
        answer = service.http.post("/recognize", content=body)
        assert answer.status_code == 503 and answer.json()["error"] == "the request cannot be logged" and answer.headers["retry-after"]
        health = service.http.get("/healthz")
        assert health.status_code == 503 and not health.json()["ready"] and "locked" in health.json()["fault"] and health.json()["version"]
        with pytest.raises(process.ServiceError, match="not ready.*locked"):
            service.get("/healthz")
        rows = len(service.log())
        other.execute("rollback")
    assert service.get("/healthz")["ready"], "without a request: it tries the log itself"
    assert len(service.log()) == rows
    assert service.recognize(body)["version"] and service.get("/healthz")["fault"] == ""


def test_a_full_disk_is_a_503_with_words_and_recovers(folder, path, body, monkeypatch):
    """The log's own page limit stands for the disk: SQLite says "database or disk is full" for both."""
    import sqlalchemy as sa
    from course_lib.cycle.service import create_app
    with warnings.catch_warnings():                      # it asks for a successor of httpx
        warnings.simplefilter("ignore")
        from fastapi.testclient import TestClient
    log, limit = RequestLog(f"sqlite:///{path.as_posix()}"), dict(pages=30)
    sa.event.listen(log.engine, "connect", lambda connection, _: connection.execute(f"pragma max_page_count = {limit['pages']}"))
    log.engine.dispose()
    with TestClient(create_app(folder, log)) as http:
        answers = [http.post("/recognize", content=body) for _ in range(40)]
        codes = [answer.status_code for answer in answers]
        assert codes[0] == 200 and codes[-1] == 503 and set(codes) == {200, 503} and "cannot be logged" in answers[-1].text
        health = http.get("/healthz")
        assert health.status_code == 503 and not health.json()["ready"] and "full" in health.json()["fault"]
        limit["pages"] = 10_000
        assert http.post("/recognize", content=body).status_code == 200
        assert len(log.requests()) == codes.count(200) + 1 and http.get("/healthz").json()["fault"] == ""


def test_kill_minus_9_in_a_canary_loses_no_acknowledged_row_and_goes_on_as_it_was(folder, path, body, model, names, compiled):
    challenger = bundle.save(model, .9, names, folder).name
    release.write(folder, "canary", challenger, .5)
    url, acknowledged = f"sqlite:///{path.as_posix()}", {}

    def client(number):
        with httpx.Client(base_url=service.url, trust_env=False, timeout=10) as http:
            with contextlib.suppress(httpx.TransportError):
                while True:
                    said = http.post("/recognize", content=body, headers={"x-user": f"u{number}"}).raise_for_status().json()
                    acknowledged[said["request_id"]] = said["version"]
    service = process.start(folder, url, workers=2)
    threads = [threading.Thread(target=client, args=(n,)) for n in range(8)]
    [thread.start() for thread in threads]
    while len(acknowledged) < 60:
        time.sleep(.01)
    for one in psutil.Process(service.process.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    service.process.kill()
    [thread.join() for thread in threads]
    service.stop()
    logged = service.log().set_index("request_id")["version"]
    assert acknowledged and all(logged[name] == version for name, version in acknowledged.items())
    with process.start(folder, url) as again:
        health = again.get("/healthz")
        assert (health["mode"], health["challenger"], health["version"]) == ("canary", challenger, bundle.champion(folder).name)
        for number in range(8):                          # each device meets the version that it met before
            before = {version for name, version in acknowledged.items() if again.log().set_index("request_id").loc[name, "user"] == f"u{number}"}
            assert {again.recognize(body, user=f"u{number}")["version"]} >= before
