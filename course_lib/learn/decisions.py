"""What a learner may decide, and what stands in until then: data/decisions.yaml, read and held against an answer."""
from collections.abc import Mapping
from difflib import get_close_matches
from math import isfinite
from numbers import Integral, Real

from course_lib.world.tables import TableError, settings

_LONGEST = 60                                           # letters of an odd value that a sentence repeats


def known() -> dict[str, dict]:
    """Every decision that a lesson keeps: its lesson, what is allowed, and its default where data/charter.yaml has none."""
    found = settings("decisions")
    for name, rule in found.items():
        if not isinstance(rule, Mapping) or not set(rule) & set(_TESTS):
            raise TableError(f"decisions.yaml, {name}: one of {', '.join(_TESTS)} is expected, to say what is allowed")
    return found


def default(name: str):
    """What later lessons take until the learner has decided; KeyError for what is no decision of the course."""
    rule = _rule(name)
    if rule is None:
        raise KeyError(_unknown(name))
    if "default" in rule:
        return rule["default"]
    if rule.get("record") in ("incident", "change"):
        return _course_record(rule["record"])
    return settings("charter") if name == "charter" else settings("charter")[name]


def fault(name: str, value) -> str:
    """A sentence about a decision that cannot be kept; empty if it can.

    >>> fault("threshold", 1.4)
    'threshold is 1.4; a number from 0 to 1 is expected.'
    """
    rule = _rule(name)
    if rule is None:
        return _unknown(name)
    test = next(test for kind, test in _TESTS.items() if kind in rule)
    words, shown = test(value, rule), repr(value)
    shown = shown if len(shown) <= _LONGEST else shown[:_LONGEST] + " …"
    return f"{name} is {shown}; {words} expected." if words else ""


def _course_record(kind):
    """The course's own incident, or the change that ends it; the modules are loaded where they are asked for."""
    from course_lib.cycle import change, incident
    if kind == "incident":
        return dict(incident.REFERENCE)
    return change.after_incident(incident.REFERENCE, action="mend the card table", owner=incident.REFERENCE["owner"],
                                 way_back="the old rows stand in the version before; one rollback")


def _rule(name):
    rules, name = known(), str(name)
    stem = name.rstrip("0123456789")
    return rules.get(name) or (rules.get(stem) if stem.endswith("_") and stem != name else None)


def _unknown(name):
    near = get_close_matches(str(name), known(), 1)
    return f"{name!r} is no decision of the course; " + (f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known())}.")


def _is_number(value, kind=Real):
    return isinstance(value, kind) and not isinstance(value, bool) and isfinite(value)


def _number(value, rule):
    low, *high = rule["number"]
    span = f"a number from {low:g} to {high[0]:g} is" if high else f"a number, {low:g} or more, is"
    return "" if _is_number(value) and low <= value <= (high or [value])[0] else span


def _whole(value, rule):
    low, high = rule["whole"]
    return "" if _is_number(value, Integral) and low <= value <= high else f"a whole number from {low} to {high} is"


def _one_of(value, rule):
    known = rule["one_of"]
    return "" if isinstance(value, str) and value in known else f"one of {', '.join(map(repr, known))} is"


def _counts(value, rule):
    places, most, total = rule["counts"], rule["most"], rule["sum"]
    if not isinstance(value, Mapping) or set(value) != set(places):
        return f"one number for each of {', '.join(places)} is"
    for place, n in value.items():
        if not (_is_number(n) and n == int(n) and 0 <= n <= most.get(place, total)):
            return f"{n!r} clips for {place!r} arrived; a whole number from 0 to {most.get(place, total)} is"
    added = f"it adds up to {sum(value.values()):.0f} clips; there is money for {total}, and with more or fewer no plan can be compared:"
    return "" if sum(value.values()) == total else f"{added} {total} are"


def _choices(value, rule):
    names, among = rule["choices"], rule["among"]
    sound = isinstance(value, Mapping) and set(value) == set(names) and all(one in among for one in value.values())
    return "" if sound else f"{', '.join(map(repr, among))} for each of {', '.join(names)} is"


def _texts(value, rule):
    sound = isinstance(value, Mapping) and set(value) == set(rule["texts"]) and all(isinstance(text, str) for text in value.values())
    return "" if sound else f"a text for each of {', '.join(rule['texts'])} is"


def _fields(value, rule):
    return "" if isinstance(value, Mapping) and set(value) == set(rule["fields"]) else f"a dict of {', '.join(rule['fields'])} is"


def _record(value, rule):
    if rule["record"] == "charter":
        from course_lib.cycle.charter import faults
    elif rule["record"] == "incident":
        from course_lib.cycle.incident import record_faults as faults
    else:
        from course_lib.cycle.change import faults
    found = faults(value)
    return f"{found[0].rstrip('.')}. A sound {rule['record']} is" if found else ""


_TESTS = dict(number=_number, whole=_whole, one_of=_one_of, counts=_counts, choices=_choices, texts=_texts, fields=_fields, record=_record)
