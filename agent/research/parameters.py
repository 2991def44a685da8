"""A strategy file as a row of numbers, which is what a compiled kernel can read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agent.config import (
    CarryStrategy,
    Config,
    DepthMethod,
    LendingNeutralStrategy,
    ScalingMethod,
    VolatilityTargetStrategy,
)
from agent.market.choose import history_hours
from agent.market.observation import Floats
from agent.reasons import Code, Reason, Refusal
from agent.risk.costs import Costs
from agent.scaling import cash_cap, gross_cap, liquidation_distance
from agent.strategies.ceilings import STEP_OF_BAND
from agent.units import BPS

NAMES = (
    # decided by the strategy
    "hedged", "target", "floor", "half_life_h", "interval_h", "calibration_h", "warm_up_h", "window_h",
    "round_trip_cost", "memory_h",
    "oi_window_h", "oi_smoothing_h", "oi_start_z", "oi_full_z", "oi_floor",
    "target_margin", "low_margin", "high_margin", "wanted_sigma", "distance_at_target", "drawdown_start",
    "cap", "band", "delta_band", "min_idle", "min_trade_usd",
    # of the vault and its policy
    "lot_base", "maintenance", "gross_bps", "delta_bps", "distance_bps", "health_bps", "policy_idle_bps",
    "slippage_bps", "plan_loss_bps", "loss_budget_bps", "emergency_bps", "turnover_bps",
    "daily_bps", "weekly_bps", "drawdown_bps", "max_trade_usd",
    "venue_cap_usd", "venue_cap_bps", "asset_cap_usd", "asset_cap_bps",
    "min_distance", "max_drawdown", "calm", "policy_trade_usd", "halts",
    # worst case costs, as decisions count them
    "buying", "selling", "perp_loss", "order_tolerance",
    # what the backtest charges
    "nav_usd", "spot_cost", "perp_cost", "gas_usd", "borrow_annual", "delay",
)  # fmt: skip
INDEX = {name: number for number, name in enumerate(NAMES)}


@dataclass(frozen=True, slots=True)
class Charges:
    """What a backtest charges, as fractions of notional unless said otherwise."""

    spot_fee: float  # of the pool
    spot_slippage: float = 0.0005  # a swap's impact and spread
    perp_fee: float = 0.00045
    perp_slippage: float = 0.0003
    gas_usd: float = 0.05  # of one plan
    borrow_annual: float = 0.0  # interest on the short's notional, when it is a loan
    delay_bars: int = 0  # a proposal is carried out so many bars after it was decided, 0 or 1

    def scaled(self, factor: float) -> "Charges":
        """Every cost times a factor, for stress tests."""
        return Charges(
            self.spot_fee * factor,
            self.spot_slippage * factor,
            self.perp_fee * factor,
            self.perp_slippage * factor,
            self.gas_usd * factor,
            self.borrow_annual * factor,
            self.delay_bars,
        )


def charges_of(config: Config) -> Charges:
    """The default charges with the pool's own fee."""
    return Charges(spot_fee=config.vault.pool_fee / 1_000_000)


def require_testable(config: Config) -> CarryStrategy | VolatilityTargetStrategy:
    """The strategy, or Refusal when it needs what no backtest's market has: rates of Aave, or order books."""
    strategy = config.strategy
    if isinstance(strategy, LendingNeutralStrategy):
        message = "no history of Aave's rates exists to test a lending strategy on; replay it instead"
        raise Refusal(Reason(Code.DATA_MISSING, message, where="strategy.kind"))
    for number, rule in enumerate(strategy.scaling):
        if isinstance(rule, DepthMethod) and rule.assumed_usd is None:
            message = "the market of a backtest has no order books; name the depth to assume"
            raise Refusal(Reason(Code.DATA_MISSING, message, where=f"strategy.scaling.{number}.assumed_usd"))
    return strategy


def beyond_the_twin(config: Config) -> str | None:
    """What of a strategy file the compiled twin does not know, in a file's words; None when it knows all of it."""
    if config.strategy.volatility.method not in ("ewma", "calibrated_ewma"):
        return f"strategy.volatility.method {config.strategy.volatility.method}"
    return "strategy.scaling" if methods_of(config) else None


def methods_of(config: Config) -> Sequence[ScalingMethod]:
    """The methods of `strategy.scaling`; a lending strategy has none."""
    return () if isinstance(config.strategy, LendingNeutralStrategy) else config.strategy.scaling


def parameter_row(config: Config, charges: Charges, nav_usd: float = 1_000_000.0) -> Floats:
    """The numbers of one backtest in the order of `NAMES`, for the kernel and the compiled twin.

    Raises Refusal for what the twin does not know: it would leave it out and decide something else.
    """
    unknown = beyond_the_twin(config)
    if unknown is not None:
        message = f"the compiled twin does not know {unknown}; the live functions do, at every row"
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, message, where=unknown.split()[0]))
    return world_row(config, charges, nav_usd)


def world_row(config: Config, charges: Charges, nav_usd: float = 1_000_000.0) -> Floats:
    """The same numbers for the simulated vault alone, which the live functions decide for.

    Raises Refusal for a strategy that no backtest can judge, and for a delay that is not 0 or 1.
    """
    strategy, policy, limits = require_testable(config), config.policy, config.policy.to_contract()
    if charges.delay_bars not in (0, 1):
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, "a delay is 0 or 1 bars", where="delay"))
    costs, rule, sizing = Costs.of(config), strategy.volatility, strategy.sizing
    lot_units = 10 ** (config.vault.base_decimals - config.vault.size_decimals)
    venue, asset = policy.venue_cap_to_contract(), policy.asset_cap_to_contract()
    values: dict[str, float] = {
        "hedged": 0.0,
        "target": rule.target,
        "floor": rule.floor,
        "half_life_h": rule.half_life_h,
        "interval_h": rule.return_interval_h,
        "calibration_h": rule.calibration_half_life_h if rule.method == "calibrated_ewma" else 0.0,
        "warm_up_h": rule.warm_up_h,
        "window_h": history_hours(config),
        "drawdown_start": strategy.drawdown.start,
        "cap": _static_cap(config),
        "band": sizing.band,
        "delta_band": sizing.delta_band,
        "min_idle": sizing.min_idle,
        "min_trade_usd": sizing.min_trade_usd,
        "lot_base": float(lot_units) / float(10**config.vault.base_decimals),
        "maintenance": 1 / (2 * config.vault.max_perp_leverage),
        "gross_bps": limits.max_gross_leverage_bps,
        "delta_bps": limits.max_net_delta_bps,
        "distance_bps": limits.min_liquidation_distance_bps,
        "health_bps": limits.min_health_bps,
        "policy_idle_bps": limits.min_idle_bps,
        "slippage_bps": limits.max_slippage_bps,
        "plan_loss_bps": limits.max_loss_per_plan_bps,
        "loss_budget_bps": limits.loss_budget_bps,
        "emergency_bps": limits.emergency_loss_budget_bps,
        "turnover_bps": limits.max_turnover_bps,
        "daily_bps": limits.max_daily_loss_bps,
        "weekly_bps": limits.max_weekly_loss_bps,
        "drawdown_bps": limits.max_drawdown_bps,
        "max_trade_usd": limits.max_trade_notional / 10**6,
        "venue_cap_usd": venue.amount / 10**6,
        "venue_cap_bps": venue.bps,
        "asset_cap_usd": asset.amount / 10**6,
        "asset_cap_bps": asset.bps,
        "min_distance": policy.min_liquidation_distance,
        "max_drawdown": policy.max_drawdown,
        "calm": 1 - min(limits.max_daily_loss_bps, limits.max_weekly_loss_bps, limits.max_drawdown_bps) / BPS,
        "policy_trade_usd": policy.max_trade_usd,
        "halts": float(policy.latch_mode == "halted"),
        "buying": costs.spot_slippage(1.0, 1.0, buys=True),
        "selling": costs.spot_slippage(1.0, 1.0, buys=False),
        "perp_loss": costs.perp_loss(),
        "order_tolerance": costs.order_tolerance,
        "nav_usd": nav_usd,
        "spot_cost": charges.spot_fee + charges.spot_slippage,
        "perp_cost": charges.perp_fee + charges.perp_slippage,
        "gas_usd": charges.gas_usd,
        "borrow_annual": charges.borrow_annual,
        "delay": charges.delay_bars,
    }
    if isinstance(strategy, CarryStrategy):
        values |= {
            "hedged": 1.0,
            "round_trip_cost": strategy.funding.round_trip_cost,
            "memory_h": strategy.funding.memory_h,
            "target_margin": strategy.liquidation.target_margin,
            "low_margin": strategy.liquidation.low_margin,
            "high_margin": strategy.liquidation.high_margin,
            "wanted_sigma": strategy.liquidation.wanted_sigma,
            "distance_at_target": liquidation_distance(
                strategy.liquidation.target_margin, -1, config.vault.max_perp_leverage
            ),
        }
        if strategy.open_interest is not None:
            crowd = strategy.open_interest
            values |= {
                "oi_window_h": crowd.window_h,
                "oi_smoothing_h": crowd.smoothing_h,
                "oi_start_z": crowd.start_z,
                "oi_full_z": crowd.full_z,
                "oi_floor": crowd.floor,
            }
    return np.array([float(values.get(name, 0.0)) for name in NAMES])


def _static_cap(config: Config) -> float:
    """The smallest of the caps that never change, by the strategy's own functions."""
    strategy, policy = config.strategy, config.policy
    legs, margin, limit = 1, 0.0, min(policy.max_gross_leverage, policy.max_net_delta)
    if isinstance(strategy, CarryStrategy):
        legs, margin, limit = 2, strategy.liquidation.target_margin, policy.max_gross_leverage
    widest = strategy.sizing.band * (1 + STEP_OF_BAND)
    return min(strategy.sizing.max_exposure, gross_cap(limit, legs, widest), cash_cap(strategy.sizing.min_idle, margin))
