"""A notebook executed for its readers: in a workspace of its own, and without a trace of the machine.

What only a live kernel can show (widget views, their state) is dropped; the figure that a panel leaves for
readers stays. Figures become small PNGs. Errors that a lesson raises on purpose keep their sentence alone.
"""
import base64
import io
import os
import tempfile
from pathlib import Path
from typing import Callable

import nbclient
import nbformat
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from PIL import Image

from course_lib.workspace import root

PATIENCE = 300                                          # seconds; a cell that needs this long is broken
VIEW = "application/vnd.jupyter.widget-view+json"
PNG_COLOURS = 128


class ExecutionError(RuntimeError):
    """A notebook that did not run to its end."""


def environment(home: Path) -> dict[str, str]:
    """What a kernel's environment holds beside the usual: its own workspace, no settings of the user, one thread.

    What belongs to IPython goes into a folder beside the workspace.

    >>> environment(Path("elsewhere"))["COURSE_HOME"]
    'elsewhere'
    """
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    path = os.pathsep.join(filter(None, (str(root()), os.environ.get("PYTHONPATH"))))
    return {"COURSE_HOME": str(home), "IPYTHONDIR": str(Path(home).parent / "ipython"), "PYTHONPATH": path,
            "MPLBACKEND": "module://matplotlib_inline.backend_inline", "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "1", **dict.fromkeys(threads, "1")}


def executed(notebook: nbformat.NotebookNode, name: str, done: Callable[[], object] = lambda: None):
    """Run a copy of a notebook in an empty workspace and tidy its outputs.

    Parameters
    ----------
    name : how messages call it
    done : called after each cell

    Raises
    ------
    ExecutionError
        A cell fails, takes over PATIENCE seconds, or the kernel dies; names the cell.
    """
    notebook = nbformat.from_dict(notebook)
    metadata = nbformat.from_dict(notebook.metadata)
    with tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True) as folder:
        client = nbclient.NotebookClient(
            notebook, timeout=PATIENCE, kernel_name="python3", record_timing=False, coalesce_streams=True,
            store_widget_state=False, extra_arguments=["--log-level=40"], resources={"metadata": {"path": folder}},
            on_cell_complete=lambda **_: done())
        try:
            client.execute(env={**os.environ, **environment(Path(folder) / "workspace")})
        except CellExecutionError as error:
            raise ExecutionError(f"{name}, {_failed(notebook)}:\n{error}") from None
        except CellTimeoutError as error:
            raise ExecutionError(f"{name}: a cell took over {PATIENCE} s\n{error}") from None
        except DeadKernelError:
            raise ExecutionError(f"{name}, {_failed(notebook)}: the kernel died") from None
    notebook.metadata = metadata
    return tidy(notebook)


def _failed(notebook):
    """The cell that was running last."""
    ran = [number for number, cell in enumerate(notebook.cells) if cell.get("execution_count") or cell.get("outputs")]
    return f"cell {ran[-1]}" if ran else "before its first cell ended"


def tidy(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Keep in place what readers need: no widget views or state, no notes of the runner, small figures."""
    for name in ("widgets", "papermill"):
        notebook.metadata.pop(name, None)
    for cell in notebook.cells:
        for note in ("execution", "papermill"):
            cell.metadata.pop(note, None)
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                output.traceback = [f"{output.ename}: {output.evalue}"]
            data = output.get("data", {})
            data.pop(VIEW, None)
            if "image/png" in data:
                data["image/png"] = _small(data["image/png"])
    return notebook


def _small(encoded):
    """A base64 PNG with a palette, where that makes it smaller."""
    old = base64.b64decode(encoded)
    memory = io.BytesIO()
    pixels = Image.open(io.BytesIO(old)).convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", pixels.size, "white"), pixels).convert("RGB")
    palette = flat.quantize(PNG_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    palette.save(memory, "png", optimize=True)
    return base64.b64encode(min(old, memory.getvalue(), key=len)).decode()
