"""The world as tables that a teacher can edit: loaded from data/, checked cell by cell."""
from functools import lru_cache
from pathlib import Path

import pandas as pd
import yaml

DATA = Path(__file__).resolve().parents[2] / "data"


class TableError(ValueError):
    """A table of data/ holds something it must not; the message names file, row and column."""


def _text(cell):
    if not cell.strip():
        raise ValueError("is empty; a text is expected")
    return cell.strip()


def _words(cell):
    return tuple(_text(cell).split())


def _number(low, high, kind=float):
    def read(cell):
        try:
            value = kind(cell)
        except ValueError:
            raise ValueError(f"is {cell!r}; a number is expected") from None
        if not low <= value <= high:
            raise ValueError(f"is {cell}; it must lie between {low} and {high}")
        return value
    return read


def _optional(read, empty):
    return lambda cell: read(cell) if cell.strip() else empty


_SHARE = _number(0, 1)
_SCHEMAS = {
    "cards": dict(card=_text, name=_text, kind=_text, wave=_number(0, 9, int), rank=_number(1, 10_000, int),
                  spoken_as=_optional(_text, "")),
    "others": dict(other=_text, name=_text),
    "voices": dict(group=_text, language=_text, share=_SHARE, variants=_words),
    "devices": dict(device=_text, share=_SHARE, low_hz=_number(0, 2000), high_hz=_number(1000, 4000),
                    tilt_db=_number(-24, 24), peak_hz=_number(0, 4000), peak_db=_number(-24, 24),
                    level_db=_number(-60, -18)),
    "rooms": dict(room=_text, share=_SHARE, echo_s=_number(.01, 2), wet_db=_number(-60, 0), noise=_text,
                  snr_low_db=_number(-20, 60), snr_high_db=_number(-20, 60)),
    "events": dict(event=_text, day=_number(0, 365, int), strength=_number(0, 12), floor=_number(0, 12),
                   ramp_days=_number(0, 365, int), ends=_optional(_number(0, 365, int), 10_000), what=_text),
}
_ADD_UP = {"voices", "devices", "rooms"}


@lru_cache
def table(name: str, folder: Path = DATA) -> pd.DataFrame:
    """A checked table of data/, indexed by its first column.

    Parameters
    ----------
    name : "cards", "others", "voices", "devices", "rooms" or "events"
    folder : where <name>.csv stands

    Raises
    ------
    TableError
        Names file, row (as an editor counts lines) and column of the first wrong cell.
    """
    schema, path = _SCHEMAS[name], folder / f"{name}.csv"
    raw = _read(path, schema)
    columns = {column: [_cell(path, i, column, read, cell) for i, cell in enumerate(raw[column])]
               for column, read in schema.items()}
    out = pd.DataFrame(columns)
    key = next(iter(schema))
    repeated = out[key].duplicated()
    if repeated.any():
        i = int(repeated.to_numpy().argmax())
        raise TableError(f"{path.name}, row {i + 2}, column {key}: {out[key][i]!r} stands there twice")
    if name in _ADD_UP and abs(out["share"].sum() - 1) > 1e-6:
        raise TableError(f"{path.name}, column share: the shares add up to {out['share'].sum():.3f}; 1 is expected")
    if name == "cards":
        _check_spoken_as(path, out)
    return out.set_index(key)


def _read(path, schema):
    try:
        raw = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8", index_col=False)
    except FileNotFoundError:
        raise TableError(f"{path.name} is missing from {path.parent}") from None
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise TableError(f"{path.name} cannot be read as a UTF-8 table with commas: {error}") from None
    if list(raw.columns) != list(schema):
        raise TableError(f"{path.name}, row 1: the columns are {', '.join(raw.columns)}; expected {', '.join(schema)}")
    if raw.empty:
        raise TableError(f"{path.name} has no rows")
    return raw


def _cell(path, i, column, read, cell):
    try:
        return read(cell)
    except ValueError as error:
        raise TableError(f"{path.name}, row {i + 2}, column {column}: {error}") from None


def _check_spoken_as(path, cards):
    for i, (said, card) in enumerate(zip(cards["spoken_as"], cards["card"])):
        if said and (said == card or said not in set(cards["card"])):
            raise TableError(f"{path.name}, row {i + 2}, column spoken_as: {said!r} is not another card of the table")


@lru_cache
def settings(name: str = "world", folder: Path = DATA) -> dict:
    """A settings file of data/ (YAML) as nested dicts; TableError where it cannot be read.

    "world" must hold the same keys and kinds of values as the one that ships.
    """
    path = folder / f"{name}.yaml"
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TableError(f"{path.name} is missing from {path.parent}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TableError(f"{path.name} is not readable YAML: {' '.join(str(error).split())}") from None
    if not isinstance(found, dict):
        raise TableError(f"{path.name}: names with values are expected, {type(found).__name__} was found")
    if name == "world" and folder != DATA:
        _same_shape(path.name, found, settings(name))
    return found


def _same_shape(where, found, model):
    for key in model.keys() - found.keys():
        raise TableError(f"{where}: {key} is missing")
    for key, value in model.items():
        numbers = isinstance(value, (int, float)) and isinstance(found[key], (int, float))
        if not numbers and not isinstance(found[key], type(value)):
            raise TableError(f"{where}, {key}: {found[key]!r} was found, something like {value!r} is expected")
        if isinstance(value, dict):
            _same_shape(f"{where}, {key}", found[key], value)
