"""Where a figure's axes and its finding go: nothing is cut, whatever stands beside the axes."""
from functools import lru_cache

from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine, LayoutEngine
from matplotlib.textpath import TextPath
from matplotlib.transforms import Bbox


class OnePass(LayoutEngine):
    """Fits one axes with its labels into its figure; constrained layout, but in a third of the time.

    A slider's figure must follow within 150 ms, and measuring text is most of drawing it.
    Figures of several axes get constrained layout itself.
    """

    _adjust_compatible = _colorbar_gridspec = False
    heading = None                                      # the finding: starts at the figure's edge, however long the row labels are

    def execute(self, figure):
        """Move the edges of the only axes so that everything drawn around it is inside."""
        if len(figure.axes) != 1:
            return ConstrainedLayoutEngine().execute(figure)
        ax = figure.axes[0]
        around, inside, whole = _drawn(ax), ax.get_window_extent(), figure.bbox
        edge = .05 * figure.dpi
        left, bottom = inside.x0 - around.x0 + edge, inside.y0 - around.y0 + edge
        right, top = around.x1 - inside.x1 + edge, around.y1 - inside.y1 + edge
        width = whole.width - left - right
        ax.set_position((left / whole.width, bottom / whole.height, width / whole.width,
                         1 - (bottom + top) / whole.height), which="both")
        if self.heading is not None:
            self.heading.set_x((edge - left) / width)


def _drawn(ax):
    """Box of what is drawn in and around the axes; of titles only the height, as the finding may be wider than the axes."""
    around = ax.get_tightbbox(for_layout_only=True)     # which also takes axis labels for narrow
    named = [label.get_window_extent() for label in (ax.xaxis.label, ax.yaxis.label) if label.get_text()]
    return Bbox.union([around, *named])


def title(ax: Axes, finding: str, above: float = 0) -> Axes:
    """Set the title, the finding in a sentence, broken into lines that fit; `above`: points left for a legend."""
    alone = len(ax.figure.axes) == 1 and isinstance(ax.figure.get_layout_engine(), OnePass)
    width = ax.figure.get_figwidth() * 72 * (.95 if alone else ax.get_position().width)
    text = ax.set_title("\n".join(_lines(finding, width / ax.title.get_fontsize())), loc="left", pad=8 + above)
    if alone:
        ax.figure.get_layout_engine().heading = text
    return ax


def _lines(words, width):
    """Words in lines of at most so many em of the title's font."""
    lines = []
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and sum(map(_advance, longer)) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


@lru_cache
def _advance(letter):
    """Width of a letter of a title, in em; a space has no outline and is measured between two others."""
    font = FontProperties(family="DejaVu Sans", weight="bold")
    return sum(sign * TextPath((0, 0), text, 100, prop=font).get_extents().width for sign, text in ((1, f"l{letter}l"), (-1, "ll"))) / 100
