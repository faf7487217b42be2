"""Sources become notebooks: a small lesson in a folder of its own, and every way in which it can be wrong."""
import base64
import io
import json
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from PIL import Image

from course_lib.author import build, rules
from course_lib.author.execution import ExecutionError, environment, executed, tidy
from course_lib.author.source import BEGIN, Source, SourceError, learner, marked, read, solved, text_of, without_outputs
from course_lib.learn import check
from course_lib.workspace import root

LESSON = '''\
# %% [markdown]
# # Doubling
# How much is twice as much?

# %% tags=["parameters"]
seed = 0

# %% [markdown]
# Guess before you look.

# %% tags=["guess"] solved={"twice": true, "times": 2}
guess = lambda key, **values: values
guess("07.1", twice=None, times=None, sure=None)

# %% [markdown]
# Write it.

# %%
check = lambda key, answer: answer
# exercise: 07.2
check("07.2", double)(21) if double(1) is not ... else "not yet"
'''
REFERENCE = '"""Twice x."""\nresult = 2 * x\nreturn result'.replace("\n", "\n    ")
REFERENCE = f"def double(x):\n    {REFERENCE}\n"
STUB = 'def double(x):\n    """Twice x."""\n    ...\n'
JOB = '# %% [markdown]\n# # Retrain\n\n# %% tags=["parameters"]\nseed = 0\n'


def answers(key):
    return {"07.2": ("double", REFERENCE, STUB)}[key]


@pytest.fixture
def folder(tmp_path):
    """A folder `notebooks` with one lesson and one job."""
    (tmp_path / "notebooks/source/jobs").mkdir(parents=True)
    (tmp_path / "notebooks/source/07_double_it.py").write_text(LESSON, encoding="utf-8")
    (tmp_path / "notebooks/source/jobs/retrain.py").write_text(JOB, encoding="utf-8")
    return tmp_path / "notebooks"


def write(folder, text):
    path = folder / "source/07_double_it.py"
    path.write_text(text, encoding="utf-8")
    return path


def build_here(folder, **options):
    return build.main(folder=folder, answers=answers, **options)


def cell(notebook, number):
    return notebook.cells[number].source


def output(**data):
    return nbformat.v4.new_output("display_data", data=data)


def shown(*outputs, source="1", count=1, tags=()):
    """An executed notebook of one cell."""
    one = nbformat.v4.new_code_cell(source, outputs=list(outputs), execution_count=count, metadata={"tags": list(tags)})
    return nbformat.v4.new_notebook(cells=[one])


# --- from a source to two notebooks

def test_learner_gets_the_stub_and_the_open_guess(folder):
    notebook = learner(read(folder / "source/07_double_it.py"), answers)
    assert cell(notebook, 5) == ('check = lambda key, answer: answer\ndef double(x):\n    """Twice x."""\n    ...\n'
                                 'check("07.2", double)(21) if double(1) is not ... else "not yet"')
    assert "twice=None, times=None, sure=None" in cell(notebook, 3)
    assert not any(one.get("outputs") or one.get("execution_count") for one in notebook.cells)


def test_solved_gets_the_reference_between_marks_and_the_guess(folder):
    notebook = solved(read(folder / "source/07_double_it.py"), answers)
    assert cell(notebook, 5).splitlines()[1:-1] == [
        "def double(x):", '    """Twice x."""', "    ### BEGIN SOLUTION", "    result = 2 * x", "    return result",
        "    ### END SOLUTION"]
    assert "twice=True, times=2, sure=None" in cell(notebook, 3)


def test_a_choice_with_a_default_is_filled_in_too(folder):
    text = '# %% tags=["guess"] solved={"readers": 24, "why": "it is (still) cheap"}\nchoose(readers=8, why="it is, so")  # 2 or 8\n'
    assert cell(solved(read(write(folder, text)), answers), 0) == "choose(readers=24, why='it is (still) cheap')  # 2 or 8"
    assert 'choose(readers=8, why="it is, so")' in cell(learner(read(write(folder, text)), answers), 0)


@pytest.mark.parametrize("code", ['log["latency_ms"].max()', "send_one(service)    # the time is measured"])
def test_a_measured_time_may_stay_uncompared(folder, code):
    text = LESSON + CODE[:-1] + f' tags=["nbval-ignore-output"]\n{code}\n'
    assert faults(folder, text) == []


def test_neither_notebook_keeps_what_was_guessed_in_its_metadata(folder):
    script = read(folder / "source/07_double_it.py")
    for notebook in (learner(script, answers), solved(script, answers)):
        assert notebook.cells[3].metadata == {"tags": ["guess"]}
    assert "true" not in text_of(learner(script, answers))


def test_an_answer_that_is_no_function_stands_whole_between_the_marks():
    assert marked("share = 3 / 7\n", "share = ...\n") == "### BEGIN SOLUTION\nshare = 3 / 7\n### END SOLUTION"


def test_a_docstring_of_several_paragraphs_stands_before_the_marks(monkeypatch):
    def double(x):
        """Twice a number.

        >>> double(2)
        4
        """
        return 2 * x
    monkeypatch.setattr(check, "find", lambda key: SimpleNamespace(name="double", reference=double, value=False))
    _, reference, stub = check.source_of("00.99")
    assert marked(reference, stub).split(BEGIN)[0].rstrip().endswith('"""') and ">>> double(2)" in stub


def test_a_stub_that_gives_the_answer_away_is_refused():
    with pytest.raises(SourceError, match="stub holds the whole reference"):
        marked(STUB, STUB)


def test_ids_name_lesson_and_position_and_stay_when_a_cell_is_added_below(folder):
    before = learner(read(folder / "source/07_double_it.py"), answers)
    after = learner(read(write(folder, LESSON + "\n# %% [markdown]\n# Done.\n")), answers)
    assert [one.id for one in before.cells] == [one.id for one in after.cells][:-1]
    assert (before.cells[0].id, after.cells[-1].id) == ("07-double-it-000", "07-double-it-006")


def test_same_source_same_bytes_whatever_its_line_ends(folder):
    path = folder / "source/07_double_it.py"
    first = text_of(learner(read(path), answers))
    path.write_bytes(LESSON.replace("\n", "\r\n").encode())
    assert text_of(learner(read(path), answers)) == first
    assert json.loads(first)["nbformat_minor"] == 5 and "\r" not in first and first.endswith("}\n")
    assert list(json.loads(first)) == sorted(json.loads(first))


@pytest.mark.parametrize("text, words", [
    ("# %% [raw]\n# x\n", "cell 0 is a raw cell"),
    ("# %% tag=[\"guess\"]\nx = 1\n", "cell 0 has metadata tag; known are tags"),
    ("# %% solved={\"other\": 1}\nguess('07.1', a=None)\n", "other=... stands 0 times"),
    ("# %% solved={\"a\": 1}\nguess('07.1', a=None); guess('07.3', a=None)\n", "a=... stands 2 times"),
    ("# %%\n# exercise: 07.9\n", "07_double_it, cell 0: 07.9"),
])
def test_what_no_notebook_can_be_made_of_is_named(folder, text, words):
    with pytest.raises(SourceError, match=".*") as refused:
        solved(read(write(folder, text)), answers)
    assert words in str(refused.value)


def test_a_source_that_is_not_utf8_is_named(folder):
    (folder / "source/07_double_it.py").write_bytes("# %%\nname = 'José'\n".encode("latin-1"))
    with pytest.raises(SourceError, match="07_double_it.py is not UTF-8"):
        read(folder / "source/07_double_it.py")


# --- writing and checking

def test_check_passes_what_was_built_and_needs_no_outputs(folder, capsys):
    assert build_here(folder, execute=False) == 0
    assert not (folder / "solved").exists()
    full = solved(read(folder / "source/07_double_it.py"), answers)
    full.cells[5].update(outputs=[nbformat.v4.new_output("stream", text="42\n")], execution_count=3)
    build._write(folder / "solved/07_double_it.ipynb", text_of(full))
    assert build_here(folder, check=True) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["07_double_it", "solved/07_double_it", "jobs/retrain"])
def test_check_finds_one_changed_character(folder, capsys, name):
    script = read(folder / "source/07_double_it.py")
    build_here(folder, execute=False)
    build._write(folder / "solved/07_double_it.ipynb", text_of(solved(script, answers)))
    path = folder / f"{name}.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("seed = 0", "seed = 1"), encoding="utf-8")
    assert build_here(folder, check=True) == 1
    words = capsys.readouterr().err.splitlines()
    assert len(words) == 1
    assert f"notebooks/{name}.ipynb differs from its source in cell 1" in words[0]
    assert f"run `course build {'jobs/retrain' if 'retrain' in name else '07_double_it'}`" in words[0]


@pytest.mark.parametrize("text, words", [
    (None, "is missing"), ("{", "is not a notebook"), ("[]", "is not a notebook"), ("{}", "is not a notebook"),
    ("<<<<<<< HEAD\n", "is not a notebook"),
])
@pytest.mark.parametrize("name", ["07_double_it", "solved/07_double_it"])
def test_check_says_what_is_wrong_with_a_missing_or_broken_notebook(folder, capsys, name, text, words):
    build_here(folder, execute=False)
    build._write(folder / "solved/07_double_it.ipynb", text_of(solved(read(folder / "source/07_double_it.py"), answers)))
    path = folder / f"{name}.ipynb"
    path.unlink() if text is None else path.write_text(text, encoding="utf-8")
    assert build_here(folder, check=True) == 1
    assert f"{name}.ipynb" in (said := capsys.readouterr().err) and words in said


def test_check_names_a_notebook_without_source(folder, capsys):
    build_here(folder, execute=False)
    shutil.copy(folder / "jobs/retrain.ipynb", folder / "jobs/old.ipynb")
    assert build_here(folder, check=True, names=["retrain"]) == 0
    assert build_here(folder, check=True) == 1
    assert "notebooks/jobs/old.ipynb has no source" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["07", "07_double_it", "retrain", "jobs/retrain"])
def test_only_what_is_named_is_built(folder, name):
    assert build_here(folder, names=[name], execute=False) == 0
    built = [path.relative_to(folder).as_posix() for path in folder.rglob("*.ipynb")]
    assert built == ["jobs/retrain.ipynb" if "retrain" in name else "07_double_it.ipynb"]


def test_an_unknown_name_is_answered_with_those_there_are(folder, capsys):
    assert build_here(folder, names=["08"], execute=False) == 1
    said = capsys.readouterr().err
    assert "no source is called 08" in said and "07_double_it, retrain" in said


def test_a_broken_rule_stops_the_build_before_anything_is_written(folder, capsys):
    write(folder, LESSON.replace("seed = 0", "seed = 1"))
    assert build_here(folder, execute=False, names=["07"]) == 1
    assert "07_double_it: cell 1: the parameters lack the line `seed = 0`" in capsys.readouterr().err
    assert not list(folder.rglob("*.ipynb"))


def test_build_runs_the_solved_notebook_and_keeps_its_outputs(folder, monkeypatch):
    monkeypatch.setenv("COURSE_HOME", str(folder / "never"))
    assert build_here(folder, names=["07"]) == 0
    notebook = nbformat.read(folder / "solved/07_double_it.ipynb", as_version=4)
    assert notebook.cells[5].outputs[0].data["text/plain"] == "42"
    assert [one.execution_count for one in notebook.cells if one.cell_type == "code"] == [1, 2, 3]
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert all(set(one.metadata) <= {"tags"} for one in notebook.cells)
    assert build_here(folder, check=True, names=["07"]) == 0
    assert not (folder / "never").exists()


def test_a_lesson_that_fails_keeps_the_committed_notebook_and_names_the_cell(folder, capsys):
    build._write(folder / "solved/07_double_it.ipynb", "as it was")
    write(folder, LESSON + "\n# %% [markdown]\n# Break it.\n\n# %%\n1 / 0\n")
    assert build_here(folder, names=["07"]) == 1
    said = capsys.readouterr().err
    assert "07_double_it, cell 7" in said and "ZeroDivisionError" in said
    assert (folder / "solved/07_double_it.ipynb").read_text() == "as it was"


def test_a_dead_kernel_is_a_sentence():
    notebook = shown(source="import os; os._exit(1)", count=None)
    with pytest.raises(ExecutionError, match="sample.*the kernel died"):
        executed(notebook, "sample")


def test_kernel_works_in_its_own_empty_workspace(tmp_path):
    env = environment(tmp_path / "home")
    code = "import course_lib, os; print(os.environ['COURSE_HOME'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, env=env | {
        name: value for name, value in os.environ.items() if name in ("SYSTEMROOT", "PATH")})
    assert done.stdout.strip() == str(tmp_path / "home"), done.stderr
    assert env["PYTHONPATH"].startswith(str(root()))


# --- the rules for sources

def faults(folder, text):
    script = read(write(folder, text))
    return rules.lesson_faults(script, learner(script, answers))


def test_the_sample_lesson_keeps_to_the_rules(folder):
    assert faults(folder, LESSON) == []


CODE = "\n\n# %% [markdown]\n# Why.\n\n# %%\n"
@pytest.mark.parametrize("text, words", [
    (LESSON.replace(' tags=["parameters"]', ""), "0 cells are tagged parameters"),
    (LESSON + '\n# %% tags=["parameters"]\nseed = 0\n', "2 cells are tagged parameters"),
    (LESSON.replace("seed = 0", "seed = 01"), "lack the line `seed = 0`"),
    (LESSON.replace("# # Doubling", "# Doubling"), "opens with its title"),
    (LESSON.replace('check("07.2", double)(21)', "double(21)"), "exercise 07.2 is never checked"),
    (LESSON + CODE + "# exercise: 07.2\n", "cell 7: exercise 07.2 stands in cell 5 already"),
    (LESSON.replace('"07.1"', '"08.1"'), "guess 08.1 belongs to another lesson"),
    (LESSON.replace('tags=["guess"] solved={"twice": true, "times": 2}', ""), "holds '07.1'; tag it guess"),
    (LESSON + CODE[:-1] + ' tags=["guess"]\nx = 1\n', "tagged guess and holds no guess"),
    (LESSON.replace(' solved={"twice": true, "times": 2}', "").replace("=None", "=1"), "the guess is not open"),
    (LESSON + CODE + "world.truth(rows)\n", "cell 7: asks for the truth before"),
    (LESSON + CODE + "x = 1\n" * 16, "cell 7: 16 lines of code"),
    (LESSON + "\n# %% [markdown]\n# " + "word " * 151, "cell 6: 151 words of prose"),
    (LESSON + CODE + "x = 1\n" + "\n# %%\nx = 1\n" * 3, "cell 10: the 4th code cell in a row"),
    (LESSON + (CODE + "x = 1\n") * 38, "82 cells; at most 80"),
    (LESSON + (CODE + "x = 1\n" * 4) * 6, "the median code cell has 4"),
    (LESSON + (CODE + "x = 1\n" * 9) * 2, "over a tenth of the code cells"),
    (LESSON + "\n# %%\n", "cell 6: is empty"),
    (LESSON + CODE + "x = (1\n", "cell 7: is not plain Python (line 1"),
    (LESSON + CODE + "# %time f()\n", "cell 7: is not plain Python"),
    (LESSON + CODE + "f()  # NBVAL_SKIP\n# NBVAL_IGNORE_OUTPUT\n", "cell 7: keeps nbval from"),
    (LESSON + CODE[:-1] + ' tags=["nbval-skip"]\nf()\n', "cell 7: keeps nbval from"),
    (LESSON + CODE + "interact(f, x=3)\n", "cell 7: shows a live output; tag it nbval-ignore-output"),
    (LESSON + CODE[:-1] + ' tags=["nbval-ignore-output"]\nf()\n', "cell 7: is tagged nbval-ignore-output and shows neither"),
])
def test_a_broken_rule_is_named_with_its_cell(folder, text, words):
    found = faults(folder, text)
    assert any(words in fault and fault.startswith("07_double_it: ") for fault in found), found


def test_an_exercise_of_another_lesson_is_named():
    script = Source("07_double_it", (nbformat.v4.new_code_cell("# exercise: 08.1\ncheck('08.1', x)"),))
    found = list(rules._exercises(script, None))
    assert found == ["cell 0: exercise 08.1 belongs to another lesson; keys begin with 07."]


def test_truth_is_open_from_a_reveal_to_the_next_guess(folder):
    reveal = CODE[:-1] + ' tags=["reveal"]\nworld.truth(rows)\n'
    text = LESSON + reveal + CODE + "world.truth(rows)\n"
    assert faults(folder, text) == []
    guess = CODE[:-1] + ' tags=["guess"]\nguess("07.3", x=None)\n'
    assert any("cell 13" in fault for fault in faults(folder, text + guess + CODE + "world.truth(rows)\n"))


def test_a_job_has_nothing_to_fill_in(folder):
    (folder / "source/jobs/retrain.py").write_text(JOB + "\n# %%\n# exercise: 07.2\n", encoding="utf-8")
    script = read(folder / "source/jobs/retrain.py")
    assert rules.job_faults(script, learner(script, answers)) == [
        "jobs/retrain: cell 2: a job has no learner; move the exercise or guess into a lesson"]


# --- the rules for what a solved notebook shows

PIXEL = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")


@pytest.mark.parametrize("notebook, words", [
    (shown(count=None), "has no execution count"),
    (shown(nbformat.v4.new_output("stream", name="stderr", text="a\nUserWarning: b\n")), "stderr: UserWarning: b"),
    (shown(nbformat.v4.new_output("error", ename="KeyError", evalue="'a'")), "ends in KeyError"),
    (shown(nbformat.v4.new_output("stream", text="saved /home/ada/x.csv")), "path of this machine, /home/ada"),
    (shown(output(**{"text/plain": "PosixPath('/tmp/a')"})), "path of this machine, /tmp/a"),
    (shown(output(**{"text/html": "<b>C:\\Users\\ada</b>"})), "path of this machine, C:\\Users"),
    (shown(output(**{"image/png": PIXEL})), "a picture without alt text"),
    (shown(output(**{"text/html": f'<img src="data:image/png;base64,{PIXEL}">'})), "an <img> without alt text"),
    (shown(output(**{"text/html": f'<img alt="" src="data:image/png;base64,{PIXEL}">'})), "an <img> without alt"),
    (shown(output(**{"application/vnd.jupyter.widget-view+json": {}})), "the view of a widget"),
])
def test_what_readers_or_nbval_cannot_use_is_named(notebook, words):
    found = rules.output_faults(notebook, "x", 1)
    assert len(found) == 1 and words in found[0] and found[0].startswith("x: cell 0: ")


@pytest.mark.parametrize("notebook", [
    shown(nbformat.v4.new_output("stream", text="http://127.0.0.1:8000/home/x and 3/4 and/or 1 / 2\n")),
    shown(output(**{"text/html": f'<img src="data:image/png;base64,{PIXEL}" alt="It falls">'})),
    shown(output(**{"text/html": "<audio src='data:audio/wav;base64,/tmp/abcd/home/efgh'></audio>"})),
    shown(nbformat.v4.new_output("error", ename="KeyError", evalue="'a'"), tags=["raises-exception"]),
])
def test_what_readers_and_nbval_can_use_passes(notebook):
    assert rules.output_faults(notebook, "x", 1) == []


def test_too_large_a_notebook_is_named():
    assert rules.output_faults(shown(), "x", 2_500_000) == ["x: 2.5 MB; at most 1.2 are expected"]


def test_tidy_keeps_what_readers_need_alone():
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "run this cell"}
    notebook = shown(output(**view), nbformat.v4.new_output(
        "error", ename="KeyError", evalue="'a'", traceback=["/home/ada/x.py", "line"]), tags=["raises-exception"])
    notebook.metadata.update(widgets={"state": 1}, papermill={"duration": 3})
    notebook.cells[0].metadata["papermill"] = {"duration": 3}
    tidy(notebook)
    assert notebook.cells[0].outputs[0].data == {"text/plain": "run this cell"}
    assert notebook.cells[0].outputs[1].traceback == ["KeyError: 'a'"]
    assert notebook.metadata == {} and notebook.cells[0].metadata == {"tags": ["raises-exception"]}


def test_tidy_makes_a_figure_small_and_keeps_its_size_and_look():
    ramp = np.zeros((120, 200, 3), np.uint8)
    ramp[..., 0], ramp[..., 2] = np.linspace(0, 255, 200), np.linspace(0, 255, 120)[:, None]
    memory = io.BytesIO()
    Image.fromarray(ramp).save(memory, "png", compress_level=0)
    small = tidy(shown(output(**{"image/png": base64.b64encode(memory.getvalue()).decode()})))
    data = base64.b64decode(small.cells[0].outputs[0].data["image/png"])
    again = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), int)
    assert len(data) < len(memory.getvalue()) / 3
    assert again.shape == ramp.shape and np.abs(again - ramp).mean() < 12


def test_without_outputs_leaves_the_notebook_as_it_was():
    notebook = shown(nbformat.v4.new_output("stream", text="a"))
    bare = without_outputs(notebook)
    assert bare.cells[0].outputs == [] and bare.cells[0].execution_count is None
    assert notebook.cells[0].outputs and notebook.cells[0].execution_count == 1
