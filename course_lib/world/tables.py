"""The world as tables that a teacher can edit: loaded from data/, checked cell by cell."""
import csv
from functools import lru_cache
from pathlib import Path

import pandas as pd
import yaml

from course_lib.world.channel import NOISES
from course_lib.world.speech import check_text

DATA = Path(__file__).resolve().parents[2] / "data"
NATIVE, MARKET = ("american", "newyork", "british"), ("es-voice", "fr-voice", "it-voice")
GATED_DEVICE, RENAMED_WAVE = "phone", 9


class TableError(ValueError):
    """A table of data/ holds something it must not; the message names file, row and column."""


def _text(cell):
    if not cell.strip():
        raise ValueError("is empty; a text is expected")
    return cell.strip()


def _words(cell):
    return tuple(_text(cell).split())


def _noise(cell):
    if cell.strip() not in NOISES:
        raise ValueError(f"is {cell!r}; known are {', '.join(NOISES)}")
    return cell.strip()


def _number(low, high, kind=float):
    def read(cell):
        try:
            value = kind(cell)
        except ValueError:
            raise ValueError(f"is {cell!r}; a {'whole ' if kind is int else ''}number is expected") from None
        return _within(value, low, high)
    return read


def _within(value, low, high):
    if not low <= value <= high:
        raise ValueError(f"is {value}; it must lie between {low} and {high}")
    return value


def _optional(read, empty):
    return lambda cell: read(cell) if cell.strip() else empty


_SHARE = _number(0, 1)
_SCHEMAS = {
    "cards": dict(card=_text, name=check_text, kind=_text, wave=_number(0, RENAMED_WAVE, int), rank=_number(1, 10_000, int),
                  spoken_as=_optional(_text, "")),
    "others": dict(other=_text, name=check_text),
    "voices": dict(group=_text, language=_text, share=_SHARE, variants=_words),
    "devices": dict(device=_text, share=_SHARE, low_hz=_number(0, 2000), high_hz=_number(1000, 4000),
                    tilt_db=_number(-24, 24), peak_hz=_number(0, 4000), peak_db=_number(-24, 24),
                    level_db=_number(-60, -18)),
    "rooms": dict(room=_text, share=_SHARE, echo_s=_number(.01, 2), wet_db=_number(-60, 0), noise=_noise,
                  snr_low_db=_number(-20, 60), snr_high_db=_number(-20, 60)),
    "events": dict(event=_text, day=_number(0, 365, int), strength=_number(0, 12), floor=_number(0, 12),
                   ramp_days=_number(0, 365, int), ends=_optional(_number(0, 365, int), 10_000), what=_text),
}
_ADD_UP = {"voices", "devices", "rooms"}
_NEEDED = {
    "voices": (*NATIVE, *MARKET), "devices": (GATED_DEVICE,),
    "events": ("new_names", "new_market", "noisier", "louder_microphones", "popularity_reversed", "renamed_figure",
               "firmware_fault", "first_name_only", "season"),
}


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
    lines, raw = _read(path, list(schema))
    out = pd.DataFrame({column: [_cell(path, line, column, read, cells[place]) for line, cells in zip(lines, raw)]
                        for place, (column, read) in enumerate(schema.items())})
    for i, column, words in _faults(name, out):
        raise TableError(f"{path.name}, row {lines[i]}, column {column}: {words}")
    for words in _gaps(name, out):
        raise TableError(f"{path.name}, {words}")
    return out.set_index(next(iter(schema)))


def _read(path, columns):
    """Lines as an editor counts them, and the cells of each; blank lines are left out."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            rows = [(reader.line_num - "".join(cells).count("\n"), cells) for cells in reader if any(map(str.strip, cells))]
    except FileNotFoundError:
        raise TableError(f"{path.name} is missing from {path.parent}") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TableError(f"{path.name} cannot be read as a UTF-8 table with commas: {error}") from None
    if len(rows) < 2:
        raise TableError(f"{path.name} has no rows")
    (_, head), *rows = rows
    if [cell.strip() for cell in head] != columns:
        raise TableError(f"{path.name}, row 1: the columns are {', '.join(head)}; expected {', '.join(columns)}")
    for line, cells in rows:
        if len(cells) != len(columns):
            raise TableError(f"{path.name}, row {line}: it has {len(cells)} cells; {len(columns)} are expected "
                             "(a text with a comma stands in quotation marks)")
    return [line for line, _ in rows], [cells for _, cells in rows]


def _cell(path, line, column, read, cell):
    try:
        return read(cell)
    except ValueError as error:
        raise TableError(f"{path.name}, row {line}, column {column}: {error}") from None


def _faults(name, rows):
    """Cells that contradict other cells: place, column, words."""
    key = rows.columns[0]
    for i in rows.index[rows[key].duplicated()]:
        yield i, key, f"{rows[key][i]!r} stands there twice"
    if name == "cards":
        spoken = set(rows["card"][rows["spoken_as"] == ""])
        for i, (wave, said) in enumerate(zip(rows["wave"], rows["spoken_as"])):
            if said and said not in spoken:
                yield i, "spoken_as", f"{said!r} is not another card of the table that is spoken as itself"
            if (wave == RENAMED_WAVE) != bool(said):
                yield i, "spoken_as", f"it goes with wave {RENAMED_WAVE}, cards that take over a name; wave is {wave}"
    above = dict(rooms=("snr_low_db", "snr_high_db"), devices=("low_hz", "high_hz"), events=("day", "ends")).get(name)
    for i in rows.index[rows[above[0]] > rows[above[1]]] if above else ():
        yield i, above[1], f"is {rows[above[1]][i]}; it must not be below {above[0]}, {rows[above[0]][i]}"


def _gaps(name, rows):
    """What a whole table lacks, in words."""
    lacking = [needed for needed in _NEEDED.get(name, ()) if needed not in set(rows.iloc[:, 0])]
    if lacking:
        yield f"column {rows.columns[0]}: {', '.join(lacking)} is missing; the world needs it"
    if name in _ADD_UP and abs(rows["share"].sum() - 1) > 1e-6:
        yield f"column share: the shares add up to {rows['share'].sum():.3f}; 1 is expected"
    if name == "rooms" and rows["share"].min() > 0:
        yield "column share: no room has share 0; those are the crowded ones, heard only while noisier is on"
    if name == "cards" and not {0, 1} <= set(rows["wave"]):
        yield "column wave: cards of wave 0 (the launch) and of wave 1 are expected"
    if name == "others" and len(rows) < 2:
        yield "column other: at least two names outside the catalogue are expected"


def _setting(low, high, kind=float):
    def check(value):
        if isinstance(value, bool) or not isinstance(value, (int, kind)):
            raise ValueError(f"is {value!r}; a {'whole ' if kind is int else ''}number is expected")
        _within(value, low, high)
    return check


def _span(low, high):
    def check(value):
        if not (isinstance(value, list) and len(value) == 2 and all(type(v) is int for v in value)
                and low <= value[0] <= value[1] <= high):
            raise ValueError(f"is {value!r}; two whole numbers between {low} and {high} are expected, such as [{low}, {high}]")
    return check


_CHANCE = _setting(0, 1)
_WORLD = dict(
    sample_rate=_setting(8000, 8000, int),
    pool=dict(native_speakers=_setting(3, 1000, int), market_speakers=_setting(9, 1000, int), renditions=_setting(1, 16, int),
              warp=_setting(0, .5), rate=_span(80, 400), pitch=_span(0, 99), range=_span(0, 99)),
    roles=dict(train=_setting(1, 1000, int), test=_setting(1, 1000, int)),
    days=dict(requests=_setting(1, 90_000, int), users=_setting(1, 1000, int), market_users=_setting(1, 1000, int),
              zipf=_setting(0, 5), weekend=_setting(.1, 10), first_only=_CHANCE, cut_off=_CHANCE, outside=_CHANCE),
    users=dict(re_ask=_CHANCE, correct=_CHANCE, complain=_CHANCE, complaint_days=_setting(0, 365)))


@lru_cache
def settings(name: str = "world", folder: Path = DATA) -> dict:
    """A settings file of data/ (YAML) as nested dicts; TableError where it cannot be read.

    "world" must hold every setting of the world, each in its range.
    """
    path = folder / f"{name}.yaml"
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TableError(f"{path.name} is missing from {path.parent}") from None
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise TableError(f"{path.name} is not readable YAML: {' '.join(str(error).split())}") from None
    if not isinstance(found, dict):
        raise TableError(f"{path.name}: names with values are expected, {type(found).__name__} was found")
    if name == "world":
        _check_settings(path.name, found, _WORLD)
        _check_roles(path.name, found)
    return found


def _check_settings(where, found, schema):
    if not isinstance(found, dict):
        raise TableError(f"{where}: names with values are expected, {found!r} was found")
    for key in found.keys() - schema.keys():
        raise TableError(f"{where}: {key} is unknown; known are {', '.join(schema)}")
    for key, check in schema.items():
        if key not in found:
            raise TableError(f"{where}: {key} is missing")
        if isinstance(check, dict):
            _check_settings(f"{where}, {key}", found[key], check)
            continue
        try:
            check(found[key])
        except ValueError as error:
            raise TableError(f"{where}, {key}: {error}") from None


def _check_roles(where, found):
    taken, native = sum(found["roles"].values()), found["pool"]["native_speakers"]
    if taken >= native:
        raise TableError(f"{where}, roles: {taken} of {native} native speakers are taken; production needs some too")
