"""The contract at the gate: what it stops, what it lets in, and how it says so."""
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from course_lib.cycle import contract, faults
from course_lib.cycle.contract import pa
from course_lib.lessons import collect_gate
from course_lib.world.world import World

WORLD = World(1000)


@pytest.fixture(scope="module")
def delivery():
    return faults.delivery(WORLD)


def test_a_sound_delivery_passes_as_it_is(delivery):
    assert contract.breaches(delivery).empty and contract.admit(delivery) is delivery


@pytest.mark.parametrize("rows", [
    lambda d: d[d.columns[::-1]], lambda d: d.assign(note="x"), lambda d: d.sample(frac=1, random_state=0),
    lambda d: d[d.groupby(["part", "place"]).cumcount() < 2], lambda d: d.set_index(np.zeros(len(d), int))],
    ids=["columns turned", "a column more", "rows mixed", "few rows", "an index that repeats"])
def test_what_nobody_promised_is_not_demanded(delivery, rows):
    assert contract.breaches(rows(delivery)).empty


@pytest.mark.parametrize("column", ["label", "seconds", "recording"])
def test_a_column_that_stands_twice_breaks_the_contract(delivery, column):
    twice = pd.concat([delivery, delivery[[column]]], axis=1)
    found = contract.breaches(twice)
    assert found[["column", "expected", "arrived"]].to_numpy().tolist() == [[column, "this column stands there once only", "2 columns of this name"]]
    assert not contract.passes(contract.contract(), twice)
    with pytest.raises(ValueError, match=f"{column}: expected: this column stands there once only; arrived: 2 columns"):
        contract.admit(twice)


@pytest.mark.parametrize("spoil, column, expected, clips", [
    (lambda d: pd.concat([d, d.iloc[[5]]]), "id", "each id stands there once only", 1),
    (lambda d: d.assign(label=d["label"].mask(d["id"] == "clip-0002", "c99")), "label", "label is a card of the catalogue", 1),
    (lambda d: d.assign(label=d["label"].mask(d["id"] == "clip-0002")), "label", "a value in every row", 1),
    (lambda d: d[d["part"] == "learn"], "table", "there are clips to learn from and clips to test on", 0),
    (lambda d: d.drop(columns="level_db"), "level_db", "this column is there", 600),
    (lambda d: d.drop(columns="prompt"), "prompt", "this column is there", 600),
    (lambda d: d.assign(seconds="long"), "seconds", "type float64", 600),
    (lambda d: d.assign(seconds=d["seconds"].mask(d["id"] == "clip-0002", 9.0)), "seconds", "a clip lasts .2 to 5 seconds", 1),
    (lambda d: d.assign(device="toaster"), "device", "device is one of the table's", 600),
], ids=["a row twice", "label outside", "label missing", "no test part", "no level", "no prompt", "text for seconds", "too long", "device"])
def test_each_breach_is_named_and_counted(delivery, spoil, column, expected, clips):
    found = contract.breaches(spoil(delivery)).set_index(["column", "expected"])
    assert found.loc[(column, expected), "clips"] == clips


def test_a_breach_says_where_to_look(delivery):
    spoilt = delivery.assign(level_db=delivery["level_db"].mask(delivery["id"] == "clip-0009", .5)).sample(frac=1, random_state=1)
    found = contract.breaches(spoilt)
    assert found.iloc[0].to_dict() == dict(column="level_db", expected="level is in decibels, -60 to 0", arrived="0.5", clips=1, first="clip-0009")
    with pytest.raises(ValueError, match="expected: level is in decibels.*arrived: 0.5; 1 clips, the first is clip-0009"):
        contract.admit(spoilt)


def test_a_promise_across_columns_is_reported_once(delivery):
    found = contract.breaches(faults.plant(WORLD, delivery, "labels shifted"))
    assert len(found) == 1 and found["clips"][0] == 100 and found["first"][0] == "clip-0201"


def test_bad_calls_get_a_sentence(delivery):
    misspelt = pa.DataFrameSchema({"id": pa.Column(str)}, checks=[pa.Check(lambda t: t["plaice"].notna())])
    for call, words in [(lambda: contract.breaches([1]), "list arrived"), (lambda: contract.breaches(delivery.iloc[:0]), "no rows"),
                        (lambda: contract.passes("schema", delivery), "str arrived as the schema"),
                        (lambda: contract.passes(misspelt, delivery), "a check of the schema fails by itself"),
                        (lambda: contract.manifest(WORLD, delivery), "no column 'speaker'")]:
        with pytest.raises(ValueError, match=words):
            call()


def test_fingerprints_ignore_ids_and_see_sounds():
    a, b, c = contract.fingerprints(np.array([[1., 2.], [1., 2.], [1., 2.5]]))
    assert a == b != c


def test_the_teams_contract_judges_all_thirteen_and_the_hidden_fault_passes():
    found = collect_gate.verdicts(1000)
    assert found.value == found.n == 13 and found.data["hidden"]


def test_texts_are_of_one_kind_for_pandas_and_for_pandera():
    """With pyarrow installed pandera would expect its storage, unless the course's setting comes before it is imported."""
    code = "from course_lib.cycle.contract import pa; import pandas as pd; print(pa.Column(str).dtype.type.storage, pd.Series(['a']).dtype.storage)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["python", "python"]
