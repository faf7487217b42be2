"""nbval runs each notebook of this folder in a workspace of its own, never in the learner's."""
import shutil
import tempfile
from pathlib import Path

import pytest

from course_lib.author.execution import environment

HOMES = pytest.StashKey[Path]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item):
    """A notebook's kernel starts in the set-up of its first cell and takes the environment of that moment."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(_homes(item.config) / item.path.stem).items():
            patch.setenv(name, value)
        return (yield)


def _homes(config):
    """A temporary folder of this process, removed at its end."""
    if HOMES not in config.stash:
        folder = config.stash[HOMES] = Path(tempfile.mkdtemp(prefix="course-nbval-"))
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))       # Windows keeps open files
    return config.stash[HOMES]
