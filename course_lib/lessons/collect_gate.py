"""The same faults at the gate, in the test score and in production; the experiments of lesson 02 on the data contract."""
from functools import lru_cache

import numpy as np
import pandas as pd

from course_lib.cycle import contract, faults
from course_lib.cycle.scope import charter
from course_lib.cycle.train import recognizer
from course_lib.kept import kept
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment
from course_lib.lessons.collect_samples import MARKET, estimate, in_production
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool
from course_lib.world.world import World

EVERY = (*faults.FAULTS, *faults.HIDDEN)
SOUND = "none"
LOWER, HIGHER, STILL = "falls", "rises", "does not move"
MOVE = 2.0                                              # points; less than this nobody would look into
HOUR, HOURS_GATE, HOURS_HUNT, WEEKS, REQUESTS = 60.0, .5, 16, 3, 20_000


@lru_cache(maxsize=4)
def delivery(world: World) -> pd.DataFrame:
    """The sound delivery of a world: 300 clips to learn from, 300 to test on."""
    return faults.delivery(world)


@kept(maxsize=16, copy=True)
def spoilt(world: World, fault: str) -> pd.DataFrame:
    """The delivery with one fault; "none" leaves it sound."""
    return delivery(world) if fault == SOUND else faults.plant(world, delivery(world), fault)


@lru_cache(maxsize=64)
def broken(world: World, fault: str) -> int:
    """How many promises of the team's contract the delivery with one fault breaks."""
    return len(contract.breaches(spoilt(world, fault)))


@lru_cache(maxsize=64)
def _learnt(world, fault):
    """Model and tested clips of a script that reads the delivery without a gate; faults that leave the learning part alone share a fit."""
    rows = spoilt(world, fault)
    vectors, learn = faults.heard(world, rows), (rows["part"] == "learn").to_numpy()
    labels = rows["label"].to_numpy(str)
    sound = delivery(world)[lambda d: d["part"] == "learn"]
    same = fault != SOUND and learn.sum() == len(sound) and (labels[learn] == sound["label"].to_numpy(str)).all() \
        and np.array_equal(vectors[learn], faults.heard(world, sound))
    model = _learnt(world, SOUND)[0] if same else recognizer().fit(vectors[learn], labels[learn])
    return model, rows[~learn].assign(right=model.predict(vectors[~learn]) == labels[~learn])


@lru_cache(maxsize=64)
def scores(world: World, fault: str) -> dict[str, float]:
    """Percent right in the team's own test, in production, and in the new market, after one fault."""
    model, tested = _learnt(world, fault)
    live = in_production(world, model)
    return dict(test=100 * float(tested["right"].mean()), production=100 * float(live["right"].mean()),
                market=100 * float(live.loc[live["place"] == MARKET, "right"].mean()))


def moves(change: float) -> str:
    """What a change of the test score, in points, looks like to a team."""
    return LOWER if change < -MOVE else HIGHER if change > MOVE else STILL


def consequences(seed: int, which=tuple(faults.FAULTS), pool: Pool = Pool()) -> pd.DataFrame:
    """By fault: promises broken at the gate, change of the test score, of production and of the new market, in points."""
    world = World(seed, pool)
    base = scores(world, SOUND)
    rows = {fault: dict(gate=broken(world, fault), **{name: value - base[name] for name, value in scores(world, fault).items()}) for fault in which}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("fault")
    return table.assign(test_score=table["test"].map(moves))


@experiment
def unseen(seed: int, pool: Pool = Pool()) -> Evidence:
    """How many of the eight faults let the test score fall by more than two points."""
    table = consequences(seed, pool=pool)
    fall = int((table["test_score"] == LOWER).sum())

    def draw(ax):
        order = table.sort_values("test", kind="stable")
        plots.bars(ax, list(order.index), list(order["test"]), unit="change of the team's own test score (points)",
                   finding=f"The gate stops {int((table['gate'] > 0).sum())} of 8; the test score falls for {fall}")
        for words, value in zip(ax.texts, order["test"]):
            if value < 0:                               # the number of a bar to the left stands left of it
                words.set(ha="right", position=(-6, 0))
        ax.axvline(0, color="black", linewidth=1, linestyle="-", marker="")
        return ax
    return Evidence("faults that let the test score fall", fall, None, len(table),
                    "Eight faults of our own choice; which are common where you work is another question.", draw,
                    data=dict(fall=fall, rise=int((table["test_score"] == HIGHER).sum()), still=int((table["test_score"] == STILL).sum()),
                              gate=int((table["gate"] > 0).sum())))


@experiment
def resent(seed: int, cleaned: bool = False, pool: Pool = Pool()) -> Evidence:
    """Points that the test score gains from clips sent twice, from the part to learn from into the test."""
    world = World(seed, pool)
    _, tested = _learnt(world, "clips sent twice")
    if cleaned:
        tested = tested[~tested["fingerprint"].isin(delivery(world).loc[lambda d: d["part"] == "learn", "fingerprint"])]
    base = _learnt(world, SOUND)[1]
    found = [estimate(rows["right"], rows["reader"], np.ones(len(rows)), keyed(seed, "interval")) for rows in (base, tested)]
    live = scores(world, SOUND)["production"]
    gain = 100 * (found[1][0] - found[0][0])

    def draw(ax):
        return plots.estimate(ax, ["test, each clip once", "test, with clips sent twice", "production, both times"],
                              [100 * found[0][0], 100 * found[1][0], live],
                              [(100 * low, 100 * high) for _, (low, high) in found] + [None], unit="names recognised (%)",
                              finding=f"{faults.SENT_AGAIN} copies add {gain:.0f} points; the model is the same")
    return Evidence("points gained by copies", gain, None, len(tested), "A copy that was cut or filtered has another fingerprint and is not found.",
                    draw, "02.2", dict(with_copies=100 * found[1][0], axis="x"))


@experiment
def missing_place(seed: int, fault: str = "a place missing", pool: Pool = Pool()) -> Evidence:
    """Points that the new market loses in production when nobody was recorded there, while the test score rises."""
    world = World(seed, pool)
    base, found = scores(world, SOUND), scores(world, fault)
    return Evidence("points lost in the new market", base["market"] - found["market"], None, 300, "One place of four is missing here.",
                    data=dict(test_change=found["test"] - base["test"]))


@experiment
def visible_harm(seed: int, which: str = "visible", pool: Pool = Pool()) -> Evidence:
    """The smallest fall of the test score, in points, among the faults that spoil learning (or among those that do not touch it)."""
    names = ("wrong sample rate", "labels shifted", "ids repeated") if which == "visible" else \
        ("level in other units", "a place renamed", "consent withdrawn")
    world = World(seed, pool)
    base = scores(world, SOUND)
    return Evidence("smallest fall of the test score (points)", min(base["test"] - scores(world, name)["test"] for name in names), None, 300,
                    "How far the score falls depends on how many clips are spoilt.",
                    data={name: base["production"] - scores(world, name)["production"] for name in names})


@experiment
def stages(seed: int, fault: str = "labels shifted", requests_a_day: int = REQUESTS, weeks: int = WEEKS, hour: float = HOUR, pool: Pool = Pool()) -> Evidence:
    """What one fault costs if it is found at the gate, in evaluation or in production, in hundreds of cents.

    An hour of work costs `hour`; half an hour at the gate and two days of search later are assumptions. Each request that fails
    is charged with the cheaper of the charter's errors, so production is the least that it costs. ValueError where an hour costs
    nothing, or where requests or weeks are negative or no numbers.
    """
    for name, value, low in (("requests a day", requests_a_day, 0), ("weeks", weeks, 0), ("price of an hour", hour, 1e-9)):
        if not low <= value < np.inf:
            raise ValueError(f"{name}: {value!r} arrived; a number {'above' if low else 'from'} 0{'' if low else ' up'} is expected")
    world = World(seed, pool)
    base, found = scores(world, SOUND), scores(world, fault)
    failed = max(0.0, base["production"] - found["production"]) / 100 * requests_a_day * 7 * weeks
    costs = {"at the gate": HOURS_GATE * hour, "in evaluation": HOURS_HUNT * hour}
    costs["in production"] = costs["in evaluation"] + failed * charter().cost_sorry / 100

    def draw(ax):
        return plots.bars(ax, list(costs), list(costs.values()), unit="cost (units of 100 cents)",
                          finding=f"Found in production, {fault!r} costs {costs['in production'] / costs['at the gate']:.0f} times what it costs at the gate")
    return Evidence("requests that fail until it is found", failed, None, requests_a_day * 7 * weeks,
                    "Hours, requests a day and weeks until somebody notices are assumptions; put in your own.", draw, data=costs)


@lru_cache(maxsize=4)
def batches(seed: int, pool: Pool = Pool()) -> tuple[tuple[str, bool, pd.DataFrame], ...]:
    """What a contract is tried on: eight deliveries with a fault, five clean ones; name, whether it is clean, table."""
    world = World(seed, pool)
    bad = tuple((f"a delivery with this fault: {fault}", False, spoilt(world, fault)) for fault in faults.FAULTS)
    second, sound = faults.delivery(world, 1), delivery(world)
    fewer = faults.delivery(world, 2, {"indoors": 60, "outdoors": 40, "loud": 20, MARKET: 20})
    louder = faults.delivery(world, 3)
    good = {"another clean delivery": second, "a clean delivery with its columns in another order": sound[sound.columns[::-1]],
            "a clean delivery with one more column": sound.assign(note="window open"), "a smaller clean delivery": fewer,
            "a clean delivery from quieter microphones": louder.assign(level_db=(louder["level_db"] - 6).round(3))}
    return bad + tuple((name, True, rows) for name, rows in good.items())


def verdicts(seed: int, pool: Pool = Pool()) -> Evidence:
    """How many of thirteen deliveries the team's contract judges rightly; whether it lets the hidden fault pass."""
    world, schema = World(seed, pool), contract.contract()
    right = [broken(world, fault) > 0 for fault in faults.FAULTS]
    right += [contract.passes(schema, rows) for _, clean, rows in batches(seed, pool) if clean]
    hidden = contract.passes(schema, spoilt(world, "a line skipped"))
    return Evidence("deliveries judged rightly", sum(right), None, len(right), "Faults that nobody thought of are not among them.", data=dict(hidden=hidden))
