"""When is a window different? Folk thresholds, null windows, three detectors, slices, window lengths."""
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy import stats

from course_lib.cycle import alerts, drift
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment, wilson
from course_lib.lessons.monitor_history import CAUSES, CHANGED, REFERENCE, USUAL, harm_per_day, months, reference, signals
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool

FOLK, WINDOW = .1, 100
DETECTORS = ("KS on distance", "domain classifier", "ADWIN on re-asks")
INHERITED = ("confidence", "distance", "seconds", "level_db")
CHANGES = {"large: figures renamed": "renamed figures", "small: some new names": "some new names"}
CHANGES_A_YEAR, LONGEST = 2, 14


@lru_cache(maxsize=32)
def psi_by_day(seed: int, column: str = "confidence", reference_rows: int = 100, name: str = "usual", pool: Pool = Pool()) -> pd.Series:
    """PSI of the first 100 answered requests of each day from day 28 against a sample of the four weeks before."""
    usual = months(seed, pool=pool).log
    before = usual.loc[usual["day"] < REFERENCE, column].dropna().to_numpy()
    sample = keyed(seed, "lesson 08", "reference", column).permutation(before)[:reference_rows]
    log = months(seed, name, pool).log
    log = log[log["day"] >= REFERENCE].dropna(subset=["confidence"])
    return pd.Series({day: drift.psi(sample, values.to_numpy()[:WINDOW]) for day, values in log.groupby("day")[column]}, name="psi")


@experiment
def folk(seed: int, limit: float | None = FOLK, reference_rows: int = 100, pool: Pool = Pool()) -> Evidence:
    """Of 100 usual days, on how many a PSI of the confidence is over a limit; None sets one on the first half for one day in 20 to come, and counts in the second."""
    daily = psi_by_day(seed, "confidence", reference_rows, pool=pool)
    half = len(daily) // 2
    if limit is None:
        limit, judged = drift.threshold(daily.iloc[:half], .05, ahead=True), daily.iloc[half:]
    else:
        judged = daily
    over = int((judged > limit).sum())
    low, high = wilson(over, len(judged))

    def draw(ax):
        ax.hist(daily, 25, color=plots.COLOURS[5], edgecolor="white")
        ax.axvline(limit, color=plots.COLOURS[1], linestyle="--", marker="")
        ax.annotate(f"limit {limit:.2f}", (limit, 1), xycoords=("data", "axes fraction"), xytext=(5, -12), textcoords="offset points")
        ax.set(xlabel="PSI of one day's first 100 requests", ylabel="days")
        return plots.title(ax, f"Nothing changed, and {100 * over / len(judged):.0f} of 100 days are over the limit")
    return Evidence("usual days over the limit (of 100)", 100 * over / len(judged), (100 * low, 100 * high), len(judged),
                    "One signal, one size of window; another size needs another limit.", draw,
                    data=dict(limit=float(limit), days=100 * over / len(judged)))


@experiment
def folk_sizes(seed: int, pool: Pool = Pool()) -> Evidence:
    """Usual days over the folk threshold, with 100 and with 1,000 rows to compare with."""
    found = {rows: folk(seed, FOLK, rows, pool) for rows in (100, 1000)}
    first = found[100].value

    def draw(ax):
        return plots.bars(ax, [f"compared with {rows:,} rows" for rows in found], [e.value for e in found.values()], [e.interval for e in found.values()],
                          unit="usual days with PSI over .1 (of 100)", finding=f"Nothing changed; it fires on {first:.0f} of 100 days")
    return Evidence("usual days over the folk threshold (of 100)", first, found[100].interval, found[100].n,
                    "One signal, one size of window; another size needs another limit.", draw, key="08.1", data=dict(axis="x", days=first))


def sub_reference(seed, pool, rows=600):
    """A fixed sample of the reference weeks: (distances, directions, takes)."""
    ref = reference(seed, pool)
    chosen = keyed(seed, "lesson 08", "domain").permutation(len(ref.rows))[:rows]
    return ref.log["distance"].to_numpy(), ref.vectors[chosen], ref.rows["recording"].to_numpy()[chosen]


@lru_cache(maxsize=64)
def statistics(seed: int, detector: str, name: str = "usual", pool: Pool = Pool()) -> pd.Series:
    """A detector's statistic by day: usual days from 28 on, or three weeks under a cause."""
    distances, vectors, takes = sub_reference(seed, pool)
    part = months(seed, name, pool)
    part = part.part(REFERENCE, USUAL) if name == "usual" else part
    found = {}
    for day, places in part.log.groupby("day").indices.items():
        if detector == DETECTORS[0]:
            found[day] = drift.ks(distances, part.log["distance"].to_numpy()[places])
        else:
            groups = np.concatenate([takes, part.rows["recording"].to_numpy()[places]])
            found[day] = drift.domain_auc(vectors, part.vectors[places], groups)
    return pd.Series(found)


@experiment
def seen(seed: int, detector: str, name: str, pool: Pool = Pool()) -> Evidence:
    """Of 100 days under a cause, on how many a detector fires at a limit that one in 100 further usual days exceeds."""
    limit = drift.threshold(statistics(seed, detector, "usual", pool), .01, ahead=True)
    fires = statistics(seed, detector, name, pool) > limit
    low, high = wilson(int(fires.sum()), len(fires))
    return Evidence(f"days with an alarm of {detector}, {name} (of 100)", 100 * float(fires.mean()), (100 * low, 100 * high), len(fires),
                    "Days share users and takes; they are not independent.", data=dict(limit=limit))


@experiment
def feedback(seed: int, name: str, pool: Pool = Pool()) -> Evidence:
    """Days from a change until ADWIN on the re-asks finds it (21 where it does not), and its false alarms in 56 usual days before."""
    before, after = months(seed, pool=pool).part(USUAL - 56, USUAL).log, months(seed, name, pool).log
    stream = np.concatenate([before["re_ask"], after["re_ask"]])
    days = np.concatenate([before["day"], after["day"]])
    found = drift.adwin(stream)
    late = [days[place] - USUAL + 1 for place in found if place >= len(before)]
    return Evidence(f"days until ADWIN finds {name}", float(late[0] if late else CHANGED - USUAL), None, len(stream),
                    "Users who leave without asking again are not in this stream.",
                    data=dict(found=bool(late), false=len(found) - len(late)))


def detectors(seed: int, names=("no change", *CAUSES)) -> pd.DataFrame:
    """By cause: of 100 days the share with an alarm, for the two detectors of inputs; the day on which ADWIN finds it, or "never"."""
    rows = {}
    for name in names:
        late = feedback(seed, name)
        rows[name] = {d: round(seen(seed, d, name).value) for d in DETECTORS[:2]}
        rows[name][DETECTORS[2]] = f"day {late.value:.0f}" if late.data["found"] else "never"
    return pd.DataFrame(rows).T


@lru_cache(maxsize=64)
def slice_tests(seed: int, week: int, name: str = "usual", pool: Pool = Pool()) -> pd.Series:
    """P-values of one week's 40 slices: do users to whom this card came first ask again more often than in the reference weeks?

    One-sided and exact (Fisher, 1922). NaN where a slice had no request.
    """
    ref = reference(seed, pool).log
    log = months(seed, name, pool).log
    now = log[log["day"] // 7 == week]
    before, after = (table.groupby("best")["re_ask"].agg(["sum", "size"]) for table in (ref, now))
    after = after.reindex(before.index).fillna(0).astype(int)
    total, asked = before["size"] + after["size"], before["sum"] + after["sum"]
    p = stats.hypergeom.sf(after["sum"] - 1, total, asked, after["size"])
    return pd.Series(np.where(after["size"] > 0, p, np.nan), before.index, name="p")


@experiment
def slices(seed: int, corrected: bool = False, pool: Pool = Pool()) -> Evidence:
    """Share of 16 usual weeks in which at least one of 40 slices fires at 5%, with Holm's correction or without."""
    tests = [slice_tests(seed, week, pool=pool) for week in range(REFERENCE // 7, USUAL // 7)]
    fired = np.array([drift.holm(p).sum() if corrected else (p < .05).sum() for p in tests])
    share = float((fired > 0).mean())
    low, high = wilson(int((fired > 0).sum()), len(fired))
    words = "with" if corrected else "without"
    return Evidence(f"usual weeks with an alarm, {words} correction (%)", 100 * share, (100 * low, 100 * high), len(fired),
                    "Exact tests of small slices fire less than they may; larger slices would cry louder.",
                    data=dict(alarms=int(fired.sum()), per_week=fired.tolist()))


def slices_figure(seed: int):
    """Alarms by week before and after correction."""
    plain, held = slices(seed).data["per_week"], slices(seed, True).data["per_week"]
    weeks = np.arange(REFERENCE // 7, USUAL // 7)
    finding = f"Nothing changed: {sum(plain)} alarms in {len(weeks)} weeks without correction, {sum(held)} with it"
    ax = plots.timeline(plots.axes(), weeks, {"each slice at 5%": plain, "all slices together at 5%": held}, time="week", unit="slices that fire", finding=finding)
    return plots.as_image(ax.figure, f"{finding}. By week without correction: {', '.join(map(str, plain))}.")


def waits(before, after, limit: float, days: int) -> float:
    """Days from a change to the end of the first window over a limit, over all places in a window at which it can begin; at most 60."""
    found = []
    for place in range(days):
        values = np.concatenate([before[len(before) - place:], np.tile(after, 60 // len(after) + 2)])
        means = values[:len(values) // days * days].reshape(-1, days).mean(axis=1)
        ends = days * (1 + np.flatnonzero(means > limit)) - place
        found.append(min(int(ends[0]), 60) if len(ends) else 60)
    return float(np.mean(found))


@lru_cache(maxsize=64)
def window_costs(seed: int, name: str, one_in: int = 20, pool: Pool = Pool()) -> pd.DataFrame:
    """By window length from 1 to 14 days: false pages a year, days to see a change, and what both cost a year (euros).

    Every so many days somebody compares the mean of the re-asks with what one in `one_in` further usual windows exceeds.
    """
    plan = alerts.plan()
    usual = signals(seed, pool=pool)["re_asks"].to_numpy()
    after = signals(seed, name, pool)["re_asks"].to_numpy()
    harm, rows = max(harm_per_day(seed, name, plan.scale, pool), 0), []
    for days in range(1, LONGEST + 1):
        windows = pd.Series(usual).rolling(days).mean().dropna()
        late = waits(usual, after, drift.threshold(windows, 1 / one_in, ahead=True), days)
        false = 365 / days / one_in
        rows.append((days, false, late, false * plan.actions["page"].call / 100, CHANGES_A_YEAR * late * harm / 100))
    out = pd.DataFrame(rows, columns=["days", "false_pages", "delay", "false_cost", "delay_cost"]).set_index("days")
    return out.assign(cost=out["false_cost"] + out["delay_cost"])


def window_choice(seed: int, change: str, days: int, one_in: int):
    """A figure of costs by window length with one marked, and its numbers in words."""
    table = window_costs(seed, change, one_in)
    mine, best = table.loc[days], int(table["cost"].idxmin())
    lines = {"false pages": table["false_cost"], "users, until it is seen": table["delay_cost"], "total": table["cost"]}
    ax = plots.timeline(plots.axes(), table.index, lines, {days: "yours"}, time="days in a window", unit="cost a year (€)",
                        finding=f"With {days} day{'s' * (days > 1)}: {mine['cost']:,.0f} € a year; the least is {table['cost'].min():,.0f} € with {best}")
    words = (f"window of {days} day{'s' * (days > 1)}: {mine['false_pages']:.1f} false pages a year, a change is seen after {mine['delay']:.1f} days, "
             f"{mine['cost']:,.0f} € a year; cheapest window: {best} day{'s' * (best > 1)}")
    return ax.figure, words


@experiment
def best_window(seed: int, name: str, one_in: int = 20, pool: Pool = Pool()) -> Evidence:
    """Length of the cheapest window for a change."""
    table = window_costs(seed, name, one_in, pool)
    return Evidence(f"cheapest window for {name} (days)", float(table["cost"].idxmin()), None, USUAL, "Prices are those of data/alerts.yaml; put in your own.",
                    data=table["cost"].to_dict())


@experiment
def quiet_weeks(seed: int, pool: Pool = Pool()) -> Evidence:
    """Days with an alarm in three quiet weeks: the inherited monitor, and the rules that page or write a ticket."""
    daily = pd.DataFrame({c: psi_by_day(seed, c, name="no change", pool=pool) for c in INHERITED}) > FOLK
    plan = alerts.plan()
    rules = [rule for rule in plan.rules if rule.action != "ignore"]
    limits = alerts.limits(rules, signals(seed, pool=pool).loc[REFERENCE:], ahead=True)
    mended = alerts.fired(rules, limits, signals(seed, "no change", pool))
    days = CHANGED - USUAL
    counts = dict(inherited=int(daily.any(axis=1).sum()), mended=int(mended["day"].nunique()), pages=int((mended["action"] == "page").sum()))

    def draw(ax):
        return plots.bars(ax, ["inherited monitor", "mended: any alarm", "mended: pages"], list(counts.values()), unit=f"days with an alarm, of {days}",
                          finding=f"Alarms on {counts['inherited']} of {days} quiet days before, on {counts['mended']} after")
    return Evidence("days with an alarm in three quiet weeks, inherited monitor", counts["inherited"], None, days,
                    "Three weeks are few; a promise of one false page in 100 days shows over a year.", draw, data=counts)


@experiment
def volume(seed: int, name: str = "holiday season", pool: Pool = Pool()) -> Evidence:
    """Of 100 days of a season, on how many the volume rule fires; `data` has the same for the re-asks rule."""
    rules = [rule for rule in alerts.plan().rules if rule.name in ("volume", "users ask again")]
    limits = alerts.limits(rules, signals(seed, pool=pool).loc[REFERENCE:], ahead=True)
    alarms = alerts.fired(rules, limits, signals(seed, name, pool))
    share = {signal: 100 * float((alarms["signal"] == signal).sum()) / (CHANGED - USUAL) for signal in ("requests", "re_asks")}
    return Evidence("days on which the volume rule fires (of 100)", share["requests"], None, CHANGED - USUAL, "One season of one size.", data=share)
