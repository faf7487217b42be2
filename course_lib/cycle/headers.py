"""A guard of connections: a client that does not send its request line and headers in time is sent away.

uvicorn ends a connection that is idle *after* an answer (`timeout_keep_alive`); one that sends its headers a byte a second
is waited for without end ("slowloris"). The body has a guard of its own, `intake.Bounded`.
"""
import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

from course_lib.cycle.intake import Limits

_SAYS = b'{"error":"the headers took over %g seconds","hint":"send them faster"}'
_HEAD = b"HTTP/1.1 408 Request Timeout\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"


class Patient(H11Protocol):
    """uvicorn's protocol with a clock that runs while a request has begun, or a connection is new, and its headers are not complete."""
    patience_s = Limits.patience_s
    _clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport):
        """A new connection: the clock runs."""
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc):
        """The client has left."""
        self._stop()
        super().connection_lost(exc)

    def handle_events(self):
        """Whatever has arrived: the clock stops where headers are complete, and runs where a part of them is there."""
        super().handle_events()
        if self._awaited() and (self.cycle is None or self.conn.trailing_data[0]):
            self._watch()
        elif not self._awaited():
            self._stop()

    def _awaited(self):
        """Whether no request is under way."""
        return (self.cycle is None or self.cycle.response_complete) and not self.transport.is_closing()

    def _watch(self):
        if self._clock is None:
            self._clock = self.loop.call_later(self.patience_s, self._give_up)

    def _stop(self):
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _give_up(self):
        self._clock = None
        if self._awaited():
            said = _SAYS % self.patience_s
            if self.conn.trailing_data[0]:               # one that has sent nothing asked for nothing
                self.transport.write(_HEAD % len(said) + said)
            self.transport.close()
