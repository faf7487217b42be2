"""WAV bodies: every usual form gives the samples that were written, everything else a refusal in words."""
import struct

import numpy as np
import pytest

from course_lib.cycle.intake import Refused
from course_lib.cycle.wav import decode


def by_hand(samples, kind="<h", bits=16, code=1, channels=1, rate=8_000, size=None):
    """A WAV file from its definition, without a library: header, format, data."""
    data = b"".join(struct.pack(kind, sample) for sample in samples)
    width = channels * bits // 8
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, code, channels, rate, rate * width % 2**32, width, bits)
    chunk = b"data" + struct.pack("<I", len(data) if size is None else size) + data
    return b"RIFF" + struct.pack("<I", 4 + len(head) + len(chunk)) + b"WAVE" + head + chunk


def refusal(body, **options):
    with pytest.raises(Refused) as refused:
        decode(body, **options)
    assert refused.value.detail and refused.value.hint
    return refused.value.status_code, f"{refused.value.detail}: {refused.value.hint}"


@pytest.mark.parametrize(("samples", "form", "expected"), [
    ([0, 16384, -32768, 32767], dict(), [0, .5, -1, 32767 / 32768]),
    ([128, 192, 0, 255], dict(kind="B", bits=8), [0, .5, -1, 127 / 128]),
    ([0, 2**30, -2**31], dict(kind="<i", bits=32), [0, .5, -1]),
    ([0., .5, -1., .25], dict(kind="<f", bits=32, code=3), [0, .5, -1, .25]),
    ([0., .5, -1., .25], dict(kind="<d", bits=64, code=3), [0, .5, -1, .25]),
], ids=["16 bits", "8 bits", "32 bits", "floats", "doubles"])
def test_known_samples(samples, form, expected):
    clip, rate = decode(by_hand(samples, **form))
    assert rate == 8_000 and clip.dtype == np.float32 and clip.ndim == 1
    assert clip == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("subtype", "step"), [("PCM_U8", 2**-7), ("PCM_16", 2**-15), ("PCM_24", 2**-23), ("PCM_32", 2**-24),
                                               ("FLOAT", 2**-24), ("DOUBLE", 2**-24)])
@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
def test_every_depth_and_rate_comes_back_within_one_step(wav, subtype, step, rate):
    samples = np.random.default_rng(0).uniform(-.99, .99, rate // 10).astype(np.float32)
    clip, found = decode(wav(samples, rate, subtype))
    assert found == rate and len(clip) == len(samples) and np.abs(clip - samples).max() <= step


def test_channels_are_averaged(wav):
    left, right = np.full(800, .5), np.full(800, -.1)
    clip, _ = decode(wav(np.column_stack([left, right]), subtype="FLOAT"))
    assert clip == pytest.approx(np.full(800, .2))


def test_floats_beyond_full_scale_are_clipped():
    assert decode(by_hand([2., -3., .5, 1e38], kind="<f", bits=32, code=3))[0].tolist() == [1, -1, .5, 1]


def test_not_a_number_stays_one_so_that_features_can_refuse_it():
    assert np.isnan(decode(by_hand([.5, float("nan"), .5], kind="<f", bits=32, code=3))[0]).tolist() == [False, True, False]


def test_an_unlimited_data_chunk_ends_with_the_file():
    assert decode(by_hand([1, 2, 3], size=2**32 - 1))[0] == pytest.approx(np.array([1, 2, 3]) / 32768)


def test_an_empty_clip_is_a_clip_of_no_samples():
    assert decode(by_hand([]))[0].shape == (0,)


@pytest.mark.parametrize("body", [b"", b"RIFF", b"RIFF....WAVE"[:11], b"ID3\4 an mp3 of some kind", b"fLaC" * 9, b"{}", b"\0" * 100, b"RIFX\0\0\0\0WAVE"])
def test_what_is_no_wav(body):
    assert refusal(body) == (400, "not a WAV file: send the bytes of a RIFF/WAVE file as the body")


@pytest.mark.parametrize("body", [b"RIFF\0\0\0\0WAVE", by_hand([1, 2])[:20], by_hand([1, 2])[:36], by_hand([1, 2], code=0x1234), by_hand([1] * 8, channels=0),
                                  by_hand([1] * 8, bits=16, rate=0)])
def test_a_wav_that_cannot_be_read(body):
    status, words = refusal(body)
    assert status == 400 and ("the WAV cannot be read" in words or "the sample rate is 0 Hz" in words)


@pytest.mark.parametrize("rate", [1, 7_999, 48_001, 96_000, 2**31])
def test_rates_out_of_range(rate):
    status, words = refusal(by_hand([1, 2], rate=rate))
    assert status == 400 and ("8,000 to 48,000 Hz are taken" in words or "the WAV cannot be read" in words)


def test_more_channels_than_any_microphone():
    assert refusal(by_hand([1] * 90, channels=9))[1].startswith("9 channels: one or two are expected")
    assert len(decode(by_hand([1] * 80, channels=8))[0]) == 10


def test_a_long_clip():
    assert len(decode(by_hand([1] * 8_000), max_seconds=1)[0]) == 8_000
    assert refusal(by_hand([1] * 8_001), max_seconds=1) == (413, "the clip is longer than 1 seconds: send one short utterance")
