"""The command as people call it: exit codes, what it prints, and what it leaves behind."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

PROJECT = Path(__file__).parents[2]


def ballast(*words: str, data: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "agent.cli", *words]
    environment = {"PATH": "/usr/bin:/bin", "COLUMNS": "200", **({"BALLAST_DATA": str(data)} if data else {})}
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=120)


def test_help_loads_nothing_heavy() -> None:
    heavy = ("web3", "ccxt", "pandas", "numpy", "pydantic")
    code = f"import sys; import agent.cli; print([m for m in {heavy} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_help_names_every_command() -> None:
    shown = ballast("--help")
    assert shown.returncode == 0
    assert all(command in shown.stdout for command in ("demo", "replay", "decide", "check"))


def test_check_of_a_good_file_ends_with_zero() -> None:
    assert ballast("check", "configs/eth-carry.yaml").returncode == 0


def test_check_shows_all_mistakes_with_their_lines(tmp_path: Path) -> None:
    text = (PROJECT / "configs" / "eth-carry.yaml").read_text()
    text = text.replace("max_gross_leverage: 1.6", "max_gross_leverage: 12.0").replace(
        "max_drawdown: 0.08", "max_drowdown: 0.08"
    )
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    shown = ballast("check", str(path))
    assert shown.returncode == 2
    assert "CONFIG_LOOSER_THAN_CONTRACT" in shown.stdout
    assert "CONFIG_UNKNOWN_KEY" in shown.stdout
    line = next(number for number, line in enumerate(text.splitlines(), 1) if "max_gross_leverage" in line)
    assert f"line {line}" in shown.stdout


def test_a_missing_data_folder_is_refused_before_anything_starts(tmp_path: Path) -> None:
    out = tmp_path / "out"
    shown = ballast(
        *("replay", "configs/eth-carry.yaml", "--from", "2023-02-01", "--to", "2023-02-02"),
        *("--data", str(tmp_path / "nowhere"), "--out", str(out)),
    )
    assert shown.returncode == 2
    assert "DATA_MISSING" in shown.stderr
    assert not out.exists()


def test_a_zero_price_is_refused_with_its_file_and_row_and_nothing_is_written(
    data_folder: Path, tmp_path: Path
) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    for kind in (
        "binance/spot/ETHUSDT-1h",
        "binance/perp/ETHUSDT-1h",
        "binance/funding/ETHUSDT",
        "bybit/open_interest/ETHUSDT-1h",
    ):
        (data / kind).parent.mkdir(parents=True, exist_ok=True)
        table = pq.read_table(data_folder / f"{kind}.parquet")
        if kind.startswith("binance/perp"):
            close = table["close"].to_pylist()
            close[500] = 0.0
            table = table.set_column(table.schema.get_field_index("close"), "close", pa.array(close))
        pq.write_table(table, data / f"{kind}.parquet")
    shown = ballast(
        *("replay", "configs/eth-carry.yaml", "--from", "2023-02-01", "--to", "2023-02-02"),
        *("--data", str(data), "--out", str(out)),
    )
    assert shown.returncode == 2
    assert "binance/perp/ETHUSDT-1h.parquet row 500" in shown.stderr
    assert not out.exists()


def test_replay_writes_its_four_results_and_prints_where(tmp_path: Path) -> None:
    shown = ballast(
        *(
            "replay",
            "configs/eth-volatility-target.yaml",
            "--from",
            "2023-02-01",
            "--to",
            "2023-02-03",
            "--out",
            str(tmp_path),
        )
    )
    assert shown.returncode == 0, shown.stderr
    assert "SYNTHETIC" in shown.stdout
    assert str(tmp_path / "report.html") in shown.stdout.replace("\n", "")
    assert {"report.html", "result.json", "cycles.parquet", "ledger.sqlite"} <= {
        path.name for path in tmp_path.iterdir()
    }
    assert json.loads((tmp_path / "result.json").read_text())["synthetic"] is True


def test_decide_explains_inputs_scalers_target_and_plan() -> None:
    shown = ballast("decide", "configs/eth-carry.yaml", "--at", "2023-03-01", "--hours", "6")
    assert shown.returncode == 0, shown.stderr
    for words in ("oracle price", "Chainlink", "volatility_target", "target", "step"):
        assert words in shown.stdout
