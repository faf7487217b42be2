"""The request log: every request and every reaction to it, in a database of the team's choice."""
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


class RequestLog:
    """A log behind a database URL; a row is committed before its answer leaves.

    Parameters
    ----------
    url : SQLAlchemy URL, such as "sqlite:///requests.sqlite" or "postgresql+psycopg://..."
    """

    def __init__(self, url: str):
        self.engine = sa.create_engine(url, connect_args={"timeout": 5} if url.startswith("sqlite") else {})
        if self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine, "connect", _prepare)
        _META.create_all(self.engine)
        self._insert, self._connection = sa.insert(REQUESTS), None

    def write(self, row: dict) -> None:
        """Append one request; missing columns stay empty. SQLAlchemyError where the database does not take it."""
        if self._connection is None:
            self._connection = self.engine.connect()
        try:
            self._connection.execute(self._insert, row)
            self._connection.commit()
        except sa.exc.SQLAlchemyError:
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

    def close(self) -> None:
        """Let go of the database."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self.engine.dispose()


def _prepare(connection, _):
    """Write-ahead log without a flush at each commit: safe against a kill, not against a power cut."""
    cursor = connection.cursor()
    if cursor.execute("pragma journal_mode = wal").fetchone()[0] != "wal":
        cursor.execute("pragma journal_mode = delete")
    cursor.execute("pragma synchronous = normal")
    cursor.close()
