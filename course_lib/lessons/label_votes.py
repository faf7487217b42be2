"""What annotators send, and what can be made of it: agreement, counting against two models, skill, audits; experiments of lesson 03."""
from functools import lru_cache
from itertools import combinations

import numpy as np
import pandas as pd

from course_lib.cycle import annotators, label
from course_lib.cycle.train import recognizer
from course_lib.cycle.votes import sound
from course_lib.kept import kept
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, bootstrap, experiment, wilson
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool
from course_lib.world.world import World

CLIPS, WEEK, CREW = 400, 100, 5                         # four weekly batches of 100, five people
RULE = "sound-alikes"
WAYS = tuple(label.AGGREGATORS)
KINDS = {"whole name": "whole names", "sound-alikes": "sound-alikes", "first name": "first names", "cut off": "cut off", "outside": "outside"}


@lru_cache(maxsize=4)
def prompted(seed: int, pool: Pool = Pool()) -> tuple[pd.DataFrame, np.ndarray]:
    """One rendition of each launch name by each training reader, and its features."""
    rows = World(seed, pool).recordings("train").groupby(["speaker", "said"], sort=False).head(1).reset_index(drop=True)
    return rows, World(seed, pool).features(rows)


@lru_cache(maxsize=4)
def product(seed: int, pool: Pool = Pool()):
    """The recogniser of today, trained on prompted clips; its best guess stands on the annotators' screen."""
    rows, vectors = prompted(seed, pool)
    return recognizer().fit(vectors, rows["label"].to_numpy(str))


@lru_cache(maxsize=4)
def batch(seed: int, pool: Pool = Pool()) -> tuple[pd.DataFrame, np.ndarray]:
    """400 requests of the first two weeks, drawn at random, and what the product makes of them."""
    world = World(seed, pool)
    rows = world.days(0, 14)
    rows = rows.iloc[keyed(seed, "lesson 03", "clips").permutation(len(rows))[:CLIPS]].reset_index(drop=True)
    return rows, product(seed, pool).predict(world.features(rows))


@lru_cache(maxsize=4)
def right(seed: int, pool: Pool = Pool()) -> pd.Series:
    """The labels that the written guideline asks for, by clip id: known to the simulation alone."""
    return annotators.right_labels(batch(seed, pool)[0])


@lru_cache(maxsize=4)
def kinds(seed: int, pool: Pool = Pool()) -> pd.Series:
    """What each clip is under the rules, by clip id."""
    rows = batch(seed, pool)[0]
    return pd.Series(annotators.heard(rows), rows["id"].to_numpy(str), name="kind").map(KINDS)


@kept(maxsize=32)
def votes(seed: int, guideline: str = "written", size: int = CREW, misread: int | None = None, pool: Pool = Pool()) -> pd.DataFrame:
    """Everybody's vote on all 400 clips; `misread` people misread the rule on sound-alikes, if it is given."""
    rows, suggested = batch(seed, pool)
    given = annotators.annotate(seed, rows, annotators.crew(seed, size, guideline, misread, RULE), suggested)
    return sound(given, [*World(seed, pool).catalogue(), annotators.OUTSIDE, annotators.UNCLEAR], rows["id"])


@lru_cache(maxsize=64)
def aggregated(seed: int, way: str, size: int, misread: int | None, clips: int = WEEK, guideline: str = "written", pool: Pool = Pool()) -> pd.Series:
    """Labels of all clips, made week by week (or so many clips at a time) by one of `WAYS`."""
    given = votes(seed, guideline, size, misread, pool)
    week = pd.factorize(given["id"])[0] // clips
    return pd.concat([label.AGGREGATORS[way](part) for _, part in given.groupby(week)])


def shares_right(seed: int, size: int, misread: int | None, clips: int = WEEK, pool: Pool = Pool()) -> dict[str, pd.Series]:
    """For each way which of the 400 labels are right, by clip id."""
    truth = right(seed, pool)
    return {way: aggregated(seed, way, size, misread, clips, pool=pool).reindex(truth.index).eq(truth) for way in WAYS}


@experiment
def agree(seed: int, guideline: str = "own words", pool: Pool = Pool()) -> Evidence:
    """Points of agreement between pairs of five annotators that a written guideline adds to `guideline`."""
    by = {words: label.pairs(votes(seed, words, pool=pool)) for words in (guideline, "written")}
    share = {words: 100 * p["same"] / p["pairs"] for words, p in by.items()}
    kind = kinds(seed, pool)
    rows = {f"all, {words}": (values.mean(), bootstrap(values, rng=keyed(seed, "agree", words))) for words, values in share.items()}
    for name in KINDS.values():
        rows |= {f"{name}, {words}": (values[kind[values.index] == name].mean(), None) for words, values in share.items()}
    gain = share["written"].mean() - share[guideline].mean()
    whole = {words: float(values[kind[values.index] == "whole names"].mean()) for words, values in share.items()}

    def draw(ax):
        ax.figure.set_figheight(1.7 * ax.figure.get_figheight())
        plots.estimate(ax, list(rows), [v for v, _ in rows.values()], [i for _, i in rows.values()], unit="pairs that give the same label (%)",
                       finding=f"The guideline {'adds' if gain >= 0 else 'takes'} {abs(gain):.0f} points of agreement")
        ax.set_xlim(0, 104)
        return below(ax)
    return Evidence("points of agreement that the guideline adds", float(gain), bootstrap(share["written"] - share[guideline], rng=keyed(seed, "agree", "gain")), CLIPS,
                    "That people read a written rule as it is meant 97 times in 100 is an assumption of this simulation.", draw, "03.1",
                    dict(axis="x", own=float(share[guideline].mean()), written=float(share["written"].mean()), whole=whole["written"] - whole[guideline]))


def chance_corrected(given: pd.DataFrame) -> pd.Series:
    """Agreement, what chance would give, and Cohen's kappa (1960): means over all pairs of annotators (Light, 1971).

    Chance is what two people would agree on if each gave labels in their own shares without listening. A pair counts by the clips
    that both heard. ValueError where nobody shares a clip, or where everybody only ever gives one label.
    """
    wide, out = label.table_of(given), []
    for pair in combinations(wide, 2):
        both = wide[list(pair)].dropna()
        shares = [both[who].value_counts(normalize=True) for who in pair]
        same, chance = both[pair[0]].eq(both[pair[1]]).mean(), shares[0].mul(shares[1], fill_value=0).sum()
        out += [(same, chance, (same - chance) / (1 - chance) if chance < 1 else np.nan)] if len(both) else []
    found = pd.DataFrame(out, columns=["agreement", "chance", "kappa"])
    if found.empty:
        raise ValueError(f"votes of {wide.shape[1]} annotator(s) arrived and no clip has two votes, so there is nothing to agree on; have some labelled by two people")
    if found["kappa"].isna().all():
        raise ValueError(f"kappa is 0/0 here: chance alone agrees always, as each pair only ever says {given['label'].iloc[0]!r}; add clips with other answers")
    return found.mean()


def asked_less(seed: int, pool: Pool = Pool()) -> pd.DataFrame:
    """`chance_corrected` for the votes by the guideline, and for two questions with yes or no that they answer, too."""
    given = votes(seed, "written", pool=pool)
    top = sorted(World(seed, pool).catalogue())[:5]
    answers = {"which label?": given["label"], "one of the five commonest cards?": given["label"].isin(top).map({True: "yes", False: "no"}),
               "can anybody tell?": given["label"].ne(annotators.UNCLEAR).map({True: "yes", False: "no"})}
    return pd.DataFrame({question: chance_corrected(given.assign(label=said)) for question, said in answers.items()}).T


@experiment
def flattered(seed: int, question: str = "can anybody tell?", pool: Pool = Pool()) -> Evidence:
    """Points of kappa that a question loses against "which label?"; data holds the points of agreement that it gains."""
    table = 100 * asked_less(seed, pool)
    gap = table.loc[question] - table.loc["which label?"]
    return Evidence("points of kappa lost", -float(gap["kappa"]), None, CLIPS, "Kappa falls with rarer answers even where people hear equally well.",
                    None, None, dict(agreement=float(gap["agreement"])))


@experiment
def cliff(seed: int, before: int = CREW // 2, pool: Pool = Pool()) -> Evidence:
    """Points that counting loses on sound-alikes from `before` misreaders of five to one more."""
    truth = right(seed, pool)
    sounds = truth[kinds(seed, pool) == "sound-alikes"]
    found = [100 * float(aggregated(seed, "counting", CREW, n, CLIPS, pool=pool)[sounds.index].eq(sounds).mean()) for n in range(CREW + 1)]
    drop = found[before] - found[before + 1]

    def draw(ax):
        plots.timeline(ax, range(CREW + 1), {"counting": found}, {CREW / 2: "half of them"}, time=f"people of {CREW} who misread the rule",
                       unit="sound-alikes labelled right (%)", finding=f"From {before} to {before + 1} misreaders, counting loses {drop:.0f} points")
        ax.set_ylim(0, 119)
        return ax
    return Evidence("points that one more misreader costs", drop, None, len(sounds), "All misread the rule in the same way; often people differ in how.",
                    draw, None, {str(n): value for n, value in enumerate(found)})


@experiment
def compare(seed: int, size: int = CREW, misread: int = 0, clips: int = WEEK, pool: Pool = Pool()) -> Evidence:
    """Points by which Dawid-Skene beats counting, over 400 clips that are aggregated so many at a time."""
    ok = shares_right(seed, size, misread, clips, pool)
    values = {way: 100 * float(mask.mean()) for way, mask in ok.items()}
    gain = ok["Dawid-Skene"].astype(float) - ok["counting"]
    low, high = bootstrap(100 * gain, rng=keyed(seed, "compare", size, misread, clips))
    intervals = [tuple(100 * x for x in wilson(int(mask.sum()), len(mask))) for mask in ok.values()]

    def draw(ax):
        return below(plots.estimate(ax, WAYS, list(values.values()), intervals, finding=verdict(values, size, misread), unit="labels right (%)"))
    return Evidence("points that Dawid-Skene gains on counting", values["Dawid-Skene"] - values["counting"], (low, high), CLIPS,
                    "Who slips, and how, is simulated; all who misread do so alike. The interval counts clips as independent.", draw, None,
                    dict(axis="x", **{way.replace("-", "_"): value for way, value in values.items()}))


def below(ax):
    """Room below the last row of estimates for the words of a guess."""
    ax.set_ylim(ax.get_ylim()[0] * 1.04 + .7, ax.get_ylim()[1])
    return ax


def verdict(values: dict, size: int, misread: int) -> str:
    """Which way has most labels right, in a sentence; a tie within half a point goes to the simplest."""
    best = next(way for way in WAYS if values[way] >= max(values.values()) - .5)
    tied = [way for way in WAYS if abs(values[way] - values[best]) <= .5 and way != best]
    who = f"{misread} of {size} misread a rule" if misread else f"All {size} read the rules alike"
    return f"{who}: {best} is best, {values[best]:.1f}% right" if not tied else f"{who}: {best} will do, {values[best]:.1f}% right; within half a point: {', '.join(tied)}"


@experiment
def rivals(seed: int, misread: int = 0, pool: Pool = Pool()) -> Evidence:
    """`compare` with the guesses of lesson 03's second question drawn beside it."""
    found = compare(seed, CREW, misread, WEEK, pool)
    return Evidence(found.metric, found.value, found.interval, found.n, found.limit, found.draw, "03.2" if misread == 0 else None, found.data)


def by_rule(seed: int, misread: int = 3, pool: Pool = Pool()) -> pd.DataFrame:
    """Share of right labels by kind of clip and annotator."""
    given, truth = votes(seed, misread=misread, pool=pool), right(seed, pool)
    ok = given["label"].eq(given["id"].map(truth))
    return ok.groupby([given["id"].map(kinds(seed, pool)).rename("kind"), given["annotator"]], sort=False).mean().unstack()


@experiment
def audit(seed: int, n: int = 100, guideline: str = "own words", pool: Pool = Pool()) -> Evidence:
    """Share of wrong labels that an audit of n random clips, at most 400, finds; the whole truth is in data."""
    if isinstance(n, bool) or not isinstance(n, (int, float, np.number)) or not 1 <= n <= CLIPS or n != int(n):
        raise ValueError(f"an audit of {n!r} clips was asked for; the agency delivered {CLIPS} labels, so a whole number from 1 to {CLIPS} is expected")
    n = int(n)
    truth = right(seed, pool)
    wrong = ~aggregated(seed, "counting", CREW, None, CLIPS, guideline, pool).reindex(truth.index).eq(truth)
    order = keyed(seed, "audit").permutation(len(wrong))
    sizes = sorted({25, 50, n, 200} if n < 200 else {25, 50, 100, n})
    found = {size: int(wrong.iloc[order[:size]].sum()) for size in sizes}
    spans = [tuple(100 * x for x in wilson(k, size)) for size, k in found.items()]
    low, high = spans[sizes.index(n)]

    def draw(ax):
        plots.estimate(ax, [f"{size} audited" for size in sizes], [100 * k / size for size, k in found.items()], spans, unit="wrong labels (%)",
                       finding=f"With {n} audited clips, {low:.0f} to {high:.0f} in 100 labels are wrong")
        ax.axvline(100 * wrong.mean(), color="#555555", linestyle=":", marker="")
        ax.annotate("all 400", (100 * wrong.mean(), 1), xycoords=("data", "axes fraction"), xytext=(4, -2), textcoords="offset points", va="top", color="#333333")
        return ax
    return Evidence("wrong labels found (%)", 100 * found[n] / n, (low, high), n, "The auditor's own labels are taken as right.", draw, None,
                    dict(truth=100 * float(wrong.mean())))


@experiment
def unmasked(seed: int, misread: int = 3, pool: Pool = Pool()) -> Evidence:
    """Points by which the readers of the rule beat its misreaders, judged by gold and (in data) by the majority."""
    given, truth = votes(seed, misread=misread, pool=pool), right(seed, pool)
    wrong = {p.name for p in annotators.crew(seed, CREW, "written", misread, RULE) if p.misreads}
    counted = aggregated(seed, "counting", CREW, misread, CLIPS, pool=pool)
    gap = {}
    for name, standard in (("gold", truth), ("majority", counted)):
        skill = label.skill_from_gold(given, standard)["skill"]
        gap[name] = 100 * float(skill[~skill.index.isin(wrong)].mean() - skill[skill.index.isin(wrong)].mean())
    return Evidence("points between who reads the rule as meant and who does not, by gold", gap["gold"], None, CLIPS,
                    "Gold questions must themselves be right, and nobody may know which they are.", None, None, gap)
