"""When to believe a number: the same version twice, calibration, a promise of 2%; experiments of lesson 05."""
import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

from course_lib.cycle import diagnose
from course_lib.kept import kept
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment
from course_lib.lessons import diagnose_laps as laps
from course_lib.world.draws import keyed
from course_lib.world.pool import NATIVE, Pool
from course_lib.world.world import World

COMPARISONS, RESAMPLES = 200, 400
THRESHOLDS = np.arange(.30, .99, .02).round(2)
TARGET = .02                                            # at most two wrong among a hundred cards shown
DIVISIONS = 40
FINAL = dict(labels="mended", noisy=24, weight=.3)      # the version after both laps
_PURPOSE = "lesson 05"


def comparisons(speakers, errors, seed: int, n: int = COMPARISONS, voices: bool = True) -> pd.DataFrame:
    """The same version compared with itself: half of the voices against the other half, again and again.

    Parameters
    ----------
    speakers, errors : (n,) a row a request
    seed : names the divisions; `halves(people, seed, i)` is the one of row i
    voices : whether the interval over voices is needed; NaN without it

    Returns
    -------
    DataFrame with a row a comparison: gain (errors of the first half less those of the second), its 95% interval
    over requests (normal approximation) and over voices (bootstrap)
    """
    codes, people = pd.factorize(np.asarray(speakers))
    counts, sums, squares = np.bincount(codes), np.bincount(codes, errors), np.bincount(codes, np.square(errors))
    out = []
    for i in range(n):
        parts = halves(people, seed, i)
        means = [sums[h].sum() / counts[h].sum() for h in parts]
        spread = 1.96 * np.sqrt(sum((squares[h].sum() / counts[h].sum() - m * m) / counts[h].sum() for h, m in zip(parts, means)))
        rng = keyed(seed, _PURPOSE, "resamples", i)
        drawn = [_resampled(sums[h], counts[h], rng) if voices else np.full(2, np.nan) for h in parts]
        low, high = np.quantile(drawn[0] - drawn[1], [.025, .975])
        gain = means[0] - means[1]
        out.append((gain, gain - spread, gain + spread, low, high))
    return pd.DataFrame(out, columns=["gain", "request_low", "request_high", "voice_low", "voice_high"])


def halves(people, seed: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of two halves of some people, by lot; each number is another division."""
    order = keyed(seed, _PURPOSE, "division", number).permutation(len(people))
    return order[:len(order) // 2], order[len(order) // 2:]


def _resampled(sums, counts, rng):
    drawn = diagnose.redraws(len(sums), rng, RESAMPLES)
    return (drawn @ sums) / (drawn @ counts)


def _native(world):
    scored = laps.names(world)
    return scored[scored["group"].isin(NATIVE)]


def _certain(found, over):
    return (found[f"{over}_low"] > 0) | (found[f"{over}_high"] < 0)


@experiment
def same_version(seed: int, clustered: bool = True, pool: Pool = Pool()) -> Evidence:
    """Of 100 comparisons of a version with itself, in how many the 95% interval over requests excludes zero.

    `clustered=False` deals the errors out anew, so that no voice has more of them than another.
    """
    table, rng = _native(World(seed, pool)), keyed(seed, _PURPOSE, "deal")
    errors = 1000 * table["error"].to_numpy()
    shares = []
    for _ in range(1 if clustered else 4):              # one deal has luck of its own
        found = comparisons(table["speaker"], errors if clustered else rng.permutation(errors), seed, COMPARISONS if clustered else COMPARISONS // 4)
        shares.append([100 * _certain(found, over).mean() for over in ("request", "voice")])
    requests, voices = np.mean(shares, axis=0)

    def draw(ax):
        return plots.bars(ax, ["over requests", "over voices", "promised by 95%"], [requests, voices, 5], unit="comparisons in 100 that look certain",
                          finding=f"Nothing changed, and {requests:.0f} in 100 look certain")
    return Evidence("comparisons in 100 that look certain over requests", float(requests), None, COMPARISONS,
                    "So few voices make even the interval over voices too short.", draw, "05.2", dict(voices=float(voices), axis="x"))


@kept(maxsize=4)
def announced(seed: int, pool: Pool = Pool()) -> pd.DataFrame:
    """The requests of a typical comparison that looked certain: columns id, speaker, version ("A" or "B") and error.

    Nobody announces a test that found nothing; of those that found something this is the middle one, "B" being the better half.
    """
    table = _native(World(seed, pool))
    found = comparisons(table["speaker"], table["error"].to_numpy(), seed, voices=False)
    sizes = found["gain"].abs()[_certain(found, "request")].sort_values(kind="stable")
    chosen = int(sizes.index[len(sizes) // 2])
    people = pd.factorize(table["speaker"])[1]
    better = halves(people, seed, chosen)[int(found["gain"][chosen] > 0)]
    return table[["id", "speaker", "error"]].assign(version=np.where(table["speaker"].isin(people[better]), "B", "A")).reset_index(drop=True)


@kept(maxsize=4)
def _announced_gain(seed, pool):
    """The announced gain in 1,000 names, its intervals over requests and over voices, and how many requests there are."""
    table, rng = announced(seed, pool), keyed(seed, _PURPOSE, "announcement")
    parts = [1000 * table["error"][table["version"] == v] for v in "AB"]
    intervals = {}
    for unit in ("requests", "voices"):
        drawn = []
        for part in parts:
            codes = np.arange(len(part)) if unit == "requests" else pd.factorize(table["speaker"][part.index])[0]
            drawn.append(_resampled(np.bincount(codes, part), np.bincount(codes), rng))
        intervals[unit] = tuple(map(float, np.quantile(drawn[0] - drawn[1], [.025, .975])))
    return float(parts[0].mean() - parts[1].mean()), intervals, len(table)


@experiment
def announcement(seed: int, over: str = "voices", pool: Pool = Pool()) -> Evidence:
    """Errors in 1,000 that the announced version saves, with its interval over "requests" or "voices"."""
    gain, intervals, n = _announced_gain(seed, pool)

    def draw(ax):
        low, high = intervals["voices"]
        finding = f"{gain:.0f} fewer errors in 1,000: over voices, " + ("zero is not ruled out" if low <= 0 <= high else "zero is ruled out")
        plots.estimate(ax, [f"over {unit}" for unit in intervals], [gain, gain], list(intervals.values()), unit="fewer errors in 1,000", finding=finding)
        ax.axvline(0, color="#555555", linestyle=":", marker="")
        return ax
    return Evidence("fewer errors in 1,000 with version B", gain, intervals[over], n,
                    "Each half has about seven voices; a fair comparison needs many more, or both versions on the same requests.", draw, data=intervals)


def temperature(probabilities: np.ndarray, classes, labels) -> float:
    """The temperature of least log-loss (Guo et al., 2017); labels that are no class are left out. Below 1 it makes surer."""
    logs, place = np.log(np.maximum(probabilities, 1e-12)), pd.Index(classes).get_indexer(labels)
    logs, place = logs[place >= 0], place[place >= 0]
    if not len(place):
        raise ValueError(f"none of {len(labels)} labels is among the {len(classes)} cards of the model; labels such as {classes[0]!r} are expected")

    def loss(t):
        scaled = logs / t
        top = scaled.max(axis=1)
        return float(np.mean(top + np.log(np.exp(scaled - top[:, None]).sum(axis=1)) - scaled[np.arange(len(place)), place]))
    return float(minimize_scalar(loss, bounds=(.1, 5), method="bounded").x)


def tempered(probabilities: np.ndarray, t: float) -> np.ndarray:
    """Probabilities at a temperature: powers of 1/t, summing to one again."""
    powered = np.power(np.maximum(probabilities, 1e-12), 1 / t)
    return powered / powered.sum(axis=1, keepdims=True)


@experiment
def calibration(seed: int, mended: bool = True, pool: Pool = Pool()) -> Evidence:
    """Calibration error of whole names on half of the voices, as delivered over after a temperature from the other half."""
    world = World(seed, pool)
    rows, model = laps.names(world, **FINAL), laps.model_for(world, **FINAL)
    probabilities = model.predict_proba(world.features(rows))
    people = pd.factorize(rows["speaker"])[1]
    chosen = rows["speaker"].isin(people[halves(people, seed, 0)[0]]).to_numpy()
    t = temperature(probabilities[chosen], model.classes_, rows["label"].to_numpy(str)[chosen]) if mended else 1.0
    before = diagnose.reliability(probabilities[~chosen].max(axis=1), rows["right"][~chosen])
    after = diagnose.reliability(tempered(probabilities[~chosen], t).max(axis=1), rows["right"][~chosen])

    def draw(ax):
        for i, (name, part) in enumerate({"as trained": before, f"temperature {t:.2f}": after}.items()):
            ax.plot(100 * part["confidence"], 100 * part["right"], label=name, color=plots.COLOURS[i], marker=plots.MARKERS[i], linestyle=plots.LINES[i])
        ax.plot([0, 100], [0, 100], color="#555555", linestyle=":", marker="", label="calibrated")
        ax.set(xlabel="confidence (%)", ylabel="right (%)")
        ax.legend(loc="lower right")
        shy = before["right"].mean() > before["confidence"].mean()
        return plots.title(ax, f"The model is {'less' if shy else 'more'} sure than it is right; the gap shrinks from {100 * diagnose.ece(before):.0f} to {100 * diagnose.ece(after):.0f} points")
    gaps = diagnose.ece(before), diagnose.ece(after)
    return Evidence("calibration error before, times that after", gaps[0] / gaps[1], None, int((~chosen).sum()),
                    "Whole names only; what is outside the catalogue has no right card to be sure of.", draw,
                    data=dict(before=gaps[0], after=gaps[1], temperature=t, shy=float((before["right"] - before["confidence"]).max())))


def curve(seed: int, pool: Pool = Pool(), **where) -> pd.DataFrame:
    """Risk and answered share of the pilot's requests at each threshold, for the version after both laps; `where` picks a slice.

    `answered_low` and `answered_high` bound the answered share (95%, over voices), as `low` and `high` do the risk.
    """
    rows = laps.requests(World(seed, pool), **FINAL)
    rows = diagnose.pick(rows, **where) if where else rows
    found = diagnose.risk_coverage(rows, THRESHOLDS, keyed(seed, _PURPOSE, "curve"))
    answered = rows["confidence"].to_numpy()[:, None] >= THRESHOLDS
    low, high = np.quantile(diagnose.resampled(answered, rows["speaker"], keyed(seed, _PURPOSE, "answered")), [.025, .975], axis=0)
    return found.assign(answered_low=low, answered_high=high)


def lowest(table: pd.DataFrame, column: str) -> float:
    """The lowest threshold at which a column keeps the target; 1 where none does."""
    kept = table["threshold"][table[column] <= TARGET]
    return float(kept.min()) if len(kept) else 1.0


@kept(maxsize=4)
def _kept(seed, pool):
    """Divisions of the voices: risk and answered share, on both halves, of a threshold chosen on the first."""
    rows = laps.requests(World(seed, pool), **FINAL)[["id", "speaker", "confidence", "right"]]
    people, out = pd.factorize(rows["speaker"])[1], []
    confidence, right = rows["confidence"].to_numpy(), rows["right"].to_numpy(bool)
    for i in range(DIVISIONS):
        here = rows["speaker"].isin(people[halves(people, seed, i)[0]]).to_numpy()
        table = diagnose.risk_coverage(rows[here], THRESHOLDS, keyed(seed, _PURPOSE, "promise", i))
        for rule, least in (("estimate", lowest(table, "risk")), ("upper end", lowest(table, "high"))):
            for others, places in ((False, here), (True, ~here)):
                shown = right[places & (confidence >= least)]
                out.append((rule, others, float((~shown).mean()) if len(shown) else 0.0, len(shown) / places.sum()))
    return pd.DataFrame(out, columns=["rule", "others", "risk", "answered"])


@experiment
def promise(seed: int, others: bool = True, pool: Pool = Pool()) -> Evidence:
    """How much less often the promise is broken for other voices when the interval's upper end must keep it, in 100.

    `others=False` measures on the voices on which the threshold was chosen.
    """
    found = _kept(seed, pool).query("others == @others")
    broken = 100 * (found["risk"] > TARGET).groupby(found["rule"]).mean()
    answered = 100 * found.groupby("rule")["answered"].mean()

    def draw(ax):
        labels = [f"by the {rule}\n(answers {answered[rule]:.0f} in 100)" for rule in broken.index]
        return plots.bars(ax, labels, broken.to_numpy(), unit="divisions in 100 in which other voices get over 2% wrong",
                          finding=f"Broken promises in 100: {broken['estimate']:.0f} against {broken['upper end']:.0f}")
    return Evidence("fewer broken promises in 100 by the upper end", float(broken["estimate"] - broken["upper end"]), None, DIVISIONS,
                    "Half of the voices choose, the other half judges; with all of them the interval is shorter.", draw,
                    data=dict(estimate=float(broken["estimate"]), bound=float(broken["upper end"]), answered=answered.to_dict()))
