"""Keeps out of a process what a library would load only in case somebody asks for it."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder


class _Absent(MetaPathFinder):
    """Says that some modules are not installed, to the thread that made it."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._thread = threading.get_ident()

    def find_spec(self, name: str, path: object, target: object = None) -> None:
        """Nothing, or ImportError."""
        if name in self._names and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"{name} is left out", name=name)


@contextmanager
def left_out(*names: str) -> Iterator[None]:
    """Within the block these modules are not found, unless they are loaded already; afterwards whoever imports them
    gets them. For libraries that look once for what they can do without.
    """
    absent = _Absent(frozenset(names))
    sys.meta_path.insert(0, absent)
    try:
        yield
    finally:
        sys.meta_path.remove(absent)


def leave_pandas_out() -> None:
    """pyarrow looks for pandas at its first array, and would load it: 54 MB that nothing in the service asks for."""
    import pyarrow as pa

    with left_out("pandas"):
        pa.array([0])
