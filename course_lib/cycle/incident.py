"""Running an incident: listens that cost money, mitigations and their price, a record that others can check."""
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real

import numpy as np
import pandas as pd
from scipy import stats

from course_lib.cycle import drift, scope, shift
from course_lib.cycle.charter import Charter
from course_lib.cycle.diagnose import needs

TAP = .5                                                # cents: a tap on one of two cards
HIGH, LOW, LEAST = .8, .3, .2                           # thresholds when raised and lowered; below LEAST no list of two helps
NOTHING, BACK, RAISE, LOWER, PICK, BLOCK = MITIGATIONS = (
    "do nothing", "roll back", "raise the threshold", "lower the threshold", "let users pick of two", "block the re-asked cards")
FIELDS = ("what", "since", "harm", "evidence_for", "evidence_against", "mitigation", "owner", "next_step", "wrong_if")
REFERENCE = dict(what="renamed_figure", since=150, harm=[6000, 11000], mitigation=BLOCK, owner="editor of the catalogue",
                 evidence_for=["re-asks rose for a few cards, and no input signal took a step", "people who were heard want another card for the same name"],
                 evidence_against=["some who asked again were heard with a name that nobody disputes"], next_step="mend the card table, then lift the block",
                 wrong_if="re-asks of those cards stay up a day after the table is mended")


class Listener:
    """Listens to logged requests, at most `budget` of them; the same request again costs nothing more.

    Parameters
    ----------
    log : requests that may be listened to, with request_id and decision
    hear : list of positions in the log -> DataFrame with words, sound, name, named, card_now
    """

    def __init__(self, log: pd.DataFrame, hear, budget: int = shift.BUDGET):
        needs(log, ("request_id", "decision"), "the log", empty=True)
        self.log, self.hear, self.budget, self.asked = log, hear, budget, []
        self._places = dict(zip(log["request_id"], range(len(log))))

    @property
    def left(self) -> int:
        """How many more requests can be listened to."""
        return self.budget - len(self.asked)

    def listen(self, ids) -> pd.DataFrame:
        """What a person hears in some requests, and the card that it should be now; all or none of them.

        Raises
        ------
        ValueError
            An id is not in the log, or the budget does not reach.
        """
        ids = [ids] if isinstance(ids, str) else list(dict.fromkeys(ids))
        lost = [name for name in ids if name not in self._places]
        if lost:
            raise ValueError(f"request {lost[0]!r} is not in this log; ids are those of its column request_id")
        new = [name for name in ids if name not in self.asked]
        if len(new) > self.left:
            raise ValueError(f"{len(new)} more listens were asked for and {self.left} of {self.budget} are left; choose fewer, and choose well")
        self.asked += new
        places = [self._places[name] for name in ids]
        part = self.log.iloc[places][["request_id", "decision"]].reset_index(drop=True)
        return pd.concat([part, self.hear(places).reset_index(drop=True)], axis=1)

    def heard(self) -> pd.DataFrame:
        """All that was heard so far."""
        return self.listen(self.asked)


@dataclass(frozen=True)
class Bill:
    """Cents in 1,000 requests under one mitigation; wrong cards, needless "sorry?" and taps in 1,000."""
    cost: float
    wrong: float
    sorry: float
    taps: float


def mitigated(log: pd.DataFrame, card, kind, action: str, rules: Charter, blocked=(), threshold: float | None = None) -> Bill:
    """What some requests would have cost under a mitigation, each answered again.

    Parameters
    ----------
    log : answered requests with best, second (the two likeliest cards), confidence, and best_back, confidence_back of the previous model
    card, kind : (n,) what was meant, and how it was said; known only afterwards
    action : one of `MITIGATIONS`
    blocked : cards that are answered by "sorry?" under `BLOCK`
    threshold : another threshold in place of the charter's
    """
    if action not in MITIGATIONS:
        raise ValueError(f"mitigation {action!r} is unknown; known are {', '.join(MITIGATIONS)}")
    limit = {RAISE: HIGH, LOWER: LOW, PICK: HIGH}.get(action, rules.threshold) if threshold is None else threshold
    suffix = "_back" if action == BACK else ""
    best, sure = log["best" + suffix].to_numpy(str), log["confidence" + suffix].to_numpy(float)
    refuse = (sure < limit) | (np.isin(best, list(blocked)) if action == BLOCK else False)
    truth = pd.DataFrame(dict(card=np.asarray(card, str), kind=np.asarray(kind, str)))
    outcomes = scope.outcome(truth, np.where(refuse, scope.SORRY, best))
    asked = refuse & (sure >= LEAST) & (action == PICK)
    found = (truth["card"].to_numpy() == best) | (truth["card"].to_numpy() == log["second"].to_numpy(str))
    outcomes = np.where(asked, np.where(found, "right", np.where(truth["card"] == "", "fair sorry", "needless sorry")), outcomes)
    wrong, sorry, taps = (1000 * float(np.mean(mask)) for mask in (outcomes == "wrong card", outcomes == "needless sorry", asked))
    return Bill(rules.cost_wrong_card * wrong + rules.cost_sorry * sorry + TAP * taps, wrong, sorry, taps)


def re_asked_cards(log: pd.DataFrame, usual: pd.DataFrame, level: float = .05) -> list[str]:
    """Cards whose users ask again more often than in usual weeks, after they were shown: exact tests, corrected for their number.

    Parameters
    ----------
    log, usual : requests with decision and re_ask
    """
    before, after = (t[t["decision"] != scope.SORRY].groupby("decision")["re_ask"].agg(["sum", "size"]) for t in (usual, log))
    after = after.reindex(before.index).fillna(0)
    p = stats.hypergeom.sf(after["sum"] - 1, before["size"] + after["size"], before["sum"] + after["sum"], after["size"])
    return sorted(before.index[drift.holm(np.where(after["size"] > 0, p, np.nan), level)])


def choices(harm_per_day: float, days_of_work: float, price_per_day: float, horizon: float, passes: float, wait: float = 14, look: float = 1000) -> pd.Series:
    """Expected cost (in the unit of `harm_per_day`) of acting now, of watching for `wait` days and then acting, and of ignoring.

    Parameters
    ----------
    harm_per_day : what users lose a day
    days_of_work, price_per_day : until it is mended; the harm goes on meanwhile
    horizon : days that are counted
    passes : chance that it goes away by itself after `wait` days
    look : price of the watching

    >>> choices(100, 2, 50, 28, 0, wait=14, look=10).to_dict()
    {'act': 300.0, 'watch': 1710.0, 'ignore': 2800.0}
    """
    if not 0 <= passes <= 1 or min(harm_per_day, days_of_work, price_per_day, horizon) < 0:
        raise ValueError("a chance from 0 to 1, and harm, days and prices from 0 up are expected")
    work = days_of_work * price_per_day
    act = work + harm_per_day * min(days_of_work, horizon)
    early = harm_per_day * min(wait, horizon)
    rest = max(horizon - wait, 0)
    watch = early + look + (1 - passes) * ((work + harm_per_day * min(days_of_work, rest)) if rest else 0)
    return pd.Series(dict(act=float(act), watch=float(watch), ignore=float(early + (1 - passes) * harm_per_day * rest)))


def record_faults(record) -> list[str]:
    """What is missing or wrong in an incident record, a sentence each; empty if others can work with it."""
    if not isinstance(record, Mapping):
        return [f"a record is a dict with the fields {', '.join(FIELDS)}; {type(record).__name__} arrived"]
    faults = [f"{name} is missing" for name in FIELDS if name not in record]
    faults += [f"{name} is no field of a record; known are {', '.join(FIELDS)}" for name in record if name not in FIELDS]
    return faults + [words for name, test in _TESTS.items() if name in record for words in [test(record[name])] if words]


def _text(name):
    return lambda value: "" if isinstance(value, str) and len(value.split()) >= 2 else f"{name} is empty or one word; a short sentence or a role is expected"


def _listed(name):
    def test(value):
        fine = isinstance(value, (list, tuple)) and value and all(isinstance(v, str) and v.strip() for v in value)
        return "" if fine else f"{name} needs at least one sentence in a list; a record with evidence on one side only convinces nobody"
    return test


def _one_of(name, known):
    return lambda value: "" if value in known else f"{name} is {value!r}; one of {', '.join(known)} is expected"


def _number(value):
    return isinstance(value, Real) and not isinstance(value, bool) and bool(np.isfinite(value))


def _harm(value):
    fine = isinstance(value, (list, tuple)) and len(value) == 2 and all(map(_number, value)) and value[0] <= value[1]
    return "" if fine else f"harm is {value!r}; an interval [low, high] in cents a day is expected, for one number hides what you do not know"


def _since(value):
    return "" if _number(value) and value == int(value) and value >= 0 else f"since is {value!r}; the whole number of a day is expected"


_TESTS = dict(what=_one_of("what", (*shift.CAUSES, shift.NOTHING)), since=_since, harm=_harm, evidence_for=_listed("evidence_for"),
              evidence_against=_listed("evidence_against"), mitigation=_one_of("mitigation", MITIGATIONS), owner=_text("owner"),
              next_step=_text("next_step"), wrong_if=_text("wrong_if"))
