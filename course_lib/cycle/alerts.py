"""Alert rules as data: which signal, how unusual, who is told, and what that costs against what it saves."""
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from numbers import Real

import numpy as np
import pandas as pd

from course_lib.cycle import drift
from course_lib.world.tables import settings

ACTIONS, SIDES = ("page", "ticket", "ignore"), ("above", "below", "either")
LIMITS = ("one_in", "limit", "of_usual")


class AlertError(ValueError):
    """A document that is no plan of alerts; the message says where and why."""


@dataclass(frozen=True)
class Action:
    """What one alarm costs (cents), and for how many days the harm behind it goes on."""
    call: float
    days: float


@dataclass(frozen=True)
class Rule:
    """When to tell whom: the mean of `signal` over `days` is beyond a limit, which is given in one of three ways.

    Attributes
    ----------
    one_in : what one in so many unchanged windows exceeds
    limit : in the signal's own units, such as the milliseconds of the charter
    of_usual : so many times the median of the usual windows
    """
    name: str
    signal: str
    side: str
    days: int
    action: str
    owner: str
    why: str
    one_in: float | None = None
    limit: float | None = None
    of_usual: float | None = None


@dataclass(frozen=True)
class Plan:
    """Rules, what each action costs, how many requests a logged one stands for, and the price of a label."""
    rules: tuple[Rule, ...]
    actions: Mapping[str, Action]
    scale: float
    listen: float


def plan() -> Plan:
    """The reference plan, from data/alerts.yaml."""
    return read(settings("alerts"))


def read(document: Mapping) -> Plan:
    """A plan from a document such as data/alerts.yaml.

    Raises
    ------
    AlertError
        Something is missing, unknown or out of range; names it.
    """
    _fields(document, "the document", ("scale", "listen", "actions", "rules"))
    _fields(document["actions"], "actions", ACTIONS)
    actions = {}
    for name in ACTIONS:
        _fields(document["actions"][name], f"action {name!r}", ("call", "days"))
        actions[name] = Action(**{key: _number(value, f"action {name!r}, {key}") for key, value in document["actions"][name].items()})
    if not isinstance(document["rules"], Mapping) or not document["rules"]:
        raise AlertError("rules: at least one rule with a name is expected")
    rules = tuple(_rule(name, fields) for name, fields in document["rules"].items())
    return Plan(rules, actions, _number(document["scale"], "scale"), _number(document["listen"], "listen"))


def _fields(found, where, expected, optional=()):
    if not isinstance(found, Mapping):
        raise AlertError(f"{where}: names with values are expected, {type(found).__name__} arrived")
    for name in expected:
        if name not in found:
            raise AlertError(f"{where}: {name} is missing")
    for name in found:
        if name not in (*expected, *optional):
            raise AlertError(f"{where}: {name} is unknown; known are {', '.join((*expected, *optional))}")


def _number(value, where):
    if isinstance(value, bool) or not isinstance(value, Real) or not isfinite(value) or value < 0:
        raise AlertError(f"{where} is {value!r}; a number from 0 up is expected")
    return value


def _rule(name, fields):
    where = f"rule {name!r}"
    _fields(fields, where, [key for key in Rule.__dataclass_fields__ if key not in ("name", *LIMITS)], LIMITS)
    for key, known in (("side", SIDES), ("action", ACTIONS)):
        if fields[key] not in known:
            raise AlertError(f"{where}: {key} is {fields[key]!r}; one of {', '.join(known)} is expected")
    for key in ("signal", "owner", "why"):
        if not isinstance(fields[key], str) or not fields[key].strip():
            raise AlertError(f"{where}: {key} is empty; an alarm without it helps nobody")
    _limit(fields, where)
    if _number(fields["days"], f"{where}, days") < 1 or fields["days"] != int(fields["days"]):
        raise AlertError(f"{where}: days is {fields['days']}; whole days from 1 up are expected")
    return Rule(name, **fields)


def _limit(fields, where):
    given = [key for key in LIMITS if key in fields]
    if len(given) != 1:
        raise AlertError(f"{where}: {' and '.join(given) or 'no limit'} arrived; one of {', '.join(LIMITS)} is expected")
    value = _number(fields[given[0]], f"{where}, {given[0]}")
    if given == ["one_in"] and value < 2:
        raise AlertError(f"{where}: one_in is {value}; 2 or more is expected, such as 100 for one false alarm in 100 windows")
    if given != ["one_in"] and fields["side"] == "either":
        raise AlertError(f"{where}: side is 'either', and {given[0]} is one limit; above or below is expected")


def limits(rules, usual: pd.DataFrame, ahead: bool = False) -> pd.DataFrame:
    """Each rule's limits, from days in which nothing changed.

    Parameters
    ----------
    rules : sequence of Rule
    usual : daily signals, such as monitor.signals of some usual months, in order of time
    ahead : whether a rule's `one_in` is meant of days to come, as in `drift.threshold`

    Returns
    -------
    DataFrame by rule: low, high (infinite where a side is open), usual (median) and spread (standard deviation)
    """
    out = {}
    for rule in rules:
        values = _values(rule, usual).dropna()
        low, high = _beyond(rule, values, ahead)
        out[rule.name] = dict(low=low if rule.side != "above" else -np.inf, high=high if rule.side != "below" else np.inf,
                              usual=values.median(), spread=values.std())
    return pd.DataFrame(out).T.rename_axis("rule")


def _beyond(rule, values, ahead):
    """The lower and the upper limit, of which a side may have no use."""
    if rule.limit is not None:
        return rule.limit, rule.limit
    if rule.of_usual is not None:
        middle = float(np.median(drift.numbers(values, f"usual {rule.signal}")))
        return rule.of_usual * middle, rule.of_usual * middle
    level = 1 / rule.one_in / (2 if rule.side == "either" else 1)
    return -drift.threshold(-values, level, ahead), drift.threshold(values, level, ahead)


def _values(rule, signals):
    if rule.signal not in signals:
        raise ValueError(f"rule {rule.name!r} reads {rule.signal!r}, which is not among the signals {', '.join(signals)}")
    return signals[rule.signal].rolling(rule.days).mean()


def fired(rules, found: pd.DataFrame, signals: pd.DataFrame) -> pd.DataFrame:
    """Alarms of some days, a row each.

    Parameters
    ----------
    rules, found : rules and their `limits`
    signals : daily signals; a rule over several days needs as many before its first alarm, and a day on which its signal is NaN is no alarm

    Returns
    -------
    DataFrame with day, rule, signal, value, size (distance from the usual value in spreads), action, owner; largest first on each day
    """
    rows = []
    for rule in rules:
        values, limit = _values(rule, signals), found.loc[rule.name]
        for day, value in values[(values > limit["high"]) | (values < limit["low"])].items():
            size = abs(value - limit["usual"]) / limit["spread"] if limit["spread"] > 0 else np.inf
            rows.append((day, rule.name, rule.signal, value, size, rule.action, rule.owner))
    out = pd.DataFrame(rows, columns=["day", "rule", "signal", "value", "size", "action", "owner"])
    return out.sort_values(["day", "size"], ascending=[True, False], ignore_index=True)


def expected_cost(share_real, harm_per_day, actions: Mapping[str, Action]) -> pd.DataFrame:
    """Cents that an alarm costs by action: the call, and the harm until somebody acts, times the chance that it is real.

    Parameters
    ----------
    share_real : (n,) share of an alarm's firings behind which users were hurt; harm_per_day : (n,) cents a day then

    >>> expected_cost([.5], [10_000], {"page": Action(6000, .1), "ignore": Action(0, 14)}).round().to_numpy().tolist()
    [[6500.0, 70000.0]]
    """
    real, harm = np.atleast_1d(np.asarray(share_real, float)), np.atleast_1d(np.asarray(harm_per_day, float))
    if ((real < 0) | (real > 1)).any():
        raise ValueError("share_real holds numbers outside 0 to 1; it is the share of alarms that were real")
    return pd.DataFrame({name: action.call + real * harm * action.days for name, action in actions.items()})


def cheapest(share_real, harm_per_day, actions: Mapping[str, Action]) -> list[str]:
    """The action of least expected cost for each alarm; the quieter one where two cost the same."""
    costs = expected_cost(share_real, harm_per_day, actions)
    return list(costs[[name for name in reversed(ACTIONS) if name in costs]].idxmin(axis=1))
