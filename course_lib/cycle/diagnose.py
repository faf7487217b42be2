"""Where a recogniser fails, for whom, how sure it was, and whether a change is a gain.

Every interval resamples speakers, not clips: two clips of one speaker are not two opinions.
"""
from typing import Iterable, Sequence

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

NOBODY = ""                                             # the label of a request for somebody without a card
RESAMPLES = 1000


def scored(model: Pipeline, rows: pd.DataFrame, vectors: np.ndarray, catalogue: Iterable[str]) -> pd.DataFrame:
    """Labelled clips with what a recogniser makes of them.

    Parameters
    ----------
    model : fitted recogniser
    rows : columns id and label (a card, or "" where somebody without a card was meant), and any to slice by
    vectors : (n, d) features, in the order of the rows
    catalogue : the cards that exist

    Returns
    -------
    The rows with columns best (likeliest card), confidence, right and error (1 where the best card is wrong)

    Raises
    ------
    ValueError
        A column or a label is missing, an id stands twice, a label is in no catalogue, or the lengths differ.
    """
    needs(rows, ("id", "label"))
    known_labels(rows["label"], [*catalogue, NOBODY])
    if len(vectors) != len(rows):
        raise ValueError(f"{len(vectors)} feature vectors for {len(rows)} rows arrived; one each is expected, in the same order")
    probabilities = model.predict_proba(vectors)
    best = model.classes_[probabilities.argmax(axis=1)].astype(str)
    right = best == rows["label"].to_numpy(str)
    return rows.assign(best=best, confidence=probabilities.max(axis=1), right=right, error=(~right).astype(float))


def needs(table: pd.DataFrame, columns: Sequence[str], what: str = "the table", empty: bool = False) -> None:
    """ValueError where a table, called `what`, lacks a column or rows (unless it may be `empty`), or where an id stands twice."""
    missing = [name for name in columns if name not in table]
    if missing:
        raise ValueError(f"{what} has no column {', '.join(missing)}; its columns are {', '.join(map(str, table.columns))}")
    if table.empty and not empty:
        raise ValueError(f"{what} has no rows; look at how it was filtered")
    twice = table["id"][table["id"].duplicated()] if "id" in columns else []
    if len(twice):
        raise ValueError(f"{len(twice)} rows stand twice, the first is {twice.iloc[0]!r}; each clip is expected once: drop_duplicates(\"id\")")


def known_labels(labels: pd.Series, known: Sequence[str]) -> None:
    """ValueError where a label is missing or not among the known ones."""
    if labels.isna().any():
        raise ValueError(f"{int(labels.isna().sum())} of {len(labels)} labels are missing; label these rows or leave them out")
    odd = sorted(set(labels) - set(known))
    if odd:
        raise ValueError(f"{int(labels.isin(odd).sum())} labels are in no catalogue, the first is {odd[0]!r}; "
                         f"{len(known)} are known, such as {known[0]!r}: compare with cards.csv, or with the wave of the catalogue")


def redraws(people: int, rng: np.random.Generator, n: int = RESAMPLES) -> np.ndarray:
    """How often each of some people is drawn when as many are drawn with replacement, n times: (n, people) counts."""
    return rng.multinomial(people, np.full(people, 1 / people), size=n)


def resampled(above, people, rng: np.random.Generator, below=None, n: int = RESAMPLES) -> np.ndarray:
    """Ratios of two sums when whole people are drawn again, each with all that is theirs (cluster bootstrap; Davison and Hinkley, 1997).

    Parameters
    ----------
    above : (rows,) or (rows, k) numbers, such as errors
    people : (rows,) whose they are; `range(rows)` resamples rows
    below : what their sums are divided by, of the same shape; by default each counts 1, which makes means
    rng : draws the resamples, the same people for all columns
    n : how many of them

    Returns
    -------
    (n, k) ratios, NaN where the people of a draw have nothing below
    """
    codes, each = pd.factorize(np.asarray(people))
    if len(above) != len(codes):
        raise ValueError(f"{len(above)} values and {len(codes)} speakers arrived; one speaker a value is expected")
    above = np.asarray(above, float)
    below = np.ones_like(above) if below is None else np.asarray(below, float)
    times = redraws(len(each), rng, n)
    sums, sizes = (times @ np.stack([np.bincount(codes, column) for column in np.atleast_2d(table.T)], axis=1) for table in (above, below))
    return sums / np.where(sizes > 0, sizes, np.nan)


def interval(values, speakers, rng: np.random.Generator, n: int = RESAMPLES, level: float = .95) -> tuple[float, float]:
    """Percentile interval of a mean when whole speakers are `resampled`.

    Parameters
    ----------
    values : (n,) one number a clip
    speakers : (n,) whose clip it is; `range(n)` resamples clips
    rng : draws the resamples
    n : how many of them

    Returns
    -------
    (low, high), or NaN twice where there is one speaker alone
    """
    if len(values) == len(speakers) and len(pd.unique(np.asarray(speakers))) < 2:
        return float("nan"), float("nan")
    low, high = np.quantile(resampled(values, speakers, rng, n=n), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def slices(table: pd.DataFrame, by: str, rng: np.random.Generator, value: str = "error") -> pd.DataFrame:
    """A table's mean value in each slice, the worst first.

    Parameters
    ----------
    table : columns id, speaker, `by` and `value`
    by : the property that makes the slices, such as "device"

    Returns
    -------
    DataFrame by slice: share (of the clips), clips, speakers, mean, low, high (95%, over speakers)
    """
    needs(table, ("id", "speaker", by, value))
    found = {name: dict(share=len(part) / len(table), clips=len(part), speakers=part["speaker"].nunique(), mean=part[value].mean(),
                        **dict(zip(("low", "high"), interval(part[value], part["speaker"], rng))))
             for name, part in table.groupby(by)}
    return pd.DataFrame.from_dict(found, orient="index").rename_axis(by).sort_values("mean", ascending=False)


def pick(table: pd.DataFrame, **where) -> pd.DataFrame:
    """The rows of one slice, such as `pick(table, room=["crowd", "motorway"])`; ValueError where it is empty."""
    needs(table, tuple(where))
    chosen = np.ones(len(table), bool)
    for column, wanted in where.items():
        chosen &= table[column].isin([wanted] if isinstance(wanted, str) else list(wanted)).to_numpy()
    if not chosen.any():
        there = "; ".join(f"{column} holds {', '.join(map(str, sorted(table[column].unique())))}" for column in where)
        raise ValueError(f"the slice {where} is empty; {there}")
    return table[chosen]


def confusions(table: pd.DataFrame, top: int = 5) -> pd.DataFrame:
    """The most frequent confusions of a scored table: columns meant, shown, clips, share (of all errors)."""
    needs(table, ("id", "label", "best"))
    wrong = table[(table["best"] != table["label"]) & (table["label"] != NOBODY)]
    counts = wrong.groupby(["label", "best"]).size().sort_values(ascending=False, kind="stable").head(top)
    return pd.DataFrame(dict(meant=counts.index.get_level_values(0), shown=counts.index.get_level_values(1),
                             clips=counts.to_numpy(), share=counts.to_numpy() / max(len(wrong), 1)))


def paired(before: pd.DataFrame, after: pd.DataFrame, value: str = "error") -> pd.DataFrame:
    """What a change saved, clip by clip: `before`'s rows with a column gain, matched by id whatever their order.

    ValueError where a clip is missing on one side, or stands twice.
    """
    for table in (before, after):
        needs(table, ("id", value))
    lost = set(before["id"]) ^ set(after["id"])
    if lost:
        raise ValueError(f"{len(lost)} clips were scored on one side only, such as {min(lost)!r}; score both models on the same rows")
    return before.assign(gain=before[value].to_numpy() - after.set_index("id")[value].loc[before["id"]].to_numpy())


def reliability(confidence, right, bins: int = 10) -> pd.DataFrame:
    """Mean confidence and share right in equal-width bins of confidence, empty ones left out (DeGroot and Fienberg, 1983).

    Returns
    -------
    DataFrame by bin: low, high (its edges), clips, confidence, right
    """
    confidence, right = _same_length(confidence, right)
    if not (0 <= confidence.min() and confidence.max() <= 1):
        raise ValueError(f"confidences from {confidence.min():.3g} to {confidence.max():.3g} arrived; probabilities from 0 to 1 are expected")
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    table = pd.DataFrame(dict(place=place, confidence=confidence, right=right)).groupby("place")
    out = table.mean().assign(clips=table.size(), low=lambda t: t.index / bins, high=lambda t: (t.index + 1) / bins)
    return out.reset_index(drop=True)[["low", "high", "clips", "confidence", "right"]]


def ece(table: pd.DataFrame) -> float:
    """Expected calibration error of a `reliability` table: the mean gap, weighted by clips (Naeini et al., 2015)."""
    return float(np.average((table["confidence"] - table["right"]).abs(), weights=table["clips"]))


def _same_length(confidence, right):
    confidence, right = np.asarray(confidence, float), np.asarray(right, float)
    if len(confidence) != len(right) or not len(right):
        raise ValueError(f"{len(confidence)} confidences and {len(right)} outcomes arrived; one outcome each is expected")
    return confidence, right


def risk_coverage(table: pd.DataFrame, thresholds: Sequence[float], rng: np.random.Generator) -> pd.DataFrame:
    """What is answered and how often that is wrong at each threshold (El-Yaniv and Wiener, 2010).

    Parameters
    ----------
    table : columns id, speaker, confidence, right
    thresholds : confidences from 0 to 1

    Returns
    -------
    DataFrame with columns threshold, answered (share of clips), risk (share wrong among the answered),
    low and high (95%, over speakers; where nothing was wrong, high is 3 in so many cards: Hanley and Lippman-Hand, 1983);
    NaN where nothing is answered
    """
    needs(table, ("id", "speaker", "confidence", "right"))
    thresholds = np.asarray(thresholds, float)
    odd = thresholds[~((thresholds >= 0) & (thresholds <= 1))]
    if len(odd):
        raise ValueError(f"threshold {odd[0]:g} arrived; a confidence from 0 to 1 is expected (2% is 0.02)")
    answered = table["confidence"].to_numpy()[:, None] >= thresholds
    wrong = answered & ~table["right"].to_numpy(bool)[:, None]
    shown, missed = answered.sum(axis=0), wrong.sum(axis=0)
    low, high = np.quantile(np.nan_to_num(resampled(wrong, table["speaker"], rng, answered)), [.025, .975], axis=0)
    high = np.where(missed == 0, np.minimum(3 / np.maximum(shown, 1), 1), high)
    nothing = np.where(shown == 0, np.nan, 0)           # NaN spreads to every number of such a row
    return pd.DataFrame(dict(threshold=thresholds, answered=shown / len(table), risk=missed / np.maximum(shown, 1) + nothing,
                             low=low + nothing, high=high + nothing))
