"""The incident desk of lesson 09: an incident to look at, to listen to, to answer for; works without widgets, too."""
from functools import lru_cache

import pandas as pd

from course_lib.cycle import alerts, incident, scope, shift
from course_lib.learn import plots
from course_lib.learn.lesson import decide
from course_lib.lessons import shift_harm as harm
from course_lib.lessons.shift_act import REQUESTS_A_DAY
from course_lib.lessons.shift_incident import END, NUMBERS, USUAL, incident_of, normal, usual  # noqa: F401, the panel reads NUMBERS

ANSWERS = {shift.NOTHING: "nothing", **shift.CAUSES}
MENDED, LATE, PACE = 2, 14, 5                           # days until a known cause is mended, an unknown one; listens a click


@lru_cache(maxsize=16)
def open_incident(seed: int, number: int) -> "Case":
    """An incident of the desk, with what was heard of it so far; the same one each time it is opened."""
    return Case(seed, number)


class Case:
    """One incident on the desk: its log and a budget of listens. The truth appears with `submit`."""

    def __init__(self, seed: int, number: int):
        self._found = incident_of(seed, number)
        self.seed, self.number, self.log = seed, number, self._found.log
        self.listener = self._found.listener()
        self.done = False

    def evidence(self) -> pd.DataFrame:
        """The steps of all signals and slices."""
        return shift.evidence(self.log, normal(self.seed))

    def listen(self, ids) -> pd.DataFrame:
        """What a person hears in some requests, at most 20 an incident."""
        return self.listener.listen(ids)

    def hear_more(self, way: str) -> pd.DataFrame:
        """Listen to five more requests, chosen one way; all that was heard so far."""
        waiting = [name for name in harm.listens(self._found, way) if name not in self.listener.asked]
        if not waiting:
            raise ValueError("no request of this choice is left; choose another way")
        self.listener.listen(waiting[:PACE])
        return shown(self.listener.heard())

    def look(self, signal: str, device: str):
        """A figure of one signal in one slice with the band of usual days, and its numbers in words."""
        pick = lambda log: log if device == shift.ALL else log[log["device"] == device]
        before, after = pick(usual(self.seed).log), pick(self.log)
        then, now = shift.daily(before, before)[signal], shift.daily(after, before)[signal]
        low, high = then.quantile([.01, .99])
        out = int(((now < low) | (now > high)).sum())
        finding = f"incident {self.number}, {device}, {signal}: {out} of {len(now)} days are outside the usual band"
        ax = plots.timeline(plots.axes(), now.index, {signal: now}, unit=signal, finding=finding)
        ax.axhspan(low, high, color=plots.COLOURS[5], alpha=.25)
        return ax.figure, f"{signal}, {device}: {out} of {len(now)} days outside {low:.3g} to {high:.3g}; the largest step begins on day {shift.first_day(now)}"

    def submit(self, cause: str, day: int, action: str) -> str:
        """Answer for an incident: its truth, the reference's way, and what your handling costs against it. Kept in the ledger."""
        if cause not in ANSWERS:
            raise ValueError(f"cause {cause!r} is unknown; known are {', '.join(ANSWERS)}")
        if not USUAL <= day < END:
            raise ValueError(f"day {day} arrived; the incident's days are {USUAL} to {END - 1}")
        found, reference = self._found, harm.found_in(self._found)[2]
        mine = handled(found, cause, action, len(self.listener.asked))
        best = min(incident.MITIGATIONS, key=lambda a: harm.bill(found, a).cost)
        theirs = handled(found, reference.cause, best, shift.BUDGET if reference.day else 0)
        decide(f"incident_{self.number}", dict(cause=cause, day=int(day), action=action, right=cause == found.cause, cost=round(mine, 2)))
        self.done = True
        truth = "nothing happened" if found.cause == shift.NOTHING else f"{ANSWERS[found.cause]}, strength {found.strength:g}, since day {found.day}"
        said = "Right" if cause == found.cause else "Not this time"
        return (f"{said}: {truth}. You said {ANSWERS[cause]}, day {day}. The reference listened to {shift.BUDGET if reference.day else 0} requests and said "
                f"{ANSWERS[reference.cause]}: {'; '.join(reference.reasons)}. Two weeks of your handling cost {mine:,.0f} €, of the reference's ({best}) {theirs:,.0f} €.")


def handled(found, cause: str, action: str, listens: int) -> float:
    """Euros of two weeks: extra errors under the mitigation until the cause is mended (2 days if it is known, else 14), and listens."""
    days = MENDED if cause == found.cause else LATE
    return (harm.extra(found, action) * REQUESTS_A_DAY / 1000 * days + listens * alerts.plan().listen) / 100


def shown(heard: pd.DataFrame) -> pd.DataFrame:
    """What was heard, with cards by their ids and "none" where there is none."""
    return heard.replace({"named": {"": "none"}, "card_now": {"": "none"}, "decision": {scope.SORRY: "sorry?"}})
