"""Position scaling: one pure function per file, and the pipeline that multiplies them."""

from agent.scaling.cash_cap import cash_cap
from agent.scaling.drawdown import drawdown_factor
from agent.scaling.funding import FundingRegime, funding_factor, funding_regime, funding_step
from agent.scaling.gross_cap import gross_cap
from agent.scaling.liquidation_factor import liquidation_factor
from agent.scaling.liquidation_price import liquidation_distance, liquidation_price, loan_liquidation_distance
from agent.scaling.no_trade_band import no_trade_band
from agent.scaling.open_interest import open_interest_factor, open_interest_z
from agent.scaling.pipeline import Sizing, combine, scaler
from agent.scaling.volatility_target import volatility_target

__all__ = [
    "FundingRegime",
    "Sizing",
    "cash_cap",
    "combine",
    "drawdown_factor",
    "funding_factor",
    "funding_regime",
    "funding_step",
    "gross_cap",
    "liquidation_distance",
    "liquidation_factor",
    "liquidation_price",
    "loan_liquidation_distance",
    "no_trade_band",
    "open_interest_factor",
    "open_interest_z",
    "scaler",
    "volatility_target",
]
