"""What errors cost at some prices, and what one point of wrong cards is worth and costs; intervals over users, for lesson 01."""
from functools import lru_cache

import numpy as np
import pandas as pd

from course_lib.cycle import diagnose, scope
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment
from course_lib.lessons import scope_offers as offers, scope_products as products
from course_lib.lessons.spring import FULL_TEAM, model_for
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool
from course_lib.world.world import World

KINDS = ("wrong", "sorry", "slow")
PRODUCTS = {"demo": ("vendor", 0.0, "API"), "prototype": ("prototype", .5, "build"), "careful one": ("prototype", .8, "build")}
VENDOR = 34                                             # readers behind the vendor's model
STEPS = ((2, 4), (4, 8), (8, FULL_TEAM), (FULL_TEAM, VENDOR))
POINT = 10                                              # wrong cards in 1,000 requests: one in 100
TAILS = [.025, .975]


@lru_cache(maxsize=4)
def errors(world: World) -> tuple[np.ndarray, np.ndarray]:
    """Errors of three products in 1,000 requests of the pilot: (products, kinds), and the same for users drawn again, (400, products, kinds)."""
    rows, limit = products.requests(world)[0], scope.charter().p95_ms
    each = []
    for who, threshold, offer in PRODUCTS.values():
        shown = products.answers(world, who, threshold)
        each += [products.cents(rows, shown, 1, 0), products.cents(rows, shown, 0, 1), offers.latency(world.seed, offer, len(rows)) > limit]
    each, shape = np.column_stack(each).astype(float), (len(PRODUCTS), len(KINDS))
    drawn = products.drawn(each, rows["user"], keyed(world.seed, "lesson 01", "prices"))
    return 1000 * each.mean(axis=0).reshape(shape), drawn.reshape(-1, *shape)


def compared(seed: int, prices: dict, first: str = "demo", second: str = "prototype", pool: Pool = Pool()) -> pd.DataFrame:
    """Cents for 1,000 requests of two products and their difference, each with its 95% interval over users.

    Both products meet the same users in each draw, so that the difference is paired.

    Parameters
    ----------
    prices : "wrong", "sorry" and "slow" -> cents; first, second : of `PRODUCTS`
    """
    odd = [name for name in (first, second) if name not in PRODUCTS] + [kind for kind in KINDS if kind not in prices]
    if odd:
        raise ValueError(f"{odd[0]!r} does not fit; two of {', '.join(PRODUCTS)} and a price for each of {', '.join(KINDS)} are expected")
    each = np.array([prices[kind] for kind in KINDS], float)
    found, drawn = (table @ each for table in errors(World(seed, pool)))
    a, b = (list(PRODUCTS).index(name) for name in (first, second))
    rows = {first: (found[a], drawn[:, a]), second: (found[b], drawn[:, b]), f"{first} − {second}": (found[a] - found[b], drawn[:, a] - drawn[:, b])}
    return pd.DataFrame({name: (cents, *np.quantile(many, TAILS)) for name, (cents, many) in rows.items()}, index=["cents", "low", "high"]).T


def leader(seed: int, **prices: float) -> tuple[str, str, tuple[float, float, float]]:
    """The product of least cost at some prices, the next one, and by how much: cents for 1,000 requests with the interval over users."""
    each = np.array([prices[kind] for kind in KINDS], float)
    best, second = (list(PRODUCTS)[i] for i in (errors(World(seed))[0] @ each).argsort(kind="stable")[:2])
    return best, second, tuple(compared(seed, prices, second, best).iloc[2])


def over_users(values, users, seed: int) -> tuple[float, float]:
    """95% interval of a mean, in the values' unit: users are drawn again, each with all of their requests."""
    return diagnose.interval(values, users, keyed(seed, "lesson 01", "over users"))


def by_slice(table: pd.DataFrame, by: str, value: str, seed: int) -> pd.DataFrame:
    """Mean of a column in each slice of a table of requests, with its interval over users: columns requests, users, mean, low, high."""
    found = diagnose.slices(table.assign(speaker=table["user"]), by, keyed(seed, "lesson 01", by), value)
    return found.rename(columns=dict(clips="requests", speakers="users")).drop(columns="share")


@lru_cache(maxsize=16)
def wrong_cards(world: World, readers: int) -> np.ndarray:
    """Which requests of the pilot get a wrong card from a model of so many readers that says a needless "sorry?" as often as the prototype."""
    rows, vectors = products.requests(world)
    whole = ((rows["card"] != "") & (rows["kind"] == "full")).to_numpy()

    def judged(model):
        shares = model.predict_proba(vectors)
        return shares.max(axis=1), np.asarray(model.classes_, str)[shares.argmax(axis=1)] != rows["card"].to_numpy(str)
    refused = int((judged(model_for(world))[0][whole] < scope.charter().threshold).sum())
    sure, missed = judged(products.vendor_model(world) if readers == VENDOR else model_for(world, readers))
    return missed & (sure >= np.sort(sure[whole])[refused])


def worth(volume: float) -> float:
    """Cents a month that one point of wrong cards is worth, by the charter's price, at so many million requests a month."""
    return 1000 * volume * POINT * scope.charter().cost_wrong_card


def points(seed: int, volume: float = offers.VOLUME, pool: Pool = Pool()) -> pd.DataFrame:
    """What more readers buy: points of wrong cards with their interval over users, the readers' cents a month, the price of a point, whether it pays.

    `buy` is "yes" or "no" where all of the interval says so, else "not shown".
    """
    if not volume > 0:
        raise ValueError(f"a volume of {volume!r} million arrived; more than 0 is expected")
    world, out = World(seed, pool), {}
    users = products.requests(world)[0]["user"]
    for few, more in STEPS:
        saved = wrong_cards(world, few).astype(int) - wrong_cards(world, more)
        low, high = (end / POINT for end in products.by_user(saved, users, keyed(seed, "lesson 01", "points", few)))
        cents, middle = (more - few) * offers.READER_PRICE, 1000 * float(saved.mean()) / POINT
        needed = cents / worth(volume)                  # points that would pay for the readers
        out[f"{few} to {more}"] = dict(points=middle, low=low, high=high, cents=cents, price=cents / middle if middle > 0 else np.inf,
                                       buy="yes" if low >= needed else "no" if high < needed else "not shown")
    return pd.DataFrame.from_dict(out, orient="index").rename_axis("readers")


def ends(step: pd.Series) -> tuple[float, float]:
    """The cheapest and the dearest that a point may be; infinity where it may be that none is saved."""
    return tuple(step["cents"] / end if end > 0 else np.inf for end in (step["high"], step["low"]))


@experiment
def point(seed: int, volume: float = offers.VOLUME, pool: Pool = Pool()) -> Evidence:
    """Price of one point of wrong cards, bought with the readers 9 to 24, beside what it is worth at a volume."""
    table = points(seed, volume, pool)
    middle, pays = table.loc["8 to 24"], table["buy"].eq("yes").cummin()
    last = table.index[pays][-1].split()[-1] if pays.any() else None

    def draw(ax):
        top = 20 * max(worth(offers.VOLUMES[-1]), worth(volume))
        for row, (_, step) in enumerate(table.iterrows()):
            low, high = np.minimum(ends(step), top)
            ax.plot([low, high], [row, row], color=plots.COLOURS[row], marker="|", linestyle="-", linewidth=3)
            if step["price"] < top:
                ax.plot([step["price"]], [row], color=plots.COLOURS[row], marker=plots.MARKERS[row])
                ax.annotate(f"{step['price']:,.0f}", (step["price"], row), xytext=(0, 8), textcoords="offset points", ha="center")
        for at in sorted({*offers.VOLUMES, volume}):
            ax.axvline(worth(at), color="#555555", linestyle="-" if at == volume else ":", marker="")
            ax.annotate(f"{at:g} million", (worth(at), len(table) - .45), xytext=(4, 0), textcoords="offset points", color="#333333")
        ax.set(xscale="log", xlabel="cents a month for one point; lines: its worth at a volume", ylim=(len(table) - .3, -.7), xlim=(None, top))
        ax.set_yticks(range(len(table)), [f"readers {name}" for name in table.index])
        return plots.title(ax, f"A point is worth {worth(volume):,.0f} cents a month: "
                           + (f"{last} readers pay" if last else "no step is shown to pay"))
    return Evidence("cents a month for a point of wrong cards, bought with readers 9 to 24", float(middle["price"]), ends(middle),
                    len(products.requests(World(seed, pool))[0]), "One draw of readers; thresholds set on the same pilot; the price of a reader is an assumption.", draw,
                    data=dict(worth=worth(volume), rise=float(middle["price"] / table["price"].iloc[0]), last=last))
