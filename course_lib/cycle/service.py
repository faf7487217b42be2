"""The product as a service: a WAV goes in, a card or "sorry" comes out, and every request is logged."""
import asyncio
import time
import uuid
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from course_lib.cycle import bundle as bundles
from course_lib.cycle.intake import DAY, WORD, Bounded, Limits, Refused, told
from course_lib.cycle.log import RequestLog, is_busy
from course_lib.cycle.scope import decide
from course_lib.cycle.wav import decode
from course_lib.world import channel, features
from course_lib.world.users import SORRY


class Answer(BaseModel):
    """What the product says to one utterance."""
    decision: str = Field(pattern="^(card|sorry)$")
    card: str | None
    name: str | None
    confidence: float = Field(ge=0, le=1)
    version: str
    request_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    milliseconds: float


class Problem(BaseModel):
    """Why there is no answer, and what to do."""
    error: str
    hint: str


class Feedback(BaseModel):
    """What a user said of an answer."""
    model_config = ConfigDict(extra="forbid")
    request_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    kind: str = Field(pattern="^(wrong|right|correct|re_ask|complain)$")
    card: str | None = Field(default=None, pattern=WORD)


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
    app.add_middleware(Bounded, limits=limits)
    app.add_exception_handler(HTTPException, _problem)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.state.desk = desk
    _routes(app, desk)
    return app


def _problem(_, refused):
    hint = getattr(refused, "hint", "POST /recognize, POST /feedback, GET /healthz, /model and /metrics are served")
    return JSONResponse(dict(error=refused.detail, hint=hint), refused.status_code, refused.headers)


def _malformed(request, error):
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]).encode("ascii", "backslashreplace").decode()
    return _problem(request, Refused(422, "malformed request", f"{where}: {first['msg']}"))


_REFUSALS = {status: {"description": words, "model": Problem} for status, words in (
    (400, "not usable"), (408, "too slow"), (413, "too large"), (422, "malformed"), (503, "too busy"))}
_WAV = {"requestBody": {"required": True, "content": {"audio/wav": {"schema": {"type": "string", "format": "binary"}}}},
        "parameters": [{"name": f"x-{name}", "in": "header", "required": False, "schema": {"type": "string", "pattern": pattern}}
                       for name, pattern in (("device", WORD), ("user", WORD), ("day", DAY))]}


def _routes(app, desk):
    @app.post("/recognize", responses=_REFUSALS | {200: {"model": Answer}}, openapi_extra=_WAV)
    async def recognize(request: Request):
        return await desk.recognize(request)

    @app.post("/feedback", responses=_REFUSALS | {404: {"description": "no such request", "model": Problem}})
    def feedback(said: Feedback):
        try:
            desk.log.feed_back(dict(at=time.time(), **said.model_dump()))
        except KeyError:
            raise Refused(404, "no such request", "send the request_id of an answer") from None
        except sa.exc.SQLAlchemyError as error:
            raise _unlogged(error) from None
        return dict(kept=True)

    @app.get("/healthz")
    async def healthz():
        return dict(ready=True, version=desk.bundle.version, fault=desk.fault)

    @app.get("/model")
    async def model():
        b = desk.bundle
        return dict(version=b.version, threshold=b.threshold, cards=len(b.names), features=features.VERSION, about=dict(b.about))

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics():
        return Response(generate_latest(desk.registry), media_type=CONTENT_TYPE_LATEST)


def _unlogged(error):
    return Refused(503, "the request cannot be logged", f"try again ({type(error).__name__})", {"Retry-After": "1"})


class Desk:
    """What the requests share: the bundle that answers, the log, the counters."""

    def __init__(self, folder, log, limits):
        self.folder, self.log, self.limits, self.waiting = folder, log, limits, 0
        self.model_fault = self.log_fault = ""
        self.pointed = bundles.champion(folder)
        self.bundle = bundles.load(self.pointed)
        self.registry = CollectorRegistry()
        self.count = Counter("requests", "Requests by status and decision", ["status", "decision"], registry=self.registry)
        self.seconds = Histogram("request_seconds", "Time to answer", registry=self.registry,
                                 buckets=(.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5))

    @property
    def fault(self):
        """What is wrong although requests are answered; "" if nothing is."""
        return "; ".join(filter(None, (self.model_fault, self.log_fault)))

    async def watch(self):
        """Follow the pointer: requests under way finish with the bundle they began with."""
        while True:
            await asyncio.sleep(self.limits.poll_s)
            try:
                pointed = bundles.champion(self.folder)
                if pointed != self.pointed:
                    self.bundle = await asyncio.to_thread(bundles.load, pointed)
                    self.pointed = pointed
                self.model_fault = ""
            except Exception as error:                   # the champion in memory keeps answering
                self.model_fault = str(error)

    async def recognize(self, request):
        """Read, decode, recognise, log, answer; every way out is counted, and logged as far as the log can be written."""
        began, row = time.perf_counter(), dict(request_id=uuid.uuid4().hex, at=time.time())
        status, decision = 500, "failed"
        self.waiting += 1
        try:
            row |= told(request.headers)
            answer = self._answer(await self._body(request), row, began)
            await self._keep(row)
            status, decision = 200, answer["decision"]
            return JSONResponse(answer)
        except Refused as refusal:
            status, decision = refusal.status_code, "refused"
            await self._keep_refusal(row, refusal, began)
            raise
        except sa.exc.SQLAlchemyError as error:
            status, decision = 503, "refused"
            raise _unlogged(error) from None
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
        """The answer, from the bundle that serves now; fills the row of the log."""
        bundle = self.bundle
        clip, rate = decode(body, self.limits.max_seconds)
        try:
            vector = features.features([clip], rate)
        except ValueError:
            raise Refused(400, "the clip cannot be used", f"the clip {features.fault(clip)}; record it again") from None
        scores = bundle.model.predict_proba(vector)
        label = str(bundle.model.classes_[scores[0].argmax()])
        shown = decide(scores, bundle.model.classes_, bundle.threshold)[0]
        card = SORRY if shown == SORRY else bundle.cards[str(shown)]
        row |= dict(sample_rate=rate, seconds=len(clip) / rate, level_db=channel.level(clip), clipped=float((np.abs(clip) >= .999).mean()),
                    features=vector.tobytes(), scores=scores.astype(np.float32).tobytes(), best=bundle.cards[label],
                    confidence=float(scores.max()), decision=card, version=bundle.version,
                    latency_ms=1000 * (time.perf_counter() - began))
        found = card != SORRY
        return dict(decision="card" if found else SORRY, card=card if found else None, name=bundle.names[card] if found else None,
                    confidence=round(row["confidence"], 4), version=bundle.version, request_id=row["request_id"],
                    milliseconds=round(row["latency_ms"], 2))

    async def _keep(self, row):
        """Write a row of the log; while another holds the database, wait a little without holding up other requests."""
        ends, pause = time.perf_counter() + self.limits.log_s, .001
        while True:
            try:
                self.log.write(row)
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
