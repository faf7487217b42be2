"""Change records: what was changed in production, on which evidence, by whom, and how to get back."""
from typing import Mapping

from course_lib.cycle import incident as incidents

ACTIONS = ("nothing", "retrain", "replace", "repair upstream", "mend the card table", "change the threshold", "hand over a slice", "retire")
TEXTS = {"cause": "what changed in the world", "evidence": "what shows it, in numbers", "owner": "who does it and answers for it",
         "way_back": "how it is undone, and how long that takes", "look_again": "when, and at which number, somebody looks again"}
_TRAINED = ("retrain", "replace")
NAMES = (*TEXTS, "action", "data", "gate")


class ChangeError(ValueError):
    """A document that is no change record yet; `reasons` holds a sentence for each fault."""

    def __init__(self, reasons):
        self.reasons = tuple(reasons)
        super().__init__(f"{len(self.reasons)} reason(s) against this change record:\n- " + "\n- ".join(self.reasons))


def faults(record: Mapping) -> list[str]:
    """Why a document is no change record yet; empty if it is one.

    >>> faults({})[0]
    'cause is missing; say what changed in the world'
    """
    if not isinstance(record, Mapping):
        return [f"{type(record).__name__} arrived; a dict is expected"]
    found = [f"{name} is missing; say {words}" for name, words in TEXTS.items() if not _text(record.get(name))]
    if _text(record.get("evidence")) and not any(letter.isdigit() for letter in record["evidence"]):
        found.append("evidence holds no number; say how large the loss is, and how sure")
    action = record.get("action")
    if action not in ACTIONS:
        found.append(f"action is {action!r}; one of {', '.join(ACTIONS)} is expected")
    if action in _TRAINED:
        found += _training_faults(record)
    odd = sorted(set(map(str, record)) - set(NAMES))
    return found + ([f"{', '.join(odd)} is no field of a change record; its fields are {', '.join(NAMES)}"] if odd else [])


def _training_faults(record):
    gate, found = record.get("gate"), []
    if not _text(record.get("data")):
        found.append("data is missing; a new model names the fingerprint of what it learnt from")
    if not isinstance(gate, Mapping) or not gate:
        found.append("gate is missing; a new model names each check and whether it passed")
    elif failed := [name for name, passed in gate.items() if passed is not True]:
        found.append(f"the gate was not passed ({', '.join(map(str, failed))}); a model that fails is not put into production")
    return found


def _text(value):
    return isinstance(value, str) and bool(value.strip())


def checked(record: Mapping) -> dict:
    """The record as plain values that can be kept; ChangeError with every reason if it is none yet."""
    if found := faults(record):
        raise ChangeError(found)
    out = {name: record[name].strip() for name in TEXTS} | dict(action=record["action"])
    return out | {name: dict(record[name]) if name == "gate" else record[name] for name in ("data", "gate") if name in record}


def after_incident(incident: Mapping, **rest: str) -> dict:
    """The beginning of a change record, from the record of the incident that it answers.

    Cause and evidence are taken over as they stand, with the harm a day; what would prove the incident's
    record wrong is what somebody looks at again.

    Parameters
    ----------
    incident : a whole incident record (`course_lib.cycle.incident.FIELDS`)
    rest : action, owner, way_back and whatever else the change record needs

    Raises
    ------
    ChangeError
        The incident record is not whole; its reasons say what lacks.
    """
    if found := incidents.record_faults(incident):
        raise ChangeError(f"the incident record: {fault}" for fault in found)
    low, high = incident["harm"]
    return dict(cause=f"{incident['what']}, since day {int(incident['since'])}",
                evidence=f"{'; '.join(incident['evidence_for'])}; harm {low:,.0f} to {high:,.0f} cents a day; against it: {'; '.join(incident['evidence_against'])}",
                look_again=f"a day after, at what would prove it wrong: {incident['wrong_if']}") | rest
