"""Cases for the exercises of lesson 10: costs, labels after a rename, slices at a gate, actions with prices."""
import pandas as pd

from course_lib.world.draws import keyed

GATES = ("saves everywhere", "better on average, worse on watches", "a gain that may be none", "watches too few to tell", "a small loss on watches, within the margin")


def losses(seed: int) -> list[tuple[pd.DataFrame]]:
    """Tables of costs: usual, shifted, after, by action; one action makes things worse."""
    rng, out = keyed(seed, "lesson 10", "losses"), []
    for usual, shifted in ((200.0, 1000.0), (150.0, 450.0)):
        after = [shifted, usual, round(float(rng.uniform(usual + 20, shifted - 20))), shifted + 60.0]
        out.append((pd.DataFrame(dict(usual=usual, shifted=shifted, after=after), index=["do nothing", "repair", "retrain", "guess"]),))
    return out


def renames(seed: int) -> list[tuple[pd.DataFrame, int, set]]:
    """Labels before and after a rename: recording, day, label, source; the day; the cards that lost their name."""
    rng, out = keyed(seed, "lesson 10", "renames"), []
    for since, affected in ((60, {"c01"}), (30, {"c01", "c03"})):
        days = [-7, -7, -7, since - 9, since - 8, since - 3, since - 2, since, since + 1, since + 1, since + 4, since + 6, since, since]
        labels = ["c01", "c02", "c03", "c01", "c02", "c03", "c02", "c65", "c01", "c02", "c65", "c02", "c01", "c02"]
        sources = ["prompt"] * 3 + ["listener", "click", "click", "listener", "listener", "click", "click", "listener", "click", "listener", "click"]
        table = pd.DataFrame(dict(recording=rng.permutation(900)[:14], day=days, label=labels, source=sources))
        out.append((table.sample(frac=1, random_state=int(rng.integers(1000))).reset_index(drop=True), since, affected))
    return out


def gates(seed: int) -> list[tuple[pd.DataFrame, float]]:
    """What candidates save by slice, with intervals, in the order of `GATES`; the margin is 50 cents."""
    by = round(float(keyed(seed, "lesson 10", "gates").uniform(0, 20)))
    phone, index = (300 + by, 220 + by, 380 + by), ["all requests", "phone", "watch"]
    found = [((250, 180, 320), phone, (90, 20, 160)), ((210, 150, 270), phone, (-240, -310, -170)), ((25, -15, 65), (30, -20, 80), (10, -45, 65)),
             ((230, 160, 300), phone, (40, -180, 260)), ((240, 170, 310), phone, (-20, -45, 5))]
    return [(pd.DataFrame(rows, index=index, columns=["saves", "low", "high"]).astype(float), 50.0) for rows in found]


def options(seed: int) -> list[tuple[pd.DataFrame, float, float]]:
    """Actions with price (cents), wait (days), loss before and after (cents for 1,000 requests), requests a day, days ahead."""
    by = round(float(keyed(seed, "lesson 10", "options").uniform(0, 9)))
    rename = pd.DataFrame(dict(price=[0, 130_000, 10_000], wait=[0, 7, 1], before=800 + by, after=[800 + by, 430, 0]),
                          index=["do nothing", "retrain", "mend the card table"])
    fault = pd.DataFrame(dict(price=[0, 114_000, 20_000], wait=[0, 7, 60], before=400 + by, after=[400 + by, 30, 0]),
                         index=["do nothing", "retrain", "repair upstream"])
    small = pd.DataFrame(dict(price=[0, 130_000], wait=[0, 7], before=40 + by, after=[40 + by, 5]), index=["do nothing", "retrain"])
    slow = pd.DataFrame(dict(price=[0, 20_000, 20_000], wait=[0, 1, 30], before=400 + by, after=[400 + by, 260, 150]),
                        index=["do nothing", "raise the threshold", "repair upstream"])
    late = pd.DataFrame(dict(price=[0, 20_000], wait=[0, 60], before=100 + by, after=[100 + by, 300]), index=["do nothing", "replace"])
    dear = pd.DataFrame(dict(price=[0, 130_000, 120_000], wait=[0, 7, 30], before=600 + by, after=[600 + by, 350, -40]),
                        index=["do nothing", "retrain", "retire"])                    # below 0: the upkeep that is spared
    return [(rename, 12_800.0, 90.0), (fault, 12_800.0, 90.0), (fault.assign(wait=[0, 7, 14]), 12_800.0, 90.0), (small, 12_800.0, 90.0),
            (fault.assign(wait=[0, 7, 60]), 12_800.0, 30.0), (slow, 12_800.0, 90.0), (late, 12_800.0, 30.0),
            (dear, 12_800.0, 90.0)]
