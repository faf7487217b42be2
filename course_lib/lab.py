"""JupyterLab on the learner's workspace: this machine only, no news, no settings of another Jupyter."""
import json
import os
import subprocess
import sys
import webbrowser
from pathlib import Path
from urllib.parse import quote

from course_lib import workspace

DISABLED = ("@jupyterlab/apputils-extension:announcements", "@jupyterlab/extensionmanager-extension:plugin")
OFFLINE = ("--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.news_url=",
           "--LabApp.extension_manager=readonly")


def show(notebook: Path, browser: bool = True) -> int:
    """Open a notebook of the workspace, in the JupyterLab that runs on it already or in a new one until that ends.

    Parameters
    ----------
    browser : False prints the address only
    """
    home, variables = workspace.home(), settings()
    page = "lab/tree/" + quote(notebook.relative_to(home).as_posix())
    running = _running(Path(variables["JUPYTER_RUNTIME_DIR"]), home)
    if running:
        address = f"{running['url']}{page}?token={running['token']}"
        print(f"JupyterLab is running: {address}")
        if browser:
            webbrowser.open(address)
        return 0
    done = subprocess.Popen(command(home, page, browser), env=os.environ | variables, cwd=home)
    while True:
        try:
            return done.wait()
        except KeyboardInterrupt:                       # JupyterLab was told as well, and asks before it ends
            continue


def command(home: Path, page: str, browser: bool) -> list[str]:
    """The command of a JupyterLab that this machine alone can reach; a port in use makes it take another."""
    asked = [] if browser else ["--no-browser"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        asked.append("--allow-root")
    return [sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=8888",
            "--ServerApp.port_retries=100", f"--ServerApp.root_dir={home}", f"--LabApp.default_url=/{page}", *OFFLINE, *asked]


def settings() -> dict[str, str]:
    """Variables that give JupyterLab folders of its own in the workspace; the folders are made."""
    base = workspace.home() / ".jupyter"
    names = {"JUPYTER_CONFIG_DIR": "config", "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "layout",
             "JUPYTER_RUNTIME_DIR": "runtime", "JUPYTER_DATA_DIR": "data", "IPYTHONDIR": "ipython"}
    with workspace.explained(base):
        for name in names.values():
            (base / name).mkdir(parents=True, exist_ok=True)
        (base / "config" / "labconfig").mkdir(exist_ok=True)
        config = {"disabledExtensions": dict.fromkeys(DISABLED, True)}
        (base / "config" / "labconfig" / "page_config.json").write_text(json.dumps(config), encoding="utf-8")
    return {name: str(base / folder) for name, folder in names.items()} | {"JUPYTER_PREFER_ENV_PATH": "1"}


def _running(runtime, home):
    """The server that runs on this workspace already, as it describes itself; None if there is none."""
    if not any(runtime.glob("jpserver-*.json")):
        return None
    from jupyter_server.serverapp import list_running_servers
    servers = list_running_servers(str(runtime))
    return next((server for server in servers if Path(server["root_dir"]) == home), None)
