"""Say any text: a voice, a device and a room of the world, outside its pool of takes."""
import numpy as np

from course_lib.world import channel, speech
from course_lib.world.draws import keyed
from course_lib.world.tables import table


def say(text: str, group: str = "american", device: str = "phone", room: str = "quiet",
        snr_db: float | None = None, variant: str = "m3", seed: int = 0) -> tuple[np.ndarray, int]:
    """A text as the service would receive it.

    Parameters
    ----------
    text : up to 200 characters
    group, device, room : names from data/voices.csv, data/devices.csv and data/rooms.csv
    snr_db : speech level over noise level (dB); None takes the middle of the room's range
    variant : espeak-ng's timbre, such as m1 to m8 or f1 to f5
    seed : draws echo and noise

    Returns
    -------
    float32 array in [-1, 1] and its sample rate in Hz

    Raises
    ------
    ValueError
        A name is unknown or the text cannot be spoken.
    SpeechUnavailable
        espeak-ng does not load here.
    """
    voice, where = _row("voices", group), _row("rooms", room)
    if variant not in voice["variants"]:
        raise ValueError(f"variant {variant!r} is unknown for {group}; known are {', '.join(voice['variants'])}")
    if snr_db is not None:
        where = where | dict(snr_low_db=snr_db, snr_high_db=snr_db)
    clips, rate = speech.render([(text, speech.Voice(voice["language"], variant))])
    rng = keyed(seed, "say", text, group, device, room)
    return channel.transmit(clips[0], rate, 1.0, _row("devices", device), where, rng), channel.RATE


def _row(name, key):
    rows = table(name)
    if key not in rows.index:
        raise ValueError(f"{key!r} is not in data/{name}.csv; it has {', '.join(rows.index)}")
    return rows.loc[key].to_dict()
