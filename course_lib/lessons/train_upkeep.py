"""What a group of columns costs to keep, beside what it gains: the page of prompts of lesson 04."""
import inspect

import numpy as np
import pandas as pd

from course_lib.lessons import train_models
from course_lib.world.pool import Pool


def lines(function) -> int:
    """Lines of a function that are neither blank, a comment, nor its docstring."""
    code = inspect.getsource(function).replace(inspect.getdoc(function) or "", "").splitlines()
    return sum(1 for line in code if line.strip().strip('"') and not line.strip().startswith(("#", "@")))


def page(seed: int, pool: Pool = Pool()) -> pd.DataFrame:
    """What the page of prompts adds: columns, code, weights, sources that must arrive; and the points that it gains, low and high (95%, over strangers)."""
    model, gains = train_models.paged(seed, pool=pool), train_models.page_column(seed, pool=pool).data
    columns = model[-1].n_features_in_ - train_models.sets(seed, pool)[1].shape[1]
    counted = {"columns": columns, "weights": columns * len(model[-1].classes_), "lines of code": lines(train_models.with_page), "sources that must arrive": 1}
    out = {name: (count, np.nan, np.nan) for name, count in counted.items()}
    out |= {f"points gained in {'the test' if name == 'test' else name}": gain for name, gain in gains.items()}
    return pd.DataFrame.from_dict(out, orient="index", columns=["the page adds", "low", "high"])
