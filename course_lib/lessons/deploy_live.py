"""The live part of lesson 06: clips to send, a port with a fault, what the service's log says, a drilled way back."""
import threading
import time
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from course_lib import workspace
from course_lib.cycle import bundle, monitor, replay, scope, train
from course_lib.cycle.consented import ConsentedAudio
from course_lib.cycle.process import Service, models, start
from course_lib.cycle.registry import Registry
from course_lib.learn import plots
from course_lib.learn.audio import wav
from course_lib.learn.experiment import Evidence, bootstrap
from course_lib.lessons import deploy_skew
from course_lib.world import features
from course_lib.world.pool import let_go
from course_lib.world.world import World

REQUESTS, DEVICES = 2_000, 5


@dataclass(frozen=True)
class Sent:
    """What is sent to the service: rows, a WAV file each, and the same takes on the training path.

    Attributes
    ----------
    rows : n requests or probes; bodies : their WAV files, one object for each take
    clips, vectors : audio (of the probes alone: it is large) and the training code's features of each take, once; place : (n,) which of them a row is
    """
    rows: pd.DataFrame
    bodies: list[bytes]
    clips: list[np.ndarray]
    vectors: np.ndarray
    place: np.ndarray


def _made(seed, rows):
    """Speak, write and describe each take once, batch by batch; a batch is large and is let go."""
    world, once = World(seed), rows.drop_duplicates("recording")
    batch = _batch(world, once)
    once, clips = once.iloc[np.argsort(batch, kind="stable")], []
    for number in np.unique(batch):
        clips += [clip.copy() for clip in world.clips(once[_batch(world, once) == number])]
        let_go()
    files = [wav(clip, world.sample_rate) for clip in clips]
    place = pd.Index(once["recording"]).get_indexer(rows["recording"])
    return Sent(rows, [files[number] for number in place], clips, features.features(clips, world.sample_rate), place)


def _batch(world, rows):
    return (rows["speaker"] * 16 + world.pool.takes.loc[rows["recording"], "rendition"].to_numpy()).to_numpy()


@lru_cache(maxsize=1)
def _busiest(seed):
    world = World(seed)
    rows = world.days(0, deploy_skew.LIVE_DAYS)
    batch = pd.Series(_batch(world, rows))
    busiest = batch.value_counts().index[:DEVICES]
    return replace(_made(seed, rows[batch.isin(busiest)].head(REQUESTS).reset_index(drop=True)), clips=[])


@lru_cache(maxsize=1)
def _probes(seed):
    return _made(seed, deploy_skew.probes(World(seed)).assign(day=0))


def traffic(seed: int) -> tuple[pd.DataFrame, list[bytes]]:
    """2,000 requests of the busiest users of some weeks, and their WAV files; few users, so that their speech is quickly made."""
    return _busiest(seed).rows, _busiest(seed).bodies


def probes(seed: int) -> tuple[pd.DataFrame, list[bytes]]:
    """The 200 probes and their WAV files."""
    return _probes(seed).rows, _probes(seed).bodies


def _offline(seed, sent):
    """Answers on the training path: the training code's features of the clips, the model as it was trained."""
    model, threshold = deploy_skew.served(World(seed), deploy_skew.SOUND)
    return monitor.answers(model, sent.vectors, threshold).iloc[sent.place].reset_index(drop=True)


def promised(seed: int) -> pd.Series:
    """What the team sees of the same requests on the training path: the promise."""
    return deploy_skew.dashboard(_offline(seed, _busiest(seed)))


def ported(registry: Registry, number: int) -> int:
    """The colleague's rewrite: a version with the normaliser moved to the service's side; registered and crowned."""
    found = bundle.load(registry.bundle(number))
    model = Pipeline([("normalise", found.model[0]), *found.model.steps])
    saved = bundle.save(model, found.threshold, found.names, registry.bundles, found.cards, dict(found.about) | dict(note="normalises in the service"))
    number = registry.register(saved)
    registry.alias("champion", number)
    return number


def follow(service: Service, version: str, patience_s: float = 5) -> float:
    """Seconds until a running service answers with a version."""
    began = time.perf_counter()
    while service.get("/healthz")["version"] != version:
        if time.perf_counter() - began > patience_s:
            raise TimeoutError(f"the service still answers with {service.get('/healthz')['version']}, not {version}")
        time.sleep(.02)
    return time.perf_counter() - began


def logged(service: Service, answers: pd.DataFrame) -> pd.DataFrame:
    """The service's own log of some answers, in their order."""
    return service.log().set_index("request_id").loc[answers["request_id"]].reset_index()


def seen(log: pd.DataFrame) -> pd.Series:
    """What the dashboard shows of a log."""
    return deploy_skew.dashboard(log.rename(columns=dict(decision="shown")))


def judged(seed: int, log: pd.DataFrame) -> Evidence:
    """Wrong cards in 1,000 requests, from the service's log and what the users had meant, beside the promise."""
    rows = _busiest(seed).rows
    wrong = (scope.outcome(rows, log["decision"]) == "wrong card").astype(float)
    hoped = deploy_skew.wrong_per_1000(rows, _offline(seed, _busiest(seed))["shown"])
    low, high = bootstrap(wrong, rows["speaker"], rng=np.random.default_rng(seed))
    value = 1000 * float(wrong.mean())

    def draw(ax):
        return plots.bars(ax, ["promised", "served"], [hoped, value], [None, (1000 * low, 1000 * high)], unit="wrong cards in 1,000 requests",
                          finding=f"{hoped:.0f} wrong cards in 1,000 were promised, {value:.0f} are served")
    return Evidence("wrong cards in 1,000 requests, from the log", value, (1000 * low, 1000 * high), len(rows),
                    "At most five synthetic voices, chosen for being busy: the interval over them is too short.", draw, "06.2", dict(axis="x", promised=hoped))


def paths(seed: int, service: Service) -> tuple[dict, dict]:
    """The probes on both paths, stage by stage: as the service logged and scored them, and by the training code."""
    world, (rows, sent) = World(seed), probes(seed)
    log = logged(service, replay.send(service, sent, rows))
    there = replay.stages(bundle.load(bundle.champion(models())).model, np.stack(log["features"]))
    here = replay.replayed(_probes(seed).clips, world.sample_rate, deploy_skew.served(world, deploy_skew.SOUND)[0])
    return there | {"scores": np.stack(log["scores"])}, here


def smoke_test(seed: int, service: Service) -> pd.DataFrame:
    """The probes sent to a running service: device, expected (training path), served, ms (from the log)."""
    rows, sent = probes(seed)
    log = logged(service, replay.send(service, sent, rows))
    return pd.DataFrame(dict(device=rows["device"], expected=_offline(seed, _probes(seed))["shown"].to_numpy(), served=log["decision"].to_numpy(), ms=log["latency_ms"].to_numpy()))


def same_answers(seed: int, one: Path, other: Path) -> int:
    """Of the probes, how many get the same answer from two bundles."""
    vectors = World(seed).features(probes(seed)[0])
    shown = [monitor.answers(found.model, vectors, found.threshold)["shown"] for found in map(bundle.load, (one, other))]
    return int((shown[0] == shown[1]).sum())


def gaps(seed: int, saved: Path, others: dict[str, Path], without: pd.DataFrame) -> pd.DataFrame:
    """Other bundles beside a saved one, loaded from their folders: the largest gap of a probability over the probes, and answers that differ.

    A control stands below them: a model of the rows `without` their first reader, which has to differ.
    """
    world, one = World(seed), bundle.load(saved)
    fewer = without[without["speaker"] != without["speaker"].iloc[0]]
    control = train.recognizer().fit(world.features(fewer), fewer["label"].to_numpy(str))
    models = {name: bundle.load(place).model for name, place in others.items()} | {"a reader less": control}
    vectors, rows = world.features(probes(seed)[0]), {}
    chances, shown = one.model.predict_proba(vectors), monitor.answers(one.model, vectors, one.threshold)["shown"]
    for name, model in models.items():
        rows[name] = {"largest gap": float(np.abs(model.predict_proba(vectors) - chances).max()),
                      "answers that differ": int((monitor.answers(model, vectors, one.threshold)["shown"] != shown).sum())}
    return pd.DataFrame.from_dict(rows, orient="index")


def archive(seed: int) -> Path:
    """The probes as WAV files in a folder of the workspace, as a nightly batch finds them."""
    rows, sent = probes(seed)
    folder = workspace.home() / "cache" / f"probes-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in zip(rows["id"], sent):
        (folder / f"{name}.wav").write_bytes(body)
    return folder


def drill(registry: Registry, service: Service, number: int, body: bytes, seconds: float = .6) -> pd.Series:
    """Roll back from a version under load: whether it took under a second, and what every request meanwhile got."""
    registry.alias("champion", number)
    follow(service, bundle.champion(registry.bundles).name)
    answers, failures, over = [], [], threading.Event()

    def ask():
        while not over.is_set():
            try:
                answers.append(service.recognize(body)["version"])
            except Exception as error:
                failures.append(error)
    users = [threading.Thread(target=ask) for _ in range(4)]
    for user in users:
        user.start()
    try:
        time.sleep(seconds)
        began = time.perf_counter()
        registry.rollback()
        follow(service, bundle.champion(registry.bundles).name)
        took = time.perf_counter() - began
        time.sleep(seconds)
    finally:
        over.set()
        for user in users:
            user.join()
    return pd.Series({"within a second": took < 1, "versions that answered": len(set(answers)), "failed requests": len(failures),
                      "answers in between": len(answers)})


def listen_later(bodies: list[bytes]) -> tuple[ConsentedAudio, pd.DataFrame]:
    """Send twenty clips to a service that may keep audio; every fourth user agrees. The folder, and a row a request: request_id, consent, kept."""
    audio = ConsentedAudio(workspace.home() / "logs" / "audio")
    with start(audio=audio.folder) as service:
        rows = [dict(request_id=service.recognize(body, consent=number % 4 == 0)["request_id"], consent=number % 4 == 0)
                for number, body in enumerate(bodies[:20])]
    sent = pd.DataFrame(rows)
    return audio, sent.assign(kept=sent["request_id"].isin(audio.ids()))


def refused(service: Service) -> pd.DataFrame:
    """Six bodies that no client should send, and what the service says to each."""
    quiet = wav(np.zeros(8_000), 8_000)
    sent = {"nothing": b"", "a text": b"play some music", "a photograph": b"\x89PNG\r\n\x1a\n" + bytes(2_000), "a second of silence": quiet,
            "half a WAV header": quiet[:20], "a whole song": wav(np.full(8_000 * 60, .1), 8_000)}
    rows = []
    for name, body in sent.items():
        said = service.http.post("/recognize", content=body, headers={"content-type": "audio/wav"})
        rows.append(dict(sent=name, status=said.status_code, error=said.json()["error"]))
    return pd.DataFrame(rows).set_index("sent")
