"""The README's picture: what lesson 00 turns on, drawn from its experiment.

    python -m course_lib.author.picture
"""
from pathlib import Path

from course_lib.learn import plots
from course_lib.lessons import spring
from course_lib.workspace import root

PICTURE = root() / "notebooks" / "spring.png"


def write(path: Path = PICTURE, seed: int = 0) -> Path:
    """Draw a spring of the product, test score against production, and put it at `path`."""
    plots.style()
    spring.decay(seed).draw(plots.axes(8, 3.4)).figure.savefig(path, dpi=110)
    return path


if __name__ == "__main__":
    print(write())
