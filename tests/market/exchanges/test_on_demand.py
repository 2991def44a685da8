"""Only the exchanges that are asked are loaded, and ccxt is otherwise as it is published."""

import os
import subprocess
import sys
from pathlib import Path

BEGIN = "import sys, agent.market.exchanges, ccxt, ccxt.async_support as live\n"


def output_of(text: str, *folders: Path) -> str:
    """What a new process prints: in this one ccxt is loaded already."""
    path = os.pathsep.join([*map(str, folders), str(Path(__file__).parents[3])])
    done = subprocess.run(
        [sys.executable, "-c", text], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_no_exchange_is_loaded_until_its_name_is_used() -> None:
    loaded = "print([name for name in ccxt.exchanges if f'ccxt.async_support.{name}' in sys.modules])\n"
    before, after = output_of(f"{BEGIN}{loaded}live.deribit\n{loaded}").splitlines()
    assert before == "[]"
    assert after == "['deribit']"


def test_every_exchange_that_ccxt_names_is_there_with_the_class_of_its_module() -> None:
    compare = (
        "from importlib import import_module\n"
        "import ccxt.pro as streams\n"
        "for package in (ccxt, live, streams):\n"
        "    for name in package.exchanges:\n"
        "        known = getattr(package, name)\n"
        "        assert known is getattr(import_module(f'{package.__name__}.{name}'), name), name\n"
        "        assert issubclass(known, package.Exchange), name\n"
        "from agent.market.exchanges.venues import VENUES\n"
        "print(len(live.exchanges) > 100, {venue.ccxt_id for venue in VENUES.values()} - set(live.exchanges))\n"
    )
    assert output_of(BEGIN + compare) == "True set()"


def test_a_stream_is_the_class_of_the_polled_exchange_and_raises_the_same_errors() -> None:
    compare = (
        "import ccxt.pro as streams; from ccxt.base import errors\n"
        "print([issubclass(getattr(streams, name), getattr(live, name)) for name in ('binance', 'bybit')],\n"
        "      all(getattr(ccxt, name) is getattr(live, name) is getattr(errors, name) for name in errors.__all__))\n"
    )
    assert output_of(BEGIN + compare) == "[True, True] True"


def test_a_class_is_found_whose_module_was_imported_before_by_another_exchange() -> None:
    text = "live.binanceusdm\nprint(live.binance, live.binance is sys.modules['ccxt.async_support.binance'].binance)\n"
    assert output_of(BEGIN + text) == "<class 'ccxt.async_support.binance.binance'> True"


def test_refuses_a_name_that_ccxt_does_not_have() -> None:
    assert output_of(BEGIN + "print(hasattr(live, 'mtgox'), hasattr(ccxt, 'BaseError'))\n") == "False True"


def test_a_ccxt_of_another_layout_is_loaded_whole(tmp_path: Path) -> None:
    package = tmp_path / "ccxt"
    package.mkdir()
    (package / "__init__.py").write_text("from ccxt.venues import kraken, okx\nfrom .spot import spot\n")
    (package / "venues.py").write_text("class kraken: ...\nclass okx: ...\n")
    (package / "spot.py").write_text("class spot: ...\n")
    text = "import agent.market.exchanges, ccxt, sys\nprint(sorted(n for n in vars(ccxt) if n in ('kraken', 'spot')))\n"
    assert output_of(text, tmp_path) == "['kraken', 'spot']"
