"""Everything an answer depends on, in one folder: model, features, threshold, card table, where it came from.

A bundle is written once and never changed; its version is a hash of its content, so equal
inputs give an equal version. Models are stored by skops, which loads named types only:
nothing is ever unpickled, and a file from a stranger cannot run code.
"""
import hashlib
import io
import json
import os
import re
import shutil
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Mapping

from sklearn.pipeline import Pipeline

from course_lib.cycle.spared import without
from course_lib.world import features

with without("pytest"):                                # skops asks for all estimators, and scikit-learn's way to them for its tests
    import skops.io

TRUSTED = ["sklearn.calibration._CalibratedClassifier", "sklearn.calibration._TemperatureScaling"]
MODEL, NOTE, POINTER = "model.skops", "bundle.json", "champion.json"
_NOTED = {"threshold", "cards", "names", "features", "about", "model_sha256", "version"}


class BundleError(RuntimeError):
    """A bundle is missing, damaged or made for other features; the message says which and what to do."""


@dataclass(frozen=True)
class Bundle:
    """A recogniser ready to serve.

    Attributes
    ----------
    model : fitted pipeline
    threshold : confidence below which the answer is "sorry"
    cards : label of the model -> id of the card that is shown (they differ once a figure is renamed)
    names : card id -> name
    about : lineage: seed, data, metrics, whatever the team wants to know later
    version : twelve characters of the content's hash
    """
    model: Pipeline
    threshold: float
    cards: Mapping[str, str]
    names: Mapping[str, str]
    about: Mapping = field(default_factory=dict)
    version: str = ""


def save(model: Pipeline, threshold: float, names: Mapping[str, str], folder: Path,
         cards: Mapping[str, str] | None = None, about: Mapping | None = None) -> Path:
    """Write a bundle below `folder` and return its own folder, named by its version.

    Parameters
    ----------
    model : fitted; its classes are the labels
    threshold : confidence from 0 to 1
    names : card id -> name, for every card that can be shown
    cards : label -> card id; by default each label is its own card
    about : lineage, JSON-able
    """
    labels = [str(label) for label in model.classes_]
    cards = dict(cards or {label: label for label in labels})
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold is {threshold!r}; a confidence from 0 to 1 is expected")
    lost = [label for label in labels if cards.get(label) not in names]
    if lost:
        raise ValueError(f"labels without a named card: {', '.join(lost[:5])}; add them to the card table")
    note = _plain(dict(threshold=float(threshold), cards=cards, names=dict(names), features=features.VERSION, about=dict(about or {})))
    stored = skops.io.dumps(model)
    note |= dict(version=_version(note, stored), model_sha256=hashlib.sha256(stored).hexdigest())
    def fill(new):
        new.mkdir()
        (new / MODEL).write_bytes(stored)
        (new / NOTE).write_text(json.dumps(note, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return _put(Path(folder) / note["version"], fill)


def adopt(folder: Path, bundle: Path, version: str) -> Path:
    """The folder of a whole bundle among those of `folder`, copied there in one step if it stands elsewhere."""
    place = Path(folder) / version
    if bundle.resolve() == place.resolve() or _whole(place):
        return place
    return _put(place, lambda new: shutil.copytree(bundle, new))


def _plain(note):
    """A note as it will be read again: texts as keys, lists for tuples."""
    try:
        return json.loads(json.dumps(note, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ValueError(f"cards, names and about must be plain texts, finite numbers, lists and dicts: {error}") from None


def _put(place, fill):
    """Put a bundle in place in one step; a whole one of this version stays, a damaged one makes way."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=place.parent, prefix="part-"))
    try:
        new = part / "new"
        fill(new)
        if not _whole(place):
            if place.exists():
                os.rename(place, part / "damaged")
            os.rename(new, place)
    except OSError:                                      # another process may have been quicker
        if not _whole(place):
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return place


def _whole(place):
    try:
        load(place)
    except BundleError:
        return False
    return True


def _version(note, stored):
    """Hash of what a bundle answers: the note without its hashes, and the model without the times and addresses that its file carries."""
    identity = {key: value for key, value in note.items() if key not in ("model_sha256", "version")}
    return hashlib.sha256((json.dumps(identity, sort_keys=True) + _fingerprint(stored)).encode()).hexdigest()[:12]


def _fingerprint(stored):
    """Hash of a skops file's content; an array is its bytes, whatever the file calls it."""
    with zipfile.ZipFile(io.BytesIO(stored)) as archive:
        arrays = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist() if re.fullmatch(r"\d+\.np[yz]", name)}

        def stable(node):
            if isinstance(node, dict):
                return {key: stable(value) for key, value in node.items() if key not in ("__id__", "protocol")}
            if isinstance(node, list):
                return [stable(value) for value in node]
            return arrays.get(node, node) if isinstance(node, str) else node
        return hashlib.sha256(json.dumps(stable(json.loads(archive.read("schema.json"))), sort_keys=True).encode()).hexdigest()


def load(folder: Path) -> Bundle:
    """Read a bundle, checked against its own hashes; BundleError where it is not whole."""
    folder = Path(folder)
    try:
        note = json.loads((folder / NOTE).read_text(encoding="utf-8"))
        stored = (folder / MODEL).read_bytes()
    except FileNotFoundError as error:
        raise BundleError(f"{error.filename} is missing; register the model again, or roll back to another version") from None
    except (OSError, ValueError) as error:
        raise BundleError(f"the bundle in {folder} is not readable ({error}); roll back to another version") from None
    _verify(folder, note, stored)
    try:
        model = skops.io.loads(stored, trusted=TRUSTED)
        lost = [label for label in map(str, model.classes_) if note["cards"][label] not in note["names"]]
    except Exception as error:
        raise BundleError(f"{folder / MODEL} holds something that is not trusted, not readable or not a recogniser of "
                          f"these cards: {error}") from None
    if lost:
        raise BundleError(f"{folder / NOTE} has no name for what the model answers: {', '.join(lost[:5])}")
    return Bundle(model, note["threshold"], note["cards"], note["names"], note["about"], note["version"])


def _verify(folder, note, stored):
    """BundleError unless note and model are those that were written together, for the features of this code."""
    if not isinstance(note, dict) or not _NOTED <= note.keys():
        raise BundleError(f"{folder / NOTE} does not describe a bundle; roll back to another version")
    if hashlib.sha256(stored).hexdigest() != note["model_sha256"]:
        raise BundleError(f"{folder / MODEL} is damaged: its hash is not the one that was recorded; roll back to another version")
    if note["features"] != features.VERSION:
        raise BundleError(f"the model was trained on features {note['features']}, this service computes {features.VERSION}; "
                          "serve it with the code it was made with, or train again")
    try:
        found = _version(note, stored)
    except Exception as error:
        raise BundleError(f"{folder / MODEL} is not a model that skops wrote ({error}); roll back to another version") from None
    if found != note["version"]:
        raise BundleError(f"{folder / NOTE} was changed after it was written: its content is version {found}, it says "
                          f"{note['version']}; roll back to another version")


def point(folder: Path, bundle: Path) -> None:
    """Make a bundle of `folder` the one that serves, in one step: running services follow within a second.

    Raises
    ------
    BundleError
        The bundle is not whole, or stands elsewhere.
    """
    folder, bundle = Path(folder), Path(bundle)
    if bundle.resolve().parent != folder.resolve():
        raise BundleError(f"the bundle {bundle} does not stand in {folder}; save it there first")
    load(bundle)
    replace_json(folder / POINTER, dict(bundle=bundle.name))


def replace_json(path: Path, content) -> None:
    """Write a JSON file in one step: whoever reads meanwhile finds the old content or the new one, whole."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix="part-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(content, stream)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def champion(folder: Path) -> Path:
    """The bundle that the pointer names; BundleError if there is none."""
    try:
        name = json.loads((Path(folder) / POINTER).read_text(encoding="utf-8"))["bundle"]
    except (OSError, ValueError, KeyError, TypeError):
        raise BundleError(f"no champion in {folder}; save a bundle there and point to it first") from None
    if not isinstance(name, str) or not re.fullmatch(r"[0-9a-f]{12}", name):
        raise BundleError(f"the pointer names {name!r}, which is not the version of a bundle beside it")
    return Path(folder) / name
