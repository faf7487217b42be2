"""The charter: what a product is for, what it promises, what errors cost, and who owns which risk.

A charter is a validated record. `faults` says of any document why it is not one yet: a metric
without a unit cannot be checked, a target without a baseline may be worth nothing, a risk
without an owner will be met by nobody.
"""
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from math import isfinite
from numbers import Real
from typing import Iterator

from course_lib.world.tables import settings

GOAL, GUARDRAIL = "goal", "guardrail"
LOWER, HIGHER = "lower", "higher"
KEPT, BROKEN, OPEN = "kept", "broken", "not shown"


class CharterError(ValueError):
    """A document that is not a charter yet; `reasons` holds one sentence for each fault."""

    def __init__(self, reasons):
        self.reasons = tuple(reasons)
        super().__init__(f"{len(self.reasons)} reason(s) against this charter:\n- " + "\n- ".join(self.reasons))


@dataclass(frozen=True)
class Metric:
    """A number that the team promises, what it is compared with, and whether it is the goal or a guardrail."""
    role: str
    unit: str
    better: str
    baseline: float
    compared_with: str
    target: float

    def verdict(self, low: float, high: float) -> str:
        """Whether an interval shows that the target is kept, that it is broken, or neither.

        >>> Metric("guardrail", "per 1,000 requests", "lower", 820, "the most popular card", 80).verdict(60, 95)
        'not shown'
        """
        if not (_is_number(low) and _is_number(high) and low <= high):
            raise ValueError(f"the interval {low!r} to {high!r} arrived; two numbers, the lower one first, are expected")
        sign = 1 if self.better == LOWER else -1
        best, worst = sorted((sign * low, sign * high))
        return KEPT if worst <= sign * self.target else BROKEN if best > sign * self.target else OPEN


@dataclass(frozen=True)
class Objective:
    """A service-level objective: this share of answers within `limit` (in `unit`), counted over `days`."""
    share: float
    limit: float
    unit: str
    days: int


@dataclass(frozen=True)
class Risk:
    """What may go wrong: who watches it, and what is done then."""
    owner: str
    answer: str


@dataclass(frozen=True)
class Charter:
    """A sound charter; `read` makes one of a document, data/charter.yaml is the reference."""
    task: str
    users: str
    owner: str
    constraints: tuple[str, ...]
    threshold: float
    cost_wrong_card: float
    cost_sorry: float
    cost_slow: float
    metrics: dict[str, Metric]
    objectives: dict[str, Objective]
    risks: dict[str, Risk]

    def __post_init__(self):
        found = faults(self.document())
        if found:
            raise CharterError(found)

    @property
    def goal(self) -> str:
        """Name of the one metric that the team tries to improve."""
        return next(name for name, metric in self.metrics.items() if metric.role == GOAL)

    @property
    def error_per_1000(self) -> float:
        """Most wrong cards in 1,000 requests that the charter allows."""
        return self.metrics["wrong cards"].target

    @property
    def p95_ms(self) -> float:
        """Milliseconds within which the promised share of answers comes."""
        return self.objectives["fast answers"].limit

    def document(self) -> dict:
        """The charter as nested dicts and lists, as it stands in a YAML file."""
        return asdict(self) | dict(constraints=list(self.constraints))


def read(document: Mapping) -> Charter:
    """A charter from a document; CharterError with every reason if it is not one yet."""
    found = faults(document)
    if found:
        raise CharterError(found)
    parts = {name: {key: kind(**fields) for key, fields in document[name].items()} for name, (kind, _) in _RECORDS.items()}
    return Charter(**{**document, **parts, "constraints": tuple(document["constraints"])})


def charter() -> Charter:
    """The reference charter, from data/charter.yaml."""
    return read(settings("charter"))


def faults(document) -> list[str]:
    """Why a document is not a charter yet: a sentence for each fault, an empty list if there is none.

    >>> faults({"task": "show a card"})[0]
    'users is missing: a text is expected.'
    """
    if not isinstance(document, Mapping):
        return [f"a charter is a mapping of names to values; {type(document).__name__} arrived (see data/charter.yaml)."]
    return [*_fields("", document, _TOP), *_records(document), *_required(document)]


def _fields(where, found, wanted) -> Iterator[str]:
    """Faults of the plain fields of one record."""
    at = f"{where}: " if where else ""
    for name in sorted(found.keys() - wanted.keys(), key=str):
        near = get_close_matches(str(name), wanted, 1)
        yield f"{at}{name!r} is unknown" + (f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(wanted)}.")
    for name, check in wanted.items():
        if check is None:
            continue
        if name not in found or found[name] is None or found[name] == "":
            yield f"{at}{name} is missing: {_MISSING.get(name, _EXPECTED[check] + ' is expected.')}"
        elif words := check(found[name]):
            yield f"{at}{name} is {found[name]!r}; {words} is expected."


def _records(document) -> Iterator[str]:
    for part, (_, wanted) in _RECORDS.items():
        records = document.get(part)
        if not isinstance(records, Mapping) or not records:
            yield f"{part}: at least one, by name, is expected; {_arrived(records)}."
            continue
        for name, record in records.items():
            if not isinstance(record, Mapping):
                yield f"{part}, {name}: the fields {', '.join(wanted)} are expected; {_arrived(record)}."
            else:
                yield from _fields(f"{part}, {name}", record, wanted)
                if part == "metrics":
                    yield from _better(name, record)


def _better(name, metric) -> Iterator[str]:
    """A target that the baseline meets already promises nothing."""
    baseline, target, better = (metric.get(field) for field in ("baseline", "target", "better"))
    if _is_number(baseline) and _is_number(target) and better in (LOWER, HIGHER):
        if (target >= baseline) if better == LOWER else (target <= baseline):
            yield f"metrics, {name}: the target {target:g} is no better than the baseline {baseline:g}; doing nothing would meet it."


def _required(document) -> Iterator[str]:
    """One goal, and the promises that later lessons ask for."""
    metrics = document.get("metrics")
    if isinstance(metrics, Mapping):
        goals = [name for name, metric in metrics.items() if isinstance(metric, Mapping) and metric.get("role") == GOAL]
        if len(goals) != 1:
            yield f"metrics: {len(goals)} of them have the role {GOAL!r}; one is expected, as two goals cannot both be improved at any price."
    for part, name in (("metrics", "wrong cards"), ("objectives", "fast answers")):
        if isinstance(document.get(part), Mapping) and document[part] and name not in document[part]:
            yield f"{part}: {name!r} is missing; later lessons test a release against it."


def _arrived(value):
    return "nothing arrived" if value is None or value == {} else f"{type(value).__name__} arrived"


def _is_number(value) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)


def _check(words, holds):
    """A check of one field: takes a value, returns what was expected if it does not hold."""
    def check(value):
        return "" if holds(value) else words
    _EXPECTED[check] = words
    return check


_EXPECTED: dict = {}
_text = _check("a text", lambda v: isinstance(v, str) and bool(v.strip()))
_texts = _check("a list of texts", lambda v: isinstance(v, (list, tuple)) and all(isinstance(t, str) and t.strip() for t in v))
_number = _check("a number", _is_number)
_cents = _check("a number of cents, 0 or more,", lambda v: _is_number(v) and v >= 0)
_confidence = _check("a confidence from 0 to 1", lambda v: _is_number(v) and 0 <= v <= 1)
_share = _check("a share above 0 and below 1, such as 0.95,", lambda v: _is_number(v) and 0 < v < 1)
_above_0 = _check("a number above 0", lambda v: _is_number(v) and v > 0)
_days = _check("a whole number of days above 0", lambda v: isinstance(v, int) and not isinstance(v, bool) and v > 0)
_role = _check(f"{GOAL!r} or {GUARDRAIL!r}", lambda v: v in (GOAL, GUARDRAIL))
_direction = _check(f"{LOWER!r} or {HIGHER!r}", lambda v: v in (LOWER, HIGHER))

_TOP = dict(task=_text, users=_text, owner=_text, constraints=_texts, threshold=_confidence, cost_wrong_card=_cents,
            cost_sorry=_cents, cost_slow=_cents, metrics=None, objectives=None, risks=None)
_RECORDS = {
    "metrics": (Metric, dict(role=_role, unit=_text, better=_direction, baseline=_number, compared_with=_text, target=_number)),
    "objectives": (Objective, dict(share=_share, limit=_above_0, unit=_text, days=_days)),
    "risks": (Risk, dict(owner=_text, answer=_text)),
}
_MISSING = {
    "unit": "a number without its unit cannot be checked.",
    "baseline": "without it nobody knows whether the target is an achievement.",
    "compared_with": "say which product or which year the baseline is.",
    "target": "a metric without a target is a wish.",
    "owner": "what nobody owns, nobody does.",
    "answer": "say what is done when it happens.",
}
