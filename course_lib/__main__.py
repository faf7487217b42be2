"""Start the course: `python3 -m course_lib`, on Windows `py -m course_lib`.

This file parses on any Python since 2.7, so that an old one can say which is needed, or hand over to one that is
installed beside it. All else is in environment.py and cli.py.
"""
from __future__ import print_function

import os
import subprocess
import sys

VERSIONS = ((3, 14), (3, 13), (3, 12), (3, 11))
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ASK = "import sys; print('%d.%d' % sys.version_info[:2])"


def on_path(program):
    """Every file of this name in the folders of PATH."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    paths = [os.path.join(folder, program) for folder in folders if folder]
    return [path for path in paths if os.access(path, os.X_OK) and not os.path.isdir(path)]


def candidates(windows=os.name == "nt"):
    """Pairs of a supported version and a command that may start it, newest first."""
    for version in VERSIONS:
        number = "%d.%d" % version
        for path in on_path("py.exe") if windows else on_path("python" + number):
            yield number, [path, "-" + number] if windows else [path]


def answers(number, command):
    """Whether a command really is this version of Python; a name on PATH can be an empty promise."""
    with open(os.devnull, "w") as nowhere:
        try:
            said = subprocess.check_output(command + ["-c", ASK], stderr=nowhere)
        except (OSError, subprocess.CalledProcessError):
            return False
    return said.decode("ascii", "replace").strip() == number


def newer():
    """The command of a supported Python on this machine, or None."""
    for number, command in candidates():
        if answers(number, command):
            return command
    return None


def hand_over(command):
    """Run this module by another Python; returns its exit code."""
    print("course: this is Python %d.%d; going on with %s" % (sys.version_info[0], sys.version_info[1],
                                                              " ".join(command)), file=sys.stderr)
    environment = dict(os.environ, PYTHONPATH=ROOT)
    environment.pop("PYTHONHOME", None)
    return subprocess.call(command + ["-m", "course_lib"] + sys.argv[1:], env=environment)


def main():
    """Set up and start, or say what is missing; returns the exit code."""
    if tuple(sys.version_info[:2]) in VERSIONS:
        sys.path.insert(0, ROOT)                        # also for `python3 course_lib`
        from course_lib import environment
        return environment.start(sys.argv[1:])
    command = newer()
    if command:
        return hand_over(command)
    print("course: the course needs Python 3.11, 3.12, 3.13 or 3.14, and this is Python %d.%d (%s). Install one of them "
          "(python.org/downloads, or your system's packages) and start again with it, for example: python3.13 -m "
          "course_lib" % (sys.version_info[0], sys.version_info[1], sys.executable), file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
