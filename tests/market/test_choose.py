"""Which market a run gets: the option, then the environment, then the synthetic one."""

from pathlib import Path

import pytest

from agent.config.file import load_config
from agent.market.choose import choose_market, data_folder, history_hours
from agent.reasons import Code, Refusal
from agent.replay import parse_period

PERIOD = parse_period("2023-03-01", "2023-03-02")


def test_the_option_comes_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    option, named = tmp_path / "option", tmp_path / "named"
    option.mkdir()
    named.mkdir()
    monkeypatch.setenv("BALLAST_DATA", str(named))
    assert data_folder(option) == option
    assert data_folder(None) == named
    monkeypatch.delenv("BALLAST_DATA")
    assert data_folder(None) is None


def test_a_folder_that_is_not_there_is_refused_and_never_replaced_by_the_synthetic_market(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        data_folder(tmp_path / "nowhere")
    assert refused.value.reasons[0].code is Code.DATA_MISSING


@pytest.mark.parametrize("name", ["eth-carry", "btc-carry", "avax-carry", "eth-volatility-target"])
def test_every_shipped_strategy_has_a_synthetic_market_with_its_history(name: str) -> None:
    config = load_config(f"configs/{name}.yaml").config
    chosen = choose_market(config, None, PERIOD, seed=3)
    assert chosen.synthetic
    assert "synthetic" in chosen.source.label
    view = chosen.source.view(PERIOD[0])
    assert len(view.history.time_s) >= history_hours(config) - 3  # the crash's outage may lie before the period
    assert (view.perp is None) == (config.market.perp is None)
