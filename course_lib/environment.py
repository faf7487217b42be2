"""The course's own Python environment: made, mended and entered with the standard library alone.

It lies in `.venv` at the root of the repository: Python's venv, uv inside it by pip, then everything that
requirements.lock names, and the course itself. `.venv/course.json`, written last, says what it was made from; if that
differs from what is there now, or is missing, the environment is made again. What steers other Pythons, pip or uv on
this machine (PYTHONPATH, an active environment, pip's settings) is left aside; addresses, proxies and certificates
are kept.
"""
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from course_lib import installer

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "course.json"
LOG = ROOT / ".venv-setup.log"
WINDOWS = os.name == "nt"
SCRIPTS = VENV / ("Scripts" if WINDOWS else "bin")
PYTHON = SCRIPTS / ("python.exe" if WINDOWS else "python")
HARMLESS = ("PYTHONUTF8", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONUNBUFFERED")


class SetupError(RuntimeError):
    """The environment cannot be made; one sentence says why and what to do."""


def start(arguments: list[str]) -> int:
    """Make the environment if need be and go on in it; returns an exit code where the process was not replaced."""
    try:
        wheels, arguments = _wheels(arguments)
        if not ready():
            make(wheels)
    except SetupError as error:
        print(f"course: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ncourse: stopped; start again to go on.", file=sys.stderr)
        return 130
    return _enter(arguments)


def ready() -> bool:
    """Whether the environment is whole and was made from this lock, here, by a Python like this one."""
    try:
        made = json.loads(STAMP.read_text(encoding="utf-8"))
        return made["of"] == _origin() and PYTHON.exists() and Path(made["base"]).exists()
    except (OSError, ValueError, KeyError, TypeError):
        return False


def make(wheels: Path | None = None) -> None:
    """Make the environment from nothing; two processes at once make it once.

    Parameters
    ----------
    wheels : a folder that `course wheels` filled; nothing is then asked from the network

    Raises
    ------
    SetupError
    """
    _check_python()
    with _alone():
        if ready():
            return
        began = time.monotonic()
        _say("Setting up the course in .venv (once; a minute or two the first time).")
        _remove()
        plain = cleaned(dict(os.environ))
        _run("Python environment", [_base(), "-I", "-m", "venv", str(VENV)], plain)
        settings = installer.settings(plain, installer.asked(PYTHON))
        for name, command in installer.steps(ROOT, SCRIPTS, PYTHON, wheels):
            _run(name, command, settings)
        _write_stamp()
        LOG.unlink(missing_ok=True)
        _say(f"Ready after {time.monotonic() - began:.0f} s.")


def cleaned(environ: dict[str, str]) -> dict[str, str]:
    """An environment without what steers another Python."""
    steering = ("VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
    kept = {name: value for name, value in environ.items()
            if name not in steering and (not name.startswith("PYTHON") or name in HARMLESS)}
    return {"PYTHONUTF8": "1", **kept}


def _wheels(arguments):
    """Split `--wheels FOLDER` or `--wheels=FOLDER` off the front of the arguments."""
    if not arguments or arguments[0].partition("=")[0] != "--wheels":
        return None, arguments
    _, equals, folder = arguments[0].partition("=")
    rest = arguments[1:] if equals else arguments[2:]
    folder = folder if equals else "".join(arguments[1:2])
    if not folder or not any(Path(folder).glob("*.whl")):
        raise SetupError(f"--wheels needs a folder of wheels, and {folder or 'nothing'} is none; fill one on a machine "
                         "with internet and the same system: python3 -m course_lib wheels FOLDER")
    return Path(folder).resolve(), rest


def _origin():
    """What the environment depends on. A moved folder counts: the scripts inside hold its path."""
    lock = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    return {"lock": lock, "place": str(VENV), "python": f"{sys.version_info[0]}.{sys.version_info[1]}",
            "platform": f"{sys.platform}-{platform.machine()}"}


def _base():
    """The interpreter under whatever environment is active, so that `.venv` never stands on another, or on itself."""
    return getattr(sys, "_base_executable", None) or sys.executable


def _check_python():
    if sys.implementation.name != "cpython" or sys.maxsize < 2**32 or "t" in getattr(sys, "abiflags", ""):
        raise SetupError(f"this is {platform.python_implementation()} ({sys.executable}), and the course's packages are "
                         "built for the usual 64-bit CPython; start again with that.")
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise SetupError(f"this Python ({sys.executable}) comes without {' and '.join(missing)}; on Debian and Ubuntu install "
                         f"it with: sudo apt install python{version}-venv, elsewhere use Python from python.org.")


@contextmanager
def _alone():
    """Hold .venv.lock. It is released when its holders end, however they end; children hold it too."""
    try:
        file = open(ROOT / ".venv.lock", "a+b")
    except OSError as error:
        raise SetupError(installer.explain(str(error), ROOT)) from error
    with file:
        if not _locked(file):
            _say("Another process is setting the course up; waiting for it.")
            while not _locked(file):
                time.sleep(.2)
        os.set_inheritable(file.fileno(), True)         # an installer that outlives this process keeps others out
        yield


def _locked(file):
    """Try to lock a file; True too where the file system has no locks."""
    try:
        if WINDOWS:
            import msvcrt
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True
    return True


def _remove():
    """Remove what is left of an earlier environment."""
    try:
        STAMP.unlink(missing_ok=True)                   # first: what remains counts as half made
        if VENV.is_symlink() or VENV.is_file():
            VENV.unlink()
        elif VENV.exists():
            shutil.rmtree(VENV)
    except OSError as error:
        raise SetupError(f"{error.filename} cannot be removed ({error.strerror}); close JupyterLab and whatever else runs "
                         f"from {VENV}, then start again.") from error


def _run(name, command, environment):
    """Run one step, with the seconds ticking on a terminal; its words are kept for when it fails."""
    live, began = sys.stderr.isatty(), time.monotonic()
    if not live:
        _say(f"  {name} ...")
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=words, stderr=subprocess.STDOUT,
                                   env=environment, cwd=ROOT, close_fds=False)
        try:
            while process.poll() is None:
                _tick(live, name, began)
                time.sleep(.1)
        except KeyboardInterrupt:
            process.wait()
            raise
        _tick(live, name, began, end="\n")
        words.seek(0)
        said = words.read().decode("utf-8", "replace")
    if process.returncode:
        _keep(said)
        raise SetupError(installer.explain(said, ROOT))


def _tick(live, name, began, end=""):
    if live:
        print(f"\r  {name} {time.monotonic() - began:4.0f} s", end=end, file=sys.stderr, flush=True)


def _keep(said):
    try:
        LOG.write_text(said, encoding="utf-8")
    except OSError:
        pass                                            # the disk is full or read-only; the sentence says so


def _write_stamp():
    text = json.dumps({"of": _origin(), "base": _base()}, indent=1)
    spare = STAMP.with_suffix(".new")
    spare.write_text(text, encoding="utf-8")
    os.replace(spare, STAMP)


def _say(sentence):
    print(sentence, file=sys.stderr, flush=True)


def _enter(arguments):
    """Go on inside the environment."""
    command = [str(PYTHON), "-P", "-m", "course_lib.cli", *arguments]
    environment = cleaned(dict(os.environ))
    if not WINDOWS:
        os.execve(command[0], command, environment)
    process = subprocess.Popen(command, env=environment)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:                       # it was told as well, and ends as it sees fit
            continue
