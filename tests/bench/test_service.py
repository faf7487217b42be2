"""Speed of the service, its peers in the same run: an echo of the same body, and the same work without HTTP."""
import threading
import time

import numpy as np
import pytest

from course_lib.cycle import bundle, load, process
from course_lib.cycle.calibrate import launch_model
from course_lib.cycle.scope import decide
from course_lib.cycle.wav import decode
from course_lib.learn.audio import wav
from course_lib.world import features, recorded
from course_lib.world.pool import Pool
from course_lib.world.world import World

ECHO = """
import sys, threading
import uvicorn
from fastapi import FastAPI, Request
from course_lib.cycle.process import listen
app = FastAPI()
@app.post("/recognize")
async def echo(request: Request):
    return dict(bytes=len(await request.body()))
bound = listen(0)
server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
def end():
    sys.stdin.buffer.read()
    server.should_exit = True
threading.Thread(target=end, daemon=True).start()
print(bound.getsockname()[1], flush=True)
server.run(sockets=[bound])
"""


@pytest.fixture(scope="module")
def bodies():
    """Fifty clips of one second at 8,000 Hz."""
    audio = recorded.bank(Pool()).audio
    return [wav(np.resize(audio[number], 8_000), 8_000) for number in sorted(audio)[:50]]


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    place = tmp_path_factory.mktemp("bench")
    world = World(0)
    bundle.point(place / "b", bundle.save(launch_model(world), .5, world.cards["name"].to_dict(), place / "b"))
    with process.start(place / "b", f"sqlite:///{(place / 'log.sqlite').as_posix()}") as one:
        load.send(one.url, [wav(np.sin(np.arange(8_000)), 8_000)], 1, None, 1)
        yield one


@pytest.fixture(scope="module")
def echo(tmp_path_factory):
    import os
    import subprocess
    import sys
    script = tmp_path_factory.mktemp("echo") / "echo.py"
    script.write_text(ECHO)
    environment = os.environ | {"PYTHONPATH": str(process.workspace.root()), "OMP_NUM_THREADS": "1"}
    peer = subprocess.Popen([sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    yield f"http://127.0.0.1:{int(peer.stdout.readline())}"
    peer.stdin.close()
    peer.wait(20)
    peer.stdout.close()


def stages(bodies):
    """Median milliseconds of what must be done for one request, in process."""
    model = launch_model(World(0))
    took = []
    for body in bodies * 4:
        began = time.perf_counter()
        clip, rate = decode(body)
        decide(model.predict_proba(features.features([clip], rate)), model.classes_, .5)
        took.append(1000 * (time.perf_counter() - began))
    return float(np.median(took))


def test_one_at_a_time_costs_an_echo_and_the_work(service, echo, bodies, record_property):
    ratios = []
    for _ in range(3):                                   # peers take turns: a busy moment of the machine meets all of them
        ours = load.percentiles(load.send(service.url, bodies, 2, None, 1))["p50"]
        peer = load.percentiles(load.send(echo, bodies, 2, None, 1))["p50"]
        work = stages(bodies)
        ratios.append(ours / (peer + work))
        print(f"service {ours:.2f} ms, echo {peer:.2f} ms, work {work:.2f} ms: ratio {ratios[-1]:.2f}")
    record_property("ratio", min(ratios))
    assert min(ratios) <= 1.5


def test_sixteen_connections(service, bodies, record_property):
    best = max((load.percentiles(load.send(service.url, bodies, 3, None, 16)) for _ in range(3)), key=lambda p: p["per_second"])
    print(f"{best['per_second']:.0f} requests/s, p50 {best['p50']:.1f} ms, p95 {best['p95']:.1f} ms, failed {best['failed']}")
    record_property("requests_per_second", best["per_second"])
    assert best["failed"] == 0 and threading.active_count() < 20
    assert best["per_second"] >= 400
