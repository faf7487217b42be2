"""What the learner did, append-only: guesses, checks, experiments, quizzes, decisions.

One SQLite file in the workspace, safe with two kernels at once and against a kill. Nothing is
ever changed or deleted in it; the latest entry of a key is the one that counts.
"""
import json
import os
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd

from course_lib import workspace

KINDS = ("guess", "check", "hint", "experiment", "quiz", "seal", "reveal", "decision")
SCHEMA_VERSION = 1
_TABLE = """
create table if not exists entries (
    id integer primary key, at real not null, kind text not null, key text not null,
    lesson text, seed integer, payload text not null);
create index if not exists entries_by_key on entries (kind, key);
create trigger if not exists no_update before update on entries begin select raise(abort, 'the ledger is append-only'); end;
create trigger if not exists no_replace before insert on entries when exists (select 1 from entries where id = new.id)
    begin select raise(abort, 'the ledger is append-only'); end;
create trigger if not exists no_delete before delete on entries begin select raise(abort, 'the ledger is append-only'); end;
"""
_memory: list = []                                   # entries of a session whose workspace cannot be written
_warned: set = set()


def record(kind: str, key: str, payload: dict, lesson: str | None = None, seed: int | None = None) -> int:
    """Append one entry; returns its number.

    Parameters
    ----------
    kind : one of `KINDS`
    key : what it is about, such as "00.1"
    payload : JSON-able values; numpy scalars and arrays are converted
    lesson, seed : where it happened
    """
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} is unknown; known kinds are {', '.join(KINDS)}")
    row = (time.time(), kind, key, lesson, None if seed is None else int(seed), json.dumps(payload, default=_plain))
    try:
        with closing(_open()) as base, base:
            return base.execute("insert into entries (at, kind, key, lesson, seed, payload) values (?, ?, ?, ?, ?, ?)", row).lastrowid
    except (sqlite3.Error, OSError) as error:
        _warn(f"your progress is kept in this session only: the ledger cannot be written ({error})")
        _memory.append(row)
        return -len(_memory)


def entries(kind: str | None = None, key: str | None = None, lesson: str | None = None) -> pd.DataFrame:
    """All entries that fit, in order: id, at (seconds since 1970), kind, key, lesson, seed, payload (dict)."""
    wanted = {name: value for name, value in (("kind", kind), ("key", key), ("lesson", lesson)) if value is not None}
    where = " where " + " and ".join(f"{name} = ?" for name in wanted) if wanted else ""
    try:
        with closing(_open()) as base:
            rows = base.execute(f"select id, at, kind, key, lesson, seed, payload from entries{where} order by id", tuple(wanted.values())).fetchall()
    except (sqlite3.Error, OSError):
        rows = []
    rows += [(-i, *row) for i, row in enumerate(_memory, 1)
             if all(row[1:4][("kind", "key", "lesson").index(name)] == value for name, value in wanted.items())]
    out = pd.DataFrame(rows, columns=["id", "at", "kind", "key", "lesson", "seed", "payload"])
    return out.assign(payload=[json.loads(text) for text in out["payload"]])


def latest(kind: str, key: str) -> dict | None:
    """The payload of the newest entry of a kind and key; None if there is none."""
    found = entries(kind, key)["payload"]
    return None if found.empty else found.iloc[-1]


def path() -> Path:
    """Where the ledger stands in the learner's workspace."""
    return workspace.home() / "ledger.sqlite"


def _open() -> sqlite3.Connection:
    """A connection to a sound ledger of this version's schema; a damaged file is moved aside, not deleted."""
    where = path()
    try:
        return _prepared(where)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError) or "append-only" in str(error):
            raise
        aside = where.with_name(f"ledger-damaged-{int(time.time())}.sqlite")
        os.replace(where, aside)
        _warn(f"the ledger was not readable ({error}); it was moved to {aside.name} and a new one begun")
        return _prepared(where)


def _prepared(where):
    base = sqlite3.connect(where, timeout=20)
    try:
        version = base.execute("pragma user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise OSError(f"{where.name} was written by a newer edition of the course; update the course")
        if base.execute("pragma journal_mode = wal").fetchone()[0] != "wal":
            base.execute("pragma journal_mode = delete")
        base.execute("pragma synchronous = normal")
        if version < SCHEMA_VERSION:
            _migrate(base)
        return base
    except BaseException:
        base.close()
        raise


def _migrate(base):
    """Bring a ledger of an older edition (or a new file) to this schema; all rows are kept.

    Version 0 had no seed and no lesson of its own.
    """
    base.isolation_level = None
    base.execute("begin immediate")
    try:
        columns = {row[1] for row in base.execute("pragma table_info(entries)")}
        for name in ({"lesson", "seed"} - columns if columns else ()):
            base.execute(f"alter table entries add column {name} {'text' if name == 'lesson' else 'integer'}")
        for statement in _TABLE.strip().split(";\n"):
            base.execute(statement)
        base.execute(f"pragma user_version = {SCHEMA_VERSION}")
        base.execute("commit")
    except BaseException:
        base.execute("rollback")
        raise
    base.isolation_level = ""


def _warn(words):
    if words not in _warned:
        _warned.add(words)
        print(words, file=sys.stdout)


def _plain(value):
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    return str(value)
