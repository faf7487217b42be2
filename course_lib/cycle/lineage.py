"""Where a model comes from: short fingerprints of its rows, its code and its charter."""
import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from course_lib.cycle import charter as charters
from course_lib.cycle import train
from course_lib.world import features

_LIBRARIES = ("numpy", "scipy", "scikit-learn")


def fingerprint(content: str | bytes) -> str:
    """Twelve characters of a content's hash.

    >>> fingerprint("a") == fingerprint(b"a")
    True
    """
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()[:12]


def data(rows: pd.DataFrame) -> str:
    """Fingerprint of training rows: which takes with which labels, in whatever order.

    ValueError where the rows have no column `recording` or `label`.
    """
    lost = {"recording", "label"} - set(rows.columns)
    if lost:
        raise ValueError(f"the rows have no column {', '.join(sorted(lost))}; rows of recordings with their labels are expected")
    return fingerprint("\n".join(sorted(f"{take} {label}" for take, label in zip(rows["recording"], rows["label"]))))


def code() -> str:
    """Fingerprint of what turns clips into a model: the modules for features and training, and the libraries' versions."""
    texts = [Path(module.__file__).read_text(encoding="utf-8") for module in (features, train)]
    return fingerprint("\n".join(texts + [f"{name} {version(name)}" for name in _LIBRARIES]))


def charter(rules: charters.Charter | None = None) -> str:
    """Fingerprint of a charter, by default the reference."""
    return fingerprint(json.dumps((rules or charters.charter()).document(), sort_keys=True))


def about(seed: int, rows: pd.DataFrame, kind: str = "default") -> dict:
    """What a bundle says of its origin: the world, the rows, the kind of recogniser; equal inputs give equal words."""
    return dict(seed=int(seed), data=data(rows), kind=kind, training_rows=len(rows))
