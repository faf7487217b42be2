"""The drift report's promises: 30 columns x 10,000 rows in 1 s and in less time than its peers,
50 x 1,000,000 in 30 s with memory that does not grow with the rows."""
import time
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from course_lib.cycle.drift_report import report


@pytest.fixture(autouse=True)
def only_with_all(everything):
    if not everything:
        pytest.skip("benches belong to `course test --all`")


def chunks(rows, columns, size=50_000):
    """Chunks of random numbers, made when they are asked for, as a database cursor would."""
    for start in range(0, rows, size):
        yield pd.DataFrame(np.random.default_rng(start).standard_normal((min(size, rows - start), columns)))


def test_a_small_report_takes_a_second_at_most(seconds):
    usual, late = (pd.DataFrame(np.random.default_rng(s).standard_normal((10_000, 30))) for s in (1, 2))
    assert seconds(lambda: report(usual, late)) <= 1


def test_a_report_takes_less_time_than_its_peers(seconds):
    """Peers: scipy's KS by column and pandas' summary, which together say less: PSI and what is missing are not in them."""
    usual, late = (pd.DataFrame(np.random.default_rng(s).standard_normal((10_000, 30))) for s in (1, 2))

    def peers():
        return [ks_2samp(usual[name], late[name], method="asymp").statistic for name in usual], late.describe()
    found, (distances, summary) = report(usual, late), peers()
    assert np.allclose(found["ks"], distances) and np.allclose(found["mean"], summary.loc["mean"])
    assert seconds(lambda: report(usual, late), time.process_time) <= .8 * seconds(peers, time.process_time)


def test_a_million_rows_take_half_a_minute_at_most(seconds):
    usual = pd.DataFrame(np.random.default_rng(1).standard_normal((10_000, 50)))
    assert seconds(lambda: report(usual, chunks(1_000_000, 50)), times=1) <= 30


def test_memory_does_not_grow_with_the_rows():
    usual, peaks = pd.DataFrame(np.random.default_rng(1).standard_normal((10_000, 50))), []
    for rows in (100_000, 500_000):
        tracemalloc.start()
        report(usual, chunks(rows, 50))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0] < 150e6
