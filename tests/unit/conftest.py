"""One small recogniser, trained once, and what is sent to it: shared by the tests of the product's parts."""
import io

import numpy as np
import pytest
import soundfile

from course_lib.cycle import bundle
from course_lib.cycle.calibrate import launch_model
from course_lib.world import recorded
from course_lib.world.pool import Pool
from course_lib.world.world import World


@pytest.fixture(scope="session")
def model():
    """The launch model of world 0, fitted."""
    return launch_model(World(0))


@pytest.fixture(scope="session")
def names():
    """Card id -> name, of every card there will ever be."""
    return World(0).cards["name"].to_dict()


@pytest.fixture(scope="session")
def utterances():
    """Clips at 8,000 Hz that ship with the course: no synthesiser is needed."""
    audio = recorded.bank(Pool()).audio
    return [audio[number] for number in sorted(audio)]


@pytest.fixture
def folder(tmp_path, model, names):
    """A folder of bundles whose champion is the launch model."""
    place = tmp_path / "bundles"
    bundle.point(place, bundle.save(model, .5, names, place))
    return place


@pytest.fixture(scope="session")
def wav():
    """A function that writes samples as the bytes of a WAV file."""
    def write(samples, rate=8_000, subtype="PCM_16", **options):
        stream = io.BytesIO()
        soundfile.write(stream, np.asarray(samples), rate, format="WAV", subtype=subtype, **options)
        return stream.getvalue()
    return write


@pytest.fixture(scope="session")
def body(utterances, wav):
    """One utterance as a WAV file."""
    return wav(utterances[0])


@pytest.fixture
def compiled(tmp_path_factory, monkeypatch):
    """Child processes keep the modules that they compile: starting them costs what it costs a learner, not the compiler."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path_factory.getbasetemp() / "compiled"))
