"""Whether an SQLite file that several processes write is still the one that was opened."""

import os
import sys
import threading
from pathlib import Path

import sqlalchemy as sql

_MAGIC = b"SQLite format 3\0"
_CHANGES = slice(24, 28)  # of the header: how many transactions have changed the file, big-endian


class DatabaseFile:
    """The SQLite file behind open connections, which go on with it when it is removed or replaced: a stop that another
    process writes into the new one would not be seen. So it is looked at before every question.

    It stays open until the end, because closing a file lets go of all locks of this process on it, SQLite's included.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened = path.open("rb", buffering=0)
        self._changes = 0
        self._lock = threading.Lock()  # of counts that are read and compared in one order

    def close(self) -> None:
        """To be called after the last connection was closed."""
        self._opened.close()

    def require_same(self) -> None:
        """Raises SQLAlchemyError when the path names another file, none, or an older copy of this one; or OSError."""
        named, opened = os.stat(self._path), os.fstat(self._opened.fileno())
        if (named.st_dev, named.st_ino) != (opened.st_dev, opened.st_ino):
            raise sql.exc.SQLAlchemyError(f"{self._path} was replaced while it was in use")
        with self._lock:
            header = os.pread(self._opened.fileno(), _CHANGES.stop, 0)
            if not header.startswith(_MAGIC):
                raise sql.exc.SQLAlchemyError(f"{self._path} is no database any more")
            changes = int.from_bytes(header[_CHANGES])
            if changes < self._changes:
                self._changes = sys.maxsize  # whatever is written into it from now on
                raise sql.exc.SQLAlchemyError(f"{self._path} was overwritten with an older copy while it was in use")
            self._changes = changes
