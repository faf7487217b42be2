"""The service as processes: several workers, ends and restarts, and a rollback under load."""
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest
import sqlalchemy as sa

from course_lib.cycle import bundle, load, process, release
from course_lib.cycle.log import FEEDBACK, REQUESTS, SHADOW, RequestLog
from course_lib.cycle.process import ServiceError


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{(tmp_path / 'log.sqlite').as_posix()}"


@pytest.fixture
def strict(folder, model, names):
    return bundle.save(model, 1.0, names, folder).name


def family(service):
    """The service's process and all below it."""
    first = psutil.Process(service.process.pid)
    return [first, *first.children(recursive=True)]


def gone(processes, seconds=20):
    _, alive = psutil.wait_procs(processes, seconds)
    return not [one for one in alive if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def until(condition, seconds=20):
    ends = time.time() + seconds
    while not condition() and time.time() < ends:
        time.sleep(.05)
    return condition()


def test_rollback_within_a_second_under_load_without_a_failed_request(folder, url, strict, body, compiled):
    release.write(folder, "blue-green", strict)
    called = []

    def live(_):
        if not called and time.time() - began > 1:
            release.back(folder)
            called.append(time.time())
    with process.start(folder, url) as service:
        began = time.time()
        sent = load.send(service.url, [body], 3, 40, 8, lambda n: {"x-user": f"u{n}"}, live)
        log = service.log()
    late = log.loc[log["version"] == strict, "at"].max() - called[0]
    assert (sent["status"] == 200).all() and len(sent) == len(log) == 120
    assert late < 1 and log["version"].iloc[-1] != strict and log["version"].iloc[0] == strict


def test_workers_share_port_settings_log_and_metrics_and_end_together(folder, url, strict, body, compiled):
    release.write(folder, "canary", strict, .4)
    with process.start(folder, url, workers=2) as service:
        everyone = family(service)
        sent = load.send(service.url, [body], 2, 60, 8, lambda n: {"x-user": f"u{n % 40}"})
        log = service.log()
        assert (sent["status"] == 200).all() and len(log) == 120
        assert (log.groupby("user")["version"].nunique() == 1).all() and log["version"].nunique() == 2
        counted = [float(line.rpartition(" ")[2]) for line in service.http.get("/metrics").text.splitlines() if line.startswith("requests_total")]
        assert sum(counted) == 120
        workers = [one for one in everyone[1:] if "spawn_main" in " ".join(one.cmdline())]
        assert len(workers) == 2
        workers[0].kill()                                # the other answers meanwhile, and a new one is started
        with ThreadPoolExecutor(4) as pool:
            codes = list(pool.map(lambda _: httpx.post(f"{service.url}/recognize", content=body, trust_env=False, timeout=30).status_code, range(20)))
        assert codes == [200] * 20
        assert until(lambda: sum("spawn_main" in " ".join(one.cmdline()) for one in family(service)[1:] if one.is_running()) == 2)
        everyone += family(service)
    assert gone(everyone)


def test_workers_that_cannot_start_again_end_the_service_in_words(folder, url, compiled):
    with process.start(folder, url, workers=2) as service:
        (bundle.champion(folder) / bundle.MODEL).write_bytes(b"broken")
        workers = [one for one in family(service)[1:] if "spawn_main" in " ".join(one.cmdline())]
        workers[0].kill()
        assert until(lambda: not workers[0].is_running())
        assert service.get("/healthz")["ready"], "the other holds its model and answers"
        workers[1].kill()
        service.process.wait(60)
        assert "damaged" in service.process.stdout.read()


def test_a_service_that_says_nothing_is_not_waited_for_for_ever(folder, url, monkeypatch, compiled):
    monkeypatch.setattr(process, "_START_S", .01)
    with pytest.raises(ServiceError, match="not ready within"):
        process.start(folder, url)


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
@pytest.mark.parametrize("workers", [1, 2])
def test_no_orphan_after_a_killed_parent(folder, url, workers, tmp_path, compiled):
    code = (f"import time; from pathlib import Path; from course_lib.cycle import process\n"
            f"if __name__ == '__main__':\n    s = process.start(Path({str(folder)!r}), {url!r}, workers={workers}); print(s.process.pid, flush=True); time.sleep(99)")
    (tmp_path / "parent.py").write_text(code)
    parent = subprocess.Popen([sys.executable, str(tmp_path / "parent.py")], stdout=subprocess.PIPE, text=True,
                              env=os.environ | {"PYTHONPATH": str(process.workspace.root())})
    first = psutil.Process(int(parent.stdout.readline()))
    everyone = [first, *first.children(recursive=True)]
    assert len(everyone) >= workers
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    assert gone(everyone)


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
def test_no_orphan_after_a_killed_kernel(folder, url, compiled):
    """A notebook's kernel dies without a word, as when memory runs out: what its lesson had started goes, too."""
    from jupyter_client.manager import start_new_kernel
    kernel, client = start_new_kernel(startup_timeout=240, env=os.environ | {"PYTHONPATH": str(process.workspace.root())})
    said = []
    try:
        code = f"from pathlib import Path; from course_lib.cycle import process\nservice = process.start(Path({str(folder)!r}), {url!r}); print(service.process.pid)"
        client.execute_interactive(code, timeout=240, output_hook=lambda message: said.append(message["content"]))
        first = psutil.Process(int("".join(content.get("text", "") for content in said)))
        everyone = [first, *first.children(recursive=True)]
        assert all(one.is_running() for one in everyone)
        os.kill(kernel.provisioner.pid, signal.SIGKILL)
        assert gone(everyone)
    finally:
        client.stop_channels()
        kernel.shutdown_kernel(now=True)


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
def test_no_orphan_worker_after_a_killed_first_process(folder, url, compiled):
    service = process.start(folder, url, workers=2)
    everyone = family(service)
    service.process.kill()
    service.stop()
    assert len(everyone) >= 3 and gone(everyone)


def test_only_loopback_is_listened_on(folder, url, compiled):
    with process.start(folder, url) as service:
        listening = [c.laddr for c in psutil.Process(service.process.pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]
        assert {address.ip for address in listening} == {"127.0.0.1"}
        with pytest.raises(ServiceError, match="choose another, or 0"):
            process.start(folder, url, port=listening[0].port)
        assert service.get("/healthz")["ready"]


def test_the_address_of_the_log_is_not_on_the_command_line(folder, url, compiled):
    with process.start(folder, url) as service:
        assert not any("sqlite" in part for part in psutil.Process(service.process.pid).cmdline())


@pytest.mark.parametrize("given, words", [
    (dict(workers=0), "0 workers arrived"), (dict(workers=99), "from 1 to 16"), (dict(url="no url"), "not a database URL"),
    (dict(url="colour://x"), "not a database URL"), (dict(url="sqlite:////no/such/folder/log.sqlite"), "cannot be opened")])
def test_what_cannot_start_says_so_in_a_sentence(folder, url, given, words, compiled):
    with pytest.raises(ServiceError, match=words) as told:
        process.start(folder, **(dict(url=url) | given))
    assert "Traceback" not in str(told.value) and "\n" not in str(told.value)


def test_a_log_without_its_driver_names_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ServiceError, match="psycopg"):
        process._log("postgresql+psycopg://someone:secret@localhost/course")


def test_the_tables_can_be_made_in_postgresql():
    from sqlalchemy.dialects import postgresql
    for table in (REQUESTS, FEEDBACK, SHADOW):
        made = str(sa.schema.CreateTable(table).compile(dialect=postgresql.dialect()))
        assert f"CREATE TABLE {table.name}" in made
    assert '"user" VARCHAR(64)' in str(sa.schema.CreateTable(REQUESTS).compile(dialect=postgresql.dialect()))


def test_a_missing_champion_or_model_does_not_start(folder, url, tmp_path, compiled):
    with pytest.raises(ServiceError, match="no champion"):
        process.start(tmp_path / "nothing", url)
    (bundle.champion(folder) / bundle.MODEL).unlink()
    with pytest.raises(ServiceError, match="missing"):
        process.start(folder, url, workers=2)


def test_a_log_of_another_edition_gets_the_new_table(url):
    log = RequestLog(url)
    with log.engine.begin() as connection:
        connection.exec_driver_sql("drop table shadow")
    log.close()
    again = RequestLog(url)
    assert again.shadows().empty
    again.close()


def test_workers_keep_the_audio_of_those_who_agreed(folder, url, body, tmp_path):
    with process.start(folder, url, workers=2, audio=tmp_path / "audio") as service:
        said = [service.recognize(body, consent=number % 2 == 0)["request_id"] for number in range(8)]
    assert {path.stem for path in (tmp_path / "audio").iterdir()} == set(said[::2])


def test_a_folder_for_audio_that_cannot_be_is_told_in_a_sentence(folder, url, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ServiceError, match="a file stands where a folder is needed"):
        process.start(folder, url, audio=tmp_path / "file")
