"""Benches measure time: `course test --all` runs them first, alone, and each compares with a peer in the same run."""
import os
import time

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"

import pytest                                           # noqa: E402


@pytest.fixture
def seconds():
    """`seconds(function, clock=time.perf_counter, times=5)`: the least of several runs, after one that does not count."""
    def measure(function, clock=time.perf_counter, times=5):
        function()
        spent = []
        for _ in range(times):
            began = clock()
            function()
            spent.append(clock() - began)
        return min(spent)
    return measure
