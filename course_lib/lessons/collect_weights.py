"""What a test sample says of production, what a voice gives away, how clips are divided; further experiments of lesson 02."""
import numpy as np
import pandas as pd

from course_lib.cycle import collect
from course_lib.cycle.train import recognizer
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment, wilson
from course_lib.lessons.collect_samples import CLIPS, MARKET, estimate, fitted, frame, in_production, score_of, shares, team
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool
from course_lib.world.world import World

DIVISIONS = (100, 200, 300, 400, 500, 550)             # of 600 clips, so many to learn from


def test_sample(world: World, plan: str = "stratified", n: int = CLIPS) -> pd.DataFrame:
    """n clips of thirteen other readers, three of them of the new market, to test on, by a plan; each with whether the proportional team's model is right."""
    rng, everyone = keyed(world.seed, "test sample", plan), frame(world, "test")
    rows = collect.stratified(everyone, n, rng) if plan == "stratified" else collect.proportional(everyone, n, rng, shares(world))
    return rows.assign(right=team(world, "proportional")[0].predict(world.features(rows)) == rows["label"].to_numpy(str))


@experiment
def reweighted(seed: int, plan: str = "stratified", pool: Pool = Pool()) -> Evidence:
    """Points by which weighting by place moves the score of a test sample of 300."""
    world = World(seed, pool)
    rows = test_sample(world, plan)
    weights = collect.weights(rows, {"place": shares(world)})
    plain = estimate(rows["right"], rows["speaker"], np.ones(len(rows)), keyed(seed, "interval"))
    weighted = estimate(rows["right"], rows["speaker"], weights, keyed(seed, "interval"))
    truth = score_of(in_production(world, team(world, "proportional")[0]), seed)
    values = [100 * value for value, _ in (plain, weighted, truth)]

    def draw(ax):
        return plots.estimate(ax, ["test sample, as it is", "test sample, reweighted", "production, later"], values,
                              [(100 * low, 100 * high) for _, (low, high) in (plain, weighted, truth)], unit="names recognised (%)",
                              finding=f"Weights: {values[1] - values[0]:+.1f} points; production: {values[2]:.0f} of 100")
    return Evidence("points by which weights move the estimate", values[1] - values[0], None, len(rows),
                    "Weights mend the shares of places, not that thirteen readers stand for all users.", draw,
                    data=dict(plain=values[0], weighted=values[1], production=values[2], effective=collect.effective_size(weights)))


@experiment
def who_speaks(seed: int, named: bool = True, pool: Pool = Pool()) -> Evidence:
    """Of 100 clips without a name, how many a simple model gives to the right one of 24 readers, after hearing 300 others."""
    world = World(seed, pool)
    rows = frame(world)[lambda all_: all_["place"] != MARKET]
    rows = rows.iloc[keyed(seed, "who speaks").permutation(len(rows))[:2 * CLIPS]]
    names, vectors = rows["speaker"].to_numpy(str), world.features(rows)
    taught = names[:CLIPS] if named else keyed(seed, "who", "mixed").permutation(names[:CLIPS])
    right = recognizer().fit(vectors[:CLIPS], taught).predict(vectors[CLIPS:]) == names[CLIPS:]
    low, high = wilson(int(right.sum()), CLIPS)
    chance = 100 / len(np.unique(names))

    def draw(ax):
        return plots.bars(ax, ["by chance", "from the sound"], [chance, 100 * right.mean()], [None, (100 * low, 100 * high)],
                          unit="clips given to the right reader (%)",
                          finding=f"No name, and {100 * right.mean():.0f} of 100 clips find their reader; by chance {chance:.0f}")
    return Evidence("clips given to the right reader (%)", 100 * float(right.mean()), (100 * low, 100 * high), CLIPS,
                    "These features were made for words; one made for voices finds more. The interval counts clips as independent.", draw, data=dict(chance=chance))


@experiment
def divided(seed: int, pool: Pool = Pool()) -> Evidence:
    """600 proportional clips, divided between learning and testing: what the model gains, how wide the test's interval gets."""
    world = World(seed, pool)
    rows = collect.proportional(frame(world), max(DIVISIONS), keyed(seed, "division"), shares(world))
    rows = rows.iloc[keyed(seed, "division", "order").permutation(len(rows))]
    curve = pd.Series({n: in_production(world, fitted(world, rows.iloc[:n]))["right"].mean() for n in DIVISIONS}, name="accuracy")
    half = 196 * np.sqrt(curve * (1 - curve) / (600 - curve.index.to_numpy()))

    def draw(ax):
        ax.errorbar(curve.index, 100 * curve, half, color=plots.COLOURS[0], marker="o", linestyle="-", capsize=4)
        ax.set(xlabel="clips to learn from, of 600 (the rest is the test)", ylabel="names recognised (%)")
        gain = 100 * (curve.iloc[-1] - curve.iloc[2])
        return plots.title(ax, f"From {DIVISIONS[2]} to {DIVISIONS[-1]} clips the model gains {gain:.0f} points; the test's interval "
                               f"grows from ±{half.iloc[2]:.1f} to ±{half.iloc[-1]:.1f}")
    return Evidence("growth of the test's interval (points, half its width)", float(half.iloc[-1] - half.iloc[2]), None, 600,
                    "The interval counts clips as independent; clips of one reader are not, so in truth it is wider.", draw,
                    data={str(n): value for n, value in curve.items()})
