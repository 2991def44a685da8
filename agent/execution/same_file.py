"""Whether paths still name the files that were opened: SQLite goes on with one that was removed or replaced."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class _Seen:
    identity: tuple[int, int]
    content: tuple[int, int]  # size and time of change, which every write moves


class SameFiles:
    """Files that this process holds open, as they were when it last had to do with them.

    To be kept only while they are open: the kernel gives the number of a file that is gone to another.

    Parameters
    ----------
    paths : what must stay where it is
    only_ours : those of them that nobody but this process writes

    Raises OSError when one of them is not there.
    """

    def __init__(self, paths: Sequence[Path], only_ours: Sequence[Path] = ()) -> None:
        self._only_ours = only_ours
        self._seen = {path: _look(path) for path in paths}

    def problem(self) -> str | None:
        """What happened to one of them behind our back, or None."""
        for path, seen in self._seen.items():
            try:
                found = _look(path)
            except OSError as error:
                return f"{path} is in use and cannot be found any more: {error.strerror}"
            if found.identity != seen.identity:
                return f"{path} is in use and was replaced by another file"
            if path in self._only_ours and found.content != seen.content:
                return f"{path} is in use and was written by somebody else"
        return None

    def written(self) -> None:
        """We wrote; what the files hold now is known. Raises OSError when one of them is gone."""
        for path in self._only_ours:
            self._seen[path] = _Seen(self._seen[path].identity, _look(path).content)


def _look(path: Path) -> _Seen:
    status = os.stat(path)
    return _Seen((status.st_dev, status.st_ino), (status.st_size, status.st_mtime_ns))
