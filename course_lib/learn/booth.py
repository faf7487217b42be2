"""A labelling booth: hear a clip, choose a card or "cannot tell", go on.

What was chosen is kept in the ledger after each clip, so that running the cell again, or
opening the notebook tomorrow, goes on where the learner stopped. Another seed has other clips, and labels of its own.
"""
import html
from typing import Callable, Mapping, Sequence

import ipywidgets
import pandas as pd

from course_lib.learn import ledger, lesson
from course_lib.learn.audio import player
from course_lib.learn.markup import Markup
from course_lib.learn.panel import Panel, Status

CANNOT_TELL = "cannot tell"
KIND = "decision"


class Booth(Panel):
    """Clips to label one after the other; made by `booth`. `labels` is what was chosen so far."""

    def __init__(self, key, clips, sample_rate, options, notes, on_done):
        self.key, self.clips, self.sample_rate, self.on_done = key, list(clips), sample_rate, on_done
        self.options = dict(options) if isinstance(options, Mapping) else {str(one): one for one in options}
        self.options[CANNOT_TELL] = CANNOT_TELL
        self.notes = list(notes) if notes is not None else ["what is said is yours to decide"] * len(self.clips)
        self.chosen = restore(_kept(key), len(self.clips), self.options.values())
        self.at = next((i for i, label in enumerate(self.chosen) if label is None), 0)
        self._build()
        super().__init__([self.sound, self.choice, ipywidgets.HBox([self.back, self.forward]), self.status],
                         self._face(), "Labelling booth")
        self._show()

    def _build(self):
        self.sound, self.status = ipywidgets.HTML(), Status()
        self.choice = ipywidgets.RadioButtons(options=list(self.options.items()), value=None, description="This is")
        self.back = ipywidgets.Button(description="Back")
        self.forward = ipywidgets.Button(description="Next", button_style="primary")
        self.back.on_click(lambda _: self._move(-1))
        self.forward.on_click(lambda _: self._next())

    @property
    def labels(self) -> pd.DataFrame:
        """One row a clip: `clip`, its number from 0, and `label`, missing where none was chosen yet."""
        return pd.DataFrame({"clip": range(len(self.clips)), "label": pd.Series(self.chosen, dtype=object)})

    def _player(self, i):
        return player(self.clips[i], self.sample_rate, self.notes[i], f"Clip {i + 1} of {len(self.clips)}", on_demand=True)

    def _face(self):
        """What readers see: the first clip and the cards to choose among."""
        first = self._player(0)
        cards = "".join(f"<li>{html.escape(name)}</li>" for name in self.options)
        return Markup(f"{first.html}<ul>{cards}</ul>", f"{first.words}; {', '.join(self.options)}")

    def _show(self):
        self.sound.value = self._player(self.at).html
        self.choice.value = self.chosen[self.at]
        self.back.disabled = self.at == 0
        self.forward.description = "Done" if self.at == len(self.clips) - 1 else "Next"
        self.status.say(progress(self.chosen))

    def _move(self, step):
        self.at = min(max(self.at + step, 0), len(self.clips) - 1)
        self._show()

    def _next(self):
        if self.choice.value is None:
            self.status.fail(ValueError(f"Choose a card, or “{CANNOT_TELL}”, before you go on."))
            return
        self.chosen[self.at] = self.choice.value
        ledger.record(KIND, self.key, {"labels": self.chosen}, **_about())
        self._move(1)
        if None not in self.chosen and self.on_done is not None:
            self.on_done(self.labels)


def booth(key: str, clips: Sequence, sample_rate: int, options: Sequence | Mapping,
          notes: Sequence[str] | None = None, on_done: Callable[[pd.DataFrame], None] | None = None) -> Booth:
    """Label clips by ear.

    Parameters
    ----------
    key : what the labels are kept under in the ledger, such as "00.labels"
    clips : (n,) float arrays in [-1, 1] at `sample_rate` Hz
    options : card ids, or what is shown -> card id; "cannot tell" is added
    notes : one line a clip for those who cannot hear it: how it sounds, spelt out
    on_done : called with `labels` each time that every clip has one

    Raises
    ------
    ValueError
        There are no clips or no options, or not one note a clip.
    """
    if not len(clips) or not len(options):
        raise ValueError(f"{len(clips)} clips and {len(options)} options arrived; at least one of each is expected")
    if notes is not None and len(notes) != len(clips):
        raise ValueError(f"{len(notes)} notes arrived for {len(clips)} clips; one a clip is expected")
    return Booth(key, clips, sample_rate, options, notes, on_done)


def _about():
    """Lesson and seed under which labels are kept; neither outside a lesson."""
    now = lesson.current()
    return dict(lesson=now.number, seed=now.seed) if now else dict(lesson=None, seed=None)


def _kept(key):
    """The newest entry of a key that was made on this seed; None if there is none."""
    found, seed = ledger.entries(KIND, key), _about()["seed"]
    found = found[found["seed"].isna() if seed is None else found["seed"] == seed]
    return None if found.empty else found["payload"].iloc[-1]


def restore(kept: Mapping | None, clips: int, options) -> list:
    """The labels kept in a ledger entry, if they fit these clips and options; else none chosen.

    >>> restore({"labels": ["c01", None]}, 2, ["c01", "c02"])
    ['c01', None]
    >>> restore({"labels": ["c01"]}, 2, ["c01"])
    [None, None]
    """
    labels = (kept or {}).get("labels", [])
    return list(labels) if len(labels) == clips and set(labels) <= {None, *options} else [None] * clips


def progress(chosen: Sequence) -> str:
    """How far the labelling is, in words.

    >>> progress(["c01", None, "cannot tell"])
    '2 of 3 clips are labelled, 1 of them “cannot tell”.'
    >>> progress(["c01", "c02"])
    '2 of 2 clips are labelled, 0 of them “cannot tell”. Done: run the next cell.'
    """
    done = [label for label in chosen if label is not None]
    said = f"{len(done)} of {len(chosen)} clips are labelled, {done.count(CANNOT_TELL)} of them “{CANNOT_TELL}”."
    return said if None in chosen else f"{said} Done: run the next cell."
