"""Model cards: what a model is for, what it was measured on, where it should not be trusted (Mitchell et al., 2019)."""
from math import isfinite
from numbers import Real
from typing import Mapping

TEXTS = ("purpose", "model", "data", "split", "baseline", "owner")
_ASKS = {"purpose": "what the model is for, and for whom", "model": "the kind of model and its threshold", "data": "what it learnt from",
         "split": "how the clips that it was measured on were kept apart", "baseline": "what its numbers are compared with",
         "owner": "who answers for it"}


class CardError(ValueError):
    """A document that is not a model card yet; `reasons` holds one sentence for each fault."""

    def __init__(self, reasons):
        self.reasons = tuple(reasons)
        super().__init__(f"{len(self.reasons)} reason(s) against this model card:\n- " + "\n- ".join(self.reasons))


def faults(card: Mapping) -> list[str]:
    """Why a document is not a model card yet; empty if it is one."""
    if not isinstance(card, Mapping):
        return [f"{type(card).__name__} arrived; a dict is expected"]
    found = [f"{name} is missing; say {_ASKS[name]}" for name in TEXTS if not (isinstance(card.get(name), str) and card[name].strip())]
    numbers = card.get("numbers")
    if not isinstance(numbers, Mapping) or not numbers:
        found.append("numbers is missing; give each metric as (value, low, high)")
    else:
        found += [fault for name, triple in numbers.items() if (fault := _number_fault(name, triple))]
    limits = card.get("limits")
    if not isinstance(limits, (list, tuple)) or not limits or not all(isinstance(one, str) and one.strip() for one in limits):
        found.append("limits is missing; list in sentences where the model should not be trusted")
    odd = sorted(set(map(str, card)) - {*TEXTS, "numbers", "limits"})
    return found + ([f"{', '.join(odd)} is no field of a model card; its fields are {', '.join((*TEXTS, 'numbers', 'limits'))}"] if odd else [])


def _number_fault(name, triple):
    if not isinstance(triple, (tuple, list)) or len(triple) != 3:
        return f"{name} has no interval; give it as (value, low, high)"
    if not all(isinstance(x, Real) and not isinstance(x, bool) and isfinite(x) for x in triple):
        return f"{name} is {tuple(triple)!r}; three finite numbers are expected"
    value, low, high = triple
    return "" if low <= value <= high else f"{name}: {value:g} is not between {low:g} and {high:g}; the order is (value, low, high)"


def checked(card: Mapping) -> dict:
    """The card as plain values that can be stored; CardError with every reason if it is not one yet."""
    found = faults(card)
    if found:
        raise CardError(found)
    return {**{name: card[name] for name in TEXTS}, "numbers": {name: [float(x) for x in triple] for name, triple in card["numbers"].items()},
            "limits": list(card["limits"])}


def text(card: Mapping) -> str:
    """A card in lines that people read."""
    card = checked(card)
    lines = [f"{name}: {card[name]}" for name in TEXTS]
    lines += [f"{name}: {value:.3g} ({low:.3g} to {high:.3g})" for name, (value, low, high) in card["numbers"].items()]
    return "\n".join(lines + [f"limit: {one}" for one in card["limits"]])
