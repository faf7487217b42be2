"""What lesson 10 lets one move: a cause and prices until another action is cheapest; a change's share of the time until other data are."""
from functools import partial

from course_lib.learn import plots
from course_lib.learn.widgets import Choice, Slider, explore
from course_lib.lessons import update_actions as actions, update_data as data, update_prices as prices


def action_view(seed: int, cause: str, strength: str, months: int, label: int, vendor: int, upkeep: int = prices.UPKEEP):
    """Total cost of each action against a cause, in a figure, and the cheapest in words."""
    totals = actions.total(actions.costs(seed, cause, strength), 30 * months, label, 7 * vendor, upkeep).sort_values()
    best, after = str(totals.index[0]), f"{months} month{'s' * (months > 1)}"
    figure = plots.bars(plots.axes(), list(totals.index), list(totals), unit="total cost (€)", finding=f"{cause}, over {after}: “{best}” costs least").figure
    return figure, f"{cause} ({strength}), {after}: {best} costs least, {totals.iloc[0]:,.0f} €; do nothing costs {totals[actions.NOTHING]:,.0f} €"


def action_panel(seed: int):
    """Cause, strength, horizon, price of a label, the vendor's weeks and the product's upkeep to choose; the cheapest action follows."""
    return explore(partial(action_view, seed), cause=Choice("cause", list(actions.EVENTS), "firmware fault"), strength=Choice("strength", ["planned", "floor"]),
                   months=Slider("months ahead", 1, 12, 3), label=Slider("label", 1, 100, 25, unit="cents"),
                   vendor=Slider("maker", 1, 26, 3, unit="weeks"), upkeep=Slider("upkeep", 0, 20, prices.UPKEEP, unit="days", help="Days of work that the product costs each month."))


def window_view(seed: int, cause: str, share: int):
    """Cost of each window of data if a change is there a share of the time, in a figure and in words."""
    found = data.window_choice(seed, cause, share)
    best = str(found.idxmin())
    figure = plots.bars(plots.axes(), list(found.index), list(found), unit="cents for 1,000 requests",
                        finding=f"{cause}, there {share}% of the time: “{best}” costs least").figure
    return figure, f"{cause}, {share}% of the time: {best} costs least, {found[best]:.0f} cents for 1,000 requests; the old model {found[data.NONE]:.0f}"


def window_panel(seed: int):
    """Cause and how much of the time it is there, to choose; the best data follow."""
    return explore(partial(window_view, seed), cause=Choice("change", list(data.WEIGHT), "noisier use"),
                   share=Slider("of the time", 0, 100, 100, unit="%"))
