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
_CASES, _ONCE = ["schema_context", "column", "check", "failure_case", "index"], "this column stands there once only"
_WORDS = {"field_uniqueness": "each value stands there once only", "not_nullable": "a value in every row"}


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
        "id": pa.Column(str, pa.Check(lambda s: ~s.duplicated(), error="each id stands there once only")),
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
        pa.Check(lambda rows: set(PARTS) <= set(rows["part"]), error="there are clips to learn from and clips to test on"),
    ])


def breaches(rows: pd.DataFrame, schema: pa.DataFrameSchema | None = None) -> pd.DataFrame:
    """What a delivery breaks: one row a promise, in words.

    Parameters
    ----------
    rows : a delivery
    schema : a pandera schema; the team's `contract` where none is given

    Returns
    -------
    DataFrame with columns column, expected (the promise), arrived (one example), clips (how many break it; 0 where the table
    as a whole does) and first (id of the first of them)

    Raises
    ------
    ValueError
        No table arrived, no schema, no rows, or a check of the schema fails by itself (a name misspelt in it).
    """
    failures = _failures(rows, contract() if schema is None else schema)
    rows = rows.reset_index(drop=True)
    missing = failures["failure_case"].where(failures["check"] == "column_in_dataframe", "").astype(str)
    out = [_breach(rows, check[:2], part) for check, part in failures.groupby(["column", "check", missing], sort=False, dropna=False)]
    found = pd.DataFrame(out, columns=["column", "expected", "arrived", "clips", "first"])
    return found.drop_duplicates(["column", "expected"], ignore_index=True)


def _breach(rows, check, part):
    """One broken promise; a promise across columns is reported once, whatever columns pandera lists."""
    context, (column, words) = part["schema_context"].iloc[0], (str(value) for value in check)
    places, example = part["index"].dropna().unique(), str(part["failure_case"].iloc[0])
    if words == "column_in_dataframe":
        return example, "this column is there", "no such column", len(rows), ""
    if words.startswith("dtype"):
        return column, f"type {words[7:-2]}", f"type {example}", len(rows), ""
    first = str(rows["id"].loc[places[0]]) if len(places) and "id" in rows else ""
    if context == "DataFrameSchema" and len(places):
        column, example = "row", f"row {places[0]}"
    elif context == "DataFrameSchema":
        column, example = "table", "not so"
    return column, _WORDS.get(words, words), example, len(places), first


def passes(schema: pa.DataFrameSchema, rows: pd.DataFrame) -> bool:
    """Whether a delivery keeps every promise of a pandera schema."""
    return _failures(rows, schema).empty


def admit(rows: pd.DataFrame, schema: pa.DataFrameSchema | None = None) -> pd.DataFrame:
    """The gate: the delivery itself if it keeps the contract, else a ValueError with what arrived, what was expected, where to look."""
    found = breaches(rows, schema)
    if len(found):
        lines = [f"- {b.column}: expected: {b.expected}; arrived: {b.arrived}" + (f"; {b.clips} clips" if b.clips else "")
                 + (f", the first is {b.first}" if b.first else "") for b in found.itertuples()]
        broken = "1 promise of the contract is" if len(found) == 1 else f"{len(found)} promises of the contract are"
        raise ValueError(f"{broken} broken by this delivery of {len(rows)} clips:\n" + "\n".join(lines))
    return rows


def _failures(rows, schema):
    if not isinstance(rows, pd.DataFrame):
        raise ValueError(f"{type(rows).__name__} arrived; a delivery is a DataFrame with a row a clip")
    if not isinstance(schema, pa.DataFrameSchema):
        raise ValueError(f"{type(schema).__name__} arrived as the schema; pa.DataFrameSchema({{...}}) is expected")
    if rows.empty:
        raise ValueError("the delivery has no rows; an empty file keeps every promise about rows, so it is sent back here")
    twice = rows.columns[rows.columns.duplicated()].unique()
    again = pd.DataFrame([("Column", name, _ONCE, f"{int((rows.columns == name).sum())} columns of this name", None) for name in twice], columns=_CASES)
    found = _validated(rows.loc[:, ~rows.columns.duplicated()].reset_index(drop=True), schema)
    return found if again.empty else again if found.empty else pd.concat([again, found], ignore_index=True)


def _validated(rows, schema):
    """What pandera finds in rows whose columns stand there once each."""
    try:
        schema.validate(rows, lazy=True)
    except pa.errors.SchemaErrors as error:
        broken = [e for e in error.schema_errors if e.reason_code.name == "CHECK_ERROR"]
        cases = error.failure_cases[~error.failure_cases["failure_case"].astype(str).str.contains("Error(", regex=False)]
        if broken and cases.empty:                      # beside a missing column or a wrong type, a check that cannot run says nothing
            raise ValueError(f"a check of the schema fails by itself: {str(broken[0]).splitlines()[0]}") from None
        return cases
    return pd.DataFrame(columns=_CASES)
