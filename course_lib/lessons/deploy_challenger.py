"""Your version beside the team's, for lesson 06: the model that you chose in lesson 04, at the threshold that you kept last."""
from pathlib import Path

import pandas as pd

from course_lib.cycle import bundle, lineage, monitor
from course_lib.cycle.registry import CHALLENGER, Registry
from course_lib.learn.lesson import decision
from course_lib.lessons import decided, deploy_skew
from course_lib.world.world import World


def packed(seed: int, champion: Path, rows: pd.DataFrame, folder: Path) -> Path:
    """A bundle of your model, taught the rows of the champion, with your threshold; the champion itself where both are the same."""
    found, kind, threshold = bundle.load(champion), decision("model"), float(decision("threshold"))
    same = kind == found.about.get("kind", "default")
    model = found.model if same else decided.fitted(kind, World(seed).features(rows), rows["label"])
    return bundle.save(model, threshold, found.names, folder, found.cards, lineage.about(seed, rows, kind))


def changed(seed: int, one: Path, other: Path) -> int:
    """Of the probes, how many get another answer from another bundle."""
    rows = deploy_skew.probes(World(seed))
    shown = [monitor.answers(found.model, World(seed).features(rows), found.threshold)["shown"] for found in map(bundle.load, (one, other))]
    return int((shown[0] != shown[1]).sum())


def register(registry: Registry, seed: int, champion: Path, rows: pd.DataFrame) -> str:
    """Register your version; as the challenger if it is not the champion. Returns a line that says which it is, and what it changes."""
    mine = packed(seed, champion, rows, registry.bundles)
    number = registry.register(mine)
    words = f"yours: {decision('model')} ({decided.source('model')}), threshold {float(decision('threshold')):g} ({decided.source('threshold')})"
    if number == registry.champion():
        return f"{words}; the champion itself"
    registry.alias(CHALLENGER, number)
    return f"{words}; the challenger: {changed(seed, champion, mine)} of {deploy_skew.PROBES} probes get another answer"
