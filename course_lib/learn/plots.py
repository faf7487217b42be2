"""Figures that can be read by everyone: take an axes, return it, fit nothing.

Colours are those of Okabe and Ito ("Color Universal Design", 2008), told apart by people with
any of the common colour blindnesses; a marker, a line style or a hatch goes with each, so that
no series is told by its colour alone. `show` puts a description beside every picture.
"""
import math
import textwrap

import matplotlib
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.ticker import MaxNLocator
from scipy import signal

from course_lib.learn.layout import OnePass, title
from course_lib.learn.markup import Picture, as_image, show  # noqa: F401, a lesson says plots.show(figure, alt)

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1, 1, 1)))
HATCHES = ("", "///", "...", "xxx", "\\\\\\", "+++")
GUESS = "#000000"                                       # kept for the learner's own mark
PAGE, PROJECTOR = 11.0, 18.0                            # points, the smallest text on each
LOUDNESS_RANGE_DB = 70                                  # what a spectrogram shows below its loudest point


def style(points: float = PAGE) -> None:
    """Set matplotlib's defaults for the course: text of at least so many points, small PNGs."""
    sizes = ("font.size", "axes.labelsize", "xtick.labelsize", "ytick.labelsize", "legend.fontsize", "legend.title_fontsize")
    matplotlib.rcParams.update({name: points for name in sizes})
    matplotlib.rcParams.update({
        "axes.titlesize": points + 1, "figure.titlesize": points + 1, "axes.titlelocation": "left",
        "axes.titleweight": "bold", "axes.titlepad": 8, "font.family": "DejaVu Sans",
        "figure.constrained_layout.use": True, "figure.dpi": 100, "savefig.dpi": 100,
        "figure.figsize": (7 * _scale(points), 3.4 * _scale(points)),
        "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#DDDDDD",
        "axes.axisbelow": True, "lines.linewidth": points / 6, "lines.markersize": points / 1.8,
        "hatch.linewidth": .6, "image.cmap": "cividis", "legend.frameon": False,
        "axes.prop_cycle": cycler(color=COLOURS) + cycler(marker=MARKERS) + cycler(linestyle=LINES),
    })


def projector() -> None:
    """Make everything in later figures at least 18 points, for a room; `style()` goes back."""
    style(PROJECTOR)


def _scale(points):
    return math.sqrt(points / PAGE)


def axes(width: float = 7, height: float = 3.4) -> Axes:
    """A fresh axes on a figure of so many inches (more under `projector`); `ax.figure` is the figure."""
    grown = _scale(matplotlib.rcParams["font.size"])
    ax = Figure(figsize=(width * grown, height * grown), layout=OnePass()).add_subplot()
    ax.locator_params(nbins=6)
    return ax


def estimate(ax: Axes, labels, values, intervals=None, finding: str = "", unit: str = "") -> Axes:
    """Estimates as points with their intervals, one row each, the first on top.

    Parameters
    ----------
    labels, values : sequences of equal length
    intervals : sequence of (low, high) in the values' unit, None where there is none
    finding : the title, a sentence; unit : the name and unit of the values

    >>> estimate(axes(), ["old", "new"], [.91, .94], [(.89, .93), (.92, .96)], unit="accuracy").get_xlabel()
    'accuracy'
    """
    _same_length(labels=labels, values=values, intervals=values if intervals is None else intervals)
    for row, (value, interval) in enumerate(zip(values, intervals or [None] * len(values))):
        mark = {"color": COLOURS[row % len(COLOURS)], "marker": MARKERS[row % len(MARKERS)]}
        if interval is not None:
            ax.plot(interval, [row, row], color=mark["color"], marker="|", linestyle="-", linewidth=3)
        ax.plot([value], [row], linestyle="none", zorder=3, **mark)
        ax.annotate(short(value), (value, row), xytext=(0, 8), textcoords="offset points", ha="center")
    ax.set_yticks(range(len(labels)), [textwrap.fill(str(label), 34) for label in labels])
    ax.set_ylim(len(labels) - .4, -.7)
    ax.grid(axis="y", visible=False)
    ax.margins(x=.08)
    ax.set_xlabel(unit)
    return title(ax, finding)


def bars(ax: Axes, labels, values, intervals=None, finding: str = "", unit: str = "") -> Axes:
    """Horizontal bars from zero, hatched differently, each with its number; the first on top.

    Takes the same arguments as `estimate`; use it for counts and costs, where zero means something.
    """
    _same_length(labels=labels, values=values, intervals=values if intervals is None else intervals)
    for row, (value, interval) in enumerate(zip(values, intervals or [None] * len(values))):
        ax.barh(row, value, .62, color=COLOURS[row % len(COLOURS)], hatch=HATCHES[row % len(HATCHES)], edgecolor="white")
        ends, side = interval if interval is not None else (value, value), -1 if value < 0 else 1
        if interval is not None:
            ax.plot(interval, [row, row], color="black", marker="|", linestyle="-")
        ax.annotate(short(value), (min(value, *ends) if side < 0 else max(value, *ends), row), xytext=(6 * side, 0),
                    textcoords="offset points", va="center", ha="right" if side < 0 else "left")
    ax.set_yticks(range(len(labels)), [textwrap.fill(str(label), 34) for label in labels])
    ax.set_ylim(len(labels) - .4, -.6)
    ax.grid(axis="y", visible=False)
    ax.margins(x=.12)
    ax.set_xlim(_with_room(ax), auto=None)              # a line that is drawn further out still widens them
    ax.set_xlabel(unit)
    return title(ax, finding)


def _with_room(ax):
    """Limits of the x axis within which the numbers at the ends of bars have room, however long the rows' labels are."""
    points, (low, high) = matplotlib.rcParams["font.size"], ax.get_xlim()
    longest = max((len(line) for label in ax.get_yticklabels() for line in label.get_text().split("\n")), default=0)
    width = max(72 * ax.figure.get_figwidth() - .62 * points * longest - 20, 12 * points)
    ends = [words for words in ax.texts if isinstance(words, Annotation)]        # not what else a figure says
    for _ in range(9):                                  # a wider axis makes the same words wider in its units
        left, right = low, high
        for words in ends:
            needed = (10 + .66 * points * len(words.get_text())) / width * (right - left)
            low, high = (min(low, words.xy[0] - needed), high) if words.get_ha() == "right" else (low, max(high, words.xy[0] + needed))
    return low, high


def timeline(ax: Axes, days, series: dict, events: dict | None = None, finding: str = "", unit: str = "",
             time: str = "day") -> Axes:
    """One line a series over time, named at its end; vertical lines mark events.

    Parameters
    ----------
    days : (n,) numbers; series : name -> (n,) values, NaN where there is none
    events : day -> what happened
    """
    days = np.asarray(days, float)
    for i, (name, values) in enumerate(series.items()):
        _same_length(days=days, **{"values": values})
        values = np.asarray(values, float)
        ax.plot(days, values, color=COLOURS[i % 6], marker=MARKERS[i % 6], linestyle=LINES[i % 6],
                markevery=max(1, len(days) // 12), label=name)
    if events:
        ax.margins(y=.16)                               # room for the words above the lines
    for day, words in (events or {}).items():
        ax.axvline(day, color="#555555", linestyle=":", linewidth=1.5, marker="")
        ax.annotate(words, (day, 1), xycoords=("data", "axes fraction"), xytext=(4, -2),
                    textcoords="offset points", va="top", color="#333333",
                    bbox={"facecolor": "white", "edgecolor": "none", "alpha": .8, "pad": 1})
    ax.set_xlabel(time)
    ax.set_ylabel(unit)
    if len(days) and (days == days.round()).all():
        ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    if len(series) > 1:
        ax.legend(loc="lower left", bbox_to_anchor=(-.01, 1), ncols=min(3, len(series)), borderaxespad=.1)
    rows = -(-len(series) // 3) if len(series) > 1 else 0
    return title(ax, finding, above=rows * 1.8 * matplotlib.rcParams["font.size"])


def guess_marks(ax: Axes, guesses: dict, along: str = "x") -> Axes:
    """Draw several guesses, name -> number, their words apart: equal ones share a line, lower ones have theirs below."""
    at = {}
    for name, value in sorted(guesses.items(), key=lambda item: -item[1]):
        at.setdefault(value, []).append(name)
    for row, (value, names) in enumerate(at.items()):
        words = f"your guess ({', '.join(names)})" if len(guesses) > 1 else "your guess"
        guess_mark(ax, value, along, words, row if along == "x" else -(row > 0))
    return ax


def guess_mark(ax: Axes, guess: float, along: str = "x", words: str = "your guess", row: int = 0) -> Axes:
    """Draw the learner's guess beside the truth: a dashed line with a star and its number.

    `along` is the axis that the guess is measured on, "x" or "y"; it grows to hold the guess. `row` moves the words
    up by so many lines (down, if it is negative).
    """
    points, across = matplotlib.rcParams["font.size"], along == "x"
    frame = ax.get_xaxis_transform() if across else ax.get_yaxis_transform()
    ax.plot(*((guess, .5) if across else (.02, guess)), transform=frame, zorder=4, color=GUESS, marker="*",
            markersize=1.4 * points, linestyle="none")
    _widen(ax, guess, along)
    (ax.axvline if across else ax.axhline)(guess, color=GUESS, linestyle="--", marker="")
    low, high = ax.get_xlim()
    late = not across or (guess - low) / (high - low) > .6
    ax.annotate(f"{words}: {short(guess)}", (guess, 0) if across else (1, guess), xycoords=frame,
                xytext=(-5 if late else 5, points * (.7 + 1.7 * row if row >= 0 else -1.5)), textcoords="offset points",
                ha="right" if late else "left", color=GUESS,
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": .8, "pad": 1})
    return ax


def _widen(ax, value, along):
    """Let an axis reach a value, whichever way it runs."""
    low, high = ax.get_xlim() if along == "x" else ax.get_ylim()
    room = .06 * (high - low)
    if (value - low) * room < 0:
        low = value - room
    elif (value - high) * room > 0:
        high = value + room
    ax.set(**{f"{along}lim": (low, high)})


def waveform(ax: Axes, clip, sample_rate: int, finding: str = "") -> Axes:
    """A clip's samples, (n,) in [-1, 1], against seconds."""
    clip = np.asarray(clip, float)
    ax.plot(np.arange(len(clip)) / sample_rate, clip, color=COLOURS[0], marker="", linestyle="-", linewidth=.6)
    ax.set(xlabel="time (s)", ylabel="amplitude", ylim=(-1.02, 1.02), xlim=(0, max(len(clip), 1) / sample_rate))
    return title(ax, finding)


def spectrogram(ax: Axes, clip, sample_rate: int, finding: str = "") -> Axes:
    """Energy of a clip, (n,) in [-1, 1], over time and pitch: decibels below its loudest point.

    25 ms Hann windows every 10 ms, the speech field's usual ones; bright is loud.
    """
    clip = np.asarray(clip, float)
    window = max(2, round(.025 * sample_rate))
    if len(clip) < window:
        clip = np.pad(clip, (0, window - len(clip)))
    hertz, seconds, power = signal.spectrogram(clip, sample_rate, "hann", window, window - max(1, sample_rate // 100))
    decibels = 10 * np.log10(np.maximum(power, 1e-20) / max(float(power.max()), 1e-20))
    ax.imshow(np.maximum(decibels, -LOUDNESS_RANGE_DB), origin="lower", aspect="auto", cmap="cividis", vmin=-LOUDNESS_RANGE_DB,
              vmax=0, interpolation="nearest", extent=(0, len(clip) / sample_rate, 0, hertz[-1] / 1000))
    ax.set(xlabel="time (s)", ylabel="frequency (kHz)")
    ax.grid(visible=False)
    return title(ax, finding)


def short(value):
    """A number with three significant digits, thousands apart."""
    value = float(value)
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _same_length(**sequences):
    lengths = {name: len(values) for name, values in sequences.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(", ".join(f"{n} {name}" for name, n in lengths.items()) + "; as many of each are expected")
