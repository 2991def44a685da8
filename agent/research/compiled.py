"""How research compiles: to machine code that is kept between runs, and from the live agent's own functions."""

import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from agent.lean import left_out
from agent.scaling import funding

# numba looks for these when it loads, and does without: tracing of compiled lines, calls of C, products of matrices.
with left_out("coverage", "cffi", "scipy.linalg"):
    from numba import config, njit
    from numba.core.typing import cffi_utils  # noqa: F401  # looks for cffi
    from numba.np import arraymath  # noqa: F401  # looks for scipy.linalg

Function = TypeVar("Function", bound=Callable[..., Any])


LIVE_TEXTS = (
    "policy.py",
    "scaling/funding.py",
    "strategies/book.py",
    "strategies/cash.py",
    "strategies/ceilings.py",
    "units.py",
    "volatility/truncation.py",
)


def _cache_folder() -> Path:
    """A folder per text of everything that is compiled, and of the files whose constants are compiled in.

    numba compiles a function anew when its own file changes, not when a function that it calls lies in another file
    and changes there; it would go on running the old one.
    """
    here = Path(__file__).parent
    files = [*sorted(here.glob("*.py")), *(here.parent / name for name in LIVE_TEXTS)]
    version = f"numba-{zlib.crc32(b''.join(file.read_bytes() for file in files)):08x}"
    folder = Path.home() / ".cache" / "ballast" / version
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a service account without a home
        folder = Path(tempfile.gettempdir()) / f"ballast-{version}"
    return folder


if not config.CACHE_DIR:  # type: ignore[attr-defined]  # numba makes its options when it is loaded
    config.CACHE_DIR = str(_cache_folder())  # type: ignore[attr-defined]  # as above


def _compile(**options: Any) -> Callable[[Function], Function]:
    """numba's njit with types; division by zero gives infinity as in numpy instead of a branch at every division."""
    return cast(Callable[[Function], Function], njit(nogil=True, error_model="numpy", **options))


compiled = _compile(cache=True)
# For what runs at every row and allocates nothing: without numba's counting of references to every array that is handed
# on, which took most of the time, and without the call itself.
compiled_row = _compile(cache=True, _nrt=False)
compiled_inline = _compile(cache=True, _nrt=False, forceinline=True)
compiled_parallel = _compile(cache=True, parallel=True)
compiled_funding_fold: Callable[..., Any] = _compile(_nrt=False)(funding.funding_fold)
