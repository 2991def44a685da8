"""How far a short leg is from liquidation: a perp by its venue's maintenance margin, a loan by Aave's threshold."""

from agent.market.observation import LoanState, ShortLeg
from agent.scaling import liquidation_distance, loan_liquidation_distance


def distance_at(leg: ShortLeg, margin_ratio: float, side: int) -> float:
    """Move of the price, as a fraction of it, that would liquidate the leg at this margin; negative when it is past.

    Parameters
    ----------
    margin_ratio : equity / notional
    side : +1 long, -1 short; a loan of base is always short
    """
    if isinstance(leg, LoanState):
        return loan_liquidation_distance(margin_ratio, leg.liquidation_threshold)
    return liquidation_distance(margin_ratio, side, leg.max_leverage)


def health_at(leg: ShortLeg, margin_ratio: float) -> float:
    """What secures the leg / what its venue asks for, at this margin; 1 is liquidation.

    A perp venue asks for 1 / (2 x maximum leverage) of the notional; of a loan it is Aave's health factor.
    """
    if isinstance(leg, LoanState):
        return max(0.0, (1 + margin_ratio) * leg.liquidation_threshold)
    return max(0.0, margin_ratio) * 2 * leg.max_leverage
