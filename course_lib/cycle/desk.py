"""What the requests of a service share: the bundles that answer, the way to the log, the counters."""
import asyncio
import os
import time
import uuid

import numpy as np
import sqlalchemy as sa
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from starlette.background import BackgroundTasks
from starlette.requests import ClientDisconnect

from course_lib.cycle import release
from course_lib.cycle.intake import Refused, agreed, told
from course_lib.cycle.log import REQUESTS, SHADOW, is_busy
from course_lib.cycle.scope import decide
from course_lib.cycle.wav import decode
from course_lib.world import channel, features
from course_lib.world.users import SORRY


def _scores(bundle, vector):
    """Probabilities of the labels, (1, k); whatever a model may do wrong is an error here."""
    scores = bundle.model.predict_proba(vector)
    if not np.isfinite(scores).all():
        raise ValueError("the scores are not finite")
    return scores


def _shown(bundle, scores):
    label = str(bundle.model.classes_[scores[0].argmax()])
    shown = str(decide(scores, bundle.model.classes_, bundle.threshold)[0])
    return dict(best=bundle.cards[label], confidence=float(scores.max()), decision=SORRY if shown == SORRY else bundle.cards[shown])


def _words(error):
    return f"{type(error).__name__}: {str(error) or 'no message'}".splitlines()[0]


def unlogged(error):
    """The refusal for a row that the log does not take."""
    return Refused(503, "the request cannot be logged", f"try again ({type(error).__name__})", {"Retry-After": "1"})


class Desk:
    """What the requests share: the bundles that answer, the log, the counters."""

    def __init__(self, folder, log, limits, audio=None):
        self.folder, self.log, self.limits, self.audio, self.waiting = folder, log, limits, audio, 0
        self.log_fault = self.audio_fault = ""
        self.serving, self.model_fault = release.follow(folder)
        self.registry = CollectorRegistry()
        self.count = Counter("requests", "Requests by status and decision", ["status", "decision"], registry=self.registry)
        self.seconds = Histogram("request_seconds", "Time to answer", registry=self.registry,
                                 buckets=(.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5))

    @property
    def bundle(self):
        """The champion's bundle."""
        return self.serving.champion

    @property
    def fault(self):
        """What is wrong although requests are answered; "" if nothing is."""
        return "; ".join(filter(None, (self.model_fault, self.log_fault, self.audio_fault)))

    def metrics(self) -> bytes:
        """The counters in Prometheus's text format; of several workers, the sum over all of them."""
        registry = self.registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)
        return generate_latest(registry)

    async def watch(self):
        """Follow pointer and settings: requests under way finish with the bundle they began with."""
        while True:
            await asyncio.sleep(self.limits.poll_s)
            self.serving, self.model_fault = await asyncio.to_thread(release.follow, self.folder, self.serving)

    async def recognize(self, request):
        """Read, decode, recognise, log, answer; every way out is counted, and logged as far as the log can be written."""
        began, row = time.perf_counter(), dict(request_id=uuid.uuid4().hex, at=time.time())
        status, decision = 500, "failed"
        self.waiting += 1
        try:
            row |= told(request.headers)
            consent = agreed(request.headers)
            await asyncio.sleep(0)                       # all that arrived by now are counted before the first is answered
            body = await self._body(request)
            answer = self._answer(body, row, began)
            await self._keep(row)
            status, decision = 200, answer["decision"]
            return JSONResponse(answer, background=self._afterwards(row, body if consent else None))
        except Refused as refusal:
            status, decision = refusal.status_code, "refused"
            await self._keep_refusal(row, refusal, began)
            raise
        except sa.exc.SQLAlchemyError as error:
            status, decision = 503, "refused"
            raise unlogged(error) from None
        finally:
            self.waiting -= 1
            self.count.labels(str(status), decision).inc()
            self.seconds.observe(time.perf_counter() - began)

    async def _body(self, request):
        if self.waiting > self.limits.at_once:
            raise Refused(503, "too many requests at once", "try again in a second", {"Retry-After": "1"})
        try:
            return await request.body()
        except ClientDisconnect:
            raise Refused(499, "the client left before its body had arrived", "send it again") from None

    def _answer(self, body, row, began):
        """The answer, from the bundle that this device gets; fills the row of the log."""
        clip, rate = decode(body, self.limits.max_seconds)
        try:
            vector = features.features([clip], rate)
        except ValueError:
            raise Refused(400, "the clip cannot be used", f"the clip {features.fault(clip)}; record it again") from None
        bundle, scores = self._scored(row, vector)
        row |= dict(sample_rate=rate, seconds=len(clip) / rate, level_db=channel.level(clip), clipped=float((np.abs(clip) >= .999).mean()),
                    features=vector.tobytes(), scores=scores.astype(np.float32).tobytes(), version=bundle.version, **_shown(bundle, scores))
        row["latency_ms"], card = 1000 * (time.perf_counter() - began), row["decision"]
        found = card != SORRY
        return dict(decision="card" if found else SORRY, card=card if found else None, name=bundle.names[card] if found else None,
                    confidence=round(row["confidence"], 4), version=bundle.version, request_id=row["request_id"],
                    milliseconds=round(row["latency_ms"], 2))

    def _scored(self, row, vector):
        """Bundle and scores for a device; where the challenger fails, the champion's: its user is helped, the log remembers."""
        serving = self.serving
        first = serving.bundle(row.get("user") or row.get("device"))
        for bundle in (first, serving.champion) if first is not serving.champion else (first,):
            try:
                return bundle, _scores(bundle, vector)
            except Exception as error:
                words = _words(error)
                if bundle is not serving.champion:
                    row["failure"] = f"challenger {bundle.version} failed: {words}"[:200]
        raise Refused(503, "the model failed", f"try again later ({words[:100]})", {"Retry-After": "5"})

    def _afterwards(self, row, consented):
        """After the answer has left: keep the audio of a user who agreed, and let a challenger in the shadow answer too.

        Under load the shadow is the first to be dropped.
        """
        tasks, serving = BackgroundTasks(), self.serving
        if self.audio is not None and consented is not None:
            tasks.add_task(self._listen_later, row["request_id"], consented)
        if serving.release.mode == "shadow" and self.waiting <= self.limits.at_once // 4:
            tasks.add_task(self._shadow, serving.challenger, row)
        return tasks if tasks.tasks else None

    def _listen_later(self, request_id, body):
        try:
            self.audio.keep(request_id, body)
            self.audio_fault = ""
        except OSError as error:                         # the user has the answer; /healthz tells of the folder
            self.audio_fault = f"consented audio cannot be kept: {error.strerror or error}"

    async def _shadow(self, bundle, answered):
        began, row = time.perf_counter(), dict(request_id=answered["request_id"], at=time.time(), version=bundle.version)
        try:
            row |= _shown(bundle, _scores(bundle, np.frombuffer(answered["features"], np.float32)[None]))
        except Exception as error:
            row["failure"] = _words(error)[:200]
        row["latency_ms"] = 1000 * (time.perf_counter() - began)
        try:
            await self._keep(row, SHADOW)
        except sa.exc.SQLAlchemyError:                   # nobody waits for it; /healthz tells of the log
            pass

    async def ready(self) -> bool:
        """Whether requests can be answered now: each is logged, so the log must take a row. Otherwise `fault` says why."""
        try:
            await self._written(self.log.probe)
        except sa.exc.SQLAlchemyError:
            return False
        return True

    async def _keep(self, row, table=REQUESTS):
        await self._written(lambda: self.log.write(row, table))

    async def _written(self, write):
        """Write to the log; while another holds the database, wait a little without holding up other requests."""
        ends, pause = time.perf_counter() + self.limits.log_s, .001
        while True:
            try:
                write()
                self.log_fault = ""
                return
            except sa.exc.SQLAlchemyError as error:
                self.log_fault = f"the log cannot be written: {getattr(error, 'orig', error)}"
                if not is_busy(error) or time.perf_counter() > ends:
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, .05)

    async def _keep_refusal(self, row, refusal, began):
        kept = {key: row[key] for key in ("request_id", "at", "device", "user", "day") if key in row}
        failure = f"{refusal.status_code} {refusal.detail}"[:200]
        try:
            await self._keep(kept | dict(version=self.bundle.version, failure=failure, latency_ms=1000 * (time.perf_counter() - began)))
        except sa.exc.SQLAlchemyError:                   # the client hears why it was refused, /healthz tells of the log
            pass
