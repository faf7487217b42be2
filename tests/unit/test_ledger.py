"""The ledger: append-only, whole after a kill, sound with two processes, an old schema, a damaged file, a read-only home."""
import os
import signal
import sqlite3
import subprocess
import sys
import time

import numpy as np
import pytest

from course_lib.learn import ledger

WRITER = """
import sys
from course_lib.learn import ledger
print("ready", flush=True)
for i in range(int(sys.argv[2])):
    print(ledger.record("experiment", sys.argv[1], dict(i=i)), flush=True)
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(ledger, "_memory", [])
    monkeypatch.setattr(ledger, "_warned", set())
    return tmp_path / "home"


def writer(key, count):
    return subprocess.Popen([sys.executable, "-c", WRITER, key, str(count)], stdout=subprocess.PIPE, text=True)


def test_what_was_recorded_is_found_by_kind_key_and_lesson():
    first = ledger.record("guess", "00.1", dict(values=dict(a=np.float32(.5))), lesson="00", seed=np.int64(3))
    ledger.record("guess", "01.1", dict(values=np.arange(2)), lesson="01", seed=3)
    found = ledger.entries("guess", "00.1")
    assert found["id"].tolist() == [first] and found["payload"][0] == {"values": {"a": .5}} and found["seed"][0] == 3
    assert ledger.entries(lesson="01")["payload"][0] == {"values": [0, 1]}
    assert len(ledger.entries()) == 2 and ledger.entries("quiz").empty and ledger.latest("quiz", "x") is None


def test_the_newest_entry_counts():
    for threshold in (.3, .6):
        ledger.record("decision", "threshold", dict(value=threshold))
    assert ledger.latest("decision", "threshold") == {"value": .6}


@pytest.mark.parametrize("statement", ["update entries set key = 'x'", "delete from entries", "insert or replace into entries "
                                       "(id, at, kind, key, payload) values (1, 0, 'guess', 'x', '{}')"])
def test_nothing_in_it_is_changed_or_deleted(statement):
    ledger.record("guess", "00.1", dict(a=1))
    base = sqlite3.connect(ledger.path())
    with pytest.raises(sqlite3.DatabaseError), base:
        base.execute(statement)
    base.close()
    assert ledger.latest("guess", "00.1") == {"a": 1}


def test_two_processes_at_once_lose_nothing():
    ledger.record("guess", "first", {})
    both = [writer(key, 50) for key in "ab"]
    numbers = [int(line) for process in both for line in process.communicate()[0].splitlines()[1:]]
    assert len(set(numbers)) == 100 and min(numbers) > 0
    for key in "ab":
        assert [payload["i"] for payload in ledger.entries("experiment", key)["payload"]] == list(range(50))


def test_two_processes_may_make_it_at_once():
    both = [writer(key, 5) for key in "abcd"]
    assert all(int(line) > 0 for process in both for line in process.communicate()[0].splitlines()[1:])
    assert len(ledger.entries("experiment")) == 20


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_kill_loses_no_entry_that_was_acknowledged():
    process = writer("killed", 100_000)
    for _ in range(40):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    acknowledged = [line for line in process.communicate()[0].splitlines() if line.strip()]
    kept = [payload["i"] for payload in ledger.entries("experiment", "killed")["payload"]]
    assert kept == list(range(len(kept))) and len(kept) >= 39 + max(len(acknowledged) - 1, 0)
    assert ledger.record("guess", "after", {}) > 0


def test_an_old_schema_keeps_its_rows():
    ledger.path().parent.mkdir(exist_ok=True)
    base = sqlite3.connect(ledger.path())
    base.execute("create table entries (id integer primary key, at real not null, kind text not null, key text not null, payload text not null)")
    base.execute("insert into entries (at, kind, key, payload) values (1.5, 'seal', 'old', '{\"text\": \"kept\"}')")
    base.commit()
    base.close()
    ledger.record("guess", "new", dict(a=1), lesson="00", seed=1)
    rows = ledger.entries()
    assert rows["key"].tolist() == ["old", "new"] and rows["payload"][0] == {"text": "kept"} and rows["lesson"][1] == "00"


def test_a_newer_edition_is_left_alone_and_the_session_goes_on(capsys):
    ledger.record("guess", "a", {})
    base = sqlite3.connect(ledger.path())
    base.execute(f"pragma user_version = {ledger.SCHEMA_VERSION + 1}")
    base.close()
    assert ledger.record("guess", "b", dict(x=1)) < 0
    assert "newer edition" in capsys.readouterr().out
    assert ledger.latest("guess", "b") == {"x": 1}


def test_a_damaged_file_is_moved_aside_not_deleted(home, capsys):
    home.mkdir()
    ledger.path().write_bytes(b"this is no database at all" * 100)
    assert ledger.record("guess", "a", {}) == 1
    (aside,) = home.glob("ledger-damaged-*.sqlite")
    assert aside.read_bytes().startswith(b"this is no database") and aside.name in capsys.readouterr().out


def test_a_home_that_cannot_be_written_keeps_the_session(home, capsys):
    home.write_text("a file where the folder should be")
    assert ledger.record("decision", "threshold", dict(value=.4)) == -1
    assert ledger.latest("decision", "threshold") == {"value": .4}
    ledger.record("decision", "threshold", dict(value=.5))
    assert ledger.latest("decision", "threshold") == {"value": .5}
    assert capsys.readouterr().out.count("kept in this session only") == 1


def test_a_writer_waits_for_another_and_does_not_fail():
    ledger.record("guess", "a", {})
    blocker = sqlite3.connect(ledger.path(), isolation_level=None)
    blocker.execute("begin immediate")
    process = writer("waiting", 1)
    process.stdout.readline()
    time.sleep(.5)
    blocker.execute("commit")
    blocker.close()
    assert int(process.communicate()[0]) > 0


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="'gess' is unknown; known kinds are guess"):
        ledger.record("gess", "a", {})


def test_the_home_may_have_spaces_and_accents(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "mein Kürs ☂"))
    assert ledger.record("guess", "é", dict(text="naïve")) == 1 and ledger.latest("guess", "é") == {"text": "naïve"}
    assert os.path.exists(ledger.path())
