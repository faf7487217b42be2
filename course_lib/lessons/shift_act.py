"""Which threshold, act or watch, when did it begin: experiments and choices of lesson 09 on incidents."""
import numpy as np

from course_lib.cycle import incident, shift
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment
from course_lib.lessons.shift_harm import NEEDS_EARS, bill, drawn, extra, planned, steps_in
from course_lib.lessons.shift_incident import END, FIRST, usual
from course_lib.world.pool import Pool

THRESHOLDS = tuple(round(x, 2) for x in np.arange(.3, .91, .1))


@experiment
def best_threshold(seed: int, cause: str = "renamed_figure", pool: Pool = Pool()) -> Evidence:
    """The threshold at which an incident costs users least, among .3, .4 ... .9."""
    cost = {t: bill(planned(seed, cause, pool), threshold=t).cost for t in THRESHOLDS}
    return Evidence(f"cheapest threshold under {shift.CAUSES[cause]}", min(cost, key=cost.get), None, len(cost), "By the charter's prices.", data=cost)


RISES = {"renamed_figure": "wrong cards rise", "noisier": "refusals rise"}     # the learner does not know the cause yet


def threshold_choice(seed: int, cause: str, threshold: float):
    """A figure of what each threshold costs in an incident, one marked, and its numbers in words."""
    cost = dict(best_threshold(seed, cause).data)
    threshold, now = round(float(threshold), 2), cost[.5]
    best = min(cost, key=cost.get)
    change = cost[threshold] - now
    words = RISES.get(cause, shift.CAUSES[cause])
    finding = f"{words}: at threshold {threshold:.1f}, errors cost {cost[threshold]:.0f} cents in 1,000 requests"
    ax = plots.timeline(plots.axes(), list(cost), {"cost": list(cost.values())}, {threshold: "yours", .5: "launch"}, time="threshold",
                        unit="cents in 1,000 requests", finding=finding)
    verb = "as now" if not change else f"{abs(change):.0f} cents {'more' if change > 0 else 'less'} than at .5"
    return ax.figure, f"{words}, threshold {threshold:.1f}: {cost[threshold]:.0f} cents, {verb}; cheapest: {best:.1f}"


REQUESTS_A_DAY = 12_000


def euros_a_day(seed: int, cause: str, strength: int) -> float:
    """Extra cost a day of a cause at its floor (0) or planned strength (1), for all users (euros); at least 0."""
    return max(extra(drawn(seed, cause, strength)), 0) * REQUESTS_A_DAY / 1000 / 100


CHANGES = {"louder microphones, strong": ("louder_microphones", 1), "first names only, weak": ("first_name_only", 0), "noisier use, weak": ("noisier", 0),
           "a renamed figure, strong": ("renamed_figure", 1)}


def act_choice(seed: int, change: tuple, work: int, weeks: int, passes: float):
    """A figure of what acting, watching and ignoring cost, and which is least, in words."""
    harm = euros_a_day(seed, *change)
    cost = incident.choices(harm, work, 600, 7 * weeks, passes, look=20)
    best = cost.idxmin()
    words = shift.CAUSES[change[0]]
    ax = plots.bars(plots.axes(), list(cost.index), list(cost), unit=f"expected cost over {weeks} weeks (€)",
                    finding=f"{words}, {harm:.0f} € a day: {best} costs least, {cost[best]:,.0f} €")
    return ax.figure, (f"{words}: {harm:.0f} € a day; act {cost['act']:,.0f} €, watch {cost['watch']:,.0f} €, ignore {cost['ignore']:,.0f} €; cheapest: {best}")


@experiment
def slices(seed: int, cause: str = "firmware_fault", pool: Pool = Pool()) -> Evidence:
    """The phones' step of the distance over the largest of any other device."""
    table = steps_in(planned(seed, cause, pool))
    size = table[(table["signal"] == "distance") & (table["slice"] != shift.ALL)].set_index("slice")["size"].abs()
    return Evidence(f"phones' step over the next device's, {cause}", float(size["phone"] / size.drop("phone").max()), None, len(size), "One signal.", data=size.to_dict())


@experiment
def dated(seed: int, off: bool = False, pool: Pool = Pool()) -> Evidence:
    """How many of six harmful causes at planned strength have their first day found within one day; `off`: in weeks with nothing instead."""
    tables = [steps_in(planned(seed, shift.NOTHING if off else cause, pool)) for cause in NEEDS_EARS]
    right = sum(bool(table.iloc[0]["fires"]) and abs(int(table.iloc[0]["day"]) - FIRST) <= 1 for table in tables)
    return Evidence("first days found within one day, of six", right, None, 6, "Steps; a change that grows for weeks has no first day.")


@experiment
def season_passes(seed: int, cause: str = "season", pool: Pool = Pool()) -> Evidence:
    """Requests on the days of a season over those after it, relative to weekdays; `data` has the extra cost."""
    found = planned(seed, cause, pool)
    volume = shift.daily(found.log, usual(seed, pool).log)["requests"]
    return Evidence("requests in the two weeks over those after", float(volume.loc[FIRST:FIRST + 13].mean() / volume.loc[FIRST + 14:].mean()), None, END - FIRST,
                    "One season of one size.", data=dict(extra=extra(found)))
