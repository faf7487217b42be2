"""What wrong labels do to a model and to its score, and what it costs to have fewer; experiments of lesson 03."""
from functools import lru_cache

import numpy as np
import pandas as pd

from course_lib.cycle import annotators, label, scope
from course_lib.cycle.train import recognizer
from course_lib.kept import kept
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment, wilson
from course_lib.lessons import label_votes
from course_lib.lessons.label_votes import CREW, RULE, product, prompted
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool
from course_lib.world.world import World

EACH = (1, 3, 5)                                        # votes a clip


@lru_cache(maxsize=4)
def heard_again(seed: int, role: str = "train", misread: int = 0, pool: Pool = Pool()) -> pd.DataFrame:
    """Five people's votes on recorded clips, as if nobody had prompted the readers."""
    rows = prompted(seed, pool)[0] if role == "train" else World(seed, pool).recordings("test")
    suggested = product(seed, pool).predict(World(seed, pool).features(rows))
    return annotators.annotate(seed, rows, annotators.crew(seed, CREW, "written", misread, RULE), suggested)


@kept(maxsize=16)
def counted(seed: int, each: int, role: str = "train", misread: int = 0, pool: Pool = Pool()) -> pd.Series:
    """Labels by counting so many votes a clip, in the order of the clips; missing where no card was named."""
    given = heard_again(seed, role, misread, pool)
    labels = label.majority(label.in_turn(given, each)).reindex(given["id"].unique())
    return labels.where(labels.isin(World(seed, pool).catalogue()))


@kept(maxsize=16)
def taught(seed: int, each: int, misread: int = 0, pool: Pool = Pool()):
    """A recogniser that learns from counted votes; 0 votes stand for the prompts themselves."""
    if each == 0:
        return product(seed, pool)
    labels = counted(seed, each, "train", misread, pool).to_numpy(object)
    named = pd.notna(labels)
    return recognizer().fit(prompted(seed, pool)[1][named], labels[named].astype(str))


@lru_cache(maxsize=4)
def test(seed: int, pool: Pool = Pool()) -> tuple[np.ndarray, np.ndarray]:
    """Features and prompted labels of readers whom no recogniser heard."""
    rows = World(seed, pool).recordings("test")
    return World(seed, pool).features(rows), rows["label"].to_numpy(str)


def accuracy(seed: int, each: int, misread: int = 0, pool: Pool = Pool()) -> float:
    """Share of unseen readers' names that a recogniser taught by so many votes gets right."""
    vectors, labels = test(seed, pool)
    return float((taught(seed, each, misread, pool).predict(vectors) == labels).mean())


def wrong_share(seed: int, each: int, role: str = "train", pool: Pool = Pool()) -> float:
    """Share of the counted labels which name a wrong card, among those that name a card."""
    truth = prompted(seed, pool)[0]["label"] if role == "train" else World(seed, pool).recordings("test")["label"]
    labels = counted(seed, each, role, pool=pool).to_numpy(object)
    named = pd.notna(labels)
    return float((labels[named] != truth.to_numpy(object)[named]).mean())


@experiment
def twice(seed: int, each: int = 1, pool: Pool = Pool()) -> Evidence:
    """Points that single votes cost in training, and (in data) the points they take off the score as test labels."""
    vectors, truth = test(seed, pool)
    clean, noisy = accuracy(seed, 0, pool=pool), accuracy(seed, each, pool=pool)
    labels = counted(seed, each, "test", pool=pool).to_numpy(object)
    named = pd.notna(labels)
    said = float((product(seed, pool).predict(vectors)[named] == labels[named]).mean())
    values = [100 * x for x in (clean, noisy, said)]
    n = (len(truth), len(truth), int(named.sum()))
    lost, hidden = values[0] - values[1], values[0] - values[2]

    def draw(ax):
        votes = f"{each} vote{'s' * (each > 1)}"
        names = ["right labels", f"taught by {votes}", f"tested by {votes}"]
        plots.estimate(ax, names, values, [tuple(100 * x for x in wilson(round(k * v / 100), k)) for k, v in zip(n, values)], unit="score on unseen readers (%)",
                              finding=f"The same noise costs {lost:.0f} points in training, {hidden:.0f} in the test")
        ax.set_xlim(min(70, ax.get_xlim()[0]), 102)
        return label_votes.below(ax)
    return Evidence("points lost by a model taught with single votes", lost, None, len(truth), "Random slips; a misread rule is another kind of noise.", draw, "03.3",
                    dict(axis="x", taught=values[1], tested=values[2], clean=values[0], hidden=hidden, wrong=100 * wrong_share(seed, each, pool=pool)))


@lru_cache(maxsize=8)
def errors(seed: int, pool: Pool = Pool()) -> pd.DataFrame:
    """By votes a clip: labels that are wrong (%), the model's accuracy (%), its errors' cost for 1,000 requests at the charter's prices."""
    rows, rules = label_votes.batch(seed, pool)[0], scope.charter()
    world = World(seed, pool)
    month = world.days(14, 28)
    vectors, out = world.features(month), []
    for each in EACH:
        model = taught(seed, each, pool=pool)
        shown = scope.decide(model.predict_proba(vectors), model.classes_, rules.threshold)
        out.append((each, 100 * wrong_share(seed, each, pool=pool), 100 * accuracy(seed, each, pool=pool), scope.cost(scope.outcome(month, shown), rules)))
    return pd.DataFrame(out, columns=["votes", "wrong labels", "accuracy", "cost"]).set_index("votes")


def total(seed: int, price: float, requests: float, pool: Pool = Pool()) -> pd.Series:
    """Labels plus errors, in the charter's cents, until the next relabelling: by votes a clip.

    Parameters
    ----------
    price : of one vote
    requests : that the model answers until it is taught anew
    """
    found, clips = errors(seed, pool), len(prompted(seed, pool)[0])
    return price * clips * found.index.to_series() + requests / 1000 * found["cost"]


@experiment
def worth(seed: int, price: float = 2.0, requests: int = 1_000_000, pool: Pool = Pool()) -> Evidence:
    """Cents that three votes a clip save against one, labels and errors together."""
    bill = total(seed, price, requests, pool)
    best = int(bill.idxmin())

    def draw(ax):
        return plots.bars(ax, [f"{each} vote{'s' * (each > 1)} a clip" for each in EACH], bill.to_numpy() / 1000, unit="labels and errors (thousands of cents)",
                          finding=f"At {price:g} cents a vote and {requests:,} requests, {best} vote{'s' * (best > 1)} a clip cost{'s' * (best == 1)} least")
    return Evidence("cents that three votes save against one", float(bill[1] - bill[3]), None, len(prompted(seed, pool)[0]),
                    "A month of one product; the charter's prices are somebody's judgement.", draw, None, {str(k): float(v) for k, v in bill.items()})


@experiment
def ceiling(seed: int, misread: int = 0, pool: Pool = Pool()) -> Evidence:
    """Points by which a model taught with five votes beats the agreement of pairs of annotators on the same test clips."""
    share = 100 * label.agreement(heard_again(seed, "test", misread, pool))
    vectors, truth = test(seed, pool)
    score = 100 * accuracy(seed, 5, misread, pool)
    n = len(truth)

    def draw(ax):
        gap = f"{score - share:.0f} points above" if score > share else f"{share - score:.0f} points below"
        return plots.estimate(ax, ["two people agree", "the model is right"], [share, score], [None, tuple(100 * x for x in wilson(round(n * score / 100), n))],
                              unit="test clips (%)", finding=f"The model is {gap} what two people agree on")
    return Evidence("points of the model above the agreement", score - share, None, n, "Their slips are independent here; people who learnt from each other err together.",
                    draw, None, dict(agreement=share, model=score))
