"""The live part of lesson 10: a service of its own, requests with new names, a job that is killed half-way, a promotion and the way back."""
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

from course_lib import workspace
from course_lib.cycle import bundle, lineage, monitor, replay, scope
from course_lib.cycle.process import Service, start
from course_lib.cycle.registry import Registry
from course_lib.learn.audio import wav
from course_lib.lessons.update_actions import measured, retrained
from course_lib.world.pool import let_go
from course_lib.world.world import World

PEOPLE, ASKED = 2, 240


def launch(seed: int) -> tuple[Service, Registry]:
    """A registry with the launch model as champion, and a service that follows it; the workspace's own champion stays as it is."""
    world, home = World(seed), workspace.home() / "updated" / str(seed)
    registry, rows = Registry(home), World(seed).recordings("train")
    saved = bundle.save(retrained(world, "launch")[0], scope.charter().threshold, world.cards["name"].to_dict(), registry.bundles,
                        about=lineage.about(seed, rows))
    registry.alias("champion", registry.register(saved))
    return start(registry.bundles, f"sqlite:///{(home / 'requests.sqlite').as_posix()}"), registry


def requests(seed: int) -> tuple[pd.DataFrame, list[bytes]]:
    """Requests of the users of two voices, three in ten of them for new names, and their WAV files."""
    rows, world = measured(World(seed), "new names"), World(seed)
    few = rows["speaker"].value_counts().index[:PEOPLE]
    rows = rows[rows["speaker"].isin(few)].head(ASKED).reset_index(drop=True)
    once, files = rows.drop_duplicates("recording"), {}
    rendition = world.pool.takes.loc[once["recording"], "rendition"].to_numpy()
    for _, part in once.groupby(["speaker", rendition]):   # batch by batch; a batch is large and is let go
        files |= {number: wav(clip, world.sample_rate) for number, clip in zip(part["recording"], world.clips(part))}
        let_go()
    return rows, [files[number] for number in rows["recording"]]


def day(seed: int, service: Service, asked: tuple[pd.DataFrame, list[bytes]]) -> pd.DataFrame:
    """Send the requests over HTTP; returns the service's own log of them, with what each answer was for its user."""
    rows, bodies = asked
    answers = replay.send(service, bodies, rows)
    log = service.log().set_index("request_id").loc[answers["request_id"]].reset_index()
    return log.assign(outcome=scope.outcome(rows, log["decision"]))


def cents(log: pd.DataFrame) -> float:
    """Cents for 1,000 requests, from a log with outcomes."""
    return scope.cost(log["outcome"], scope.charter())


def follow(service: Service, registry: Registry, patience_s: float = 5) -> float:
    """Wait until the running service answers with the registry's champion; returns the seconds that it took."""
    version, began = bundle.champion(registry.bundles).name, time.perf_counter()
    while service.get("/healthz")["version"] != version:
        if time.perf_counter() - began > patience_s:
            raise TimeoutError(f"the service still answers with {service.get('/healthz')['version']}, not {version}")
        time.sleep(.02)
    return time.perf_counter() - began


CODE = "import sys; from course_lib.cycle import jobs; jobs.run('retrain', sys.argv[1], seed=int(sys.argv[2]), data=sys.argv[3], folder=sys.argv[4])"


def killed(seed: int, service: Service, registry: Registry, body: bytes, data: str = "launch and noisy") -> pd.Series:
    """Start a job as a process, kill it and its kernel once its data are read, and send requests all the while: what is left."""
    records, before = registry.folder / "killed", registry.versions()["bundle"].tolist()
    champion, seen = registry.champion(), set(records.glob("*.ipynb"))
    child = subprocess.Popen([sys.executable, "-c", CODE, str(records), str(seed), data, str(registry.folder)])
    statuses, versions, until = [], set(), time.monotonic() + 60
    while child.poll() is None and time.monotonic() < until and not _half_way(records, seen):
        said = service.http.post("/recognize", content=body, headers={"content-type": "audio/wav"})
        statuses.append(said.status_code)
        versions.add(said.json().get("version"))
        time.sleep(.2)
    half = child.poll() is None
    _kill(child)
    after = service.recognize(body)
    return pd.Series({"killed half-way": half, "failed requests": sum(s != 200 for s in statuses), "versions that answered": len(versions | {after["version"]}),
                      "champion is the same": Registry(registry.folder).champion() == champion,
                      "versions are the same": Registry(registry.folder).versions()["bundle"].tolist() == before})


def _half_way(records: Path, seen: set) -> bool:
    """Whether a new record shows that the job has read its data."""
    for path in set(records.glob("*.ipynb")) - seen:
        try:
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        except (OSError, ValueError):                    # it is being written
            continue
        return any("fingerprint" in json.dumps(cell.get("outputs", [])) for cell in cells)
    return False


def _kill(child) -> None:
    """Kill a process and all that it started."""
    try:
        family = [*psutil.Process(child.pid).children(recursive=True), psutil.Process(child.pid)]
    except psutil.NoSuchProcess:
        family = []
    for one in family:
        try:
            one.kill()
        except psutil.NoSuchProcess:
            pass
    child.wait()


def summary(log: pd.DataFrame, asked: tuple[pd.DataFrame, list[bytes]]) -> pd.Series:
    """Outcomes of the requests for new names in a log of the service, and the cents that 1,000 of all its requests cost."""
    later = asked[0]["cause"].to_numpy() == "new_names"
    found = log.loc[later, "outcome"].value_counts().reindex(["right", "wrong card", "needless sorry"], fill_value=0)
    return pd.concat([found, pd.Series({"all requests: cents in 1,000": cents(log)})]).round().astype(int)


def limit(seed: int) -> float:
    """The share of "sorry" that one in 100 usual windows of this size exceeds."""
    world = World(seed)
    rows, model = measured(world, None), retrained(world, "launch")[0]
    shown = scope.decide(monitor.chances(world, model, rows), model.classes_, scope.charter().threshold)
    share = float(np.mean(shown == scope.SORRY))
    return share + 2.33 * float(np.sqrt(share * (1 - share) / ASKED))


def failing(log: pd.DataFrame) -> float:
    """Share of a log's requests that were answered "sorry"; it needs no label."""
    return float(np.mean(log["decision"] == scope.SORRY))
