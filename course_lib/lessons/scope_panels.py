"""What lesson 01 lets you move: prices of errors, and the terms of four offers."""
from functools import partial

import numpy as np

from course_lib.learn import plots
from course_lib.learn.widgets import Slider, explore
from course_lib.lessons import scope_offers as offers, scope_patience as patience, scope_prices, scope_products as products
from course_lib.world.world import World


def prices_figure(seed: int, wrong: float, sorry: float, slow: float = .5):
    """Cost of three products at these prices, and the one that costs least, with its lead over the next, in words."""
    prices = dict(wrong=wrong, sorry=sorry, slow=slow)
    found, drawn = scope_prices.errors(World(seed))
    parts = {name: price * found[:, i] for i, (name, price) in enumerate(zip(("wrong cards", "needless “sorry?”", "slow answers"), prices.values()))}
    best, second, (gap, low, high) = scope_prices.leader(seed, **prices)
    total = sum(parts.values())
    words = (f"The {best} costs least: {total.min():.0f} cents for 1,000 requests, {gap:.0f} fewer than the {second} (95% interval {low:.0f} to {high:.0f}"
             f"{'' if low > 0 else ', so the order is not shown'}), with a wrong card at {wrong:g}, a needless “sorry?” at {sorry:g}, a slow answer at {slow:g}")
    ax = products.stacked(plots.axes(7, 3), [f"{name}:\nthreshold {how[1]:g}" for name, how in scope_prices.PRODUCTS.items()], parts,
                          unit="cost of errors (cents for 1,000 requests)", intervals=np.quantile(drawn @ list(prices.values()), scope_prices.TAILS, axis=0).T,
                          finding=f"The {best} costs least" if low > 0 else f"The {best} or the {second}: not told apart")
    return ax.figure, words


def prices_panel(seed: int):
    """Three prices to move; which of three products costs least follows."""
    return explore(partial(prices_figure, seed), wrong=Slider("wrong card", 0, 20, 4), sorry=Slider("“sorry?”", 0, 10, 1),
                   slow=Slider("slow answer", 0.0, 10.0, .5, .5,
                               help="Prices in cents. The demo answers over a network; the careful one is the prototype with a threshold of .8."))


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
    low, high = patience.beyond(seed, typical_ms, wait_ms)
    verdict = "Who keeps more users is not shown" if low <= 0 <= high else f"The {min(left, key=left.get)} keeps more users"
    words = "; ".join(f"{name}: p95 {f['p95']:.0f} ms, {f['errors']:.0f} errors, {f['cost']:.0f} cents, {f['left']:.0f} users leave" for name, f in found.items())
    ax = products.stacked(plots.axes(7, 2.8), list(left), parts, unit="users in 1,000 who leave", finding=verdict)
    return ax.figure, f"{verdict}. In 1,000 requests: {words}; the vendor's model loses {low:+.0f} to {high:+.0f} beyond the prototype"


def patience_panel(seed: int):
    """The vendor's speed and the users' patience to move; who keeps more users follows."""
    return explore(partial(patience_figure, seed), typical_ms=Slider("time", 20, 600, 20, 20, unit="ms"),
                   wait_ms=Slider("patience", 200, 3000, int(patience.WAIT_MS), 100, unit="ms",
                                  help="The vendor's typical time for an answer; the time after which half of the users have given up."))
