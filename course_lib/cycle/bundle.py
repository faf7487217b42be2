"""Everything an answer depends on, in one folder: model, features, threshold, card table, where it came from.

A bundle is written once and never changed; its version is a hash of its content, so equal
inputs give an equal version. Models are stored by skops, which loads named types only:
nothing is ever unpickled, and a file from a stranger cannot run code.
"""
import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Mapping

import skops.io
from sklearn.pipeline import Pipeline

from course_lib.world import features

TRUSTED = ["sklearn.calibration._CalibratedClassifier", "sklearn.calibration._TemperatureScaling"]
MODEL, NOTE, POINTER = "model.skops", "bundle.json", "champion.json"


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
    folder.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=folder, prefix="part-"))
    try:
        skops.io.dump(model, part / MODEL)
        note = dict(threshold=float(threshold), cards=cards, names=dict(names), features=features.VERSION,
                    about=dict(about or {}), model_sha256=_sha256(part / MODEL))
        return _publish(part, folder, note)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _publish(part, folder, note):
    """Name a finished bundle by what it answers, and put it in place in one step."""
    identity = {key: value for key, value in note.items() if key != "model_sha256"}
    note["version"] = hashlib.sha256((json.dumps(identity, sort_keys=True) + _fingerprint(part / MODEL)).encode()).hexdigest()[:12]
    (part / NOTE).write_text(json.dumps(note, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    place = folder / note["version"]
    if not place.exists():
        try:
            os.rename(part, place)
        except OSError:
            if not place.exists():
                raise
    return place


def _fingerprint(path):
    """Hash of a skops file's content without the times and memory addresses it carries."""
    import re
    import zipfile
    digest = hashlib.sha256()
    with zipfile.ZipFile(path) as archive:
        schema = json.loads(archive.read("schema.json"))
        order: dict[str, str] = {}
        def stable(node):
            if isinstance(node, dict):
                return {k: stable(v) for k, v in node.items() if k not in ("__id__", "protocol")}
            if isinstance(node, list):
                return [stable(v) for v in node]
            if isinstance(node, str) and re.fullmatch(r"\d+\.np[yz]", node):
                if node not in order:
                    order[node] = hashlib.sha256(archive.read(node)).hexdigest()
                return order[node]
            return node
        digest.update(json.dumps(stable(schema), sort_keys=True).encode())
    return digest.hexdigest()


def load(folder: Path) -> Bundle:
    """Read a bundle, checked against its own hashes; BundleError where it is not whole."""
    folder = Path(folder)
    try:
        note = json.loads((folder / NOTE).read_text(encoding="utf-8"))
        found = _sha256(folder / MODEL)
    except FileNotFoundError as error:
        raise BundleError(f"{error.filename} is missing; register the model again, or roll back to another version") from None
    except (OSError, ValueError) as error:
        raise BundleError(f"the bundle in {folder} is not readable ({error}); roll back to another version") from None
    if found != note.get("model_sha256"):
        raise BundleError(f"{folder / MODEL} is damaged: its hash is not the one that was recorded; roll back to another version")
    if note["features"] != features.VERSION:
        raise BundleError(f"the model was trained on features {note['features']}, this service computes {features.VERSION}; "
                          "serve it with the code it was made with, or train again")
    try:
        model = skops.io.load(folder / MODEL, trusted=TRUSTED)
    except Exception as error:
        raise BundleError(f"{folder / MODEL} holds something that is not trusted or not readable: {error}") from None
    return Bundle(model, note["threshold"], note["cards"], note["names"], note["about"], note["version"])


def point(folder: Path, bundle: Path) -> None:
    """Make a bundle the one that serves, in one step: running services follow within a second."""
    load(bundle)
    folder = Path(folder)
    handle, name = tempfile.mkstemp(dir=folder, prefix="part-")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(dict(bundle=Path(bundle).name), stream)
    os.replace(name, folder / POINTER)


def champion(folder: Path) -> Path:
    """The bundle that the pointer names; BundleError if there is none."""
    try:
        name = json.loads((Path(folder) / POINTER).read_text(encoding="utf-8"))["bundle"]
    except (OSError, ValueError, KeyError):
        raise BundleError(f"no champion in {folder}; save a bundle there and point to it first") from None
    if Path(name).name != name:
        raise BundleError(f"the pointer names {name!r}, which is not a folder beside it")
    return Path(folder) / name


def _sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
