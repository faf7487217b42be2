"""Causes of change, as rows of data/events.csv: off by default, switched on by name."""
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterable, Mapping

from course_lib.world.tables import DATA, table


@dataclass(frozen=True)
class Event:
    """A cause of change: from `day` on, growing over `ramp_days`, until `ends` (exclusive)."""
    name: str
    day: int
    strength: float
    ramp_days: int = 0
    ends: int = 10_000

    def on(self, day: int) -> float:
        """Strength on a day; 0 when the cause is not at work."""
        if not self.day <= day < self.ends:
            return 0.0
        return self.strength * min(1.0, (day - self.day + 1) / max(self.ramp_days, 1))


def planned(name: str, folder: Path = DATA) -> Event:
    """The event as data/events.csv plans it; ValueError with the known names if there is none."""
    rows = table("events", folder)
    if name not in rows.index:
        raise ValueError(f"event {name!r} is unknown; data/events.csv has {', '.join(rows.index)}")
    row = rows.loc[name]
    return Event(name, int(row["day"]), float(row["strength"]), int(row["ramp_days"]), int(row["ends"]))


def schedule(events, folder: Path = DATA) -> tuple[Event, ...]:
    """Events in any accepted form, as a tuple of Event.

    Parameters
    ----------
    events : None, one name, an Event, an iterable of names and Events, or a mapping from a
        name to a start day or to a dict of Event's fields

    >>> schedule({"new_names": 30})[0].day
    30
    """
    if events is None:
        return ()
    if isinstance(events, (str, Event)):
        events = [events]
    if isinstance(events, Mapping):
        events = [_changed(name, how, folder) for name, how in events.items()]
    if not isinstance(events, Iterable):
        raise ValueError(f"events are names, Events or a mapping; {type(events).__name__} arrived")
    found = tuple(e if isinstance(e, Event) else planned(e, folder) for e in events)
    for event in found:
        planned(event.name, folder)
        if event.strength < 0 or event.ramp_days < 0:
            raise ValueError(f"event {event.name}: strength {event.strength} and ramp {event.ramp_days} must not be negative")
    if len({e.name for e in found}) < len(found):
        raise ValueError("an event stands twice in one schedule; give it one day and one strength")
    return found


def _changed(name, how, folder):
    fields = dict(how) if isinstance(how, Mapping) else dict(day=int(how))
    event = planned(name, folder)
    unknown = set(fields) - set(event.__dataclass_fields__)
    if unknown:
        raise ValueError(f"event {name}: {', '.join(sorted(unknown))} is unknown; fields are day, strength, ramp_days, ends")
    if "day" in fields and "ends" not in fields and event.ends < 10_000:
        fields["ends"] = event.ends - event.day + fields["day"]
    return replace(event, **fields)
