"""How loud, how harmful, what helps: experiments of lesson 09 on incidents whose cause is known afterwards."""
from functools import lru_cache

import numpy as np
import pandas as pd

from course_lib.cycle import alerts, incident, monitor, scope, shift
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment
from course_lib.lessons.shift_incident import FIRST, LAST, changed, normal, strengths, usual
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool

AUDITED = 400
NEEDS_EARS = ("new_names", "new_market", "noisier", "renamed_figure", "firmware_fault", "first_name_only")
WAYS = ("pointed", "lowest confidence", "at random")
CASE = ("renamed_figure", 3.0)


def planned(seed: int, cause: str, pool: Pool = Pool()):
    """Four weeks with a cause at its planned strength from day 147 on, or with nothing."""
    return changed(seed, cause, 0.0 if cause == shift.NOTHING else strengths(cause, pool)[1], FIRST, pool)


def case(seed: int, pool: Pool = Pool()):
    """The incident that the lesson walks through; its first day is drawn by key."""
    return changed(seed, *CASE, int(keyed(seed, "lesson 09", "case").integers(FIRST + 1, LAST + 1)), pool)


def _late(found):
    """Answered requests since the first day: their log, cards and kinds."""
    keep = ((found.log["day"] >= found.day) & (found.log["failure"] == "")).to_numpy()
    return found.log[keep], found.rows.loc[keep, "card"], found.rows.loc[keep, "kind"]


@lru_cache(maxsize=300)
def bill(found, action: str = incident.NOTHING, threshold: float | None = None) -> incident.Bill:
    """Cents in 1,000 requests of an incident since its first day, under a mitigation that needs no cause."""
    log, card, kind = _late(found)
    blocked = incident.re_asked_cards(log, _normal_log(found)) if action == incident.BLOCK else ()
    return incident.mitigated(log, card, kind, action, scope.charter(), blocked, threshold)


def _normal_log(found):
    return usual(found.seed, found.pool).log


@lru_cache(maxsize=64)
def quiet(seed: int, day: int, pool: Pool = Pool()) -> float:
    """Cents in 1,000 requests from a day on if nothing had happened."""
    return bill(changed(seed, shift.NOTHING, 0.0, day, pool), incident.NOTHING).cost


def extra(found, action: str = incident.NOTHING, threshold: float | None = None) -> float:
    """Cents in 1,000 requests that an incident costs users more than the same days without it."""
    return bill(found, action, threshold).cost - quiet(found.seed, found.day, found.pool)


@lru_cache(maxsize=100)
def steps_in(found) -> pd.DataFrame:
    """The evidence of an incident: steps of all signals and slices."""
    return shift.evidence(found.log, normal(found.seed, found.pool))


@lru_cache(maxsize=100)
def found_in(found, heard: bool = True):
    """Evidence of an incident, the reference's twenty listens (or none), and its diagnosis."""
    table = steps_in(found)
    ids = shift.suspects(found.log, table) if heard and shift.since(table) is not None else []
    told = found.listener().listen(ids)
    return table, told, shift.diagnose(table, told)


@lru_cache(maxsize=4)
def loud_and_harmful(seed: int, pool: Pool = Pool()) -> pd.DataFrame:
    """By cause at its planned strength: the largest step of any input signal (standard errors), and what it costs users (cents in 1,000)."""
    rows = {}
    for cause, words in shift.CAUSES.items():
        found = planned(seed, cause, pool)
        table = steps_in(found)
        inputs = table[(table["slice"] == shift.ALL) & table["signal"].isin(shift.INPUTS)]
        rows[cause] = dict(words=words, loudness=float(inputs["size"].abs().max()), signal=inputs.iloc[0]["signal"], extra=extra(found))
    return pd.DataFrame(rows).T.astype(dict(loudness=float, extra=float))


def _places(table):
    """Where each cause's words begin, and on which side: off the limit's line, other points and the words of points close below."""
    width, height, at = np.ptp(table["loudness"]), np.ptp(table["extra"]), {}
    for name, row in table.sort_values("extra").iterrows():
        x, y, long = max(row["loudness"], shift.LIMIT), row["extra"], .016 * len(row["words"])
        for other, below, _ in at.values():
            y = below + .08 * height if abs(other - row["loudness"]) < .3 * width and abs(y - below) < .08 * height else y
        level = table.drop(name).query("abs(extra - @y) < .09 * @height")["loudness"]
        near, right, left = (level[level.between(x + a * width, x + b * width)] for a, b in ((-.05, .05), (.05, long), (-long, 0)))
        if row["loudness"] > .78 * table["loudness"].max() or (len(right) and not len(left) and x - long * width > shift.LIMIT):
            at[name] = (row["loudness"], y, "right")
        else:
            at[name] = (max([x, *near]), y, "left")
    return at


@experiment
def loudness(seed: int, cause: str = "louder_microphones", pool: Pool = Pool()) -> Evidence:
    """Extra cost of one cause beside the size of its loudest input alarm, among all causes."""
    table = loud_and_harmful(seed, pool)
    mic, renamed = table.loc["louder_microphones"], table.loc["renamed_figure"]

    def draw(ax):
        places = _places(table)
        for i, (name, row) in enumerate(table.iterrows()):
            ax.plot([row["loudness"]], [row["extra"]], color=plots.COLOURS[1 if name in ("louder_microphones", "renamed_figure") else 0],
                    marker=plots.MARKERS[i % 6], linestyle="none")
            x, y, side = places[name]
            ax.annotate(row["words"], (x, y), xytext=(7 if side == "left" else -7, 3), textcoords="offset points", ha=side)
        ax.axvline(shift.LIMIT, color="#555555", linestyle=":", marker="")
        ax.annotate("limit of an alarm", (shift.LIMIT, .74), xycoords=("data", "axes fraction"), xytext=(4, 0), textcoords="offset points", color="#333333")
        ax.set(xlabel="loudest input alarm (standard errors)", ylabel="extra cents in 1,000 requests")
        ax.margins(.1)
        return plots.title(ax, f"Louder microphones: an alarm of size {mic['loudness']:.0f}, extra cost {mic['extra']:.0f}. "
                               f"Renamed figures: no alarm at the inputs, extra cost {renamed['extra']:.0f}")
    row = table.loc[cause]
    return Evidence(f"extra cost of {row['words']} (cents in 1,000 requests)", float(row["extra"]), None, len(_late(planned(seed, cause, pool))[0]),
                    "One strength of each cause; yours come in others.", draw,
                    data=dict(loudness=row["loudness"], rank=int((table["loudness"] > row["loudness"]).sum() + 1),
                              harm_rank=int((table["extra"] > row["extra"]).sum() + 1), second=float(table["extra"].drop(cause).max())))


@experiment
def saved(seed: int, cause: str = CASE[0], action: str = incident.BLOCK, pool: Pool = Pool()) -> Evidence:
    """Percent of the extra cost of a cause that a mitigation takes away, without knowing the cause."""
    found = case(seed, pool) if cause == CASE[0] else planned(seed, cause, pool)
    without = extra(found)
    share = {a: 100 * (1 - extra(found, a) / without) for a in incident.MITIGATIONS[1:]}

    def draw(ax):
        return plots.bars(ax, list(share), [round(value) for value in share.values()], unit="percent of the extra cost that goes away",
                          finding=f"Nobody knows the cause yet, and blocking the re-asked cards takes away {share[incident.BLOCK]:.0f}% of the extra cost")
    return Evidence(f"percent of the extra cost that goes away: {action}", share[action], None, len(_late(found)[0]),
                    "Simulated after the fact, on the requests that chose the cards; on the day an audit tells.", draw, key="09.2",
                    data=dict(axis="x", saved=share[action], all=share, blocked=len(incident.re_asked_cards(_late(found)[0], _normal_log(found)))))


def drawn(seed: int, cause: str, strength: int, pool: Pool = Pool()):
    """Incident of a cause at its floor (0) or planned strength (1), on a day drawn by key."""
    day = int(keyed(seed, "lesson 09", "drawn", cause).integers(FIRST, LAST + 1))
    return changed(seed, cause, 0.0 if cause == shift.NOTHING else strengths(cause, pool)[strength], day, pool)


@lru_cache(maxsize=8)
def _taken(seed, strength, pool):
    """What each incident is taken for, by whether anybody listens; one incident at a time, as few are kept."""
    incidents = {cause: drawn(seed, cause, strength, pool) for cause in (*shift.CAUSES, shift.NOTHING)}
    return pd.DataFrame({cause: {heard: found_in(found, heard)[2].cause for heard in (False, True)} for cause, found in incidents.items()}).T


def confusion(seed: int, strength: int = 0, heard: bool = True, pool: Pool = Pool()) -> pd.Series:
    """What each of the nine causes, and nothing, is taken for at its floor (0) or planned strength (1)."""
    return _taken(seed, strength, pool)[heard]


def confusion_table(seed: int) -> pd.DataFrame:
    """What each cause is taken for, or "right": without listens, and with twenty pointed ones at both strengths."""
    words = shift.CAUSES | {shift.NOTHING: shift.NOTHING}
    out = {"signals alone": confusion(seed, 0, False), "20 listens": confusion(seed), "20, stronger": confusion(seed, 1)}
    taken = pd.DataFrame(out)
    return taken.map(words.get).mask(taken.eq(pd.Series(taken.index, taken.index), axis=0), "right").rename(index=words)


@experiment
def named(seed: int, heard: bool = True, strength: int = 0, pool: Pool = Pool()) -> Evidence:
    """How many of ten incidents, the nine causes and none at all, are named right at the floor strength."""
    right = {way: int((confusion(seed, strength, way, pool) == confusion(seed, strength, way, pool).index).sum()) for way in (False, True)}
    value = right[heard]

    def draw(ax):
        return plots.bars(ax, ["signals alone", "signals and 20 pointed listens"], list(right.values()), unit="of ten incidents at floor strength, named right",
                          finding=f"From signals alone these rules name {right[False]} of ten incidents; with twenty listens, {right[True]}")
    return Evidence("incidents named right, of ten", value, None, 10, "Each came alone, and was one of nine causes that we knew could come.", draw,
                    key="09.3", data=dict(axis="x", named=right[False], **{"with": right[True]}))


def listens(found, way: str) -> list[str]:
    """Twenty requests of an incident, chosen in one of three ways."""
    log = found.log[found.log["failure"] == ""]
    if way == WAYS[0]:
        return shift.suspects(found.log, steps_in(found))
    if way == WAYS[1]:
        return list(log.nsmallest(shift.BUDGET, "confidence")["request_id"])
    return list(keyed(found.seed, "lesson 09", "random listens", found.cause).permutation(log["request_id"].to_numpy())[:shift.BUDGET])


def hits(found, ids) -> int:
    """How many of some requests carry the mark of the incident's cause, for checks and reveals."""
    rows = found.rows.set_index("id").loc[list(ids)]
    return int((rows["cause"] == found.cause).sum())


@lru_cache(maxsize=4)
def _hits_by_way(seed, pool):
    incidents = {cause: drawn(seed, cause, 0, pool) for cause in NEEDS_EARS}
    return pd.DataFrame({cause: {way: hits(found, listens(found, way)) for way in WAYS} for cause, found in incidents.items()}).T


@experiment
def touched(seed: int, way: str = WAYS[0], pool: Pool = Pool()) -> Evidence:
    """Of twenty listens, how many hit a request that the cause touched; mean over the six causes that need ears, at their floor."""
    counts = _hits_by_way(seed, pool).to_dict()
    means = {w: float(np.mean(list(v.values()))) for w, v in counts.items()}

    def draw(ax):
        return plots.bars(ax, list(means), list(means.values()), unit="listens of 20 that hit the cause (mean of six causes)",
                          finding=f"Pointed listens hit the cause {means[WAYS[0]]:.1f} times in 20, random ones {means[WAYS[2]]:.1f} times")
    return Evidence(f"listens of 20 that hit the cause, {way}", means[way], None, 20 * len(NEEDS_EARS), "At floor strength; strong causes are heard anywhere.",
                    draw, data=counts[way] | dict(least=min(counts[way].values())))


def audit(found, n: int = AUDITED, before: bool = False) -> pd.Series:
    """Cents of n requests that somebody judged, drawn at random from those since an incident's first day, or from usual weeks."""
    source = usual(found.seed, found.pool) if before else found
    keep = (source.log["failure"] == "").to_numpy() & (before | (source.log["day"] >= found.day)).to_numpy()
    places = keyed(found.seed, "lesson 09", "audit", found.cause, int(before)).permutation(np.flatnonzero(keep))[:n]
    outcomes = scope.outcome(source.rows.iloc[places], source.log["decision"].to_numpy(str)[places])
    return pd.Series(scope.price(outcomes, scope.charter()), name="cents")


def outcomes_table(found) -> pd.DataFrame:
    """By mitigation: wrong cards, needless "sorry?" and taps in 1,000 requests, and hours until it is in force."""
    hours = dict(zip(incident.MITIGATIONS, (0, .1, .5, .5, 24, 1)))
    rows = {}
    for action in incident.MITIGATIONS:
        b = bill(found, action)
        rows[action] = dict(wrong=b.wrong, sorry=b.sorry, taps=b.taps, hours=hours[action])
    return pd.DataFrame(rows).T.round(1)


def alarms(seed: int, found=None) -> pd.DataFrame:
    """The rules of data/alerts.yaml in the case: the reference's action, days with an alarm, the first of them, the largest size.

    Limits come from all usual days, for days to come: on quiet days a rule speaks as often as it says, on average over seeds.
    """
    found = found or case(seed)
    rules = alerts.plan().rules
    limits = alerts.limits(rules, monitor.signals(usual(seed).log), ahead=True)
    fired = alerts.fired(rules, limits, monitor.signals(found.log))
    days = fired.groupby("rule")["day"]
    out = pd.DataFrame(dict(action={r.name: r.action for r in rules}))
    return out.assign(days_with_alarm=days.size(), first=days.min().astype("Int64"), largest=fired.groupby("rule")["size"].max().round(1)).fillna({"days_with_alarm": 0}).astype({"days_with_alarm": int})
