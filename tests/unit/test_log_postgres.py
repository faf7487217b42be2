"""The request log in a real PostgreSQL, which the environment variable COURSE_TEST_POSTGRES names; a schema of its own, dropped at the end.

Such as COURSE_TEST_POSTGRES=postgresql+psycopg://someone@localhost/course, with psycopg from requirements-extras.lock.
"""
import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest
import sqlalchemy as sa

from course_lib.cycle import load, monitor, process, release
from course_lib.cycle.log import REQUESTS, SHADOW, RequestLog, is_busy

SERVER = os.environ.get("COURSE_TEST_POSTGRES", "")
pytestmark = pytest.mark.skipif(not SERVER, reason="COURSE_TEST_POSTGRES names no PostgreSQL database, such as postgresql+psycopg://someone@localhost/course")


@pytest.fixture
def url():
    """The database with a schema of this test alone."""
    schema, server = f"course_{uuid.uuid4().hex}", sa.create_engine(SERVER)
    with server.begin() as connection:
        connection.execute(sa.schema.CreateSchema(schema))
    yield sa.make_url(SERVER).update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(hide_password=False)
    with server.begin() as connection:
        connection.execute(sa.schema.DropSchema(schema, cascade=True))
    server.dispose()


def row(number, **more):
    return dict(request_id=f"{number:032x}", at=float(number)) | more


def test_what_is_written_is_read(url):
    full = dict(device="phone", user="u1", day=3, sample_rate=8_000, seconds=1.5, level_db=np.float64(-20.5), clipped=.25, best="c01", confidence=.75,
                decision="sorry", version="0123456789ab", latency_ms=2.5, failure=None)
    vector = np.arange(468, dtype=np.float32)
    for _ in range(2):                                   # the second time the tables are there
        with closing(RequestLog(url)) as log:
            log.probe()
    with closing(RequestLog(url)) as log:
        for number in (3, 1):
            log.write(row(number, **full, features=vector.tobytes(), scores=vector.tobytes()))
        log.write(row(1, version="0123456789ab", failure="x" * 200), SHADOW)
        log.feed_back(dict(request_id=row(1)["request_id"], at=5., kind="correct", card="c07"))
        with pytest.raises(KeyError):
            log.feed_back(dict(request_id=row(2)["request_id"], at=5., kind="wrong"))
        back = log.requests()
        assert back["at"].tolist() == [1, 3] and np.array_equal(back.loc[0, "features"], vector) and back.loc[0, "features"].dtype == np.float32
        assert back.loc[0, list(full)].to_dict() == full
        assert log.shadows()["failure"].tolist() == ["x" * 200] and log.feedback()[["kind", "card"]].to_numpy().tolist() == [["correct", "c07"]]


def test_a_refused_row_leaves_the_log_writable(url):
    with closing(RequestLog(url)) as log:
        log.write(row(1))
        for bad in (row(1), row(2, device="x" * 65)):    # an identity twice; a text that is too long, which SQLite would take
            with pytest.raises(sa.exc.SQLAlchemyError) as refused:
                log.write(bad)
            assert not is_busy(refused.value)
        log.write(row(2))
        assert log.requests()["at"].tolist() == [1, 2]


def test_a_lost_connection_is_one_refusal(url):
    with closing(RequestLog(url)) as log, closing(RequestLog(url)) as other:
        log.write(row(1))
        its = dict(pid=log._connection.connection.driver_connection.info.backend_pid)
        with other.engine.connect() as connection:
            connection.execute(sa.text("select pg_terminate_backend(:pid, 5000)"), its)   # waits until it is gone
        with pytest.raises(sa.exc.SQLAlchemyError):
            log.write(row(2))
        log.write(row(2))
        assert log.requests()["at"].tolist() == [1, 2]


def test_the_log_of_an_earlier_course_goes_on(url):
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text('create table requests (request_id varchar(32) primary key, at double precision not null, "user" varchar(64))'))
        connection.execute(sa.text("insert into requests values ('0', 1.0, 'u1')"))
    engine.dispose()
    with closing(RequestLog(url)) as log:
        log.write(row(2, version="0123456789ab"))
        assert log.requests()[["user", "version"]].fillna("").to_numpy().tolist() == [["u1", ""], ["", "0123456789ab"]]


def test_several_services_that_start_together_share_a_log(url):
    def write(first):
        with closing(RequestLog(url)) as log:
            for number in range(first, first + 50):
                log.write(row(number))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, (0, 50, 100, 150)))
    with closing(RequestLog(url)) as log:
        assert log.requests()["at"].tolist() == list(range(200)) and list(log.requests()) == REQUESTS.columns.keys()


def test_two_workers_log_to_it_and_their_log_is_read_as_signals(folder, url, body, compiled):
    with process.start(folder, url, workers=2) as service:
        sent = load.send(service.url, [body], 1, 40, 8, lambda n: {"x-user": f"u{n % 8}", "x-device": "phone", "x-day": str(n % 2)})
        answer = service.recognize(body, day=1)
        service.feedback(answer["request_id"], "re_ask")
        assert service.http.post("/recognize", content=b"junk").status_code == 400 and service.get("/healthz")["ready"]
        log = service.log()
    with closing(RequestLog(url)) as book:
        found = monitor.signals(monitor.with_reactions(log.dropna(subset="day"), book.feedback()))
    assert (sent["status"] == 200).all() and found["requests"].tolist() == [20, 21] and found["re_asks"].tolist() == [0, pytest.approx(1000 / 21)]
    assert log["failure"].dropna().str.startswith("400").tolist() == [True] and release.read(folder).mode == "off"
