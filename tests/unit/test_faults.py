"""Planted faults: each changes what it says and nothing else, and what a script then hears."""
import numpy as np
import pandas as pd
import pytest

from course_lib.cycle import faults
from course_lib.world.world import World

WORLD = World(1000)


@pytest.fixture(scope="module")
def delivery():
    return faults.delivery(WORLD)


def test_a_delivery_is_what_was_ordered_and_repeats(delivery):
    counts = delivery.groupby(["part", "place"]).size()
    assert all(counts[part, place] == n for part in ("learn", "test") for place, n in faults.ALLOCATION.items())
    readers = delivery.groupby("part")["reader"].unique()
    assert not set(readers["learn"]) & set(readers["test"]) and delivery["fingerprint"].is_unique
    pd.testing.assert_frame_equal(delivery, faults.delivery(WORLD))
    assert not faults.delivery(WORLD, 1)["recording"].equals(delivery["recording"])


@pytest.mark.parametrize("fault, columns", [
    ("wrong sample rate", {"sample_rate", "seconds"}), ("labels shifted", {"label"}), ("ids repeated", {"id"}), ("level in other units", {"level_db"}),
    ("a place renamed", {"place"}), ("consent withdrawn", {"consent"}), ("a line skipped", {"seconds", "level_db", "fingerprint", "recording"})])
def test_a_fault_changes_its_own_columns_only(delivery, fault, columns):
    before, spoilt = delivery.copy(), faults.plant(WORLD, delivery, fault)
    assert {name for name in delivery if not spoilt[name].equals(delivery[name])} == columns
    pd.testing.assert_frame_equal(delivery, before)


def test_copies_and_a_missing_place(delivery):
    twice, fewer = (faults.plant(WORLD, delivery, fault) for fault in ("clips sent twice", "a place missing"))
    again = twice.iloc[len(delivery):]
    assert len(again) == 75 and set(again["part"]) == {"test"} and again["id"].is_unique
    assert again["fingerprint"].isin(delivery.loc[delivery["part"] == "learn", "fingerprint"]).all()
    assert "new market" not in set(fewer["place"]) and len(fewer) == len(delivery) - 2 * faults.ALLOCATION["new market"]


def test_a_script_hears_the_clips_of_a_sound_delivery(delivery):
    assert np.array_equal(faults.heard(WORLD, delivery), WORLD.features(delivery))


def test_a_script_hears_the_last_file_of_an_id_and_a_slowed_one(delivery):
    repeated = faults.heard(WORLD, faults.plant(WORLD, delivery, "ids repeated"))
    assert np.array_equal(repeated[:100], WORLD.features(delivery.iloc[200:300]))
    slow = (faults.plant(WORLD, delivery, "wrong sample rate")["sample_rate"] != 8000).to_numpy()
    vectors = faults.heard(WORLD, faults.plant(WORLD, delivery, "wrong sample rate"))
    changed = (vectors != WORLD.features(delivery)).any(axis=1)
    assert slow.sum() == 80 and np.array_equal(slow, changed)


def test_unknown_faults_and_missing_columns_get_a_sentence(delivery):
    with pytest.raises(ValueError, match="fault 'rain' is unknown; known are wrong sample rate"):
        faults.plant(WORLD, delivery, "rain")
    with pytest.raises(ValueError, match="no column 'recording'"):
        faults.heard(WORLD, delivery.drop(columns="recording"))
    with pytest.raises(ValueError, match="were asked for and the frame has"):
        faults.delivery(WORLD, 0, {**faults.ALLOCATION, "new market": 500})
