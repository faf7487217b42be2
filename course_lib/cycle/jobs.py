"""Pipelines as notebooks: papermill runs one with parameters, and its executed copy is the audit record.

The record shows every parameter, every line that ran and what it gave; it is written while the job runs, so a
job that fails leaves one, too. A record is never replaced: its name is taken, in one step, before the job starts.
"""
import json
import math
import os
from itertools import count
from pathlib import Path

from course_lib import workspace
from course_lib.cycle.spared import without

RESULT = "result"                                       # tag of the cell whose output is the job's result
_PLAIN = (str, int, float, bool, type(None))


class JobError(RuntimeError):
    """A job that does not exist, cannot take its parameters, or failed; the message says where to look."""


def known(folder: Path | None = None) -> dict[str, Path]:
    """The jobs that there are: name -> notebook."""
    return {path.stem: path for path in sorted((folder or workspace.root() / "notebooks" / "jobs").glob("*.ipynb"))}


def run(name: str, out: Path, notebooks: Path | None = None, **parameters) -> Path:
    """Run a job; returns the executed copy, its audit record.

    Parameters
    ----------
    name : "retrain" or "score_batch"
    out : where the record goes: a new .ipynb file, or a folder in which records are numbered
    notebooks : folder of the jobs, by default the course's
    parameters : of the job's cell tagged parameters; plain values and paths

    Raises
    ------
    JobError
        No such job or parameter, a record of this name, or the job failed or its kernel died; then its record shows the cell.
    """
    with without("rfc3987_syntax", "isoduration", "webcolors"):      # formats of jsonschema that no notebook needs: a second, many megabytes
        import papermill
        from nbclient.exceptions import DeadKernelError
        from papermill.exceptions import PapermillExecutionError
    jobs = known(notebooks)
    if name not in jobs:
        raise JobError(f"there is no job {name!r}; there are {', '.join(jobs) or 'none: build them with `course build`'}")
    given = _checked(name, parameters, papermill.inspect_notebook(str(jobs[name])))
    record = _record(name, Path(out).absolute())
    os.environ.setdefault("OMP_NUM_THREADS", "1")        # the kernel inherits it
    try:
        papermill.execute_notebook(str(jobs[name]), str(record), given, kernel_name="python3", cwd=str(record.parent),
                                   progress_bar=False, extra_arguments=["--log-level=50"])
    except PapermillExecutionError as error:
        raise JobError(f"the job {name} failed in cell {error.cell_index + 1}: {error.ename}: {str(error.evalue).splitlines()[0] if error.evalue else ''} "
                       f"(record: {record.name})") from None
    except DeadKernelError as error:
        raise JobError(f"the job {name} died: {str(error).splitlines()[0]}; was it killed, or is memory short? "
                       f"Its last cells that ran are on record (record: {record.name})") from None
    return record


def triggered(signal: float, limit: float, name: str, out: Path, **given) -> Path | None:
    """Run a job if a signal is over its limit; returns its record, or None on a quiet day, on which nothing runs.

    Parameters
    ----------
    signal, limit : what was measured, and what it exceeds on few usual days
    name, out, given : as `run` takes them

    Raises
    ------
    JobError
        No finite signal or limit arrived, or what `run` raises.
    """
    if not (math.isfinite(signal) and math.isfinite(limit)):
        raise JobError(f"the signal is {signal} and its limit {limit}; a day without a signal is not a quiet day: look at what measures it")
    return run(name, out, **given) if signal > limit else None


def _checked(name, parameters, takes):
    """Parameters as papermill passes them on; JobError where the job does not take one."""
    unknown = sorted(set(parameters) - set(takes))
    if unknown:
        raise JobError(f"the job {name} takes no {', '.join(unknown)}; it takes {', '.join(takes)}")
    given = {key: str(value) if isinstance(value, Path) else value.item() if hasattr(value, "item") else value for key, value in parameters.items()}
    odd = [key for key, value in given.items() if not isinstance(value, _PLAIN)]
    if odd:
        raise JobError(f"the parameter {odd[0]} is {type(given[odd[0]]).__name__}; a text, a number, True, False, None or a path is expected: "
                       "an audit record must show it")
    return given


def _record(name, out):
    """A place for a new record, taken by an empty file: of jobs that start together each gets its own."""
    if out.suffix == ".ipynb":
        out.parent.mkdir(parents=True, exist_ok=True)
        if not _taken(out):
            raise JobError(f"the record {out.name} exists, and a record is never replaced; give another name, or a folder")
        return out
    out.mkdir(parents=True, exist_ok=True)
    number = 1 + max((int(path.stem.rpartition("-")[2]) for path in out.glob(f"{name}-[0-9][0-9][0-9][0-9].ipynb")), default=0)
    return next(path for path in (out / f"{name}-{n:04d}.ipynb" for n in count(number)) if _taken(path))


def _taken(path):
    """Take a name; False where somebody has it."""
    try:
        path.open("x").close()
    except FileExistsError:
        return False
    return True


def result(record: Path) -> dict:
    """What a job gave: the JSON that its cell tagged `result` printed; JobError where a record has none."""
    try:
        cells = json.loads(Path(record).read_text(encoding="utf-8"))["cells"]
        tagged = next(cell for cell in cells if RESULT in cell["metadata"].get("tags", []))
        return json.loads("".join("".join(output["text"]) for output in tagged["outputs"] if output.get("name") == "stdout"))
    except (OSError, ValueError, KeyError, StopIteration) as error:
        raise JobError(f"{Path(record).name} is not the record of a job that ended ({type(error).__name__}); look at its last cell that ran") from None


def parameters(record: Path) -> dict:
    """With what a job ran, as its record says."""
    try:
        return json.loads(Path(record).read_text(encoding="utf-8"))["metadata"]["papermill"]["parameters"]
    except (OSError, ValueError, KeyError) as error:
        raise JobError(f"{Path(record).name} is not the record of a job ({type(error).__name__})") from None
