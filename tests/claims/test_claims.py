"""Every claim of every lesson, over seeds: it holds, and with its cause off it does not.

Ten seeds as a rule; with `--all` the hundred that the lessons speak of, and twenty on a second
bank of takes, so that a claim is not about one set of recordings. Seeds stand in the outer
loop, as the claims of a lesson share worlds and fits.
"""
import math
from functools import lru_cache

import pandas as pd
import pytest

from course_lib.learn.check import modules
from course_lib.learn.experiment import hold
from course_lib.world.pool import Pool

SECOND_BANK_SEEDS = 20


def over(claims, seeds, **options):
    """Values and verdicts of some claims: name -> table with a row a seed."""
    rows = {claim.name: [] for claim in claims}
    for seed in seeds:
        for claim in claims:
            rows[claim.name].append(hold(claim, [seed], **options))
    return {name: pd.concat(parts, ignore_index=True) for name, parts in rows.items()}


def least_of(at_least, seeds):
    """On how many seeds a claim must hold; fewer than a hundred may miss one more, by chance."""
    return math.ceil(at_least * seeds - 1e-9) - (seeds < 100)


def judge(claim, found):
    """Fail where a claim holds on too few seeds, or its control on too many."""
    least = least_of(claim.at_least, len(found))
    assert found["held"].sum() >= least, f"{claim.sentence}\n{found[~found['held']].to_string()}"
    if claim.control is not None:
        refuted = ~found["control_held"]
        assert refuted.sum() >= least, f"with its cause off, still: {claim.sentence}\n{found[~refuted].to_string()}"


@lru_cache(maxsize=2)
def results(number, seeds, bank):
    """What `over` found for the claims of one lesson; the claims of a lesson are tested one after the other."""
    return over(modules()[number].CLAIMS, range(seeds), pool=Pool(bank))


def claims_of(number):
    """A test class for the claims of one lesson, so that two workers can share the lessons."""
    each = pytest.mark.parametrize("claim", modules()[number].CLAIMS, ids=lambda claim: claim.name)

    class Claims:
        @each
        def test_holds_over_seeds(self, claim, seeds):
            judge(claim, results(number, len(seeds), "a")[claim.name])

        @each
        def test_holds_on_other_takes(self, claim, everything):
            if not everything:
                pytest.skip("the second bank is rendered for `course test --all` only")
            judge(claim, results(number, SECOND_BANK_SEEDS, "b")[claim.name])
    return Claims


for _number in modules():
    globals()[f"TestLesson{_number}"] = claims_of(_number)


def test_95_of_100_are_95():
    assert [least_of(.95, n) for n in (10, 20, 100)] == [9, 18, 95] and [least_of(.9, n) for n in (10, 100)] == [8, 90]


def test_names_are_unique_and_each_claim_is_of_its_lesson():
    every = [(claim.name, claim.lesson, number) for number, module in modules().items() for claim in module.CLAIMS]
    assert len({(name, number) for name, _, number in every}) == len(every)
    assert all(lesson == number for _, lesson, number in every)
