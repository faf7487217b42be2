"""What a request may be: a body of bounded size and time, headers of a known form; or a refusal that says why."""
import asyncio
import re
from dataclasses import dataclass
from typing import Mapping

from fastapi import HTTPException

from course_lib.cycle.consented import CONSENT

WORD, DAY = r"^[A-Za-z0-9_.:-]{1,64}$", r"^[0-9]{1,5}$"
_DRAINED = 50                                        # times the limit: read and dropped, so that the refusal can be read


@dataclass(frozen=True)
class Limits:
    """What the service takes: bytes and seconds of a clip, seconds to send it, requests at once; how long it waits for its log."""
    max_bytes: int = 2_000_000
    max_seconds: float = 10.0
    patience_s: float = 5.0
    at_once: int = 64
    poll_s: float = .2
    log_s: float = .5


class Refused(HTTPException):
    """A request that cannot be answered: status, error in a few words, hint what to do."""

    def __init__(self, status: int, error: str, hint: str, headers: Mapping[str, str] | None = None):
        super().__init__(status, error, headers)
        self.hint = hint


class Bounded:
    """ASGI middleware: on every path a body is refused that is too large (413) or takes too long (408)."""

    def __init__(self, app, limits: Limits):
        self.app, self.limits = app, limits

    async def __call__(self, scope, receive, send):
        await self.app(scope, _Body(receive, self.limits).part if scope["type"] == "http" else receive, send)


class _Body:
    """One request's body as it arrives."""

    def __init__(self, receive, limits):
        self._receive, self._limits, self._size = receive, limits, 0
        self._ends = asyncio.get_running_loop().time() + limits.patience_s

    async def part(self):
        """The next part, in place of ASGI's `receive`."""
        limits = self._limits
        try:
            async with asyncio.timeout_at(self._ends):
                message = await self._next()
                while limits.max_bytes < self._size <= _DRAINED * limits.max_bytes and message.get("more_body"):
                    message = await self._next()
        except TimeoutError:
            raise Refused(408, f"the body took over {limits.patience_s:g} seconds", "send it faster", {"Connection": "close"}) from None
        if self._size > limits.max_bytes:
            raise Refused(413, f"the body is over {limits.max_bytes:,} bytes", "send one short utterance", {"Connection": "close"})
        if not message.get("more_body"):
            self._ends = None                            # what follows can only be that the client leaves
        return message

    async def _next(self):
        message = await self._receive()
        self._size += len(message.get("body", b""))
        return message


def agreed(headers: Mapping[str, str]) -> bool:
    """Whether the user of a request agreed that its audio is kept: the header x-consent says "audio"; Refused (422) where it is odd."""
    value = headers.get("x-consent")
    if value not in (None, CONSENT):
        raise Refused(422, "header x-consent is malformed", f'"{CONSENT}" is expected, or no such header')
    return value == CONSENT


def told(headers: Mapping[str, str]) -> dict:
    """What a client says of itself in headers: device, user and the simulation's day; Refused (422) where odd."""
    found = {}
    for name in ("device", "user"):
        value = headers.get(f"x-{name}")
        if value is not None:
            if not re.fullmatch(WORD, value):
                raise Refused(422, f"header x-{name} is malformed", "letters, digits and _.:- are taken, 64 at most")
            found[name] = value
    day = headers.get("x-day")
    if day is not None:
        if not re.fullmatch(DAY, day):
            raise Refused(422, "header x-day is malformed", "a whole number of days after launch is expected")
        found["day"] = int(day)
    return found
