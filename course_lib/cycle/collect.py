"""Whom to record: the frame of clips that can be had, samples from it, and weights that make a sample speak for production."""
from typing import Mapping

import numpy as np
import pandas as pd

from course_lib.kept import kept
from course_lib.world.world import World

PLACES = ("indoors", "outdoors", "loud", "new market")
PLAN = {"new_market": dict(day=0, strength=.10), "noisier": dict(day=0, strength=.25)}
_MARKET, _LOUD, _OUTDOORS = ("es-voice", "fr-voice", "it-voice"), ("crowd", "motorway"), ("street", "cafe")
_ROUNDS, _CLOSE = 200, 1e-9


def places(rows: pd.DataFrame) -> np.ndarray:
    """Where and by whom each clip is spoken: one of `PLACES`, from the known columns `group` and `room`."""
    need(rows, "group", "room")
    return np.select([rows["group"].isin(_MARKET), rows["room"].isin(_LOUD), rows["room"].isin(_OUTDOORS)],
                     [PLACES[3], PLACES[2], PLACES[1]], PLACES[0])


def need(rows: pd.DataFrame, *columns: str) -> None:
    """ValueError that names the first column which the rows lack."""
    if not isinstance(rows, pd.DataFrame):
        raise ValueError(f"{type(rows).__name__} arrived; a DataFrame of clips is expected")
    for name in columns:
        if name not in rows:
            raise ValueError(f"the rows have no column {name!r}; they have {', '.join(map(str, rows.columns))}")


@kept(maxsize=4, copy=True)
def frame(world: World, role: str = "train") -> pd.DataFrame:
    """Every clip that could be recorded: who agreed to read, in usual rooms, in loud ones, and in the new market.

    Parameters
    ----------
    world : the world whose readers are asked
    role : "train" or "test"; no reader is in both

    Returns
    -------
    DataFrame as of `World.recordings`, with the column `place`
    """
    rows = pd.concat([world.recordings(role), world.recordings(role, condition="noisy"), world.recordings(role, market=True)],
                     ignore_index=True)
    return rows.assign(place=places(rows))


def forecast(world: World, days: tuple[int, int] = (28, 42)) -> dict[str, pd.Series]:
    """What production is expected to look like: shares of places and of names, from a diary study of two weeks.

    Returns
    -------
    dict with "place" and "label": Series of shares that add up to 1
    """
    asked = whole(world.days(*days, PLAN))
    return dict(place=pd.Series(places(asked)).value_counts(normalize=True)[list(PLACES)],
                label=asked["card"].value_counts(normalize=True).sort_index())


def whole(requests: pd.DataFrame) -> pd.DataFrame:
    """The requests that can be answered: whole names of the catalogue."""
    return requests[(requests["card"] != "") & (requests["kind"] == "full")]


def quota(rows: pd.DataFrame, counts: Mapping[str, int], rng: np.random.Generator) -> pd.DataFrame:
    """So many clips of each place at random, the names as even as they can be (a quota sample with random choice inside).

    Parameters
    ----------
    rows : a frame, with columns place and label
    counts : place -> clips to take
    rng : draws the clips

    Raises
    ------
    ValueError
        A place is unknown, a count is negative or not whole, or more clips are asked for than there are.
    """
    need(rows, "place", "label")
    parts = []
    for place, count in counts.items():
        there = rows[rows["place"] == place]
        if not isinstance(count, (int, float, np.integer, np.floating)) or not np.isfinite(count) or count != int(count) or count < 0:
            raise ValueError(f"{count!r} clips of {place!r} were asked for; a whole number from 0 up is expected")
        if count > len(there):
            raise ValueError(f"{int(count)} clips of {place!r} were asked for and the frame has {len(there)}; its places are "
                             f"{', '.join(rows['place'].unique())}")
        parts.append(_even(there, int(count), rng))
    return pd.concat(parts, ignore_index=True)


def _even(rows, count, rng):
    """So many rows at random, each name as often as any other."""
    mixed = rng.permutation(len(rows))
    turn = pd.Series(pd.factorize(rows["label"])[0][mixed])
    return rows.iloc[mixed[np.argsort(turn.groupby(turn).cumcount().to_numpy(), kind="stable")[:count]]]


def convenience(rows: pd.DataFrame, n: int, rng: np.random.Generator, readers: int = 6) -> pd.DataFrame:
    """Clips of the first few readers, indoors only: colleagues at their desks."""
    near = rows[rows["place"] == PLACES[0]]
    near = near[near["speaker"].isin(sorted(near["speaker"].unique())[:readers])]
    return quota(near, {PLACES[0]: min(n, len(near))}, rng)


def proportional(rows: pd.DataFrame, n: int, rng: np.random.Generator, shares: pd.Series) -> pd.DataFrame:
    """Clips of each place in proportion to its share of production; every place of the rows needs one, 0 for none."""
    need(rows, "place", "label")
    _sharing(rows, "place", shares)
    return quota(rows, rounded(n * shares / shares.sum()), rng)


def stratified(rows: pd.DataFrame, n: int, rng: np.random.Generator) -> pd.DataFrame:
    """As many clips of each place as of any other, so that the rarest can be judged, too."""
    if not np.isfinite(n):
        raise ValueError(f"{n!r} clips were asked for; a whole number from 0 up is expected")
    return quota(rows, rounded(pd.Series(n / len(PLACES), PLACES)), rng)


def rounded(counts: pd.Series) -> pd.Series:
    """Whole numbers with the same sum, by largest remainder (Hamilton's method).

    >>> rounded(pd.Series([1.5, 1.25, .25])).tolist()
    [2, 1, 0]
    """
    low = np.floor(counts + 1e-9).astype(int)
    most = (counts - low).sort_values(ascending=False, kind="stable").index[:round(counts.sum()) - low.sum()]
    low[most] += 1
    return low


def weights(rows: pd.DataFrame, shares: Mapping[str, pd.Series]) -> np.ndarray:
    """Weights under which a sample has production's shares, column by column (raking; Deming and Stephan, 1940).

    Parameters
    ----------
    rows : a sample
    shares : column -> shares by value, such as those of `forecast`

    Returns
    -------
    (n,) weights that add up to n

    Raises
    ------
    ValueError
        The sample is empty, holds a value without a share, or holds no clip of a value that has one: no weight can
        stand in for clips that were never recorded. Or a share stands twice, is negative or missing, or all are 0.
    """
    if rows.empty:
        raise ValueError("an empty sample arrived; no weight makes it speak for anybody")
    out = np.ones(len(rows))
    shares = {column: pd.Series(values) for column, values in shares.items()}
    codes = {column: _codes(rows, column, values) for column, values in shares.items()}
    for _ in range(_ROUNDS):
        before = out
        for column, values in shares.items():
            now = np.bincount(codes[column], out, len(values))
            out = out * (values.to_numpy() * len(rows) / values.sum() / np.where(now > 0, now, 1))[codes[column]]
        if np.abs(out - before).max() < _CLOSE:
            break
    return out


def _codes(rows, column, shares):
    need(rows, column)
    _sharing(rows, column, shares)
    missing = [value for value in shares.index[shares > 0] if value not in set(rows[column])]
    if missing:
        raise ValueError(f"{column} {missing[0]!r} is {100 * shares[missing[0]]:.0f}% of production and the sample has no clip of it; "
                         "weights mend shares, not absences: record some, or report without it and say so")
    return shares.index.get_indexer(rows[column])


def _sharing(rows, column, shares):
    """ValueError where a value of the rows has no share, or the shares are none."""
    strange = sorted(set(rows[column].astype(str)) - set(shares.index))
    if strange:
        raise ValueError(f"{column} {strange[0]!r} has no share; known are {', '.join(map(str, shares.index))}")
    if not shares.index.is_unique:
        raise ValueError(f"{column} {shares.index[shares.index.duplicated()][0]!r} stands twice among the shares; one share each is expected")
    odd = shares.index[~(np.isfinite(shares) & (shares >= 0))]
    if len(odd):
        raise ValueError(f"{column} {odd[0]!r} has the share {shares[odd[0]]}; a number from 0 up is expected")
    if not shares.sum() > 0:
        raise ValueError(f"the shares of {column} add up to 0; at least one above 0 is expected")


def effective_size(weights) -> float:
    """How many equally weighted clips the weighted ones are worth (Kish, 1965).

    >>> effective_size([1, 1, 1, 1]), effective_size([3, 1, 0, 0])
    (4.0, 1.6)
    """
    weights = np.asarray(weights, float)
    if weights.size == 0 or weights.min() < 0 or weights.sum() == 0:
        raise ValueError("weights from 0 up are expected, at least one of them above 0")
    return float(weights.sum() ** 2 / np.square(weights).sum())
