"""Which model? Baselines, the learning curve, a tree that memorises, a column that leaks, and the candidates side by side."""
from functools import lru_cache

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from course_lib.cycle import scope
from course_lib.cycle.diagnose import interval, resampled
from course_lib.cycle.train import recognizer, scaler
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment
from course_lib.lessons.spring import model_for
from course_lib.lessons.train_flow import costs, discriminant, week
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool
from course_lib.world.world import World

BOUGHT, PLANNED = (2, 4, 8, 12), 24                     # readers on the curve, and the number to extrapolate to
PAGE = 5                                                # names on a page of prompts
SLOWEST = 10                                            # times the time of `default` that the platform engineer grants


@lru_cache(maxsize=8)
def sets(seed: int, pool: Pool = Pool()) -> tuple:
    """Training rows, features and labels, then those of the ten strangers."""
    world = World(seed, pool)
    train, test = world.recordings("train"), world.recordings("test")
    return train, world.features(train), train["label"].to_numpy(str), test, world.features(test), test["label"].to_numpy(str)


@experiment
def baselines(seed: int, model: str = "logistic regression", pool: Pool = Pool()) -> Evidence:
    """Accuracy on ten strangers: one card for all, the nearest mean of a name's clips, and `model`; by how much the last one gains."""
    _, X, y, test, XT, yT = sets(seed, pool)
    nearest = make_pipeline(scaler(), NearestCentroid()).fit(X, y).predict(XT)
    given = {"one card for all": np.full(len(yT), y[0]), "nearest mean": nearest,
             "logistic regression": nearest if model == "nearest mean" else model_for(World(seed, pool)).predict(XT)}
    right = {name: answers == yT for name, answers in given.items()}
    bars = [tuple(100 * x for x in interval(r, test["speaker"], keyed(seed, "baselines"))) for r in right.values()]
    values = [100 * r.mean() for r in right.values()]
    gain = interval(right["logistic regression"].astype(float) - right["nearest mean"], test["speaker"], keyed(seed, "gain"))

    def draw(ax):
        return plots.estimate(ax, list(given), values, bars, unit="names of ten strangers recognised (%)",
                              finding=f"A mean of clips gets {values[1]:.0f}%, a fitted model {values[2]:.0f}%")
    return Evidence("points gained over the nearest mean", values[2] - values[1], tuple(100 * x for x in gain), len(yT),
                    "Every name is as frequent as any other here; in production one card for all does better.", draw,
                    data=dict(zip(given, values)))


@lru_cache(maxsize=32)
def _missed(seed, readers, pool):
    """Which clips of ten strangers a recogniser misses that learnt from so many readers, (n,) 100 or 0."""
    *_, XT, yT = sets(seed, pool)
    world = World(seed, pool)
    model = model_for(world) if readers == PLANNED else model_for(world, readers)       # one fit of the full team
    return 100.0 * (model.predict(XT) != yT)


def error_with(seed: int, readers: int, pool: Pool = Pool()) -> float:
    """Error on ten strangers, in percent, of a recogniser that learnt from so many readers."""
    return float(_missed(seed, readers, pool).mean())


def _resampled_errors(seed, pool):
    """(n, 5) errors with 2, 4, 8, 12 and 24 readers, the same strangers resampled for all of them."""
    missed = np.stack([_missed(seed, n, pool) for n in (*BOUGHT, PLANNED)], axis=1)
    return resampled(missed, sets(seed, pool)[3]["speaker"], keyed(seed, "learning curve"))


def by_readers(seed: int, pool: Pool = Pool()) -> pd.DataFrame:
    """Names of strangers missed (%) by readers learnt from: missed, low and high (95%, over strangers)."""
    low, high = np.quantile(_resampled_errors(seed, pool)[:, :-1], [.025, .975], axis=0)
    return pd.DataFrame(dict(missed=[error_with(seed, n, pool) for n in BOUGHT], low=low, high=high), pd.Index(BOUGHT, name="readers"))


def _size(low, high):
    """The interval of a difference's size."""
    return (0.0 if low <= 0 <= high else float(min(abs(low), abs(high)))), float(max(abs(low), abs(high)))


def extrapolated(n, error, at: float, straight: bool = False) -> float:
    """Error at `at` readers: a straight line through the logarithms of both (a power law), or through the numbers themselves."""
    if straight:
        return float(np.polyval(np.polyfit(n, error, 1), at))
    return float(np.exp(np.polyval(np.polyfit(np.log(n), np.log(error), 1), np.log(at))))


@experiment
def curve(seed: int, straight: bool = False, pool: Pool = Pool()) -> Evidence:
    """How far the error at 24 readers, extrapolated from twelve and fewer, is from the one that was measured (points)."""
    errors = [error_with(seed, n, pool) for n in BOUGHT]
    truth, said = error_with(seed, PLANNED, pool), extrapolated(BOUGHT, errors, PLANNED, straight)
    drawn = _resampled_errors(seed, pool)
    low, high = np.quantile(drawn, [.025, .975], axis=0)
    beyond = np.quantile([extrapolated(BOUGHT, row[:-1], PLANNED, straight) - row[-1] for row in np.maximum(drawn, .1)], [.025, .975])

    def draw(ax):
        grid = np.geomspace(BOUGHT[0], PLANNED, 40)
        ax.errorbar(BOUGHT, errors, [errors - low[:-1], high[:-1] - errors], linestyle="none", marker="o", label="measured")
        ax.plot(grid, [extrapolated(BOUGHT, errors, x) for x in grid], marker="", linestyle="--", label="power law")
        ax.plot(grid, [extrapolated(BOUGHT, errors, x, True) for x in grid], marker="", linestyle=":", label="straight line")
        ax.errorbar([PLANNED], [truth], [[truth - low[-1]], [high[-1] - truth]], linestyle="none", marker="D", label="measured later")
        ax.set(xscale="log", xticks=(*BOUGHT, PLANNED), xticklabels=(*BOUGHT, PLANNED), xlabel="readers to learn from",
               ylabel="names of strangers missed (%)")
        ax.minorticks_off()
        ax.legend(loc="upper right")
        law, line = extrapolated(BOUGHT, errors, PLANNED), extrapolated(BOUGHT, errors, PLANNED, True)
        return plots.title(ax, f"At 24 readers: {truth:.1f}% missed; the law said {law:.1f}, the line {line:.0f}")
    return Evidence("points between extrapolation and measurement", abs(said - truth), _size(*beyond), len(sets(seed, pool)[5]),
                    "The law holds within one kind of reader; it says nothing of other voices.", draw, data=dict(said=said, truth=truth, errors=errors))


@lru_cache(maxsize=16)
def eight_readers(seed: int, model: int | str, pool: Pool = Pool()) -> pd.DataFrame:
    """Names recognised (%) by a tree (its depth, or "deepest") or the "logistic regression" of eight readers: its own training clips
    and strangers', a row each; accuracy, low and high (95%, over readers)."""
    train, X, y, test, XT, yT = sets(seed, pool)
    few = train["speaker"].isin(sorted(train["speaker"].unique())[:8]).to_numpy()
    if model == "logistic regression":
        fitted = model_for(World(seed, pool), 8)
    else:
        fitted = DecisionTreeClassifier(max_depth=None if model == "deepest" else model, random_state=0).fit(X[few], y[few])
    out = {}
    for name, (where, labels, speakers) in dict(own=(X[few], y[few], train["speaker"][few]), strangers=(XT, yT, test["speaker"])).items():
        right = 100.0 * (fitted.predict(where) == labels)
        out[name] = right.mean(), *interval(right, speakers, keyed(seed, "eight readers", name))
    return pd.DataFrame.from_dict(out, orient="index", columns=["accuracy", "low", "high"])


def _gap(found):
    """Points between its own clips and strangers' and their interval: the lengths of two independent ones, added in quadrature."""
    gap = found["accuracy"]["own"] - found["accuracy"]["strangers"]
    below = np.hypot(found["accuracy"]["own"] - found["low"]["own"], found["high"]["strangers"] - found["accuracy"]["strangers"])
    above = np.hypot(found["high"]["own"] - found["accuracy"]["own"], found["accuracy"]["strangers"] - found["low"]["strangers"])
    return gap, (gap - below, gap + above)


@experiment
def memorises(seed: int, tree: bool = True, pool: Pool = Pool()) -> Evidence:
    """Accuracy of a decision tree on its own training clips less that on strangers, eight readers to learn from (points)."""
    found = eight_readers(seed, "deepest" if tree else "logistic regression", pool)
    (own, others), (gap, span) = found["accuracy"], _gap(found)

    def draw(ax):
        found = {f"tree, depth {depth}": eight_readers(seed, depth, pool) for depth in (3, 6, 12)}
        found |= {"tree, deepest": eight_readers(seed, "deepest", pool), "logistic regression": eight_readers(seed, "logistic regression", pool)}
        at = np.arange(len(found))
        for i, name in enumerate(("its own training clips", "strangers")):
            mean, low, high = np.array([table.iloc[i] for table in found.values()]).T
            ax.errorbar(mean, at, xerr=[mean - low, high - mean], linestyle="none", marker=plots.MARKERS[i], color=plots.COLOURS[i], label=name)
        ax.set_yticks(at, list(found))
        ax.set(ylim=(len(found) - .5, -.9), xlim=(0, 105), xlabel="names recognised (%)")
        ax.legend(loc="lower left", bbox_to_anchor=(-.01, 1), ncols=2, borderaxespad=.1)
        return plots.title(ax, f"Deepest tree: {own:.0f}% of its own clips, {others:.0f}% of strangers'", above=20)
    return Evidence("points between its own clips and strangers'", gap, span, len(sets(seed, pool)[5]), "One kind of tree; a forest of them does better.",
                    draw, data=dict(own=own, others=others))


def with_page(rows: pd.DataFrame, X: np.ndarray, page=None) -> np.ndarray:
    """Features with eight columns more: 1 for the page of prompts that was open. `page` sets one for all; -1 means none, zeros."""
    pages = (pd.factorize(rows["label"], sort=True)[0] // PAGE) if page is None else np.full(len(rows), page)
    return np.hstack([X, np.eye(9, dtype=np.float32)[pages][:, :8]])


@lru_cache(maxsize=4)
def paged(seed: int, shuffled: bool = False, pool: Pool = Pool()):
    """A recogniser that also learnt from the page of prompts; `shuffled` breaks the tie between page and name."""
    train, X, y, *_ = sets(seed, pool)
    rows = train.assign(label=keyed(seed, "pages").permutation(train["label"])) if shuffled else train
    return recognizer().fit(with_page(rows, X), y)


@experiment
def page_column(seed: int, shuffled: bool = False, pool: Pool = Pool()) -> Evidence:
    """Points that the page of prompts gains in the test beyond what it gains in production, where nobody reads from a page."""
    *_, test, XT, yT = sets(seed, pool)
    rows = test.assign(label=keyed(seed, "test pages").permutation(test["label"])) if shuffled else test
    plain, model = model_for(World(seed, pool)).predict(XT) == yT, paged(seed, shuffled, pool)
    gains = [100 * ((model.predict(with_page(rows, XT, page)) == yT) - plain.astype(float)) for page in (None, -1)]
    (tested, live), only = (gain.mean() for gain in gains), gains[0] - gains[1]
    spans = [interval(gain, test["speaker"], keyed(seed, "page", i)) for i, gain in enumerate((*gains, only))]

    def draw(ax):
        return plots.bars(ax, ["in the test", "in production"], [tested, live], spans[:2], unit="points gained by the page column",
                          finding=f"Gained in the test {tested:.1f} points, in production {live:.1f}")
    return Evidence("points gained in the test only", float(only.mean()), spans[2], len(yT), "A leak this small hides in any real gain of the same size.",
                    draw, data=dict(test=(tested, *spans[0]), production=(live, *spans[1])))


def ways_to_break(seed: int) -> pd.DataFrame:
    """Accuracy on strangers (%) of the plain and the paged recogniser when something upstream goes wrong."""
    _, _, _, test, XT, yT = sets(seed)
    plain, paged_model = model_for(World(seed)), paged(seed)
    def both(change, page=None):
        return [100 * plain.score(change(XT), yT), 100 * paged_model.score(change(with_page(test, XT, page)), yT)]
    swapped = lambda X: np.hstack([X[:, 208:], X[:, :208]])         # noqa: E731
    found = {"as tested": both(lambda X: X), "no page (zeros)": both(lambda X: X, -1), "page stuck at 3": both(lambda X: X, 3),
             "columns in another order": both(swapped)}
    return pd.DataFrame.from_dict(found, orient="index", columns=["468 numbers", "with the page"])


@lru_cache(maxsize=4)
def contenders(seed: int) -> dict:
    """The three fitted models that may serve, the simplest first."""
    _, X, y, *_ = sets(seed)
    return {"default": model_for(World(seed)), "discriminants": discriminant(seed), "best": recognizer("best").fit(X, y)}


@lru_cache(maxsize=4)
def _paid(seed):
    """Each contender's threshold of least cost in week 0, and its outcomes in weeks 1 and 2."""
    rows, out = pd.concat([week(seed, 1)[0], week(seed, 2)[0]]), {}
    X = World(seed).features(rows)
    for name, model in contenders(seed).items():
        table = costs(seed, model)
        at = float(table["threshold"][table["cost"].idxmin()])
        out[name] = at, scope.outcome(rows, scope.decide(model.predict_proba(X), model.classes_, at))
    return rows, out


def candidates(seed: int) -> pd.DataFrame:
    """The contenders on two weeks of the pilot, each at the threshold that cost least the week before.

    Returns
    -------
    DataFrame by model, the simplest first: threshold, cost, cost_low and cost_high (cents per 1,000 requests, 95% interval over
    speakers), saves_low and saves_high (of what it saves against the first row), wrong (cards per 1,000 requests), right (% of whole names)
    """
    rules, (rows, paid), out = scope.charter(), _paid(seed), {}
    whole, each = ((rows["kind"] == "full") & (rows["card"] != "")).to_numpy(), {}
    for name, (at, outcomes) in paid.items():
        each[name] = 1000 * scope.price(outcomes, rules)
        saved = each["default"] - each[name]
        low, high = interval(saved, rows["speaker"], keyed(seed, "candidates", name))
        paid_low, paid_high = interval(each[name], rows["speaker"], keyed(seed, "candidates", name, "cost"))
        out[name] = dict(threshold=at, cost=each[name].mean(), cost_low=paid_low, cost_high=paid_high, saves_low=low, saves_high=high, wrong=1000 * (outcomes == "wrong card").mean(),
                         right=100 * (outcomes[whole] == "right").mean())
    return pd.DataFrame.from_dict(out, orient="index").rename_axis("model")
