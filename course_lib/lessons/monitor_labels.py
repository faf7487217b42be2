"""What labels, complaints and confidence tell of wrong cards, and what each alert rule is worth."""
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy import stats

from course_lib.cycle import alerts, monitor, scope
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment, wilson
from course_lib.lessons.monitor_history import CAUSES, HARMLESS, REFERENCE, USUAL, harm_per_day, months, signals
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool

AUDIT, BASE, REQUESTS_A_WEEK, LEVEL = 600, .024, 90_000, .05
LABELS = (0, 50, 100, 200, 400, 800, 1600)
SEEN_IN_DAYS = 3
A_DAY, MEAN_DELAY = 20, 3.0                           # requests listened to a day; days until a label is there
OUTAGES = (USUAL + 5, USUAL + 10, USUAL + 15)           # the service fails, is slow, is out of reach


@experiment
def complaints(seed: int, pool: Pool = Pool()) -> Evidence:
    """Wrong cards for each complaint, over the twenty usual weeks."""
    part = months(seed, pool=pool)
    said, wrong = int(part.log["complain"].sum()), int(part.wrong().sum())
    refused = int((part.outcomes() == "needless sorry").sum())

    def draw(ax):
        return plots.bars(ax, ["complaints", "corrections tapped", "wrong cards", "needless “sorry?”"],
                          [said, int(part.log["correct"].sum()), wrong, refused], unit="in twenty usual weeks",
                          finding=f"For each complaint there were {wrong / max(said, 1):.0f} wrong cards, and {refused / max(said, 1):.0f} refusals that nobody complains of")
    return Evidence("wrong cards for each complaint", wrong / max(said, 1), None, len(part.rows),
                    "How many users complain, and who, is an assumption of this world; measure it in yours.", draw, key="08.2",
                    data=dict(axis="x", complaints=said, wrong=wrong, refused=refused, users=int(part.log.loc[part.log["complain"], "user"].nunique()),
                              estimate=said / max(wrong, 1)))


@lru_cache(maxsize=16)
def audit(seed: int, name: str = "usual", n: int = AUDIT, pool: Pool = Pool()) -> pd.DataFrame:
    """A random sample of answered requests that somebody listened to: their log with the column `wrong`."""
    part = months(seed, name, pool)
    part = part.part(REFERENCE, USUAL) if name == "usual" else part
    chosen = keyed(seed, "lesson 08", "audit", name).permutation(np.flatnonzero(part.log["decision"].notna()))[:n]
    wrong_best = part.log["best"].to_numpy(str)[chosen] != part.rows["card"].to_numpy(str)[chosen]
    return part.log.iloc[chosen].assign(wrong=part.wrong()[chosen], wrong_best=wrong_best).reset_index(drop=True)


def labelled(seed: int, name: str = "usual") -> pd.DataFrame:
    """Every label that the team has of some months: all complaints, and an audit of the rest."""
    part = months(seed, name)
    said = part.log["complain"].to_numpy()
    told = part.log[said].assign(why="complaint", wrong=part.wrong()[said])
    checked = audit(seed, name)
    both = pd.concat([told, checked[~checked["complain"]].assign(why="audit")], ignore_index=True)
    return both[["day", "device", "decision", "why", "wrong"]]


def daily(seed: int, name: str, pool: Pool = Pool()) -> pd.DataFrame:
    """Labels of a daily audit in four usual weeks and then under a cause: some answered requests of each day, drawn at random.

    Returns
    -------
    DataFrame with the columns day (of the request), device, arrives (the day on which the label is there) and wrong
    """
    out = []
    for which, part in (("usual", months(seed, pool=pool).part(USUAL - REFERENCE, USUAL)), (name, months(seed, name, pool))):
        rng = keyed(seed, "lesson 08", "daily audit", which)
        drawn = rng.permutation(np.flatnonzero(part.log["decision"].notna()))
        days = part.log["day"].to_numpy()[drawn]
        chosen = np.sort(drawn[pd.Series(days).groupby(days).cumcount().to_numpy() < A_DAY])
        log = part.log.iloc[chosen]
        late = np.ceil(rng.exponential(MEAN_DELAY, len(chosen))).astype(int)
        out.append(log[["day", "device"]].assign(arrives=log["day"] + late, wrong=part.wrong()[chosen]))
    return pd.concat(out, ignore_index=True)


@experiment
def audited(seed: int, pool: Pool = Pool()) -> Evidence:
    """Wrong cards in 1,000 requests from a random audit, as a part of the truth."""
    checked, part = audit(seed, pool=pool), months(seed, pool=pool)
    low, high = (1000 * x for x in wilson(int(checked["wrong"].sum()), len(checked)))
    value, truth = 1000 * checked["wrong"].mean(), 1000 * part.wrong().mean()
    box = 1000 * part.log["complain"].mean()

    def draw(ax):
        return plots.estimate(ax, ["complaints", f"audit of {len(checked)}", "truth"], [box, value, truth], [None, (low, high), None],
                              unit="wrong cards in 1,000 requests", finding=f"An audit says {value:.0f} wrong cards in 1,000; the complaint box says {box:.1f}")
    return Evidence("audit's estimate as a part of the truth", value / truth, (low / truth, high / truth), len(checked),
                    "Whoever labels the audit must be right; lesson 03 is about that.", draw,
                    data=dict(estimate=value / truth, low=low, high=high, truth=truth, box=box))


@lru_cache(maxsize=8)
def calibrated(seed: int, pool: Pool = Pool()):
    """Probability of a wrong best card at each confidence, from the audit of the usual weeks."""
    checked = audit(seed, pool=pool)
    return monitor.wrong_given_confidence(checked["confidence"], checked["wrong_best"])


@experiment
def unlabelled(seed: int, name: str, pool: Pool = Pool()) -> Evidence:
    """Wrong cards in 1,000 that confidence misses: the truth less the estimate without labels."""
    part = months(seed, name, pool)
    answered = part.log["decision"].notna().to_numpy()
    estimate = monitor.estimate_wrong(calibrated(seed, pool), part.log["confidence"][answered], part.log["decision"][answered])
    truth = 1000 * float(part.wrong()[answered].mean())
    return Evidence(f"wrong cards in 1,000 that confidence misses, {name}", truth - estimate, None, int(answered.sum()),
                    "Confidence was calibrated on usual weeks; nothing says that the curve still holds after a change.",
                    data=dict(estimate=estimate, truth=truth))


@experiment
def without_labels(seed: int) -> Evidence:
    """Estimated and true wrong cards for every cause."""
    found = {name: unlabelled(seed, name).data for name in ("no change", *CAUSES)}
    renamed = found["renamed figures"]

    def draw(ax):
        for row, (name, data) in enumerate(found.items()):
            ax.plot([data["estimate"], data["truth"]], [row, row], color="#888888", linestyle="-", marker="")
        for label, key, place in (("estimated from confidence", "estimate", 0), ("true", "truth", 1)):
            ax.plot([d[key] for d in found.values()], range(len(found)), color=plots.COLOURS[place], marker=plots.MARKERS[place], linestyle="none", label=label)
        ax.set_yticks(range(len(found)), list(found))
        ax.set_ylim(len(found) - .4, -.6)
        ax.set_xlabel("wrong cards in 1,000 requests")
        ax.legend(loc="upper right")
        return plots.title(ax, f"Renamed figures: {renamed['estimate']:.0f} wrong cards promised, {renamed['truth']:.0f} true")
    return Evidence("estimated wrong cards in 1,000, renamed figures", renamed["estimate"], None, len(months(seed, "renamed figures").rows),
                    "One way to estimate from confidence, calibrated once.", draw, key="08.3", data=dict(axis="x", estimate=renamed["estimate"]))


def power(labels: int, rise: float, base: float = BASE, level: float = LEVEL) -> float:
    """Chance that a week's labels show a rise of the error share: exact binomial test, one-sided.

    >>> round(power(400, .10), 2), round(power(400, 0), 2)
    (1.0, 0.04)
    """
    if labels < 1:
        return 0.0
    limit = stats.binom.isf(level, labels, base)
    return float(stats.binom.sf(limit, labels, min(base + rise, 1)))


@lru_cache(maxsize=64)
def label_costs(rise: float, weeks_unseen: float = 12, changes_a_year: float = 2) -> pd.DataFrame:
    """By labels a week: chance to see a rise in one week, mean weeks until it is seen, and euros a year for labels and for users.

    Without labels it is seen at the quarterly review, after `weeks_unseen` weeks. A wrong card costs what the charter says.
    """
    plan, price = alerts.plan(), scope.charter().cost_wrong_card
    rows = []
    for labels in LABELS:
        chance = power(labels, rise)
        weeks = weeks_unseen if chance == 0 else (1 - (1 - chance) ** weeks_unseen) / chance
        rows.append((labels, chance, weeks, 52 * labels * plan.listen / 100, changes_a_year * weeks * rise * REQUESTS_A_WEEK * price / 100))
    out = pd.DataFrame(rows, columns=["labels", "power", "weeks", "label_cost", "harm"]).set_index("labels")
    return out.assign(cost=out["label_cost"] + out["harm"])


def label_choice(rise: float, labels: int):
    """A figure of what labels and unseen errors cost, with one choice marked, and its numbers in words."""
    table = label_costs(rise)
    mine, best = table.loc[labels], int(table["cost"].idxmin())
    places = list(table.index).index(labels)
    lines = {"labels": table["label_cost"], "users, until it is seen": table["harm"], "total": table["cost"]}
    ax = plots.timeline(plots.axes(), range(len(table)), lines, {places: "yours"}, time="labels a week", unit="cost a year (€)",
                        finding=f"{labels} labels a week: {mine['cost']:,.0f} € a year; the least is {table['cost'].min():,.0f} € with {best}")
    ax.set_xticks(range(len(table)), table.index)
    words = (f"{labels} labels a week see {1000 * rise:.0f} more wrong cards in 1,000 with chance {mine['power']:.2f} in one week, after {mine['weeks']:.1f} weeks "
             f"on average; {mine['cost']:,.0f} € a year; cheapest: {best} labels")
    return ax.figure, words


@lru_cache(maxsize=2)
def _alarms(seed, pool):
    """By cause what the rules of data/alerts.yaml report in its three weeks."""
    rules = alerts.plan().rules
    limits = alerts.limits(rules, signals(seed, pool=pool).loc[REFERENCE:], ahead=True)
    return {name: alerts.fired(rules, limits, signals(seed, name, pool)) for name in CAUSES}


@lru_cache(maxsize=8)
def rules_table(seed: int, harmless_only: bool = False, pool: Pool = Pool()) -> pd.DataFrame:
    """What each rule of data/alerts.yaml with a limit from null windows is worth, if every cause came once in a year.

    Returns
    -------
    DataFrame by rule: seen (causes that hurt and on which it fires on two of the first three days), false (harmless causes on which it
    fires, and its promised false alarms a year), share_real, harm_per_day (mean of those seen, cents), size (largest alarm, in spreads)
    """
    plan, alarms, rows = alerts.plan(), _alarms(seed, pool), {}
    for rule in (rule for rule in plan.rules if rule.one_in):
        own = {name: table[table["rule"] == rule.name] for name, table in alarms.items()}
        fires = [name for name, table in own.items() if (table["day"] < USUAL + SEEN_IN_DAYS).sum() >= 2]
        real = [] if harmless_only else [name for name in fires if name not in HARMLESS]
        false = 365 / rule.days / rule.one_in + len([name for name in fires if name in HARMLESS])
        harm = np.mean([max(harm_per_day(seed, name, plan.scale, pool), 0) for name in real]) if real else 0.0
        rows[rule.name] = dict(seen=len(real), false=false, share_real=len(real) / (len(real) + false), harm_per_day=float(harm),
                               size=max((table["size"].max() for table in own.values() if len(table)), default=0.0))
    return pd.DataFrame(rows).T.rename_axis("rule")


@experiment
def actions(seed: int, harmless_only: bool = False, pool: Pool = Pool()) -> Evidence:
    """Rules whose least-cost action is to page; `harmless_only` leaves out every cause that hurts."""
    table = rules_table(seed, harmless_only, pool)
    given = dict(zip(table.index, alerts.cheapest(table["share_real"], table["harm_per_day"], alerts.plan().actions)))
    return Evidence("rules that page", sum(action == "page" for action in given.values()), None, len(given),
                    "Each cause came once; how often causes come in your product decides as much as their harm.", data=given)


@experiment
def outages(seed: int, fails: bool = True, pool: Pool = Pool()) -> Evidence:
    """Of three quiet days on which the service is made to fail, slow down and be out of reach, on how many a rule with a given limit speaks.

    With `fails` off nothing is done to it. `data` has the other quiet days on which such a rule speaks.
    """
    log, rules = months(seed, "no change", pool).log.copy(), [rule for rule in alerts.plan().rules if not rule.one_in]
    if fails:
        log.loc[log["day"] == OUTAGES[0], "failure"] = "503 too many requests at once"
        log.loc[log["day"] == OUTAGES[1], "latency_ms"] = 9_000
        log = log[log["day"] != OUTAGES[2]]
    alarms = alerts.fired(rules, alerts.limits(rules, signals(seed, pool=pool).loc[REFERENCE:]), monitor.signals(log))
    spoke = set(alarms["day"])
    return Evidence("days on which the service fails and a rule of the service speaks", len(spoke & set(OUTAGES)), None, len(OUTAGES),
                    "Each failure lasted for a whole day; one of minutes is lost in a day's numbers.", data=dict(other=len(spoke - set(OUTAGES))))
