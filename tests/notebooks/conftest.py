"""The committed notebooks, and a way to run one with papermill without leaving a trace."""
from pathlib import Path

import nbformat
import papermill
import pytest

from course_lib.author.execution import environment

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
OTHER_SEEDS = (7, 41)                                   # of the launch seeds 0-99, for `--all`


def pytest_generate_tests(metafunc):
    """`learner`, `answered`, `job`, `source` and `document` stand for each committed file of a kind."""
    kinds = {"learner": "*.ipynb", "answered": "solved/*.ipynb", "job": "jobs/*.ipynb", "source": "source/**/*.py",
             "document": "**/*.ipynb"}
    for name in set(kinds) & set(metafunc.fixturenames):
        paths = sorted(path for path in NOTEBOOKS.glob(kinds[name]) if ".ipynb_checkpoints" not in path.parts)
        metafunc.parametrize(name, paths, ids=[path.relative_to(NOTEBOOKS).as_posix() for path in paths])
    if "seed" in metafunc.fixturenames:
        every = metafunc.config.getoption("--all", default=False)
        first = () if "answered" in metafunc.fixturenames else (0,)     # nbval runs the solved ones on 0
        metafunc.parametrize("seed", (*first, *(OTHER_SEEDS if every else ())))


@pytest.fixture
def run(tmp_path, monkeypatch):
    """`run(path, seed=1)` -> the notebook as papermill executed it, elsewhere and in an empty workspace."""
    def run(path, **parameters):
        elsewhere, workspace = tmp_path / "elsewhere", tmp_path / "workspace"
        elsewhere.mkdir()
        for name, value in environment(workspace).items():
            monkeypatch.setenv(name, value)
        papermill.execute_notebook(str(path), str(tmp_path / "out.ipynb"), parameters, cwd=str(elsewhere),
                                   kernel_name="python3", progress_bar=False)
        assert not list(elsewhere.iterdir()), "a lesson writes into the current directory, not the workspace"
        return nbformat.read(tmp_path / "out.ipynb", as_version=4)
    return run
