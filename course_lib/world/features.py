"""Clips to numbers: 468 features of a short utterance, in batched numpy.

The recipe is the classic one for small vocabularies: trim, equal energy, pre-emphasis,
mel-frequency cepstra (Davis and Mermelstein, 1980) with regression deltas (Furui, 1986),
once as a fixed-length trajectory and once as means and spreads over five segments. Every
clip is brought to 8 kHz first, so the band used (60-3,800 Hz) is the same at every rate.

No step uses BLAS: the same clips give the same bytes whatever kernel numpy links to.
"""
from functools import lru_cache
from typing import Iterable, Sequence

import numpy as np
from scipy import fft, signal, sparse

RATE = 8_000
FRAME, HOP, N_FFT = 200, 80, 256                     # 25 ms, 10 ms, samples
LOW_HZ, HIGH_HZ = 60.0, 3_800.0
N_MELS, N_CEPS, N_POINTS, N_SEGMENTS = 24, 13, 16, 5
LENGTH = N_POINTS * N_CEPS + 2 * 2 * N_SEGMENTS * N_CEPS
TRIM_DB = 30.0
LOG_FLOOR = 1e-4                                     # about 60 dB under speech of unit RMS
VERSION = "mfcc-468-v1"
SHORTEST = FRAME + (N_SEGMENTS - 1) * HOP
CHUNK = 8                                            # clips at a time: their frames stay in the processor's cache
SILENCE = 1e-5                                       # a third of one 16-bit step


def features(clips: Sequence[np.ndarray], sample_rate: int, on_bad: str = "raise") -> np.ndarray:
    """Feature vectors of utterances, independent of their loudness.

    Parameters
    ----------
    clips : sequence of 1-D float arrays in [-1, 1], any lengths
    sample_rate : samples per second, 8,000 or more, the same for all clips
    on_bad : "raise", or "mask" for a row of NaN where a clip cannot be used

    Returns
    -------
    float32 array of shape (len(clips), 468)

    Raises
    ------
    ValueError
        Names the first clip that is empty, silent, not finite, out of range or not 1-D.

    >>> features([np.sin(np.arange(4000) / 3)], 8000).shape
    (1, 468)
    """
    if on_bad not in ("raise", "mask"):
        raise ValueError(f"on_bad is {on_bad!r}; it must be 'raise' or 'mask'")
    if not isinstance(sample_rate, (int, np.integer)) or not RATE <= sample_rate <= 384_000:
        raise ValueError(f"sample_rate is {sample_rate!r}; whole numbers of Hz from 8,000 up are expected")
    clips = _listed(clips)
    faults = [fault(clip) for clip in clips]
    if on_bad == "raise" and any(faults):
        first = next(i for i, words in enumerate(faults) if words)
        raise ValueError(f"clip {first} {faults[first]}; pass on_bad='mask' for a row of NaN instead")
    out = np.full((len(faults), LENGTH), np.nan, np.float32)
    good = np.flatnonzero([not words for words in faults])
    for start in range(0, len(good), CHUNK):
        rows = good[start:start + CHUNK]
        out[rows] = _vectors([_prepare(clips[i], int(sample_rate)) for i in rows])
    return out


def _listed(clips):
    if isinstance(clips, np.ndarray) and clips.ndim == 1 and clips.dtype != object:
        raise ValueError("one clip arrived, a list of clips was expected: features([clip], sample_rate)")
    if isinstance(clips, (str, bytes)) or not isinstance(clips, Iterable):
        raise ValueError(f"a list of clips was expected, {type(clips).__name__} arrived")
    return list(clips)


def fault(clip) -> str:
    """What makes a clip unusable, in words; "" when it is sound."""
    try:
        clip = np.asarray(clip)
    except ValueError:
        return "cannot be read as numbers; one channel (a 1-D array) is expected"
    if clip.ndim != 1:
        return f"has shape {clip.shape}; one channel (a 1-D array) is expected"
    if clip.size == 0:
        return "is empty"
    if not np.issubdtype(clip.dtype, np.floating):
        return f"holds {clip.dtype} values; floats in [-1, 1] are expected (divide 16-bit samples by 32768)"
    peak = max(float(clip.max()), -float(clip.min()))
    if not np.isfinite(peak):
        return "has values that are not finite (NaN or infinity)"
    if peak > 1.0001:
        return f"reaches {peak:.3g}; floats in [-1, 1] are expected"
    return "is silent" if peak < SILENCE else ""


def _prepare(clip, rate):
    """Bring one sound clip to 8 kHz, trim its quiet ends, equalise its energy, pre-emphasise."""
    clip = np.asarray(clip, np.float32)
    if rate != RATE:
        common = np.gcd(rate, RATE)
        clip = signal.resample_poly(clip, RATE // common, rate // common).astype(np.float32)
    clip = _trim(clip)
    energy = np.add.reduce(clip * clip, dtype=np.float64) / len(clip)
    clip = clip * np.float32(1 / max(np.sqrt(energy), 1e-12))
    out = np.zeros(FRAME + HOP * -(-max(len(clip) - FRAME, SHORTEST - FRAME) // HOP), np.float32)
    out[:len(clip)] = clip
    out[1:len(clip)] -= np.float32(.97) * clip[:-1]
    return out


def _trim(clip):
    """Cut 10 ms blocks more than 30 dB below the loudest one off both ends."""
    whole = len(clip) // HOP * HOP
    if whole < 2 * HOP:
        return clip
    energy = np.square(clip[:whole].reshape(-1, HOP)).sum(axis=1)
    if not energy.any():                             # whatever there is comes after the last whole block
        return clip
    loud = np.flatnonzero(energy > energy.max() * 10 ** (-TRIM_DB / 10))
    end = len(clip) if loud[-1] == len(energy) - 1 else (loud[-1] + 1) * HOP
    return clip[loud[0] * HOP:end]


@lru_cache
def _mel_filters():
    """Triangular filters, equally spaced on the mel scale (O'Shaughnessy, 1987): (24, 129), sparse."""
    def mel(hz):
        return 2595 * np.log10(1 + hz / 700)
    edges = 700 * (10 ** (np.linspace(mel(LOW_HZ), mel(HIGH_HZ), N_MELS + 2) / 2595) - 1)
    hz = np.arange(N_FFT // 2 + 1) * RATE / N_FFT
    rise = (hz - edges[:-2, None]) / np.diff(edges)[:-1, None]
    fall = (edges[2:, None] - hz) / np.diff(edges)[1:, None]
    return sparse.csr_array(np.clip(np.minimum(rise, fall), 0, None).astype(np.float32))


@lru_cache
def _window():
    return signal.get_window("hann", FRAME).astype(np.float32)[:, None]


def log_mel(clip: np.ndarray, sample_rate: int) -> np.ndarray:
    """Log mel energies of one clip, trimmed: float32 (frames, 24), a frame each 10 ms."""
    return _log_mel([_prepare(clip, sample_rate)])


def _log_mel(prepared):
    counts = [_frames(clip) for clip in prepared]
    columns = np.zeros((N_FFT, sum(counts)), np.float32)                # a frame each
    for clip, count, last in zip(prepared, counts, np.cumsum(counts)):
        overlapping = np.ndarray((FRAME, count), np.float32, clip, strides=(clip.itemsize, HOP * clip.itemsize))
        np.multiply(overlapping, _window(), out=columns[:FRAME, last - count:last])
    parts = fft.rfft(columns, axis=0).view(np.float32)                  # real, imaginary, real, imaginary ...
    np.square(parts, out=parts)
    mels = _mel_filters() @ (parts[:, ::2] + parts[:, 1::2])
    mels += np.float32(LOG_FLOOR)
    return np.log(mels, out=mels).T


def _frames(prepared):
    return (len(prepared) - FRAME) // HOP + 1


def _vectors(prepared):
    """Features of prepared clips: the trajectory (R) and the segment statistics (S)."""
    counts = np.array([_frames(clip) for clip in prepared])
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    cepstra = fft.dct(_log_mel(prepared), norm="ortho")[:, :N_CEPS]
    centred = cepstra - np.repeat(np.add.reduceat(cepstra, first) / counts[:, None].astype(np.float32), counts, axis=0)
    both = np.hstack([centred, _deltas(centred, first, counts)])
    return np.hstack([_trajectory(cepstra, first, counts), _segments(both, first, counts)])


def _trajectory(cepstra, first, counts):
    """Cepstra at 16 equally spaced instants, linearly interpolated: (clips, 16 * 13)."""
    at = np.linspace(0, 1, N_POINTS) * (counts[:, None] - 1)
    low = np.minimum(at.astype(int), counts[:, None] - 2)
    share = (at - low).astype(np.float32)[..., None]
    low += first[:, None]
    return ((1 - share) * cepstra[low] + share * cepstra[low + 1]).reshape(len(counts), -1)


def _deltas(values, first, counts):
    """Regression slopes over two frames each side, edges repeated within a clip."""
    here = np.arange(len(values))
    low, high = np.repeat(first, counts), np.repeat(first + counts - 1, counts)
    def at(step):
        return values[np.clip(here + step, low, high)]
    return (at(1) - at(-1) + 2 * (at(2) - at(-2))) * np.float32(.1)


def _segments(values, first, counts):
    """Means and standard deviations in five equal parts of each clip: (clips, 5 * 2 * 26)."""
    bounds = first[:, None] + counts[:, None] * np.arange(N_SEGMENTS) // N_SEGMENTS
    sizes = np.diff(np.append(bounds.ravel(), len(values)))
    mean = np.add.reduceat(values, bounds.ravel()) / sizes[:, None].astype(np.float32)
    rest = np.square(values - np.repeat(mean, sizes, axis=0))
    spread = np.sqrt(np.add.reduceat(rest, bounds.ravel()) / sizes[:, None].astype(np.float32))
    return np.hstack([mean, spread]).reshape(len(counts), -1)
