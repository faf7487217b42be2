"""Untouched, every notebook runs from top to bottom: from anywhere, in an empty workspace, on any seed."""
import hashlib

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course_lib.author.rules import output_faults


def went_wrong(notebook, path):
    """Faults of a run, those aside that only matter for readers of a committed notebook."""
    return [fault for fault in output_faults(notebook, path.stem, 0)
            if not any(word in fault for word in ("state of widgets", "view of a widget", "path of this machine"))]


def test_untouched_lesson_runs(learner, seed, run):
    before = hashlib.sha256(learner.read_bytes()).hexdigest()
    faults = went_wrong(run(learner, seed=seed), learner)
    assert not faults, "\n".join(faults)
    assert hashlib.sha256(learner.read_bytes()).hexdigest() == before


def test_solved_lesson_runs_on_other_seeds(answered, seed, run):
    faults = went_wrong(run(answered, seed=seed), answered)
    assert not faults, "\n".join(faults)


def test_job_runs(job, run):
    faults = went_wrong(run(job), job)
    assert not faults, "\n".join(faults)


def test_a_run_takes_its_seed_and_notices_what_a_lesson_leaves_behind(tmp_path, run):
    cells = [new_code_cell("seed = 0", metadata={"tags": ["parameters"]}),
             new_code_cell("import os, warnings\nprint(seed, os.environ['COURSE_HOME'])"),
             new_code_cell("warnings.warn('old')\nopen('left.txt', 'w').close()")]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=cells, metadata=kernel), tmp_path / "lesson.ipynb")
    with pytest.raises(AssertionError, match="writes into the current directory"):
        run(tmp_path / "lesson.ipynb", seed=5)
    out = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert out.cells[2].outputs[0].text == f"5 {tmp_path / 'workspace'}\n"
    assert [fault for fault in went_wrong(out, tmp_path / "lesson.ipynb") if "stderr" in fault]
