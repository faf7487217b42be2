"""A learner's files: never overwritten, never half written, whatever else runs or fails."""
import errno
import json
import os
import sqlite3
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from course_lib import export, workspace


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "a home"))
    return tmp_path / "a home"


@pytest.fixture
def notebooks(tmp_path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    write(folder, "first")
    return folder


def write(folder, text, name="00_start_here"):
    content = {"cells": [{"cell_type": "code", "source": text}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / f"{name}.ipynb").write_text(json.dumps(content), encoding="utf-8")


def text_of(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"]


def test_home_is_made_where_the_variable_says_and_else_in_the_repository(own_home, monkeypatch, tmp_path):
    assert workspace.home() == own_home and own_home.is_dir()
    monkeypatch.delenv("COURSE_HOME")
    monkeypatch.setattr(workspace, "root", lambda: tmp_path / "repository")
    monkeypatch.chdir(tmp_path)
    assert workspace.home() == tmp_path / "repository" / "workspace"


def test_a_file_in_place_of_home_is_told(own_home):
    own_home.write_text("")
    with pytest.raises(workspace.WorkspaceError, match="a file stands where a folder is needed.*COURSE_HOME"):
        workspace.home()


@pytest.mark.parametrize("number, words", [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only"),
                                           (errno.EACCES, "may not write")])
def test_a_disk_that_takes_nothing_is_told_in_one_sentence(number, words, monkeypatch):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))
    monkeypatch.setattr(workspace.tempfile, "TemporaryFile", refuse)
    with pytest.raises(workspace.WorkspaceError, match=words) as told:
        workspace.home()
    assert told.value.errno == number and "\n" not in str(told.value) and "Errno" not in str(told.value)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind root or Windows")
def test_a_read_only_folder_is_told(tmp_path, monkeypatch):
    (tmp_path / "locked").mkdir(mode=0o500)
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "locked" / "home"))
    with pytest.raises(workspace.WorkspaceError, match="may not write"):
        workspace.home()


@pytest.mark.parametrize("name", ["0", "00", "start_here", "00_start_here", "00_start_here.ipynb", "00_Start_Here"])
def test_a_lesson_has_several_names(name, notebooks):
    assert workspace.find(name, notebooks).name == "00_start_here.ipynb"


@pytest.mark.parametrize("name", ["", "7", "start", "*", "../00_nothing"])
def test_an_unknown_lesson_names_those_that_there_are(name, notebooks):
    with pytest.raises(workspace.LessonError, match="00_start_here"):
        workspace.find(name, notebooks)


def test_a_copy_is_made_once_and_then_left_alone(notebooks):
    copy = workspace.open_lesson("00", notebooks)
    assert copy == workspace.lessons() / "00_start_here.ipynb" and text_of(copy) == "first"
    content = json.loads(copy.read_text(encoding="utf-8"))
    content["cells"][0]["source"] = "mine"
    copy.write_text(json.dumps(content), encoding="utf-8")
    assert workspace.open_lesson("00", notebooks) == copy and text_of(copy) == "mine"


def test_new_editions_land_beside_old_ones(notebooks):
    first = workspace.open_lesson("00", notebooks)
    for number in range(2, 12):
        write(notebooks, f"text {number}")
        copy = workspace.open_lesson("00", notebooks)
        assert copy.name == f"00_start_here (edition {number}).ipynb" and text_of(copy) == f"text {number}"
        assert workspace.open_lesson("00", notebooks) == copy
    assert text_of(first) == "first"
    write(notebooks, "text 3")                          # an edition that came back
    assert workspace.open_lesson("00", notebooks).name == "00_start_here (edition 3).ipynb"


def test_line_ends_and_indentation_are_no_new_edition(notebooks):
    copy = workspace.open_lesson("00", notebooks)
    source = notebooks / "00_start_here.ipynb"
    source.write_bytes(json.dumps(json.loads(source.read_text()), indent=2).replace("\n", "\r\n").encode())
    assert workspace.open_lesson("00", notebooks) == copy


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b"\xff\xfe", b'{"metadata": 3}'])
def test_a_copy_that_cannot_be_read_stays_and_a_good_one_is_made(broken, notebooks):
    copy = workspace.open_lesson("00", notebooks)
    copy.write_bytes(broken)
    assert workspace.open_lesson("00", notebooks).name == "00_start_here (edition 2).ipynb"
    assert copy.read_bytes() == broken


def test_many_at_once_make_one_copy(notebooks):
    with ThreadPoolExecutor(16) as pool:
        opened = set(pool.map(lambda _: workspace.open_lesson("00", notebooks), range(64)))
    assert [path.name for path in opened] == ["00_start_here.ipynb"]
    assert [path.name for path in workspace.lessons().iterdir()] == ["00_start_here.ipynb"]


def test_without_hard_links_nothing_is_overwritten_either(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EPERM, "no links")
    monkeypatch.setattr(os, "link", refuse, raising=False)
    workspace.place(b"one", tmp_path / "new")
    with pytest.raises(FileExistsError):
        workspace.place(b"two", tmp_path / "new")
    assert (tmp_path / "new").read_bytes() == b"one" and not list(tmp_path.glob(".new*"))


def test_a_full_disk_leaves_no_half_copy(notebooks, monkeypatch):
    lessons = workspace.lessons()

    def half(path, content):
        with open(path, "wb") as file:
            file.write(content[:10])
        raise OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(workspace.WorkspaceError, match="free some space"):
        workspace.open_lesson("00", notebooks)
    assert not list(lessons.iterdir())


def test_reset_moves_every_copy_aside(notebooks):
    assert workspace.reset("00", notebooks) is None
    workspace.open_lesson("00", notebooks)
    write(notebooks, "second")
    workspace.open_lesson("00", notebooks)
    aside = workspace.reset("start_here", notebooks)
    assert {text_of(path) for path in aside.iterdir()} == {"first", "second"}
    assert workspace.open_lesson("00", notebooks).name == "00_start_here.ipynb"
    again = workspace.reset("00", notebooks)
    assert again != aside and len(list(aside.iterdir())) == 2


def test_export_holds_the_work_and_what_the_journal_of_the_ledger_holds(notebooks, own_home, tmp_path):
    workspace.open_lesson("00", notebooks)
    (own_home / "cache").mkdir()
    (own_home / "cache" / "takes.npz").write_bytes(b"x")
    ledger = sqlite3.connect(own_home / "ledger.sqlite")
    ledger.execute("pragma journal_mode=wal")
    ledger.execute("create table t (n)")
    ledger.execute("insert into t values (7)")
    ledger.commit()                                     # still in the journal: the connection is open
    path = export.export()
    ledger.close()
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == ["ledger.sqlite", "lessons/00_start_here.ipynb"]
        archive.extract("ledger.sqlite", tmp_path)
    copy = sqlite3.connect(tmp_path / "ledger.sqlite")
    assert copy.execute("select n from t").fetchall() == [(7,)]
    copy.close()


def exported():
    with zipfile.ZipFile(export.export()) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_a_notebook_that_is_being_saved_is_read_when_it_is_whole(notebooks, own_home):
    copy = workspace.open_lesson("00", notebooks)
    whole, spare = copy.read_text(encoding="utf-8"), copy.with_name(f".~{copy.name}")
    spare.write_text(whole, encoding="utf-8")           # as JupyterLab saves: a copy, an empty file, the new content
    copy.write_text("")

    def end():
        time.sleep(.2)
        copy.write_text(whole.replace("first", "mine"), encoding="utf-8")
        spare.unlink()
    with ThreadPoolExecutor() as pool:
        saving = pool.submit(end)
        assert workspace.open_lesson("00", notebooks) == copy, "no second copy for a save under way"
        assert "mine" in exported()["lessons/00_start_here.ipynb"]
        saving.result()


def test_a_save_cut_off_by_a_crash_is_exported_with_the_copy_beside_it(notebooks, own_home, monkeypatch):
    monkeypatch.setattr(workspace, "SAVING", .1)
    copy = workspace.open_lesson("00", notebooks)
    copy.with_name(f".~{copy.name}").write_text("mine")
    copy.write_text("")
    assert exported() == {"lessons/00_start_here.ipynb": "", "lessons/.~00_start_here.ipynb": "mine"}


def test_export_never_replaces_a_file(own_home, tmp_path):
    taken = tmp_path / "mine.zip"
    taken.write_text("precious")
    with pytest.raises(workspace.WorkspaceError, match="never replaces"):
        export.export(taken)
    assert taken.read_text() == "precious"


def test_two_processes_at_once(notebooks, own_home):
    code = f"from course_lib import workspace as w; from pathlib import Path; print(w.open_lesson('0', Path({str(notebooks)!r})))"
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
                                cwd=Path(workspace.__file__).parents[1]) for _ in range(3)]
    assert {process.communicate()[0].strip() for process in running} == {str(own_home / "lessons" / "00_start_here.ipynb")}
