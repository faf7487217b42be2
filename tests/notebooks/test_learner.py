"""Untouched, every notebook runs from top to bottom: from anywhere, in an empty workspace, on any seed."""
import hashlib

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
