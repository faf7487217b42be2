"""What lesson 08 serves and shows: a service under watch, the dashboard, windows and labels to choose."""
from functools import partial

import numpy as np
import pandas as pd

from course_lib import workspace
from course_lib.cycle import bundle, monitor, scope
from course_lib.cycle.calibrate import launch_model
from course_lib.cycle.log import RequestLog
from course_lib.cycle.process import Service, start
from course_lib.learn import plots
from course_lib.learn.audio import wav
from course_lib.learn.widgets import Choice, Slider, explore
from course_lib.lessons import monitor_detect as detect, monitor_labels as labels
from course_lib.lessons.decided import source
from course_lib.lessons.decided_release import canary_share
from course_lib.lessons.monitor_history import REFERENCE, USUAL, history, known, months
from course_lib.world.draws import keyed
from course_lib.world.users import reactions
from course_lib.world.world import World

ALL, LABELS = "all devices", "labels"
SHOWN_BEFORE = 28                                       # usual days on the dashboard before the new ones


def serve(seed: int) -> Service:
    """Start a service of the launch model in a folder and with a log of its own; the workspace's champion stays as it is."""
    world, home = World(seed), workspace.home() / "watched"
    home.mkdir(parents=True, exist_ok=True)
    saved = bundle.save(launch_model(world), scope.charter().threshold, world.cards["name"].to_dict(), home / "bundles",
                        about=dict(lesson="08", seed=int(seed)))
    bundle.point(home / "bundles", saved)
    return start(home / "bundles", f"sqlite:///{(home / 'requests.sqlite').as_posix()}")


def send_days(service: Service, seed: int, days: int = 3, people: int = 2) -> pd.DataFrame:
    """Send some days of a few users' requests and what they did afterwards over HTTP; returns their part of the service's log."""
    rows = months(seed, "no change").rows
    few = keyed(seed, "lesson 08", "devices").permutation(rows["speaker"].unique())[:people]
    rows = rows[rows["speaker"].isin(few) & (rows["day"] < USUAL + days)]
    world, given = World(seed), []
    for clip, row in zip(world.clips(rows), rows.itertuples()):
        given.append(service.recognize(wav(clip, world.sample_rate), row.device, row.user, row.day))
    shown = [answer["card"] or scope.SORRY for answer in given]
    request = dict(zip(rows["id"], (answer["request_id"] for answer in given)))
    for said in reactions(seed, rows, shown).itertuples():
        service.feedback(request[said.id], said.kind, said.card or None)
    return read_log(service, seed, len(rows))


def read_log(service: Service, seed: int, rows: int) -> pd.DataFrame:
    """The latest rows of the service's log with their feedback, and their distance from the training clips."""
    log = service.log().tail(rows).reset_index(drop=True)
    book = RequestLog(service.log_url)
    said = book.feedback()
    book.close()
    return monitor.with_reactions(log.assign(distance=known(World(seed)).distance(np.stack(log["features"]))), said).drop(columns="reported_day")


def _of(log, device):
    return log if device == ALL else log[log["device"] == device]


def watched(seed: int, log: pd.DataFrame, signal: str, device: str = ALL) -> tuple[pd.Series, float, float]:
    """One signal of the last usual weeks and of a new log, by day, and the band that 98 of 100 usual days keep to."""
    usual = monitor.signals(_of(history(seed), device))[signal].loc[REFERENCE:]
    low, high = usual.quantile([.01, .99])
    return pd.concat([usual.iloc[-SHOWN_BEFORE:], monitor.signals(_of(log, device))[signal]]), float(low), float(high)


def dashboard_view(seed: int, log: pd.DataFrame, signal: str, device: str, live: pd.DataFrame | None = None, heard: pd.DataFrame | None = None):
    """A figure of one signal with its band, and its numbers in words; beside it, where given, the same signal of a running service's log."""
    if signal == LABELS:
        return labels_view(_of(heard, device), int(log["day"].max()), device, live)
    values, low, high = watched(seed, log, signal, device)
    new = values.loc[USUAL:]
    out = int(((new < low) | (new > high)).sum())
    ax = plots.timeline(plots.axes(), values.index, {signal: values}, {USUAL: f"day {USUAL}"}, unit=monitor.SIGNALS[signal],
                        finding=f"{device}, {signal}: {out} of {len(new)} new days are outside the usual band")
    ax.axhspan(low, high, color=plots.COLOURS[5], alpha=.25)
    size = abs(new.median() - values.loc[:USUAL - 1].median()) / max(values.loc[:USUAL - 1].std(), 1e-12)
    words = (f"{signal}, {device}: {out} of {len(new)} days outside {low:.3g} to {high:.3g}; "
             f"the middle of the new days is {size:.1f} standard deviations from usual")
    return ax.figure, words + _beside(ax, live, signal, device)


def _beside(ax, live, signal, device):
    """Mark what a running service's own log says of a signal; returns it in words, "" where there is no such log."""
    if live is None:
        return ""
    part = _of(live, device)
    found = monitor.signals(part).get(signal, pd.Series(dtype=float)).dropna() if len(part) else pd.Series(dtype=float)
    if found.empty:                                     # no such device, or complaints, whose days this log does not hold
        return "; the live service's log does not say"
    ax.plot(found.index, found, color=plots.COLOURS[1], marker="D", markersize=9, linestyle="none", label="live service, few users")
    ax.legend(loc="lower left")
    return "; the live service, with few users, on its days: " + ", ".join(f"{value:.3g}" for value in found)


def labels_view(heard: pd.DataFrame, today: int, device: str = ALL, live: pd.DataFrame | None = None):
    """The labels of an audit that are known on a day, by day of the request, with what is awaited; wrong cards among them with intervals."""
    known_now = monitor.labels_known(heard, today)
    figure = plots.axes(7, 4.6).figure
    figure.clear()
    counts, errors = figure.subplots(2, 1, sharex=True)
    counts.bar(known_now.index, known_now["arrived"], color=plots.COLOURS[0], label="arrived")
    counts.bar(known_now.index, known_now["awaited"], bottom=known_now["arrived"], color="white", edgecolor=plots.COLOURS[1], hatch="///", label="awaited")
    counts.set_ylabel("labels")
    counts.legend(loc="lower left", ncols=2)
    some = known_now[known_now["arrived"] > 0]
    errors.vlines(some.index, some["low"], some["high"], color=plots.COLOURS[1])
    errors.plot(some.index, 1000 * some["wrong"] / some["arrived"], color=plots.COLOURS[1], marker="o", linestyle="none")
    errors.axvline(USUAL, color="black", linestyle=":")
    errors.set(xlabel="day of the request", ylabel="wrong cards in 1,000")
    arrived, awaited = known_now["arrived"].sum(), known_now["awaited"].sum()
    plots.title(counts, f"{device}: {arrived} labels have arrived, {awaited} are awaited on day {today}")
    spans = {"usual days": heard[heard["day"] < USUAL], f"days from {USUAL} on": heard[heard["day"] >= USUAL], "the last three days": heard[heard["day"] > today - 3]}
    return figure, (f"labels, {device}, read on day {today}: {arrived} arrived, {awaited} awaited; wrong cards in 1,000 by those that arrived: "
                    + "; ".join(f"{name} {_so_far(part, today)}" for name, part in spans.items()) + _said_live(live, device))


def _so_far(heard, today):
    """Interval of the wrong cards among the labels that have arrived, all days together, in words."""
    whole = monitor.labels_known(heard.assign(day=0), today)
    if not len(whole) or not whole["arrived"].iloc[0]:
        return "none arrived"
    row = whole.iloc[0]
    return f"{row['low']:.0f} to {row['high']:.0f} ({row['arrived']:.0f} of {len(heard)} labels)"


def _said_live(live, device):
    """How many answers of a running service were labelled, in words: by its users alone, as nobody has listened."""
    if live is None:
        return ""
    part = _of(live, device)
    return f"; of the live service's {len(part)} answers, users corrected or complained of {int((part['correct'] | part['complain']).sum())}, and nobody has listened yet"


def canary_slice(seed: int) -> str:
    """How many requests a day the canary that lesson 07 decided on would get on this dashboard, in words."""
    a_day, share = len(history(seed)) / USUAL, canary_share()
    return (f"A canary of {100 * share:g}% of devices ({source('canary share')}) would be a slice of about {share * a_day:.0f} of {a_day:.0f} logged requests a day; "
            f"the smallest device has {history(seed)['device'].value_counts().min() / USUAL:.0f}.")


def dashboard(seed: int, log: pd.DataFrame, live: pd.DataFrame | None = None, heard: pd.DataFrame | None = None):
    """Signal and device to choose; the usual weeks and the new ones follow, beside them the days of a live service; `heard` are an audit's labels."""
    late = {} if heard is None else {"labels known so far": LABELS}
    return explore(partial(dashboard_view, seed, log, live=live, heard=heard),
                   signal=Choice("signal", {words: name for name, words in monitor.SIGNALS.items()} | late, "re_asks"),
                   device=Choice("slice", [ALL, *sorted(log["device"].unique())]))


def window_panel(seed: int):
    """Window length, limit and kind of change to choose; what false pages and late ones cost follows."""
    return explore(partial(detect.window_choice, seed), change=Choice("change", detect.CHANGES), days=Slider("days in a window", 1, detect.LONGEST, 7),
                   one_in=Choice("false alarms", {"one window in 20": 20, "one window in 50": 50, "one window in 100": 100}))


def label_panel():
    """Labels a week and the rise to be seen, to choose; what both cost follows."""
    rises = {"50 more wrong cards in 1,000": .05, "10 more in 1,000 (one point)": .01, "190 more in 1,000 (a rename)": .19}
    return explore(labels.label_choice, rise=Choice("rise", rises), labels=Choice("labels a week", list(labels.LABELS), 400))
