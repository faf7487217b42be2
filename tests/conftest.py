"""How much is tested: `--all` asks for every seed, widget and bench, not only for what a change needs."""
import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):    # before numpy: two workers with two threads each get in each other's way
    os.environ.setdefault(_name, "1")

import pytest                                           # noqa: E402

SEEDS, EVERY_SEED = 10, 100


def pytest_addoption(parser):
    """`course test --all` passes it on."""
    parser.addoption("--all", action="store_true", help=f"{EVERY_SEED} seeds instead of {SEEDS}, every widget, benches")


@pytest.fixture(scope="session")
def everything(request) -> bool:
    """Whether all is tested."""
    return request.config.getoption("--all")


@pytest.fixture(scope="session")
def seeds(everything) -> range:
    """The seeds on which claims are tested."""
    return range(EVERY_SEED if everything else SEEDS)
