"""Imports that do without what they would load and nobody here uses."""
import sys
from contextlib import contextmanager
from typing import Iterator


@contextmanager
def without(*modules: str) -> Iterator[None]:
    """Let imports do without optional modules, which they find missing; one that is loaded already stays."""
    lost = [name for name in modules if name not in sys.modules]
    sys.modules.update(dict.fromkeys(lost))
    try:
        yield
    finally:
        for name in lost:
            del sys.modules[name]
