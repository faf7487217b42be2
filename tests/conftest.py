"""How much is tested: `--all` asks for every seed, widget and bench, not only for what a change needs."""
import pytest

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
