"""Jobs: what runs is on record, equal inputs give an equal version, a failure leaves the champion and the registry whole."""
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course_lib.cycle import batch, bundle, jobs, manifest, monitor
from course_lib.cycle.registry import Registry
from course_lib.cycle.registry_database import RegistryError
from course_lib.cycle.spared import without
from course_lib.world import features
from course_lib.world.world import World

ADD = ["seed = 0\nword = 'a'", "print(word)", "if word == 'bad':\n    raise ValueError('no such word\\nsecond line')", "import json; print(json.dumps(dict(seed=seed, word=word)))"]


@pytest.fixture
def notebooks(tmp_path):
    """A folder with one small job, `add`."""
    tags = [["parameters"], [], [], ["result"]]
    cells = [new_code_cell(text, metadata={"tags": tag}) for text, tag in zip(ADD, tags)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    (tmp_path / "jobs").mkdir()
    nbformat.write(new_notebook(cells=cells, metadata=kernel), tmp_path / "jobs" / "add.ipynb")
    return tmp_path / "jobs"


def test_a_record_shows_parameters_and_result_and_is_never_replaced(notebooks, tmp_path, compiled):
    before = (notebooks / "add.ipynb").read_bytes()
    first = jobs.run("add", tmp_path / "records", notebooks, word="b")
    assert first.name == "add-0001.ipynb" and jobs.result(first) == {"seed": 0, "word": "b"} and jobs.parameters(first) == {"word": "b"}
    with pytest.raises(jobs.JobError, match="never replaced"):
        jobs.run("add", first, notebooks)
    with pytest.raises(jobs.JobError, match=r"failed in cell 4: ValueError: no such word \(record: add-0002"):
        jobs.run("add", tmp_path / "records", notebooks, word="bad")
    assert "no such word" in (tmp_path / "records" / "add-0002.ipynb").read_text()
    with pytest.raises(jobs.JobError, match="not the record of a job that ended"):
        jobs.result(tmp_path / "records" / "add-0002.ipynb")
    assert (notebooks / "add.ipynb").read_bytes() == before


def test_a_kernel_that_dies_is_a_sentence_and_leaves_its_record(tmp_path, notebooks, compiled):
    made = nbformat.read(notebooks / "add.ipynb", 4)
    made.cells[2].source = "import os\nos._exit(1)"
    nbformat.write(made, notebooks / "dies.ipynb")
    with pytest.raises(jobs.JobError, match=r"the job dies died: .*\(record: dies-0001.ipynb\)"):
        jobs.run("dies", tmp_path / "records", notebooks)
    assert "print(word)" in (tmp_path / "records" / "dies-0001.ipynb").read_text()
    with pytest.raises(jobs.JobError, match="not the record of a job that ended"):
        jobs.result(tmp_path / "records" / "dies-0001.ipynb")


def test_jobs_that_start_together_get_records_of_their_own(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: jobs._record("add", tmp_path / "records"), range(40)))
    assert sorted(path.name for path in found) == [f"add-{n:04d}.ipynb" for n in range(1, 41)]

    def named(_):
        try:
            return jobs._record("add", tmp_path / "one.ipynb")
        except jobs.JobError as error:
            return str(error)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(named, range(8)))
    assert found.count(tmp_path / "one.ipynb") == 1 and sum("never replaced" in str(one) for one in found) == 7


def test_a_triggered_job_runs_when_its_signal_is_over_the_limit_and_only_then(monkeypatch, tmp_path):
    ran = []
    monkeypatch.setattr(jobs, "run", lambda name, out, **given: ran.append((name, given)) or out / "add-0001.ipynb")
    quiet, limit = [.10, .14, .2, .19], .2
    assert [jobs.triggered(share, limit, "add", tmp_path, word="b") for share in quiet] == [None] * 4 and ran == []
    assert jobs.triggered(.31, limit, "add", tmp_path, word="b") == tmp_path / "add-0001.ipynb" and ran == [("add", dict(word="b"))]
    for signal, bound in ((float("nan"), limit), (.31, float("nan"))):
        with pytest.raises(jobs.JobError, match="a day without a signal is not a quiet day"):
            jobs.triggered(signal, bound, "add", tmp_path)
    assert len(ran) == 1


def test_what_a_job_cannot_take_is_said_before_it_runs(notebooks, tmp_path):
    with pytest.raises(jobs.JobError, match="no job 'fit'; there are add"):
        jobs.run("fit", tmp_path / "records", notebooks)
    with pytest.raises(jobs.JobError, match="takes no words; it takes seed, word"):
        jobs.run("add", tmp_path / "records", notebooks, words="b")
    with pytest.raises(jobs.JobError, match="the parameter word is list"):
        jobs.run("add", tmp_path / "records", notebooks, word=["b"])
    assert not (tmp_path / "records").exists()
    for wrong in ("nothing.ipynb", "text.ipynb"):
        (tmp_path / "text.ipynb").write_text("no notebook")
        for read in (jobs.result, jobs.parameters):
            with pytest.raises(jobs.JobError, match="is not the record"):
                read(tmp_path / wrong)


@pytest.fixture(scope="module")
def retrained(tmp_path_factory):
    """A registry after the job ran on a manifest of two readers, and the job's record."""
    place = tmp_path_factory.mktemp("retrained")
    rows = World(3).recordings("train")
    path = manifest.write(rows[rows["speaker"].isin(sorted(rows["speaker"].unique())[:2])], place / "rows.csv")
    return place, path, jobs.run("retrain", place / "records", seed=3, data=path, threshold=.4, folder=place / "registry")


def test_the_same_inputs_give_the_same_version(retrained):
    place, path, record = retrained
    again = jobs.run("retrain", place / "records", seed=3, data=path, threshold=.4, folder=place / "registry")
    assert jobs.result(again) == jobs.result(record) and again != record
    registry = Registry(place / "registry")
    assert registry.versions()["bundle"].tolist() == [jobs.result(record)["version"]]
    made = bundle.load(registry.bundle(1))
    assert made.threshold == .4 and made.about["seed"] == 3 and made.about["data"] == jobs.result(record)["data"]


def test_a_job_sets_the_first_champion_and_replaces_none(retrained, tmp_path):
    registry = Registry(tmp_path / "registry")
    for alias in ("champion", "challenger", ""):
        registry.open_to(alias)                          # nothing serves yet
    registry.alias("champion", registry.register(retrained[0] / "registry" / "bundles" / jobs.result(retrained[2])["version"]))
    for alias in ("challenger", ""):
        registry.open_to(alias)
    with pytest.raises(RegistryError, match="a champion serves, .*register a challenger, let it pass the gate"):
        registry.open_to("champion")
    with pytest.raises(jobs.JobError, match="failed in cell .*RegistryError: a champion serves"):
        jobs.run("retrain", tmp_path / "records", seed=3, data=retrained[1], threshold=.6, folder=registry.folder, alias="champion")
    assert len(registry.versions()) == 1 and registry.champion() == 1
    with pytest.raises(RegistryError, match="the alias is 'winner'"):
        registry.open_to("winner")


@pytest.mark.skipif(os.name != "posix", reason="kills a group of processes")
def test_a_job_that_fails_or_is_killed_leaves_champion_and_registry_whole(retrained, tmp_path, everything, compiled):
    if not everything:
        pytest.skip("three kernels are started for `course test --all` only")
    place, path, record = retrained
    registry = Registry(place / "registry")
    registry.alias("champion", 1)
    (tmp_path / "bad.csv").write_text("recording,label\n-5,c01\n")
    with pytest.raises(jobs.JobError, match="ManifestError: the manifest bad.csv, row 2: recording -5 is not a take"):
        jobs.run("retrain", tmp_path, seed=3, data=tmp_path / "bad.csv", folder=place / "registry")
    code = "import sys; from course_lib.cycle import jobs; jobs.run('retrain', sys.argv[1], seed=3, folder=sys.argv[2])"
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "killed"), str(place / "registry")], start_new_session=True)
    until = time.monotonic() + 120
    while not list((tmp_path / "killed").glob("*.ipynb")) and time.monotonic() < until:
        time.sleep(.2)
    time.sleep(1)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    again = Registry(place / "registry")
    assert again.champion() == 1 and len(again.versions()) == 1
    assert bundle.load(bundle.champion(again.bundles)).version == jobs.result(record)["version"]


def test_a_manifest_says_what_it_holds_and_what_is_wrong_with_it(tmp_path):
    world = World(0)
    rows = manifest.rows(world, "launch").head(50)
    found = manifest.rows(world, manifest.write(rows.sample(frac=1, random_state=0), tmp_path / "rows.csv"))
    assert set(found["recording"]) == set(rows["recording"]) and world.features(found).shape == (50, 468)
    text = (tmp_path / "rows.csv").read_text()
    take = text.splitlines()[1].split(",")[0]
    faults = {"recording,label\n": "has no rows", "recording\n1\n": "has no column label", "recording,label\nx,c01\n": "row 2: recording x is not a take",
              f"recording,label\n{take},c99\n": "row 2: label c99 is not a card", f"recording,label\n{take},c01\n{take},c02\n": "has two labels"}
    for content, words in faults.items():
        (tmp_path / "bad.csv").write_text(content)
        with pytest.raises(manifest.ManifestError, match=words):
            manifest.rows(world, tmp_path / "bad.csv")
    for name in ("lunch", tmp_path / "nothing.csv"):
        with pytest.raises(manifest.ManifestError, match="recipes|is not there"):
            manifest.rows(world, name)
    with pytest.raises(manifest.ManifestError, match="no column label"):
        manifest.write(rows.drop(columns="label"), tmp_path / "x.csv")


def test_a_batch_decides_as_one_at_a_time_and_survives_bad_clips(model, names, utterances, wav, tmp_path):
    made = bundle.load(bundle.save(model, .5, names, tmp_path))
    bodies = {f"r{i:02d}": wav(clip) for i, clip in enumerate(utterances[:20])}
    found = batch.answers(made, bodies | {"silent": wav([0.] * 4000), "text": b"no sound", "r48": wav(utterances[0].repeat(6), 48_000)})
    one = [monitor.answers(model, features.features([_heard(body)], 8_000), .5)["shown"][0] for body in bodies.values()]
    assert found["decision"].tolist()[:20] == one and (found["failure"][:20] == "").all()
    assert found.set_index("id")["failure"].loc[["silent", "text"]].tolist() == ["is silent", "not a WAV file"]
    assert found.set_index("id").loc["r48", "failure"] == "" and found["decision"].isna().sum() == 2
    assert batch.answers(made, {"text": b"no sound"})["failure"].tolist() == ["not a WAV file"]


def _heard(body):
    from course_lib.cycle.wav import decode
    return decode(body)[0]


def test_a_batch_is_read_from_a_folder(tmp_path):
    assert len(batch.read()) == 40
    (tmp_path / "a.wav").write_bytes(b"x")
    assert batch.read(tmp_path) == {"a": b"x"}
    (tmp_path / "a.wav").unlink()
    with pytest.raises(FileNotFoundError, match="holds no WAV file"):
        batch.read(tmp_path)


def test_an_optional_module_is_left_out_of_imports_only_meanwhile(monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with without("colorsys"), pytest.raises(ImportError):
        import colorsys
    import colorsys
    with without("colorsys"):
        import colorsys as again
    assert again is colorsys and sys.modules["colorsys"] is colorsys
