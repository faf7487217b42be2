"""Three samples of 300 clips and what each is worth; the experiments of lesson 02 on whom to record."""
from functools import lru_cache
from typing import Mapping

import numpy as np
import pandas as pd

from course_lib.cycle import collect
from course_lib.cycle.collect import PLACES
from course_lib.cycle.diagnose import resampled
from course_lib.cycle.train import recognizer
from course_lib.kept import kept
from course_lib.learn import plots
from course_lib.learn.experiment import Evidence, experiment
from course_lib.lessons.collect_spread import WORST, Tally, gained, scores, spread, tallied
from course_lib.world.draws import keyed
from course_lib.world.pool import Pool
from course_lib.world.world import World

PLANS = ("convenience", "proportional", "stratified")
CLIPS, OWN_CHECK, COLLEAGUES = 300, 150, 9
DRAWS = 3                                              # each plan is recorded so often, as one draw may be lucky
LATER = (42, 56)                                       # two weeks after the diary study
MARKET = PLACES[3]


@lru_cache(maxsize=8)
def frame(world: World, role: str = "train") -> pd.DataFrame:
    """Every clip that could be recorded, kept for the session."""
    return collect.frame(world, role)


@lru_cache(maxsize=8)
def shares(world: World) -> pd.Series:
    """Shares of the places in the diary study."""
    return collect.forecast(world)["place"]


@lru_cache(maxsize=4)
def production(world: World) -> tuple[pd.DataFrame, np.ndarray]:
    """Whole requests of the two weeks after the diary study, each with its place, and their features."""
    rows = collect.whole(world.days(*LATER, collect.PLAN))
    return rows.assign(place=collect.places(rows)), world.features(rows)


def drawn(world: World, plan: str, n: int = CLIPS, draw: int = 0) -> pd.DataFrame:
    """n clips recorded by a plan of `PLANS`; another draw is another choice of clips."""
    rng = keyed(world.seed, "sample", plan, draw)
    if plan == "convenience":
        return collect.convenience(frame(world), n, rng, COLLEAGUES)
    if plan == "proportional":
        return collect.proportional(frame(world), n, rng, shares(world))
    if plan == "stratified":
        return collect.stratified(frame(world), n, rng)
    raise ValueError(f"plan {plan!r} arrived; one of {', '.join(PLANS)} is expected")


def fitted(world: World, rows: pd.DataFrame):
    """A recogniser that learnt from these clips."""
    return recognizer().fit(world.features(rows), rows["label"].to_numpy(str))


@kept(maxsize=32)
def team(world: World, plan: str, draw: int = 0):
    """A team that records by a plan: its model, and whether each of its own check clips is right, with their readers."""
    rows = drawn(world, plan, CLIPS + OWN_CHECK, draw)
    rows = rows.iloc[keyed(world.seed, "own check", plan, draw).permutation(len(rows))]
    learn, own = rows.iloc[:CLIPS], rows.iloc[CLIPS:]
    model = fitted(world, learn)
    return model, own.assign(right=model.predict(world.features(own)) == own["label"].to_numpy(str))


def in_production(world: World, model) -> pd.DataFrame:
    """The later requests, each with whether the model's best card is right."""
    rows, vectors = production(world)
    return rows.assign(right=model.predict(vectors) == rows["card"].to_numpy(str))


@lru_cache(maxsize=16)
def own_and_live(world: World, plan: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Own check clips and later requests, judged by the models of all draws of a plan."""
    teams = [team(world, plan, draw) for draw in range(DRAWS)]
    return pd.concat([own for _, own in teams]), pd.concat([in_production(world, model) for model, _ in teams])


def estimate(right, speakers, weights, rng: np.random.Generator) -> tuple[float, tuple[float, float]]:
    """Weighted share of right answers, with a 95% interval from resampling whole speakers."""
    right, weights = np.asarray(right, float), np.asarray(weights, float)
    low, high = np.nanquantile(resampled(right * weights, speakers, rng, weights), [.025, .975])    # a draw may hold nobody with a weight
    return float((right * weights).sum() / weights.sum()), (float(low), float(high))


def score_of(rows: pd.DataFrame, seed: int) -> tuple[float, tuple[float, float]]:
    """Share of right answers of rows, each counted once, with its interval over speakers."""
    return estimate(rows["right"], rows["speaker"], np.ones(len(rows)), keyed(seed, "interval"))


@experiment
def flattery(seed: int, judged_on: str = "itself", pool: Pool = Pool()) -> Evidence:
    """Points by which the convenience sample leads the others on its own check ("itself"), beyond its lead in production.

    With "production" both leads are taken there, and nothing is left.
    """
    world = World(seed, pool)
    own, live = ({plan: score_of(own_and_live(world, plan)[i], seed) for plan in PLANS} for i in (0, 1))
    leads = [100 * (part[PLANS[0]][0] - max(part[plan][0] for plan in PLANS[1:])) for part in (own if judged_on == "itself" else live, live)]

    def draw(ax):
        found = [(f"{plan}, {where}", *part[plan]) for plan in PLANS for where, part in (("own check", own), ("production", live))]
        words = [f"{abs(lead):.0f} {'points ahead' if i == 0 else 'ahead' if lead >= 0 else 'behind'}" for i, lead in enumerate(leads)]
        plots.estimate(ax, [name for name, *_ in found], [100 * value for _, value, _ in found],
                       [(100 * low, 100 * high) for *_, (low, high) in found], unit="names recognised (%)",
                       finding=f"Own check: {words[0]}; production: {words[1]}")
        ax.set_ylim(len(found) + .4, -.7)               # room for the words of two guesses
        return ax
    return Evidence("points of lead that exist on its own check only", leads[0] - leads[1], None, DRAWS * OWN_CHECK,
                    "Each plan was drawn three times (nine colleagues have hardly more clips than one draw takes); the readers are synthetic.", draw, "02.1",
                    dict(own_lead=leads[0], own=100 * own[PLANS[0]][0], production=100 * live[PLANS[0]][0], axis="x"))


@lru_cache(maxsize=32)
def by_place(world: World, plan: str) -> pd.Series:
    """Share of later requests recognised in each place, for the models of a plan."""
    rows = own_and_live(world, plan)[1]
    return rows.groupby("place")["right"].mean()[list(PLACES)]


def tally(world: World, plan: str) -> Tally:
    """What the models of all draws of a plan answer to the later requests, by speaker and place."""
    return tallied([in_production(world, team(world, plan, draw)[0]) for draw in range(DRAWS)])


@experiment
def worst_place(seed: int, plan: str = "stratified", pool: Pool = Pool()) -> Evidence:
    """Points by which a plan's worst place is better off than the convenience sample's worst."""
    world = World(seed, pool)
    tables, tallies = {p: 100 * by_place(world, p) for p in PLANS}, {p: tally(world, p) for p in PLANS}
    low, high = gained(tallies[plan], tallies[PLANS[0]], keyed(seed, "worst place", plan))[WORST][1:]

    def draw(ax):
        for i, (name, values) in enumerate(tables.items()):
            at = np.arange(len(PLACES)) + .22 * (i - 1)
            ends = spread(tallies[name], keyed(seed, "places", name))[:-1]
            ax.hlines(at, *ends.T, color=plots.COLOURS[i], linewidth=2)
            ax.plot(values, at, linestyle="none", color=plots.COLOURS[i], marker=plots.MARKERS[i], label=name)
        ax.set_yticks(range(len(PLACES)), PLACES)
        ax.set_ylim(len(PLACES) - .5, -.5)
        ax.set_xlabel("names recognised in production (%)")
        ax.legend(loc="lower left", bbox_to_anchor=(-.01, 1), ncols=3, borderaxespad=.1)
        before, after = tables["convenience"].min(), tables["stratified"].min()
        return plots.title(ax, f"The worst place: {before:.0f} of 100 after the convenience sample, {after:.0f} after the stratified one", above=20)
    return Evidence("points gained in the worst place", float(tables[plan].min() - tables["convenience"].min()), (low, high),
                    len(production(world)[0]), "Four places are our own cut of the world; another cut has another worst place.", draw)


def mixed(world: World, market: float, loud: float | None = None) -> pd.Series:
    """Share of requests recognised by each plan's model if these were the shares of the new market and of loud places."""
    usual = shares(world)
    loud = usual[PLACES[2]] * (1 - market) / (1 - usual[MARKET]) if loud is None else loud
    if not (market >= 0 and loud >= 0 and market + loud <= 1):
        raise ValueError(f"shares {market} and {loud} arrived; none below 0 and together at most 1 are expected")
    quiet = usual[list(PLACES[:2])]
    now = pd.concat([(1 - market - loud) * quiet / quiet.sum(), pd.Series({PLACES[2]: loud, MARKET: market})])
    return pd.Series({plan: float((now * by_place(world, plan)).sum()) for plan in PLANS})


@experiment
def mix(seed: int, market: float = .10, loud: float = .20, pool: Pool = Pool()) -> Evidence:
    """Points by which the stratified sample is ahead of the convenience one if production were mixed like this."""
    world = World(seed, pool)
    found = 100 * mixed(world, market, loud)

    def draw(ax):
        best = found.sort_values(ascending=False)
        words = f"{best.index[0]} is ahead by {best.iloc[0] - best.iloc[1]:.1f} points"
        return plots.bars(ax, PLANS, list(found), unit="names recognised in production (%)",
                          finding=f"New market {100 * market:.0f}%, loud places {100 * loud:.0f}%: {words}")
    return Evidence("points by which stratified leads convenience", float(found["stratified"] - found["convenience"]), None,
                    len(production(world)[0]), "The mix changes and the quality in each place does not; in life both move.", draw)


def allocation(market: int, loud: int, world: World) -> dict[str, int]:
    """300 clips: so many of the new market and of loud places, the rest indoors and outdoors as the diary study found them."""
    rest = CLIPS - market - loud
    if rest < 0 or min(market, loud) < 0:
        raise ValueError(f"{market} and {loud} clips arrived; together they are at most {CLIPS}, and neither is below 0")
    quiet = shares(world)[list(PLACES[:2])]
    return {**collect.rounded(rest * quiet / quiet.sum()).to_dict(), PLACES[2]: int(loud), MARKET: int(market)}


@lru_cache(maxsize=256)
def judged(seed: int, counts: tuple[tuple[str, int], ...], pool: Pool = Pool(), draws: int = 1) -> Tally:
    """What is answered to the later requests after recording so many clips of each place, by draw, speaker and place."""
    world = World(seed, pool)
    samples = [collect.quota(frame(world), dict(counts), keyed(seed, "allocation", draw)) for draw in range(draws)]
    return tallied([in_production(world, fitted(world, rows)) for rows in samples])


def allocated(seed: int, market: int, loud: int, pool: Pool = Pool()) -> Mapping[str, float]:
    """Percent recognised in each place and overall after the `allocation` with so many clips of the new market and of loud places."""
    found = scores(judged(seed, tuple(allocation(market, loud, World(seed, pool)).items()), pool))[0]
    return dict(zip((*PLACES, "overall"), found.tolist()))


def market_clips(seed: int, market: int = 100, pool: Pool = Pool()) -> Evidence:
    """Points that the worst place gains from so many clips of the new market instead of none."""
    none, some = allocated(seed, 0, 56, pool), allocated(seed, market, 56, pool)
    gain = min(some[p] for p in PLACES) - min(none[p] for p in PLACES)
    return Evidence("points gained in the worst place", gain, None, CLIPS, "One draw of 300 clips; another draw differs by some points.",
                    data=dict(lost=none["overall"] - some["overall"]))


def turn(seed: int, market: float = .6, loud: float = .2, pool: Pool = Pool()) -> Evidence:
    """Points by which the stratified sample leads the convenience one in this mix; and where all is quiet and near."""
    now, before = mix(seed, market, loud, pool).value, mix(seed, 0.0, 0.0, pool).value
    return Evidence("points by which the stratified sample leads", now, None, CLIPS, "Two plans of many.", data=dict(quiet=before))
