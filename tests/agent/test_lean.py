"""What is left out is missing to whoever looks within the block, and to nobody else."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from agent.lean import left_out


@pytest.fixture
def name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "an_optional_part.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "an_optional_part", raising=False)
    return "an_optional_part"


def test_a_module_that_is_left_out_is_not_found_until_the_end_of_the_block(name: str) -> None:
    with left_out(name), pytest.raises(ModuleNotFoundError, match="is left out"):
        __import__(name)
    __import__(name)


def test_a_module_that_is_loaded_stays(name: str) -> None:
    __import__(name)
    with left_out(name):
        assert __import__(name).__name__ == name


def test_another_thread_finds_it_meanwhile(name: str) -> None:
    with left_out(name):
        other = threading.Thread(target=__import__, args=(name,))
        other.start()
        other.join()
        assert name in sys.modules


def loaded(text: str, *names: str) -> list[str]:
    """Which of the modules a new process has loaded after `text`."""
    command = f"import sys\n{text}\nprint(*[name for name in {names!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_service_reads_its_hours_without_pandas() -> None:
    text = (
        "from agent.lean import leave_pandas_out\nleave_pandas_out()\nimport pyarrow\npyarrow.array([1.5]).to_numpy()"
    )
    assert loaded(text, "pyarrow", "pandas") == ["pyarrow"]
    assert loaded(f"{text}\nimport pandas", "pandas") == ["pandas"]


def test_functions_compile_without_what_numba_would_load_in_case() -> None:
    text = "import agent.research.compiled\nfrom numba import njit\nassert njit(lambda x: x + 1.0)(1.0) == 2.0"
    assert loaded(text, "numba", "scipy.linalg", "coverage", "cffi") == ["numba"]
    later = f"{text}\nfrom numba.np.linalg import ensure_blas\nensure_blas()"
    assert loaded(later, "scipy.linalg.cython_blas") == ["scipy.linalg.cython_blas"]
