"""Whether a machine will carry the course, asked before a class does: `course preflight`."""
import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path
from typing import Callable

import click
import psutil

from course_lib import workspace

DISK, MEMORY = 2, 2                                     # GB free, GB in all
Check = Callable[[], str]


class Lacking(RuntimeError):
    """A check that failed; the sentence says what to do."""


def disk() -> str:
    """Room for the workspace, and that it can be written."""
    free = shutil.disk_usage(workspace.home()).free / 2**30
    if free < DISK:
        raise Lacking(f"{free:.1f} GB free at {workspace.home()}; free {DISK} GB, or set COURSE_HOME to another disk")
    return f"{free:.0f} GB free at {workspace.home()}"


def memory() -> str:
    """Memory for JupyterLab, a browser and two kernels."""
    total = psutil.virtual_memory().total / 2**30
    if total < MEMORY:
        raise Lacking(f"{total:.1f} GB of memory; {MEMORY} GB are needed, so close other programs or take another machine")
    return f"{total:.0f} GB"


def loopback() -> str:
    """Programs of this machine can talk to each other: kernels and the lessons' service need it."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), timeout=5) as one:
        other, _ = server.accept()
        with other:
            one.sendall(b"?")
            if other.recv(1) != b"?":
                raise Lacking("127.0.0.1 does not carry what is sent; a firewall on this machine stops it")
    return "127.0.0.1 answers"


def speech() -> str:
    """The speech synthesiser loads, so that any name can be typed and heard."""
    import ctypes

    import espeakng_loader
    try:
        ctypes.CDLL(espeakng_loader.get_library_path())
    except OSError as error:
        raise Lacking(f"espeak-ng does not load ({error}); lessons use the recorded bank, all but typing a name of "
                      "your own works") from error
    return "espeak-ng loads"


def kernel() -> str:
    """A notebook's kernel starts and computes."""
    import nbclient
    import nbformat
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import sys; print(sys.prefix)")])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        nbclient.NotebookClient(book, timeout=120, kernel_name="python3", extra_arguments=["--log-level=40"],
                                resources={"metadata": {"path": folder}}).execute(env=os.environ | {"IPYTHONDIR": folder})
    prefix = book.cells[0].outputs[0].text.strip()
    if Path(prefix).resolve() != Path(sys.prefix).resolve():
        raise Lacking(f"kernels run in {prefix} instead of {sys.prefix}; remove your own Jupyter kernel called python3")
    return f"starts in {prefix}"


def browser() -> str:
    """Something that shows JupyterLab."""
    import webbrowser
    try:
        return webbrowser.get().name
    except webbrowser.Error:
        raise Lacking("no browser; open the address that the course prints on a machine with one") from None


CHECKS: dict[str, Check] = {"disk": disk, "memory": memory, "loopback": loopback, "speech": speech, "kernel": kernel,
                            "browser": browser}


def main(checks: dict[str, Check] = CHECKS) -> int:
    """Print one line a check; returns the exit code, 1 if one failed."""
    failed = 0
    for name, check in checks.items():
        try:
            mark, words = "ok", check()
        except Exception as error:                      # whatever a machine lacks, the other checks still run
            mark, words = "FAILED", f"{error}".strip() or type(error).__name__
            failed += 1
        click.echo(f"{name:<9} {mark:<7} {words}")
    return 1 if failed else 0
