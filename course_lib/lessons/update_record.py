"""From lesson 09's incident record to a change record: what was found, and the action of least total cost against it."""
from course_lib.cycle import incident, shift
from course_lib.learn import lesson
from course_lib.lessons import update_actions as actions, update_prices as prices

ACTIONS = {actions.NOTHING: "nothing", actions.RECORD: "retrain", actions.LABELS: "retrain", actions.TABLE: "mend the card table",
           actions.UPSTREAM: "repair upstream", actions.THRESHOLD: "change the threshold", actions.REPLACE: "replace",
           actions.PHONES: "hand over a slice", actions.RETIRE: "retire"}
_VERSION = "registry.rollback() to the version before"
WAYS_BACK = {actions.NOTHING: "nothing was changed", actions.RECORD: _VERSION, actions.LABELS: _VERSION, actions.REPLACE: _VERSION,
             actions.TABLE: "the old rows stand in the version before: registry.rollback(); not drilled yet",
             actions.UPSTREAM: "the maker keeps the firmware before; not drilled yet", actions.THRESHOLD: "the old threshold stands in the version before: registry.rollback()",
             actions.PHONES: "phones are sent to the look-up again; not drilled yet",
             actions.RETIRE: "the bundle is kept, and the service can start again; users who have left do not come back"}


def kept() -> dict:
    """The incident record that the learner kept in lesson 09, where it is whole; else the course's own."""
    mine = lesson.decision("incident", incident.REFERENCE)
    return dict(incident.REFERENCE if incident.record_faults(mine) else mine)


def remedy(seed: int, what: str) -> dict[str, str]:
    """Action, owner and way back against a cause of lesson 09, as a change record names them: the action of least total cost over 90 days."""
    causes = {event: cause for cause, event in actions.EVENTS.items()}
    best = actions.NOTHING if what == shift.NOTHING else str(actions.total(actions.costs(seed, causes[what])).idxmin())
    return dict(action=ACTIONS[best], owner=prices.OWNERS[best], way_back=WAYS_BACK[best])
