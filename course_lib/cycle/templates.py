"""Recognition without training: a clip is compared with templates of each name, read by a speech synthesiser.

Nobody is recorded. Two voices read every name once; each reading is kept as it is and altered
three times. The name whose templates are nearest wins.
"""
import io
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from course_lib.cycle.train import augment
from course_lib.world import channel, features
from course_lib.world.draws import keyed
from course_lib.world.recorded import fingerprint
from course_lib.world.pool import Pool
from course_lib.world.say import say
from course_lib.world.tables import DATA, table

READINGS = (("american", "m3"), ("british", "f2"))     # voice, variant
COPIES = 3                                              # altered copies of each reading
SHARPNESS = 25.0                                        # of similarities, -1 to 1, into confidence


class Templates(ClassifierMixin, BaseEstimator):
    """The nearest template wins: cosine similarity of standardised features.

    Confidence is a softmax of each card's best similarity times `sharpness`; it is not calibrated.

    >>> model = Templates().fit(np.array([[0., 1.], [1., 0.]]), ["c01", "c02"])
    >>> str(model.predict(np.array([[.9, .2]]))[0])
    'c02'
    """

    def __init__(self, sharpness: float = SHARPNESS):
        self.sharpness = sharpness

    def fit(self, X, y):
        """Keep templates (n, d) with their cards (n,); nothing is optimised."""
        X, y = np.asarray(X, float), np.asarray(y, str)
        if X.ndim != 2 or len(X) != len(y) or not len(X):
            raise ValueError(f"templates of shape {X.shape} with {len(y)} cards arrived; (n, d) with n cards, n above 0, are expected")
        order = np.argsort(y, kind="stable")
        self.classes_, self.starts_ = np.unique(y[order], return_index=True)
        self.middle_, self.spread_ = X.mean(axis=0), np.maximum(X.std(axis=0), 1e-9)
        self.templates_ = self._directions(X[order])
        return self

    def _directions(self, X):
        Z = (X - self.middle_) / self.spread_
        return Z / np.maximum(np.linalg.norm(Z, axis=1, keepdims=True), 1e-9)

    def predict_proba(self, X) -> np.ndarray:
        """Confidence for each card, (n, k)."""
        check_is_fitted(self)
        near = np.maximum.reduceat(self._directions(np.asarray(X, float)) @ self.templates_.T, self.starts_, axis=1)
        grown = np.exp(self.sharpness * (near - near.max(axis=1, keepdims=True)))
        return grown / grown.sum(axis=1, keepdims=True)

    def predict(self, X) -> np.ndarray:
        """The card of the nearest template."""
        shares = self.predict_proba(X)
        return self.classes_[shares.argmax(axis=1)]


@lru_cache(maxsize=2)
def spoken(folder: Path = DATA) -> pd.DataFrame:
    """Templates of every name that is spoken as itself: features, one row each, indexed by card.

    They ship with the course, equal on every platform; after an edit of data/cards.csv they are
    read again, which needs the synthesiser.
    """
    path = folder / "templates.npz"
    if path.exists():
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            if str(stored["made_from"]) == _made_from(folder):
                return pd.DataFrame(stored["features"].astype(np.float32), index=pd.Index(stored["cards"], name="card"))
    return read_names(folder)


def read_names(folder: Path = DATA) -> pd.DataFrame:
    """Have the synthesiser read every name and return the templates' features; SpeechUnavailable where it does not load."""
    cards = table("cards", folder)
    names = cards.loc[cards["spoken_as"] == "", "name"]
    parts = []
    for voice, variant in READINGS:
        clips = [say(name, voice, "phone", "quiet", None, variant)[0] for name in names]
        rng = keyed("templates", voice, variant)
        parts += [features.features(altered, channel.RATE) for altered in (clips, *(augment(clips, channel.RATE, rng) for _ in range(COPIES)))]
    return pd.DataFrame(np.concatenate(parts), index=pd.Index(list(names.index) * len(parts), name="card"))


def write(folder: Path = DATA) -> Path:
    """Read all names and put their templates into data/, rounded to 16 bits."""
    found, path = read_names(folder), folder / "templates.npz"
    np.savez_compressed(path, features=found.to_numpy(np.float16), cards=found.index.to_numpy(str), made_from=_made_from(folder))
    return path


def _made_from(folder):
    return f"{fingerprint(Pool('templates', folder))} {READINGS} {COPIES}"
