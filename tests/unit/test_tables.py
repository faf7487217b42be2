"""The world's tables: whatever a teacher's edit breaks is named by file, row and column."""
import re
import shutil

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings as examples, strategies as st

from course_lib.world.tables import _SCHEMAS, DATA, TableError, settings, table


@pytest.fixture
def folder(tmp_path):
    """A teacher's copy of data/."""
    for path in [*DATA.glob("*.csv"), DATA / "world.yaml"]:
        shutil.copy(path, tmp_path)
    return tmp_path


def change(path, before, after):
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{before!r} stands {text.count(before)} times in {path.name}"
    path.write_text(text.replace(before, after), encoding="utf-8")


@pytest.mark.parametrize("name", _SCHEMAS)
def test_the_shipped_tables_are_whole(name, folder):
    assert table(name).index.is_unique and len(table(name)) > 1
    assert table(name, folder).equals(table(name))


@pytest.mark.parametrize("name, before, after, words", [
    ("cards", "c03,Odessa Quillan", "c03,", "row 4, column name: '' holds no letter or digit"),
    ("cards", "c03,Odessa Quillan", "c03,🎤 — 🎤", "row 4, column name: '🎤 — 🎤' holds no letter or digit"),
    ("cards", "c03,Odessa Quillan", "c03," + 201 * "a", "row 4, column name: the text has 201 characters"),
    ("cards", "c03,Odessa", ",Odessa", "row 4, column card: is empty; a text is expected"),
    ("cards", "c03,", "c02,", "row 4, column card: 'c02' stands there twice"),
    ("cards", "c03,Odessa Quillan,actor,0,3,", "c03,Odessa Quillan,actor,0,3.5,",
     "row 4, column rank: is '3.5'; a whole number is expected"),
    ("cards", "c03,Odessa Quillan,actor,0,", "c03,Odessa Quillan,actor,,", "row 4, column wave: is ''; a whole number"),
    ("cards", "c03,Odessa Quillan,actor,0,", "c03,Odessa Quillan,actor,-1,", "row 4, column wave: is -1; it must lie between 0 and 9"),
    ("cards", "c03,Odessa Quillan,actor,0,3,", "c03,Odessa Quillan,actor,0,3", "row 4: it has 5 cells; 6 are expected"),
    ("cards", "c03,Odessa Quillan", "c03,Quillan, Odessa", "row 4: it has 7 cells; 6 are expected .*quotation marks"),
    ("cards", "9,2,c03", "9,2,c99", "row 67, column spoken_as: 'c99' is not another card"),
    ("cards", "9,2,c03", "9,2,c66", "row 67, column spoken_as: 'c66' is not another card"),
    ("cards", "9,2,c03", "9,2,c65", "row 67, column spoken_as: 'c65' is not another card .* spoken as itself"),
    ("cards", "9,2,c03", "9,2,", "row 67, column spoken_as: it goes with wave 9"),
    ("cards", "9,2,c03", "2,2,c03", "row 67, column spoken_as: it goes with wave 9, .* wave is 2"),
    ("cards", "card,name,kind", "card,name,sort", "row 1: the columns are card, name, sort, .*; expected card, name, kind,"),
    ("others", "other,name\n", "other;name\n", "row 1: the columns are other;name; expected other, name"),
    ("others", "o05,", "o04,", "row 6, column other: 'o04' stands there twice"),
    ("voices", "en-us,0.5,", "en-us,half,", "row 2, column share: is 'half'; a number is expected"),
    ("voices", "en-us,0.5,", "en-us,nan,", "row 2, column share: is nan; it must lie between 0 and 1"),
    ("voices", "en-us,0.5,", "en-us,0.6,", "column share: the shares add up to 1.100; 1 is expected"),
    ("voices", "es-voice,", "pl-voice,", "column group: es-voice is missing; the world needs it"),
    ("devices", "car,0.2,150,3400", "car,0.2,1500,1200", "row 4, column high_hz: is 1200.0; it must not be below low_hz, 1500.0"),
    ("devices", "car,0.2,150,", "car,0.2,150 Hz,", "row 4, column low_hz: is '150 Hz'; a number"),
    ("devices", "car,0.2,", "car,0.3,", "column share: the shares add up to 1.100"),
    ("devices", "phone,", "cell,", "column device: phone is missing"),
    ("rooms", "cafe,0.15,0.30,-14,babble", "cafe,0.15,0.30,-14,music", "row 5, column noise: is 'music'; known are fan, street, babble"),
    ("rooms", "quiet,0.4,0.15", "quiet,0.4,inf", "row 2, column echo_s: is inf; it must lie between 0.01 and 2"),
    ("rooms", "cafe,0.15,0.30,-14,babble,6,15", "cafe,0.15,0.30,-14,babble,16,15",
     "row 5, column snr_high_db: is 15.0; it must not be below snr_low_db, 16.0"),
    ("events", "season,60,1.6,1.3,0,74", "season,60,1.6,1.3,0,50", "row 10, column ends: is 50; it must not be below day, 60"),
    ("events", "noisier,60,", "noisier,soon,", "row 4, column day: is 'soon'; a whole number"),
    ("events", "noisier,60,", "louder,60,", "column event: noisier is missing"),
], ids=str)
def test_a_wrong_cell_is_named(name, before, after, words, folder):
    change(folder / f"{name}.csv", before, after)
    with pytest.raises(TableError, match=f"^{name}.csv, {words}"):
        table(name, folder)


def test_rows_without_share_0_or_waves_are_told(folder):
    rooms = folder / "rooms.csv"
    rooms.write_text(re.sub("(?m)^(crowd|motorway).*\n", "", rooms.read_text()))
    with pytest.raises(TableError, match="^rooms.csv, column share: no room has share 0"):
        table("rooms", folder)
    cards = folder / "cards.csv"
    cards.write_text("".join(line for line in cards.read_text().splitlines(True) if ",1," not in line))
    with pytest.raises(TableError, match="^cards.csv, column wave: cards of wave 0 .* and of wave 1 are expected"):
        table("cards", folder)
    others = folder / "others.csv"
    others.write_text("other,name\no01,Agnes Tillbury\n")
    with pytest.raises(TableError, match="^others.csv, column other: at least two names"):
        table("others", folder)


@pytest.mark.parametrize("content, words", [
    (None, "others.csv is missing from "),
    (b"", "others.csv has no rows"),
    (b"other,name\n", "others.csv has no rows"),
    ("other,name\no01,Renée\n".encode("cp1252"), "others.csv cannot be read as a UTF-8 table with commas"),
    (b'other,name\no01,"Agnes\n', "others.csv cannot be read as a UTF-8 table with commas"),
    ("other,name\no01,Agnes\n".encode("utf-16"), "others.csv cannot be read as a UTF-8 table with commas"),
])
def test_a_file_that_is_no_table_is_told(content, words, folder):
    path = folder / "others.csv"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(TableError, match=re.escape(words)) as told:
        table("others", folder)
    assert "\n" not in str(told.value)


def test_what_editors_leave_behind_does_no_harm(folder):
    """A byte-order mark, Windows line ends, blank lines and lines of commas, spaces around cells."""
    path = folder / "others.csv"
    text = path.read_text().replace("other,name", "other, name").replace("o05,Edwina Marsh", "\n , \no05, Edwina Marsh ")
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    assert table("others", folder).equals(table("others"))


def test_rows_are_counted_as_an_editor_counts_lines(folder):
    path = folder / "others.csv"
    path.write_text(path.read_text().replace("o03,", '\no03,"Celeste\nor"\no30,').replace("o05,Edwina Marsh", "o05,"))
    with pytest.raises(TableError, match="row 9, column name"):
        table("others", folder)


@given(row=st.integers(1, 8), column=st.integers(0, 6), text=st.text(alphabet='a1.,"; \n-é🎤', max_size=6))
@examples(max_examples=60, deadline=None)
def test_any_edit_of_a_cell_is_taken_or_told_in_a_sentence(row, column, text, tmp_path_factory):
    folder = tmp_path_factory.mktemp("edit")
    lines = (DATA / "events.csv").read_text().splitlines()
    cells = lines[row].split(",")
    cells[column] = text
    (folder / "events.csv").write_text("\n".join([*lines[:row], ",".join(cells), *lines[row + 1:]]), encoding="utf-8")
    try:
        assert len(table("events", folder)) >= 9
    except TableError as error:
        assert str(error).startswith("events.csv") and "\n" not in str(error)


@pytest.mark.parametrize("before, after, words", [
    ("native_speakers: 48", "native_speakers: many", "world.yaml, pool, native_speakers: is 'many'; a whole number"),
    ("native_speakers: 48", "native_speakers: 48.5", "world.yaml, pool, native_speakers: is 48.5; a whole number"),
    ("native_speakers: 48", "native_speakers: true", "world.yaml, pool, native_speakers: is True; a whole number"),
    ("native_speakers: 48", "native_speakers: 34", "world.yaml, roles: 34 of 34 native speakers are taken"),
    ("native_speakers: 48", "native_speaker: 48", "world.yaml, pool: native_speaker is unknown; known are native_speakers,"),
    ("market_speakers: 12", "market_speakers: 6", "world.yaml, pool, market_speakers: is 6; it must lie between 9 and"),
    ("renditions: 2", "renditions: 0", "world.yaml, pool, renditions: is 0; it must lie between 1 and 16"),
    ("warp: 0.11", "warp: .nan", "world.yaml, pool, warp: is nan; it must lie between 0 and 0.5"),
    ("rate: [140, 195]", "rate: [195, 140]", "world.yaml, pool, rate: is [195, 140]; two whole numbers between 80 and 400"),
    ("rate: [140, 195]", "rate: [140]", "world.yaml, pool, rate: is [140]; two whole numbers"),
    ("rate: [140, 195]", "rate: 140", "world.yaml, pool, rate: is 140; two whole numbers"),
    ("  zipf: 0.8", "  zip: 0.8", "world.yaml, days: zip is unknown"),
    ("  zipf: 0.8   ", "  #", "world.yaml, days: zipf is missing"),
    ("outside: 0.05", "outside: 5", "world.yaml, days, outside: is 5; it must lie between 0 and 1"),
    ("requests: 240", "requests: -1", "world.yaml, days, requests: is -1; it must lie between 1 and"),
    ("sample_rate: 8000", "sample_rate: 16000", "world.yaml, sample_rate: is 16000; it must lie between 8000 and 8000"),
    ("pool:", "pool: 3\nmore:", "world.yaml: more is unknown"),
    ("roles: ", "roles: [24, 10]\nrest: ", "world.yaml: rest is unknown"),
    ("pool:", "pool: [", "world.yaml is not readable YAML"),
])
def test_a_wrong_setting_is_named(before, after, words, folder):
    change(folder / "world.yaml", before, after)
    with pytest.raises(TableError, match="^" + re.escape(words)) as told:
        settings("world", folder)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("content, words", [
    (b"", "names with values are expected, NoneType was found"),
    (b"- 1\n- 2\n", "names with values are expected, list was found"),
    (b"pool: \xff\n", "is not readable YAML"),
    (None, "is missing from"),
])
def test_a_file_that_holds_no_settings_is_told(content, words, folder):
    path = folder / "world.yaml"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(TableError, match=f"^world.yaml:? {words}"):
        settings("world", folder)


def test_every_setting_of_the_world_is_needed(folder):
    whole = yaml.safe_load((folder / "world.yaml").read_text())
    for section, inside in whole.items():
        for key in inside if isinstance(inside, dict) else [None]:
            rest = {s: {k: v for k, v in i.items() if (s, k) != (section, key)} if isinstance(i, dict) else i
                    for s, i in whole.items() if (s, None) != (section, key)}
            settings.cache_clear()
            (folder / "world.yaml").write_text(yaml.safe_dump(rest))
            with pytest.raises(TableError, match=f"{key or section} is missing"):
                settings("world", folder)


def test_texts_with_gaps_stay_whole_whatever_is_installed():
    texts = pd.Series(["sorry", None, "c12"], dtype="str")
    assert texts.dtype.storage == "python" and texts.to_numpy(str).tolist()[::2] == ["sorry", "c12"]
