"""What lesson 01 lets you move: prices of errors, and the terms of four offers."""
from functools import lru_cache, partial

import numpy as np

from course_lib.learn import plots
from course_lib.learn.widgets import Slider, explore
from course_lib.lessons import scope_offers as offers, scope_patience as patience, scope_products as products
from course_lib.world.world import World

PRODUCTS = {"demo": ("vendor", 0.0), "prototype": ("prototype", .5), "careful one": ("prototype", .8)}


@lru_cache(maxsize=4)
def counts(seed: int) -> dict:
    """Wrong cards and needless "sorry?" of three products among 1,000 requests of the pilot."""
    world = World(seed)
    rows, _ = products.requests(world)
    shown = {name: products.answers(world, *how) for name, how in PRODUCTS.items()}
    return {name: (1000 * float(products.cents(rows, s, 1, 0).mean()), 1000 * float(products.cents(rows, s, 0, 1).mean())) for name, s in shown.items()}


def prices_figure(seed: int, wrong: float, sorry: float):
    """Cost of three products at these prices, and the one that costs least, in words."""
    found = counts(seed)
    parts = {"wrong cards": [wrong * c[0] for c in found.values()], "needless “sorry?”": [sorry * c[1] for c in found.values()]}
    total = np.sum(list(parts.values()), axis=0)
    best = list(found)[int(total.argmin())]
    words = f"The {best} costs least: {total.min():.0f} cents for 1,000 requests, with a wrong card at {wrong} and a needless “sorry?” at {sorry}"
    ax = products.stacked(plots.axes(7, 3), [f"{name}:\nthreshold {PRODUCTS[name][1]:g}" for name in found], parts, unit="cost of errors (cents for 1,000 requests)", finding=f"The {best} costs least")
    return ax.figure, words


def prices_panel(seed: int):
    """Prices to move; which of three products costs least follows."""
    return explore(partial(prices_figure, seed), wrong=Slider("wrong card", 0, 20, 4),
                   sorry=Slider("“sorry?”", 0, 10, 1, help="Prices in cents. The careful one is the prototype with a threshold of .8."))


def offers_figure(seed: int, volume: float, api_price: float, new_percent: float):
    """Cost of four offers on these terms, and the one that costs least, in words."""
    table = offers.per_1000(World(seed), volume, api_price, new_percent / 100)
    total = table.sum(axis=1)
    best = total.idxmin()
    parts = {name: table[name].to_numpy() for name in ("errors", "slow", "new names", "price", "fixed")}
    names = {"templates": "template matching", "API": "the API", "buy": "buying the vendor's model", "build": "building"}
    words = f"At {volume:g} million requests a month {names[best]} costs least: {total[best]:.0f} cents for 1,000 requests"
    ax = products.stacked(plots.axes(7, 3.6), list(table.index), parts, unit="cents for 1,000 requests", finding=words.split(":")[0])
    return ax.figure, words


def offers_panel(seed: int):
    """Volume, price and news to move; which offer costs least follows."""
    return explore(partial(offers_figure, seed), volume=Slider("requests", .5, 30.0, 20.0, .5, help="Million a month."),
                   api_price=Slider("API price", 0, 300, 120, 10, help="Cents for 1,000 requests."),
                   new_percent=Slider("new names", 0, 20, 3, help="Percent of all requests are for names of that month."))


def patience_figure(seed: int, typical_ms: float, wait_ms: float):
    """Users who leave the prototype and the vendor's model at this speed and patience, and who keeps more of them, in words."""
    world = World(seed)
    found = {"prototype": patience.served(world, "prototype", None, wait_ms), "vendor's model": patience.served(world, "vendor", typical_ms, wait_ms)}
    parts = {"gone before the answer": [f["too_late"] for f in found.values()], "gone after an error": [f["left"] - f["too_late"] for f in found.values()]}
    left = {name: f["left"] for name, f in found.items()}
    best = min(left, key=left.get)
    words = "; ".join(f"{name}: p95 {f['p95']:.0f} ms, {f['errors']:.0f} errors, {f['cost']:.0f} cents, {f['left']:.0f} users leave" for name, f in found.items())
    ax = products.stacked(plots.axes(7, 2.8), list(left), parts, unit="users in 1,000 who leave", finding=f"The {best} keeps more users")
    return ax.figure, f"The {best} keeps more users. In 1,000 requests: {words}"


def patience_panel(seed: int):
    """The vendor's speed and the users' patience to move; who keeps more users follows."""
    return explore(partial(patience_figure, seed), typical_ms=Slider("time", 20, 600, 20, 20, unit="ms"),
                   wait_ms=Slider("patience", 200, 3000, int(patience.WAIT_MS), 100, unit="ms",
                                  help="The vendor's typical time for an answer; the time after which half of the users have given up."))
