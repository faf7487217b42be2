"""The charter of lesson 01: a draft with faults, a way to mend it, and the one that the learner has signed."""
import copy

from course_lib.cycle.charter import Charter, CharterError, charter, faults, read
from course_lib.learn.lesson import decide, decision

DECISIONS = ("threshold", "cost_wrong_card", "cost_sorry", "cost_slow")


def draft() -> dict:
    """A charter as it came out of a meeting: four faults, each of a kind that is found in real ones."""
    document = charter().document()
    document["threshold"] = 50
    document["metrics"]["wrong cards"]["unit"] = ""
    del document["metrics"]["right cards"]["baseline"]
    document["risks"]["a name passes to another figure"]["owner"] = None
    return document


def mend(document: dict, *, unit=None, baseline=None, owner=None, **values) -> dict:
    """A copy of the draft with its gaps filled; what is None stays as it was.

    Parameters
    ----------
    unit : of the metric "wrong cards"; baseline : of "right cards"; owner : of the risk that a name passes to another figure
    values : threshold, cost_wrong_card, cost_sorry, cost_slow
    """
    odd = sorted(set(values) - set(DECISIONS))
    if odd:
        raise ValueError(f"{odd[0]!r} is not a value of the draft; unit, baseline, owner, {', '.join(DECISIONS)} are")
    out = copy.deepcopy(document)
    for place, field, value in ((out["metrics"]["wrong cards"], "unit", unit), (out["metrics"]["right cards"], "baseline", baseline),
                                (out["risks"]["a name passes to another figure"], "owner", owner)):
        if value is not None:
            place[field] = value
    return out | {name: value for name, value in values.items() if value is not None}


def sign(document: dict) -> Charter:
    """The charter that a document makes, kept for later lessons; the reasons against it and the reference charter if it makes none."""
    try:
        agreed = read(document)
    except CharterError as error:
        print(f"Not signed: {error}\nThe lesson goes on with the reference charter.")
        return charter()
    decide("charter", agreed.document())
    for name in DECISIONS:
        decide(name, getattr(agreed, name))
    print(f"Signed. Threshold {agreed.threshold:g}; a wrong card costs {agreed.cost_wrong_card:g}, a needless \"sorry?\" {agreed.cost_sorry:g}, "
          f"a slow answer {agreed.cost_slow:g} cents. Later lessons use it.")
    return agreed


def signed() -> Charter:
    """The charter that the learner has signed in lesson 01; the reference charter until then, or if what was kept is none any more."""
    kept = decision("charter", {})
    return charter() if faults(kept) else read(kept)
