"""Who leaves: after an error, or before an answer that comes too late; optional experiments of lesson 01."""
from functools import lru_cache

import numpy as np
import pandas as pd

from course_lib.cycle import scope
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment
from course_lib.lessons import scope_offers as offers, scope_products as products
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool
from course_lib.world.users import reactions
from course_lib.world.world import World

WAIT_MS, WAIT_SPREAD = 1000, .7                         # half of the users wait longer than a second; log-normal; an assumption
TYPICAL_MS = (20, 40, 80, 120, 160, 200, 300, 400, 500, 600)


@lru_cache(maxsize=4)
def _asks_again(world: World) -> np.ndarray:
    """Who of the pilot would ask again after an error."""
    rows, _ = products.requests(world)
    again = reactions(world.seed, rows, np.repeat("none", len(rows))).query("kind == 're_ask'")["id"]
    return rows["id"].isin(again).to_numpy()


@lru_cache(maxsize=32)
def _missed(world: World, who: str, threshold: float) -> np.ndarray:
    """Which requests of the pilot meet an error."""
    return np.isin(scope.outcome(products.requests(world)[0], products.answers(world, who, threshold)), ["wrong card", "needless sorry"])


@experiment
def leaving(seed: int, wrong_card: float | None = None, pool: Pool = Pool()) -> Evidence:
    """How many times the least cost errors have at the threshold at which fewest users leave after an error."""
    world, rules = World(seed, pool), scope.charter()
    price = rules.cost_wrong_card if wrong_card is None else wrong_card
    rows, _ = products.requests(world)
    steps, found = np.arange(0, .96, .05).round(2), []
    for threshold in steps:
        missed, shown = _missed(world, "prototype", float(threshold)), products.answers(world, "prototype", threshold)
        found.append((1000.0 * (missed & ~_asks_again(world)), 1000 * products.cents(rows, shown, price, rules.cost_sorry)))
    left, cost = (np.mean(each, axis=1) for each in zip(*found))
    both = np.column_stack([found[left.argmin()][1], found[cost.argmin()][1]])
    times = products.drawn(both, rows["user"], keyed(seed, "lesson 01", "leaving"))
    low, high = np.quantile(times[:, 0] / times[:, 1], [.025, .975])

    def draw(ax):
        marks = {steps[left.argmin()]: "fewest leave"} | ({} if left.argmin() == cost.argmin() else {steps[cost.argmin()]: "least cost"})
        return plots.timeline(ax, steps, {"users who leave": left, "cost (cents)": cost}, marks, time="threshold", unit="in 1,000 requests",
                              finding=f"Fewest users leave at {steps[left.argmin()]:.2f}; errors cost least at {steps[cost.argmin()]:.2f}")
    return Evidence("times the least cost, where fewest users leave", float(cost[left.argmin()] / cost.min()), (float(low), float(high)), len(rows),
                    "That half of the users ask again is a setting of the world.", draw, data=dict(leave=float(steps[left.argmin()]), least=float(steps[cost.argmin()])))


OFFER = {"prototype": "build", "vendor": "API"}          # whose latencies a model's answers have


def _waited(world, who, typical_ms, wait_ms):
    """Milliseconds that each request takes, who gives up before the answer, and who leaves, then or after an error."""
    usual = float(offers.OFFERS.loc[OFFER[who], "typical_ms"])
    typical_ms = usual if typical_ms is None else typical_ms
    if not (typical_ms > 0 and wait_ms > 0):
        raise ValueError(f"{typical_ms!r} and {wait_ms!r} ms arrived; both above 0 are expected")
    n = len(products.requests(world)[0])
    ms = typical_ms / usual * offers.latency(world.seed, OFFER[who], n)
    gone = ms > wait_ms * np.exp(WAIT_SPREAD * keyed(world.seed, "lesson 01", "patience").standard_normal(n))
    return ms, gone, gone | (_missed(world, who, scope.charter().threshold) & ~_asks_again(world))


def served(world: World, who: str, typical_ms: float | None = None, wait_ms: float = WAIT_MS) -> dict[str, float]:
    """What a model does with 1,000 requests of the pilot if its answers typically take so long and users do not wait for ever.

    Parameters
    ----------
    who : "prototype" or "vendor", at the charter's threshold
    typical_ms : median of the answers' milliseconds; None for that of the offer. Their spread is the offer's.
    wait_ms : milliseconds after which half of the users have given up; infinity for users who always wait

    Returns
    -------
    dict with p95 (ms); errors, too_late, left (in 1,000 requests); cost (cents for 1,000 requests, slow answers included)
    """
    ms, gone, left = _waited(world, who, typical_ms, wait_ms)
    rules, (rows, _) = scope.charter(), products.requests(world)
    missed, outcomes = _missed(world, who, rules.threshold), scope.outcome(rows, products.answers(world, who, rules.threshold))
    return dict(p95=float(np.percentile(ms, 95)), errors=1000 * float(missed.mean()), too_late=1000 * float(gone.mean()),
                left=1000 * float(left.mean()), cost=scope.cost(outcomes, rules, ms > rules.p95_ms))


def by_latency(seed: int, wait_ms: float = WAIT_MS, pool: Pool = Pool()) -> pd.DataFrame:
    """The vendor's model behind networks of different speed, a row for each typical number of milliseconds."""
    world = World(seed, pool)
    return pd.DataFrame([served(world, "vendor", ms, wait_ms) for ms in TYPICAL_MS], index=pd.Index(TYPICAL_MS, name="typical_ms"))


def beyond(seed: int, typical_ms: float, wait_ms: float = WAIT_MS, pool: Pool = Pool()) -> tuple[float, float]:
    """95% interval, over users, of how many more of 1,000 the vendor's model loses than the prototype, at its typical time."""
    world = World(seed, pool)
    more = _waited(world, "vendor", typical_ms, wait_ms)[2] - _waited(world, "prototype", None, wait_ms)[2].astype(float)
    return products.by_user(more, products.requests(world)[0]["user"], keyed(seed, "lesson 01", "too slow"))


@experiment
def too_slow(seed: int, wait_ms: float = WAIT_MS, pool: Pool = Pool()) -> Evidence:
    """Users in 1,000 whom the vendor's model loses beyond the prototype's, if its answers typically take 400 ms."""
    world = World(seed, pool)
    found, stay = by_latency(seed, wait_ms, pool), served(world, "prototype", None, wait_ms)["left"]
    more = found["left"] - stay

    def draw(ax):
        lines = {"vendor's model": found["left"], "gone before the answer": found["too_late"], "prototype": np.full(len(found), stay)}
        return plots.timeline(ax, found["p95"], lines, {scope.charter().p95_ms: "promised"}, time="p95 of the vendor's answers (ms)", unit="users in 1,000 who leave",
                              finding=f"At a typical 400 ms {abs(more[400]):.0f} {'more' if more[400] > 0 else 'fewer'} of 1,000 users leave the vendor's model than the prototype")
    return Evidence("more users in 1,000 who leave at a typical 400 ms", float(more[400]), beyond(seed, 400, wait_ms, pool), len(products.requests(world)[0]),
                    "How long people wait is an assumption; measure it where they leave.", draw,
                    data=dict(fast=float(more[TYPICAL_MS[0]]), errors=float(np.ptp(found["errors"]))))
