"""`ballast market liquidations` and its exact sister, from the option to the picture."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli.main import app
from chains.functions import Function
from chains.local import DEPOSITOR, LocalChain, Sender, WorldSpec, local_chain
from chains.local.aave_contracts import load_aave

PNG = b"\x89PNG\r\n\x1a\n"


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["market", *words], env={"BALLAST_DATA": "", "COLUMNS": "140"})
    return result.exit_code, result.output


def test_without_data_the_map_says_that_it_is_synthetic_and_an_estimate(tmp_path: Path) -> None:
    picture = tmp_path / "maps" / "eth.png"
    code, output = run("liquidations", "ETH", "--own", "hyperliquid:-10:1400:3500:0.02", "--png", str(picture))
    assert code == 0
    assert "SYNTHETIC ETHUSDT" in output
    assert "ESTIMATE" in output
    assert "own short at hyperliquid; act by" in output
    assert picture.read_bytes().startswith(PNG)


def test_recorded_data_give_the_map_of_that_moment(data_folder: Path) -> None:
    code, output = run("liquidations", "eth", "--data", str(data_folder), "--at", "2024-03-01")
    assert code == 0
    assert "ETHUSDT: estimated liquidations, 2024-02-29 23:00 UTC" in output
    assert "SYNTHETIC" not in output
    assert "away" in output


@pytest.mark.parametrize(
    "words",
    [
        ("--own", "hyperliquid:-10:2000"),
        ("--own", "kraken:-10:2000:4000:0.02"),
        ("--own", "bybit:0:2000:4000:0.02"),
        ("--own", "bybit:nan:2000:4000:0.02"),
        ("--at", "yesterday"),
    ],
    ids=" ".join,
)
def test_refuses_what_it_cannot_read(words: tuple[str, ...]) -> None:
    code, output = run("liquidations", "ETH", *words)
    assert code == 2
    assert "CONFIG_OUT_OF_RANGE" in output


def test_names_the_files_when_a_market_is_unknown(data_folder: Path) -> None:
    code, output = run("liquidations", "EHT", "--data", str(data_folder))
    assert code == 2
    assert "ETHUSDT-1h.parquet" in output


def test_measures_its_error_on_recorded_data_and_on_nothing_else(data_folder: Path) -> None:
    code, output = run("liquidation-error", "BTC", "--data", str(data_folder))
    assert code == 0
    assert "0.116" in output
    assert run("liquidation-error")[0] == 2


@pytest.fixture(scope="module")
def lending(eth_spec: WorldSpec) -> Iterator[LocalChain]:
    with local_chain(replace(eth_spec, perp=None, lending=True)) as chain:
        yield chain


def test_the_map_of_a_real_pool_is_exact(lending: LocalChain, tmp_path: Path) -> None:
    assert lending.aave is not None
    pool, world, sender = lending.aave.pool, lending.world, Sender(lending.node, DEPOSITOR)
    call = load_aave("Pool").function
    sender.send(world.weth, Function("deposit()"), value=10 * 10**18)
    sender.send(world.weth, Function("approve(address,uint256)"), pool, 10 * 10**18)
    sender.send(pool, call("supply"), world.weth, 10 * 10**18, DEPOSITOR, 0)
    sender.send(pool, call("borrow"), world.usdc, 22_000 * 10**6, 2, 0, DEPOSITOR)  # liquidated at 2,650
    picture = tmp_path / "aave.png"
    words = ("--rpc", lending.url, "--pool", pool, "--token", world.weth, "--png", str(picture))
    code, output = run("aave-liquidations", *words)
    assert code == 0
    assert "exact" in output
    assert "1 of 2 borrowers" in output
    assert "$26.5k" in output
    assert picture.read_bytes().startswith(PNG)


def test_a_token_that_is_no_reserve_is_refused(lending: LocalChain) -> None:
    assert lending.aave is not None
    words = ("--rpc", lending.url, "--pool", lending.aave.pool, "--token", "0x" + "77" * 20)
    code, output = run("aave-liquidations", *words)
    assert code == 2
    assert "DATA_MISSING" in output
