"""The product as a service: a WAV goes in, a card or "sorry" comes out, and every request is logged."""
import asyncio
import time
from contextlib import asynccontextmanager
from pathlib import Path

import sqlalchemy as sa
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, ConfigDict, Field
from sklearn import set_config
from starlette.exceptions import HTTPException

from course_lib.cycle.consented import CONSENT, ConsentedAudio
from course_lib.cycle.desk import Desk, unlogged
from course_lib.cycle.intake import DAY, WORD, Bounded, Limits, Refused
from course_lib.cycle.log import RequestLog
from course_lib.world import features


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


class Health(BaseModel):
    """Whether the service can answer, and for whom; a fault beside which it still can is named, and it stays ready."""
    ready: bool
    version: str
    mode: str
    challenger: str
    share: float
    fault: str


class Feedback(BaseModel):
    """What a user said of an answer."""
    model_config = ConfigDict(extra="forbid")
    request_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    kind: str = Field(pattern="^(wrong|right|correct|re_ask|complain)$")
    card: str | None = Field(default=None, pattern=WORD)


def create_app(folder: Path, log: RequestLog, limits: Limits = Limits(), audio: ConsentedAudio | None = None) -> FastAPI:
    """The service of the champion in a folder of bundles.

    Parameters
    ----------
    folder : where bundles, the pointer to the champion and the settings of a release stand; changes are followed within a second
    log : where requests and feedback go
    limits : sizes and times
    audio : where the audio of requests with the header "x-consent: audio" is kept; None keeps none, whatever a request says

    Raises
    ------
    BundleError
        There is no champion, or it is not whole.
    """
    desk = Desk(Path(folder), log, limits, audio)

    @asynccontextmanager
    async def lifespan(_):
        set_config(assume_finite=True)                   # of this thread; `features` has refused what is not finite
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
                       for name, pattern in (("device", WORD), ("user", WORD), ("day", DAY), ("consent", f"^{CONSENT}$"))]}


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
            raise unlogged(error) from None
        return dict(kept=True)

    @app.get("/healthz", responses={503: {"description": "not ready: the log cannot be written", "model": Health}}, response_model=Health)
    async def healthz():
        ready, on_trial = await desk.ready(), desk.serving.release
        said = Health(ready=ready, version=desk.bundle.version, mode=on_trial.mode, challenger=on_trial.challenger, share=on_trial.share, fault=desk.fault)
        return said if ready else JSONResponse(said.model_dump() | dict(error="not ready", hint=desk.fault), 503, {"Retry-After": "1"})

    @app.get("/model")
    async def model():
        b = desk.bundle
        return dict(version=b.version, threshold=b.threshold, cards=len(b.names), features=features.VERSION, about=dict(b.about))

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics():
        return Response(desk.metrics(), media_type=CONTENT_TYPE_LATEST)
