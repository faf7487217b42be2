"""What a lesson's source and its solved notebook must keep to; each fault is a sentence with its cell.

The figures are STYLE.md's: lessons are read by people, and an idea that does not fit into a short cell belongs
into the lesson's module. Lines are counted without blank ones and comments, words as runs of letters.
"""
import ast
import re
import statistics
from typing import Iterator

import nbformat

from course_lib.author.source import EXERCISE, Source

CELLS, CODE_LINES, PROSE_WORDS, CODE_RUN = 80, 15, 150, 3
CODE_WIDTH = 88                                         # what JupyterLab shows on a small laptop
MEDIAN_LINES, NINTH_TENTH_LINES = 3, 8
LARGEST = 1_200_000                                     # bytes of a solved notebook
UNCOMPARED = "nbval-ignore-output"                      # the tag of a cell whose outputs nbval does not compare
SKIPPING = re.compile(r"^\s*#\s*(NBVAL_\w+|PYTEST_VALIDATE_IGNORE_OUTPUT)", re.M)
LIVE = re.compile(r"\b(interact|interactive|interactive_output|Output)\s*\(")
TRUTH = re.compile(r"\.truth\s*\(")
GUESSED = re.compile(r"\bguess\(\s*[\"']([^\"']+)")
TIMED = re.compile(r"latency|_ms\b|elapsed|per_second|#.*\bmeasured\b")    # a measured time, by name or by a comment
EMBEDDED = re.compile(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=\s]+")
PATH = re.compile(r"(?<![\w.:/<-])/(?:home|root|tmp|Users|private|var|opt|usr|mnt|work|workspace)/[\w.-]+"
                  r"|\b[A-Za-z]:\\{1,2}\w+")
IMAGE = re.compile(r"<img\b[^>]*>", re.I)
ALT = re.compile(r"\balt\s*=\s*(\"[^\"]*\w[^\"]*\"|'[^']*\w[^']*')", re.I)
WIDGET = "application/vnd.jupyter.widget-"


def tags(cell: nbformat.NotebookNode) -> list[str]:
    """A cell's tags."""
    return cell.metadata.get("tags", [])


def code_lines(text: str) -> int:
    """Lines that are neither blank nor a comment."""
    return sum(1 for line in text.splitlines() if line.strip() and not line.strip().startswith("#"))


def lesson_faults(source: Source, notebook: nbformat.NotebookNode) -> list[str]:
    """What is against a lesson: its source, and the learner's notebook made from it."""
    checks = (_parameters, _exercises, _guesses, _truth, _lengths, _rhythm)
    return [f"{source.name}: {fault}" for check in checks for fault in check(source, notebook)]


def job_faults(source: Source, notebook: nbformat.NotebookNode) -> list[str]:
    """What is against a job: it has parameters, and nothing for a learner to fill in."""
    faults = [*_parameters(source, notebook), *_lengths(source, notebook)]
    for number, cell in _code(source.cells):
        if EXERCISE.search(cell.source) or "guess" in tags(cell):
            faults.append(f"cell {number}: a job has no learner; move the exercise or guess into a lesson")
    return [f"{source.name}: {fault}" for fault in faults]


def _code(cells):
    return [(number, cell) for number, cell in enumerate(cells) if cell.cell_type == "code"]


def _parameters(source, notebook) -> Iterator[str]:
    tagged = [(number, cell) for number, cell in _code(source.cells) if "parameters" in tags(cell)]
    if len(tagged) != 1:
        yield f"{len(tagged)} cells are tagged parameters; one is expected, with at least `seed = 0`"
    for number, cell in tagged:
        if not re.search(r"^seed = 0\b", cell.source, re.M):
            yield f"cell {number}: the parameters lack the line `seed = 0`"


def _exercises(source, notebook) -> Iterator[str]:
    text = "\n".join(cell.source for _, cell in _code(source.cells))
    seen = {}
    for number, cell in _code(source.cells):
        for key in EXERCISE.findall(cell.source):
            if not key.startswith(source.name[:2] + "."):
                yield f"cell {number}: exercise {key} belongs to another lesson; keys begin with {source.name[:2]}."
            if key in seen:
                yield f"cell {number}: exercise {key} stands in cell {seen[key]} already"
            if not re.search(rf"\bcheck\(\s*[\"']{re.escape(key)}[\"']", text):
                yield f"cell {number}: exercise {key} is never checked; write check({key!r}, ...)"
            seen.setdefault(key, number)


def _guesses(source, notebook) -> Iterator[str]:
    for number, cell in _code(source.cells):
        keys = GUESSED.findall(cell.source)
        if "guess" in tags(cell) and not (keys or "solved" in cell.metadata):
            yield f"cell {number}: is tagged guess and holds no guess(...)"
        if keys and "guess" not in tags(cell):
            yield f"cell {number}: holds {keys[0]!r}; tag it guess"
        for key in keys:
            if not key.startswith(source.name[:2] + "."):
                yield f"cell {number}: guess {key} belongs to another lesson; keys begin with {source.name[:2]}."
        if keys and not re.search(r"=\s*None\b", cell.source):
            yield f"cell {number}: the guess is not open; the learner finds name=None (metadata `solved` fills it in)"


def _truth(source, notebook) -> Iterator[str]:
    """The truth may be asked for from a reveal until the next guess."""
    revealed = False
    for number, cell in _code(notebook.cells):
        revealed = "reveal" in tags(cell) or (revealed and "guess" not in tags(cell))
        if TRUTH.search(cell.source) and not revealed:
            yield f"cell {number}: asks for the truth before a cell tagged reveal; use what `observe` or `known` give"


def _lengths(source, notebook) -> Iterator[str]:
    if len(notebook.cells) > CELLS:
        yield f"{len(notebook.cells)} cells; at most {CELLS} are expected"
    for number, cell in enumerate(notebook.cells):
        words, lines = len(re.findall(r"\w+", cell.source)), code_lines(cell.source)
        if not cell.source.strip():
            yield f"cell {number}: is empty; remove it"
        elif cell.cell_type == "markdown" and words > PROSE_WORDS:
            yield f"cell {number}: {words} words of prose; at most {PROSE_WORDS} are expected"
        elif cell.cell_type == "code":
            if lines > CODE_LINES:
                yield f"cell {number}: {lines} lines of code; at most {CODE_LINES} are expected"
            widest = max(map(len, cell.source.splitlines()))
            if widest > CODE_WIDTH:
                yield f"cell {number}: a line of code has {widest} characters; at most {CODE_WIDTH} are expected"
            yield from (f"cell {number}: {fault}" for fault in _code_faults(cell))


def _code_faults(cell) -> Iterator[str]:
    try:
        compile(cell.source, "cell", "exec", flags=ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError as error:
        yield f"is not plain Python (line {error.lineno}: {error.msg})"
    if SKIPPING.search(cell.source) or "nbval-skip" in tags(cell):
        yield "keeps nbval from running or comparing it; remove the mark"
    if LIVE.search(cell.source) and UNCOMPARED not in tags(cell):
        yield f"shows a live output; tag it {UNCOMPARED} and test it in the browser"
    if UNCOMPARED in tags(cell) and not (LIVE.search(cell.source) or TIMED.search(cell.source)):
        yield f"is tagged {UNCOMPARED} and shows neither a live output nor a measured time; compare it"


def _rhythm(source, notebook) -> Iterator[str]:
    first = notebook.cells[0] if notebook.cells else None
    if first is None or first.cell_type != "markdown" or not first.source.startswith("# "):
        yield "cell 0: a lesson opens with its title, a [markdown] cell that starts with '# '"
    run = 0
    for number, cell in enumerate(notebook.cells):
        run = run + 1 if cell.cell_type == "code" else 0
        if run == CODE_RUN + 1:
            yield f"cell {number}: the {run}th code cell in a row; say why between them"
    lengths = sorted(code_lines(cell.source) for _, cell in _code(notebook.cells)) or [0]
    if statistics.median(lengths) > MEDIAN_LINES:
        yield f"the median code cell has {statistics.median(lengths)} lines; at most {MEDIAN_LINES} are expected"
    if lengths[min(len(lengths) - 1, int(.9 * len(lengths)))] > NINTH_TENTH_LINES:
        yield f"over a tenth of the code cells have more than {NINTH_TENTH_LINES} lines"


def output_faults(notebook: nbformat.NotebookNode, name: str, size: int) -> list[str]:
    """What is against an executed notebook of so many bytes that people read and nbval compares."""
    faults = [] if size <= LARGEST else [f"{size / 1e6:.1f} MB; at most {LARGEST / 1e6} are expected"]
    if {"widgets", "papermill"} & set(notebook.metadata):
        faults.append("its metadata hold the state of widgets or of the runner")
    for number, cell in _code(notebook.cells):
        found = [] if cell.execution_count else ["has no execution count; nbval would not compare it"]
        for output in cell.outputs:
            found += _output_faults(cell, output)
        faults += [f"cell {number}: {fault}" for fault in found]
    return [f"{name}: {fault}" for fault in faults]


def _output_faults(cell, output) -> Iterator[str]:
    if output.output_type == "stream" and output.name == "stderr":
        yield f"writes to stderr: {output.text.strip().splitlines()[-1]}"
    if output.output_type == "error" and "raises-exception" not in tags(cell):
        yield f"ends in {output.ename}: {output.evalue}"
    data = output.get("data", {})
    texts = [output.get("text", ""), output.get("evalue", ""), *output.get("traceback", []),
             *(value for kind, value in data.items() if isinstance(value, str) and not kind.startswith("image/"))]
    for text in texts:
        if path := PATH.search(EMBEDDED.sub("", text)):
            yield f"shows a path of this machine, {path[0]}"
    if any(kind.startswith(WIDGET) for kind in data):
        yield "holds the view of a widget, which readers cannot see"
    if "image/png" in data and not output.metadata.get("image/png", {}).get("alt", "").strip():
        yield "shows a picture without alt text; use plots.show(figure, alt)"
    if any(not ALT.search(image) for image in IMAGE.findall(EMBEDDED.sub("", data.get("text/html", "")))):
        yield "shows an <img> without alt text"
