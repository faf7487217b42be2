"""`course run`: what it reports is what happened, and it leaves everything else alone."""
import re

import nbformat
import pytest

from course_lib.author import report, run

HOG = "block = bytearray(150 * 2**20)\nblock[::4096] = b'x' * len(block[::4096])\nimport time; time.sleep(.5)"


def write(folder, name, *sources):
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source, id=f"c{n}") for n, source in enumerate(sources)])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, folder / f"{name}.ipynb")
    return folder / f"{name}.ipynb"


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """Folder, exit code and pages of one run of four lessons, two of which do not reach their end."""
    base = tmp_path_factory.mktemp("a run")
    (base / "home").mkdir()
    paths = [write(base, "00_good", "import os\nprint('at home in', os.environ['COURSE_HOME'])", HOG),
             write(base, "01_raises", "print('before')", "raise ValueError('two <words>')", "print('after')"),
             write(base, "02_dies", "import os\nos._exit(9)"),
             write(base, "03_writes", "open('left.txt', 'w').write('x')\nprint('wr' + 'ote')")]
    before = {path: path.read_bytes() for path in paths}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_HOME", str(base / "home"))
        code = run.main(base / "report", paths)
    assert {path: path.read_bytes() for path in paths} == before
    assert not list((base / "home").iterdir()) and not list(base.rglob("left.txt"))
    return base, code, {path.stem: path.read_text(encoding="utf-8") for path in (base / "report").glob("*.html")}


def test_a_failure_is_the_exit_code_and_stops_no_other(reported):
    _, code, pages = reported
    assert code == 1 and "2 of 4 lessons ran to their end" in pages["index"]
    assert "wrote" in pages["03_writes"]


def test_the_index_says_which_cell_and_why(reported):
    index = reported[2]["index"]
    assert "stopped: cell 2: ValueError: two &lt;words&gt;" in index
    assert re.search(r"02_dies.*?stopped: \w*DeadKernel", index, re.S)


def test_what_ran_before_a_failure_can_be_read(reported):
    assert "before" in reported[2]["01_raises"] and "two &lt;words&gt;" in reported[2]["01_raises"]


def test_memory_is_the_peak_of_the_kernel(reported):
    numbers = {name: int(number) for name, number in
               re.findall(r'href="(\w+)\.html".*?</td>\n<td class="number">(\d+)', reported[2]["index"])}
    # a kernel's own memory differs by some MB from one to the next
    assert 130 <= numbers["00_good"] - numbers["03_writes"] < 300


def test_lessons_run_in_a_workspace_of_their_own(reported):
    base, _, pages = reported
    assert "at home in" in pages["00_good"] and str(base / "home") not in pages["00_good"]


def test_pages_load_nothing_from_elsewhere(reported):
    for name, page in reported[2].items():
        loads = re.findall(r"""<(?:script|link|img|iframe|audio|source)\b[^>]*?(?:src|href)\s*=\s*["']?(?!data:)([^"'>\s]+)""", page)
        assert not loads, (name, loads)
        assert "cdnjs" not in page and "unpkg" not in page and not re.search(r"@import|import\s*\(?\s*[\"']http", page), name


def test_exercises_are_counted_once():
    source = 'answer = check("00.2", answer)\ncheck("00.3", ...)\ncheck("00.2", 1)\n# check("00.9", 1)\nrecheck("00.8")'
    assert set(run.CHECK.findall(source)) == {"00.2", "00.3"}


def test_no_lesson_is_an_error(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(run.workspace, "root", lambda: tmp_path)
    assert run.main(tmp_path / "report") == 1
    assert "course build" in capsys.readouterr().err


def test_the_rows_of_the_index(tmp_path):
    page = report.write([run.Outcome("00_a", 1.25, 200, 4, 3, 2), run.Outcome("01_b")], tmp_path).read_text()
    assert "2 passed, 3 attempted of 4" in page and "2 of 2 lessons" in page and "<td>none</td>" in page
