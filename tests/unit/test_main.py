"""The set-up, without making an environment: what it takes over, what it leaves aside, what it says."""
import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from course_lib import __main__ as entry
from course_lib import environment, installer

ROOT = environment.ROOT


@pytest.fixture
def own(tmp_path, monkeypatch):
    """An empty repository with an environment that is whole."""
    places = {"ROOT": tmp_path, "VENV": tmp_path / ".venv", "LOCK": tmp_path / "lock", "LOG": tmp_path / "log",
              "STAMP": tmp_path / ".venv" / "course.json", "PYTHON": tmp_path / ".venv" / "python"}
    for name, path in places.items():
        monkeypatch.setattr(environment, name, path)
    places["VENV"].mkdir()
    places["PYTHON"].touch()
    places["LOCK"].write_text("a==1\n")
    environment._write_stamp()
    return tmp_path


def test_what_starts_parses_on_old_pythons():
    for name in ("__init__.py", "__main__.py"):
        source = (ROOT / "course_lib" / name).read_bytes()
        source.decode("ascii")
        tree = ast.parse(source, feature_version=(3, 4))
        newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.AsyncFunctionDef, ast.Nonlocal, ast.YieldFrom)
        assert not [node for node in ast.walk(tree) if isinstance(node, newer)]
        plain = [node.args for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        assert not [args for args in plain if args.kwonlyargs or args.posonlyargs or any(a.annotation for a in args.args)]
    assert (ROOT / "course_lib" / "__init__.py").read_bytes() == b""


def test_an_old_python_without_a_newer_one_says_which_is_needed(monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    monkeypatch.setenv("PATH", "")
    assert entry.main() == 2
    said = capsys.readouterr().err
    assert "3.11, 3.12, 3.13 or 3.14" in said and "Python 3.9" in said and said.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="the pretended Pythons are shell scripts")
def test_an_old_python_hands_over_to_one_that_answers_as_its_name_says(tmp_path, monkeypatch):
    for name, line in {"python3.14": "exit 127", "python3.13": "echo 3.9", "python3.12": "echo 3.12"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert entry.newer() == [str(tmp_path / "python3.12")]


def test_on_windows_the_launcher_is_asked(tmp_path, monkeypatch):
    (tmp_path / "py.exe").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert list(entry.candidates(windows=True))[1] == ("3.13", [str(tmp_path / "py.exe"), "-3.13"])


def test_a_whole_environment_is_ready(own):
    assert environment.ready()


@pytest.mark.parametrize("change", [
    lambda root: (root / "lock").write_text("a==2\n"),
    lambda root: (root / ".venv" / "course.json").unlink(),
    lambda root: (root / ".venv" / "course.json").write_text("{"),
    lambda root: (root / ".venv" / "course.json").write_text("[]"),
    lambda root: (root / ".venv" / "python").unlink(),
    lambda root: (root / ".venv" / "course.json").write_text(json.dumps({"of": environment._origin(), "base": "/gone"})),
])
def test_an_environment_of_another_lock_or_half_made_is_not(own, change):
    change(own)
    assert not environment.ready()


@pytest.mark.parametrize("name, value", [("version_info", (3, 12, 0)), ("platform", "plan9")])
def test_nor_one_of_another_python_or_system(own, monkeypatch, name, value):
    if name == "version_info":
        value = (3, 14, 0) if sys.version_info[1] == 12 else value
    monkeypatch.setattr(environment.sys, name, value)
    assert not environment.ready()


def test_nor_one_that_was_moved(own, monkeypatch):
    monkeypatch.setattr(environment, "VENV", own / "elsewhere")
    assert not environment.ready()


def test_what_steers_another_python_is_left_aside_and_the_rest_kept():
    given = {"PYTHONPATH": "/a", "PYTHONHOME": "/b", "VIRTUAL_ENV": "/c", "PYTHONOPTIMIZE": "2", "PYTHONHASHSEED": "1",
             "HTTPS_PROXY": "p", "SSL_CERT_FILE": "/d", "PATH": "/e"}
    assert environment.cleaned(given) == {"PYTHONHASHSEED": "1", "HTTPS_PROXY": "p", "SSL_CERT_FILE": "/d", "PATH": "/e",
                                          "PYTHONUTF8": "1"}


def test_only_where_packages_come_from_is_taken_from_settings():
    said = "\n".join(["global.index-url='here'", "install.target='/elsewhere'", "install.user='true'", "global.cert='/c'",
                      ":env:.no-deps='1'"])
    where = installer.read_settings(said, {"PIP_INDEX_URL": "there", "PIP_TARGET": "/x"})
    assert where == {"index-url": "there", "cert": "/c"}
    told = installer.settings({"PIP_TARGET": "/x", "UV_SYSTEM_PYTHON": "1", "UV_CACHE_DIR": "/u", "HTTPS_PROXY": "p"}, where)
    assert told["PIP_INDEX_URL"] == told["UV_DEFAULT_INDEX"] == "there" and told["SSL_CERT_FILE"] == "/c"
    assert told["UV_CACHE_DIR"] == "/u" and told["HTTPS_PROXY"] == "p" and told["PIP_CONFIG_FILE"] == os.devnull
    assert not {"PIP_TARGET", "UV_SYSTEM_PYTHON", "PIP_USER"} & set(told)


def test_the_installer_is_pinned_with_its_hashes(tmp_path):
    lock = tmp_path / "lock"
    lock.write_text("uv-build==1 \\\n    --hash=sha256:0\nuv==2 ; x \\\n    --hash=sha256:a \\\n    --hash=sha256:b\nz==3\n")
    assert installer.pinned("uv", lock) == "uv==2 ; x \\\n    --hash=sha256:a \\\n    --hash=sha256:b\n"
    with pytest.raises(LookupError, match="does not pin pip"):
        installer.pinned("pip", lock)


@pytest.mark.parametrize("said, words", [
    ("error: Failed to write\n cause: No space left on device (os error 28)", "disk is full"),
    ("OSError: [Errno 30] Read-only file system: '/x'", "copy the course to a folder of your own"),
    ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "not the one that the course was tested"),
    ("invalid peer certificate: UnknownIssuer\nerror sending request", "SSL_CERT_FILE"),
    ("WARNING: Retrying: NewConnectionError(...)\nERROR: No matching distribution found for uv", "connect to the internet"),
    ("ERROR: No matching distribution found for uv==1", "lacking (ERROR: No matching distribution found for uv==1)"),
    ("something\nerror: strange\nmore", "the set-up failed: error: strange"),
    ("", "the set-up failed: no word"),
])
def test_what_an_installer_says_becomes_one_sentence(said, words):
    sentence = installer.explain(said, Path("root"))
    assert words in sentence and "\n" not in sentence


@pytest.mark.parametrize("arguments", [["--wheels"], ["--wheels="], ["--wheels", "nowhere"], ["--wheels=nowhere", "test"]])
def test_a_folder_without_wheels_is_told(arguments, capsys):
    assert environment.start(arguments) == 1
    assert "folder of wheels" in capsys.readouterr().err


def test_the_folder_of_wheels_is_taken_off_the_arguments(tmp_path):
    (tmp_path / "a.whl").touch()
    assert environment._wheels(["--wheels", str(tmp_path), "test"]) == (tmp_path.resolve(), ["test"])
    assert environment._wheels([f"--wheels={tmp_path}"]) == (tmp_path.resolve(), [])
    assert environment._wheels(["test", "--wheels"]) == (None, ["test", "--wheels"])


def test_a_python_without_venv_is_told(monkeypatch):
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(environment.SetupError, match="comes without venv and ensurepip.*apt install python3"):
        environment._check_python()


def test_an_environment_is_made_once_by_many(own):
    """Each of four processes finds it half made; one makes it, the others wait and take it."""
    (own / ".venv" / "course.json").unlink()
    code = f"""
import time
from pathlib import Path
from course_lib import environment as e, installer
e.ROOT, e.VENV, e.LOCK = (Path({str(own)!r}) / name for name in ("", ".venv", "lock"))
e.STAMP, e.PYTHON, e.LOG = e.VENV / "course.json", e.VENV / "python", e.ROOT / "log"
def run(name, *_):
    e.VENV.mkdir(); e.PYTHON.touch(); time.sleep(.5)
    with open(e.ROOT / "made", "a") as file: file.write("x")
e._run, installer.asked, installer.steps = run, lambda *_: {{}}, lambda *_: []
e.make()
assert e.ready()
"""
    running = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    said = [process.communicate()[1] for process in running]
    assert [process.returncode for process in running] == [0] * 4, said
    assert (own / "made").read_text() == "x"
    assert sum("waiting" in words for words in said) >= 1
