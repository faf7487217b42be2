"""What stands behind a model: your offer (lesson 01), clips (02) and labels (03) beside the course's, by their effect; shown in lesson 05."""
import numpy as np
import pandas as pd

from course_lib.cycle import collect
from course_lib.cycle.diagnose import interval
from course_lib.kept import kept
from course_lib.learn import decisions
from course_lib.learn.lesson import decision
from course_lib.lessons import collect_samples as samples
from course_lib.lessons import label_noise, scope_offers, scope_products
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool
from course_lib.world.world import World

DRAWS = 5                                               # as in the table of lesson 02
LABELS = ("votes_per_clip", "guideline", "aggregator")  # what lesson 03 decides about labels
ANSWERS = {"build": "prototype", "buy": "vendor", "API": "vendor", "templates": "templates"}    # who answers, in lesson 01's pilot


@kept(maxsize=4)
def offered(seed: int, offer: str, pool: Pool = Pool()) -> tuple[np.ndarray, np.ndarray]:
    """Later requests: 100 where what an offer of lesson 01 delivers recognises the name, else 0; and who asks."""
    world = World(seed, pool)
    rows = samples.in_production(world, scope_products.MODELS[ANSWERS[offer]](world))
    return 100.0 * rows["right"].to_numpy(), rows["speaker"].to_numpy()


@kept(maxsize=4)
def recorded(seed: int, plan: tuple[tuple[str, int], ...], pool: Pool = Pool()) -> tuple[np.ndarray, np.ndarray]:
    """Later requests: the share of draws of a plan, (place, clips) each, whose model gets each right (%), and who asks."""
    world = World(seed, pool)
    draws = [collect.quota(samples.frame(world), dict(plan), keyed(seed, "allocation", draw)) for draw in range(DRAWS)]
    found = [samples.in_production(world, samples.fitted(world, rows)) for rows in draws]
    return 100 * np.mean([rows["right"] for rows in found], axis=0), found[0]["speaker"].to_numpy()


def plans(seed: int, pool: Pool = Pool()) -> pd.DataFrame:
    """Your plans beside the course's.

    Returns
    -------
    DataFrame, a row a plan: yours in words, names recognised (%) after the course's plan and after yours, the gain in points with
    its 95% interval over speakers (the same requests, the same clips; zero throughout where the plans are the same)
    """
    rows = []
    for words, ((mine, who), (theirs, _)) in (_offers(seed, pool), _clips(seed, pool), _labels(seed, pool)):
        low, high = interval(mine - theirs, who, keyed(seed, "lesson 05", "plans"))
        rows.append((words, theirs.mean(), mine.mean(), mine.mean() - theirs.mean(), low, high))
    return pd.DataFrame(rows, index=["offer (01)", "clips (02)", "labels (03)"], columns=["yours", "course's, %", "yours, %", "gain", "low", "high"])


def _both(*names):
    """Your decisions of these names, and the course's."""
    return [decision(name) for name in names], [decisions.default(name) for name in names]


def _offers(seed, pool):
    (mine,), (theirs,) = _both("offer")
    days = scope_offers.OFFERS.loc[mine, "exit_days"]
    late = f", exit {days} days, not {scope_offers.EXIT_DAYS}" if days > scope_offers.EXIT_DAYS else ""
    return mine + late, [offered(seed, offer, pool) for offer in (mine, theirs)]


def _clips(seed, pool):
    (mine,), (theirs,) = _both("allocation")
    return ", ".join(str(int(mine[place])) for place in theirs), [recorded(seed, tuple((place, int(plan[place])) for place in theirs), pool) for plan in (mine, theirs)]


def _labels(seed, pool):
    """Both plans for labels: so many people misread the rule on sound-alikes as the guideline lets; the votes become labels as decided."""
    plans = [(int(votes), label_noise.misreaders(guideline), way) for votes, guideline, way in _both(*LABELS)]
    votes, guideline, way = _both(*LABELS)[0]
    words = f"{int(votes)} vote{'s' * (votes > 1)}, {guideline}" + f", {way}" * (votes > 1)
    return words, [label_noise.judged(seed, *plan, pool=pool) for plan in plans]
