"""How a new version meets users: shadow, canary or blue-green, as settings that the running service follows.

The settings are one small file beside the pointer to the champion. A canary goes by device: a hash
decides who is in it, the same in every process and on every day (Kohavi, Tang and Xu, 2020).
"""
import hashlib
import json
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from course_lib.cycle import bundle as bundles

FILE, MODES = "release.json", ("off", "shadow", "canary", "blue-green")
_VERSION, _SALT = r"[0-9a-f]{12}", r"[\w.:-]{1,64}"


class ReleaseError(RuntimeError):
    """Settings of a release that cannot be followed; the message says which and what is expected."""


@dataclass(frozen=True)
class Release:
    """Who gets the challenger.

    Attributes
    ----------
    mode : "off", nobody; "shadow", it answers unseen; "canary", a share of devices; "blue-green", everybody,
        while the champion stays loaded
    challenger : version of the bundle on trial; "" where the mode is off
    share : of devices in a canary, 0 to 1
    salt : another salt draws other devices; keep it while a canary grows, and those who were in it stay
    champion : version that the challenger is tried against; with another champion, as after a rollback, the trial is over
    """
    mode: str = "off"
    challenger: str = ""
    share: float = 0.0
    salt: str = "release-1"
    champion: str = ""

    def __post_init__(self):
        if self.mode not in MODES:
            raise ReleaseError(f"mode is {self.mode!r}; one of {', '.join(MODES)} is expected")
        if self.mode != "off" and not re.fullmatch(_VERSION, str(self.challenger)):
            raise ReleaseError(f"challenger is {self.challenger!r}; the version of a bundle, twelve hexadecimal digits, is expected")
        if isinstance(self.share, bool) or not isinstance(self.share, (int, float)) or not 0 <= self.share <= 1:
            raise ReleaseError(f"share is {self.share!r}; a number from 0 to 1 is expected")
        if not isinstance(self.salt, str) or not re.fullmatch(_SALT, self.salt):
            raise ReleaseError(f"salt is {self.salt!r}; a word of at most 64 letters and digits is expected")
        if self.champion and not re.fullmatch(_VERSION, str(self.champion)):
            raise ReleaseError(f"champion is {self.champion!r}; the version of a bundle, twelve hexadecimal digits, is expected")

    def takes(self, device: str | None) -> bool:
        """Whether a device gets the challenger's answer; in a canary one without an id does not."""
        if self.mode == "canary":
            return device is not None and bucket(device, self.salt) < self.share
        return self.mode == "blue-green"

    def against(self, champion: str) -> "Release":
        """These settings where that champion serves: a trial against another one is over."""
        return self if self.champion in ("", champion) else Release()


def bucket(device: str, salt: str) -> float:
    """Where a device falls between 0 and 1 (not included): a hash, so the same in every process.

    >>> round(bucket("d-17", "release-1"), 3) == round(bucket("d-17", "release-1"), 3) != round(bucket("d-17", "other"), 3)
    True
    """
    return int(hashlib.sha256(f"{salt}/{device}".encode()).hexdigest()[:8], 16) / 16**8


def read(folder: Path) -> Release:
    """The settings of a folder, "off" where there are none; ReleaseError where the file is not readable."""
    try:
        found = json.loads((Path(folder) / FILE).read_text(encoding="utf-8"))
        return Release(**found)
    except FileNotFoundError:
        return Release()
    except (OSError, ValueError, TypeError) as error:
        raise ReleaseError(f"{FILE} does not hold settings of a release ({error}); write them again") from None


def write(folder: Path, mode: str, challenger: str = "", share: float = 0.0, salt: str = "release-1") -> Release:
    """Change the settings in one step: running services follow within a second. A trial ends when the champion changes.

    Parameters
    ----------
    folder : bundles with a champion
    mode, challenger, share, salt : as in `Release`

    Raises
    ------
    ReleaseError, BundleError
        The settings make no sense, or the challenger's bundle is missing or damaged.
    """
    folder, wanted = Path(folder), Release(mode, challenger, share, salt)
    if wanted.mode != "off":
        bundles.load(folder / wanted.challenger)
        wanted = replace(wanted, champion=bundles.champion(folder).name)
    bundles.replace_json(folder / FILE, asdict(wanted))
    return wanted


def back(folder: Path) -> Release:
    """Everybody gets the champion again."""
    return write(folder, "off")


def promote(folder: Path) -> Path:
    """The challenger becomes the champion; returns its bundle. ReleaseError where none is on trial against this champion."""
    now = read(folder).against(bundles.champion(folder).name)
    if now.mode == "off":
        raise ReleaseError("no challenger is on trial; begin with shadow, canary or blue-green")
    bundles.point(folder, Path(folder) / now.challenger)
    back(folder)
    return Path(folder) / now.challenger


@dataclass(frozen=True)
class Serving:
    """What a service holds loaded, never changed: a request that has begun ends with what it began with."""
    champion: bundles.Bundle
    challenger: bundles.Bundle | None = None
    release: Release = Release()

    def bundle(self, device: str | None) -> bundles.Bundle:
        """The bundle whose answer a device gets."""
        return self.challenger if self.challenger is not None and self.release.takes(device) else self.champion


def follow(folder: Path, now: Serving | None = None) -> tuple[Serving, str]:
    """What pointer and settings say now, loaded, and what is wrong with them in a sentence or "".

    Whatever is missing or damaged changes nothing: what served before, `now`, goes on serving.
    BundleError at the start, where nothing serves yet and there is no sound champion.
    """
    faults = []
    try:
        champion = _loaded(bundles.champion(folder), now)
    except Exception as error:
        if now is None:
            raise
        champion = now.champion
        faults.append(str(error))
    try:
        release = read(folder).against(champion.version)
        challenger = None if release.mode == "off" else _loaded(Path(folder) / release.challenger, now)
    except Exception as error:
        release = Release() if now is None else now.release.against(champion.version)
        challenger = None if release.mode == "off" else now.challenger
        faults.append(str(error))
    return Serving(champion, challenger, release), "; ".join(faults)


def _loaded(place, now):
    """A bundle, from memory if it serves already: bundles never change."""
    held = () if now is None else (now.champion, now.challenger)
    return next((b for b in held if b is not None and b.version == place.name), None) or bundles.load(place)
