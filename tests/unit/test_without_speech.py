"""What lessons let one hear where the synthesiser does not load: clips that ship with the course, and words that say so."""
import numpy as np
import pytest

from course_lib.cycle import annotators
from course_lib.lessons import diagnose_panels, label_panels, start_here_panels
from course_lib.world import pool, speech
from course_lib.world.world import World


@pytest.fixture
def silent(monkeypatch, tmp_path):
    """A machine on which espeak-ng does not load, and an empty workspace."""
    fake = tmp_path / "libespeak-ng.so"
    fake.write_bytes(b"not a library")
    monkeypatch.setenv("COURSE_ESPEAK_LIBRARY", str(fake))
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    pool.let_go()
    assert not speech.available()


def test_everything_that_ships_can_be_heard_and_is_labelled_by_the_rules(silent):
    world = World(0)
    rows = world.audible(everything=True)
    assert set(annotators.heard(rows)) == {"whole name", "sound-alikes", "first name", "cut off", "outside"}
    assert len(world.clips(rows)) == len(rows) > len(world.audible()) and (rows["card"] != "").sum() < len(rows)
    assert set(world.audible()["card"]) == set(world.catalogue())


@pytest.mark.parametrize("seed", [0, 5])
def test_the_booth_of_lesson_03_opens_on_shipped_clips(silent, seed):
    first = label_panels.label_six(seed)
    assert len(first.clips) == 6 and all(len(clip) for clip in first.clips) and "no speech can be made on this machine" in first.notes[0]
    kinds = annotators.heard(label_panels.to_label(seed)[0])
    assert sorted(kinds) == sorted(["whole name", "sound-alikes", "sound-alikes", "first name", "cut off", "outside"])
    again = label_panels.label_six(seed, "03.again")
    assert label_panels.beside_others(seed, first).shape == (6, 4) and label_panels.beside_guideline(seed, first, again).shape == (6, 3)


@pytest.mark.parametrize("seed", [0, 5])
def test_the_booth_of_lesson_00_opens_on_shipped_clips(silent, seed):
    made = start_here_panels.label_a_few(seed)
    rows = start_here_panels.requests_to_label(seed)
    assert len(made.clips) == 5 and all(len(clip) for clip in made.clips)
    assert all("no speech can be made on this machine" in note for note in made.notes)
    assert sorted(rows["kind"]) == ["cut", "first", "full", "full", "full"] and (rows["card"] == "").sum() == 1
    assert set(rows["card"]) - {""} <= set(made.options.values())
    made.chosen = ["c01"] * 5
    table = start_here_panels.compare_labels(seed, made)
    assert table.shape == (5, 4) and {"no", "yes"} <= set(table["could be known"])


def test_confusions_and_doubts_of_lesson_05_are_heard_by_another_reader(silent):
    for shown, count in ((diagnose_panels.hear_confusions(0), 4), (diagnose_panels.hear_doubts(0), 3)):
        assert shown.html.count("<audio") == count and shown.words.count("by another reader") == count


def test_with_a_synthesiser_the_clips_are_the_rows_own():
    if not speech.available():
        pytest.skip("no synthesiser on this machine")
    world = World(0)
    rows = world.audible().head(3)
    clips, by = diagnose_panels.sounds(world, rows, rows["card"])
    assert by == "" and all(np.array_equal(a, b) for a, b in zip(clips, world.clips(rows)))
