"""Whom to record with 300 clips? Samples that flatter, weights, copies, and a contract at the gate."""
import numpy as np
import pandas as pd

from course_lib.cycle import contract
from course_lib.cycle.collect import PLACES, rounded
from course_lib.learn.check import exercise
from course_lib.learn.experiment import Claim
from course_lib.lessons import collect_gate as gate
from course_lib.lessons import collect_samples as samples
from course_lib.lessons import collect_weights as weights
from course_lib.world.draws import keyed
from course_lib.world.world import World

LESSON = "02"


def _shares(*values):
    return pd.Series(values, list(PLACES), dtype=float)


@exercise("02.1", cases=lambda seed: [(samples.shares(World(seed)), 300, 30), (_shares(.35, .35, .2, .1), 10, 0),
                                      (_shares(.55, .25, .15, .05), 101, 12), (_shares(.25, .25, .25, .25), 90, 5)], mistakes={
    "Each place got its share of all n clips, and the smallest got fewer than `least`. Give every place its `least` first.":
        lambda shares, n, least: rounded(n * shares),
    "Places below `least` were lifted, and nobody paid for it: together that is more than n. Take `least` for each place off n first.":
        lambda shares, n, least: rounded(n * shares).clip(lower=least),
    "Each number was rounded alone, and the sum is not always n: 3.5 and 3.5 become 4 and 4. Use `rounded`.":
        lambda shares, n, least: (least + (n - least * len(shares)) * shares).round().astype(int),
}, hints=["How many clips are left when each of the `len(shares)` places has `least`?",
          "`rounded(least + rest * shares)`, where `rest` is what is left."],
    also=[lambda shares, n, least: rounded((n - 4 * least) * shares) + least,
          lambda shares, n, least: rounded(pd.Series({p: least + (n - least * len(shares)) * s for p, s in shares.items()}))],
    why="A floor for every place, the rest in proportion: the rare place can be learnt and judged, and the frequent ones still weigh most.")
def allocate(shares, n, least):
    """Clips by place: `least` for each, the rest of n in proportion to shares."""
    from course_lib.cycle.collect import rounded
    rest = n - least * len(shares)
    if rest < 0:
        raise ValueError(f"{len(shares)} floors of {least} take more than {n} clips")
    return rounded(least + rest * shares)


def _tests(seed):
    """Two tables of a test with unequal places, and shares of production."""
    out = []
    for i, counts in enumerate([(20, 40, 100, 40), (90, 60, 30, 20)]):
        rng = keyed(seed, "exercise 02.2", i)
        table = pd.DataFrame(dict(place=np.repeat(PLACES, counts)))
        table["right"] = rng.random(len(table)) < table["place"].map(dict(zip(PLACES, (.85, .75, .5, .3))))
        out.append((table.sample(frac=1, random_state=int(rng.integers(1000))).reset_index(drop=True), _shares(.45, .25, .2, .1)))
    return out


@exercise("02.2", cases=_tests, mistakes={
    "That is the score of the sample as it is: it counts each place as often as it was recorded, not as often as it occurs.":
        lambda table, shares: table["right"].mean(),
    "That gives every place the same say. In production they are not equally frequent: multiply each by its share.":
        lambda table, shares: table.groupby("place")["right"].mean().mean(),
    "You multiplied by position. `groupby` sorts places by name and the shares stand in another order: leave both as Series, pandas matches them.":
        lambda table, shares: (table.groupby("place")["right"].mean().to_numpy() * shares.to_numpy()).sum(),
    "You took the mean of the four products. The shares add up to 1 already: add the products up.":
        lambda table, shares: (table.groupby("place")["right"].mean() * shares).mean(),
    "Each clip got the share of its place as its weight, so a place recorded often counts twice over. Divide by how many clips it has.":
        lambda table, shares: np.average(table["right"], weights=table["place"].map(shares)),
}, hints=["How often is an answer right in each place? `table.groupby(\"place\")[\"right\"].mean()`.",
          "Multiply those four by the four shares, and add up."],
    also=[lambda table, shares: np.average(table["right"], weights=table["place"].map(shares / table["place"].value_counts())),
          lambda table, shares: sum(share * table["right"][table["place"] == place].mean() for place, share in shares.items())],
    why="A share of production for each place, an accuracy from the sample: the mix comes from one source, the quality from the other.")
def for_production(table, shares):
    """Share of right answers that a test's table predicts for production."""
    by_place = table.groupby("place")["right"].mean()
    return (by_place * shares).sum()


def _deliveries(seed):
    rows = gate.spoilt(World(seed), "clips sent twice")
    few = pd.DataFrame(dict(id=list("abcdefg"), part=["test", "learn", "test", "learn", "test", "test", "test"],
                            fingerprint=["x1", "x1", "x2", "x3", "x3", "x4", "x4"]))
    return [(few,), (rows[["id", "part", "fingerprint"]].copy(),), (few.iloc[2:3],)]


@exercise("02.3", cases=_deliveries, mistakes={
    "That finds ids that stand twice. A clip that is sent again gets a new id; its sound, and so its `fingerprint`, is the same.":
        lambda table: set(table["id"][table["id"].duplicated()]),
    "That names both clips of each pair. The one in \"learn\" may stay; only its copy in \"test\" has to go.":
        lambda table: set(table["id"][table["fingerprint"].duplicated(keep=False)]),
    "Two copies inside the test are no leak from \"learn\". Look for sounds of the test that stand in \"learn\".":
        lambda table: set(table["id"][(table["part"] == "test") & table["fingerprint"].duplicated(keep=False)]),
    "That names whichever of the two comes later in the table. Rows have no agreed order: look at `part`.":
        lambda table: set(table["id"][table["fingerprint"].duplicated()]),
}, hints=["Split the table: rows whose part is \"learn\", rows whose part is \"test\".",
          "`test[\"fingerprint\"].isin(learn[\"fingerprint\"])` marks the copies; return the set of their ids."],
    also=[lambda table: set(table.loc[(table["part"] == "test") & table["fingerprint"].isin(table.loc[table["part"] == "learn", "fingerprint"]), "id"]),
          lambda table: {i for i, p, f in table.itertuples(index=False) if p == "test" and ((table["part"] == "learn") & (table["fingerprint"] == f)).any()}],
    why="A clip that the model learnt from cannot test it; its copy under another id cannot, either.")
def copies(table):
    """Ids of test clips whose sound stands in "learn", too, as a set."""
    learn, test = (table[table["part"] == part] for part in ("learn", "test"))
    return set(test["id"][test["fingerprint"].isin(learn["fingerprint"])])


def _typed(rows, names):
    """Whether the types alone are kept."""
    kinds = dict(id="U", sample_rate="i", level_db="f", place="U", prompt="U", label="U", consent="b", fingerprint="U")
    return all(np.asarray(rows[name].tolist()).dtype.kind == kind for name, kind in kinds.items())


def _alone(rows, names):
    """Whether each column keeps its own promise, without a look at two columns at once or at the table."""
    return bool(rows["id"].is_unique and rows["fingerprint"].is_unique and rows["sample_rate"].eq(8000).all() and rows["consent"].all()
                and rows["level_db"].between(-60, 0).all() and rows["place"].isin(PLACES).all())


def _plain(rows, names):
    """The eight promises without pandera."""
    return _alone(rows, names) and rows["place"].nunique() == 4 and bool((rows["label"].map(names) == rows["prompt"]).all())


def _strict(rows, names):
    """Whether a delivery is sound and looks like the first one: its columns in their order, and nothing else."""
    return _plain(rows, names) and list(rows.columns) == contract.COLUMNS


@exercise("02.4", cases=lambda seed: [(rows, World(seed).cards["name"]) for _, _, rows in gate.batches(seed)], mistakes={
    "You check types only. A rate of 16,000 is an int like 8,000, and a shifted label is a text like any other: check values, too.": _typed,
    "Each column is checked alone. That a label belongs to its prompt, and that all four places are there, shows only in the whole table.": _alone,
    "You refuse every delivery. With strict=True the schema refuses all columns that it does not name, and a delivery has more than these.":
        lambda rows, names: False,
    "Too strict: sound deliveries with their columns in another order, or with one more, are refused. Nobody promised an order; "
    "a gate that refuses good data is soon switched off.": _strict,
}, hints=["One `pa.Column(type, pa.Check...)` for each promise about one column: `eq(8000)`, `in_range(-60, 0)`, `isin(PLACES)`, `eq(True)`; `unique=True`.",
          "Promises 7 and 8: `checks=[pa.Check(lambda t: t[\"prompt\"] == t[\"label\"].map(names)), pa.Check(lambda t: t[\"place\"].nunique() == 4)]`.",
          "End with `return passes(pa.DataFrameSchema(columns, checks=checks), rows)`."],
    also=[lambda rows, names: contract.passes(contract.contract(), rows), _plain],
    named=lambda seed: [name for name, _, _ in gate.batches(seed)],
    why="Values, uniqueness, and sense across columns: eight faults stopped, five sound deliveries let in. A contract is tested like any code, on both.")
def accepts(rows, names):
    """Whether a delivery keeps the eight promises; names: card -> name."""
    from course_lib.cycle.contract import PLACES, pa, passes
    columns = {"id": pa.Column(str, unique=True),
               "sample_rate": pa.Column(int, pa.Check.eq(8000)),
               "level_db": pa.Column(float, pa.Check.in_range(-60, 0)),
               "place": pa.Column(str, pa.Check.isin(PLACES)),
               "consent": pa.Column(bool, pa.Check.eq(True)),
               "fingerprint": pa.Column(str, unique=True)}
    checks = [pa.Check(lambda t: t["prompt"] == t["label"].map(names)),
              pa.Check(lambda t: t["place"].nunique() == 4)]
    return passes(pa.DataFrameSchema(columns, checks=checks), rows)


def _rakes(seed):
    rng, out = keyed(seed, "exercise 02.5"), []
    for shares in (pd.Series(dict(phone=.5, car=.3, watch=.2)), pd.Series(dict(phone=.7, car=.1, watch=.2))):
        values = pd.Series(np.repeat(list(shares.index), (5, 8, 7)))
        out.append((pd.Series(rng.uniform(.5, 2, 20)), values, shares))
    return out


@exercise("02.5", cases=_rakes, mistakes={
    "You began from equal weights and lost what the last round had put right. Multiply the weights that arrive.":
        lambda weights, values, shares: values.map(shares / values.value_counts()) * len(values),
    "You compared with the number of clips. Compare with the sum of the *weights* of each value: that is what the sample speaks for now.":
        lambda weights, values, shares: weights * values.map(shares * len(values) / values.value_counts()),
}, hints=["How much weight does each value have now? `weights.groupby(values).sum()`.", "It should have `shares * len(weights)`; multiply each weight by should / has."],
    also=[lambda weights, values, shares: weights * values.map(shares) * len(weights) / weights.groupby(values).transform("sum")],
    why="One round puts one column right and the other a little wrong; rounds in turn come to rest where both are right (Deming and Stephan, 1940).")
def rake(weights, values, shares):
    """Weights after one round: each value has its share of len(weights)."""
    has = weights.groupby(values).sum()
    return weights * values.map(shares * len(weights) / has)


def _curves(seed):
    curve = pd.Series({100: .45, 200: .58, 300: .66, 400: .71, 500: .75, 550: .77})
    return [(curve, 600, .05), (curve, 600, .065), (curve - .1, 700, .04)]


@exercise("02.6", cases=_curves, mistakes={
    "That is the most accurate model, whose test is too small to show it. First drop the rows whose interval is wider than promised.":
        lambda curve, total, width: curve.idxmax(),
    "That is the accuracy itself. Asked for is the number of clips to learn from.":
        lambda curve, total, width: curve[1.96 * np.sqrt(curve * (1 - curve) / (total - curve.index.to_numpy())) <= width].max(),
    "That is one standard error on each side. A 95% interval reaches 1.96 of them.":
        lambda curve, total, width: curve[np.sqrt(curve * (1 - curve) / (total - curve.index.to_numpy())) <= width].idxmax(),
}, hints=["`tested = total - curve.index.to_numpy()`; half an interval is 1.96 * sqrt(p * (1 - p) / tested).", "Keep the rows where that is at most `width`; of those, the most accurate."],
    also=[lambda curve, total, width: max(n for n, p in curve.items() if 1.96 * (p * (1 - p) / (total - n)) ** .5 <= width)],
    why="A clip can teach or test, not both. What the test must be able to show sets its size; the rest may teach.")
def learn_clips(curve, total, width):
    """Clips to learn from: the most accurate whose test shows it to within +-width."""
    tested = total - curve.index.to_numpy()
    half = 1.96 * np.sqrt(curve * (1 - curve) / tested)
    return curve[half <= width].idxmax()


CLAIMS = [
    Claim("the convenient sample flatters itself", LESSON,
          "On its own check the convenience sample is ahead of the other two, by 5 points or more beyond what production shows.",
          samples.flattery, lambda e: e.value >= 5 and e.data["own_lead"] > 0, control=lambda seed, **k: samples.flattery(seed, "production", **k)),
    Claim("the worst place", LESSON, "After the stratified sample the worst place is 3 points or more better off than after the convenience sample.",
          samples.worst_place, lambda e: e.value >= 3, control=lambda seed, **k: samples.worst_place(seed, "convenience", **k)),
    Claim("the mix decides which sample wins", LESSON,
          "With 60% of requests from the new market and 20% from loud places the stratified sample leads the convenience one; with none of both it trails.",
          samples.turn, lambda e: e.value > 0 > e.data["quiet"], control=lambda seed, **k: samples.turn(seed, 0.0, 0.0, **k)),
    Claim("recording the new market", LESSON, "A hundred clips of the new market instead of none lift the worst place by 3 points or more.",
          samples.market_clips, lambda e: e.value >= 3, control=lambda seed, **k: samples.market_clips(seed, 0, **k)),
    Claim("weights move a stratified score", LESSON, "Weights move the score of a stratified test sample by 3 points or more, and leave that of a proportional one.",
          weights.reweighted, lambda e: e.value >= 3, control=lambda seed, **k: weights.reweighted(seed, "proportional", **k)),
    Claim("a voice is a name", LESSON, "Of 100 nameless clips, 18 or more are given to the right one of 24 readers; by chance 4 are.",
          weights.who_speaks, lambda e: e.value >= 18, control=lambda seed, **k: weights.who_speaks(seed, False, **k)),
    Claim("copies lift the test", LESSON, "75 clips sent twice lift the test score by 4 points or more; without the copies it is as before.",
          gate.resent, lambda e: e.value >= 4, control=lambda seed, **k: gate.resent(seed, True, **k)),
    Claim("a missing place gives no warning", LESSON, "Without the new market the test score falls by less than two points, and in production that market is served worse.",
          gate.missing_place, lambda e: e.value > 0 and e.data["test_change"] > -gate.MOVE, control=lambda seed, **k: gate.missing_place(seed, gate.SOUND, **k)),
    Claim("three faults show", LESSON, "Rate, shifted labels and repeated ids let the test score fall by 5 points or more; units, spelling and consent do not move it.",
          gate.visible_harm, lambda e: e.value >= 5, control=lambda seed, **k: gate.visible_harm(seed, "silent", **k)),
    Claim("three of eight", LESSON, "The gate stops all eight faults; the test score falls for three of them.",
          gate.unseen, lambda e: e.value == 3 and e.data["gate"] == 8, equivalence=True),
    Claim("the contract judges rightly", LESSON, "The contract stops eight faulty deliveries, lets five clean ones in, and does not see a skipped line.",
          gate.verdicts, lambda e: e.value == 13 and e.data["hidden"], equivalence=True),
    Claim("found in production", LESSON, "Shifted labels that nobody finds for three weeks let 20,000 requests or more fail.",
          gate.stages, lambda e: e.value >= 20_000, control=lambda seed, **k: gate.stages(seed, "level in other units", **k)),
]
