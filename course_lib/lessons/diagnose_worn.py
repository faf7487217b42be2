"""What the best of many tweaks owes to the test set that chose it; an experiment of lesson 05."""
import numpy as np
import pandas as pd

from course_lib.cycle.train import scaler
from course_lib.kept import kept
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment
from course_lib.lessons import diagnose_trust as trust
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool
from course_lib.world.world import World

TWEAKS, KEPT_FEATURES, RIDGE = 50, 328, 300.0


def scores(seed: int, tweaks: int = TWEAKS, pool: Pool = Pool()) -> pd.DataFrame:
    """Percent right of each tweak on the readers of a worn test set and on fresh ones: columns worn, fresh."""
    world = World(seed, pool)
    test = world.recordings("test")
    people = sorted(test["speaker"].unique())
    used = test["speaker"].isin([people[i] for i in trust.halves(people, seed, 0)[0]]).to_numpy()
    right = _tweaks(world, max(tweaks, TWEAKS))[:tweaks]                # fewer tweaks are the first of many
    return pd.DataFrame(dict(worn=100 * right[:, used].mean(axis=1), fresh=100 * right[:, ~used].mean(axis=1))).rename_axis("tweak")


@experiment
def worn(seed: int, tweaks: int = TWEAKS, pool: Pool = Pool()) -> Evidence:
    """Points of accuracy that the best of some tweaks shows on the test set that chose it, and not on fresh readers."""
    found, clips = scores(seed, tweaks, pool), len(World(seed, pool).recordings("test")) // 2
    gain = found.loc[found["worn"].idxmax()] - found.mean()
    share = found["worn"].mean() / 100
    largest = keyed(seed, "lesson 05", "independent").binomial(clips, share, (400, tweaks)).max(axis=1).mean()
    feared = float(100 * (largest / clips - share))

    def draw(ax):
        return plots.bars(ax, ["if tweaks were unrelated", "on the worn test set", "on fresh readers"], [feared, gain["worn"], gain["fresh"]],
                          unit=f"points above the mean of {tweaks} tweaks", finding=f"Best of {tweaks}: {gain['worn']:+.1f} points here, {gain['fresh']:+.1f} elsewhere")
    return Evidence("points that the winner owes to its test set", float(gain["worn"] - gain["fresh"]), None, tweaks,
                    "These tweaks are small and alike; a large search over unlike models wears a test set faster.", draw,
                    data=dict(worn=float(gain["worn"]), fresh=float(gain["fresh"]), feared=feared))


@kept(maxsize=2)
def _tweaks(world, tweaks):
    """Whether each of some recognisers is right on each test clip, (tweaks, n): ridge regression on a subset of the features."""
    train, test = world.recordings("train"), world.recordings("test")
    scale = scaler().fit(world.features(train))
    X, T = (scale.transform(world.features(rows)) for rows in (train, test))
    cards = np.array(sorted(set(train["label"])))
    target = (train["label"].to_numpy(str)[:, None] == cards) - 1 / len(cards)
    gram, cross = X.T @ X, X.T @ target
    out = []
    for i in range(tweaks):
        kept = np.sort(keyed(world.seed, "lesson 05", "tweak", i).permutation(X.shape[1])[:KEPT_FEATURES])
        weights = np.linalg.solve(gram[np.ix_(kept, kept)] + RIDGE * np.eye(len(kept)), cross[kept])
        out.append(cards[(T[:, kept] @ weights).argmax(axis=1)] == test["label"].to_numpy(str))
    return np.array(out)
