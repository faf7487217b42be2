"""The product as a service: a WAV goes in, a card or "sorry" comes out, and every request is logged."""
import asyncio
import re
import time
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from pydantic import BaseModel, ConfigDict, Field

from course_lib.cycle import bundle as bundles
from course_lib.cycle.log import RequestLog
from course_lib.cycle.scope import decide
from course_lib.cycle.wav import Refused, decode
from course_lib.world import channel, features
from course_lib.world.users import SORRY

_WORD = r"^[A-Za-z0-9_.:-]{1,64}$"
_DRAINED = 50                                        # times the limit: read and dropped, so that the refusal can be read


@dataclass(frozen=True)
class Limits:
    """What the service takes: bytes and seconds of a clip, seconds to send it, requests at once."""
    max_bytes: int = 2_000_000
    max_seconds: float = 10.0
    patience_s: float = 5.0
    at_once: int = 64
    poll_s: float = .2


class Feedback(BaseModel):
    """What a user said of an answer."""
    model_config = ConfigDict(extra="forbid")
    request_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    kind: str = Field(pattern="^(wrong|right|correct|re_ask|complain)$")
    card: str | None = Field(default=None, pattern=_WORD)


def create_app(folder: Path, log: RequestLog, limits: Limits = Limits()) -> FastAPI:
    """The service of the champion in a folder of bundles.

    Parameters
    ----------
    folder : where bundles and the pointer to the champion stand; a new pointer is followed within a second
    log : where requests and feedback go
    limits : sizes and times

    Raises
    ------
    BundleError
        There is no champion, or it is not whole.
    """
    desk = Desk(Path(folder), log, limits)

    @asynccontextmanager
    async def lifespan(_):
        watcher = asyncio.create_task(desk.watch())
        yield
        watcher.cancel()
        log.close()

    app = FastAPI(title="Voice look-up", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.desk = desk
    app.add_exception_handler(Refused, lambda _, refusal: refusal.response())
    app.add_exception_handler(RequestValidationError, lambda _, error: Refused(422, "malformed request", _words(error)).response())
    _routes(app, desk)
    return app


def _words(error):
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def _routes(app, desk):
    refusals = {status: {"description": words} for status, words in (
        (400, "not a usable WAV"), (408, "too slow"), (413, "too large"), (422, "malformed"), (503, "too busy"))}
    wav = {"requestBody": {"required": True, "content": {"audio/wav": {"schema": {"type": "string", "format": "binary"}}}}}

    @app.post("/recognize", responses=refusals, openapi_extra=wav)
    async def recognize(request: Request):
        return await desk.recognize(request)

    @app.post("/feedback", responses={404: {"description": "no such request"}, **refusals})
    def feedback(said: Feedback):
        try:
            desk.log.feed_back(dict(at=time.time(), **said.model_dump()))
        except KeyError:
            raise Refused(404, "no such request", "send the request_id of an answer") from None
        except sa.exc.SQLAlchemyError:
            raise Refused(503, "the log cannot be written", "try again", {"Retry-After": "1"}) from None
        return dict(kept=True)

    @app.get("/healthz")
    def healthz():
        return dict(ready=True, version=desk.bundle.version, fault=desk.fault)

    @app.get("/model")
    def model():
        b = desk.bundle
        return dict(version=b.version, threshold=b.threshold, cards=len(b.names), features=features.VERSION, about=dict(b.about))

    @app.get("/metrics")
    def metrics():
        return Response(generate_latest(desk.registry), media_type=CONTENT_TYPE_LATEST)


class Desk:
    """What the requests share: the bundle that answers, the log, the counters."""

    def __init__(self, folder, log, limits):
        self.folder, self.log, self.limits, self.waiting, self.fault = folder, log, limits, 0, ""
        self.pointed = bundles.champion(folder)
        self.bundle = bundles.load(self.pointed)
        self.registry = CollectorRegistry()
        self.count = Counter("requests", "Requests by status and decision", ["status", "decision"], registry=self.registry)
        self.seconds = Histogram("request_seconds", "Time to answer", registry=self.registry,
                                 buckets=(.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5))

    async def watch(self):
        """Follow the pointer: requests under way finish with the bundle they began with."""
        while True:
            await asyncio.sleep(self.limits.poll_s)
            try:
                pointed = bundles.champion(self.folder)
                if pointed != self.pointed:
                    self.bundle = await asyncio.to_thread(bundles.load, pointed)
                    self.pointed, self.fault = pointed, ""
            except Exception as error:                   # the champion in memory keeps answering
                self.fault = str(error)

    async def recognize(self, request):
        """Read, decode, recognise, log, answer; every way out is counted."""
        began, row = time.perf_counter(), dict(request_id=uuid.uuid4().hex, at=time.time())
        self.waiting += 1
        try:
            row |= _told(request)
            answer = self._answer(await self._body(request), row, began)
            status, decision = 200, "sorry" if row["decision"] == SORRY else "card"
            return JSONResponse(answer)
        except Refused as refusal:
            status, decision = refusal.status, "refused"
            self._log_refusal(row, refusal, began)
            raise
        finally:
            self.waiting -= 1
            self.count.labels(str(locals().get("status", 499)), locals().get("decision", "gone")).inc()
            self.seconds.observe(time.perf_counter() - began)

    async def _body(self, request):
        if self.waiting > self.limits.at_once:
            raise Refused(503, "too many requests at once", "try again in a second", {"Retry-After": "1"})
        parts, size = [], 0
        try:
            async with asyncio.timeout(self.limits.patience_s):
                async for part in request.stream():
                    size += len(part)
                    if size <= self.limits.max_bytes:
                        parts.append(part)
                    elif size > _DRAINED * self.limits.max_bytes:
                        break
        except TimeoutError:
            raise Refused(408, f"the body took over {self.limits.patience_s:g} seconds", "send it faster", {"Connection": "close"}) from None
        if size > self.limits.max_bytes:
            raise Refused(413, f"the body is over {self.limits.max_bytes:,} bytes", "send one short utterance", {"Connection": "close"})
        return b"".join(parts)

    def _answer(self, body, row, began):
        bundle = self.bundle
        clip, rate = decode(body, self.limits.max_seconds)
        try:
            vector = features.features([clip], rate)
        except ValueError as error:
            raise Refused(400, "the clip cannot be used", str(error)) from None
        scores = bundle.model.predict_proba(vector)
        label = str(bundle.model.classes_[scores[0].argmax()])
        shown = decide(scores, bundle.model.classes_, bundle.threshold)[0]
        card = SORRY if shown == SORRY else bundle.cards[str(shown)]
        row |= dict(sample_rate=rate, seconds=len(clip) / rate, level_db=channel.level(clip), clipped=float((np.abs(clip) >= .999).mean()),
                    features=vector.tobytes(), scores=scores.astype(np.float32).tobytes(), best=bundle.cards[label],
                    confidence=float(scores.max()), decision=card, version=bundle.version,
                    latency_ms=1000 * (time.perf_counter() - began))
        try:
            self.log.write(row)
        except sa.exc.SQLAlchemyError:
            raise Refused(503, "the request cannot be logged", "try again", {"Retry-After": "1"}) from None
        found = card != SORRY
        return dict(decision="card" if found else SORRY, card=card if found else None, name=bundle.names[card] if found else None,
                    confidence=round(row["confidence"], 4), version=bundle.version, request_id=row["request_id"],
                    milliseconds=round(row["latency_ms"], 2))

    def _log_refusal(self, row, refusal, began):
        kept = {key: row[key] for key in ("request_id", "at", "device", "user", "day") if key in row}
        try:
            self.log.write(kept | dict(version=self.bundle.version, failure=f"{refusal.status} {refusal.error}"[:200],
                                       latency_ms=1000 * (time.perf_counter() - began)))
        except sa.exc.SQLAlchemyError as error:
            self.fault = f"the log cannot be written: {type(error).__name__}"


def _told(request):
    """What the client says of itself in headers: device, user and the simulation's day; refused where odd."""
    told = {}
    for name in ("device", "user"):
        value = request.headers.get(f"x-{name}")
        if value is not None:
            if not re.match(_WORD, value):
                raise Refused(422, f"header x-{name} is malformed", "letters, digits and _.:- are taken, 64 at most")
            told[name] = value
    day = request.headers.get("x-day")
    if day is not None:
        if not re.fullmatch(r"[0-9]{1,5}", day):
            raise Refused(422, "header x-day is malformed", "a whole number of days after launch is expected")
        told["day"] = int(day)
    return told
