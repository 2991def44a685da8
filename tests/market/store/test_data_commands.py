"""`ballast data`: what it prints, what it leaves, and its exit codes."""

from pathlib import Path

import numpy as np
import pytest
from small_series import FUNDING, HOUR_MS, PERP, candle_columns, content, fill, hours, ms, table, walk, write
from typer.testing import CliRunner, Result

from agent.cli.data import app
from agent.market.file_checks import Origin
from agent.market.replay_server import ReplayServer, VirtualClock, synthetic_histories
from agent.market.store import open_store
from agent.market.store.recordings import Recording
from agent.market.store.show import shown

PNG = b"\x89PNG\r\n\x1a\n"


def run(*arguments: object) -> Result:
    return CliRunner(env={"COLUMNS": "150"}).invoke(app, [str(argument) for argument in arguments])


def sound_store(folder: Path) -> Path:
    store = open_store(folder)
    fill(store, PERP, table(hours(2_000), candle_columns(walk(2_000).tolist())))
    fill(store, FUNDING, table(hours(250, every_h=8), {"rate": [0.0001, 0.0002] * 125}))
    return folder


def test_check_says_ok_and_exits_with_zero(tmp_path: Path) -> None:
    result = run("check", sound_store(tmp_path))
    assert result.exit_code == 0
    assert "ok  0 problems, 0 facts to know" in result.stdout


def test_check_names_the_problem_and_exits_with_two(tmp_path: Path) -> None:
    columns = candle_columns(walk(50).tolist())
    columns["low"][9] = 0.0
    stamps = [*hours(25), *hours(25, hours(28)[-1])]
    write(tmp_path, "binance/perp/ETHUSDT-1h.parquet", stamps, columns)
    result = run("check", tmp_path)
    assert result.exit_code == 2
    assert "DATA_NOT_POSITIVE: low must be above zero" in result.stdout
    assert "[binance/perp/ETHUSDT-1h.parquet row 9]" in result.stdout
    assert "1 problem, 1 facts to know" in result.stdout
    assert "DATA_GAP" not in run("check", tmp_path, "--quiet").stdout


def test_import_leaves_out_what_has_a_problem(tmp_path: Path) -> None:
    write(tmp_path / "files", "binance/funding/ETHUSDT.parquet", hours(50, every_h=8), {"rate": [0.0001] * 50})
    write(tmp_path / "files", "binance/funding/BTCUSDT.parquet", hours(50, every_h=8), {"rate": [5.0] * 50})
    result = run("import", tmp_path / "files", "--store", tmp_path / "store")
    assert result.exit_code == 2
    assert [key.symbol for key in open_store(tmp_path / "store").series()] == ["ETHUSDT"]
    assert "DATA_UNIT" in result.stdout
    assert run("import", tmp_path / "files", "--clock", "multi=Europe/Londn").exit_code == 2


def test_show_draws_a_picture_and_a_line_for_the_terminal(tmp_path: Path) -> None:
    store, picture = sound_store(tmp_path / "store"), tmp_path / "deep" / "picture.png"
    result = run("show", "binance/perp/ETHUSDT", "binance/funding/ETHUSDT", "--store", store, "--out", picture)
    assert result.exit_code == 0, result.stdout
    assert picture.read_bytes().startswith(PNG)
    lines = result.stdout.splitlines()
    assert lines[0].startswith("ETH perp price on binance, 1h  ")
    assert lines[0].endswith("USDT")
    assert any(block in lines[0] for block in "▁█")
    assert lines[1].startswith("ETH funding on binance  ")
    assert lines[1].endswith("% a year")
    again = tmp_path / "again.png"
    run("show", "binance/perp/ETHUSDT", "binance/funding/ETHUSDT", "--store", store, "--out", again)
    assert again.read_bytes() == picture.read_bytes()


def test_funding_is_annualised_by_the_interval_of_each_settlement() -> None:
    # eight hours at 0.08 %, then hours at 0.01 %: the same rate, 87.6 % a year
    stamps = [*hours(30, every_h=8), *hours(50, hours(30, every_h=8)[-1] + HOUR_MS)]
    rows = table(stamps, {"rate": [0.0008] * 30 + [0.0001] * 50})
    _, unit, time_ms, values = shown(Recording(FUNDING, Origin("funding"), rows))
    assert unit == "% a year"
    assert len(time_ms) == 30 * 8 + 50
    assert np.allclose(values, 87.6)


def test_show_lists_what_there_is_and_suggests_names(tmp_path: Path) -> None:
    store = sound_store(tmp_path)
    listed = run("show", "--store", store).stdout
    assert "binance/perp/ETHUSDT/1h" in listed
    assert "2,000" in listed
    missed = run("show", "binance/funding/ETHUSD", "--store", store)
    assert missed.exit_code == 2
    assert "nearest: binance/funding/ETHUSDT" in missed.output
    assert run("show", "binance/funding/ETHUSDT", "--store", store, "--since", "2030-01-01").exit_code == 2
    assert run("show", "binance/funding/ETHUSDT", "--store", store, "--since", "someday").exit_code == 2


def test_pull_brings_every_series_that_the_venue_has(tmp_path: Path) -> None:
    histories = synthetic_histories(ms(2023, 1, 1), ms(2023, 3, 1), assets=("ETH",))
    with ReplayServer(histories, VirtualClock(ms(2023, 2, 20))) as server:
        place = ["--store", tmp_path, "--base-url", server.url("binance")]
        period = ["--since", "2023-01-05", "--until", "2023-02-05"]
        result = run("pull", "binance", "ETHUSDT", *period, *place)
        assert result.exit_code == 0, result.output
        store = open_store(tmp_path)
        assert {str(key) for key in store.series()} == {
            "binance ETHUSDT funding",
            "binance ETHUSDT perp 1h",
            "binance ETHUSDT mark 1h",
            "binance ETHUSDT spot 1h",
            "binance ETHUSDT open_interest",
        }
        assert len(store.funding("binance", "ETHUSDT").time_ms) == 31 * 3
        before = content(tmp_path)
        # the asset alone means the market that is there already
        assert run("pull", "binance", "ETH", *period, *place).exit_code == 0
        assert content(tmp_path) == before
        wrong = run("pull", "binance", "ETHX", *period, *place)
        assert wrong.exit_code == 2
        assert "nearest: ETH" in wrong.output
    assert run("check", tmp_path, "--quiet").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("binanse", "ETH", "--since", "2023-01-01"), "binance"),
        (("binance", "ETH", "--since", "yesterday"), "'yesterday' is no moment"),
        (("binance", "ETH", "--since", "2023-02-01", "--until", "2023-01-01"), "ends before it begins"),
        (("binance", "ETH", "--since", "2023-01-01", "--series", "prices"), "'prices' is none of"),
        (("binance", "../ETH", "--since", "2023-01-01"), "no name of a symbol"),
    ],
)
def test_pull_refuses_what_it_does_not_understand(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    result = run("pull", *arguments, "--store", tmp_path)
    assert result.exit_code == 2
    assert words in result.output
    assert content(tmp_path) == {}
