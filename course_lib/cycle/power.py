"""How much a comparison of two versions can see: size, clustering by device, and the price of looking often."""
import numpy as np
import pandas as pd
from scipy import stats


def requests_needed(base: float, worse: float, share: float, power: float = .9, level: float = .05, effect: float = 1.0) -> int:
    """Requests that a canary must answer to see its error rate risen from `base` to `worse`.

    Parameters
    ----------
    base, worse : error rates, 0 < base < worse < 1
    share : of all requests that goes to the canary; the rest is what it is compared with
    power : chance to see the rise if it is there
    level : chance of an alarm if it is not (one-sided)
    effect : design effect, 1 where requests are independent of each other (Kish, 1965)

    Returns
    -------
    requests of the canary, not of all traffic: divide by `share` for that

    >>> requests_needed(.05, .06, share=.01)
    4440
    """
    if not 0 < base < worse < 1:
        raise ValueError(f"error rates {base} and {worse} arrived; 0 < base < worse < 1 is expected")
    if not (0 < share < 1 and 0 < level < 1 and 0 < power < 1 and effect >= 1):
        raise ValueError(f"share {share}, level {level}, power {power}, effect {effect}: the first three lie between 0 and 1, the last is 1 or more")
    ratio = share / (1 - share)                          # canary requests for each of the rest
    mixed = share * worse + (1 - share) * base
    null = stats.norm.isf(level) * np.sqrt(mixed * (1 - mixed) * (1 + ratio))
    other = stats.norm.ppf(power) * np.sqrt(worse * (1 - worse) + ratio * base * (1 - base))
    return int(np.ceil(effect * ((null + other) / (worse - base)) ** 2))


def power(requests: float, base: float, worse: float, share: float, level: float = .05, effect: float = 1.0) -> float:
    """Chance that a canary of so many requests sees the rise; the arguments are those of `requests_needed`."""
    ratio, n = share / (1 - share), requests / effect
    mixed = share * worse + (1 - share) * base
    null = stats.norm.isf(level) * np.sqrt(mixed * (1 - mixed) * (1 + ratio))
    return float(stats.norm.cdf(((worse - base) * np.sqrt(n) - null) / np.sqrt(worse * (1 - worse) + ratio * base * (1 - base))))


def design_effect(errors, devices) -> float:
    """How many times larger the variance of an error rate is because requests come in devices (Kish, 1965).

    Parameters
    ----------
    errors : (n,) 0 or 1
    devices : (n,) ids

    >>> design_effect([1, 1, 0, 0], ["a", "a", "b", "b"])
    2.0
    """
    errors = np.asarray(errors, float)
    rate = errors.mean()
    if not 0 < rate < 1:
        raise ValueError(f"the error rate is {rate:g}; some errors and some right answers are needed")
    surplus = pd.Series(errors - rate).groupby(np.asarray(devices)).sum()
    return float((surplus**2).sum() / (len(errors) * rate * (1 - rate)))


def z_score(errors, canary, devices=None) -> float:
    """How many standard errors the canary's error rate lies above that of the rest; 0 where either is empty.

    Parameters
    ----------
    errors : (n,) 0 or 1
    canary : (n,) booleans
    devices : (n,) ids: the standard error then counts devices (a ratio's, Cochran, 1977); None takes requests as independent
    """
    errors, canary = np.asarray(errors, float), np.asarray(canary, bool)
    if not canary.any() or canary.all():
        return 0.0
    variance, rates = 0.0, [part.mean() for part in (errors[canary], errors[~canary])]
    if devices is None:
        rate = errors.mean()
        variance = rate * (1 - rate) * (1 / canary.sum() + 1 / (~canary).sum())
    else:
        codes = pd.factorize(np.asarray(devices))[0]
        for chosen, rate in ((canary, rates[0]), (~canary, rates[1])):
            surplus = np.bincount(codes[chosen], errors[chosen] - rate)
            variance += (surplus**2).sum() / chosen.sum() ** 2
    return float((rates[0] - rates[1]) / np.sqrt(variance)) if variance > 0 else 0.0


def tally(day, device, values, days: int, devices: int, chosen=None) -> np.ndarray:
    """Sums of values up to each day's evening, (days, devices); `chosen` masks the requests that count."""
    chosen = slice(None) if chosen is None else np.asarray(chosen, bool)
    place = np.asarray(day)[chosen] * devices + np.asarray(device)[chosen]
    sums = np.bincount(place, np.broadcast_to(values, np.shape(day))[chosen], minlength=days * devices)
    return sums.reshape(days, devices).cumsum(axis=0)


def daily_scores(groups) -> np.ndarray:
    """The `z_score` of each evening, counting devices: as the data of two groups grow.

    Parameters
    ----------
    groups : for the canary and for the rest, (requests, errors) as `tally` gives them
    """
    rates, variance = [], 0
    for n, bad in groups:
        total = np.maximum(n.sum(axis=-1), 1)
        rate = bad.sum(axis=-1) / total
        rates.append(rate)
        variance = variance + ((bad - rate[..., None] * n)**2).sum(axis=-1) / total**2
    return (rates[0] - rates[1]) / np.sqrt(np.maximum(variance, 1e-12))


def growing(rng: np.random.Generator, tests: int, looks: int) -> np.ndarray:
    """Scores of A/A tests as they grow: nothing differs, and each is looked at after every equal part of its data.

    Returns
    -------
    (tests, looks) z-scores; a test that is looked at once has only its last column
    """
    steps = rng.standard_normal((tests, looks))
    return steps.cumsum(axis=1) / np.sqrt(np.arange(1, looks + 1))


def boundary(rng: np.random.Generator, looks: int, level: float = .05, tests: int = 20_000) -> float:
    """The score that an A/A test passes at any of its looks with this chance (after Pocock, 1977; one-sided)."""
    return float(np.quantile(growing(rng, tests, looks).max(axis=1), 1 - level))
