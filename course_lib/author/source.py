"""A source of a notebook, and the two notebooks that are made from it.

A source is a script in jupytext's percent format, the one place where a lesson is written. Between it and a
notebook three things change.

- A line `# exercise: 00.2` becomes the exercise's stub for the learner. In the solved notebook it becomes the
  reference answer from the lesson's module; what goes beyond the stub stands between `### BEGIN SOLUTION` and
  `### END SOLUTION`, where nbgrader looks for it.
- A guess is open for the learner. What the solved notebook guesses stands in the metadata of its cell, which
  neither notebook keeps; a name that is not mentioned stays as it is:

      # %% tags=["guess"] solved={"alarm": true}
      guess("09.1", alarm=None, cards=None)

- Cells get ids from lesson and position ("00-start-here-012"). The same source gives the same bytes everywhere.
"""
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import jupytext
import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

EXERCISE = re.compile(r"^# exercise: (\S+)[ \t]*$", re.M)
VALUE = r"""(?:"[^"]*"|'[^']*'|[^\s,()]+)"""              # of a keyword argument: a string, number or name
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
METADATA = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"}}
KEPT = ("tags", "jupyter", "slideshow")                 # cell metadata that a notebook carries
READ = (*KEPT, "solved")                                # and what a source may hold
JUPYTEXT = ("cell_marker", "lines_to_next_cell", "lines_to_end_of_cell_marker")     # its own notes

Answers = Callable[[str], tuple[str, str, str]]         # exercise key -> its name, reference source, stub source


class SourceError(ValueError):
    """A source from which no notebook can be made."""


@dataclass(frozen=True)
class Source:
    """One script: a lesson (`00_start_here`) or a job (`jobs/retrain`)."""

    name: str
    cells: tuple[nbformat.NotebookNode, ...]
    job: bool = False


def read(path: Path) -> Source:
    """Read a source; SourceError says which cell holds what a notebook cannot take."""
    try:
        cells = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent").cells
    except UnicodeDecodeError as error:
        raise SourceError(f"{path.name} is not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8") from None
    except ValueError as error:
        raise SourceError(f"{path.name} is not in jupytext's percent format: {error}") from None
    for number, cell in enumerate(cells):
        where = f"{path.name}, cell {number}"
        if cell.cell_type not in ("code", "markdown"):
            raise SourceError(f"{where} is a {cell.cell_type} cell; code or [markdown] is expected")
        unknown = sorted(set(cell.metadata) - {*READ, *JUPYTEXT})
        if unknown:
            raise SourceError(f"{where} has metadata {', '.join(unknown)}; known are {', '.join(READ)}")
    job = path.parent.name == "jobs"
    return Source(f"jobs/{path.stem}" if job else path.stem, tuple(cells), job)


def learner(source: Source, answers: Answers) -> nbformat.NotebookNode:
    """The notebook that a learner opens, or a job's: stubs, open guesses, no outputs."""
    return _notebook(source, lambda cell: _with_exercises(cell.source, lambda key: answers(key)[2]))


def solved(source: Source, answers: Answers) -> nbformat.NotebookNode:
    """The same with reference answers and guesses filled in, not executed yet."""
    def fill(cell):
        text = _with_exercises(cell.source, lambda key: marked(*answers(key)[1:]))
        return _with_guesses(text, cell.metadata.get("solved", {}))
    return _notebook(source, fill)


def _notebook(source, fill):
    prefix = re.sub(r"[^a-z0-9]+", "-", source.name.lower())
    cells = []
    for number, cell in enumerate(source.cells):
        make = new_code_cell if cell.cell_type == "code" else new_markdown_cell
        kept = {name: cell.metadata[name] for name in KEPT if name in cell.metadata}
        try:
            text = fill(cell) if cell.cell_type == "code" else cell.source
        except (ValueError, LookupError) as error:
            raise SourceError(f"{source.name}, cell {number}: {error.args[0]}") from error
        cells.append(make(text, id=f"{prefix}-{number:03}", metadata=kept))
    return new_notebook(cells=cells, metadata=METADATA, nbformat_minor=5)


def _with_exercises(text, answer):
    return EXERCISE.sub(lambda match: answer(match[1]).strip("\n"), text)


def _with_guesses(text, guesses):
    for name, value in guesses.items():
        text, found = re.subn(rf"\b{re.escape(name)}={VALUE}", lambda _: f"{name}={value!r}", text)
        if found != 1:
            raise SourceError(f"solved gives {name!r}, but {name}=... stands {found} times in the cell; once is expected")
    return text


def marked(reference: str, stub: str) -> str:
    """A reference answer with nbgrader's marks around what goes beyond the stub.

    >>> print(marked("def double(x):\\n    return 2 * x", "def double(x):\\n    ..."))
    def double(x):
        ### BEGIN SOLUTION
        return 2 * x
        ### END SOLUTION
    """
    lines, given = reference.strip("\n").splitlines(), stub.strip("\n").splitlines()
    shared = 0
    while shared < min(len(lines), len(given)) and lines[shared] == given[shared]:
        shared += 1
    beyond = lines[shared:]
    if not beyond:
        raise SourceError("the stub holds the whole reference answer")
    indent = re.match(" *", beyond[0])[0]
    return "\n".join([*lines[:shared], indent + BEGIN, *beyond, indent + END])


def text_of(notebook: nbformat.NotebookNode) -> str:
    """A notebook as it stands in its file: sorted keys, one line end at the end."""
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def without_outputs(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A copy as if no cell had run."""
    bare = nbformat.from_dict(notebook)
    for cell in bare.cells:
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
    return bare
