"""A data contract at the gate: what a delivery of recordings is, what it must keep to, and what it breaks, in words."""
import hashlib

import numpy as np
import pandas as pd
import pandera.pandas as pa

from course_lib.cycle.collect import PLACES, need
from course_lib.world.features import RATE
from course_lib.world.tables import table
from course_lib.world.world import World

COLUMNS = ["id", "part", "reader", "group", "place", "device", "seconds", "level_db", "sample_rate", "prompt", "label",
           "consent", "fingerprint", "recording"]
PARTS = ("learn", "test")


def manifest(world: World, rows: pd.DataFrame, part: str = "learn", first: int = 1) -> pd.DataFrame:
    """What a studio writes down about its recordings: one row a clip, with the columns of `COLUMNS`.

    Parameters
    ----------
    world : where the clips come from
    rows : a sample from `collect.frame`
    part : "learn" or "test"
    first : number of the first clip's id
    """
    need(rows, "speaker", "label", "recording")
    out = rows.assign(id=[f"clip-{i:04d}" for i in range(first, first + len(rows))], part=part, sample_rate=RATE, consent=True,
                      reader=rows["speaker"].map("reader-{:02d}".format), prompt=rows["label"].map(world.cards["name"]),
                      fingerprint=fingerprints(world.features(rows)),
                      **{name: rows[name].astype(float).round(3) for name in ("seconds", "level_db")})
    return out[COLUMNS].reset_index(drop=True)


def fingerprints(vectors: np.ndarray) -> list[str]:
    """A short text for each feature vector, (n, d): the same for the same sound, however loud it is and whatever its id.

    >>> a, b = fingerprints(np.array([[1., 2.], [1., 2.]]))
    >>> a == b
    True
    """
    return [hashlib.blake2b(np.ascontiguousarray(vector, np.float32), digest_size=6).hexdigest() for vector in vectors]


def contract() -> pa.DataFrameSchema:
    """What the team and its studios agreed: columns and types, ranges, uniqueness, rate, categories, and sense across columns.

    Further columns and another order are welcome; rows may be few. See pandera's documentation, "DataFrame schemas".
    """
    names, seen = table("cards")["name"], "the same sound stands there once only"
    return pa.DataFrameSchema({
        "id": pa.Column(str, unique=True, report_duplicates="exclude_first"),
        "part": pa.Column(str, pa.Check.isin(PARTS, error="part is learn or test")),
        "reader": pa.Column(str),
        "place": pa.Column(str, pa.Check.isin(PLACES, error="place is one of the agreed four")),
        "device": pa.Column(str, pa.Check.isin(list(table("devices").index), error="device is one of the table's")),
        "seconds": pa.Column(float, pa.Check.in_range(.2, 5, error="a clip lasts .2 to 5 seconds")),
        "level_db": pa.Column(float, pa.Check.in_range(-60, 0, error="level is in decibels, -60 to 0")),
        "sample_rate": pa.Column(int, pa.Check.eq(RATE, error=f"files have {RATE:,} samples a second")),
        "prompt": pa.Column(str),
        "label": pa.Column(str, pa.Check.isin(list(names.index), error="label is a card of the catalogue")),
        "consent": pa.Column(bool, pa.Check.eq(True, error="the reader agrees today")),
        "fingerprint": pa.Column(str, pa.Check(lambda s: ~s.duplicated(), error=seen)),
    }, checks=[
        pa.Check(lambda rows: rows["prompt"] == rows["label"].map(names), error="the label is the card of the prompt"),
        pa.Check(lambda rows: set(PLACES) <= set(rows["place"]), error="every place was recorded"),
    ])


def breaches(rows: pd.DataFrame, schema: pa.DataFrameSchema | None = None) -> pd.DataFrame:
    """What a delivery breaks: one row a promise, in words, with how many clips break it and one example.

    Parameters
    ----------
    rows : a delivery
    schema : a pandera schema; the team's `contract` where none is given

    Raises
    ------
    ValueError
        No table arrived, no schema, or a check of the schema fails by itself (a name misspelt in it).
    """
    failures = _failures(rows, contract() if schema is None else schema)
    failures = failures.assign(column=failures["column"].where(failures["column"].notna(), "all"),
                               check=failures["check"].astype(str).str.replace("field_uniqueness", "stands there once only"))
    grouped = failures.groupby(["column", "check"], sort=False)
    return pd.DataFrame(dict(clips=grouped.size(), example=grouped["failure_case"].first().astype(str))).reset_index()


def passes(schema: pa.DataFrameSchema, rows: pd.DataFrame) -> bool:
    """Whether a delivery keeps every promise of a pandera schema."""
    return _failures(rows, schema).empty


def _failures(rows, schema):
    if not isinstance(rows, pd.DataFrame):
        raise ValueError(f"{type(rows).__name__} arrived; a delivery is a DataFrame with a row a clip")
    if not isinstance(schema, pa.DataFrameSchema):
        raise ValueError(f"{type(schema).__name__} arrived as the schema; pa.DataFrameSchema({{...}}) is expected")
    if rows.empty:
        raise ValueError("the delivery has no rows; an empty file keeps every promise about rows, so it is sent back here")
    try:
        schema.validate(rows, lazy=True)
    except pa.errors.SchemaErrors as error:
        broken = [e for e in error.schema_errors if e.reason_code.name == "CHECK_ERROR"]
        if broken and set(schema.columns) <= set(rows.columns):
            raise ValueError(f"a check of the schema fails by itself: {str(broken[0]).splitlines()[0]}") from None
        return error.failure_cases
    return pd.DataFrame(columns=["column", "check", "failure_case", "index"])
