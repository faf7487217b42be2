"""What stands behind a model: your plans for clips (lesson 02) and votes (03) beside the course's, by their effect; shown in lesson 05."""
import numpy as np
import pandas as pd

from course_lib.cycle import collect
from course_lib.cycle.diagnose import interval
from course_lib.kept import kept
from course_lib.learn import decisions
from course_lib.learn.lesson import decision
from course_lib.lessons import collect_samples as samples
from course_lib.lessons import label_noise
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool
from course_lib.world.world import World

DRAWS = 5                                               # as in the table of lesson 02


@kept(maxsize=4)
def recorded(seed: int, plan: tuple[tuple[str, int], ...], pool: Pool = Pool()) -> tuple[np.ndarray, np.ndarray]:
    """Later requests: the share of draws of a plan, (place, clips) each, whose model gets each right (%), and who asks."""
    world = World(seed, pool)
    draws = [collect.quota(samples.frame(world), dict(plan), keyed(seed, "allocation", draw)) for draw in range(DRAWS)]
    found = [samples.in_production(world, samples.fitted(world, rows)) for rows in draws]
    return 100 * np.mean([rows["right"] for rows in found], axis=0), found[0]["speaker"].to_numpy()


@kept(maxsize=4)
def labelled(seed: int, votes: int, pool: Pool = Pool()) -> tuple[np.ndarray, np.ndarray]:
    """Clips of test readers: 100 where a model taught by so many votes a clip is right, else 0; and who speaks."""
    vectors, truth = label_noise.test(seed, pool)
    right = label_noise.taught(seed, votes, pool=pool).predict(vectors) == truth
    return 100.0 * right, World(seed, pool).recordings("test")["speaker"].to_numpy()


def plans(seed: int, pool: Pool = Pool()) -> pd.DataFrame:
    """Your two plans beside the course's.

    Returns
    -------
    DataFrame, a row a plan: yours in words, names recognised (%) after the course's plan and after yours, the gain in points with
    its 95% interval over speakers (the same requests, the same clips; zero throughout where the plans are the same)
    """
    clips, votes = ((decision(name), decisions.default(name)) for name in ("allocation", "votes_per_clip"))
    places = decisions.default("allocation")
    told = [", ".join(str(int(clips[0][place])) for place in places), str(int(votes[0]))]
    found = [[recorded(seed, tuple((place, int(plan[place])) for place in places), pool) for plan in clips],
             [labelled(seed, int(plan), pool) for plan in votes]]
    rows = []
    for words, ((mine, who), (theirs, _)) in zip(told, found):
        low, high = interval(mine - theirs, who, keyed(seed, "lesson 05", "plans"))
        rows.append((words, theirs.mean(), mine.mean(), mine.mean() - theirs.mean(), low, high))
    return pd.DataFrame(rows, index=["clips (02)", "votes a clip (03)"], columns=["yours", "course's, %", "yours, %", "gain", "low", "high"])
