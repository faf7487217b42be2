"""From a voice to what the service receives: vocal tract, device, room, noise, level.

Everything is seeded numpy on one spectrum a clip: warp and resampling are one change of
length, device and room multiply the spectrum, noise is drawn in the frequency domain.
"""
from functools import lru_cache
from typing import Mapping

import numpy as np
from scipy import fft

RATE = 8_000
_LEAD, _TAIL = .08, .15                              # seconds of room before and after the voice
_GATE_DB = 15.0
_BLOCK = 80
_KEPT = 128                                          # shapes kept: fast lengths are few, so most are met again
_DEVICE = ("low_hz", "high_hz", "tilt_db", "peak_hz", "peak_db")
NOISES = {"fan": (200, .5, 0), "street": (150, 1.0, .6), "babble": (500, 1.0, 2.5)}      # corner (Hz), slope, swell (Hz)


def transmit(speech: np.ndarray, speech_rate: int, warp: float, device: Mapping, room: Mapping,
             rng: np.random.Generator, keep: float = 1.0) -> np.ndarray:
    """One clip as a device in a room records it.

    Parameters
    ----------
    speech : float array, the dry voice at `speech_rate` Hz
    warp : length of the vocal tract against the voice's own, about .87 to 1.13
    device, room : rows of data/devices.csv and data/rooms.csv
    rng : draws echo, noise and level, in this order
    keep : share of the voice that is recorded before the user lets go of the button

    Returns
    -------
    float32 array at 8,000 Hz on the grid of 16-bit samples
    """
    speech = speech[:int(len(speech) * keep)]
    return receive(*spoken_into(speech, speech_rate, warp, device), device, room, rng)


def spoken_into(speech: np.ndarray, speech_rate: int, warp: float, device: Mapping) -> tuple[np.ndarray, int]:
    """A voice as a device hears it close by: its spectrum and the samples that this makes at 8,000 Hz."""
    lead = int(_LEAD * speech_rate)
    n = fft.next_fast_len(lead + len(speech) + int(_TAIL * speech_rate), real=True)
    m = fft.next_fast_len(round(n * warp * RATE / speech_rate), real=True)
    dry = np.zeros(n, np.float32)
    dry[lead:lead + len(speech)] = speech
    return fft.rfft(dry)[:m // 2 + 1] * _response(*(device[name] for name in _DEVICE), m), m


def receive(spectrum: np.ndarray, m: int, device: Mapping, room: Mapping, rng: np.random.Generator) -> np.ndarray:
    """The clip of `m` samples that `spoken_into` leads to, with the room's echo and noise and the device's level."""
    voice = fft.irfft(spectrum * _echo(room, m, rng), m)
    voice *= np.float32(1 / max(_rms(voice), 1e-9))
    noise = _noise(room["noise"], m, rng)
    snr_db = rng.uniform(room["snr_low_db"], room["snr_high_db"])
    level_db = device["level_db"] + rng.normal(0, 2)
    noise *= np.float32(10 ** (-snr_db / 20) / max(_rms(noise), 1e-9))
    voice += noise
    voice *= np.float32(10 ** (level_db / 20) / _rms(voice))
    return to_grid(voice)


def noise_gate(clip: np.ndarray) -> np.ndarray:
    """A faulty gate: every 10 ms more than 15 dB below the loudest is replaced by silence."""
    blocks = clip[:len(clip) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    energy = np.square(blocks).sum(axis=1)
    return (blocks * (energy > energy.max() * 10 ** (-_GATE_DB / 10))[:, None]).astype(np.float32).ravel()


def louder(clip: np.ndarray, gain_db: float) -> np.ndarray:
    """The clip with another gain, clipped at full scale as a converter does."""
    return to_grid(clip * np.float32(10 ** (gain_db / 20)))


def to_grid(clip: np.ndarray) -> np.ndarray:
    """Clip to full scale and round to 16-bit steps, so that a WAV file holds exactly these values."""
    steps = np.rint(clip * np.float32(32768)).astype(np.float32, copy=False)
    return np.clip(steps, -32768, 32767, out=steps) / np.float32(32768)


def level(clip: np.ndarray) -> float:
    """Root-mean-square level in dB relative to full scale."""
    return float(20 * np.log10(max(_rms(clip), 1e-9)))


def _rms(clip):
    exact = clip.astype(np.float64)
    return float(np.sqrt(np.add.reduce(exact * exact) / exact.size))


@lru_cache(_KEPT)
def _response(low_hz, high_hz, tilt_db, peak_hz, peak_db, m):
    """Amplitude of a device's band edges, tilt and resonance at each frequency of a clip of m samples."""
    hz = _frequencies(m)
    octaves = np.log2(np.maximum(hz, 1) / 1000)
    db = tilt_db * octaves / 2 + peak_db / (1 + ((hz - peak_hz) / 300) ** 2)
    low = hz ** 2 / (hz ** 2 + low_hz ** 2)
    high = 1 / (1 + (hz / high_hz) ** 16)
    return (10 ** (db / 20) * low * high).astype(np.float32)


def _frequencies(m):
    return np.arange(m // 2 + 1, dtype=np.float32) * np.float32(RATE / m)


def _echo(room, m, rng):
    """Spectrum of a direct path and an exponentially decaying tail (Polack, 1988)."""
    length = min(int(room["echo_s"] * RATE), m - 1)
    tail = rng.standard_normal(length, np.float32) * _decay(length)
    impulse = np.zeros(m, np.float32)
    impulse[0] = 1
    impulse[1:length + 1] = tail * np.float32(10 ** (room["wet_db"] / 20) / max(np.sqrt(np.sum(tail * tail)), 1e-9))
    return fft.rfft(impulse)


@lru_cache(_KEPT)
def _decay(length):
    return np.exp(-6.9 * np.arange(length, dtype=np.float32) / length)


def _noise(kind, m, rng):
    """Noise of a kind, m samples of it."""
    if kind not in NOISES:
        raise ValueError(f"noise kind {kind!r} of data/rooms.csv is unknown; known are {', '.join(NOISES)}")
    shape, turns = _noise_shape(kind, m)
    parts = rng.standard_normal((2, len(shape)), np.float32)
    noise = fft.irfft((parts[0] + 1j * parts[1]) * shape, m)
    phase = rng.uniform(0, 2 * np.pi)
    if turns is None:
        return noise
    return noise * (1 + .7 * np.sin(turns + phase)).astype(np.float32)


@lru_cache(_KEPT)
def _noise_shape(kind, m):
    """Amplitude at each frequency, and the angle of the swell at each sample."""
    corner, slope, swell = NOISES[kind]
    hz = _frequencies(m)
    shape = (hz > 60) / (1 + hz / corner) ** np.float32(slope)
    return shape, 2 * np.pi * swell * np.arange(m, dtype=np.float32) / RATE if swell else None
