"""Many clips at once, answered as the service answers one: the same WAV reader, feature code and bundle."""
from pathlib import Path
from typing import Mapping

import numpy as np
import pandas as pd

from course_lib.cycle import monitor
from course_lib.cycle.bundle import Bundle
from course_lib.cycle.intake import Refused
from course_lib.cycle.scope import SORRY
from course_lib.cycle.wav import decode
from course_lib.world import features
from course_lib.world.wav import encode
from course_lib.world.world import World

COLUMNS = ["id", "decision", "best", "confidence", "version", "failure"]


def read(folder: str | Path = "") -> dict[str, bytes]:
    """WAV files of a folder, name without ".wav" -> bytes, in order of their names; by default the clips that ship.

    FileNotFoundError where the folder is not there or holds no WAV file.
    """
    if not folder:
        return _shipped()
    found = {path.stem: path.read_bytes() for path in sorted(Path(folder).glob("*.wav"))}
    if not found:
        raise FileNotFoundError(f"{Path(folder).name} holds no WAV file; a folder of files such as 000-00001.wav is expected")
    return found


def _shipped(count=40):
    world = World(0)
    rows = world.audible().head(count)
    return {f"{number:05d}": encode(clip, world.sample_rate) for number, clip in zip(rows["recording"], world.clips(rows))}


def answers(bundle: Bundle, bodies: Mapping[str, bytes]) -> pd.DataFrame:
    """The champion's answers.

    Parameters
    ----------
    bodies : id -> bytes of a WAV file

    Returns
    -------
    DataFrame with columns id, decision (card or "sorry"), best, confidence, version, and failure ("" or why there is
    no answer), in the order of the bodies
    """
    clips, failures = {}, dict.fromkeys(bodies, "")
    for name, body in bodies.items():
        try:
            clips[name] = decode(body)
        except Refused as refusal:
            failures[name] = str(refusal.detail)
            continue
        failures[name] = features.fault(clips[name][0])
    vectors = {name: vector for rate in {rate for _, rate in clips.values()} for name, vector in _vectors(clips, failures, rate)}
    names = [name for name in bodies if name in vectors]
    given = monitor.answers(bundle.model, np.array([vectors[name] for name in names]), bundle.threshold) if names else pd.DataFrame()
    found = pd.DataFrame(dict(id=list(bodies), version=bundle.version, failure=list(failures.values()))).set_index("id")
    for column, source in (("decision", "shown"), ("best", "best"), ("confidence", "confidence")):
        found[column] = pd.Series(given[source].to_numpy() if names else [], names, dtype=float if source == "confidence" else object)
    shown = {**bundle.cards, SORRY: SORRY}
    return found.assign(decision=found["decision"].map(shown), best=found["best"].map(bundle.cards)).reset_index()[COLUMNS]


def _vectors(clips, failures, rate):
    names = [name for name, (_, own) in clips.items() if own == rate and not failures[name]]
    return zip(names, features.features([clips[name][0] for name in names], rate))
