"""Cases for the exercises of lesson 06: two paths stage by stage, two tables of columns, smoke tests."""
import numpy as np
import pandas as pd

from course_lib.world.draws import keyed

DEVICES = ("phone", "speaker", "watch", "car")
LAUNCHES = ("a sound version", "one that fails on one watch in ten", "one that is slow for one user in ten", "one that differs on one probe in ten",
            "one that differs on one probe of 200", "a sound one with a single slow answer")


def two_paths(seed: int) -> list[tuple[dict, dict]]:
    """Pairs of paths: parting at the features, at the scaling, at the scores, nowhere; the clip differs by rounding."""
    rng, out = keyed(seed, "lesson 06", "paths"), []
    for part in ("features", "scaled", "scores", None):
        trained = {name: rng.normal(size=size) for name, size in (("clip", 50), ("features", 8), ("scaled", 8), ("scores", 4))}
        served, parted = {}, False
        for name, values in trained.items():
            parted = parted or name == part
            by = .2 + rng.random(len(values)) if parted else np.full(len(values), 1e-5)
            served[name] = values + (by * (3 if name == "scaled" else 1))
        out.append((served, trained))
    return out


def two_tables(seed: int) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """Pairs of tables by request: a shift, a swap between requests that leaves the mean, a fall, nothing; rows in another order."""
    rng, out = keyed(seed, "lesson 06", "tables"), []
    names = [f"x{i}" for i in range(6)]
    for wrong in (["x1"], ["x2"], ["x0", "x4"], []):
        ids = [f"r{i:02d}" for i in range(12)]
        replayed = pd.DataFrame(rng.normal(size=(12, 6)), index=ids, columns=names)
        served = replayed + 1e-4
        for column in wrong:
            served[column] = {"x1": served[column] + 2, "x2": served[column].to_numpy()[::-1]}.get(column, served[column] - 3)
        out.append((served, replayed.iloc[rng.permutation(12)]))
    return out


def smoke_tests(seed: int) -> list[tuple[pd.DataFrame, float]]:
    """Two hundred probes of each launch in `LAUNCHES`, with the charter's 150 ms."""
    rng, out = keyed(seed, "lesson 06", "smoke tests"), []
    for launch in LAUNCHES:
        device = np.repeat(DEVICES, [100, 60, 20, 20])
        expected = np.array([f"c{n:02d}" for n in rng.integers(1, 41, 200)])
        wrong = np.zeros(200, bool)
        if launch == LAUNCHES[1]:
            wrong[np.flatnonzero(device == "watch")[:2]] = True
        if launch == LAUNCHES[3]:
            wrong[::10] = True
        if launch == LAUNCHES[4]:
            wrong[3] = True
        ms = rng.uniform(3, 9, 200)
        if launch == LAUNCHES[2]:
            ms[::10] = 400
        if launch == LAUNCHES[5]:
            ms[7] = 400
        out.append((pd.DataFrame(dict(device=device, expected=expected, served=np.where(wrong, "sorry", expected), ms=ms)), 150.0))
    return out


def refusals(seed: int) -> list[tuple[int]]:
    """Status codes that a client meets."""
    return [(status,) for status in (200, 400, 408, 413, 422, 503)]
