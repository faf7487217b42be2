"""The registry: versions, aliases, lineage, a way back; whole after a crash at any step."""
import contextlib
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from course_lib.cycle import bundle, lineage
from course_lib.cycle.registry import Registry, track
from course_lib.cycle.registry_database import SCHEMA, RegistryError, connect, dump
from course_lib.world.world import World


@pytest.fixture(scope="module")
def made(tmp_path_factory, model, names):
    """Three bundles that stand outside any registry."""
    place = tmp_path_factory.mktemp("made")
    return [bundle.save(model, threshold, names, place, about=dict(seed=3, data="abc")) for threshold in (.4, .5, .6)]


@pytest.fixture
def registry(tmp_path):
    return Registry(tmp_path / "registry")


def test_versions_count_up_and_an_equal_bundle_keeps_its_number(registry, made):
    assert [registry.register(one) for one in (made[0], made[1], made[0])] == [1, 2, 1]
    found = registry.versions()
    assert found["bundle"].tolist() == [made[0].name, made[1].name] and found["threshold"].tolist() == [.4, .5]
    assert registry.bundle(2) == registry.bundles / made[1].name and bundle.load(registry.bundle(2)).threshold == .5


def test_lineage_says_what_a_version_was_made_of(registry, made):
    number = registry.register(made[0])
    row = registry.versions().loc[number]
    assert (row["data"], row["seed"], row["features"]) == ("abc", 3, "mfcc-468-v1")
    assert row["code"] == lineage.code() and row["charter"] == lineage.charter() and len(row["code"]) == 12


def test_fingerprints_follow_content_not_order():
    rows = World(0).recordings("test").head(20)
    assert lineage.data(rows) == lineage.data(rows.sample(frac=1, random_state=1)) != lineage.data(rows.head(19))
    assert lineage.data(rows.assign(label="c01")) != lineage.data(rows)
    with pytest.raises(ValueError, match="no column label"):
        lineage.data(rows.drop(columns="label"))


def test_a_card_is_kept_and_replaced(registry, made):
    number = registry.register(made[0], dict(owner="ML engineer"))
    registry.register(made[0])
    assert registry.card(number) == {"owner": "ML engineer"}
    registry.register(made[0], dict(owner="nobody"))
    assert registry.card(number) == {"owner": "nobody"}


def test_champion_moves_the_pointer_and_rollback_moves_it_back(registry, made):
    for one in made:
        registry.alias("champion", registry.register(one))
    registry.alias("challenger", 1)
    assert registry.champion() == 3 and registry.number("challenger") == 1
    assert registry.versions()["aliases"].tolist() == ["challenger", "", "champion"]
    assert [registry.rollback(), registry.rollback()] == [2, 1] and registry.champion() == 1
    assert bundle.champion(registry.bundles) == registry.bundles / made[0].name
    with pytest.raises(RegistryError, match="no earlier champion"):
        registry.rollback()


def test_crowning_the_champion_again_leaves_the_way_back(registry, made):
    for number in (registry.register(made[0]), registry.register(made[1]), 2):
        registry.alias("champion", number)
    assert registry.rollback() == 1


def test_what_is_not_there_gets_a_sentence(registry, made, tmp_path):
    with pytest.raises(RegistryError, match="no champion"):
        registry.champion()
    registry.register(made[0])
    for wrong in (2, True, "challenger"):
        with pytest.raises(RegistryError, match="there is no version|no version has the alias"):
            registry.bundle(wrong)
    with pytest.raises(RegistryError, match="champion or challenger is expected"):
        registry.alias("winner", 1)
    with pytest.raises(bundle.BundleError, match="missing"):
        registry.register(tmp_path / "nothing")


def test_a_damaged_bundle_is_not_crowned(registry, made):
    for one in made[:2]:
        registry.register(one)
    registry.alias("champion", 1)
    (registry.bundle(2) / bundle.MODEL).write_bytes(b"half")
    for name in ("champion", "challenger"):
        with pytest.raises(bundle.BundleError, match="damaged"):
            registry.alias(name, 2)
    assert registry.champion() == 1
    registry.register(made[1])                           # registering it again mends it
    registry.alias("champion", 2)
    assert registry.champion() == 2


@pytest.mark.parametrize("step", ["before the pointer", "after the pointer"])
def test_a_crash_half_way_leaves_one_whole_champion(registry, made, monkeypatch, step):
    for one in made[:2]:
        registry.register(one)
    registry.alias("champion", 1)

    def dies(*_):
        raise KeyboardInterrupt
    monkeypatch.setattr(*(bundle, "point") if step == "before the pointer" else (Registry, "_note"), dies)
    with pytest.raises(KeyboardInterrupt):
        registry.alias("champion", 2)
    monkeypatch.undo()
    again, serves = Registry(registry.folder), 1 if step == "before the pointer" else 2
    assert again.champion() == serves and bundle.champion(again.bundles).name == made[serves - 1].name
    assert bundle.load(again.bundle("champion")).version == made[serves - 1].name
    assert again.versions()["aliases"].tolist().count("champion") == 1
    if serves == 2:
        assert again.rollback() == 1


@pytest.mark.parametrize("crowned, serves, back", [(1, 1, [3, 2]), (None, 2, [1])])
def test_a_crash_after_the_pointer_keeps_the_way_back(registry, made, monkeypatch, crowned, serves, back):
    """Champions 1, 2, 3; then 1 is crowned again, or a rollback is made (None); it dies before the records are right."""
    for one in made:
        registry.alias("champion", registry.register(one))

    def dies(*_):
        raise KeyboardInterrupt
    with monkeypatch.context() as fault:
        fault.setattr(Registry, "_note", dies)
        with contextlib.suppress(KeyboardInterrupt):
            registry.rollback() if crowned is None else registry.alias("champion", crowned)
    again = Registry(registry.folder)
    assert again.champion() == serves and [again.rollback() for _ in back] == back


def test_a_reader_beside_a_writer_leaves_its_records_alone(registry, made, monkeypatch):
    """Somebody reads the pointer; before the reader looks at the records, another process crowns 1 and then 3."""
    for one in made:
        registry.alias("champion", registry.register(one))
    reader, real = Registry(registry.folder), Registry._history

    def between(self, *tag):
        found = real(self, *tag)
        if self is reader:
            monkeypatch.undo()
            registry.alias("champion", 1)
        return found
    monkeypatch.setattr(Registry, "_history", between)
    bundle.point(registry.bundles, registry.bundles / made[1].name)
    reader.champion()
    assert real(registry) == [1, 2, 1] and bundle.champion(registry.bundles).name == made[0].name


def test_a_crash_in_the_middle_of_registering_leaves_no_half_version(registry, made, monkeypatch):
    registry.alias("champion", registry.register(made[0]))

    def dies(*_, **__):
        raise KeyboardInterrupt
    monkeypatch.setattr(registry.client, "create_model_version", dies)
    with pytest.raises(KeyboardInterrupt):
        registry.register(made[1])
    again = Registry(registry.folder)
    assert len(again.versions()) == 1 and again.champion() == 1
    assert again.register(made[1]) == 2


def test_a_pointer_that_was_moved_by_hand_is_followed(registry, made, model, names):
    registry.alias("champion", registry.register(made[0]))
    other = bundle.save(model, .7, names, registry.bundles)
    bundle.point(registry.bundles, other)
    assert registry.champion() == 2 and registry.versions().loc[2, "bundle"] == other.name
    assert registry.versions().loc[2, "data"] == "not recorded"
    assert registry.rollback() == 1


def test_two_processes_register_one_bundle_once(registry, made, everything, compiled):
    if not everything:
        pytest.skip("two fresh processes import MLflow for `course test --all` only")
    code = "import sys; from course_lib.cycle.registry import Registry; print(Registry(sys.argv[1]).register(sys.argv[2]))"
    children = [subprocess.Popen([sys.executable, "-c", code, str(registry.folder), str(made[0])], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [child.communicate(timeout=120)[0].strip() for child in children] == ["1", "1"]
    assert len(registry.versions()) == 1


def test_runs_are_kept_with_their_settings(tmp_path):
    track("default", dict(C=.03), dict(accuracy=.94), tmp_path)
    track("best", dict(C=1), dict(accuracy=.95), tmp_path)
    found = Registry(tmp_path).runs()
    assert found["name"].tolist() == ["default", "best"] and found["accuracy"].tolist() == [.94, .95] and found["C"].tolist() == ["0.03", "1"]


def test_a_version_names_the_run_that_it_came_from(registry, made):
    ids = registry.track_rows(pd.DataFrame(dict(cost=[180.0, np.nan], threshold=.5), ["default", "best"]), ["threshold"], seed=3)
    number = registry.register(made[0], run=ids["default"])
    assert registry._all()[number].run_id == ids["default"], "MLflow itself keeps the link"
    assert registry.run(number).to_dict() == dict(name="default", seed="3", threshold="0.5", cost=180.0)
    assert registry.register(made[0], run=ids["best"]) == number and registry.run(number)["name"] == "default"
    registry.alias("champion", number)
    assert registry.run("champion").equals(registry.run(number))


def test_a_version_without_a_run_says_so(registry, made):
    with pytest.raises(RegistryError, match="version 1 was registered without a tracked run"):
        registry.run(registry.register(made[0]))
    assert registry.register(made[0], run=(later := registry.track("again", {}, {}))) == 1 and registry.run(1).name == later, "a later one may be named"
    with pytest.raises(RegistryError, match="no tracked run 'gone'"):
        registry.register(made[1], run="gone")
    assert len(registry.versions()) == 1


def test_more_runs_than_a_page_are_all_read(registry, monkeypatch):
    ids = registry.track_rows(pd.DataFrame(dict(accuracy=[1.0, 2.0, 3.0])), seed=0)
    search = registry.client.search_runs
    monkeypatch.setattr(registry.client, "search_runs", lambda *given, **named: search(*given, max_results=2, **named))
    assert registry.runs().index.tolist() == list(ids.values())


def test_the_prepared_database_is_the_one_that_mlflow_makes(tmp_path, everything, monkeypatch):
    if not everything:
        pytest.skip("MLflow's migrations take ten seconds; `course test --all` runs them")
    monkeypatch.setattr("course_lib.cycle.registry_database.prepare", lambda path: None)
    connect(tmp_path, "any")
    assert sorted(dump(tmp_path / "mlflow.sqlite").splitlines()) == sorted(SCHEMA.read_text(encoding="utf-8").splitlines())


def test_the_prepared_database_belongs_to_the_installed_mlflow():
    from mlflow.store.db.utils import _get_latest_schema_revision
    assert f"'{_get_latest_schema_revision()}'" in SCHEMA.read_text(encoding="utf-8")


def test_nothing_is_pickled(registry, made):
    registry.register(made[0])
    assert not list(registry.folder.rglob("*.pkl")) and json.loads((registry.bundle(1) / bundle.NOTE).read_text())["version"] == made[0].name


def test_mlflow_is_imported_only_where_it_is_used(everything, compiled):
    if not everything:
        pytest.skip("a fresh process for `course test --all` only")
    code = "import sys, course_lib.cycle.registry; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
