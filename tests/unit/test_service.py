"""The service in process: what it answers, logs and refuses; releases by their settings."""
import contextlib
import time
import warnings

import numpy as np
import pandas as pd
import pytest
import schemathesis
import schemathesis.specs.openapi.checks as described
with warnings.catch_warnings():                          # it asks for a successor of httpx
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin

from course_lib.cycle import bundle, release
from course_lib.cycle.bundle import Bundle
from course_lib.cycle.consented import ConsentedAudio
from course_lib.cycle.intake import Limits
from course_lib.cycle.log import RequestLog
from course_lib.cycle.service import create_app


@pytest.fixture(scope="module")
def place(tmp_path_factory, model, names):
    folder = tmp_path_factory.mktemp("service") / "bundles"
    bundle.point(folder, bundle.save(model, .5, names, folder))
    return folder


@contextlib.contextmanager
def client(folder, path, audio=None, **limits):
    log = RequestLog(f"sqlite:///{path.as_posix()}")
    app = create_app(folder, log, Limits(**(dict(poll_s=.02) | limits)), audio)
    with TestClient(app, raise_server_exceptions=False) as http:
        http.log, http.desk = log, app.state.desk
        yield http


@pytest.fixture(scope="module")
def shared(place, tmp_path_factory):
    with client(place, tmp_path_factory.mktemp("log") / "log.sqlite") as http:
        yield http


@pytest.fixture
def http(folder, tmp_path):
    with client(folder, tmp_path / "log.sqlite") as one:
        yield one


@pytest.fixture
def strict(folder, model, names):
    """The version of a challenger that says "sorry" to everything."""
    return bundle.save(model, 1.0, names, folder).name


def follows(http, mode):
    ends = time.time() + 5
    while http.get("/healthz").json()["mode"] != mode and time.time() < ends:
        time.sleep(.01)
    return http.get("/healthz").json()


def test_an_answer_and_its_row(shared, body):
    said = shared.post("/recognize", content=body, headers={"x-device": "phone", "x-user": "u1", "x-day": "3"}).json()
    row = shared.log.requests().set_index("request_id").loc[said["request_id"]]
    assert (row["device"], row["user"], row["day"], row["version"], row["sample_rate"]) == ("phone", "u1", 3, said["version"], 8_000)
    assert row["decision"] == (said["card"] or "sorry") and round(row["confidence"], 4) == said["confidence"] and row["failure"] is None
    assert row["features"].shape == (468,) and row["scores"].sum() == pytest.approx(1, abs=1e-5)


def test_no_audio_is_kept(shared, body, place, tmp_path):
    shared.post("/recognize", content=body)
    for table in (shared.log.requests(), shared.log.feedback()):
        kept = [value.tobytes() if isinstance(value, np.ndarray) else value for value in table.to_numpy().ravel()]
        assert not any(isinstance(value, bytes) and body[100:160] in value for value in kept)


def test_audio_is_kept_of_users_who_agreed_and_of_nobody_else(place, body, tmp_path):
    audio = ConsentedAudio(tmp_path / "audio")
    with client(place, tmp_path / "log.sqlite", audio) as http:
        said = [http.post("/recognize", content=sent, headers=headers) for sent, headers in (
            (body, {"x-consent": "audio"}), (body, {}), (b"junk", {"x-consent": "audio"}), (body, {"x-consent": "yes"}))]
        assert [answer.status_code for answer in said] == [200, 200, 400, 422]
        assert audio.ids() == [said[0].json()["request_id"]] and audio.body(audio.ids()[0]) == body


def test_without_a_folder_consent_keeps_nothing(shared, body, place, tmp_path):
    before = {path.name for path in place.parent.rglob("*")}
    assert shared.post("/recognize", content=body, headers={"x-consent": "audio"}).status_code == 200
    assert {path.name for path in place.parent.rglob("*")} == before and shared.desk.audio is None


def test_an_answer_does_not_wait_for_audio_that_cannot_be_kept(place, body, tmp_path):
    audio = ConsentedAudio(tmp_path / "audio")
    with client(place, tmp_path / "log.sqlite", audio) as http:
        audio.folder.rmdir()
        assert http.post("/recognize", content=body, headers={"x-consent": "audio"}).status_code == 200
        assert "consented audio cannot be kept" in http.get("/healthz").json()["fault"]
        audio.folder.mkdir()
        http.post("/recognize", content=body, headers={"x-consent": "audio"})
        assert http.get("/healthz").json()["fault"] == "" and len(audio.ids()) == 1


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(junk=st.binary(max_size=400), cut=st.integers(0, 400), kind=st.sampled_from(["junk", "cut", "header", "middle"]))
def test_no_body_ends_in_a_500(shared, body, junk, cut, kind):
    sent = dict(junk=junk, cut=body[:cut], header=body[:4] + junk + body[4 + len(junk):], middle=body[:44] + junk + body[44:])[kind]
    answer = shared.post("/recognize", content=sent)
    assert answer.status_code in (200, 400, 413) and ("error" in answer.json()) == (answer.status_code != 200)


def test_malformed_bodies_by_the_thousand(shared, body, everything):
    """Flipped, cut, doubled bytes, mostly in the header: a refusal with words or an answer, and the champion goes on."""
    rng = np.random.default_rng(7)
    for number in range(10_000 if everything else 300):
        sent = bytearray(body[:int(rng.integers(1, len(body)))] if number % 3 == 0 else body)
        for at in rng.integers(0, min(len(sent), 60 if number % 2 else len(sent)), size=int(rng.integers(1, 8))):
            sent[at] = int(rng.integers(256))
        answer = shared.post("/recognize", content=bytes(sent))
        assert answer.status_code in (200, 400, 413), (number, answer.text)
        assert answer.json().keys() >= ({"request_id"} if answer.status_code == 200 else {"error", "hint"})
    assert shared.post("/recognize", content=body).status_code == 200


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(["x-device", "x-user", "x-day", "x-consent"]), value=st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=90))
def test_no_header_ends_in_a_500_or_in_a_path(shared, body, name, value):
    answer = shared.post("/recognize", content=body, headers={name: value.encode("latin-1")})
    assert answer.status_code in (200, 422)
    if any(odd in value for odd in "/\\;$ "):
        assert answer.status_code == 422


@pytest.mark.parametrize("sent", ["", "{", "[]", "{}", '{"request_id": "0"}', '{"request_id": null, "kind": "wrong"}',
                                  '{"request_id": "%s", "kind": "wrong", "more": 1}' % ("0" * 32), '{"kind": ' + "[" * 500 + "]" * 500 + "}", "\ud800"])
def test_odd_feedback_is_refused_in_words(shared, sent):
    answer = shared.post("/feedback", content=sent.encode("utf-8", "surrogatepass"), headers={"content-type": "application/json"})
    assert answer.status_code == 422 and {"error", "hint"} == set(answer.json())


@schemathesis.serializer("audio/wav")
def as_it_is(_, value):
    """A body of bytes goes out as it is."""
    return value if isinstance(value, bytes) else getattr(value, "data", None) or str(value).encode("utf-8", "replace")


OPERATIONS = [("POST", "/recognize"), ("POST", "/feedback"), ("GET", "/healthz"), ("GET", "/model"), ("GET", "/metrics")]


@pytest.fixture(scope="module")
def api(place, tmp_path_factory):
    """The API as it describes itself."""
    log = RequestLog(f"sqlite:///{(tmp_path_factory.mktemp('api') / 'log.sqlite').as_posix()}")
    yield schemathesis.openapi.from_asgi("/openapi.json", create_app(place, log))
    log.close()


def test_the_description_names_every_path(api):
    assert {(one.ok().method.upper(), one.ok().path) for one in api.get_all_operations()} == set(OPERATIONS)


@pytest.mark.parametrize("method, path", OPERATIONS)
def test_the_api_keeps_to_its_own_description(api, method, path):
    """Whatever fits the description, and what does not: never a 500, only statuses, types and bodies that are described."""
    checks = [schemathesis.checks.not_a_server_error, described.status_code_conformance, described.content_type_conformance,
              described.response_schema_conformance]
    modes = list(schemathesis.GenerationMode) if method == "POST" else [schemathesis.GenerationMode.POSITIVE]
    for mode in modes:                                   # a GET without parameters cannot be wrong
        @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=api[path][method].as_strategy(generation_mode=mode))
        def keeps(case):
            case.call_and_validate(checks=checks)
        keeps()


def test_shadow_answers_are_logged_and_not_shown(http, folder, strict, body):
    release.write(folder, "shadow", strict)
    assert follows(http, "shadow")["challenger"] == strict
    said = [http.post("/recognize", content=body).json() for _ in range(5)]
    assert {answer["version"] for answer in said} == {http.desk.bundle.version}
    unseen = http.log.shadows()
    assert unseen["request_id"].tolist() == [answer["request_id"] for answer in said]
    assert (unseen["version"] == strict).all() and (unseen["decision"] == "sorry").all() and unseen["failure"].isna().all()


def test_one_device_always_sees_one_model_and_the_share_is_as_set(http, folder, strict, body):
    release.write(folder, "canary", strict, .3)
    follows(http, "canary")
    for number in range(600):
        http.post("/recognize", content=body, headers={"x-user": f"u{number % 200}", "x-device": "phone"})
    log = http.log.requests()
    assert (log.groupby("user")["version"].nunique() == 1).all()
    share = (log["version"] == strict).mean()
    assert abs(share - .3) < 4 * np.sqrt(.3 * .7 / 200)
    expected = log["user"].map(lambda user: strict if release.bucket(user, "release-1") < .3 else http.desk.bundle.version)
    assert (log["version"] == expected).all()


def test_blue_green_and_back(http, folder, strict, body):
    release.write(folder, "blue-green", strict)
    follows(http, "blue-green")
    assert http.post("/recognize", content=body).json()["version"] == strict
    release.back(folder)
    follows(http, "off")
    assert http.post("/recognize", content=body).json()["version"] != strict


class Broken(ClassifierMixin, BaseEstimator):
    """A model that fails in one of several ways."""
    def __init__(self, how):
        self.how, self.classes_ = how, np.array(["c01", "c02"])

    def predict_proba(self, X):
        if self.how == "nan":
            return np.full((len(X), 2), np.nan)
        raise {"value": ValueError("467 features"), "memory": MemoryError(), "empty": RuntimeError()}[self.how]


@pytest.mark.parametrize("how", ["value", "memory", "empty", "nan"])
def test_a_challenger_that_fails_harms_nobody(folder, tmp_path, body, how):
    bad = Bundle(Broken(how), .5, dict(c01="c01", c02="c02"), dict(c01="A", c02="B"), {}, "f" * 12)
    with client(folder, tmp_path / "log.sqlite", poll_s=99) as http:      # the settings stand in memory only
        champion = http.desk.bundle
        for mode in ("blue-green", "shadow"):
            http.desk.serving = release.Serving(champion, bad, release.Release(mode, "f" * 12))
            answer = http.post("/recognize", content=body)
            assert answer.status_code == 200 and answer.json()["version"] == champion.version
        log = http.log.requests()
        assert log["failure"].iloc[0].startswith(f"challenger {'f' * 12} failed: ") and pd.isna(log["failure"].iloc[1])
        assert http.log.shadows()["failure"].iloc[0]
        http.desk.serving = release.Serving(bad)
        answer = http.post("/recognize", content=body)
        assert answer.status_code == 503 and answer.json()["error"] == "the model failed"


def test_too_many_at_once_and_too_large(place, tmp_path, body):
    with client(place, tmp_path / "log.sqlite", at_once=0, max_bytes=1_000) as http:
        busy = http.post("/recognize", content=b"RIFF")
        assert busy.status_code == 503 and busy.headers["retry-after"] == "1"
        assert http.post("/feedback", content=b"x" * 2_000).status_code == 413
        assert http.log.requests()["failure"].tolist() == ["503 too many requests at once"]


def test_a_corrupt_champion_and_damaged_settings_leave_the_service_answering(http, folder, strict, body):
    before = http.post("/recognize", content=body).json()["version"]
    (folder / strict / bundle.MODEL).write_bytes(b"broken")
    for name, text in ((bundle.POINTER, f'{{"bundle": "{strict}"}}'), (release.FILE, "{")):
        (folder / name).write_text(text)
        ends = time.time() + 5
        while not http.get("/healthz").json()["fault"] and time.time() < ends:
            time.sleep(.01)
        assert http.get("/healthz").json()["fault"] and http.post("/recognize", content=body).json()["version"] == before


def test_metrics_count_what_happened(http, body):
    http.post("/recognize", content=body)
    http.post("/recognize", content=b"no")
    text = http.get("/metrics").text
    assert 'status="400"} 1.0' in text and "request_seconds_count 2.0" in text
