"""The request log: every request and every reaction to it, in a database of the team's choice."""
import uuid

import numpy as np
import pandas as pd
import sqlalchemy as sa

_META = sa.MetaData()
REQUESTS = sa.Table(
    "requests", _META,
    sa.Column("request_id", sa.String(32), primary_key=True), sa.Column("at", sa.Float, nullable=False, index=True),
    sa.Column("device", sa.String(64)), sa.Column("user", sa.String(64)), sa.Column("day", sa.Integer),
    sa.Column("sample_rate", sa.Integer), sa.Column("seconds", sa.Float), sa.Column("level_db", sa.Float), sa.Column("clipped", sa.Float),
    sa.Column("features", sa.LargeBinary), sa.Column("scores", sa.LargeBinary), sa.Column("best", sa.String(64)),
    sa.Column("confidence", sa.Float), sa.Column("decision", sa.String(64)), sa.Column("version", sa.String(32)),
    sa.Column("latency_ms", sa.Float), sa.Column("failure", sa.String(200)))
FEEDBACK = sa.Table(
    "feedback", _META,
    sa.Column("id", sa.Integer, primary_key=True), sa.Column("at", sa.Float, nullable=False),
    sa.Column("request_id", sa.String(32), nullable=False, index=True), sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("card", sa.String(64)))
SHADOW = sa.Table(
    "shadow", _META,
    sa.Column("id", sa.Integer, primary_key=True), sa.Column("request_id", sa.String(32), nullable=False, index=True),
    sa.Column("at", sa.Float, nullable=False), sa.Column("version", sa.String(32), nullable=False), sa.Column("best", sa.String(64)),
    sa.Column("confidence", sa.Float), sa.Column("decision", sa.String(64)), sa.Column("latency_ms", sa.Float), sa.Column("failure", sa.String(200)))
_INSERT = {table: sa.insert(table) for table in (REQUESTS, SHADOW)}
_LOCK = 71_966                                       # any number, the same in every service
_PROBE = 4_000                                       # bytes: more than a request's row, so that what takes them takes that
_BUSY_S = 1.0                                        # how long reading and feedback wait while another writes


class RequestLog:
    """A log behind a database URL; a row is committed before its answer leaves.

    Parameters
    ----------
    url : SQLAlchemy URL, such as "sqlite:///requests.sqlite" or "postgresql+psycopg://..."
    """

    def __init__(self, url: str):
        sqlite = dict(connect_args={"timeout": _BUSY_S}) if url.startswith("sqlite") else {}
        self.engine = sa.create_engine(url, **sqlite)
        if self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine, "connect", _prepare)
        with self.engine.begin() as connection:
            if self.engine.dialect.name == "postgresql":     # services that start together make the tables one after the other
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            _META.create_all(connection)
            _grow(connection)
        self._connection = None

    def write(self, row: dict, table: sa.Table = REQUESTS) -> None:
        """Append one request, or one answer in the shadow, at once or not at all; missing columns stay empty.

        Raises
        ------
        SQLAlchemyError
            The database does not take it; `is_busy` tells whether it soon may.
        """
        self._at_once((_INSERT[table], row))

    def probe(self) -> None:
        """Write a row and take it back in one step; SQLAlchemyError, as of `write`, where the database takes none."""
        row = dict(request_id=uuid.uuid4().hex, at=0.0, features=bytes(_PROBE))
        self._at_once((_INSERT[REQUESTS], row), (sa.delete(REQUESTS).where(REQUESTS.c.request_id == row["request_id"]), {}))

    def _at_once(self, *statements):
        if self._connection is None:
            self._connection = self.engine.connect()
            if self.engine.dialect.name == "sqlite":
                self._connection.exec_driver_sql("pragma busy_timeout = 0")
        try:
            for statement, values in statements:
                self._connection.execute(statement, values)
            self._connection.commit()
        except sa.exc.SQLAlchemyError as error:
            self._connection.rollback()
            if not is_busy(error):
                self._connection.invalidate()
                self._connection.close()
                self._connection = None
            raise

    def feed_back(self, row: dict) -> None:
        """Append one reaction of a user; KeyError where no such request was logged."""
        with self.engine.begin() as connection:
            if connection.execute(sa.select(REQUESTS.c.request_id).where(REQUESTS.c.request_id == row["request_id"])).first() is None:
                raise KeyError(row["request_id"])
            connection.execute(sa.insert(FEEDBACK), row)

    def requests(self) -> pd.DataFrame:
        """All requests in order of time; features and scores as float32 arrays."""
        out = pd.read_sql(sa.select(REQUESTS).order_by(REQUESTS.c.at), self.engine)
        for column in ("features", "scores"):
            out[column] = [np.frombuffer(blob, np.float32) if blob else None for blob in out[column]]
        return out

    def feedback(self) -> pd.DataFrame:
        """All reactions, in order of arrival."""
        return pd.read_sql(sa.select(FEEDBACK).order_by(FEEDBACK.c.id), self.engine)

    def shadows(self) -> pd.DataFrame:
        """What challengers answered unseen, in order of arrival."""
        return pd.read_sql(sa.select(SHADOW).order_by(SHADOW.c.id), self.engine)

    def close(self) -> None:
        """Let go of the database."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self.engine.dispose()


def is_busy(error: sa.exc.SQLAlchemyError) -> bool:
    """Whether a database refused only because somebody else was writing."""
    return isinstance(error, sa.exc.OperationalError) and "locked" in str(error.orig)


def _grow(connection):
    """Add what the log of an earlier course lacks; its rows stay, and are empty there."""
    quote = connection.dialect.identifier_preparer.quote
    for table in _META.sorted_tables:
        known = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
        for column in (c for c in table.columns if c.name not in known):
            kind = column.type.compile(connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {quote(table.name)} ADD COLUMN {quote(column.name)} {kind}")


def _prepare(connection, _):
    """Write-ahead log without a flush at each commit: safe against a kill, not against a power cut."""
    cursor = connection.cursor()
    if cursor.execute("pragma journal_mode = wal").fetchone()[0] != "wal":
        cursor.execute("pragma journal_mode = delete")
    cursor.execute("pragma synchronous = normal")
    cursor.close()
