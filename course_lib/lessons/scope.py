"""Which error hurts, is a model needed, build or buy? What a product is for, written down before it is built."""
import numpy as np
import pandas as pd

from course_lib.learn.check import exercise
from course_lib.learn.experiment import Claim
from course_lib.lessons import scope_charter, scope_offers as offers, scope_patience as patience, scope_prices, scope_products as products
from course_lib.world.draws import keyed

LESSON = "01"
_COUNTS = ["wrong", "sorry", "slow", "requests"]
_PRICES = {"wrong": 4.0, "sorry": 1.0, "slow": .5}


def _bills(seed):
    """Three tables of counts; in the second the columns stand in another order."""
    rng = keyed(seed, "lesson 01", "bills")
    tables = []
    for names in (["demo", "prototype"], ["monday", "tuesday", "wednesday"], ["new"]):
        n = rng.integers(500, 5000, len(names))
        parts = [(n * rng.uniform(low, high, len(names))).astype(int) for low, high in ((.02, .1), (.05, .2), (.01, .1))]
        tables.append(pd.DataFrame(dict(zip(_COUNTS, [*parts, n])), index=names))
    return [(tables[0], dict(_PRICES)), (tables[1][["requests", "slow", "sorry", "wrong"]], {"wrong": 9, "sorry": 2, "slow": 0}),
            (tables[2], {"wrong": 1, "sorry": 3, "slow": 1})]


@exercise("01.1", cases=_bills, mistakes={
    "You priced a needless \"sorry?\" like a wrong card. Its own price stands in prices[\"sorry\"].":
        lambda table, prices: 1000 * (prices["wrong"] * (table["wrong"] + table["sorry"]) + prices["slow"] * table["slow"]) / table["requests"],
    "The slow answers are missing. They cost patience whether they are right or wrong.":
        lambda table, prices: 1000 * (prices["wrong"] * table["wrong"] + prices["sorry"] * table["sorry"]) / table["requests"],
    "Those are the prices of the lesson. The function gets `prices`, and other products have others.":
        lambda table, prices: 1000 * (4 * table["wrong"] + table["sorry"] + .5 * table["slow"]) / table["requests"],
    "That is the cost of all requests of a row. Divide by its requests and multiply by 1,000, or rows cannot be compared.":
        lambda table, prices: prices["wrong"] * table["wrong"] + prices["sorry"] * table["sorry"] + prices["slow"] * table["slow"],
}, hints=["Multiply each column of counts by its own price, and add the three up.", "Take columns by name: table[\"wrong\"]. Then 1000 * … / table[\"requests\"]."],
    also=[lambda table, prices: sum(table[kind] * price for kind, price in prices.items()) * 1000 / table["requests"]],
    why="Three kinds of error, three prices; and columns by name, so that their order does not matter.")
def bill(table, prices):
    """Cost of 1,000 requests for each row of counts (wrong, sorry, slow, requests)."""
    cents = sum(prices[kind] * table[kind] for kind in ("wrong", "sorry", "slow"))
    return 1000 * cents / table["requests"]


@exercise("01.2", cases=lambda seed: [(0, 30), (1, 30), (27, 30), (80, 3600), (int(keyed(seed, "01.2").integers(2, 9)), 50)], mistakes={
    "That is Wald's interval, share ± 1.96 standard errors. For 0 of 30 it has no width at all, as if you were certain.":
        lambda wrong, n: (wrong / n - 1.96 * np.sqrt(wrong / n * (1 - wrong / n) / n), wrong / n + 1.96 * np.sqrt(wrong / n * (1 - wrong / n) / n)),
    "The half-width is right; but it lies around the middle, which Wilson moves towards one half, not around the share itself.":
        lambda wrong, n: tuple(wrong / n + side * 1.96 / (1 + 1.96**2 / n) * np.sqrt(wrong / n * (1 - wrong / n) / n + 1.96**2 / (4 * n**2)) for side in (-1, 1)),
    "That is Wald's interval with its lower end cut off at 0. For 0 of 30 it still has no width at all.":
        lambda wrong, n: (max(0, wrong / n - 1.96 * np.sqrt(wrong / n * (1 - wrong / n) / n)), wrong / n + 1.96 * np.sqrt(wrong / n * (1 - wrong / n) / n)),
    "Those are the two ends in 1,000 requests. Asked for are numbers from 0 to 1.":
        lambda wrong, n: tuple(1000 * end for end in offers.wilson(wrong, n)),
    "With z = 1 that is one standard error to each side, an interval of about 68%. For 95%, z is 1.96.":
        lambda wrong, n: tuple((wrong / n + 1 / (2 * n) + side * np.sqrt(wrong / n * (1 - wrong / n) / n + 1 / (4 * n**2))) / (1 + 1 / n) for side in (-1, 1)),
}, hints=["Write p = wrong / n and z = 1.96 first, then one line for the middle and one for the half-width.",
          "Both are divided by (1 + z**2 / n). Return (middle - half, middle + half)."], close=5e-4,
    also=[lambda wrong, n: offers.wilson(wrong, n)],
    why="Wilson's interval keeps its promise for small counts; after 0 errors in 30, a rate of one in ten is still possible.")
def interval(wrong, n):
    """Lower and upper end of Wilson's 95% interval, as numbers from 0 to 1."""
    p, z = wrong / n, 1.96
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return middle - half, middle + half


_INTERVALS = [(26, 37, 80, "lower"), (0, 114, 80, "lower"), (127, 150, 80, "lower"), (70, 95, 80, "lower"),
              (77, 84, 70, "higher"), (61, 68, 70, "higher"), (66, 79, 70, "higher")]


@exercise("01.3", cases=lambda seed: list(_INTERVALS), mistakes={
    "You judged the middle of the interval. A decision rests on all of it: if the limit lies inside, nothing has been shown.":
        lambda low, high, limit, better: "kept" if ((low + high) / 2 <= limit) == (better == "lower") else "broken",
    "You did not look at `better`. For right cards large values are the good ones, so the two ends change roles.":
        lambda low, high, limit, better: "kept" if high <= limit else "broken" if low > limit else "not shown",
    "Not shown to be kept is not yet broken. Broken means that all of the interval is on the bad side.":
        lambda low, high, limit, better: "kept" if (high <= limit if better == "lower" else low >= limit) else "broken",
    "One end on the good side is not enough: a guardrail is kept if the *worse* end is still good.":
        lambda low, high, limit, better: "kept" if (low <= limit if better == "lower" else high >= limit) else "broken",
    "Kept and broken are the wrong way round: for wrong cards, below the limit is good.":
        lambda low, high, limit, better: {"kept": "broken", "broken": "kept"}.get(verdict(low, high, limit, better), "not shown"),
}, hints=["First for \"lower\": which end has to be below the limit so that nothing of the interval is bad?",
          "For \"lower\": kept if high <= limit, broken if low > limit, else not shown. For \"higher\" it is mirrored."],
    also=[lambda low, high, limit, better: "not shown" if low < limit < high else "kept" if (low < limit) == (better == "lower") else "broken"],
    why="Three verdicts, not two: \"not shown\" asks for more data, and nobody is told that a limit is kept or broken by luck.")
def verdict(low, high, limit, better):
    """What an interval shows of a guardrail: "kept", "broken" or "not shown"."""
    if better == "higher":
        low, high, limit = -high, -low, -limit
    return "kept" if high <= limit else "broken" if low > limit else "not shown"


def _windows(seed):
    """Windows of 28 days: in one, slow answers gather on busy days; in another, on one bad day."""
    rng, out = keyed(seed, "lesson 01", "windows"), []
    for share, busy, bad in ((.95, .04, .0), (.95, .02, .6), (.99, .005, .1)):
        requests = np.where(np.arange(28) % 7 >= 5, 6000, 2000) + rng.integers(0, 500, 28)
        slow = requests * rng.uniform(.3, 1.1, 28) * np.where(np.arange(28) % 7 >= 5, 2 * busy, busy)
        slow[10] += bad * requests[10]
        out.append((pd.DataFrame(dict(requests=requests, slow=slow.astype(int))), share))
    return out


@exercise("01.4", cases=_windows, mistakes={
    "That is the part that is left. Asked for is the part that is spent.":
        lambda days, share: 1 - days["slow"].sum() / ((1 - share) * days["requests"].sum()),
    "That is the share of slow answers. The budget is what the promise leaves: 1 - share of all requests. How much of it is used?":
        lambda days, share: days["slow"].sum() / days["requests"].sum(),
    "That is the mean of 28 daily figures; a quiet day counts as much as a busy one. Add up over the window, then divide.":
        lambda days, share: (days["slow"] / ((1 - share) * days["requests"])).mean(),
    "You divided by the share that was promised. The budget is the rest, 1 - share.":
        lambda days, share: days["slow"].sum() / (share * days["requests"].sum()),
}, hints=["How many answers of the whole window may be slow? That number is the budget.", "The budget is (1 - share) * days[\"requests\"].sum(); divide what was slow by it."],
    also=[lambda days, share: days["slow"].sum() / days["requests"].sum() / (1 - share)],
    why="1 is the whole budget. What is left of it can be spent on risk: releases, experiments.")
def budget_spent(days, share):
    """Part of the window's error budget that the slow answers have used up."""
    return days["slow"].sum() / ((1 - share) * days["requests"].sum())


def _drafts(seed):
    """The lesson's draft, a sound charter, and one with other gaps: a blank unit, a baseline of None or "", an empty owner."""
    other = scope_charter.mend(scope_charter.draft(), unit="per 1,000 requests", baseline=0, owner="editor of the catalogue")
    gaps = scope_charter.mend(other)
    del gaps["metrics"]["cost of errors"]["unit"]
    first, second = [name for name in gaps["metrics"] if name != "cost of errors"][:2]
    gaps["metrics"][first]["baseline"], gaps["metrics"][second]["baseline"] = None, ""
    gaps["risks"]["new names in the news"]["owner"] = ""
    return [(scope_charter.draft(),), (other,), (gaps,)]


@exercise("01.5", cases=_drafts, mistakes={
    "A field can be there and empty: a unit of \"\" and an owner of None say nothing. Use .get() and test what comes back.":
        lambda draft: {k for k, m in draft["metrics"].items() if not {"unit", "baseline"} <= set(m)} | {k for k, r in draft["risks"].items() if "owner" not in r},
    "An empty text is a gap as well: a unit of \"\" or an owner of \"\" says nothing.":
        lambda draft: {k for k, m in draft["metrics"].items() if m.get("unit") is None or m.get("baseline") is None}
        | {k for k, r in draft["risks"].items() if r.get("owner") is None},
    "A baseline of 0 is a baseline, and `not 0` is True. Ask whether it is `in (None, \"\")`.":
        lambda draft: {k for k, m in draft["metrics"].items() if not m.get("unit") or not m.get("baseline")} | {k for k, r in draft["risks"].items() if not r.get("owner")},
    "A baseline of \"\" is a gap as well: it is not None, and says as little. 0 is none. Try `in (None, \"\")`.":
        lambda draft: {k for k, m in draft["metrics"].items() if not m.get("unit") or m.get("baseline") is None} | {k for k, r in draft["risks"].items() if not r.get("owner")},
    "You looked at the metrics only. A risk that nobody owns keeps a charter open, too.":
        lambda draft: {k for k, m in draft["metrics"].items() if not m.get("unit") or m.get("baseline") in (None, "")},
}, hints=["Go through draft[\"metrics\"].items() and through draft[\"risks\"].items(); collect names in a set.",
          "metric.get(\"unit\") is None where the field is missing; `not` covers None and \"\". For the baseline, where 0 counts, use `in (None, \"\")`."],
    also=[lambda draft: [k for part, names in (("metrics", ("unit", "baseline")), ("risks", ("owner",))) for k, r in draft[part].items()
                         if any(r.get(name) in (None, "") for name in names)]],
    named=lambda seed: ["the draft above", "a draft whose fields are all filled in, one baseline with 0,", "a draft with other gaps"],
    why="A metric without a unit cannot be checked, a target without a baseline may be worth nothing, a risk without an owner is met by nobody.")
def open_points(draft):
    """Names of metrics without unit or baseline, and of risks without owner: a set."""
    open_metrics = {name for name, metric in draft["metrics"].items()
                    if not metric.get("unit") or metric.get("baseline") in (None, "")}
    return open_metrics | {k for k, risk in draft["risks"].items() if not risk.get("owner")}


@exercise("01.6", cases=lambda seed: [(offers.by_readers(seed).copy(), volume) for volume in (100, 1_000, 20_000)], mistakes={
    "That is where errors cost least; recordings cost money, too.": lambda table, thousands: table["readers"][table["errors"].idxmin()],
    "You added cents a month to cents for 1,000 requests. Divide the recordings by the thousands of requests a month first.":
        lambda table, thousands: table["readers"][(table["errors"] + table["recording"]).idxmin()],
}, hints=["Bring both to the same unit: cents a month, or cents for 1,000 requests.", "total = table[\"errors\"] + table[\"recording\"] / thousands; then the row of least total."],
    also=[lambda table, thousands: min(zip(table["errors"] * thousands + table["recording"], table["readers"]))[1]],
    why="Stop where the next step costs more than it saves. The same gain is worth more where more people use it.")
def readers_to_record(table, thousands):
    """Readers of least total cost, at so many thousand requests a month."""
    total = table["errors"] + table["recording"] / thousands
    return table["readers"][total.idxmin()]


CLAIMS = [
    Claim("the more accurate product costs more", LESSON, "The demo answers 3 or more of 100 requests more rightly, and its errors cost 1.5 times or more; with a threshold they do not.",
          products.demo_day, lambda e: e.data["points"] >= 3 and e.data["ratio"] >= 1.5 and e.interval[0] > 0, control=lambda seed, **k: products.demo_day(seed, .5, **k)),
    Claim("the demo breaks a guardrail", LESSON, "The demo's wrong cards are above the charter's 80 in 1,000 with all of their interval; with a threshold they are not.",
          products.guarded, lambda e: e.interval[0] > 80, control=lambda seed, **k: products.guarded(seed, .5, **k)),
    Claim("equal error rates, different products", LESSON, "Two thresholds with equal errors (within 10 in 1,000) differ in cost by 1.5 times or more; at equal prices they do not.",
          products.twins, lambda e: abs(e.data["gap"]) <= 10 and e.value >= 1.5 and e.interval[0] > 1, control=lambda seed, **k: products.twins(seed, 1.0, **k)),
    Claim("templates know new names", LESSON, "Templates recognise 65% or more of new names, where the model has 0; without readings of them they have 0, too.",
          products.needed, lambda e: e.value >= .65 and e.data["model"] == 0, control=lambda seed, **k: products.needed(seed, False, **k)),
    Claim("a model is ahead on names it learnt", LESSON, "On launch names the model is 15 points or more ahead of templates; trained on two readers it is not.",
          products.needed, lambda e: e.data["ahead"] >= 15, control=lambda seed, **k: products.needed(seed, readers=2, **k)),
    Claim("templates profit from the same synthesiser", LESSON, "With other voices templates lose 30 points or more on new names.",
          products.other_voices, lambda e: e.value >= 30, control=lambda seed, **k: products.other_voices(seed, False, **k)),
    Claim("building pays from a volume", LESSON, "Building costs least from a volume between 3 and 30 million requests a month; without its fixed costs from less than 3.",
          offers.build_or_buy, lambda e: 3 <= e.value <= 30, control=lambda seed, **k: offers.build_or_buy(seed, True, **k)),
    Claim("the mean keeps a promise that the tail breaks", LESSON, "The API's mean is below 150 ms, and it spends 1.5 times its error budget or more.",
          offers.promise, lambda e: e.data["mean"] < 150 and e.value >= 1.5, control=lambda seed, **k: offers.promise(seed, "build", **k)),
    Claim("one room is served worse", LESSON, "The worst room has 1.35 times the mean of needless \"sorry?\" or more; with rooms shuffled it has not.",
          offers.rooms, lambda e: e.value >= 1.35 and e.interval[0] > 1, control=lambda seed, **k: offers.rooms(seed, True, **k)),
    Claim("later readers are worth less", LESSON, "One of the readers 3 to 8 saves 22 cents in 1,000 requests more than one of 17 to 24; among late readers there is no such difference.",
          offers.stopping, lambda e: e.value >= 22, control=lambda seed, **k: offers.stopping(seed, (16, 20), (20, 24), **k)),
    Claim("a point of wrong cards has no fixed price", LESSON, "Bought with readers 9 to 24, a point costs 5 times or more what one of the first costs, and yet, with all of its "
          "interval, less than it is worth at 20 million requests a month; at 0.1 million it is worth less than that.",
          scope_prices.point, lambda e: e.data["rise"] >= 5 and e.interval[1] <= e.data["worth"], control=lambda seed, **k: scope_prices.point(seed, .1, **k)),
    Claim("who leaves is not what it costs", LESSON, "At the threshold at which fewest users leave, errors cost 1.05 times the least or more, and it is the lower one; at equal prices they do not.",
          patience.leaving, lambda e: e.value >= 1.05 and e.data["leave"] < e.data["least"], control=lambda seed, **k: patience.leaving(seed, 1.0, **k)),
    Claim("slow answers undo a better model", LESSON, "At a typical 400 ms the vendor's model loses 60 users in 1,000 or more beyond the prototype's, "
          "and its error rate is as before; with users who wait for ever it does not.",
          patience.too_slow, lambda e: e.value >= 60 and e.data["errors"] == 0, control=lambda seed, **k: patience.too_slow(seed, np.inf, **k)),
]
