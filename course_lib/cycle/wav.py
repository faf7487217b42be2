"""What a client may send: one short utterance as a WAV file, or a refusal that says why."""
import io

import numpy as np
import soundfile

from course_lib.cycle.intake import Refused
from course_lib.world import features


def decode(body: bytes, max_seconds: float = 10.0) -> tuple[np.ndarray, int]:
    """A WAV body as one channel of float32 in [-1, 1] and its rate; Refused (400 or 413) where it is not one.

    Channels are averaged; 8 to 32 bits and floats are read; a file that was cut short counts as far as it goes.
    """
    if body[:4] != b"RIFF" or body[8:12] != b"WAVE":
        raise Refused(400, "not a WAV file", "send the bytes of a RIFF/WAVE file as the body")
    try:
        with soundfile.SoundFile(io.BytesIO(body)) as stream:
            rate, frames = stream.samplerate, stream.frames
            if not features.RATE <= rate <= 48_000:
                raise Refused(400, f"the sample rate is {rate} Hz", "8,000 to 48,000 Hz are taken")
            if frames > max_seconds * rate:
                raise Refused(413, f"the clip is longer than {max_seconds:g} seconds", "send one short utterance")
            samples = stream.read(dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, OverflowError, ValueError) as error:
        raise Refused(400, "the WAV cannot be read", str(error)[:200]) from None
    if samples.shape[1] > 8:
        raise Refused(400, f"{samples.shape[1]} channels", "one or two are expected")
    return np.clip(samples.mean(axis=1), -1, 1) if np.isfinite(samples).all() else samples.mean(axis=1), rate
