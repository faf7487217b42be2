"""Lesson 07's optional experiments: who calls a version back, and what slow answers cost."""
import numpy as np
import pytest

from course_lib.lessons import release_triggers as triggers


def test_an_hour_of_counts_by_hand():
    counts = np.ones((1, 130), int)
    counts[0, 100] = 5
    hours = triggers._hour(counts)[0]
    assert hours[[0, 59, 60, 99, 100, 129]].tolist() == [1, 60, 60, 60, 64, 64]


def test_a_person_who_needs_no_time_is_as_quick_as_the_rule_and_leaves_sound_versions_alone():
    bad = triggers.releases(0, triggers.FAILS, reaction=0.0)
    assert (bad["automatic"] == bad["person"]).all() and bad["automatic"].median() <= 5
    sound = triggers.releases(0, triggers.SOUND)
    assert sound["person"].isna().all() and sound["automatic"].min() >= 1


def test_what_users_get_is_what_was_promised_less_those_who_left():
    found = triggers.slower(0)
    table = found.data["table"] / 1000
    left, offline, online = (table[name] for name in ("users who leave", "offline: badly answered", "online: no good answer"))
    assert online.to_numpy() == pytest.approx((left + (1 - left) * offline).to_numpy())
    assert triggers.slower(0, 1.0).value < 0 < found.value
