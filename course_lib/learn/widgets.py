"""Widgets hold no logic: each calls a function that a test calls too.

`explore` turns an experiment into one with sliders, `say_widget` speaks any name, `booth`
collects labels. All work by mouse and by keyboard, and leave something to read without a kernel.
"""
from collections import OrderedDict
from dataclasses import dataclass
from typing import Callable, Mapping, Sequence

import ipywidgets

from course_lib.learn.audio import player
from course_lib.learn.markup import Markup, Picture, as_image
from course_lib.learn.panel import Panel, Status, note

FRAMES_KEPT = 200                                       # redrawn figures of one panel, about 3 MB


@dataclass(frozen=True)
class Slider:
    """A number to move; whole when low, high, value and step are."""

    label: str
    low: float
    high: float
    value: float
    step: float = 1
    unit: str = ""
    help: str = ""

    def widget(self):
        """The ipywidgets slider; arrows, Page Up and Down, Home and End move it."""
        if not self.low <= self.value <= self.high:
            raise ValueError(f"{self.label} starts at {self.value}; a value from {self.low} to {self.high} is expected")
        whole = all(isinstance(x, int) for x in (self.low, self.high, self.value, self.step))
        kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
        words = f"{self.label} ({self.unit})" if self.unit else self.label
        return kind(description=words, min=self.low, max=self.high, value=self.value, step=self.step,
                    readout_format="d" if whole else ".3g")


@dataclass(frozen=True)
class Choice:
    """One of several options: a sequence, or a mapping of label to value."""

    label: str
    options: Sequence | Mapping
    value: object = None
    help: str = ""

    def widget(self):
        """The native drop-down list; the first option is chosen where no value is given."""
        options = list(self.options.items() if isinstance(self.options, Mapping) else self.options)
        if not options:
            raise ValueError(f"{self.label} has no options; a list or a mapping of label to value is expected")
        chosen = {} if self.value is None else {"value": self.value}
        return ipywidgets.Dropdown(description=self.label, options=options, **chosen)


@dataclass(frozen=True)
class Frame:
    """What one setting shows: a picture, and the numbers in words."""

    picture: Picture
    words: str


def frame(function: Callable, settings: Mapping) -> Frame:
    """Call an experiment with these settings and draw its result.

    The function returns an Evidence, or a matplotlib Figure with a sentence: `(figure, words)`.
    """
    result = function(**settings)
    if hasattr(result, "figure") and hasattr(result, "sentence"):
        return Frame(result.figure, result.sentence)
    if not (isinstance(result, tuple) and len(result) == 2):
        raise TypeError(f"{getattr(function, '__name__', function)} returned {type(result).__name__}; "
                        "an Evidence or (figure, words) is expected")
    figure, words = result
    titles = [ax.get_title(loc=side).replace("\n", " ") for ax in figure.axes for side in ("left", "center")]
    return Frame(as_image(figure, ". ".join([t for t in titles if t] + [words])), words)


class Explorer(Panel):
    """A figure that follows its controls; made by `explore`."""

    def __init__(self, function, controls):
        self.function, self.frames = function, OrderedDict()
        self.controls = {name: control.widget() for name, control in controls.items()}
        self.image, self.status = ipywidgets.Image(format="png"), Status()
        rows = []
        for name, control in controls.items():
            rows += [self.controls[name], note(control.help)] if control.help else [self.controls[name]]
        first = self._frame()
        super().__init__([*rows, self.status, self.image], first.picture, "Interactive figure")
        self._show(first)
        for control in self.controls.values():
            control.observe(self._redraw, "value")

    def _frame(self):
        """The frame of the present setting; the latest ones are kept."""
        settings = {name: control.value for name, control in self.controls.items()}
        key = tuple(settings.values())
        if key not in self.frames:
            self.frames[key] = frame(self.function, settings)
        self.frames.move_to_end(key)
        if len(self.frames) > FRAMES_KEPT:
            self.frames.popitem(last=False)
        return self.frames[key]

    def _show(self, shown):
        self.image.value = shown.picture.png
        self.names.alt = shown.picture.alt
        self.status.say(shown.words)                    # last: who reads it finds the figure and its description changed

    def _redraw(self, change):
        try:
            self._show(self._frame())
        except Exception as error:                      # a panel has no place for a traceback
            self.status.fail(error)


def explore(function: Callable, /, **controls) -> Explorer:
    """A figure that is drawn again whenever a control moves; the last value always wins.

    While the kernel is busy the browser holds only the newest value back, so nothing queues up.

    Parameters
    ----------
    function : pure function of the controls' names; returns an Evidence or (figure, words)
    controls : name -> Slider or Choice

    >>> from course_lib.learn import plots
    >>> square = lambda x: (plots.bars(plots.axes(), ["x²"], [x * x], finding="It grows").figure, f"x² = {x * x}")
    >>> explore(square, x=Slider("x", 0, 9, 3)).status.value
    'x² = 9'
    """
    if not controls:
        raise ValueError("no control arrived; pass at least one, such as noise=Slider('Noise', 0, 20, 5)")
    return Explorer(function, controls)


class Speaker(Panel):
    """Type a name and hear it; made by `say_widget`."""

    def __init__(self, speak, voices, devices, noises, text):
        self.speak = speak
        self.text = ipywidgets.Text(text, description="Name", continuous_update=False)
        self.lists = [choice.widget() for choice in (voices, devices, noises)]
        self.button = ipywidgets.Button(description="Say it", button_style="primary")
        self.status, self.sound = Status(), ipywidgets.HTML()
        first = self._player(autoplay=False)
        row = ipywidgets.HBox([self.text, *self.lists, self.button], layout={"flex_flow": "row wrap"})
        super().__init__([row, self.status, self.sound], first, "Type a name and hear it")
        self.said = self._settings()
        self.sound.value = first.html
        self.button.on_click(lambda _: self._say())
        self.text.observe(lambda _: self._say(), "value")

    def _settings(self):
        return (self.text.value, *(chosen.value for chosen in self.lists))

    def _player(self, autoplay) -> Markup:
        clip, sample_rate = self.speak(*self._settings())
        manner = ", ".join(str(chosen.label) for chosen in self.lists)
        return player(clip, sample_rate, " ".join(self.text.value.split()), manner, autoplay)

    def _say(self):
        try:
            if self._settings() != self.said or not self.sound.value:
                self.sound.value = self._player(autoplay=True).html
                self.said = self._settings()
            self.status.say("")
        except Exception as error:                      # a panel has no place for a traceback
            self.sound.value = ""
            self.status.fail(error)


def say_widget(speak: Callable, voices: Sequence | Mapping, devices: Sequence | Mapping,
               noises: Sequence | Mapping, text: str) -> Speaker:
    """Type any name, choose voice, device and noise, and hear it.

    Parameters
    ----------
    speak : (text, voice, device, noise) -> (clip, sample_rate); a ValueError becomes a sentence
    voices, devices, noises : the options, or label -> option; the first of each is heard first
    text : the name that is spoken first
    """
    return Speaker(speak, Choice("Voice", voices), Choice("Device", devices), Choice("Noise", noises), text)
