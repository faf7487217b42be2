"""How many votes, and which guideline? Labels from people who slip, and from people who read a rule their own way."""
import math

import numpy as np
import pandas as pd

from course_lib.cycle import label
from course_lib.learn.check import exercise
from course_lib.learn.experiment import Claim, Evidence
from course_lib.lessons import label_crews, label_noise, label_votes
from course_lib.lessons.label_votes import CREW
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool

LESSON = "03"


@exercise("03.1", value=True, mistakes={
    "That is each clip's share of right votes, added up. Counting does not share: the label with most votes takes the whole clip.": lambda: [16, 12, 8],
    "With three of five the wrong label has the most votes, on every one of these clips.": lambda: [20, 20, 20],
    "Two wrong votes against three right ones still lose; the clip is labelled right.": lambda: [20, 0, 0],
    "Those are the clips that come out wrong. Asked is how many of the 20 counting labels right.": lambda: [0, 0, 20],
}, hints=["Write down the five votes on one such clip when one person misreads the rule, when two do, when three do.",
          "All 20 clips have the same five votes, so each of the three answers is 0 or 20."],
    also=[lambda: (20, 20, 0), lambda: [20 * (5 - n > n) for n in (1, 2, 3)], lambda: np.array([20, 20, 0])],
    why="Without slips, counting forgives any minority and no majority. From two to three of five is a cliff, not a slope.")
def right_of_20():
    """Sound-alikes of 20 that counting labels right, with 1, 2 and 3 misreaders of 5."""
    return [20, 20, 0]


def _gold(seed, misread=3, size=100):
    """Votes of five people, and so many gold questions among the clips."""
    given = label_votes.votes(seed, misread=misread)
    truth = label_votes.right(seed)
    return given[["id", "annotator", "label"]].copy(), truth.iloc[np.sort(keyed(seed, "gold").permutation(len(truth))[:size])].copy()


def _by_majority(votes, gold):
    most = votes.groupby("id")["label"].agg(lambda given: given.mode()[0])
    return votes["label"].eq(votes["id"].map(most)).groupby(votes["annotator"]).mean()


def _by_majority_on_gold(votes, gold):
    return _by_majority(votes[votes["id"].isin(gold.index)], gold)


@exercise("03.2", cases=lambda seed: [_gold(seed), _gold(seed, 0, 40)], mistakes={
    "That is agreement with the majority. Where most people misread a rule, it calls the others bad; compare with `gold`.": _by_majority,
    "You took the gold clips, and still compared with what most people said there. `votes[\"id\"].map(gold)` gives the right label.": _by_majority_on_gold,
    "Clips without a gold label count as wrong in yours. Keep the votes on gold clips first, then take shares.":
        lambda votes, gold: votes["label"].eq(votes["id"].map(gold)).groupby(votes["annotator"]).mean(),
    "Comparing lines rows up with rows; `gold` is indexed by clip. `asked[\"id\"].map(gold)` fetches the right label of each vote.":
        lambda votes, gold: votes["label"].eq(gold).groupby(votes["annotator"]).mean(),
    "Those are counts. Skill is a share: `mean` instead of `sum`, over the gold clips only.":
        lambda votes, gold: votes["label"].eq(votes["id"].map(gold)).groupby(votes["annotator"]).sum(),
}, hints=["First keep the rows of `votes` whose `id` is in `gold.index`.",
          "`asked[\"id\"].map(gold)` is the right label of each row. Compare, then group by annotator and take the mean."],
    also=[lambda votes, gold: label.skill_from_gold(votes, gold)["skill"],
          lambda votes, gold: votes.merge(gold.rename("gold"), left_on="id", right_index=True).groupby("annotator").apply(lambda t: (t["label"] == t["gold"]).mean())],
    named=lambda seed: ["the crew with three misreaders", "a crew that reads all rules alike"],
    why="Gold is judged once, with care, by whoever wrote the rule; no majority can outvote it.")
def skill(votes, gold):
    """Share of gold clips that each annotator labels right, as a Series."""
    asked = votes[votes["id"].isin(gold.index)]
    return asked["label"].eq(asked["id"].map(gold)).groupby(asked["annotator"]).mean()


def _size(p, margin):
    return math.ceil(1.96 ** 2 * p * (1 - p) / margin ** 2)


@exercise("03.3", cases=lambda seed: [(.05, .02), (None, .05), (.2, .04), (None, .1), (.01, .01)], mistakes={
    "You took p = .5 although an error rate is known. That is safe and dear: near 5% it asks for five times the clips that the margin needs.":
        lambda expected, margin: _size(.5, margin),
    "Where nothing is known you assumed a low error rate. If it is higher, the interval comes out wider than promised; .5 is the safe side.":
        lambda expected, margin: _size(.05 if expected is None else expected, margin),
    "You used the margin as the whole width of the interval. It reaches as far up as down; the margin is half of it.":
        lambda expected, margin: _size(.5 if expected is None else expected, margin / 2),
    "You took 2 for 1.96. As a rule of thumb that is fine; here use 1.96, so that the numbers can be compared.":
        lambda expected, margin: math.ceil(4 * (.5 if expected is None else expected) * (1 - (.5 if expected is None else expected)) / margin ** 2),
    "Nobody can audit a part of a clip: round up, with `math.ceil` or `np.ceil`.":
        lambda expected, margin: 1.96 ** 2 * (.5 if expected is None else expected) * (1 - (.5 if expected is None else expected)) / margin ** 2,
    "You rounded to the nearest whole number. Down breaks the promise by a little; round up, with `math.ceil` or `np.ceil`.":
        lambda expected, margin: round(1.96 ** 2 * (.5 if expected is None else expected) * (1 - (.5 if expected is None else expected)) / margin ** 2),
}, hints=["Which p makes p(1 - p) greatest? That one is safe where nobody knows (`expected is None`).",
          "n = 1.96² · p · (1 - p) / margin², rounded up."],
    also=[lambda expected, margin: int(np.ceil((1.96 / margin) ** 2 * ((p := .5 if expected is None else expected) - p * p)))],
    why="p(1 - p) is greatest at .5: take that where you know nothing. Where a pilot has shown a low rate, .5 pays for clips that you do not need.")
def audit_size(expected, margin):
    """Clips to audit; `expected` is the error rate so far, or None if nobody knows."""
    p = .5 if expected is None else expected
    return int(np.ceil(1.96 ** 2 * p * (1 - p) / margin ** 2))


def _verdicts(seed, size=CREW, misread=0, clips=label_votes.WEEK, gold=150):
    """Which labels each way has right on some gold clips: a column a way, True or False."""
    table = pd.DataFrame(label_votes.shares_right(seed, size, misread, clips))
    return table.iloc[np.sort(keyed(seed, "verdicts").permutation(len(table))[:gold])]


def _near(both, only_counting, only_clever):
    """A table by hand: so many gold clips right by both ways, by counting alone, by Dawid-Skene alone."""
    counting = [True] * (both + only_counting) + [False] * only_clever
    return pd.DataFrame({"counting": counting, "Dawid-Skene": [True] * both + [False] * only_counting + [True] * only_clever})


def _higher(right):
    return "Dawid-Skene" if right["Dawid-Skene"].mean() > right["counting"].mean() else "counting"


def _either_way(right):
    lead = right["Dawid-Skene"].astype(int) - right["counting"].astype(int)
    return "Dawid-Skene" if abs(lead.sum()) > 2 * np.sqrt(lead.abs().sum()) else "counting"


def _fixed(right):
    return "Dawid-Skene" if right["Dawid-Skene"].sum() - right["counting"].sum() > 5 else "counting"


_CREWS = ("a crew that reads all rules alike", "three of five misread a rule, 400 clips at once",
          "Dawid-Skene with 8 gold clips more right and 5 fewer", "Dawid-Skene with 14 more right and 2 fewer",
          "Dawid-Skene with 13 more right and 7 fewer", "Dawid-Skene with 5 more right and none fewer")


@exercise("03.4", cases=lambda seed: [(_verdicts(seed)[["counting", "Dawid-Skene"]],), (_verdicts(seed, misread=3, clips=400)[["counting", "Dawid-Skene"]],),
                                      (_near(137, 5, 8),), (_near(134, 2, 14),), (_near(130, 7, 13),), (_near(145, 0, 5),)], mistakes={
    "You take whichever has more right on this gold, however close. A lead of three clips in 13 disputed ones is what a coin gives, too.": _higher,
    "You ask whether the two differ, not which is ahead: where counting leads clearly, yours takes Dawid-Skene.": _either_way,
    "A fixed lead does not ask how many clips are disputed: 6 ahead of 20 is what a coin gives, 5 ahead of 5 is not. Compare with 2·√(b + c).": _fixed,
    "Dawid-Skene whatever the evidence: where nobody misreads a rule and clips are few, it loses to counting.": lambda right: "Dawid-Skene",
    "Counting whatever the evidence: where most people misread a rule, it delivers that mistake faithfully.": lambda right: "counting",
}, hints=["Only clips on which the two differ say anything: `b` right by Dawid-Skene alone, `c` by counting alone.",
          "By chance b - c stays within 2·√(b + c) in 95 of 100 cases. Choose Dawid-Skene only if b - c is greater."],
    also=[lambda right: "Dawid-Skene" if (d := right["Dawid-Skene"].astype(int) - right["counting"].astype(int)).sum() > 2 * np.sqrt(d.abs().sum()) else "counting"],
    named=lambda seed: list(_CREWS),
    why="Paired evidence decides, and the simpler way needs none: what cannot be told from chance is not worth a second method (McNemar, 1947).")
def aggregator(right):
    """Either "counting" or "Dawid-Skene"; `right` has a row a clip, a column a way."""
    b = (right["Dawid-Skene"] & ~right["counting"]).sum()
    c = (right["counting"] & ~right["Dawid-Skene"]).sum()
    return "Dawid-Skene" if b - c > 2 * np.sqrt(b + c) else "counting"


_PRIOR = pd.Series({"c25": .3, "c26": .1, "cannot tell": .6})
_CONFUSION = {"Ana": pd.DataFrame([[.9, .05, .05], [.05, .9, .05], [.0, .0, 1.]], _PRIOR.index, _PRIOR.index),
              "Ben": pd.DataFrame([[.1, .0, .9], [.0, .1, .9], [.05, .05, .9]], _PRIOR.index, _PRIOR.index)}


def _weights(prior, confusion, votes, begin=None):
    out = prior.copy() if begin is None else begin * prior ** 0
    for who, given in votes.items():
        out = out * confusion[who][given]
    return out


@exercise("03.5", cases=lambda seed: [(_PRIOR.copy(), _CONFUSION, votes) for votes in ({"Ana": "c25", "Ben": "cannot tell"}, {"Ana": "c26"}, {"Ben": "cannot tell"})],
          mistakes={
    "You left out the prior: how common each label is before anybody votes.":
        lambda prior, confusion, votes: (w := _weights(prior, confusion, votes, 1.0)) / w.sum(),
    "The products are right; divide by their sum, so that the chances add up to 1.": lambda prior, confusion, votes: _weights(prior, confusion, votes),
    "You read the row of the given label. Fix the *true* label: the column `table[given]` holds the chance of this vote for each of them.":
        lambda prior, confusion, votes: (w := prior * np.prod([confusion[who].loc[given] for who, given in votes.items()], axis=0)) / w.sum(),
}, hints=["Begin with `prior`; for each vote multiply by `confusion[who][given]`, a Series over true labels.", "Divide by the sum at the end."],
    also=[lambda prior, confusion, votes: pd.Series({true: prior[true] * math.prod(confusion[who].loc[true, given] for who, given in votes.items())
                                                     for true in prior.index}).pipe(lambda w: w / w.sum())],
    why="Ben says \"cannot tell\" to nearly everything, so his vote says nearly nothing: one informative vote beats one that is always the same.")
def belief(prior, confusion, votes):
    """Chance of each true label, a Series, after the votes."""
    weight = prior.copy()
    for who, given in votes.items():
        weight = weight * confusion[who][given]
    return weight / weight.sum()


def _more_clips(seed, way="Dawid-Skene", pool=Pool()):
    """Points that one way gains when 400 clips are aggregated at once instead of week by week."""
    weekly, at_once = (label_votes.shares_right(seed, CREW, 0, clips, pool)[way].mean() for clips in (label_votes.WEEK, label_votes.CLIPS))
    return Evidence("points gained by aggregating four weeks at once", 100 * float(at_once - weekly), None, label_votes.CLIPS, "One size of catalogue, 40 cards.")


def _one_coin(seed, misread=3, pool=Pool()):
    """Points that the one-coin model loses against counting on four weeks at once."""
    ok = label_votes.shares_right(seed, CREW, misread, label_votes.CLIPS, pool)
    return Evidence("points that one coin loses", 100 * float(ok["counting"].mean() - ok["one-coin"].mean()), None, label_votes.CLIPS, "One rule, misread one way.")


def _masked(seed, misread=3, pool=Pool()):
    """Points by which the misreaders beat the others in agreement with the majority; data holds the same by gold."""
    found = label_votes.unmasked(seed, misread, pool)
    return Evidence("points by which the majority prefers its own", -found.data["majority"], None, found.n, found.limit, None, None, found.data)


CLAIMS = [
    Claim("a guideline adds agreement", LESSON, "A written guideline adds a point of agreement or more, and moves plain whole names by nothing.",
          label_votes.agree, lambda e: e.value >= 1 and abs(e.data["whole"]) < .1, control=lambda seed, **k: label_votes.agree(seed, "written", **k)),
    Claim("agreement flatters", LESSON, "Whether anybody can tell is agreed on 10 points more often than the label, and its kappa is 5 points lower or more.",
          label_votes.flattered, lambda e: e.value >= 5 and e.data["agreement"] >= 10,
          control=lambda seed, **k: label_votes.flattered(seed, "one of the five commonest cards?", **k)),
    Claim("counting falls off a cliff", LESSON, "From two to three misreaders of five, counting loses 40 points or more on sound-alikes.",
          label_votes.cliff, lambda e: e.value >= 40, control=lambda seed, **k: label_votes.cliff(seed, 0, **k)),
    Claim("counting beats the clever way", LESSON, "Where all read the rules alike, counting labels two points or more of weekly batches better than Dawid-Skene.",
          label_votes.compare, lambda e: e.value <= -2, control=lambda seed, **k: label_votes.compare(seed, misread=3, **k)),
    Claim("until a rule is misread", LESSON, "Where three of five misread a rule, Dawid-Skene on 400 clips at once is five points or more better than counting.",
          lambda seed, **k: label_votes.compare(seed, misread=3, clips=400, **k), lambda e: e.value >= 5,
          control=lambda seed, **k: label_votes.compare(seed, clips=400, **k)),
    Claim("a rule misread in weekly batches", LESSON, "Where three of five misread a rule, Dawid-Skene on batches of 100 is two points or more better than counting.",
          lambda seed, **k: label_votes.compare(seed, misread=3, **k), lambda e: e.value >= 2, control=lambda seed, **k: label_votes.compare(seed, **k)),
    Claim("the clever way needs clips", LESSON, "Dawid-Skene gains two points or more from 400 clips at once instead of 100; counting gains nothing.",
          _more_clips, lambda e: e.value >= 2, control=lambda seed, **k: _more_clips(seed, "counting", **k)),
    Claim("one number a person is not enough", LESSON, "Where three of five misread a rule, the one-coin model loses a point or more against counting.",
          _one_coin, lambda e: e.value >= 1, control=lambda seed, **k: _one_coin(seed, 0, **k)),
    Claim("the majority prefers its own", LESSON, "Judged by the majority the three misreaders look better, on average, than the two others; by gold they are five points worse or more.",
          _masked, lambda e: e.value > 0 and e.data["gold"] >= 5, control=lambda seed, **k: _masked(seed, 1, **k)),
    Claim("the price list does not hear", LESSON, "The prices of nine people stand in another order than their skill (rank correlation .85 or less); tied to skill they do not.",
          label_crews.order, lambda e: e.value <= .85, control=lambda seed, **k: label_crews.order(seed, True, **k)),
    Claim("noise costs twice", LESSON, "Labels by one vote cost a point or more in training; in the test they take two points or more off the score of a good model.",
          label_noise.twice, lambda e: e.value >= 1 and e.data["hidden"] >= 2, control=lambda seed, **k: label_noise.twice(seed, each=5, **k)),
    Claim("own words cost the model", LESSON, "Three votes a clip by people's own words, counted, cost the model ten points or more against the written guideline.",
          label_noise.reworded, lambda e: e.value >= 10, control=lambda seed, **k: label_noise.reworded(seed, "written", **k)),
    Claim("the wrong way costs the model", LESSON, "Where nobody misreads a rule and clips have three votes, labels by Dawid-Skene cost the model half a point or more.",
          lambda seed, **k: label_noise.reworded(seed, "written", "Dawid-Skene", **k), lambda e: e.value >= .5,
          control=lambda seed, **k: label_noise.reworded(seed, "written", **k)),
    Claim("votes pay with traffic", LESSON, "At two cents a vote and a million requests three votes a clip save 10,000 cents or more against one.",
          label_noise.worth, lambda e: e.value >= 10_000, control=lambda seed, **k: label_noise.worth(seed, requests=20_000, **k)),
    Claim("one vote is too few for a month", LESSON, "At two cents a vote and 20 million requests three or five votes a clip cost least; at 20,000 requests one does.",
          lambda seed, **k: label_noise.worth(seed, requests=label_noise.MONTH, **k), lambda e: e.data["best"] > 1,
          control=lambda seed, **k: label_noise.worth(seed, requests=20_000, **k)),
    Claim("agreement is no ceiling", LESSON, "A model taught by five votes is right three points more often than two annotators agree; where all five misread a rule it is not.",
          label_noise.ceiling, lambda e: e.value >= 3, control=lambda seed, **k: label_noise.ceiling(seed, CREW, **k)),
]
