"""How research compiles: to machine code that is kept between runs, and from the live agent's own functions."""

import inspect
import tempfile
import zlib
from pathlib import Path

from numba import config, njit

from agent.scaling import funding


def _cache_folder() -> Path:
    """A folder per text of everything that is compiled.

    numba compiles a function anew when its own file changes, not when a function that it calls lies in another file
    and changes there; it would go on running the old one.
    """
    texts = [file.read_bytes() for file in sorted(Path(__file__).parent.glob("*.py"))]
    version = f"numba-{zlib.crc32(b''.join([*texts, inspect.getsource(funding).encode()])):08x}"
    folder = Path.home() / ".cache" / "ballast" / version
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a service account without a home
        folder = Path(tempfile.gettempdir()) / f"ballast-{version}"
    return folder


if not config.CACHE_DIR:  # type: ignore[attr-defined]
    config.CACHE_DIR = str(_cache_folder())  # type: ignore[attr-defined]

# Division by zero gives infinity as in numpy instead of an exception, which costs a branch at every division.
compiled = njit(cache=True, nogil=True, error_model="numpy")
# For what runs at every row: a call hands over every array as seven numbers, which takes longer than the work.
compiled_inline = njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
compiled_parallel = njit(cache=True, nogil=True, error_model="numpy", parallel=True)
compiled_funding_step = njit(nogil=True, error_model="numpy", forceinline=True)(funding.funding_step)
