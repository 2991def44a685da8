"""Keeps out of the agent's memory what it does not use."""

import sys
from importlib.abc import MetaPathFinder


class _NoPandas(MetaPathFinder):
    """Says that pandas is not installed."""

    def find_spec(self, name: str, path: object, target: object = None) -> None:
        """Nothing, or ImportError."""
        if name == "pandas":
            raise ImportError("left out")


def leave_pandas_out() -> None:
    """Let pyarrow believe that there is no pandas, unless it is loaded already.

    pyarrow looks for it once, at the first array, and loads it when it is installed: 54 MB that nothing in the service
    asks for. Whoever imports pandas later gets it. To be called at the start of a process, before other threads run.
    """
    if "pandas" in sys.modules:
        return
    import pyarrow as pa

    absent = _NoPandas()
    sys.meta_path.insert(0, absent)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(absent)
