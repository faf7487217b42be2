"""Audio that may be listened to: only of requests whose user agreed, in one folder of bounded size.

It is off unless a folder is given, and what is in it is no random sample: who agrees differs from who does not.
"""
import os
import re
from pathlib import Path
from typing import Iterable

from course_lib import workspace

CONSENT = "audio"                                    # what the header x-consent says
_ID = re.compile(r"^[0-9a-f]{32}$")
MAX_BYTES = 20_000_000                               # some 1,200 utterances of a second


class ConsentedAudio:
    """A folder of WAV files, named by the request that they belong to; when it is full, the oldest go first.

    Parameters
    ----------
    folder : made if it is not there
    max_bytes : of all files together

    Raises
    ------
    WorkspaceError
        The folder cannot be made.
    """

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES):
        if max_bytes < 1:
            raise ValueError(f"max_bytes is {max_bytes!r}; one or more is expected")
        self.folder, self.max_bytes = Path(folder), max_bytes
        with workspace.explained(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)

    def keep(self, request_id: str, body: bytes) -> None:
        """Keep one WAV file whole or not at all, then make room; OSError where the folder cannot be written."""
        place = self._place(request_id)
        part = place.with_suffix(".part")
        try:
            part.write_bytes(body)
            os.replace(part, place)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        self._make_room()

    def ids(self) -> list[str]:
        """The requests whose audio is kept, the oldest first."""
        return [place.stem for place, *_ in self._files()]

    def body(self, request_id: str) -> bytes:
        """The WAV file of one request; KeyError where none is kept."""
        try:
            return self._place(request_id).read_bytes()
        except FileNotFoundError:
            raise KeyError(request_id) from None

    def forget(self, request_ids: Iterable[str]) -> int:
        """Delete the audio of some requests, as when their user takes the consent back; returns how many were there."""
        places = [self._place(request_id) for request_id in request_ids]
        there = [place for place in places if place.exists()]
        for place in there:
            place.unlink(missing_ok=True)
        return len(there)

    def _place(self, request_id):
        if not _ID.fullmatch(request_id):
            raise ValueError("a request id of 32 hexadecimal digits is expected")
        return self.folder / f"{request_id}.wav"

    def _files(self):
        """Path, bytes and time of each file, the oldest first; one that another worker deletes meanwhile is left out."""
        found = []
        for place in self.folder.glob("*.wav"):
            try:
                about = place.stat()
            except FileNotFoundError:
                continue
            found.append((place, about.st_size, about.st_mtime_ns))
        return sorted(found, key=lambda one: (one[2], one[0].name))

    def _make_room(self):
        files = self._files()
        over = sum(size for _, size, _ in files) - self.max_bytes
        for place, size, _ in files:
            if over <= 0:
                return
            place.unlink(missing_ok=True)
            over -= size
