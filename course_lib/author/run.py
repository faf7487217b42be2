"""Every lesson executed, two at a time: `course run`, and the report that it writes.

Each lesson is executed by papermill in a process, a workspace and a current directory of its own, so that one that
fails or is killed takes no other with it, and neither the committed notebooks nor a learner's files are touched.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Iterable

import click
import nbformat
import psutil

from course_lib import workspace
from course_lib.author import report
from course_lib.author.execution import PATIENCE, environment, tidy

AT_ONCE = 2
EVERY = .1                                              # seconds between two looks at the kernel's memory
CHECK = re.compile(r"^\s*(?:\w+\s*=\s*)?check\(\s*[\"'](\d\d\.\w+)", re.M)


@dataclass(frozen=True)
class Outcome:
    """How one lesson went; `fault` is empty when it ran to its end."""

    name: str
    seconds: float = 0.
    memory: int = 0                                     # MB, peak of the kernel's process
    exercises: int = 0
    attempted: int = 0
    passed: int = 0
    fault: str = ""


def main(folder: Path | None = None, notebooks: Iterable[Path] | None = None) -> int:
    """Execute the lessons and write the report; returns the exit code, 1 if a lesson did not run to its end.

    Parameters
    ----------
    folder : where the report goes, by default `report` in the workspace; files of an earlier one are replaced
    notebooks : by default the lessons of the repository
    """
    paths = sorted(notebooks or (workspace.root() / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    if not paths:
        click.echo("There is no lesson to run; build them with: course build", err=True)
        return 1
    folder = Path(folder or workspace.home() / "report")
    with workspace.explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        outcomes = run(paths, folder)
        index = report.write(outcomes, folder)
    failed = [outcome for outcome in outcomes if outcome.fault]
    click.echo(f"{len(outcomes) - len(failed)} of {len(outcomes)} lessons ran to their end. Report: {index}")
    return 1 if failed else 0


def run(paths: list[Path], folder: Path) -> list[Outcome]:
    """Execute notebooks, two at a time, with a progress bar; the outcomes are in the order of the paths."""
    outcomes = {}
    with ThreadPoolExecutor(AT_ONCE) as pool, click.progressbar(length=len(paths), label="Running the lessons",
                                                                file=sys.stderr) as bar:
        jobs = {pool.submit(_in_process, path, folder): path for path in paths}
        bar.render_progress()
        for job in as_completed(jobs):
            outcomes[jobs[job]] = job.result()
            if not sys.stderr.isatty():
                click.echo(f"\n{_line(job.result())}", err=True, nl=False)
            bar.update(1)
    return [outcomes[path] for path in paths]


def _line(outcome):
    return f"  {outcome.name}: {outcome.fault or 'ran'}, {outcome.seconds:.1f} s, {outcome.memory} MB"


def _in_process(path, folder):
    """The outcome of a notebook executed by another process, which may die."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="course-run-", ignore_cleanup_errors=True) as spare:
        answer = Path(spare) / "outcome.json"
        env = os.environ | environment(Path(spare) / "home")
        done = subprocess.run([sys.executable, "-m", "course_lib.author.run", str(path), str(folder), str(answer)],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", env=env, cwd=spare)
        if answer.exists():
            return Outcome(**json.loads(answer.read_text(encoding="utf-8")))
    words = done.stderr.strip().splitlines() or ["no word"]
    return Outcome(path.stem, time.monotonic() - began, fault=f"its process ended with {done.returncode}: {words[-1]}")


def execute(path: Path, folder: Path) -> Outcome:
    """Execute one notebook in this process's workspace and write it to the folder as HTML."""
    import papermill
    began, current = time.monotonic(), Path.cwd()
    executed, fault = current / path.name, ""
    with _Peak() as peak:
        try:
            papermill.execute_notebook(str(path), str(executed), kernel_name="python3", cwd=str(current),
                                       progress_bar=False, execution_timeout=PATIENCE)
        except Exception as error:                      # whatever a lesson raises is its outcome
            fault = _sentence(error)
    seconds = time.monotonic() - began
    notebook = nbformat.read(executed if executed.exists() else path, as_version=4)
    report.write_lesson(tidy(notebook), path.stem, folder)
    attempted, passed = _answers()
    asked = {key for cell in notebook.cells if cell.cell_type == "code" for key in CHECK.findall(cell.source)}
    return Outcome(path.stem, round(seconds, 1), peak.megabytes, len(asked), attempted, passed, fault)


def _sentence(error):
    """What stopped a notebook, in one line: the cell that failed and why."""
    if hasattr(error, "ename"):                         # papermill's own: a cell raised
        return f"cell {error.cell_index + 1}: {error.ename}: {str(error.evalue).splitlines()[0] if error.evalue else ''}"
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"


def _answers():
    """Exercises attempted and passed, as the ledger of this process's workspace holds them."""
    if not (workspace.home() / "ledger.sqlite").exists():
        return 0, 0
    from course_lib.learn import ledger
    checks = ledger.entries(kind="check")
    outcomes = [(key, payload.get("outcome")) for key, payload in zip(checks["key"], checks["payload"])]
    attempted = {key for key, outcome in outcomes if outcome != "not attempted"}
    return len(attempted), len({key for key, outcome in outcomes if outcome == "correct"})


class _Peak:
    """The most memory that a child of this process held while the block ran, in MB."""

    def __enter__(self):
        self.megabytes, self._over = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _watch(self):
        me = psutil.Process()
        while not self._over.wait(EVERY):
            for child in me.children():
                try:
                    self.megabytes = max(self.megabytes, _most(child) // 2**20)
                except psutil.Error:                    # it ended between the two calls
                    continue


def _most(process):
    """Bytes that a process has held at most, where the system keeps that; else what it holds now, which a late look misses."""
    now = process.memory_info()
    if hasattr(now, "peak_wset"):                       # Windows
        return now.peak_wset
    try:
        found = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8"))
    except OSError:
        found = None
    return int(found[1]) * 1024 if found else now.rss


def _worker(path: str, folder: str, answer: str) -> None:
    """Execute one notebook and leave its outcome as JSON, whole or not at all."""
    outcome = execute(Path(path), Path(folder))
    spare = Path(answer).with_suffix(".new")
    spare.write_text(json.dumps(asdict(outcome)), encoding="utf-8")
    os.replace(spare, answer)


if __name__ == "__main__":
    _worker(*sys.argv[1:])
