"""Speech and features against their peers: espeak-ng alone on the same texts, librosa on the same clips."""
import time

import numpy as np
import pandas as pd
import pytest

from course_lib.world import features, speech
from course_lib.world.pool import Pool, first_name
from course_lib.world.tables import table

BATCH = (3, 0)
RENDER_RATIO, FEATURE_RATIO = 1.8, 5
EXTRA = "librosa is one of the extras: see CONTRIBUTING.md, \"Dependencies\""


def test_a_batch_costs_little_more_than_its_speech(seconds, record_property):
    pool = Pool()
    takes = pool.takes[(pool.takes["speaker"] == BATCH[0]) & (pool.takes["rendition"] == BATCH[1])]
    names = pd.concat([table("cards")["name"], table("others")["name"]])
    said = [first_name(names[take.said]) if take.kind == "first" else names[take.said] for take in takes.itertuples()]
    texts = [(text, pool.speakers[BATCH[0]].voice) for text in said]
    alone = seconds(lambda: speech.render(texts, seed=1), time.process_time)
    whole = seconds(lambda: features.features(list(pool.render(*BATCH).values()), 8000), time.process_time)
    record_property("render_ratio", round(whole / alone, 2))
    print(f"{len(texts)} takes: {1000 * whole:.0f} ms, espeak-ng alone {1000 * alone:.0f} ms, ratio {whole / alone:.2f}")
    assert whole / alone <= RENDER_RATIO


def test_features_outrun_librosa(seconds, record_property):
    librosa = pytest.importorskip("librosa", reason=EXTRA)
    clips = list(Pool().render(*BATCH).values())
    ours, peer = seconds(lambda: features.features(clips, 8000)), seconds(lambda: [_by_librosa(librosa, clip) for clip in clips], times=3)
    record_property("clips_per_second", round(len(clips) / ours))
    print(f"{len(clips) / ours:,.0f} clips/s, librosa {len(clips) / peer:,.0f} clips/s, ratio {peer / ours:.1f}")
    assert peer / ours >= FEATURE_RATIO


def _by_librosa(librosa, clip):
    """The same recipe with librosa's functions: 468 numbers of one clip."""
    clip, _ = librosa.effects.trim(clip, top_db=30, frame_length=80, hop_length=80)
    clip = librosa.effects.preemphasis(clip / np.sqrt(np.mean(clip * clip)), coef=.97)
    cepstra = librosa.feature.mfcc(y=clip, sr=8000, n_mfcc=13, n_fft=256, win_length=200, hop_length=80, n_mels=24, fmin=60, fmax=3800, center=False)
    centred = cepstra - cepstra.mean(axis=1, keepdims=True)
    both = np.vstack([centred, librosa.feature.delta(centred, width=5, mode="nearest")])
    frames = cepstra.shape[1]
    points = [np.interp(np.linspace(0, frames - 1, 16), np.arange(frames), row) for row in cepstra]
    parts = [summary(part, axis=1) for part in np.array_split(both, 5, axis=1) for summary in (np.mean, np.std)]
    vector = np.concatenate([*points, *parts])
    assert vector.shape == (features.LENGTH,)
    return vector
