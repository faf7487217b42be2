"""What wrong labels do to a model and to its score, and what it costs to have fewer; experiments of lesson 03."""
from functools import lru_cache

import numpy as np
import pandas as pd

from course_lib.cycle import annotators, label, scope
from course_lib.cycle.diagnose import interval, resampled
from course_lib.cycle.train import recognizer
from course_lib.kept import kept
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment
from course_lib.lessons import label_votes
from course_lib.lessons.label_votes import CREW, RULE, product, prompted
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool
from course_lib.world.world import World

EACH = (1, 3, 5)                                        # votes a clip
MONTH = 20_000_000                                      # requests a month, as the reference team of lesson 01 expects


@lru_cache(maxsize=4)
def heard_again(seed: int, role: str = "train", misread: int = 0, pool: Pool = Pool()) -> pd.DataFrame:
    """Five people's votes on recorded clips, as if nobody had prompted the readers."""
    rows = prompted(seed, pool)[0] if role == "train" else World(seed, pool).recordings("test")
    suggested = product(seed, pool).predict(World(seed, pool).features(rows))
    return annotators.annotate(seed, rows, annotators.crew(seed, CREW, "written", misread, RULE), suggested)


def misreaders(guideline: str) -> int:
    """How many of the five misread the rule on sound-alikes by a guideline: 3 by their own words, none by the written one.

    That is the expected number, rounded; `annotators.GUIDELINES` has the chance that somebody reads a rule as it is meant.
    """
    return round(CREW * (1 - annotators.GUIDELINES[guideline]))


@kept(maxsize=16)
def counted(seed: int, each: int, role: str = "train", misread: int = 0, way: str = "counting", pool: Pool = Pool()) -> pd.Series:
    """Labels from so many votes a clip, in the order of the clips; missing where no card was named.

    A single vote is the label: with one vote a clip no `way` can say who errs.
    """
    given = heard_again(seed, role, misread, pool)
    labels = label.AGGREGATORS[way if each > 1 else "counting"](label.in_turn(given, each)).reindex(given["id"].unique())
    return labels.where(labels.isin(World(seed, pool).catalogue()))


@kept(maxsize=16)
def taught(seed: int, each: int, misread: int = 0, way: str = "counting", pool: Pool = Pool()):
    """A recogniser that learns from labels made of votes; 0 votes stand for the prompts themselves."""
    if each == 0:
        return product(seed, pool)
    labels = counted(seed, each, "train", misread, way, pool).to_numpy(object)
    named = pd.notna(labels)
    return recognizer().fit(prompted(seed, pool)[1][named], labels[named].astype(str))


@lru_cache(maxsize=4)
def test(seed: int, pool: Pool = Pool()) -> tuple[np.ndarray, np.ndarray]:
    """Features and prompted labels of readers whom no recogniser heard."""
    rows = World(seed, pool).recordings("test")
    return World(seed, pool).features(rows), rows["label"].to_numpy(str)


def judged(seed: int, each: int, misread: int = 0, way: str = "counting", pool: Pool = Pool()) -> tuple[np.ndarray, np.ndarray]:
    """Clips of unseen readers: 100 where a recogniser taught by so many votes is right, else 0; and who reads."""
    vectors, labels = test(seed, pool)
    right = taught(seed, each, misread, way, pool).predict(vectors) == labels
    return 100.0 * right, World(seed, pool).recordings("test")["speaker"].to_numpy()


def accuracy(seed: int, each: int, misread: int = 0, pool: Pool = Pool()) -> float:
    """Share of unseen readers' names that a recogniser taught by so many votes gets right."""
    return float(judged(seed, each, misread, pool=pool)[0].mean()) / 100


def wrong_share(seed: int, each: int, role: str = "train", pool: Pool = Pool()) -> float:
    """Share of the counted labels which name a wrong card, among those that name a card."""
    truth = prompted(seed, pool)[0]["label"] if role == "train" else World(seed, pool).recordings("test")["label"]
    labels = counted(seed, each, role, pool=pool).to_numpy(object)
    named = pd.notna(labels)
    return float((labels[named] != truth.to_numpy(object)[named]).mean())


def lost(first: np.ndarray, second: np.ndarray, readers: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """95% interval of what the mean of `first` is above that of `second`, whole readers resampled; NaN is a clip that does not count."""
    both = np.column_stack([first, second])
    means = resampled(np.nan_to_num(both), readers, rng, ~np.isnan(both))
    low, high = np.quantile(means[:, 0] - means[:, 1], [.025, .975])
    return float(low), float(high)


@experiment
def twice(seed: int, each: int = 1, pool: Pool = Pool()) -> Evidence:
    """Points that single votes cost in training, and (in data) the points they take off the score as test labels; 95% over readers."""
    labels = counted(seed, each, "test", pool=pool).to_numpy(object)
    said = np.where(pd.isna(labels), np.nan, 100.0 * (product(seed, pool).predict(test(seed, pool)[0]) == labels))
    (clean, readers), (noisy, _) = judged(seed, 0, pool=pool), judged(seed, each, pool=pool)
    scores = {"right labels": clean, f"taught by {each} vote{'s' * (each > 1)}": noisy, f"tested by {each} vote{'s' * (each > 1)}": said}
    values = [float(np.nanmean(one)) for one in scores.values()]
    ends = [interval(one[~np.isnan(one)], readers[~np.isnan(one)], keyed(seed, "twice", name)) for name, one in scores.items()]
    taught_costs, hidden = (lost(clean, other, readers, keyed(seed, "twice", "lost")) for other in (noisy, said))
    worse, bent = values[0] - values[1], values[0] - values[2]

    def draw(ax):
        plots.estimate(ax, list(scores), values, ends, unit="score on unseen readers (%)",
                       finding=f"The same noise costs {worse:.0f} points in training, {bent:.0f} in the test")
        ax.set_xlim(min(70, ax.get_xlim()[0]), 102)
        return label_votes.below(ax)
    return Evidence("points lost by a model taught with single votes", worse, taught_costs, len(clean),
                    f"In the test: {hidden[0]:.1f} to {hidden[1]:.1f}. Random slips; a misread rule is another kind of noise.", draw,
                    "03.3", dict(axis="x", taught=values[1], tested=values[2], clean=values[0], hidden=bent, hidden_low=hidden[0], hidden_high=hidden[1],
                                 wrong=100 * wrong_share(seed, each, pool=pool)))


@experiment
def reworded(seed: int, guideline: str = "own words", way: str = "counting", each: int = 3, pool: Pool = Pool()) -> Evidence:
    """Points that a model loses if its clips are labelled by a guideline and in a way, against as many votes by the written one, counted; 95% over readers."""
    (best, readers), (mine, _) = judged(seed, each, pool=pool), judged(seed, each, misreaders(guideline), way, pool)
    return Evidence("points lost by the model", float((best - mine).mean()), interval(best - mine, readers, keyed(seed, "reworded")), len(best),
                    "One rule, misread by three of five in one way, or by nobody; real readings differ more.")


@lru_cache(maxsize=8)
def _served(seed: int, pool: Pool = Pool()) -> tuple[pd.Series, pd.DataFrame]:
    """Two weeks of requests: who spoke, and by votes a clip what each answer costs at the charter's prices (cents)."""
    rules, world = scope.charter(), World(seed, pool)
    rows = world.days(14, 28)
    vectors, each = world.features(rows), {}
    for votes in EACH:
        model = taught(seed, votes, pool=pool)
        shown = scope.decide(model.predict_proba(vectors), model.classes_, rules.threshold)
        each[votes] = scope.price(scope.outcome(rows, shown), rules)
    return rows["speaker"], pd.DataFrame(each)


@kept(maxsize=64)
def spared(seed: int, more: int, fewer: int, pool: Pool = Pool()) -> tuple[float, float, float]:
    """What the errors cost less after more votes a clip than after fewer, cents for 1,000 requests: mean and 95% interval over speakers."""
    speakers, each = _served(seed, pool)
    gain = 1000 * (each[fewer] - each[more])
    return float(gain.mean()), *interval(gain, speakers, keyed(seed, "votes against errors", more, fewer))


@lru_cache(maxsize=8)
def errors(seed: int, pool: Pool = Pool()) -> pd.DataFrame:
    """By votes a clip: labels that are wrong (%), the model's accuracy (%), its errors' cost for 1,000 requests at the charter's prices.

    `less` is what the errors cost less than with the next fewer votes, `low` and `high` its 95% interval over speakers.
    """
    out = {each: dict(zip(("wrong labels", "accuracy", "cost"), (100 * wrong_share(seed, each, pool=pool), 100 * accuracy(seed, each, pool=pool),
                                                                1000 * _served(seed, pool)[1][each].mean()))) for each in EACH}
    for fewer, more in zip(EACH, EACH[1:]):
        out[more] |= dict(zip(("less", "low", "high"), spared(seed, more, fewer, pool)))
    return pd.DataFrame.from_dict(out, orient="index").rename_axis("votes")


def _priced(price, requests):
    """ValueError where a price or a number of requests is not a number from 0 up."""
    for name, value in (("price of a vote", price), ("number of requests", requests)):
        if not (np.isfinite(value) and value >= 0):
            raise ValueError(f"the {name} is {value!r}; a number from 0 up is expected")


def total(seed: int, price: float, requests: float, pool: Pool = Pool()) -> pd.Series:
    """Labels plus errors, in the charter's cents, until the next relabelling: by votes a clip.

    Parameters
    ----------
    price : of one vote
    requests : that the model answers until it is taught anew
    """
    _priced(price, requests)
    found, clips = errors(seed, pool), len(prompted(seed, pool)[0])
    return price * clips * found.index.to_series() + requests / 1000 * found["cost"]


def saved(seed: int, more: int, fewer: int, price: float, requests: float, pool: Pool = Pool()) -> tuple[float, float, float]:
    """Cents that more votes a clip save against fewer, labels and errors together, with a 95% interval over speakers."""
    _priced(price, requests)
    dearer = price * len(prompted(seed, pool)[0]) * (more - fewer)
    return tuple(requests / 1000 * one - dearer for one in spared(seed, more, fewer, pool))


def enough(seed: int, price: float, requests: float, pool: Pool = Pool()) -> int:
    """The fewest votes a clip that no greater number is shown to beat: no interval of what more would save lies above 0."""
    return next(each for each in EACH if not any(saved(seed, more, each, price, requests, pool)[1] > 0 for more in EACH if more > each))


@experiment
def worth(seed: int, price: float = 2.0, requests: int = 1_000_000, pool: Pool = Pool()) -> Evidence:
    """Cents that three votes a clip save against one, labels and errors together."""
    bill, shown = total(seed, price, requests, pool), enough(seed, price, requests, pool)
    best = int(bill.idxmin())
    value, *ends = saved(seed, 3, 1, price, requests, pool)
    steps = [saved(seed, more, fewer, price, requests, pool) for fewer, more in zip(EACH, EACH[1:])]

    def draw(ax):
        rows = [f"{more} votes a clip instead of {fewer}" for fewer, more in zip(EACH, EACH[1:])]
        chance = f"; against {shown} that may be chance" if shown < best else ""
        plots.bars(ax, rows, [step[0] / 1000 for step in steps], [(low / 1000, high / 1000) for _, low, high in steps],
                   unit="saved, labels and errors together (thousands of cents)",
                   finding=f"At {price:g} cents a vote and {requests:,} requests, {best} vote{'s' * (best > 1)} a clip cost{'s' * (best == 1)} least{chance}")
        ax.axvline(0, color="black", linewidth=1, linestyle="-", marker="")
        return ax
    return Evidence("cents that three votes save against one", value, tuple(ends), len(prompted(seed, pool)[0]),
                    "One draw of votes and two weeks of requests of one product; the charter's prices are somebody's judgement.", draw, None,
                    {str(k): float(v) for k, v in bill.items()} | dict(enough=shown, best=best))


@experiment
def ceiling(seed: int, misread: int = 0, pool: Pool = Pool()) -> Evidence:
    """Points by which a model taught with five votes beats the agreement of pairs of annotators on the same test clips; 95% over readers."""
    same = label.pairs(heard_again(seed, "test", misread, pool))
    agree, (right, readers) = (100 * same["same"] / same["pairs"]).to_numpy(), judged(seed, CREW, misread, pool=pool)
    both = {"two people agree": agree, "the model is right": right}
    ends = [interval(values, readers, keyed(seed, "ceiling", name)) for name, values in both.items()]
    gap, low_high = float((right - agree).mean()), interval(right - agree, readers, keyed(seed, "ceiling"))

    def draw(ax):
        return plots.estimate(ax, list(both), [values.mean() for values in both.values()], ends, unit="test clips (%)",
                              finding=f"The model is {abs(gap):.0f} points {'above' if gap > 0 else 'below'} what two people agree on")
    return Evidence("points of the model above the agreement", gap, low_high, len(right),
                    "Their slips are independent here; people who learnt from each other err together.", draw, None,
                    dict(agreement=float(agree.mean()), model=float(right.mean())))
