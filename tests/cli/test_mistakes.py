"""Mistakes of people at the command line: a code, what is wrong and where, exit code 2, never a traceback."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from agent.cli.main import app
from agent.cli.reported import reported

CONFIG = "configs/eth-carry.yaml"
NOBODY_LISTENS = "http://127.0.0.1:1"
ADDRESS = "0x" + "12" * 20


def ballast(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


@pytest.mark.parametrize(
    ("words", "code", "place"),
    [
        (f"policy diff {CONFIG} --rpc nonsense --vault {ADDRESS}", "CONFIG_OUT_OF_RANGE", "--rpc"),
        (f"policy diff {CONFIG} --rpc {NOBODY_LISTENS} --vault {ADDRESS}", "CHAIN_UNREACHABLE", "--rpc"),
        (f"policy diff {CONFIG} --rpc {NOBODY_LISTENS} --vault 0x123", "CONFIG_OUT_OF_RANGE", "--vault"),
        (
            f"market aave-liquidations --rpc {NOBODY_LISTENS} --pool {ADDRESS} --token 0xzz",
            "CONFIG_OUT_OF_RANGE",
            "--token",
        ),
        (f"market aave-liquidations --rpc {NOBODY_LISTENS} --pool {ADDRESS} --token {ADDRESS}", "CHAIN_", "--rpc"),
        (f"observe {CONFIG} --rpc {NOBODY_LISTENS}", "CONFIG_MISSING", "--site"),
        (f"observe {CONFIG} --site site.json", "CONFIG_MISSING", "--rpc"),
        ("chaos nonsense", "CONFIG_OUT_OF_RANGE", "URL"),
        (f"decide {CONFIG} --at 2023-13-01", "CONFIG_OUT_OF_RANGE", "--at"),
        (f"replay {CONFIG} --from 9999-12 --to 9999-12", "CONFIG_OUT_OF_RANGE", "--from"),
        (f"replay {CONFIG} --from 0001-01 --to 0001-02", "CONFIG_OUT_OF_RANGE", "--from"),
        ("calculate nothing_like_it", "CONFIG_UNKNOWN_KEY", "formula"),
    ],
)
def test_says_what_is_wrong_and_where(words: str, code: str, place: str) -> None:
    done = ballast(*words.split())
    assert done.exit_code == 2, done.output
    assert code in done.output
    assert place in done.output


def test_a_formula_that_is_like_none_is_not_answered_with_all_of_them() -> None:
    assert len(ballast("calculate", "nothing_like_it").output) < 200


def test_a_message_is_printed_as_it_is() -> None:
    done = ballast("market", "liquidations", "ETH", "--own", "okx:a:b")
    assert done.exit_code == 2
    assert "okx:a:b" in done.output, "terminals turn :a: into a picture"


def test_a_file_where_a_folder_belongs_is_a_code(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    done = ballast("market", "liquidations", "ETH", "--png", str(file / "map.png"))
    assert done.exit_code == 2
    assert "FILE_UNUSABLE" in done.output
    assert str(file) in done.output.replace("\n", "")


def test_a_volatility_in_per_cent_is_refused_with_the_bound(tmp_path: Path) -> None:
    text = Path(CONFIG).read_text()
    path = tmp_path / "per-cent.yaml"
    path.write_text(text.replace("target: 0.04", "target: 4"))
    done = ballast("check", str(path))
    assert done.exit_code == 2
    assert "strategy.volatility.target: expected a number up to 2, got 4" in done.output.replace("\n", " ")


def test_a_halt_is_not_lifted_without_a_sentence(tmp_path: Path) -> None:
    service = tmp_path / "service.yaml"
    config = Path(CONFIG).resolve()
    service.write_text(
        f'vaults:\n  - {{config: {config}, site: site.json}}\nnodes: {{read: ["{NOBODY_LISTENS}"], needed: 1}}\n'
    )
    done = ballast("accept", str(service), "--note", "  ")
    assert done.exit_code == 2, done.output
    assert "--note" in done.output


def test_who_interrupts_is_told_so_and_sees_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    assert reported(interrupted)() == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_whoever_stops_reading_our_output_is_no_mistake() -> None:
    def unheard() -> int:
        raise BrokenPipeError(32, "Broken pipe")

    with pytest.raises(BrokenPipeError):
        reported(unheard)()


def test_a_missing_part_of_the_installation_has_an_exit_code_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    def bare() -> int:
        raise FileNotFoundError("anvil is not installed in contracts/node_modules; run `make setup` first")

    assert reported(bare)() == 3
    assert "run `make setup` first" in capsys.readouterr().err
