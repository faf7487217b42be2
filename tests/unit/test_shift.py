"""Steps, evidence, suspects and diagnoses: known answers by hand, properties, and sentences for odd input."""
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from course_lib.cycle import shift

HEARD = ["words", "sound", "named", "card_now", "decision"]


def log_of(days, per_day=20, re_ask=0.0, card="c01", device="phone", seconds=1.0, level=-27.0):
    """A small log in which every day is alike, but for a little wave that gives it a spread."""
    n = days * per_day
    day = np.repeat(np.arange(days), per_day)
    return pd.DataFrame(dict(request_id=[f"{d:03d}-{i:05d}" for i, d in enumerate(day)], day=day, device=device, best=card, confidence=.8 + .01 * (day % 3), decision=card,
                             re_ask=np.tile(np.arange(per_day) < re_ask * per_day, days), seconds=seconds + .01 * (day % 3), level_db=level + .1 * (day % 3),
                             distance=18 + .1 * (day % 3), failure=""))


def heard(**counts):
    """Listens of which so many carry a mark."""
    marks = dict(moved=("whole name in the catalogue", "clean", "c01", "c65", "c01"), gated=("whole name in the catalogue", "gated", "c02", "c02", "c03"),
                 foreign=("whole name in the catalogue", "foreign reading voice", "c02", "c02", "sorry"), loud=("whole name in the catalogue", "loud crowd", "c02", "c02", "sorry"),
                 first=("first name only", "clean", "c02", "c02", "sorry"), strange=("whole name, not in the catalogue", "clean", "", "c41", "sorry"),
                 fine=("whole name in the catalogue", "clean", "c02", "c02", "c02"))
    return pd.DataFrame([marks[name] for name, count in counts.items() for _ in range(count)], columns=HEARD)


def steps_of(**sizes):
    """Evidence with these steps, all from day 150 on; the others are small."""
    rows = [("all", name, 0.0, 0.0, float(sizes.get(name, 0)), 150) for name in shift.WATCHED]
    out = pd.DataFrame(rows, columns=["slice", "signal", "usual", "now", "size", "day"])
    return out.assign(fires=out["size"].abs() > shift.LIMIT).sort_values("size", key=np.abs, ascending=False, ignore_index=True)


def test_a_step_by_hand():
    found = shift.steps(pd.Series([0.0, 0, 0, 2, 2, 2, 2], index=range(10, 17)), spread=2.0)
    assert list(found.index) == [13, 14] and found[13] == pytest.approx(np.sqrt(3 * 4 / 7))
    assert found[14] == pytest.approx((2 - .5) / 2 * np.sqrt(4 * 3 / 7))
    assert shift.first_day(pd.Series([0.0, 0, 0, 2, 2, 2, 2], index=range(10, 17))) == 13


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=8, max_size=30), st.floats(-100, 100), st.floats(.1, 50))
def test_the_first_day_takes_no_notice_of_unit_and_zero(values, zero, unit):
    series = pd.Series(np.round(values, 2))
    size = shift.steps(series, 1.0).abs()
    if size.nlargest(2).diff().abs().iloc[-1] > 1e-3:                  # no tie
        assert shift.first_day(series * unit + zero) == shift.first_day(series)


@settings(max_examples=20, deadline=None)
@given(st.integers(3, 17))
def test_a_clean_step_is_found_on_its_day(day):
    series = pd.Series(np.where(np.arange(20) < day, 5.0, 6.0), index=range(140, 160))
    assert shift.first_day(series) == 140 + day


def test_too_short_or_holey_series_get_a_sentence():
    with pytest.raises(ValueError, match="5 days arrived; 6 or more"):
        shift.steps(pd.Series(range(5)), 1.0)
    with pytest.raises(ValueError, match="holds NaN"):
        shift.steps(pd.Series([1.0, 2, np.nan, 4, 5, 6, 7]), 1.0)


def test_daily_signals_by_hand():
    usual = log_of(14)
    usual.loc[usual["day"] < 14, "best"] = np.where(np.arange(len(usual)) % 4 == 0, "c02", "c01")[:len(usual)]
    new = log_of(7, per_day=30, re_ask=.5, card="c02")
    found = shift.daily(new, usual)
    assert list(found.columns) == list(shift.WATCHED) and found["requests"].tolist() == pytest.approx([1.5] * 7)
    assert found["re_asks"].tolist() == pytest.approx([500.0] * 7) and found["names"].tolist() == pytest.approx([.75] * 7)
    assert found["sorry"].eq(0).all()


def test_failed_requests_count_as_volume_only():
    new = log_of(7)
    new.loc[new["day"] == 3, ["failure", "confidence"]] = ["503 too many", np.nan]
    found = shift.daily(new, log_of(14))
    assert found.loc[3, "requests"] == 1 and np.isnan(found.loc[3, "confidence"])


def test_evidence_finds_the_signal_and_the_day_and_nothing_in_quiet_weeks():
    usual = log_of(28)
    new = log_of(14)
    quiet = shift.evidence(new, shift.normal(usual))
    assert not quiet["fires"].any() and shift.since(quiet) is None and shift.odd_slice(quiet) == "all"
    new.loc[new["day"] >= 8, "level_db"] += 6
    found = shift.evidence(new, shift.normal(usual))
    assert found.iloc[0][["slice", "signal", "day"]].tolist() == ["all", "level_db", 8] and shift.since(found) == 8


def test_an_empty_log_or_a_lost_column_gets_a_sentence():
    with pytest.raises(ValueError, match="no rows"):
        shift.daily(log_of(0), log_of(7))
    with pytest.raises(ValueError, match="no column re_ask"):
        shift.daily(log_of(7).drop(columns="re_ask"), log_of(7))
    with pytest.raises(ValueError, match="no rows"):
        shift.evidence(log_of(0), shift.normal(log_of(28)))


def test_suspects_were_asked_again_since_the_day_in_the_slice():
    log = pd.concat([log_of(14, re_ask=.5), log_of(14, re_ask=.5, device="car")], ignore_index=True)
    log["request_id"] = [f"r{i}" for i in range(len(log))]
    found = steps_of(re_asks=9).assign(day=8)
    chosen = log.set_index("request_id").loc[shift.suspects(log, found)]
    assert len(chosen) == 20 and chosen["re_ask"].all() and (chosen["day"] >= 8).all() and not chosen.index.duplicated().any()
    phones = found.copy()
    phones.loc[len(phones)] = ["phone", "distance", 0.0, 0.0, 30.0, 8, True]
    phones = phones.sort_values("size", key=np.abs, ascending=False, ignore_index=True)
    assert set(log.set_index("request_id").loc[shift.suspects(log, phones), "device"]) == {"phone"}
    assert shift.suspects(log_of(14), found) == []                     # nobody asked again


@pytest.mark.parametrize("cause, steps, marks", [
    ("renamed_figure", dict(re_asks=9), dict(moved=2, fine=8)), ("firmware_fault", dict(distance=30, re_asks=6), dict(gated=5)),
    ("new_market", dict(confidence=-9, sorry=9), dict(foreign=2, first=3)), ("noisier", dict(sorry=12), dict(loud=4, strange=1)),
    ("season", dict(requests=12, names=17), dict(first=3)), ("louder_microphones", dict(level_db=40), dict(fine=5)),
    ("popularity_reversed", dict(names=50), dict(first=1)), ("popularity_reversed", dict(names=50, level_db=6), dict(first=1)),
    ("first_name_only", dict(seconds=-10, confidence=-8), dict(first=6)),
    ("new_names", dict(confidence=-7, sorry=6), dict(strange=4, first=2)), ("nothing", dict(re_asks=5), dict(fine=20)), ("nothing", dict(), dict(moved=9))])
def test_each_cause_by_its_mark(cause, steps, marks):
    found = shift.diagnose(steps_of(**steps), heard(**marks))
    assert found.cause == cause and found.reasons and found.day == (None if cause == "nothing" else 150)


def test_one_mark_may_be_misheard():
    assert shift.diagnose(steps_of(re_asks=9), heard(moved=1, fine=19)).cause == "nothing"
    assert shift.diagnose(steps_of(re_asks=9), heard()).cause == "nothing"


def test_evidence_without_a_column_gets_a_sentence():
    with pytest.raises(ValueError, match="the evidence has no column fires"):
        shift.diagnose(steps_of().drop(columns="fires"), heard())
    with pytest.raises(ValueError, match="what was heard has no column named"):
        shift.diagnose(steps_of(re_asks=9), heard().drop(columns="named"))
