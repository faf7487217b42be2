"""Players that everyone can follow: the sound, its words, and its picture side by side.

A player is plain HTML with the browser's own controls: it works by keyboard, without a
kernel, and in exported pages. The sound travels inside as a 16-bit WAV (32 kB a second at
16 kHz), so nothing is loaded from anywhere.
"""
import base64
import html
from typing import Sequence

import numpy as np

from course_lib.learn import plots
from course_lib.learn.markup import Markup
from course_lib.world.wav import encode as wav


def player(clip, sample_rate: int, transcript: str, title: str = "", autoplay: bool = False,
           on_demand: bool = False) -> Markup:
    """Native audio controls with the transcript and the spectrogram beside them.

    Parameters
    ----------
    clip : (n,) floats in [-1, 1]
    sample_rate : Hz
    transcript : what is said, for those who do not hear it
    title : whose voice it is, or what is special about it
    autoplay : start at once; only where the learner has just asked for the sound
    on_demand : the transcript is folded away until it is asked for, as where the learner is to listen first

    Raises
    ------
    ValueError
        The clip is empty, not finite, out of range or not 1-D, or there is no transcript.
    """
    if not transcript.strip():
        raise ValueError("transcript is empty; write what is said, for those who do not hear it")
    data = base64.b64encode(wav(clip, sample_rate)).decode()
    name, said = html.escape(title), html.escape(transcript)
    label = ": ".join(filter(None, (name, "" if on_demand else said))) or "a clip"
    shown = f"<details><summary>Not able to listen? Read what is heard.</summary>“{said}”</details>" if on_demand else f"“{said}”"
    caption = f"<strong>{name}</strong>: {shown}" if title and not on_demand else f"<strong>{name}</strong>{shown}" if title else shown
    picture = _picture(clip, sample_rate, f"Spectrogram of {'the clip' if on_demand else f'“{transcript}”'}" + (f", {title}" if title else ""))
    body = (f'<figure style="margin:0;width:25em;max-width:100%"><figcaption>{caption}</figcaption>'
            f'<audio controls{" autoplay" if autoplay else ""} style="width:100%;height:2.5em" '
            f'aria-label="{label}" src="data:audio/wav;base64,{data}"></audio>{picture.html}</figure>')
    seconds = len(np.asarray(clip)) / sample_rate
    words = "sound to listen to" if on_demand else f"“{transcript}”"
    return Markup(body, f"{title + ': ' if title else ''}{words} ({seconds:.1f} s of sound)")


def players(several: Sequence[Markup]) -> Markup:
    """Several players side by side, as many in a row as fit."""
    each = list(several)
    if not each:
        raise ValueError("no player arrived; a list of player(...) is expected")
    inside = "".join(one.html for one in each)
    return Markup(f'<div style="display:flex;flex-wrap:wrap;gap:1em 1.5em">{inside}</div>',
                  "\n".join(one.words for one in each))


def _picture(clip, sample_rate, alt):
    """The spectrogram, small; it shows at most 8 kHz, so that voices of every rate compare."""
    ax = plots.spectrogram(plots.axes(4, 1.8), clip, sample_rate)
    ax.set_ylim(0, min(8, sample_rate / 2000))
    return plots.as_image(ax.figure, alt)
