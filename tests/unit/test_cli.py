"""The commands: they find their parts, say in a sentence what is lacking, and end with the right code."""
import json
import os
import signal
import subprocess
import sys

import httpx
import pytest
from click.testing import CliRunner

from course_lib import cli, lab, workspace


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "a home"))
    return tmp_path / "a home"


@pytest.fixture
def started(monkeypatch):
    """The commands that would have been run, instead of running them."""
    commands = []

    def run(command, **_):
        commands.append(command)
        return type("Done", (), {"returncode": 3})
    monkeypatch.setattr(cli.subprocess, "run", run)
    monkeypatch.chdir(workspace.root())
    return commands


def call(*arguments):
    return CliRunner().invoke(cli.main, arguments)


def test_help_is_one_line_each():
    lines = call("--help").output.split("Commands:\n")[1].split("\n\n")[0].splitlines()
    assert [line.split()[0] for line in lines] == list(cli.main.commands)
    assert all(line.endswith(".") for line in lines)


def test_without_a_terminal_it_runs_the_lessons(monkeypatch):
    from course_lib.author import run
    monkeypatch.setattr(run, "main", lambda: 5)
    assert call().exit_code == 5


def test_without_a_command_on_a_terminal_it_opens_lesson_00(monkeypatch):
    opened = []
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(workspace, "open_lesson", lambda name: opened.append(name) or workspace.home() / "00_start_here.ipynb")
    monkeypatch.setattr(lab, "show", lambda path, browser: opened.append(path.name) or 0)
    terminal = type("Terminal", (), {"isatty": lambda self: True})
    context = cli.main.make_context("course", [])
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as end:
        patch.setattr(cli.sys, "stdin", terminal())
        patch.setattr(cli.sys.stdout, "isatty", lambda: True, raising=False)
        cli.main.invoke(context)
    assert end.value.code == 0 and opened == ["00", "00_start_here.ipynb"]


def test_test_is_one_call_of_pytest_and_gives_its_code(started):
    assert call("test", "-k", "workspace").exit_code == 3
    (command,) = started
    assert command[:3] == [sys.executable, "-m", "pytest"] and command[-2:] == ["-k", "workspace"]
    assert {"tests/unit", "notebooks/solved", "--nbval"} <= set(command) and "--all" not in command


def test_test_all_asks_for_everything(started):
    call("test", "--all")
    assert "--all" in started[-1]


@pytest.mark.parametrize("command", ["open", "reset"])
def test_an_unknown_lesson_is_one_sentence(command):
    done = call(command, "no such lesson")
    assert done.exit_code == 1 and done.output.startswith("Error: There is no lesson 'no such lesson'")


def test_a_workspace_that_cannot_be_written_is_one_sentence(own_home):
    own_home.write_text("a file")
    done = call("export")
    assert done.exit_code == 1 and "COURSE_HOME" in done.output and "Traceback" not in done.output


def test_a_relative_home_is_made_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_HOME", "mine")
    assert str(tmp_path / "mine") in call("export").output


def test_jupyterlab_is_for_this_machine_and_asks_nobody_for_news(own_home):
    variables = lab.settings()
    assert all(str(own_home) in value for name, value in variables.items() if name != "JUPYTER_PREFER_ENV_PATH")
    page = json.loads((own_home / ".jupyter/config/labconfig/page_config.json").read_text())
    assert page["disabledExtensions"]["@jupyterlab/apputils-extension:announcements"] is True
    command = lab.command(own_home, "lab/tree/a%20b.ipynb", browser=False)
    assert {"--ServerApp.ip=127.0.0.1", "--no-browser", "--LabApp.default_url=/lab/tree/a%20b.ipynb"} <= set(command)


@pytest.mark.parametrize("seeds", ["3-1", "a", "-2", "1-", ""])
def test_odd_seeds_are_refused(seeds):
    done = call("sweep", f"--seeds={seeds}")
    assert done.exit_code == 2 and "seeds look like 0-99 or 7" in done.output


def test_sweep_shows_each_claim_with_its_control():
    done = call("sweep", "--seeds", "1000", "00")
    row = next(line for line in done.output.splitlines() if "launch accuracy" in line).split()
    assert done.exit_code == 0 and row[-5:-3] == ["1.0", "0.0"]
    assert "Error: There are no claims of lesson 77; there are of 00" in call("sweep", "77").output


def test_calibrate_shows_every_cause():
    from course_lib.world.tables import table
    done = call("calibrate", "--seeds", "1000")
    assert done.exit_code == 0 and all(f"\n{name} " in done.output for name in table("events").index)


def test_serve_answers_on_loopback_until_it_is_stopped(own_home):
    process = subprocess.Popen([sys.executable, "-m", "course_lib.cli", "serve", "--port", "0"], stdout=subprocess.PIPE, text=True,
                               env=os.environ | {"COURSE_HOME": str(own_home)}, cwd=workspace.root())
    try:
        assert process.stdout.readline().startswith("No model yet")
        address = process.stdout.readline().split()[2]
        assert address.startswith("http://127.0.0.1:") and httpx.get(f"{address}/healthz", trust_env=False).json()["ready"]
        taken = call("serve", "--port", address.rpartition(":")[2])
        assert taken.exit_code == 1 and "choose another, or 0" in taken.output
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 0


def test_a_broken_pointer_is_one_sentence(own_home):
    from course_lib.cycle import process
    process.models().mkdir(parents=True)
    (process.models() / "champion.json").write_text("{")
    done = call("serve", "--port", "0")
    assert done.exit_code == 1 and done.output.startswith("Error: no champion in") and "Traceback" not in done.output
