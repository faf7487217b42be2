"""The reference launch: what `course serve` offers before a learner has trained anything."""
from pathlib import Path
from typing import Callable

from course_lib.cycle import bundle, scope
from course_lib.cycle.calibrate import launch_model
from course_lib.world.world import World


def first_champion(folder: Path, seed: int = 0, say: Callable[[str], None] = lambda words: None) -> Path:
    """The bundle that a folder's pointer names; the reference recogniser is trained and put there if there is none.

    Parameters
    ----------
    folder : where bundles and the pointer stand
    seed : the world that it is trained in
    say : is told, in a sentence, that training begins
    """
    if (Path(folder) / bundle.POINTER).exists():
        return bundle.champion(folder)
    say("No model yet: training the launch model.")
    world = World(seed)
    saved = bundle.save(launch_model(world), scope.charter().threshold, world.cards["name"].to_dict(), folder,
                        about=dict(seed=seed, training_rows=len(world.recordings("train"))))
    bundle.point(folder, saved)
    return saved
