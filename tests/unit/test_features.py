"""Features: an independent slow recipe as oracle, every rate, every loudness, every kind of bad clip."""
import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from course_lib.world import channel
from course_lib.world.features import CHUNK, LENGTH, RATE, fault, features, log_mel

RATES = (8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)


def voice(rate=RATE, seconds=.9, seed=0, top_hz=3_300):
    """A band-limited hum with moving formants and rests: the same continuous sound at whatever rate."""
    rng, t = np.random.default_rng(seed), np.arange(int(seconds * rate)) / rate
    pitch = rng.uniform(90, 220)
    sound = np.zeros_like(t)
    for k in range(1, int(top_hz / pitch)):
        loudness = np.exp(np.sin(2 * np.pi * rng.uniform(1, 6) * t + rng.uniform(0, 6))) / k ** .7
        sound += loudness * np.sin(2 * np.pi * k * pitch * t + rng.uniform(0, 6))
    sound *= np.sin(np.pi * t / seconds) ** 2
    return .6 * sound / np.abs(sound).max()


def slowly(clip):
    """DESIGN.md's recipe for one clip at 8 kHz: loops and float64, nothing shared with what is tested."""
    blocks = [np.sum(clip[i:i + 80] ** 2) for i in range(0, len(clip) - 79, 80)]
    loud = [i for i, energy in enumerate(blocks) if energy > max(blocks) / 1000]          # 30 dB
    end = len(clip) if loud[-1] == len(blocks) - 1 else 80 * (loud[-1] + 1)
    clip = clip[80 * loud[0]:end]
    clip = clip / np.sqrt(np.mean(clip ** 2))
    clip = np.append(clip[0], clip[1:] - .97 * clip[:-1])
    count = max(5, 1 + int(np.ceil((len(clip) - 200) / 80)))
    clip = np.append(clip, np.zeros(200 + 80 * (count - 1) - len(clip)))
    cepstra = np.array([cepstrum(clip[80 * i:80 * i + 200]) for i in range(count)])
    at = np.linspace(0, count - 1, 16)
    trajectory = np.stack([np.interp(at, np.arange(count), c) for c in cepstra.T], axis=1)
    centred = cepstra - cepstra.mean(axis=0)
    padded = np.pad(centred, ((2, 2), (0, 0)), mode="edge")
    slopes = np.array([sum(k * padded[i + 2 + k] for k in (-2, -1, 1, 2)) / 10 for i in range(count)])
    both, parts = np.hstack([centred, slopes]), []
    for k in range(5):
        segment = both[count * k // 5:count * (k + 1) // 5]
        parts += [segment.mean(axis=0), segment.std(axis=0)]
    return np.concatenate([trajectory.ravel(), *parts])


def cepstrum(frame):
    """13 cepstra of a frame of 25 ms: Hann, power, 24 mel triangles from 60 to 3,800 Hz, log, DCT."""
    n = np.arange(256)
    padded = np.append(frame * (.5 - .5 * np.cos(2 * np.pi * np.arange(200) / 200)), np.zeros(56))
    power = [abs(np.sum(padded * np.exp(-2j * np.pi * k * n / 256))) ** 2 for k in range(129)]
    top, bottom = 2595 * np.log10(1 + 3800 / 700), 2595 * np.log10(1 + 60 / 700)
    edges = 700 * (10 ** (np.linspace(bottom, top, 26) / 2595) - 1)
    mels = np.zeros(24)
    for m in range(24):
        for k in range(129):
            rise = (k * 31.25 - edges[m]) / (edges[m + 1] - edges[m])
            fall = (edges[m + 2] - k * 31.25) / (edges[m + 2] - edges[m + 1])
            mels[m] += max(0, min(rise, fall)) * power[k]
    scale = [np.sqrt((1 if k == 0 else 2) / 24) for k in range(13)]
    logs, places = np.log(mels + 1e-4), (np.arange(24) + .5) / 24
    return np.array([scale[k] * np.sum(logs * np.cos(np.pi * k * places)) for k in range(13)])


@pytest.mark.parametrize("clip", [
    voice(), voice(seconds=.31, seed=1),
    np.concatenate([np.zeros(1_700), voice(seed=2, seconds=.4), np.full(333, 1e-4)]),                # trimmed ends
    .1 * np.random.default_rng(0).standard_normal(5_003).clip(-4, 4), voice(seconds=.05), np.full(90, .5)],
    ids=["voice", "short voice", "quiet ends", "noise", "shorter than five frames", "shorter than a frame"])
def test_features_equal_a_slow_recipe_written_twice(clip):
    np.testing.assert_allclose(features([clip], RATE)[0], slowly(clip), atol=2e-3)


def test_a_batch_equals_its_clips_one_by_one():
    clips = [voice(seconds=.2 + .02 * (i % 9), seed=i % 5) for i in range(CHUNK + 6)]
    one_by_one = np.concatenate([features([clip], RATE) for clip in clips[-12:]])
    assert features(clips, RATE)[-12:].tobytes() == one_by_one.tobytes()
    assert features(clips[::-1], RATE).tobytes() == features(clips, RATE)[::-1].tobytes()


@pytest.mark.parametrize("rate", RATES)
def test_every_rate_gives_nearly_the_same_numbers(rate):
    """99 in 100 within a fiftieth of a standard deviation; at 11,025 Hz, where the filter's images lie nearest, a fifth."""
    clips = {r: [voice(r, .5 + .1 * i, seed=i) for i in range(8)] for r in (RATE, rate)}
    at_8_khz, here = features(clips[RATE], RATE), features(clips[rate], rate)
    gap = np.abs(here - at_8_khz) / at_8_khz.std(axis=0)
    assert np.median(gap) < .01 and np.quantile(gap, .99) < (.2 if rate == 11_025 else .02)


def test_what_lies_above_the_band_is_not_seen():
    rate = 48_000
    hiss = .2 * np.sin(2 * np.pi * 9_000 * np.arange(int(.9 * rate)) / rate)
    quiet, hissing = features([.5 * voice(rate), .5 * voice(rate) + hiss], rate)
    np.testing.assert_allclose(hissing, quiet, atol=.05)


@given(st.floats(-30, 0))
@settings(max_examples=25, deadline=None)
def test_loudness_is_not_seen(gain_db):
    clips = [voice(seed=1), .1 * voice(seed=2)]
    quieter = [np.float32(10 ** (gain_db / 20)) * clip for clip in clips]
    np.testing.assert_allclose(features(quieter, RATE), features(clips, RATE), atol=2e-3)


def test_halving_changes_no_byte():
    clip = voice().astype(np.float32)
    assert features([clip / 2], RATE).tobytes() == features([clip], RATE).tobytes()


def test_a_louder_microphone_is_not_seen_and_clipping_hardly():
    """6 dB, as in data/events.csv, of a clip at the level of a phone; then so much that some samples clip."""
    spread = features([voice(seed=i) for i in range(8)], RATE).std(axis=0)
    clip = channel.to_grid(.3 * voice())
    louder, clipped = channel.louder(clip, 6), channel.louder(clip, 16)
    assert np.abs(louder).max() < 1 and 0 < np.mean(np.abs(clipped) >= .999) < .01
    before = features([clip], RATE)
    assert np.abs((features([louder], RATE) - before) / spread).max() < .1
    assert np.median(np.abs((features([clipped], RATE) - before) / spread)) < .02


BAD = [
    ("is empty", np.zeros(0)),
    ("is silent", np.zeros(4_000)),
    ("is silent", np.full(4_000, 1e-9)),
    ("has values that are not finite", np.where(np.arange(4_000) == 7, np.nan, .1)),
    ("has values that are not finite", np.where(np.arange(4_000) == 7, -np.inf, .1)),
    ("has shape (4000, 2); one channel", np.full((4_000, 2), .1)),
    ("has shape ()", .5),
    ("has shape ()", None),
    ("holds int16 values", np.full(4_000, 300, np.int16)),
    ("holds int64 values", [1, 0, -1]),
    ("holds <U3 values", ["not", "a", "wav"]),
    ("reaches 300", np.full(4_000, 300.0)),
    ("cannot be read as numbers", [[.1, .2], [.3]]),
]


@pytest.mark.parametrize("words, bad", BAD)
def test_a_bad_clip_is_named_or_masked(words, bad):
    clips = [voice(), bad, voice(seed=1)]
    with pytest.raises(ValueError, match="^clip 1 " + re.escape(words) + ".*on_bad='mask'"):
        features(clips, RATE)
    rows = features(clips, RATE, on_bad="mask")
    assert np.isnan(rows[1]).all() and rows.dtype == np.float32 and rows.shape == (3, LENGTH)
    assert rows[[0, 2]].tobytes() == features([clips[0], clips[2]], RATE).tobytes()


def test_only_bad_clips_and_no_clips_keep_their_shape():
    assert np.isnan(features([np.zeros(0)] * 3, RATE, on_bad="mask")).all()
    assert features([], RATE).shape == (0, LENGTH)


@pytest.mark.parametrize("rate", [7_999, 0, -8_000, 8_000.5, "8000", None, True, float("nan"), 10 ** 7])
def test_a_wrong_rate_is_told(rate):
    with pytest.raises(ValueError, match=f"sample_rate is {re.escape(repr(rate))}; whole numbers of Hz from 8,000"):
        features([voice()], rate)


@pytest.mark.parametrize("clips, words", [
    (voice(), "one clip arrived, a list of clips was expected"),
    (None, "a list of clips was expected, NoneType arrived"),
    (.5, "a list of clips was expected, float arrived"),
    ("clip.wav", "a list of clips was expected, str arrived")])
def test_what_is_no_list_of_clips_is_told(clips, words):
    with pytest.raises(ValueError, match=words):
        features(clips, RATE)


@pytest.mark.parametrize("on_bad", ["skip", None, "", True])
def test_an_unknown_on_bad_is_told(on_bad):
    with pytest.raises(ValueError, match="on_bad is .*'raise' or 'mask'"):
        features([voice()], RATE, on_bad=on_bad)


def test_a_generator_of_clips_is_a_list_of_clips():
    clips = [voice(seed=i) for i in range(3)]
    assert features((clip for clip in clips), RATE).tobytes() == features(clips, RATE).tobytes()


@given(st.integers(1, 1_200), st.integers(0, 1_200), st.sampled_from([8_000, 11_025, 48_000]),
       st.floats(1e-5, 1), st.integers(0, 9))
@settings(max_examples=150, deadline=None)
def test_whatever_is_sound_gives_finite_features(length, start, rate, peak, seed):
    """Clicks, blips and odd lengths: silence up to somewhere, then noise of some level."""
    clip = np.zeros(length)
    start = min(start, length - 1)
    clip[start:] = peak * np.sign(np.random.default_rng(seed).standard_normal(length - start))
    assert np.isfinite(features([clip], rate)).all()


def test_a_minute_of_sound_is_no_trouble():
    clip = np.tile(voice(16_000, 1.0), 60)
    assert np.isfinite(features([clip], 16_000)).all()
    assert 5_950 < len(log_mel(clip, 16_000)) <= 5_998


def test_full_scale_of_16_bits_is_sound():
    assert fault(np.array([-1.0, 32767 / 32768])) == ""
    assert fault(np.array([-1.01, 0])) == "reaches 1.01; floats in [-1, 1] are expected"
