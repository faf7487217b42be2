"""Our aggregators against crowd-kit, live, where the bench extras are installed."""
import numpy as np
import pandas as pd
import pytest

from course_lib.cycle.label import fit_dawid_skene, fit_one_coin

crowdkit = pytest.importorskip("crowdkit.aggregation", reason="crowd-kit is one of the extras: see CONTRIBUTING.md, \"Dependencies\"")


def votes(seed):
    """Random votes with gaps, some annotators better than others."""
    rng = np.random.default_rng(seed)
    truth, skill = rng.integers(5, size=60), rng.uniform(.4, .95, 4)
    rows = [(f"k{i}", f"p{j}", f"c{t if rng.random() < skill[j] else rng.integers(5)}")
            for i, t in enumerate(truth) for j in range(4) if j == i % 4 or rng.random() < .8]
    return pd.DataFrame(rows, columns=["id", "annotator", "label"])


@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")      # crowd-kit's own
@pytest.mark.parametrize("kind, ours", [("DawidSkene", fit_dawid_skene), ("OneCoinDawidSkene", fit_one_coin)])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("iterations", [1, 10])
def test_the_same_probabilities(kind, ours, seed, iterations):
    table = votes(seed)
    theirs = getattr(crowdkit, kind)(n_iter=iterations, tol=-1e9)
    theirs.fit(table.rename(columns={"id": "task", "annotator": "worker"}))
    mine = ours(table, iterations).probabilities
    assert np.allclose(mine, theirs.probas_.loc[mine.index, mine.columns], atol=1e-6)
