"""Fixtures that several test folders share."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import settings

from agent.market.vault_reader import VaultSite
from chains.local import LocalChain, PerpSpec, VaultAddresses, World, WorldSpec, local_chain

# A change is judged by the same examples every time; `make prove` draws others.
settings.register_profile("same", derandomize=True)
settings.register_profile("fresh")
settings.load_profile("same")

GENESIS = 1_700_000_000
FIRST_PRICE = 3000.0


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Recorded market data, which is kept outside of the project."""
    folder = os.environ.get("BALLAST_DATA")
    if not folder:
        pytest.skip("BALLAST_DATA does not name the folder of recorded market data")
    path = Path(folder)
    assert path.is_dir(), f"BALLAST_DATA={folder} is not a folder"
    return path


@pytest.fixture(scope="session")
def free_port() -> int:
    """A port that nobody listens on, for this worker's processes one after the other."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@pytest.fixture(scope="session")
def eth_spec() -> WorldSpec:
    """An ETH market at 3,000 USD with a perp, from a fixed instant."""
    perp = PerpSpec("ETH", size_decimals=4, max_leverage=25, index=1)
    return WorldSpec(GENESIS, "ETH", 18, FIRST_PRICE, perp)


@pytest.fixture(scope="session")
def chain(eth_spec: WorldSpec) -> Iterator[LocalChain]:
    """One local chain for the whole run; tests move time forward only, and share whatever they leave."""
    with local_chain(eth_spec) as running:
        yield running


@pytest.fixture(scope="session")
def site_of() -> Callable[[World, VaultAddresses], VaultSite]:
    """Makes of a deployed vault what reading it takes; WETH and the perp are those of `eth_spec` and the carry file."""
    from agent.config.file import load_config
    from agent.replay.stage import site_of

    return partial(site_of, load_config(Path(__file__).parents[1] / "configs" / "eth-carry.yaml").config)


def _program(name: str) -> str | None:
    """PostgreSQL's programs are often beside the path: Debian keeps them per version."""
    found = shutil.which(name)
    if found is not None and Path(found).resolve().name == name:
        return str(Path(found).resolve())
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(versions[-1]) if versions else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a fresh PostgreSQL that listens on a socket of its own and nothing else."""
    initdb, server = _program("initdb"), _program("postgres")
    if initdb is None or server is None:
        pytest.skip("no PostgreSQL server is installed on this machine")
    account = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    if account is not None and account not in {entry.pw_name for entry in pwd.getpwall()}:
        pytest.skip("running as root and there is no account named postgres to run the server as")
    folder = Path(tempfile.mkdtemp(prefix="ballast-postgres-"))
    if account is not None:
        shutil.chown(folder, account)
    data = folder / "data"
    subprocess.run([initdb, "-D", data, "-U", "ballast", "--auth=trust"], check=True, capture_output=True, user=account)
    process = subprocess.Popen(
        [server, "-D", data, "-k", folder, "-c", "listen_addresses="],
        user=account,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"postgresql+psycopg://ballast@/postgres?host={folder}"
    try:
        _wait(url)
        yield url
    finally:
        process.send_signal(signal.SIGINT)  # disconnects whoever is left
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(url: str) -> None:
    import time

    import sqlalchemy as sql

    engine = sql.create_engine(url)
    for _ in range(100):
        try:
            with engine.connect():
                engine.dispose()
                return
        except sql.exc.OperationalError:
            time.sleep(0.1)
    raise RuntimeError("PostgreSQL did not start within ten seconds")
