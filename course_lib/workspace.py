"""A learner's own files: copies of lessons, the ledger, the registry, logs and a cache.

They lie in `home()`: $COURSE_HOME, by default `workspace` at the root of the repository, whatever the current
directory. Nothing here overwrites or deletes what a learner made.
"""
import errno
import hashlib
import json
import os
import re
import tempfile
import time
import uuid
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Iterator

import course_lib

_REASONS = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "your share of the disk is used up; free some space",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "you may not write there",
    errno.EPERM: "you may not write there",
    errno.ENOTDIR: "a file stands where a folder is needed",
    errno.EEXIST: "a file stands where a folder is needed",
}

SAVING = 2.0                                            # seconds; JupyterLab writes a notebook in some thousandths


class WorkspaceError(OSError):
    """The workspace cannot be used; one sentence says why and what to do."""

    def __str__(self):
        return self.strerror or ""


class LessonError(LookupError):
    """There is no such lesson."""


def root() -> Path:
    """The repository's root."""
    return Path(course_lib.__file__).resolve().parents[1]


def home() -> Path:
    """The learner's workspace, made if need be.

    Raises
    ------
    WorkspaceError
        It cannot be written: read-only, full, or not a folder.
    """
    folder = Path(os.environ.get("COURSE_HOME") or root() / "workspace").expanduser().absolute()
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _write_once(folder)
    return folder


def lessons() -> Path:
    """Where the learner's copies of the lessons are."""
    folder = home() / "lessons"
    with explained(folder):
        folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn an OSError about a path of the workspace into a WorkspaceError that says what to do."""
    try:
        yield
    except WorkspaceError:
        raise
    except OSError as error:
        reason = _REASONS.get(error.errno, error.strerror or str(error))
        raise WorkspaceError(error.errno, f"The course cannot write to {path}: {reason}, or set COURSE_HOME "
                                          "to a folder of your own and start again.") from error


@lru_cache(maxsize=8)
def _write_once(folder: Path) -> None:
    """Fail where a file cannot be written; asking the system for permissions would not notice a full disk."""
    with tempfile.TemporaryFile(dir=folder) as probe:
        probe.write(b"\0" * 4096)
        probe.flush()


def find(name: str, notebooks: Path | None = None) -> Path:
    """The committed notebook of a lesson: "0", "00", "start_here" and "00_start_here" name the same.

    Raises
    ------
    LessonError
        No lesson, or more than one, is called so; names those that there are.
    """
    known = sorted((notebooks or root() / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    wanted = Path(name).name.removesuffix(".ipynb").lower()
    if re.fullmatch(r"\d", wanted):
        wanted = f"0{wanted}"
    found = [path for path in known if wanted in (path.stem, path.stem[:2], path.stem[3:])]
    if len(found) != 1:
        there = ", ".join(path.stem for path in known) or "none: build them with `course build`"
        raise LessonError(f"There is no lesson {name!r}. The lessons are: {there}.")
    return found[0]


def open_lesson(name: str, notebooks: Path | None = None) -> Path:
    """The learner's copy of a lesson in its present edition, made if it is not there.

    A copy remembers the edition that it was made from in its metadata. When the lesson has changed since, the new
    edition lands beside the old copy, as `00_start_here (edition 2).ipynb`; the old one stays as it is.

    Parameters
    ----------
    notebooks : the folder of committed notebooks, by default the repository's
    """
    source = find(name, notebooks)
    with explained(source):
        content = json.loads(source.read_text(encoding="utf-8"))
    edition = _digest(content)
    content.setdefault("metadata", {})["course"] = {"edition": edition}
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    while True:
        copies = _copies(source.stem)
        current = [path for path in copies if _edition(path) == edition]
        if current:
            return current[-1]
        try:
            place(text.encode(), lessons() / _next_name(source.stem, copies))
        except FileExistsError:
            continue                                    # another process was faster; look again


def reset(lesson: str, notebooks: Path | None = None) -> Path | None:
    """Move a learner's copies of a lesson aside, to lessons/old/<time>; None if there were none."""
    copies = _copies(find(lesson, notebooks).stem)
    if not copies:
        return None
    aside = lessons() / "old" / now()
    with explained(aside):
        while aside.exists():
            aside = aside.with_name(f"{aside.name}-again")
        aside.mkdir(parents=True)
        for copy in copies:
            copy.rename(aside / copy.name)
    return aside


def now() -> str:
    """The time as part of a file's name."""
    return time.strftime("%Y-%m-%d-%H%M%S")


def settled(path: Path) -> bytes:
    """The bytes of a file that JupyterLab may be saving: it empties the file first, and keeps a copy `.~name` until it is whole.

    A save that a crash cut off is not waited for longer than `SAVING` seconds; the copy beside it is a file of its own.
    """
    until = time.monotonic() + SAVING
    while True:
        before = _state(path)
        content = path.read_bytes()
        if (_state(path) == before and not before[0]) or time.monotonic() > until:
            return content
        time.sleep(.02)


def _state(path):
    seen = path.stat()
    return path.with_name(f".~{path.name}").exists(), seen.st_mtime_ns, seen.st_size


def _digest(content):
    """Twelve hex digits of a notebook's content; line ends and indentation do not count."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def _edition(path):
    """The edition that a copy was made from; None if the file does not say or is not a notebook any more."""
    try:
        return json.loads(settled(path))["metadata"]["course"]["edition"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _copies(stem):
    """The learner's copies of a lesson, oldest edition first."""
    first = lessons() / f"{stem}.ipynb"
    later = first.parent.glob(f"{stem} (edition *).ipynb")
    return [path for path in (first, *sorted(later, key=_number)) if path.exists()]


def _number(path):
    found = re.search(r"\(edition (\d+)\)$", path.stem)
    return int(found[1]) if found else 1


def _next_name(stem, copies):
    number = max(map(_number, copies), default=0) + 1
    return f"{stem}.ipynb" if number == 1 else f"{stem} (edition {number}).ipynb"


def place(content: bytes, path: Path) -> None:
    """Write a new file that is whole from its first moment; FileExistsError if there is one of this name."""
    spare = path.with_name(f".new-{uuid.uuid4().hex}")
    try:
        with explained(path):
            spare.write_bytes(content)
        _rename_to_new(spare, path)
    finally:
        spare.unlink(missing_ok=True)


def _rename_to_new(spare, path):
    """Rename, except over a file that exists: what os.rename does on Windows alone."""
    if os.name == "nt":
        return os.rename(spare, path)
    try:
        os.link(spare, path)
    except FileExistsError:
        raise
    except OSError:                                     # a file system without hard links
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
        os.replace(spare, path)
