"""Lesson 06: your version beside the champion; the way back, drilled; its sample of audio, whose it is, and what it promises."""
import pytest

from course_lib.cycle import bundle, lineage, process, train
from course_lib.cycle.registry import Registry
from course_lib.learn import lesson
from course_lib.lessons import deploy_challenger as challenger
from course_lib.lessons import deploy_consent as consent
from course_lib.lessons import deploy_live as live
from course_lib.world.world import World


def test_the_drill_leads_back_to_the_version_before_and_fails_no_request(tmp_path, model, names, body, compiled):
    """How soon, test_process measures: here four clients and the service share what the machine has left."""
    registry = Registry(tmp_path / "registry")
    first, second = (registry.register(bundle.save(model, threshold, names, registry.bundles)) for threshold in (.5, 1.0))
    registry.alias("champion", first)
    with process.start(registry.bundles, f"sqlite:///{(tmp_path / 'log.sqlite').as_posix()}") as service:
        drill = live.drill(registry, service, second, body)
        log = service.log()
    assert drill["versions that answered"] == 2 and drill["failed requests"] == 0
    assert registry.champion() == first and bundle.champion(registry.bundles) == registry.bundle(first)
    order = log["version"].tolist()                         # both answered, the one before last
    assert len(order) == drill["answers in between"] and order[0] == registry.bundle(second).name and order[-1] == registry.bundle(first).name


def test_answers_of_two_bundles_are_compared_one_by_one(tmp_path, model, names):
    saved, again, strict = (bundle.save(model, threshold, names, tmp_path / place) for place, threshold in (("a", .5), ("b", .5), ("b", 1.0)))
    assert saved != again and saved.name == again.name
    assert live.same_answers(0, saved, again) == 200
    assert live.same_answers(0, saved, strict) < 100        # which says "sorry?" to nearly all


def test_a_model_made_again_is_compared_number_by_number_and_other_data_show(tmp_path, model, names):
    rows = World(0).recordings("train")
    saved, again = (bundle.save(model, .5, names, tmp_path / place) for place in ("a", "b"))
    found = live.gaps(0, saved, {"again": again}, without=rows)
    assert found.loc["again"].tolist() == [0, 0]
    assert found.loc["a reader less", "largest gap"] > 0
    fewer = rows[rows["speaker"] != rows["speaker"].iloc[-1]]
    other = train.recognizer().fit(World(0).features(fewer), fewer["label"].to_numpy(str))
    changed = bundle.save(other, .5, names, tmp_path / "b")
    assert changed.name != saved.name and live.gaps(0, saved, {"changed": changed}, without=rows).loc["changed", "largest gap"] > 0


def test_only_users_of_the_first_week_are_asked_and_agree_in_their_shares():
    table, week = consent.weeks(0)
    agree = consent.agreeing(0)
    assert set(agree) <= set(week.index)
    good = week <= consent.GOOD
    assert agree.isin(week.index[good]).sum() / good.sum() == pytest.approx(consent.POLITE, abs=.12)
    assert agree.isin(week.index[~good]).sum() / (~good).sum() == pytest.approx(consent.CROSS, abs=.1)
    assert consent.consents(0)["consent"].mean() < 1 and len(consent.consents(0)) == len(table)


def test_without_sway_the_sample_is_like_the_rest():
    assert consent.flattering(0, by_experience=False).value == pytest.approx(1, abs=.1)
    assert consent.flattering(0).value < .9


@pytest.fixture
def crowned(tmp_path, monkeypatch, model, names):
    """A registry in an empty workspace whose champion is the launch model, its bundle, and the rows that it learnt from."""
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    registry, rows = Registry(), World(0).recordings("train")
    saved = bundle.save(model, .5, names, registry.bundles, about=lineage.about(0, rows))
    registry.alias("champion", registry.register(saved))
    return registry, saved, rows


def test_your_version_is_the_champion_until_you_decide_otherwise_and_then_the_challenger(crowned):
    registry, saved, rows = crowned
    assert challenger.register(registry, 0, saved, rows) == "yours: default (the course's), threshold 0.5 (the course's); the champion itself"
    assert registry.versions()["aliases"].tolist() == ["champion"]
    lesson.begin("05", 0)
    lesson.decide("threshold", .9)
    said = challenger.register(registry, 0, saved, rows)
    assert said.startswith("yours: default (the course's), threshold 0.9 (lesson 05); the challenger: ") and "; 0 of" not in said
    assert registry.versions()["aliases"].tolist() == ["champion", "challenger"] and registry.versions()["threshold"].tolist() == [.5, .9]
    lesson.begin("04", 0)
    lesson.decide("model", "discriminants")
    assert "yours: discriminants (lesson 04), threshold 0.9 (lesson 05); the challenger: " in challenger.register(registry, 0, saved, rows)
    mine = bundle.load(registry.bundle("challenger"))
    assert (mine.about["kind"], mine.threshold) == ("discriminants", .9) and registry.champion() == 1
