"""Notebooks from their sources: `course build` writes them, `course build --check` compares them.

    notebooks/source/NN_name.py      -> notebooks/NN_name.ipynb         the learner's, without outputs
                                     -> notebooks/solved/NN_name.ipynb  solved, executed, outputs kept
    notebooks/source/jobs/name.py    -> notebooks/jobs/name.ipynb       a pipeline that papermill runs

`source.py` says what changes between the two, `rules.py` what a lesson keeps to, `execution.py` how it is run.
`--check` compares texts and runs nothing. What the solved notebooks show is compared with what the course does
today by nbval, each notebook in a workspace of its own (notebooks/solved/conftest.py):

    pytest notebooks/solved -n 2 --dist loadscope --nbval --nbval-current-env --nbval-cell-timeout=120
           --nbval-sanitize-with tests/notebooks/sanitize.cfg
"""
import json
from pathlib import Path
from typing import Iterable

import click
import nbformat

from course_lib.author import rules
from course_lib.author.execution import ExecutionError, executed
from course_lib.author.source import Answers, Source, SourceError, learner, read, solved, text_of, without_outputs
from course_lib.workspace import root

NOTEBOOKS = root() / "notebooks"


def main(check: bool = False, names: Iterable[str] = (), execute: bool = True, folder: Path = NOTEBOOKS,
         answers: Answers | None = None) -> int:
    """Build these lessons and jobs, or with `check` compare what is committed; returns the exit code.

    Parameters
    ----------
    names : "00", "00_start_here", "jobs/retrain", ...; by default all
    execute : False leaves the solved notebooks as they are
    folder : where source/, solved/ and jobs/ are
    answers : exercise key -> (name, reference source, stub source), by default those of the lessons' modules
    """
    names, answers = tuple(names), answers or _answers_of_lessons()
    try:
        paths = find(names, folder)
    except SourceError as error:
        faults = [str(error)]
    else:
        faults = [] if names else _orphans(folder)
        for path in paths:
            faults += checked(path, folder, answers) if check else built(path, folder, answers, execute)
    for fault in faults:
        click.echo(fault, err=True)
    return int(bool(faults))


def _answers_of_lessons():
    from course_lib.learn.check import source_of
    return source_of


def find(names: Iterable[str] = (), folder: Path = NOTEBOOKS) -> list[Path]:
    """The sources of these names, by default all; SourceError when one has none."""
    lessons, jobs = (sorted((folder / "source" / kind).glob("*.py")) for kind in (".", "jobs"))
    called = {path: {path.stem, path.stem.partition("_")[0]} for path in lessons}
    called |= {path: {path.stem, f"jobs/{path.stem}"} for path in jobs}
    unknown = set(names) - set().union(*called.values())
    if unknown:
        there = ", ".join(path.stem for path in called) or "nothing"
        raise SourceError(f"no source is called {', '.join(sorted(unknown))}; {folder / 'source'} holds {there}")
    return [path for path, calls in called.items() if not names or calls & set(names)]


def _orphans(folder):
    """Notebooks that no source makes."""
    made = {path.stem for path in find((), folder)}
    notebooks = [path for kind in (".", "solved", "jobs") for path in sorted((folder / kind).glob("*.ipynb"))]
    return [f"{_shown(path, folder)} has no source; remove it or add {path.stem}.py to {_shown(folder / 'source', folder)}"
            for path in notebooks if path.stem not in made]


def _made(path, answers) -> tuple[Source, nbformat.NotebookNode, nbformat.NotebookNode | None]:
    """A source with its learner and solved notebooks (a job has no solved one); SourceError when a rule is broken."""
    source = read(path)
    notebook = learner(source, answers)
    faults = (rules.job_faults if source.job else rules.lesson_faults)(source, notebook)
    if faults:
        raise SourceError("\n".join(faults))
    return source, notebook, None if source.job else solved(source, answers)


def built(path: Path, folder: Path, answers: Answers, execute: bool = True) -> list[str]:
    """Write a source's notebooks; returns what went wrong, and then the committed ones stay as they were."""
    try:
        source, notebook, full = _made(path, answers)
        _write(folder / f"{source.name}.ipynb", text_of(notebook))
        if full is None or not execute:
            return []
        runs = [cell for cell in full.cells if cell.cell_type == "code"]
        with click.progressbar(length=len(runs), label=f"running {source.name}") as bar:
            text = text_of(full := executed(full, source.name, lambda: bar.update(1)))
    except (SourceError, ExecutionError) as error:
        return [str(error)]
    target = folder / "solved" / f"{source.name}.ipynb"
    faults = rules.output_faults(full, _shown(target, folder), len(text.encode()))
    if not faults:
        _write(target, text)
    return faults


def _write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())                     # the same line ends on every system


def checked(path: Path, folder: Path, answers: Answers) -> list[str]:
    """Sentences about each committed notebook of a source that is not what the build would make."""
    try:
        source, notebook, full = _made(path, answers)
    except SourceError as error:
        return [str(error)]
    targets = {folder / f"{source.name}.ipynb": text_of(notebook)}
    if full is not None:
        targets[folder / "solved" / f"{source.name}.ipynb"] = text_of(full)
    found = {target: _difference(target, text) for target, text in targets.items()}
    return [f"{_shown(target, folder)} {what}; change the source and run `course build {source.name}`"
            for target, what in found.items() if what]


def _difference(target, text):
    """How a committed notebook differs from a text, its outputs aside if it is a solved one; "" if it does not."""
    try:
        committed = target.read_text(encoding="utf-8")
        if target.parent.name == "solved":
            committed = text_of(without_outputs(nbformat.from_dict(json.loads(committed))))
    except FileNotFoundError:
        return "is missing"
    except (ValueError, AttributeError, KeyError, TypeError):
        return "is not a notebook"
    return "" if committed == text else f"differs from its source {_where(committed, text)}"


def _where(committed, text):
    """The first cell in which two notebooks differ."""
    try:
        there, here = (json.loads(one)["cells"] for one in (committed, text))
    except (ValueError, KeyError, TypeError):
        return "(it is not a notebook)"
    if len(there) != len(here):
        return f"({len(there)} cells, not {len(here)})"
    return next((f"in cell {n}" for n, (a, b) in enumerate(zip(there, here)) if a != b), "in its metadata or layout")


def _shown(path, folder):
    return path.relative_to(folder.parent).as_posix()
