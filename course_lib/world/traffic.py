"""Requests of one day: who asks for whom, how it is said, which take is heard.

Each purpose (user, card, kind, a cause ...) has its own keyed stream, so switching a cause
on changes only the requests that it touches.
"""
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from course_lib.world.draws import keyed
from course_lib.world.pool import CONDITIONS, KINDS, Pool, said_texts
from course_lib.world.tables import RENAMED_WAVE, settings, table

_HOURS = np.array([1, 1, 1, 1, 1, 2, 4, 7, 8, 6, 5, 5, 7, 6, 5, 5, 6, 8, 9, 9, 8, 6, 4, 2], float)


@dataclass(frozen=True)
class Traffic:
    """What stays the same from day to day: users, their speakers and devices, the popularity of names."""
    seed: int
    pool: Pool
    natives: tuple[int, ...]
    market: tuple[int, ...]

    @property
    def sizes(self) -> dict:
        return settings("world", self.pool.folder)["days"]

    @cached_property
    def cards(self):
        return table("cards", self.pool.folder)

    @cached_property
    def texts(self) -> np.ndarray:
        return np.array(said_texts(self.pool.folder))

    @cached_property
    def first_other(self) -> int:
        """Where names outside the catalogue begin among the texts."""
        return int((self.cards["spoken_as"] == "").sum())

    @property
    def takes(self) -> np.ndarray:
        """Take numbers by (speaker, rendition, condition, kind, said); -1 where none was recorded."""
        return _take_numbers(self.pool)

    @cached_property
    def users(self) -> dict:
        """Users of each market: speaker, rendition (hence device), cumulative activity."""
        renditions, out = settings("world", self.pool.folder)["pool"]["renditions"], {}
        for name, people, count in (("native", self.natives, self.sizes["users"]),
                                    ("market", self.market, self.sizes["market_users"])):
            rng = keyed(self.seed, "users", name)
            out[name] = (rng.choice(people, count), rng.integers(renditions, size=count), _cumulative(rng.lognormal(0, .7, count)))
        return out

    @cached_property
    def popularity(self) -> dict:
        """Cumulative weights of launch cards (Zipf, 1949, with this seed's tastes); reversed; and a season's."""
        rank = self.cards["rank"][self.cards["wave"] == 0].to_numpy(float)
        weight = rank ** -self.sizes["zipf"] * np.exp(.3 * keyed(self.seed, "tastes").standard_normal(len(rank)))
        turned = np.empty_like(weight)
        turned[np.argsort(weight)] = np.sort(weight)[::-1]
        season = weight * np.exp(.8 * keyed(self.seed, "season").standard_normal(len(rank)))
        return dict(usual=_cumulative(weight), popularity_reversed=_cumulative(turned), season=_cumulative(season))

    @cached_property
    def later(self) -> tuple[np.ndarray, np.ndarray]:
        """Texts of the first wave of new cards, and their cumulative weights."""
        ranks = self.cards["rank"][self.cards["wave"] == 1]
        return np.flatnonzero(np.isin(self.texts, ranks.index)), _cumulative(ranks.to_numpy(float) ** -self.sizes["zipf"])

    @cached_property
    def renamed(self) -> list[tuple[str, str]]:
        """Pairs (new card, the card whose name it took over), the best known first."""
        return list(self.cards["spoken_as"][self.cards["wave"] == RENAMED_WAVE].items())

    @cached_property
    def faulty(self) -> np.ndarray:
        """For each native user, the strength of a firmware fault from which they have it."""
        return keyed(self.seed, "personal", "firmware_fault").random(self.sizes["users"])


@lru_cache(maxsize=4)
def _take_numbers(pool):
    """`Traffic.takes` of a pool: all its worlds share one table."""
    takes, said = pool.takes, {s: i for i, s in enumerate(said_texts(pool.folder))}
    sizes = (takes["speaker"].max() + 1, takes["rendition"].max() + 1, len(CONDITIONS), len(KINDS), len(said))
    out = np.full(sizes, -1)
    out[takes["speaker"], takes["rendition"], takes["condition"].map(CONDITIONS.index),
        takes["kind"].map(KINDS.index), takes["said"].map(said)] = takes.index
    out.flags.writeable = False
    return out


def _cumulative(weights):
    total = np.cumsum(weights)
    return total / total[-1]


@dataclass(frozen=True)
class _Draws:
    """Uniform draws of one day, a stream a purpose; more requests only append to a stream."""
    seed: int
    day: int
    n: int
    strength: dict

    def __call__(self, purpose):
        return keyed(self.seed, self.day, purpose).random(self.n)

    def pick(self, cumulative, purpose):
        return np.searchsorted(cumulative, self(purpose))

    def hit(self, cause):
        share = self.strength.get(cause, 0)
        return self(cause) < share if share else np.zeros(self.n, bool)


@lru_cache(maxsize=1500)
def day_of_requests(traffic: Traffic, day: int, plan: tuple) -> dict[str, np.ndarray]:
    """One day's requests in order of time, as arrays by column.

    Parameters
    ----------
    traffic : the world's users, names and takes
    day : days after launch
    plan : tuple of events.Event
    """
    strength = {event.name: event.on(day) for event in plan}
    busy = (traffic.sizes["weekend"] if day % 7 >= 5 else 1) * max(strength.get("season", 0), 1)
    draw = _Draws(traffic.seed, day, round(traffic.sizes["requests"] * busy), strength)
    cause = np.full(draw.n, "", "U24")
    user, speaker, rendition, market = _who(traffic, draw)
    said, kind = _what(traffic, draw, rendition, cause)
    cause[market] = "new_market"
    faulty = (traffic.faulty[user] < strength.get("firmware_fault", 0)) & ~market
    condition = np.where(faulty, CONDITIONS.index("gated"), np.where(draw.hit("noisier"), CONDITIONS.index("noisy"), 0))
    recording, condition, kind = _takes(traffic, speaker, rendition, condition, kind, said)
    cause[(condition == CONDITIONS.index("noisy")) & (cause == "")] = "noisier"
    cause[(condition == CONDITIONS.index("gated")) & (cause == "")] = "firmware_fault"
    cause[(cause == "first_name_only") & (kind != KINDS.index("first"))] = ""
    card = np.where(said < traffic.first_other, traffic.texts[said], "")
    for new, old in traffic.renamed[:int(strength.get("renamed_figure", 0))]:
        cause[card == old], card[card == old] = "renamed_figure", new
    columns = dict(recording=recording, card=card, cause=np.array(cause.tolist()), day=np.full(draw.n, day),
                   gain_db=np.full(draw.n, strength.get("louder_microphones", 0.0)),
                   seconds_of_day=draw.pick(_cumulative(_HOURS), "hour") * 3600 + (draw("second") * 3600).round(1),
                   id=np.array([f"{day:03d}-{i:05d}" for i in range(draw.n)]), user=user_names(user, market))
    order = np.argsort(columns["seconds_of_day"], kind="stable")
    return {name: values[order] for name, values in columns.items()}


def user_names(user, market):
    """Names of users by their numbers: m000 and so on in the new market, else u000."""
    numbers, place = np.unique(user, return_inverse=True)
    return np.where(market, np.array([f"m{u:03d}" for u in numbers])[place], np.array([f"u{u:03d}" for u in numbers])[place])


def _who(traffic, draw):
    """User, speaker, rendition, and whether the user is of the new market."""
    market = draw.hit("new_market")
    native, away = traffic.users["native"], traffic.users["market"]
    user = np.where(market, draw.pick(away[2], "market user"), draw.pick(native[2], "user"))
    here, there = np.where(market, 0, user), np.where(market, user, 0)
    return (user, np.where(market, away[0][there], native[0][here]),
            np.where(market, away[1][there], native[1][here]), market)


def _what(traffic, draw, rendition, cause):
    """What is said and how, as places in the texts and in KINDS; writes the causes into `cause`."""
    favourites = next((name for name in ("popularity_reversed", "season") if draw.strength.get(name)), "usual")
    said = draw.pick(traffic.popularity[favourites], "card")
    if favourites != "usual":
        cause[:] = favourites
    new = draw.hit("new_names")
    later, weights = traffic.later
    said = np.where(new, later[draw.pick(weights, "new card")], said)
    cause[new] = "new_names"
    how, sizes = draw("kind"), traffic.sizes
    kind = np.where(how < sizes["first_only"], KINDS.index("first"), 0)
    kind[how > 1 - sizes["cut_off"]] = KINDS.index("cut")
    lazy = draw.hit("first_name_only") & (kind == 0) & ~new
    kind[lazy], cause[lazy] = KINDS.index("first"), "first_name_only"
    outside = np.abs(how - .5) < sizes["outside"] / 2
    cause[outside] = ""
    pairs = (len(traffic.texts) - traffic.first_other) // 2
    other = traffic.first_other + 2 * (draw("other") * pairs).astype(int) + rendition % 2
    return np.where(outside, other, said), np.where(outside, 0, kind)


def _takes(traffic, speaker, rendition, condition, kind, said):
    """Take numbers with their condition and kind: what was not recorded falls back to whole, usual takes."""
    recording = traffic.takes[speaker, rendition, condition, kind, said]
    for other_condition, other_kind in ((condition * 0, kind), (condition, kind * 0), (condition * 0, kind * 0)):
        lost = recording < 0
        recording = np.where(lost, traffic.takes[speaker, rendition, other_condition, other_kind, said], recording)
        condition, kind = np.where(lost, other_condition, condition), np.where(lost, other_kind, kind)
    return recording, condition, kind
