"""What a team can see of its product in production: answers, and signals week by week."""
import numpy as np
import pandas as pd
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from course_lib.cycle import drift, scope
from course_lib.cycle.diagnose import needs
from course_lib.world.draws import keyed
from course_lib.world.users import reactions
from course_lib.world.world import World


def answers(model: Pipeline, vectors: np.ndarray, threshold: float, second: bool = False) -> pd.DataFrame:
    """What the product does with each feature vector.

    Parameters
    ----------
    model : fitted recogniser
    vectors : (n, d) features
    threshold : confidence from 0 to 1 below which the answer is "sorry"
    second : also the card that comes next

    Returns
    -------
    DataFrame with columns shown (card or "sorry"), best (likeliest card), confidence, and second where it is asked for
    """
    probabilities = model.predict_proba(vectors)
    more = dict(second=model.classes_[np.argsort(-probabilities, axis=1, kind="stable")[:, 1]].astype(str)) if second else {}
    return pd.DataFrame(dict(shown=scope.decide(probabilities, model.classes_, threshold),
                             best=model.classes_[probabilities.argmax(axis=1)].astype(str),
                             confidence=probabilities.max(axis=1), **more))


def weekly_signals(rows: pd.DataFrame, given: pd.DataFrame, reactions: pd.DataFrame) -> pd.DataFrame:
    """Signals by week that need no labels.

    Parameters
    ----------
    rows : observed columns of requests
    given : `answers` of the same requests, in the same order
    reactions : what users did, from world.users.reactions

    Returns
    -------
    DataFrame by week: requests, sorry (share), confidence (mean), re_asks (in 1,000 requests), level_db (mean)
    """
    table = pd.DataFrame(dict(week=rows["day"].to_numpy() // 7, sorry=given["shown"].to_numpy() == scope.SORRY,
                              confidence=given["confidence"].to_numpy(), level_db=rows["level_db"].to_numpy(),
                              re_ask=rows["id"].isin(reactions.loc[reactions["kind"] == "re_ask", "id"]).to_numpy()))
    by_week = table.groupby("week")
    return pd.DataFrame(dict(requests=by_week.size(), sorry=by_week["sorry"].mean(), confidence=by_week["confidence"].mean(),
                             re_asks=1000 * by_week["re_ask"].mean(), level_db=by_week["level_db"].mean()))


REACTIONS = ("re_ask", "correct", "complain")
SIGNALS = {"requests": "requests", "p95_ms": "95th percentile of latency (ms)", "failures": "failures in 1,000 requests",
           "level_db": "mean input level (dB)", "seconds": "mean length of a clip (s)", "distance": "mean distance to the training clips",
           "confidence": "mean confidence", "sorry": "share answered “sorry?”", "re_asks": "re-asks in 1,000 requests",
           "complaints": "complaints that arrived"}


def heard(world: World, model: Pipeline, rows: pd.DataFrame, threshold: float, known: drift.Known | None = None, second: bool = False) -> pd.DataFrame:
    """What the product makes of every take among some requests, each recognised once.

    Returns
    -------
    DataFrame by recording with the columns of `answers`, and `distance` to the nearest training clip (NaN without `known`)
    """
    takes = rows.drop_duplicates("recording")
    vectors = world.features(takes)
    far = np.full(len(takes), np.nan) if known is None else known.distance(vectors)
    return answers(model, vectors, threshold, second).assign(distance=far).set_index(takes["recording"].to_numpy())


def chances(world: World, model: Pipeline, rows: pd.DataFrame) -> np.ndarray:
    """A model's probabilities for each of some requests; a take that is heard again is recognised once."""
    places = pd.factorize(rows["recording"])[0]
    return model.predict_proba(world.features(rows.drop_duplicates("recording")))[places]


def simulated_log(world: World, rows: pd.DataFrame, takes: pd.DataFrame) -> pd.DataFrame:
    """Months of requests as the service would have logged them, without sending them.

    Parameters
    ----------
    world, rows : a world and its requests
    takes : `heard` of these requests, or of more

    Returns
    -------
    DataFrame with the columns of the service's log that monitoring reads (request_id, day, device, user, seconds,
    level_db, best, confidence, decision, latency_ms, failure), distance, and what users did (re_ask, correct,
    complain, and reported_day of a complaint). Latency and failures are drawn: 12 ms or so, three failures in 1,000.
    """
    given = takes.loc[rows["recording"]].reset_index(drop=True)
    latency, failed = _weather(world.seed, rows["day"].to_numpy())
    out = rows[["id", "day", "device", "user", "seconds", "level_db"]].reset_index(drop=True).rename(columns={"id": "request_id"})
    out = out.assign(best=given["best"], confidence=given["confidence"].where(~failed), decision=given["shown"].where(~failed, None),
                     distance=given["distance"], latency_ms=latency, failure=np.where(failed, "503 too many requests at once", ""))
    return with_reactions(out, reactions(world.seed, rows, given["shown"].to_numpy()).rename(columns={"id": "request_id"}))


def _weather(seed, days):
    """Milliseconds of each request, and whether it failed."""
    latency, failed = np.empty(len(days)), np.empty(len(days), bool)
    for day, places in pd.Series(days).groupby(days).indices.items():
        rng = keyed(seed, int(day), "service")
        latency[places], failed[places] = rng.lognormal(np.log(12), .35, len(places)), rng.random(len(places)) < .003
    return latency, failed


def with_reactions(log: pd.DataFrame, said: pd.DataFrame) -> pd.DataFrame:
    """A log with one column for each kind of reaction: whether this request got one.

    Parameters
    ----------
    log : requests, with request_id and failure
    said : reactions, with request_id and kind; reported_day where it came later than its request
    """
    answered = ~log["failure"].fillna("").astype(bool)
    out = log.copy()
    for kind in REACTIONS:
        out[kind] = log["request_id"].isin(said.loc[said["kind"] == kind, "request_id"]) & answered
    complaints = said[said["kind"] == "complain"]
    days = complaints.set_index("request_id")["reported_day"] if "reported_day" in said else pd.Series(dtype=float)
    out["reported_day"] = log["request_id"].map(days).where(out["complain"])
    return out


def signals(log: pd.DataFrame, days: int = 1, start: int = 0, until: int | None = None) -> pd.DataFrame:
    """What a dashboard shows of a log, a row a window of so many days; its index is the window's first day.

    Failed requests count as requests and as failures and in nothing else. Complaints count when they arrive. A window without
    requests has 0 of them and no other number (NaN), as an outage leaves nothing in a log.

    Parameters
    ----------
    until : the day that the log was read on; windows without requests before it are rows, too. By default the last request's day

    Raises
    ------
    ValueError
        The log is empty or lacks a column.
    """
    needs(log, ("day", "latency_ms", "failure", "level_db", "seconds", "confidence", "decision", "re_ask"))
    window = start + days * ((log["day"] - start) // days)
    failed = log["failure"].fillna("").astype(bool)
    fine, by = log[~failed], window[~failed]
    groups, whole = fine.groupby(by), log.groupby(window)
    out = pd.DataFrame(dict(requests=whole.size(), p95_ms=groups["latency_ms"].quantile(.95), failures=1000 * failed.groupby(window).mean(),
                            level_db=groups["level_db"].mean(), seconds=groups["seconds"].mean(), confidence=groups["confidence"].mean(),
                            sorry=(fine["decision"] == scope.SORRY).groupby(by).mean(), re_asks=1000 * groups["re_ask"].mean()))
    if "distance" in log:
        out.insert(5, "distance", groups["distance"].mean())
    out = out.reindex(_windows(out.index, days, start, until))
    out["requests"] = out["requests"].fillna(0).astype(int)
    if "reported_day" in log:
        arrived = (start + days * ((log["reported_day"].dropna() - start) // days)).value_counts()
        out["complaints"] = arrived.reindex(out.index).fillna(0).astype(int)
    return out.rename_axis("day")


def _windows(found, days, start, until):
    """First days of all windows from the first to the last that has requests, or to the one before day `until`."""
    if len(found) == 0:                                 # no request says its day
        return found
    last = found.max() if until is None else max(found.max(), start + days * ((until - 1 - start) // days))
    return np.arange(found.min(), last + 1, days)


def labels_known(labels: pd.DataFrame, today: int) -> pd.DataFrame:
    """What an audit says on a day of the requests of each day so far: labels come late, and the youngest days have few or none.

    Parameters
    ----------
    labels : with the columns day (of the request), arrives (the day on which its label is there) and wrong
    today : what arrives later counts as awaited, and its `wrong` is not looked at

    Returns
    -------
    DataFrame by day: arrived, awaited, wrong (of those that arrived), low, high (in 1,000, Wilson's 95%; NaN where none arrived)
    """
    here = labels["arrives"] <= today
    counts = pd.DataFrame(dict(day=labels["day"], arrived=here, awaited=~here, wrong=here & labels["wrong"].astype(bool)))
    out = counts[counts["day"] <= today].groupby("day").sum().astype(int)
    ends = [1000 * np.array(stats.binomtest(k, n).proportion_ci(method="wilson")) if n else (np.nan, np.nan) for n, k in zip(out["arrived"], out["wrong"])]
    return out.assign(low=[low for low, _ in ends], high=[high for _, high in ends])


def estimate_wrong(calibrated, confidence, decision) -> float:
    """Wrong cards in 1,000 requests, estimated without a label from confidence that is calibrated.

    Parameters
    ----------
    calibrated : confidences -> probability that the best card is wrong, such as `wrong_given_confidence`
    confidence, decision : (n,), of answered requests
    """
    shown = np.asarray(decision, str) != scope.SORRY
    if len(shown) == 0:
        raise ValueError("no answered request arrived; there is nothing to estimate from")
    return 1000 * float((calibrated(np.asarray(confidence, float)) * shown).mean())


def wrong_given_confidence(confidence, wrong):
    """Probability of a wrong card at each confidence, learnt from an audit (Platt, 1999: one logistic curve).

    Parameters
    ----------
    confidence : (n,) of audited requests; wrong : (n,) booleans, whether the best card was wrong
    """
    wrong = np.asarray(wrong, bool)
    if len(wrong) != len(confidence) or wrong.all() or not wrong.any():
        raise ValueError(f"an audit of {len(wrong)} labels with {int(wrong.sum())} wrong cards arrived; some of each kind are needed")
    curve = LogisticRegression(C=1e3).fit(_logit(confidence), wrong)
    return lambda values: curve.predict_proba(_logit(values))[:, 1]


def _logit(confidence):
    p = np.clip(np.asarray(confidence, float), 1e-4, 1 - 1e-4)
    return np.log(p / (1 - p))[:, None]
