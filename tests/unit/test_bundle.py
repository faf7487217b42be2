"""Bundles: what comes back is what was saved, equal content has an equal version, and nothing strange is loaded."""
import hashlib
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import skops.io
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from course_lib import workspace
from course_lib.cycle import bundle, train
from course_lib.world.world import World

KILLED = """
import os, runpy, signal, sys
from pathlib import Path
from course_lib.cycle import bundle
tests, folder = runpy.run_path(sys.argv[1]), Path(sys.argv[2])
def end(*_):
    os.kill(os.getpid(), signal.SIGKILL)
print(bundle.save(tests["small"](), .5, tests["NAMES"], folder, about=dict(seed=3)).name, flush=True)
child = os.fork()
if not child:
    os.rename = end
    bundle.save(tests["small"](), .7, tests["NAMES"], folder)
assert os.waitpid(child, 0)[1] == signal.SIGKILL
other = bundle.save(tests["small"](), .6, tests["NAMES"], folder)
os.replace = end
bundle.point(folder, other)
"""
NAMES = dict(a="Anna", b="Ben", c="Cleo")


def small(kind="default"):
    """A recogniser of three cards from numbers that mean nothing: fast, and the same in any process."""
    rng = np.random.default_rng(0)
    labels = np.repeat(["a", "b", "c"], 12)
    return train.recognizer(kind).fit(rng.normal(size=(36, 468)) + (labels == "b")[:, None] - (labels == "c")[:, None], labels)


@pytest.fixture
def saved(tmp_path):
    return bundle.save(small(), .5, NAMES, tmp_path / "bundles", about=dict(seed=3))


def rewrite(place, **changes):
    """Change a bundle's note as somebody would who knows the hash of the model but not the version's rule."""
    path = place / bundle.NOTE
    note = json.loads(path.read_text()) | changes
    path.write_text(json.dumps(note))


def put(place, content):
    """Replace a bundle's model by these bytes, with a hash that fits them."""
    (place / bundle.MODEL).write_bytes(content)
    rewrite(place, model_sha256=hashlib.sha256(content).hexdigest())


def refusal(place):
    """What loading says; one sentence or two, on one line."""
    with pytest.raises(bundle.BundleError) as refused:
        bundle.load(place)
    assert refused.value.__cause__ is None and len(str(refused.value)) > 40
    return str(refused.value)


@pytest.mark.parametrize("kind", train.KINDS)
def test_a_round_trip_gives_the_same_probabilities(tmp_path, kind):
    world = World(0)
    rows = world.recordings("train")
    rows = rows[rows["label"].isin(rows["label"].unique()[:8])]
    model = train.recognizer(kind).fit(world.features(rows), rows["label"].to_numpy(str))
    names = world.cards["name"].to_dict()
    cards = {label: label for label in model.classes_} | {model.classes_[0]: model.classes_[1]}
    back = bundle.load(bundle.save(model, .4, names, tmp_path, cards=cards, about=dict(metrics=[.9, .95])))
    vectors = world.features(world.recordings("test"))[:200]
    assert np.array_equal(back.model.predict_proba(vectors), model.predict_proba(vectors))
    assert list(back.model.classes_) == list(model.classes_)
    assert (back.threshold, back.names, back.cards, back.about) == (.4, names, cards, dict(metrics=[.9, .95]))


def test_the_same_inputs_give_the_same_version(saved):
    again = bundle.save(small(), .5, NAMES, saved.parent, about=dict(seed=3))
    assert again == saved and saved.name == bundle.load(saved).version
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


@pytest.mark.parametrize("change", [dict(threshold=.51), dict(names=NAMES | dict(a="Ann")), dict(cards=dict(a="b", b="b", c="c")),
                                    dict(about=dict(seed=4)), dict(model=small("best"))], ids=lambda change: next(iter(change)))
def test_other_content_is_another_version(saved, change):
    usual = dict(model=small(), threshold=.5, names=NAMES, about=dict(seed=3))
    other = bundle.save(folder=saved.parent, **usual | change)
    assert other != saved and bundle.load(other).version == other.name


def test_lineage_is_hashed_as_it_will_be_read(tmp_path):
    place = bundle.save(small(), .5, NAMES, tmp_path, about={10: (1, 2), 9: "nine"})
    assert bundle.load(place).about == {"10": [1, 2], "9": "nine"}


@pytest.mark.parametrize("wrong", [dict(threshold=1.2), dict(threshold=float("nan")), dict(names=dict(a="Anna")),
                                   dict(cards=dict(a="z", b="b", c="c")), dict(about=dict(n=np.int64(3))), dict(about=dict(x=float("nan")))])
def test_what_cannot_be_served_is_not_saved(tmp_path, wrong):
    with pytest.raises(ValueError, match="threshold is|labels without a named card: |must be plain texts, finite numbers"):
        bundle.save(**dict(model=small(), threshold=.5, names=NAMES, folder=tmp_path) | wrong)
    assert not list(tmp_path.iterdir())


def test_a_damaged_model(saved):
    path = saved / bundle.MODEL
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert "is damaged" in refusal(saved)


@pytest.mark.parametrize("file", [bundle.MODEL, bundle.NOTE])
def test_a_missing_file_is_named(saved, file):
    (saved / file).unlink()
    assert f"{file} is missing; register the model again, or roll back" in refusal(saved)


def test_a_missing_bundle(tmp_path):
    assert "is missing" in refusal(tmp_path / "0123456789ab")


@pytest.mark.parametrize("note", [b"", b"{", b"\xff\xfe", b"[]", b"3", b"{}", b'{"model_sha256": 1}'])
def test_a_damaged_note(saved, note):
    (saved / bundle.NOTE).write_bytes(note)
    assert "is not readable" in refusal(saved) or "does not describe a bundle" in refusal(saved)


@pytest.mark.parametrize("change", [dict(threshold=.1), dict(threshold=7), dict(cards=dict(a="b", b="b", c="c")), dict(version="0123456789ab")])
def test_a_note_that_was_edited(saved, change):
    rewrite(saved, **change)
    assert "was changed after it was written" in refusal(saved)


def test_other_features(saved):
    rewrite(saved, features="mfcc-12-v0")
    assert "trained on features mfcc-12-v0, this service computes mfcc-468-v1" in refusal(saved)


class Marked:
    """An object whose unpickling would be noticed."""
    def __reduce__(self):
        return os.mkdir, (self.trap,)


def test_a_pickle_is_not_opened(saved, tmp_path):
    Marked.trap = str(tmp_path / "it ran")
    put(saved, pickle.dumps(Marked()))
    assert "is not a model that skops wrote" in refusal(saved) and not (tmp_path / "it ran").exists()
    pickle.loads((saved / bundle.MODEL).read_bytes())
    assert (tmp_path / "it ran").exists()                # the trap works


def test_an_untrusted_type_is_named(saved):
    model = small()
    model.steps.insert(0, ("odd", FunctionTransformer(shutil.rmtree)))
    place = bundle.save(model, .5, NAMES, saved.parent)
    assert "not trusted" in refusal(place) and "shutil.rmtree" in refusal(place)


def test_a_foreign_model(saved):
    place = bundle.save(small(), .6, NAMES, saved.parent)
    put(place, skops.io.dumps(StandardScaler().fit(np.eye(3))))
    assert "was changed after it was written" in refusal(place)


def test_a_model_that_is_no_recogniser(saved):
    note = json.loads((saved / bundle.NOTE).read_text())
    content = skops.io.dumps(StandardScaler().fit(np.eye(3)))
    put(saved, content)
    rewrite(saved, version=bundle._version(note, content))
    assert "not a recogniser" in refusal(saved)


OPENED = []
sys.addaudithook(lambda event, arguments: OPENED.append(arguments) if event == "pickle.find_class" else None)


def test_nothing_is_unpickled(tmp_path):
    OPENED.clear()
    for kind in train.KINDS:
        bundle.load(bundle.save(small(kind), .5, NAMES, tmp_path))
    assert not OPENED
    pickle.loads(pickle.dumps(NAMES.__class__))
    assert OPENED                                        # the hook would have seen it


def test_a_damaged_bundle_is_mended_by_saving_it_again(saved):
    (saved / bundle.MODEL).write_bytes(b"")
    again = bundle.save(small(), .5, NAMES, saved.parent, about=dict(seed=3))
    assert again == saved and bundle.load(saved).about == dict(seed=3)
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_the_pointer_names_the_champion(saved):
    folder = saved.parent
    other = bundle.save(small(), .6, NAMES, folder)
    for place in (saved, other, saved):
        bundle.point(folder, place)
        assert bundle.champion(folder) == place
    assert not list(folder.glob("part-*"))


@pytest.mark.parametrize("name", ["../x", "..", ".", "", "a/b", "/etc", "c:\\x", "0123456789AB", "0123456789ab\n", "\0", 3, None, ["x"]])
def test_a_pointer_that_leads_elsewhere_is_refused(saved, name):
    (saved.parent / bundle.POINTER).write_text(json.dumps(dict(bundle=name)))
    with pytest.raises(bundle.BundleError, match="the pointer names .* not the version of a bundle beside it"):
        bundle.champion(saved.parent)


@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}", '"0123456789ab"'])
def test_no_pointer(tmp_path, content):
    if content is not None:
        (tmp_path / bundle.POINTER).write_text(content)
    with pytest.raises(bundle.BundleError, match="no champion in .*; save a bundle there and point to it first"):
        bundle.champion(tmp_path)


def test_only_a_whole_bundle_of_the_folder_becomes_champion(saved, tmp_path):
    bundle.point(saved.parent, saved)
    elsewhere = bundle.save(small(), .6, NAMES, tmp_path / "elsewhere")
    with pytest.raises(bundle.BundleError, match="does not stand in"):
        bundle.point(saved.parent, elsewhere)
    damaged = bundle.save(small(), .6, NAMES, saved.parent)
    (damaged / bundle.MODEL).write_bytes(b"x")
    with pytest.raises(bundle.BundleError, match="is damaged"):
        bundle.point(saved.parent, damaged)
    assert bundle.champion(saved.parent) == saved


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork and no kill -9")
def test_a_kill_between_write_and_rename_leaves_the_champion_whole(saved, compiled):
    folder = saved.parent
    bundle.point(folder, saved)
    done = subprocess.run([sys.executable, "-c", KILLED, __file__, str(folder)], capture_output=True, text=True,
                          env=os.environ | dict(PYTHONPATH=str(workspace.root()), PYTHONHASHSEED="12345"))
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert done.stdout.strip() == saved.name             # another process, the same inputs: the same version
    assert bundle.champion(folder) == saved and bundle.load(saved).threshold == .5
    assert len(list(folder.glob("part-*"))) == 2         # killed once while saving, once while pointing
    for threshold in (.6, .7):
        bundle.point(folder, bundle.save(small(), threshold, NAMES, folder))
        assert bundle.load(bundle.champion(folder)).threshold == threshold
