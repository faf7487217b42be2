"""A drift report by column: what changed how much, in one pass over chunks that need not fit into memory."""
from dataclasses import dataclass
from typing import Iterable

import numpy as np
import pandas as pd

from course_lib.cycle.drift import LEAST, numbers, psi_of_counts


@dataclass(frozen=True)
class _Column:
    """One column of a reference: its sorted values, its bins, how much of it is missing."""
    ordered: np.ndarray
    edges: np.ndarray
    missing: float


class Report:
    """A drift report by column, in one pass over chunks; memory is that of the reference and one chunk.

    Parameters
    ----------
    reference : usual rows, numeric columns
    bins : of the PSI

    >>> usual = pd.DataFrame(dict(a=[1., 2, 3, 4], b=[0., 0, 0, 0]))
    >>> Report(usual, bins=2).add(usual[["b", "a"]]).table()["ks"].tolist()
    [0.0, 0.0]
    """

    def __init__(self, reference: pd.DataFrame, bins: int = 10):
        if reference.empty:
            raise ValueError("an empty reference arrived; take some weeks in which nothing changed")
        odd = [name for name in reference if not pd.api.types.is_numeric_dtype(reference[name])]
        if odd:
            raise ValueError(f"column {odd[0]!r} is not numeric; a report reads numbers, count texts first")
        self.columns, self.bins = {name: self._column(reference[name].to_numpy(float), name, bins) for name in reference}, bins
        self.below = {name: np.zeros(len(c.ordered), int) for name, c in self.columns.items()}
        self.upto = {name: np.zeros(len(c.ordered), int) for name, c in self.columns.items()}
        self.counts = {name: np.zeros(len(c.edges) + 1, int) for name, c in self.columns.items()}
        self.rows, self.seen, self.sums = 0, dict.fromkeys(self.columns, 0), dict.fromkeys(self.columns, 0.0)

    @staticmethod
    def _column(values, name, bins):
        kept = np.sort(numbers(values, f"reference column {name!r}"))
        return _Column(kept, np.unique(np.quantile(kept, np.linspace(0, 1, bins + 1)[1:-1])), 1 - len(kept) / len(values))

    def add(self, chunk: pd.DataFrame) -> "Report":
        """Take in some rows of the window; their columns may stand in any order, none may be missing."""
        lost = [name for name in self.columns if name not in chunk]
        if lost:
            raise ValueError(f"the window has no column {lost[0]!r}; it has {', '.join(map(str, chunk.columns))}")
        self.rows += len(chunk)
        for name, column in self.columns.items():
            values = np.sort(chunk[name].to_numpy(float))            # NaN and infinities at the ends
            values = values[np.isfinite(values)]
            self.below[name] += np.searchsorted(values, column.ordered, "left")
            self.upto[name] += np.searchsorted(values, column.ordered, "right")
            self.counts[name] += np.diff(np.concatenate([[0], np.searchsorted(values, column.edges, "right"), [len(values)]]))
            self.seen[name] += len(values)
            self.sums[name] += values.sum()
        return self

    def table(self) -> pd.DataFrame:
        """By column: rows read, share missing and its change, mean and its shift in the reference's spreads, PSI, KS.

        ValueError where the window is empty or has one row.
        """
        if self.rows < LEAST:
            raise ValueError(f"the window has {self.rows} rows; {LEAST} or more are needed, and some hundreds before a difference means anything")
        return pd.DataFrame({name: self._line(name, column) for name, column in self.columns.items()}).T.rename_axis("column")

    def _line(self, name, column):
        n, ordered = self.seen[name], column.ordered
        line = dict(rows=self.rows, missing=1 - n / self.rows, more_missing=1 - n / self.rows - column.missing)
        if n < LEAST:
            return line | dict(mean=np.nan, shift=np.nan, psi=np.nan, ks=np.nan)
        places = np.searchsorted(ordered, ordered, "left"), np.searchsorted(ordered, ordered, "right")
        gaps = [np.abs(at / len(ordered) - counts / n).max() for at, counts in zip(places, (self.below[name], self.upto[name]))]
        before = np.diff(np.concatenate([[0], np.searchsorted(ordered, column.edges, "right"), [len(ordered)]]))
        mean, spread = self.sums[name] / n, ordered.std()
        shift = (mean - ordered.mean()) / spread if spread > 0 else 0.0 if mean == ordered.mean() else np.inf
        return line | dict(mean=mean, shift=float(shift), psi=psi_of_counts(before, self.counts[name]), ks=float(max(gaps)))


def report(reference: pd.DataFrame, window: pd.DataFrame | Iterable[pd.DataFrame]) -> pd.DataFrame:
    """`Report` of a whole window, or of an iterable of chunks."""
    found = Report(reference)
    for chunk in [window] if isinstance(window, pd.DataFrame) else window:
        found.add(chunk)
    return found.table()
