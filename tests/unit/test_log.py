"""The request log: what was acknowledged stays, whatever happens to the process, the disk or the schema."""
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import numpy as np
import pytest
import sqlalchemy as sa

from course_lib.cycle import process
from course_lib.cycle.log import REQUESTS, RequestLog, is_busy

FULL = dict(device="phone", user="u1", day=3, sample_rate=8_000, seconds=1.5, level_db=-20.5, clipped=.25, best="c01", confidence=.75,
            decision="sorry", version="0123456789ab", latency_ms=2.5, failure=None)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "requests.sqlite"


@pytest.fixture
def log(path):
    with opened(path) as one:
        yield one


def opened(path):
    return closing(RequestLog(f"sqlite:///{path.as_posix()}"))


def row(number, **more):
    return dict(request_id=f"{number:032x}", at=float(number)) | more


def ids(log):
    return [int(name, 16) for name in log.requests()["request_id"]]


def test_what_is_written_is_read(log):
    vectors = dict(features=np.arange(468, dtype=np.float32), scores=np.float32([.75, .25]))
    log.write(row(1, **FULL, **{name: vector.tobytes() for name, vector in vectors.items()}))
    (back,) = log.requests().to_dict("records")
    for name, vector in vectors.items():
        assert back[name].dtype == np.float32 and np.array_equal(back.pop(name), vector)
    assert back == row(1, **FULL) and set(back) | set(vectors) == set(REQUESTS.columns.keys())


def test_rows_come_in_order_of_time_and_may_be_sparse(log):
    for number in (3, 1, 2):
        log.write(row(number, failure="400 not a WAV file" if number == 2 else None))
    assert ids(log) == [1, 2, 3]
    assert log.requests()["features"].isna().all() and log.requests()["failure"].dropna().tolist() == ["400 not a WAV file"]


def test_an_empty_log(log):
    assert log.requests().empty and list(log.requests()) == REQUESTS.columns.keys() and log.feedback().empty


def test_feedback_belongs_to_a_request(log):
    log.write(row(1))
    for kind, card in (("wrong", None), ("correct", "c07")):
        log.feed_back(dict(request_id=row(1)["request_id"], at=5., kind=kind, card=card))
    assert log.feedback()[["kind", "card"]].fillna("").to_numpy().tolist() == [["wrong", ""], ["correct", "c07"]]
    with pytest.raises(KeyError):
        log.feed_back(dict(request_id=row(2)["request_id"], at=5., kind="wrong"))
    assert len(log.feedback()) == 2


def test_an_identity_is_taken_once(log):
    log.write(row(1, device="first"))
    with pytest.raises(sa.exc.IntegrityError) as refused:
        log.write(row(1, device="second"))
    log.write(row(2))
    assert not is_busy(refused.value) and log.requests()["device"].tolist()[0] == "first" and ids(log) == [1, 2]


def test_the_log_of_an_earlier_course_goes_on(path):
    with closing(sqlite3.connect(path)) as old:
        old.execute("create table requests (request_id varchar(32) primary key, at float not null, device varchar(64), later text)")
        old.execute("insert into requests values (?, 1.0, 'phone', 'kept')", (row(1)["request_id"],))
        old.commit()
    for _ in range(2):                                   # the second time there is nothing to add
        with opened(path) as log:
            assert log.requests().loc[0, ["device", "version"]].tolist() == ["phone", None]
    with opened(path) as log:
        log.write(row(2, **FULL))
        log.feed_back(dict(request_id=row(1)["request_id"], at=5., kind="right"))
        assert ids(log) == [1, 2] and log.requests().loc[1, "confidence"] == .75 and len(log.feedback()) == 1
    with closing(sqlite3.connect(path)) as old:
        assert old.execute("select later from requests where device = 'phone' and at = 1").fetchall() == [("kept",)]


def test_a_locked_database_is_busy_at_once_and_recovers(log, path):
    log.write(row(1))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin exclusive")
        began = time.perf_counter()
        for _ in range(3):
            with pytest.raises(sa.exc.OperationalError) as refused:
                log.write(row(2))
            assert is_busy(refused.value)
        assert time.perf_counter() - began < .9          # SQLite's own waiting would be a second each
        with pytest.raises(sa.exc.OperationalError):
            log.feed_back(dict(request_id=row(1)["request_id"], at=5., kind="wrong"))
        assert ids(log) == [1]                           # readers are not held up
        other.execute("rollback")
    log.write(row(2))
    assert ids(log) == [1, 2]


def test_opening_while_another_writes(path):
    with opened(path) as first:
        first.write(row(1))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin exclusive")
        with opened(path) as log:
            assert ids(log) == [1]


def test_a_full_disk_is_an_error_and_recovers(path):
    with opened(path) as log:
        limit = dict(pages=20)
        sa.event.listen(log.engine, "connect", lambda connection, _: connection.execute(f"pragma max_page_count = {limit['pages']}"))
        log.engine.dispose()
        written, big = 0, bytes(2_000)
        with pytest.raises(sa.exc.OperationalError, match="full") as refused:
            for written in range(1, 100):
                log.write(row(written, features=big))
        assert not is_busy(refused.value) and written > 1
        limit["pages"] = 10_000
        log.write(row(1_000, features=big))
        assert ids(log) == [*range(1, written), 1_000]


def test_a_read_only_log_can_be_read_and_says_that_it_cannot_be_written(path):
    with opened(path) as log:
        log.write(row(1))
    with closing(RequestLog(f"sqlite:///file:{path.as_posix()}?mode=ro&uri=true")) as log:
        assert ids(log) == [1]
        with pytest.raises(sa.exc.OperationalError, match="readonly"):
            log.write(row(2))


def test_a_place_that_does_not_exist(tmp_path):
    with pytest.raises(sa.exc.OperationalError, match="unable to open"):
        RequestLog(f"sqlite:///{tmp_path}/no/such/folder/log.sqlite")


def test_several_services_share_a_log(path):
    """Writers who meet try again, as the service does; every row arrives, once."""
    def write(first):
        with opened(path) as log:
            for number in range(first, first + 100):
                while True:
                    try:
                        log.write(row(number))
                        break
                    except sa.exc.OperationalError as error:
                        assert is_busy(error)
                        time.sleep(.001)
    with opened(path) as log, ThreadPoolExecutor(3) as pool:
        list(pool.map(write, (0, 100, 200)))
        assert ids(log) == list(range(300))


def test_kill_minus_9_under_load_loses_no_acknowledged_row(folder, path, body, compiled):
    url, acknowledged, enough = f"sqlite:///{path.as_posix()}", [], threading.Event()

    def client(_):
        with httpx.Client(base_url=service.url, trust_env=False, timeout=10) as http:
            try:
                while len(acknowledged) < 5_000:
                    answer = http.post("/recognize", content=body).raise_for_status().json()
                    http.post("/feedback", json=dict(request_id=answer["request_id"], kind="right")).raise_for_status()
                    acknowledged.append(answer)
                    if len(acknowledged) >= 200:
                        enough.set()
            except httpx.TransportError:
                return True                              # killed while this one was talking

    with process.start(folder, url) as service, ThreadPoolExecutor(8) as pool:
        clients = [pool.submit(client, n) for n in range(8)]
        assert enough.wait(60)
        service.process.kill()
        assert all(one.result() for one in clients)
    logged = service.log().set_index("request_id")
    assert {answer["request_id"] for answer in acknowledged} <= set(logged.index)
    for answer in acknowledged:
        assert logged.loc[answer["request_id"], "version"] == answer["version"]
    with opened(path) as log:
        assert set(log.feedback()["request_id"]) >= {answer["request_id"] for answer in acknowledged}
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
    with process.start(folder, url) as again:
        assert again.recognize(body)["version"] == acknowledged[0]["version"]
        assert len(again.log()) == len(logged) + 1
