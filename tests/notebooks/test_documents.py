"""The committed notebooks: solved ones are whole, comparable and readable; the others are as if never opened."""
import nbformat

from course_lib.author.rules import output_faults


def test_solved_notebook_is_compared_whole_and_readable(answered):
    faults = output_faults(nbformat.read(answered, as_version=4), answered.stem, answered.stat().st_size)
    assert not faults, "\n".join(faults)


def test_learner_notebooks_and_jobs_hold_no_outputs(document):
    notebook = nbformat.read(document, as_version=4)
    ran = [n for n, cell in enumerate(notebook.cells) if cell.get("outputs") or cell.get("execution_count")]
    assert bool(ran) == (document.parent.name == "solved"), f"cells that ran: {ran}"


def test_notebook_is_valid_and_asks_for_the_kernel_that_everyone_has(document):
    notebook = nbformat.read(document, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
