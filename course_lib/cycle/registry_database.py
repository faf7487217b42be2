"""MLflow's database of the registry: made in an instant, opened by one writer at a time, without telemetry."""
import logging
import os
import sqlite3
import warnings
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Iterator

SCHEMA = Path(__file__).with_name("registry.sql")
_WAIT_S = 30


class RegistryError(LookupError):
    """There is no such version, or no way back; the message says what there is."""


def connect(folder: Path, name: str):
    """MLflow's client of the database in a folder, with a model of this name; both are made if they are not there."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    path = folder / "mlflow.sqlite"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")                  # what MLflow's tables say of a newer SQLAlchemy
        from mlflow.tracking import MlflowClient
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        with alone(folder / "lock.sqlite"):
            if not path.exists():
                prepare(path)
            url = f"sqlite:///{path.as_posix()}"
            client = MlflowClient(tracking_uri=url, registry_uri=url)
            if not client.search_registered_models(f"name = '{name}'"):
                client.create_registered_model(name)
    return client


def prepare(path: Path) -> None:
    """Write MLflow's empty database: the tables that its 60 migrations end in, if they are the installed version's.

    With another version nothing is written, and MLflow makes its tables itself, which takes ten seconds.
    """
    from mlflow.store.db.utils import _get_latest_schema_revision
    text = SCHEMA.read_text(encoding="utf-8")
    if f"'{_get_latest_schema_revision()}'" not in text:
        return
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(part)) as database:
        database.execute("pragma synchronous = off")
        database.executescript(text)
    os.replace(part, path)


def dump(path: Path) -> str:
    """A database without the rows that MLflow adds when it first opens one, as the text of `registry.sql`."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        lines = "\n".join(database.iterdump()).splitlines()
    kept = [line.rstrip() for line in lines if not line.startswith(('INSERT INTO "experiments"', 'INSERT INTO "registered_models"'))]
    return "-- MLflow's empty database, as its own migrations leave it.\n" + "\n".join(kept) + "\n"


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """One writer at a time, across processes; one that dies lets go."""
    with closing(sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)) as lock:
        try:
            lock.execute("begin exclusive")
        except sqlite3.OperationalError as error:
            raise RegistryError(f"the registry is in use by another process for over {_WAIT_S} s ({error}); try again") from None
        yield
