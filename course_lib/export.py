"""A learner's work as one file, to keep or to hand in."""
import errno
import sqlite3
import tempfile
import zipfile
from contextlib import closing, suppress
from pathlib import Path

from course_lib import workspace

REMADE = ("cache", "logs", "registry", "report", ".jupyter")        # what an export leaves out
EXPORT = "my-work-"


def export(path: Path | None = None) -> Path:
    """Put the learner's work into a new zip file: lessons, ledger, whatever else is not made again from them.

    Parameters
    ----------
    path : by default `my-work-<time>.zip` in the workspace

    Raises
    ------
    WorkspaceError
        The file exists, or cannot be written.
    """
    folder = workspace.home()
    path = Path(path or folder / f"{EXPORT}{workspace.now()}.zip").expanduser().absolute()
    with workspace.explained(path), tempfile.TemporaryDirectory() as spare:
        packed = Path(spare) / "work.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in _work(folder):
                with suppress(FileNotFoundError):       # JupyterLab's copy beside a notebook that it has saved meanwhile
                    entry = zipfile.ZipInfo.from_file(file, file.relative_to(folder).as_posix(), strict_timestamps=False)
                    archive.writestr(entry, _settled(file, Path(spare)), zipfile.ZIP_DEFLATED)
        try:
            workspace.place(packed.read_bytes(), path)
        except FileExistsError:
            raise workspace.WorkspaceError(errno.EEXIST, f"{path} exists, and an export never replaces a file; give another name.") from None
    return path


def _work(folder):
    """The files that are the learner's own; links are not followed out of the workspace."""
    for path in sorted(folder.rglob("*")):
        top = path.relative_to(folder).parts[0]
        passing = path.name.startswith((EXPORT, ".new-")) or path.name.endswith(("-wal", "-shm", "-journal"))
        if path.is_file() and not path.is_symlink() and top not in REMADE and not passing:
            yield path


def _settled(file, spare):
    """The bytes of a file, whole: of a database, a snapshot that holds what its journal holds."""
    if file.suffix != ".sqlite":
        return workspace.settled(file)
    copy = spare / file.name
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as live, closing(sqlite3.connect(copy)) as still:
        live.backup(still)
    return copy.read_bytes()
