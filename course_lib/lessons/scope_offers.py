"""Build, buy or call an API: what each offer costs at a volume, what it promises, when to stop improving."""
from functools import lru_cache

import numpy as np
import pandas as pd

from course_lib.cycle import scope
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment, wilson
from course_lib.learn.lesson import decide
from course_lib.lessons import scope_products as products
from course_lib.lessons.spring import PRICE_PER_CLIP, model_for
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool
from course_lib.world.world import World

OFFERS = pd.DataFrame(
    dict(monthly=[50_000, 100_000, 300_000, 1_200_000], per_1000=[0, 120, 100, 0], typical_ms=[20, 80, 20, 20], spread=[.4, .5, .4, .4],
         name_days=[1, 30, 30, 7], exit_days=[1, 90, 30, 1]),
    index=["templates", "API", "buy", "build"])         # assumptions; put in those of your own case
VOLUME, NEW_SHARE, MONTH = 20.0, .03, 30                # million requests a month; share of them for names of that month; days
EXIT_DAYS = 30                                          # the charter's constraint: out of any offer within so many days
MOST = 30.0                                             # million requests a month, the largest volume drawn


def choose(offer: str) -> str:
    """Keep the offer that the learner takes; ValueError where there is none of that name, or where it breaks the charter's exit."""
    if not isinstance(offer, str) or offer not in OFFERS.index:
        raise ValueError(f"{offer!r} arrived; one of {', '.join(map(repr, OFFERS.index))} is expected")
    days = OFFERS.loc[offer, "exit_days"]
    if days > EXIT_DAYS:
        raise ValueError(f"{offer!r} has an exit of {days} days, and the charter asks for {EXIT_DAYS}: it is out. Take another, or agree on a shorter "
                         "exit first, in offers.OFFERS")
    decide("offer", offer)
    return offer


@lru_cache(maxsize=8)
def latency(seed: int, offer: str, n: int) -> np.ndarray:
    """Milliseconds of n answers: simulated, log-normal, with the offer's typical value and spread."""
    row = OFFERS.loc[offer]
    return row["typical_ms"] * np.exp(row["spread"] * keyed(seed, "latency", offer).standard_normal(n))


@lru_cache(maxsize=8)
def measured(world: World) -> pd.DataFrame:
    """What the pilot says of each offer: cost of its errors and of its slow answers, in cents for 1,000 requests."""
    rules, (rows, _) = scope.charter(), products.requests(world)
    settings = {"templates": ("templates", products.TEMPLATE_THRESHOLD), "API": ("vendor", rules.threshold), "buy": ("vendor", rules.threshold),
                "build": ("prototype", rules.threshold)}
    out = {}
    for offer, (who, threshold) in settings.items():
        slow = latency(world.seed, offer, len(rows)) > rules.p95_ms
        errors = scope.cost(scope.outcome(rows, products.answers(world, who, threshold)), rules)
        out[offer] = dict(errors=errors, slow=1000 * rules.cost_slow * float(slow.mean()))
    return pd.DataFrame(out).T


@lru_cache(maxsize=8)
def unknown_name(world: World) -> float:
    """Cents that a request costs whose name the product does not know yet, measured with the prototype."""
    rows, rules = products.new_names(world, world.recordings("test", wave=1)), scope.charter()
    model = model_for(world)
    shown = scope.decide(model.predict_proba(world.features(rows)), model.classes_, rules.threshold)
    return scope.cost(scope.outcome(rows, shown), rules) / 1000


def per_1000(world: World, volume: float, api_price: float | None = None, new_share: float = NEW_SHARE, monthly: dict | None = None) -> pd.DataFrame:
    """Cents for 1,000 requests, an offer a row, by part.

    Parameters
    ----------
    volume : million requests a month
    api_price : of the API, in cents for 1,000 requests; new_share : of requests, for names of that month
    monthly : other fixed costs, offer -> cents a month
    """
    if not volume > 0 or not 0 <= new_share <= 1:
        raise ValueError(f"a volume of {volume!r} million and a share of {new_share!r} arrived; more than 0, and 0 to 1, are expected")
    table = OFFERS.copy()
    if api_price is not None:
        table.loc["API", "per_1000"] = api_price
    fixed = table["monthly"].astype(float)
    fixed.update(pd.Series(monthly or {}, dtype=float))
    wait = 1000 * new_share * table["name_days"].clip(upper=MONTH) / MONTH * unknown_name(world)
    return measured(world).assign(**{"new names": wait, "price": table["per_1000"].astype(float), "fixed": fixed / (1000 * volume)})


def crossing(world: World, dearer: float = 0, **options) -> float:
    """Million requests a month from which building costs least; infinity if it never does.

    `dearer` is added to what others cost (cents for 1,000 requests), to see how far the answer follows.
    """
    at_one = per_1000(world, 1.0, **options)
    running, fixed = at_one.drop(columns="fixed").sum(axis=1), at_one["fixed"]
    running = running + dearer * (running.index != "build")
    needs = [0.0]
    for other in OFFERS.index.drop("build"):
        saved, more = running[other] - running["build"], fixed["build"] - fixed[other]
        needs.append(np.inf if saved <= 0 and more > 0 else more / saved if saved > 0 else 0.0)
    return float(max(needs))


@experiment
def build_or_buy(seed: int, cheap_team: bool = False, pool: Pool = Pool()) -> Evidence:
    """Volume from which building costs less than each other offer."""
    world = World(seed, pool)
    terms = dict(monthly={"build": OFFERS.loc["API", "monthly"]} if cheap_team else None)
    rules, (rows, _) = scope.charter(), products.requests(world)
    prices = rules.cost_wrong_card, rules.cost_sorry
    more = np.subtract(*(products.cents(rows, products.answers(world, who, rules.threshold), *prices) for who in ("vendor", "prototype")))
    middle = 1000 * float(more.mean())
    high, low = (crossing(world, end - middle, **terms) for end in products.by_user(more, rows["user"], keyed(seed, "build or buy")))
    at = crossing(world, **terms)

    def draw(ax):
        volumes = np.linspace(.5, MOST, 60)
        lines = {name: [] for name in OFFERS.index}
        for volume in volumes:
            for name, total in per_1000(world, volume).sum(axis=1).items():
                lines[name].append(total)
        plots.timeline(ax, volumes, lines, {at: "building pays"} if at < MOST else None, time="million requests a month",
                       unit="cents for 1,000 requests", finding=f"Building costs least from {at:.1f} million requests a month ({low:.1f} to {high:.1f})" if at < MOST
                       else f"Below {MOST:.0f} million requests a month building never pays")
        ax.set_ylim(0, 1500)
        return ax
    return Evidence("million requests a month from which building pays", at, (low, high), len(rows),
                    "The interval is that of the errors; prices of people and contracts are assumptions.", draw, key="01.3", data=dict(axis="x", volume=at))


@experiment
def promise(seed: int, offer: str = "API", pool: Pool = Pool()) -> Evidence:
    """Part of the error budget for slow answers that an offer spends in the pilot."""
    rules, n = scope.charter(), len(products.requests(World(seed, pool))[0])
    ms = latency(seed, offer, n)
    late = int((ms > rules.p95_ms).sum())
    share = rules.objectives["fast answers"].share
    low, high = (part / (1 - share) for part in wilson(late, n))
    return Evidence("part of the error budget spent", scope.budget_spent([n], [late], share), (low, high), n, "Latencies are simulated; yours are measured.",
                    None, None, dict(mean=float(ms.mean()), p95=float(np.percentile(ms, 95))))


@experiment
def rooms(seed: int, shuffled: bool = False, pool: Pool = Pool()) -> Evidence:
    """Needless "sorry?" in the worst room, as a multiple of all rooms together."""
    world, rules = World(seed, pool), scope.charter()
    rows, _ = products.requests(world)
    room = keyed(seed, "shuffled rooms").permutation(rows["room"].to_numpy()) if shuffled else rows["room"].to_numpy()
    needless = pd.Series(scope.outcome(rows, products.answers(world, "prototype", rules.threshold)) == "needless sorry")
    found, overall = needless.groupby(room).mean().sort_values(), float(needless.mean())
    inside = room == found.index[-1]
    here, all_here, every = products.drawn(np.column_stack([needless & inside, inside, needless]), rows["user"], keyed(seed, "rooms")).T
    times = 1000 * here / all_here / every              # of one draw of users: the worst room's rate over that of all

    def draw(ax):
        labels, rates, masks = ["all rooms", *found.index], 1000 * np.array([overall, *found]), [room != "", *(room == name for name in found.index)]
        bounds = [products.by_user(needless[m], rows["user"][m], keyed(seed, "rooms", name)) for name, m in zip(labels, masks)]
        return plots.estimate(ax, labels, rates, bounds, unit="needless “sorry?” in 1,000 requests",
                              finding=f"In the {found.index[-1]}: {found.iloc[-1] / overall:.1f} times as many as in all rooms")
    return Evidence("times the mean, in the worst room", float(found.iloc[-1] / overall), tuple(map(float, np.quantile(times, [.025, .975]))), len(rows),
                    "The room was picked as the worst of several, which flatters the multiple a little.", draw, data=dict(worst=found.index[-1]))


READERS = (2, 4, 8, 16, 24)
READER_PRICE = 2 * 40 * PRICE_PER_CLIP                  # cents a month for one reader: 40 names twice, renewed monthly; an assumption
VOLUMES = (.1, 1, 20)                                   # million requests a month, for which readers are counted


@lru_cache(maxsize=16)
def reader_cents(world: World, readers: int) -> np.ndarray:
    """Cents that each answer of the pilot costs if so many readers were recorded."""
    rules, (rows, vectors) = scope.charter(), products.requests(world)
    model = model_for(world, readers)
    shown = scope.decide(model.predict_proba(vectors), model.classes_, rules.threshold)
    return products.cents(rows, shown, rules.cost_wrong_card, rules.cost_sorry)


@lru_cache(maxsize=8)
def by_readers(seed: int, readers: tuple = READERS, pool: Pool = Pool()) -> pd.DataFrame:
    """Cost of errors (cents for 1,000 requests) with so many readers in the training, its interval over users, and what recording them costs (cents a month)."""
    world = World(seed, pool)
    users, costs = products.requests(world)[0]["user"], [reader_cents(world, count) for count in readers]
    low, high = np.transpose([products.by_user(c, users, keyed(seed, "by readers")) for c in costs])
    return pd.DataFrame(dict(readers=readers, errors=[1000 * float(c.mean()) for c in costs], low=low, high=high, recording=[READER_PRICE * r for r in readers]))


@experiment
def stopping(seed: int, first: tuple = (2, 8), then: tuple = (16, 24), pool: Pool = Pool()) -> Evidence:
    """What one more reader saves early, beyond what one saves late, in cents for 1,000 requests."""
    world = World(seed, pool)
    rows, saved = products.requests(world)[0], [(reader_cents(world, a) - reader_cents(world, b)) / (b - a) for a, b in (first, then)]
    early, late = (1000 * float(part.mean()) for part in saved)

    def draw(ax):
        found = by_readers(seed, pool=pool)
        lines, best = {}, []
        for volume in VOLUMES:
            total = found["errors"] + found["recording"] / (1000 * volume)
            lines[f"{volume:g} million a month"] = total
            best.append(str(found["readers"][total.idxmin()]))
        return plots.timeline(ax, found["readers"], lines, time="readers recorded", unit="cents for 1,000 requests",
                              finding=f"With more requests, more readers pay: {', '.join(best[:-1])} and {best[-1]}")
    return Evidence("cents for 1,000 requests that an early reader saves beyond a late one", early - late,
                    products.by_user(saved[0] - saved[1], rows["user"], keyed(seed, "stopping")), len(rows), "Readers of one synthesiser; people differ more, and their curve is longer.",
                    draw, data=dict(early=early, late=late))
