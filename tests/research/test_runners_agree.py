"""The kernel and the event-driven runner, which calls the live decide and gate, are one backtest."""

from dataclasses import replace

import numpy as np
import pytest
from backtest_markets import HOUR, START, market, source

from agent.config import CarryStrategy, Config
from agent.market.choose import history_hours
from agent.market.source import HistorySource
from agent.market.table import MarketTable
from agent.research.bars import bars_of
from agent.research.events import Disagreement, run_events
from agent.research.kernel import Run, run
from agent.research.parameters import Charges, charges_of, parameter_row

HOURS = 900
ROWS = 110


def varied(config: Config, draw: np.random.Generator) -> Config:
    """The same strategy with other numbers, some of them far from any that a person would choose."""
    strategy, policy = config.strategy, config.policy
    between = draw.uniform
    sizing = strategy.sizing.model_copy(
        update={
            "max_exposure": between(0.2, 0.65),
            "band": between(0.0, 0.15),
            "min_idle": between(0.0, 0.1),
            "min_trade_usd": float(10 ** between(1.5, 4.5)),
            "delta_band": between(0.0005, 0.02),
        }
    )
    volatility = strategy.volatility.model_copy(
        update={
            "method": str(draw.choice(["ewma", "calibrated_ewma"])),
            "half_life_h": between(6, 120),
            "calibration_half_life_h": between(24, 200),
            "return_interval_h": int(draw.integers(1, 30)),
            "target": between(0.02, 0.9) if not isinstance(strategy, CarryStrategy) else between(0.005, 0.06),
            "floor": between(0.001, 0.3),
            "warm_up_h": int(draw.integers(24, 300)),
        }
    )
    drawdown = strategy.drawdown.model_copy(update={"start": between(0.001, 0.04)})
    changed = {"sizing": sizing, "volatility": volatility, "drawdown": drawdown}
    if isinstance(strategy, CarryStrategy):
        target = between(0.15, 0.5)
        changed["liquidation"] = strategy.liquidation.model_copy(
            update={
                "target_margin": target,
                "low_margin": target * between(0.4, 0.95),
                "high_margin": target * between(1.05, 1.6),
                "wanted_sigma": between(2, 14),
            }
        )
        changed["funding"] = strategy.funding.model_copy(
            update={"round_trip_cost": between(0.0001, 0.004), "memory_h": between(2, 120)}
        )
        if draw.random() < 0.3:
            changed["open_interest"] = None
        elif strategy.open_interest is not None:
            changed["open_interest"] = strategy.open_interest.model_copy(
                update={
                    "window_h": int(draw.integers(24, 300)),
                    "smoothing_h": int(draw.integers(1, 30)),
                    "start_z": between(-1, 1),
                }
            )
    limits = policy.model_copy(
        update={
            "max_daily_loss": between(0.004, 0.05),
            "max_weekly_loss": between(0.05, 0.08),
            "loss_budget": between(0.0005, 0.01),
            "emergency_loss_budget": between(0.0005, 0.01),
            "max_turnover": between(0.2, 3.0),
            "max_trade_usd": float(10 ** between(4.5, 6.5)),
            "venue_cap": between(0.3, 1.0),
            "latch_mode": str(draw.choice(["reduce_only", "halted"])),
        }
    )
    return config.model_copy(update={"strategy": strategy.model_copy(update=changed), "policy": limits})


def both(table: MarketTable, config: Config, draw: np.random.Generator, audit_every: int) -> tuple[Run, Run]:
    shown: HistorySource = source(table, history_hours(config))
    delay = int(draw.random() < 0.2)
    charges = replace(charges_of(config).scaled(float(draw.uniform(0, 3))), delay_bars=delay)
    bars = bars_of(shown)
    first = int(draw.integers(10, HOURS - ROWS - 20))
    last = first + ROWS - 1
    nav = float(10 ** draw.uniform(3.5, 7))
    kernel = run(bars, parameter_row(config, charges, nav), first, last)
    period = (int(bars.time_s[first]), int(bars.time_s[last]))
    return kernel, run_events(shown, config, charges, period, nav_usd=nav, audit_every=audit_every)


@pytest.fixture(scope="module")
def markets() -> dict[str, list[MarketTable]]:
    return {
        "carry": [market(seed, HOURS, True, scale) for seed, scale in ((1, 1.0), (2, 8.0), (3, 20.0))],
        "spot": [market(seed, HOURS, False) for seed in (4, 5)],
    }


@pytest.mark.parametrize("seed", range(200))
def test_both_runners_trade_and_earn_the_same(
    seed: int, carry: Config, spot: Config, markets: dict[str, list[MarketTable]]
) -> None:
    draw = np.random.default_rng(seed)
    kind = ("carry", "spot")[seed % 2]
    config = varied(carry if kind == "carry" else spot, draw)
    table = markets[kind][int(draw.integers(len(markets[kind])))]
    # every fourth run shows the live functions every single row, the others let the twin walk ahead
    kernel, events = both(table, config, draw, 1 if seed % 8 < 2 else 11)
    assert (kernel.spot_lots == events.spot_lots).all()
    assert (kernel.short_lots == events.short_lots).all()
    assert np.abs(kernel.equity_usd / events.equity_usd - 1).max() < 1e-9
    assert kernel.latched_row == events.latched_row


def test_the_random_configurations_do_trade(carry: Config, markets: dict[str, list[MarketTable]]) -> None:
    plans = [
        both(markets["carry"][1], varied(carry, np.random.default_rng(seed)), np.random.default_rng(seed), 50)[0]
        for seed in range(0, 30, 2)
    ]
    assert sum(int(one.short_lots.max() > 0) for one in plans) >= 5


def test_a_twin_that_drifts_from_the_live_strategy_is_an_error(
    spot: Config, markets: dict[str, list[MarketTable]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from agent.research import events

    shown = source(markets["spot"][0], history_hours(spot))
    real = events.parameter_row

    def other(config: Config, charges: Charges, nav_usd: float) -> object:
        wide = config.strategy.sizing.model_copy(update={"max_exposure": 0.3})
        return real(
            config.model_copy(update={"strategy": config.strategy.model_copy(update={"sizing": wide})}),
            charges,
            nav_usd,
        )

    monkeypatch.setattr(events, "parameter_row", other)
    with pytest.raises(Disagreement, match="the live strategy asks for"):
        run_events(shown, spot, charges_of(spot), (START + 400 * HOUR, START + 600 * HOUR))


def test_shuffling_the_future_changes_nothing_that_was_decided_before(
    carry: Config, markets: dict[str, list[MarketTable]]
) -> None:
    table = markets["carry"][1]
    quick = carry.strategy.volatility.model_copy(update={"half_life_h": 24.0, "floor": 0.05})
    strategy = carry.strategy.model_copy(update={"volatility": quick, "open_interest": None})
    config = carry.model_copy(update={"strategy": strategy})
    bars = bars_of(source(table, history_hours(config)))
    p = parameter_row(config, charges_of(config))
    cut, last = 600, len(bars) - 1
    order = np.concatenate((np.arange(cut), cut + np.random.default_rng(9).permutation(len(bars) - cut)))
    shuffled = replace(
        bars,
        spot=bars.spot[order],
        mark=bars.mark[order],
        high=np.maximum(bars.high, bars.mark)[order],
        accrued=bars.accrued[order],
        paid=bars.paid[order],
    )
    before, after = run(bars, p, 250, last), run(shuffled, p, 250, last)
    kept = cut - 250
    assert before.short_lots[:kept].max() > 0
    assert (before.equity_usd[:kept] == after.equity_usd[:kept]).all()
    assert (before.spot_lots[:kept] == after.spot_lots[:kept]).all()
    assert (before.equity_usd[kept:] != after.equity_usd[kept:]).any()
