"""Lesson 06's sample of audio: whose it is, and what it promises."""
import pytest

from course_lib.lessons import deploy_consent as consent


def test_only_users_of_the_first_week_are_asked_and_agree_in_their_shares():
    table, week = consent.weeks(0)
    agree = consent.agreeing(0)
    assert set(agree) <= set(week.index)
    good = week <= consent.GOOD
    assert agree.isin(week.index[good]).sum() / good.sum() == pytest.approx(consent.POLITE, abs=.12)
    assert agree.isin(week.index[~good]).sum() / (~good).sum() == pytest.approx(consent.CROSS, abs=.1)
    assert consent.consents(0)["consent"].mean() < 1 and len(consent.consents(0)) == len(table)


def test_without_sway_the_sample_is_like_the_rest():
    assert consent.flattering(0, by_experience=False).value == pytest.approx(1, abs=.1)
    assert consent.flattering(0).value < .9
