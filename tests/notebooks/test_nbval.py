"""nbval does find what it is there for: the command of `course test` on notebooks that lie."""
import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COMMAND = ("-n", "2", "--dist", "loadscope", "--nbval", "--nbval-current-env", "--nbval-cell-timeout=120",
           "--nbval-sanitize-with", str(HERE / "sanitize.cfg"))
HOME = "import os\nfrom pathlib import Path\nhome = Path(os.environ['COURSE_HOME'])"
OUTPUTS = {                                             # name -> source of a cell, the committed text or HTML, passes
    "same": ("print(1 + 1)", "2\n", True),
    "changed": ("print(1 + 1)", "3\n", False),
    "warning": ("import warnings\nwarnings.warn('old')\nprint(2)", "2\n", False),
    "silent": ("pass", "2\n", False),
    "port": ("print('http://127.0.0.1:8001/healthz in 3.2 ms')", "http://127.0.0.1:52000/healthz in 11 ms\n", True),
    "host": ("print('http://127.0.0.1:8001/healthz')", "http://127.0.0.1:52000/metrics\n", False),
    "picture": ("from IPython.display import HTML\nHTML('<img src=\"data:image/png;base64,AAAA\" alt=\"a\">')",
                '<img src="data:image/png;base64,BBBB==" alt="a">', True),
    "words": ("from IPython.display import HTML\nHTML('<img src=\"data:image/png;base64,AAAA\" alt=\"a\">')",
              '<img src="data:image/png;base64,AAAA" alt="b">', False),
    "home": ("print(not home.exists())", "True\n", True),
    "own": ("home.mkdir(parents=True)\nprint(len(list(home.iterdir())))", "0\n", True),
    "elsewhere": ("print(Path('home').read_text() != str(home))", "True\n", True),
    "points": ("print('12 more points in 3 weeks')", "13 more points in 3 weeks\n", False),
}


def notebook(name):
    """One notebook with a cell to begin with, and one whose committed output is true or a lie."""
    source, committed, _ = OUTPUTS[name]
    output = nbformat.v4.new_output("stream", text=committed)
    if committed.startswith("<"):
        shown = {"text/html": committed, "text/plain": "<IPython.core.display.HTML object>"}
        output = nbformat.v4.new_output("execute_result", data=shown, execution_count=2)
    return [nbformat.v4.new_code_cell(source, outputs=[output], execution_count=2)]


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """Name -> passed, of one run of the command with warnings as errors."""
    folder = tmp_path_factory.mktemp("notebooks") / "solved"
    folder.mkdir()
    shutil.copy(ROOT / "notebooks/solved/conftest.py", folder)
    learners = folder.parent / "learner"
    (folder / "home").write_text(str(learners), encoding="utf-8")
    names = list(OUTPUTS)
    begin = [nbformat.v4.new_code_cell(HOME, execution_count=1)]
    for number in range(2):                             # two notebooks, each half of the cells
        cells = begin + [cell for name in names[number::2] for cell in notebook(name)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / f"half{number}.ipynb")
    env = os.environ | {"COURSE_HOME": str(learners), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-W", "error", "-m", "pytest", "-W", "error", "-p", "no:cacheprovider",
                           "--rootdir", str(folder), "--junit-xml", str(folder / "report.xml"), str(folder), *COMMAND],
                          cwd=folder, env=env, capture_output=True, text=True)
    cases = ElementTree.parse(folder / "report.xml").iter("testcase")
    said = {(case.get("classname"), case.get("name")): case.find("failure") is None for case in cases}
    assert len(said) == len(names) + 2, done.stdout + done.stderr
    assert not learners.exists(), "nbval ran in the learner's workspace"
    return {name: said[f"half{n % 2}.ipynb", f"Cell {1 + n // 2}"] for n, name in enumerate(names)}


@pytest.mark.parametrize("name", OUTPUTS)
def test_nbval_passes_what_is_true_and_fails_what_is_not(verdicts, name):
    assert verdicts[name] == OUTPUTS[name][2]
