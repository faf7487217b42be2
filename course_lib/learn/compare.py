"""Whether two answers agree, and how to show one in a sentence."""
import textwrap
from collections.abc import Mapping

import numpy as np
import pandas as pd


def same(mine, right, close: float = 1e-6) -> bool:
    """Whether two answers agree: numbers within `close`, tables whatever the order of their columns."""
    try:
        if isinstance(right, (bool, np.bool_)):
            return isinstance(mine, (bool, np.bool_)) and bool(mine) == bool(right)
        if isinstance(right, pd.DataFrame):
            return isinstance(mine, pd.DataFrame) and set(mine.columns) == set(right.columns) and len(mine) == len(right) and \
                all(same(mine[c].to_numpy(), right[c].to_numpy(), close) for c in right.columns)
        if isinstance(right, pd.Series) and isinstance(mine, pd.Series) and set(mine.index) == set(right.index) and right.index.is_unique:
            return same(mine.reindex(right.index).to_numpy(), right.to_numpy(), close)
        if isinstance(right, Mapping):
            return isinstance(mine, Mapping) and set(mine) == set(right) and all(same(mine[k], right[k], close) for k in right)
        if isinstance(right, (set, frozenset)):
            return isinstance(mine, (set, frozenset, list, tuple)) and set(mine) == right
        if isinstance(right, str) or right is None:
            return type(mine) in (str, np.str_, type(None)) and _folded(mine) == _folded(right)
        a, b = np.asarray(mine), np.asarray(right)
        if a.shape != b.shape:
            return False
        if np.issubdtype(b.dtype, np.number) and np.issubdtype(a.dtype, np.number):
            return bool(np.allclose(a, b, rtol=close, atol=close, equal_nan=True))
        return bool((a == b).all()) if a.dtype.kind == b.dtype.kind else a.tolist() == b.tolist()
    except (TypeError, ValueError):
        return False


def _folded(text):
    """A text without regard to capitals and spaces around it."""
    return text if text is None else str(text).strip().casefold()


def short(value):
    if isinstance(value, pd.Series) and 0 < len(value) <= 6:
        return f"a Series ({', '.join(f'{i}: {short(one)}' for i, one in value.items())})"
    if isinstance(value, (pd.DataFrame, pd.Series, np.ndarray)):
        return f"{type(value).__name__} of shape {value.shape}"
    if isinstance(value, (float, np.floating)):
        return f"{value:.4g}"
    if callable(value):
        return f"a function ({getattr(value, '__name__', 'unnamed')})"
    return textwrap.shorten(repr(value.item() if isinstance(value, np.generic) else value), 60)
