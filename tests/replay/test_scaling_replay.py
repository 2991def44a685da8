"""A whole replay of a strategy file with methods of `strategy.scaling` in it."""

from pathlib import Path

import pytest

from agent.config.file import load_config
from agent.market.choose import choose_market
from agent.replay import parse_period, replay

CONFIGS = Path(__file__).parents[2] / "configs"
PERIOD = ("2023-02-01", "2023-02-04")
DCA = """  scaling:
    - method: dca
      amount_usd: 60000.0
      interval_h: 24
      instalments: 3
      start: 2023-02-01
    - method: impact
      daily_volume_usd: 20000000.0
      max_cost: 0.01
  sizing:
"""


def test_instalments_and_impact_show_in_what_the_vault_holds(tmp_path: Path) -> None:
    file = tmp_path / "dca.yaml"
    file.write_text((CONFIGS / "eth-volatility-target.yaml").read_text().replace("  sizing:\n", DCA))
    loaded, period = load_config(file), parse_period(*PERIOD)
    market = choose_market(loaded.config, None, period, seed=7)
    replayed = replay(loaded, market.source, period, tmp_path / "run", seed=7, synthetic=True)
    cycles = replayed.cycles
    assert (replayed.result["breaches"], replayed.result["cycles"]) == (0, 96)
    # 5 % of an hour's share of 20 million a day: no hour buys more than 41,667 USD
    assert (cycles["spot_base"].diff() * cycles["oracle_price"]).max() <= 41_700
    # one instalment a day at the price of that day and nothing on the fourth, up to the band of 25,000 USD
    bought = 0.0
    for day, instalments in enumerate((1, 1, 1, 0)):
        bought += instalments * 60_000 / cycles["oracle_price"][24 * day]
        evening = 24 * day + 20
        assert cycles["spot_base"][evening] * cycles["oracle_price"][evening] == pytest.approx(
            bought * cycles["oracle_price"][evening], abs=27_000
        )
