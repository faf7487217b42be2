"""Results that are kept: a setting passed by place, by name or left to its default is the same setting."""
import functools
import inspect
from typing import Callable


def kept(maxsize: int, copy: bool = False) -> Callable:
    """`functools.lru_cache` for functions with defaults: `f(0)`, `f(0, 24)` and `f(0, readers=24)` share one result.

    Parameters
    ----------
    maxsize : how many results are kept; whoever gets one shares it, so it must not be changed
    copy : for DataFrames: hand out a copy that costs nothing (pandas copies what somebody changes), so that it may be

    >>> @kept(maxsize=2)
    ... def fitted(seed, readers=24):
    ...     return object()
    >>> fitted(0) is fitted(0, 24) is fitted(seed=0, readers=24)
    True
    """
    def decorate(function):
        cached, signature = functools.lru_cache(maxsize=maxsize)(function), inspect.signature(function)

        @functools.wraps(function)
        def run(*args, **kwargs):
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            found = cached(*bound.args, **bound.kwargs)
            return found.copy(deep=False) if copy else found
        run.cache_clear = cached.cache_clear
        return run
    return decorate
