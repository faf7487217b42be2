"""A real JupyterLab and a real browser for the tests in this folder.

Playwright drives the machine's own Chromium; its downloads are not used. Where there is no
browser the tests are skipped and say so. Screenshots go to $COURSE_ARTEFACTS, by default to
tests/browser/screenshots, which git ignores.
"""
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from lab_page import LabPage

REPOSITORY = Path(__file__).parents[2]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
DISABLED = ("@jupyterlab/apputils-extension:announcements", "@jupyterlab/extensionmanager-extension:plugin")
STARTING = 60                                           # seconds for the server to answer


def browser_path() -> str | None:
    """The browser to drive: $COURSE_BROWSER, or the first Chromium on the path."""
    names = (os.environ.get("COURSE_BROWSER"), "chromium", "chromium-browser", "google-chrome", "chrome")
    return next((found for name in names if name and (found := shutil.which(name))), None)


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: where it listens, its token, and the folder that it serves."""

    url: str
    token: str
    folder: Path
    home: Path                                          # the COURSE_HOME of its kernels

    def write(self, name: str, cells: list[str]) -> Path:
        """Put a notebook of these code cells in the served folder."""
        book = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(cells)],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}})
        path = self.folder / name
        nbformat.write(book, path)
        return path


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """JupyterLab on a free port of this machine, with settings, workspace and kernels of its own."""
    if browser_path() is None:
        pytest.skip("no browser: install Chromium (Debian: apt-get install chromium) or set COURSE_BROWSER to one")
    base = tmp_path_factory.mktemp("lab")
    folders = {name: base / name for name in ("served", "home", "config", "settings", "workspaces", "runtime", "data")}
    for folder in folders.values():
        folder.mkdir()
    (folders["config"] / "labconfig").mkdir()
    page_config = {"disabledExtensions": {name: True for name in DISABLED}}
    (folders["config"] / "labconfig" / "page_config.json").write_text(json.dumps(page_config))
    notebook = folders["settings"] / "@jupyterlab" / "notebook-extension"
    notebook.mkdir(parents=True)                        # every cell stays on the page, not only those in sight
    (notebook / "tracker.jupyterlab-settings").write_text(json.dumps({"windowingMode": "none"}))
    port, token = _free_port(), secrets.token_hex(16)
    log = (base / "jupyter.log").open("w", encoding="utf-8")
    server = subprocess.Popen(_command(port, token, folders["served"]), env=_environment(folders),
                              stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        running = Lab(f"http://127.0.0.1:{port}", token, folders["served"], folders["home"])
        _wait_for(running, server, Path(log.name))
        yield running
    finally:
        server.terminate()
        server.wait(timeout=30)
        log.close()


def _command(port, token, folder):
    return [sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}",
            f"--ServerApp.root_dir={folder}", "--ServerApp.allow_root=True", "--ServerApp.open_browser=False"]


def _environment(folders):
    paths = {"COURSE_HOME": "home", "JUPYTER_CONFIG_DIR": "config", "JUPYTERLAB_SETTINGS_DIR": "settings",
             "JUPYTERLAB_WORKSPACES_DIR": "workspaces", "JUPYTER_RUNTIME_DIR": "runtime",
             "JUPYTER_DATA_DIR": "data", "IPYTHONDIR": "config"}
    own = {name: str(folders[folder]) for name, folder in paths.items()}
    path = os.pathsep.join(filter(None, (str(REPOSITORY), os.environ.get("PYTHONPATH"))))
    return {**os.environ, **own, "PYTHONPATH": path, "JUPYTER_PLATFORM_DIRS": "1", "OMP_NUM_THREADS": "1"}


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(running, server, log):
    """Return when the server answers; fail with its log when it ended or stays silent."""
    until = time.monotonic() + STARTING
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{running.url}/api?token={running.token}", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(.1)
    pytest.fail(f"JupyterLab did not answer within {STARTING} s; its log:\n{log.read_text(encoding='utf-8')[-3000:]}")


@pytest.fixture(scope="session")
def browser(lab):
    """The machine's Chromium, headless."""
    from playwright.sync_api import sync_playwright
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser_path(), headless=True, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_lesson(open_lab, lab):
    """`open_lesson("05")` -> LabPage of a lesson as a learner finds it, every cell run."""
    def open_and_run(number, **options):
        notebook, = (REPOSITORY / "notebooks").glob(f"{number}_*.ipynb")
        shutil.copy(notebook, lab.folder / notebook.name)
        page = open_lab(notebook.name, **options)
        page.run_all()
        return page
    return open_and_run


@pytest.fixture
def whole_lesson(everything, open_lesson):
    """`open_lesson` for tests that try each widget of a lesson, which `course test --all` alone does."""
    if not everything:
        pytest.skip("each widget of a whole lesson is tried by `course test --all` only")
    return open_lesson


@pytest.fixture
def open_lab(lab, browser, request):
    """`open_lab("name.ipynb", ["cell", ...])` -> LabPage; console messages are checked at the end."""
    opened = []

    def open_notebook(name, cells=None, size=(1366, 768)):
        if cells is not None:
            lab.write(name, cells)
        context = browser.new_context(viewport={"width": size[0], "height": size[1]})
        opened.append(LabPage.open(context, lab, name))
        return opened[-1]

    yield open_notebook
    for number, page in enumerate(opened):
        page.screenshot(f"{request.node.name}-{number}")
        page.close()
    assert not any(page.complaints() for page in opened), [page.complaints() for page in opened]
