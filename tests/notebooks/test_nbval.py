"""nbval does find what it is there for: the command of `course test` on notebooks that lie."""
import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COMMAND = ("-n", "2", "--dist", "loadscope", "--nbval", "--nbval-current-env", "--nbval-cell-timeout=120",
           "--nbval-sanitize-with", str(HERE / "sanitize.cfg"))
HOME = """\
import os
from pathlib import Path
from IPython.display import display
home = Path(os.environ["COURSE_HOME"])
home.mkdir(parents=True)
print(home.name)"""
SERVED = "print('http://127.0.0.1:8001/healthz in 3.2 ms')"
ANSWER = "print({'card': 'c07', 'latency_ms': 3.2})"
IMAGE = """display({"text/html": '<img src="data:image/png;base64,AAAA" alt="a">'}, raw=True)"""
PANEL = 'display({"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "run it"}, raw=True)'
CELLS = {                                               # name -> source, committed output, passes
    "same": ("print(1 + 1)", "2\n", True),
    "changed": ("print(1 + 1)", "3\n", False),
    "warning": ("import warnings\nwarnings.warn('old')\nprint(2)", "2\n", False),
    "silent": ("pass", "2\n", False),
    "port": (SERVED, "http://127.0.0.1:52000/healthz in 11 ms\n", True),
    "address": (SERVED, "http://127.0.0.1:52000/metrics in 11 ms\n", False),
    "answer": (ANSWER, "{'card': 'c07', 'latency_ms': 11}\n", True),
    "other answer": (ANSWER, "{'card': 'c08', 'latency_ms': 3.2}\n", False),
    "picture": (IMAGE, {"text/html": '<img src="data:image/png;base64,BBBB==" alt="a">'}, True),
    "alt text": (IMAGE, {"text/html": '<img src="data:image/png;base64,AAAA" alt="b">'}, False),
    "panel": (PANEL, {"text/plain": "run it"}, True),
    "other panel": (PANEL, {"text/plain": "run that"}, False),
    "after a failure": ("1 / 0", "2\n", False),
    "late": ("print('Kept: same = 180. You have seen the result already, so this one counts as late.')", "Kept: same = 180.\n", True),
    "other guess": ("print('Kept: same = 170. You have seen the result already, so this one counts as late.')", "Kept: same = 180.\n", False),
    "number": ("print('12 more points in 3 weeks')", "13 more points in 3 weeks\n", False),
}


def ran(source, committed):
    """A code cell that once showed this text or data."""
    shown = new_output("stream", text=committed) if isinstance(committed, str) else new_output("display_data", committed)
    return new_code_cell(source, outputs=[shown], execution_count=1)


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """Name -> passed, from one run of the command on two notebooks, warnings being errors."""
    folder, learners = (tmp_path_factory.mktemp(name) / name for name in ("solved", "workspace"))
    folder.mkdir()
    shutil.copy(ROOT / "notebooks/solved/conftest.py", folder)
    names = {"half0": ["home 0", *list(CELLS)[::2]], "half1": ["home 1", *list(CELLS)[1::2]]}
    for half, (_, *inside) in names.items():
        cells = [ran(HOME, f"{half}\n"), *(ran(*CELLS[name][:2]) for name in inside)]
        nbformat.write(new_notebook(cells=cells), folder / f"{half}.ipynb")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", "--rootdir", folder,
         "--junit-xml", folder / "report.xml", folder, *COMMAND], cwd=folder, capture_output=True, text=True,
        env=os.environ | {"COURSE_HOME": str(learners), "PYTHONPATH": str(ROOT)})
    assert not learners.exists(), "nbval ran in the learner's workspace"
    found = ElementTree.parse(folder / "report.xml").iter("testcase")
    passed = {(case.get("classname"), case.get("name")): case.find("failure") is None for case in found}
    assert len(passed) == len(CELLS) + 2, done.stdout + done.stderr
    return {name: passed[f"{half}.ipynb", f"Cell {n}"] for half in names for n, name in enumerate(names[half])}


@pytest.mark.parametrize("name", CELLS)
def test_nbval_passes_what_is_true_and_fails_what_is_not(verdicts, name):
    assert verdicts[name] == CELLS[name][2]


def test_each_notebook_has_a_workspace_of_its_own(verdicts):
    assert verdicts["home 0"] and verdicts["home 1"]
