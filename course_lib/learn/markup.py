"""What a notebook shows beside text: HTML with words for those who see none, pictures with alt text.

JupyterLab and nbconvert drop the `alt` of an `image/png` output's metadata, so a picture is an
HTML element; its text form, which nbval compares, is the description.
"""
import base64
import html
import io
import sys
from dataclasses import dataclass

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

WORDS = """<style>.jp-OutputArea-output.jp-RenderedText pre {word-break: normal; overflow-wrap: anywhere}</style>"""
PNG_COLOURS = 128                                       # a palette makes a file a quarter of the size


@dataclass(frozen=True)
class Markup:
    """A piece of HTML, and the same in words; shows itself in a notebook."""

    html: str
    words: str

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": self.html, "text/plain": self.words}


@dataclass(frozen=True)
class Picture:
    """A PNG with its description, and a caption below it; shows itself with alt text in JupyterLab and in exported pages."""

    png: bytes
    alt: str
    caption: str = ""

    @property
    def html(self) -> str:
        """The picture as one `<img>` element, its caption after it."""
        data = base64.b64encode(self.png).decode()
        below = f'<div style="font-size:90%;max-width:50em;opacity:.85">{html.escape(self.caption)}</div>' if self.caption else ""
        return f'<img src="data:image/png;base64,{data}" alt="{html.escape(self.alt)}" style="max-width:100%">{below}'

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": self.html, "text/plain": self.alt}


def as_image(figure: Figure, alt: str, caption: str = "") -> Picture:
    """A matplotlib figure as a displayable picture with a description for those who cannot see it."""
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError("alt is empty; describe in a sentence what the figure shows, its numbers included")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
    memory = io.BytesIO()
    pixels.quantize(PNG_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(memory, "png")
    if hasattr(figure, "number"):                       # pyplot made it: or the notebook shows it a second time
        sys.modules["matplotlib.pyplot"].close(figure)
    return Picture(memory.getvalue(), " ".join(alt.split()), caption)


def break_at_words() -> None:
    """In a notebook, let printed lines that are too long break between words; JupyterLab breaks them anywhere."""
    from IPython.core.interactiveshell import InteractiveShell
    if InteractiveShell.initialized():
        from IPython.display import display
        display(Markup(WORDS, ""))


def show(figure: Figure, alt: str) -> None:
    """Display a figure in the notebook with its description."""
    from IPython.display import display
    display(as_image(figure, alt))
