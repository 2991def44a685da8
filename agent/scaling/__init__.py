"""Position scaling: one pure function per file, the registry of methods, and the pipeline that multiplies them."""

from agent.scaling.carver import (
    PositionChain,
    daily_cash_volatility,
    forecast_buffer,
    overridden_trade,
    position_buffer,
    position_chain,
    reduce_only,
)
from agent.scaling.cash_cap import cash_cap
from agent.scaling.cppi import cppi_exposure
from agent.scaling.dca import instalments_due, is_instalment_cycle, quantity_due, quantity_limit
from agent.scaling.depth import depth_factor
from agent.scaling.drawdown import drawdown_factor
from agent.scaling.fixed_risk import fixed_risk_exposure, fixed_risk_quantity, risked_capital
from agent.scaling.funding import FundingRegime, funding_factor, funding_fold, funding_regime
from agent.scaling.greeks import (
    Greeks,
    loan_greeks,
    option_greeks,
    option_value,
    perp_greeks,
    spot_greeks,
    total_greeks,
)
from agent.scaling.gross_cap import gross_cap
from agent.scaling.hedge_band import cost_variance_band, gamma_scalp_interval, relative_band, whalley_wilmott_band
from agent.scaling.hedging import hedge_gap, hedge_is_due, hedge_trades
from agent.scaling.inverse_variance import (
    inverse_variance_weights,
    inverse_volatility_weights,
    minimum_variance_weights,
    variance_target,
    vega_neutral_quantity,
)
from agent.scaling.kelly import (
    binary_growth,
    binary_kelly,
    growth_rate,
    kelly_exposure,
    kelly_fraction,
    kelly_shrinkage,
)
from agent.scaling.ladder import average_entry, ladder_levels, scale_out
from agent.scaling.linear import base_increment, linear_schedule, linear_step, quote_increment
from agent.scaling.liquidation_factor import liquidation_factor
from agent.scaling.liquidation_price import liquidation_distance, liquidation_price, loan_liquidation_distance
from agent.scaling.martingale import (
    martingale_capital,
    martingale_expectation,
    martingale_share,
    ruin_probability,
)
from agent.scaling.mean_reversion import mean_reversion_share, z_score
from agent.scaling.no_trade_band import no_trade_band
from agent.scaling.open_interest import open_interest_factor, open_interest_z
from agent.scaling.pipeline import Sizing, combine, scaler
from agent.scaling.pyramid import Addition, PyramidState, average_price, pyramid, pyramid_state
from agent.scaling.registry import METHODS, Role, compose, method_hours
from agent.scaling.risk_overlay import risk_overlay
from agent.scaling.rungs import Rungs, rungs
from agent.scaling.situation import Situation, worth_of_carry
from agent.scaling.uniswap_range import range_greeks, range_value
from agent.scaling.volatility_target import volatility_target

__all__ = [
    "METHODS",
    "Addition",
    "FundingRegime",
    "Greeks",
    "PositionChain",
    "PyramidState",
    "Role",
    "Rungs",
    "Situation",
    "Sizing",
    "average_entry",
    "average_price",
    "base_increment",
    "binary_growth",
    "binary_kelly",
    "cash_cap",
    "combine",
    "compose",
    "cost_variance_band",
    "cppi_exposure",
    "daily_cash_volatility",
    "depth_factor",
    "drawdown_factor",
    "fixed_risk_exposure",
    "fixed_risk_quantity",
    "forecast_buffer",
    "funding_factor",
    "funding_fold",
    "funding_regime",
    "gamma_scalp_interval",
    "gross_cap",
    "growth_rate",
    "hedge_gap",
    "hedge_is_due",
    "hedge_trades",
    "instalments_due",
    "inverse_variance_weights",
    "inverse_volatility_weights",
    "is_instalment_cycle",
    "kelly_exposure",
    "kelly_fraction",
    "kelly_shrinkage",
    "ladder_levels",
    "linear_schedule",
    "linear_step",
    "liquidation_distance",
    "liquidation_factor",
    "liquidation_price",
    "loan_greeks",
    "loan_liquidation_distance",
    "martingale_capital",
    "martingale_expectation",
    "martingale_share",
    "mean_reversion_share",
    "method_hours",
    "minimum_variance_weights",
    "no_trade_band",
    "open_interest_factor",
    "open_interest_z",
    "option_greeks",
    "option_value",
    "overridden_trade",
    "perp_greeks",
    "position_buffer",
    "position_chain",
    "pyramid",
    "pyramid_state",
    "quantity_due",
    "quantity_limit",
    "quote_increment",
    "range_greeks",
    "range_value",
    "reduce_only",
    "relative_band",
    "risk_overlay",
    "risked_capital",
    "ruin_probability",
    "rungs",
    "scale_out",
    "scaler",
    "spot_greeks",
    "total_greeks",
    "variance_target",
    "vega_neutral_quantity",
    "volatility_target",
    "whalley_wilmott_band",
    "worth_of_carry",
    "z_score",
]
