"""Four ways to answer a pilot's requests, and what their errors cost; experiments of lesson 01."""
from functools import lru_cache

import numpy as np
import pandas as pd

from course_lib.cycle import scope
from course_lib.cycle.diagnose import interval, resampled
from course_lib.cycle.templates import Templates, spoken
from course_lib.cycle.train import recognizer
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment
from course_lib.lessons.spring import model_for
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool
from course_lib.world.world import World

PILOT_DAYS = 14
TEMPLATE_THRESHOLD = .7                                 # of least cost for template matching, found in other worlds


@lru_cache(maxsize=4)
def requests(world: World) -> tuple[pd.DataFrame, np.ndarray]:
    """The pilot: two weeks of requests, labelled afterwards, and their features."""
    rows = world.days(0, PILOT_DAYS)
    return rows, world.features(rows)


@lru_cache(maxsize=4)
def vendor_model(world: World):
    """What a vendor sells: the same kind of model, from ten more readers; none of them uses the product."""
    rows = pd.concat([world.recordings("train"), world.recordings("test")])
    return recognizer().fit(world.features(rows), rows["label"].to_numpy(str))


@lru_cache(maxsize=8)
def template_model(world: World, new_names: bool = True) -> Templates:
    """Template matching on all names that are known today, or on those of the launch catalogue alone."""
    found = spoken(world.pool.folder)
    found = found[found.index.isin(world.catalogue(1 if new_names else 0))]
    return Templates().fit(found.to_numpy(), found.index.to_numpy(str))


MODELS = {"prototype": model_for, "vendor": vendor_model, "templates": lambda world: template_model(world, False)}


@lru_cache(maxsize=16)
def probabilities(world: World, who: str) -> tuple[np.ndarray, np.ndarray]:
    """Confidence for each card, a row a request of the pilot, and the cards."""
    model = MODELS[who](world)
    return model.predict_proba(requests(world)[1]), np.asarray(model.classes_, str)


def answers(world: World, who: str, threshold: float) -> np.ndarray:
    """What a product shows for each request of the pilot."""
    return scope.decide(*probabilities(world, who), threshold)


def pilot(seed: int) -> pd.DataFrame:
    """The pilot as the lesson's table: who asked for whom, and the best card and confidence of the prototype and of the vendor's demo."""
    world = World(seed)
    rows, _ = requests(world)
    out = rows[["id", "user", "device", "room"]].copy()
    out["asked_for"] = rows["card"]
    out["whole_name"] = (rows["kind"] == "full") & (rows["card"] != "")
    for who in ("prototype", "vendor"):
        shares, cards = probabilities(world, who)
        out[who], out[f"{who}_confidence"] = cards[shares.argmax(axis=1)], shares.max(axis=1)
    return out


def cents(rows: pd.DataFrame, shown, wrong_card: float, sorry: float) -> np.ndarray:
    """Cents that each answer costs."""
    outcomes = scope.outcome(rows, shown)
    return wrong_card * (outcomes == "wrong card") + sorry * (outcomes == "needless sorry")


def drawn(values, users, rng, n: int = 400) -> np.ndarray:
    """Means in 1,000 requests, (n, k), of values (requests, k): users are drawn again, each with all of their requests."""
    return 1000 * resampled(values, users, rng, n=n)


def by_user(values, users, rng, n: int = 400) -> tuple[float, float]:
    """95% interval of a mean per 1,000 requests: users are drawn again, each with all of their requests."""
    low, high = np.quantile(drawn(values, users, rng, n)[:, 0], [.025, .975])
    return float(low), float(high)


@experiment
def demo_day(seed: int, demo_threshold: float = 0.0, pool: Pool = Pool()) -> Evidence:
    """Cost of the vendor's demo, which always answers, beside the prototype, which may say "sorry?"."""
    world, rules = World(seed, pool), scope.charter()
    rows, _ = requests(world)
    shown = {"prototype": answers(world, "prototype", rules.threshold), "demo": answers(world, "vendor", demo_threshold)}
    costs = {name: cents(rows, s, rules.cost_wrong_card, rules.cost_sorry) for name, s in shown.items()}
    right = {name: float((scope.outcome(rows, s) == "right").mean()) for name, s in shown.items()}
    intervals = {name: by_user(c, rows["user"], keyed(seed, "demo day", name)) for name, c in costs.items()}
    means = {name: 1000 * float(c.mean()) for name, c in costs.items()}
    extra = 1000 * float((costs["demo"] - costs["prototype"]).mean())
    bounds = by_user(costs["demo"] - costs["prototype"], rows["user"], keyed(seed, "demo day", "both"))

    def draw(ax):
        labels = [f"{name}:\n{100 * right[name]:.0f} of 100 right" for name in shown]
        gain = round(1000 * (right["demo"] - right["prototype"]))
        more = "costs more" if bounds[0] > 0 else "costs less" if bounds[1] < 0 else "costs about as much"
        return plots.bars(ax, labels, list(means.values()), list(intervals.values()), unit="cost of errors (cents for 1,000 requests)",
                          finding=f"{abs(gain)} {'fewer' if gain < 0 else 'more'} right in 1,000: the demo {more}")
    return Evidence("extra cost of the demo (cents for 1,000 requests)", extra,
                    bounds, len(rows),
                    "The prices are the charter's; with others the order can turn.", draw, key=None if demo_threshold else "01.1",
                    data=dict(axis="x", cost=means["demo"], prototype=means["prototype"], ratio=means["demo"] / means["prototype"],
                              points=100 * (right["demo"] - right["prototype"])))


def guarded(seed: int, threshold: float = 0.0, pool: Pool = Pool()) -> Evidence:
    """Wrong cards of the vendor's demo in 1,000 requests, with an interval over users, to hold against the charter's guardrail."""
    rows, _ = requests(World(seed, pool))
    wrong = scope.outcome(rows, answers(World(seed, pool), "vendor", threshold)) == "wrong card"
    return Evidence("wrong cards of the demo in 1,000 requests", 1000 * float(wrong.mean()), by_user(wrong, rows["user"], keyed(seed, "guarded")), len(rows),
                    "The interval is over users of this kind; other users may be of another.")


def _judged(world):
    """For each request of the pilot: the prototype's confidence, whether its best card is wrong, whether the whole name was said."""
    rows, _ = requests(world)
    shares, cards = probabilities(world, "prototype")
    whole = ((rows["card"] != "") & (rows["kind"] == "full")).to_numpy()
    return shares.max(axis=1), (cards[shares.argmax(axis=1)] != rows["card"]).to_numpy(), whole


@lru_cache(maxsize=4)
def _twin_thresholds(world):
    """Thresholds from 0 in hundredths, each with its wrong cards and needless "sorry?" among the pilot's requests."""
    sure, missed, whole = _judged(world)
    steps = np.arange(0, .96, .01).round(2)
    return pd.DataFrame([(t, int((missed & (sure >= t)).sum()), int((whole & (sure < t)).sum())) for t in steps],
                        columns=["threshold", "wrong", "sorry"])


@experiment
def twins(seed: int, wrong_card: float | None = None, pool: Pool = Pool()) -> Evidence:
    """One model as two products with the same number of errors: how many times as much the one that always answers costs."""
    world, rules = World(seed, pool), scope.charter()
    price = rules.cost_wrong_card if wrong_card is None else wrong_card
    table = _twin_thresholds(world)
    errors = table["wrong"] + table["sorry"]
    late = table["threshold"] > table["threshold"][errors.idxmin()]
    pair = table.loc[[0, (errors - errors[0]).abs()[late].idxmin()]]
    rows, (sure, missed, whole) = requests(world)[0], _judged(world)
    n, each = len(rows), [price * (missed & (sure >= t)) + rules.cost_sorry * (whole & (sure < t)) for t in pair["threshold"]]
    again = drawn(np.column_stack(each), rows["user"], keyed(seed, "twins"))
    pair = (1000 * pair[["wrong", "sorry"]] / n).assign(threshold=pair["threshold"])
    cost = (price * pair["wrong"] + rules.cost_sorry * pair["sorry"]).to_numpy()
    rates = (pair["wrong"] + pair["sorry"]).to_numpy()

    def draw(ax):
        labels = [f"threshold {t:.2f}:\n{r:.0f} errors" for t, r in zip(pair["threshold"], rates)]
        parts = {"wrong cards": price * pair["wrong"].to_numpy(), "needless “sorry?”": rules.cost_sorry * pair["sorry"].to_numpy()}
        return stacked(ax, labels, parts, unit="cost of errors (cents for 1,000 requests)", intervals=np.quantile(again, [.025, .975], axis=0).T,
                       finding=f"As many errors in 1,000, {cost[0] / cost[1]:.1f} times the cost")
    return Evidence("times the cost at an equal error rate", float(cost[0] / cost[1]), tuple(map(float, np.quantile(again[:, 0] / again[:, 1], [.025, .975]))), n,
                    "Thresholds matched on this pilot and kept; two models can differ in the same way.", draw,
                    data=dict(gap=float(rates[0] - rates[1]), errors=float(rates[0]), first=float(cost[0]), second=float(cost[1])))


def stacked(ax, labels, parts: dict, finding: str, unit: str, intervals=None):
    """Horizontal bars made of parts, the first row on top; the total stands at the end, after its interval if there is one."""
    left = np.zeros(len(labels))
    for i, (name, values) in enumerate(parts.items()):
        ax.barh(range(len(labels)), values, .62, left=left, label=name, color=plots.COLOURS[i % 6], hatch=plots.HATCHES[i % 6], edgecolor="white")
        left = left + np.asarray(values, float)
    for row, total in enumerate(left):
        low, high = (total, total) if intervals is None else intervals[row]
        if intervals is not None:
            ax.plot([low, high], [row, row], color="black", marker="|", linestyle="-")
        ax.annotate(f"{total:,.0f}", (max(total, high), row), xytext=(6, 0), textcoords="offset points", va="center")
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(labels) - .4, -.6)
    ax.grid(axis="y", visible=False)
    ax.margins(x=.12)
    ax.set_xlabel(unit)
    ax.legend(loc="lower left", bbox_to_anchor=(-.01, 1), ncols=min(3, len(parts)), borderaxespad=.1)
    return plots.title(ax, finding, above=1.8 * ax.xaxis.label.get_fontsize() * -(-len(parts) // 3))


def new_names(world: World, rows: pd.DataFrame) -> pd.DataFrame:
    """Those of some recordings whose names came after launch."""
    return rows[~rows["card"].isin(world.catalogue())]


def _share(model, world, rows):
    """Share of a test's names that a recogniser gets right, with its interval over readers."""
    right = model.predict(world.features(rows)) == rows["card"].to_numpy(str)
    return float(right.mean()), interval(right, rows["speaker"], keyed(world.seed, "share"))


@experiment
def needed(seed: int, new_templates: bool = True, readers: int = 24, pool: Pool = Pool()) -> Evidence:
    """Names recognised by showing the most popular card, by templates and by the model: launch names, and twelve new ones."""
    world = World(seed, pool)
    tests = {"launch": world.recordings("test"), "new": new_names(world, world.recordings("test", wave=1))}
    ways = {"templates": template_model(world, new_templates), "model": model_for(world, readers)}
    found = {(test, name): _share(way, world, rows) for test, rows in tests.items() for name, way in ways.items()}
    asked = requests(world)[0].query("kind == 'full' and card != ''")["card"]
    found["launch", "most popular"] = (float((asked == asked.mode()[0]).mean()), None)
    order = [("launch", "most popular"), ("launch", "templates"), ("launch", "model"), ("new", "templates"), ("new", "model")]

    def draw(ax):
        labels = ["popular, pilot", *(f"{name}, {test}" for test, name in order[1:])]
        new = 100 * found["new", "templates"][0]
        return plots.bars(ax, labels, [100 * found[k][0] for k in order], [found[k][1] and tuple(100 * np.array(found[k][1])) for k in order],
                          unit="launch names and new names recognised (%)", finding=f"New names: templates {new:.0f}%, the model {100 * found['new', 'model'][0]:.0f}%")
    return Evidence("new names recognised by templates", found["new", "templates"][0], found["new", "templates"][1], len(tests["new"]),
                    "The templates and the users are voices of one synthesiser.", draw, key="01.2",
                    data=dict(axis="x", templates=found["new", "templates"][0], model=found["new", "model"][0],
                              ahead=100 * (found["launch", "model"][0] - found["launch", "templates"][0])))


@experiment
def other_voices(seed: int, market: bool = True, pool: Pool = Pool()) -> Evidence:
    """Points that templates lose on new names when the users' voices are not those that read the templates."""
    world = World(seed, pool)
    model = template_model(world)
    rows = [new_names(world, world.recordings("test", market=m, wave=1)) for m in (False, market)]
    here, there = (_share(model, world, some) for some in rows)
    right = [100 * (model.predict(world.features(some)) == some["card"].to_numpy(str)) for some in rows]
    first, second = (resampled(r, some["speaker"], keyed(seed, "other voices", i)) for i, (r, some) in enumerate(zip(right, rows)))
    low, high = np.quantile(first - second, [.025, .975])

    def draw(ax):
        return plots.bars(ax, ["like the\ntemplates'", "es, fr and it"], [100 * here[0], 100 * there[0]],
                          [tuple(100 * np.array(i)) for i in (here[1], there[1])], unit="new names recognised by templates (%), by users' voices",
                          finding=f"With other voices {100 * (here[0] - there[0]):.0f} points are gone")
    return Evidence("points lost with other voices", 100 * (here[0] - there[0]), (float(low), float(high)), len(rows[1]),
                    "Three readers of es, fr and it voices: the interval is little more than their range. Human voices were not tried.", draw)
