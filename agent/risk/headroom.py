"""How much of each limit is left, on one scale for all: 1 is unused, 0 is at the limit, below 0 is a breach."""

from agent.market.observation import VaultState
from agent.policy import Policy
from agent.units import BPS, finite


def below_maximum(value: float, maximum: float) -> float:
    """Headroom of a value that must not exceed `maximum`: 1 - value / maximum.

    Any use of a limit of nothing is a breach, -1; no use of it is none.

    >>> below_maximum(1.2, 1.6), below_maximum(0, 0), below_maximum(1, 0)
    (0.25, 1.0, -1.0)
    """
    if finite("value", value) == 0:
        return 1.0
    return 1.0 - value / maximum if finite("maximum", maximum) > 0 else -1.0


def above_minimum(value: float, minimum: float) -> float:
    """Headroom of a value that must not fall under `minimum` (> 0).

        1 - minimum / value   while value >= minimum
        value / minimum - 1   below it, so that zero is -1

    >>> above_minimum(0.4, 0.1)
    0.75
    >>> above_minimum(0.05, 0.1)
    -0.5
    """
    if not finite("minimum", minimum) > 0:
        raise ValueError(f"minimum must be positive, got {minimum}")
    return 1.0 - minimum / value if finite("value", value) >= minimum else value / minimum - 1.0


def headroom(vault: VaultState, policy: Policy) -> dict[str, float]:
    """What is left of each limit that the vault's state can use up.

    Parameters
    ----------
    vault : as read at one block
    policy : whose bounds count, as the contract rounds them

    Returns
    -------
    One number per limit, by its name in the policy. Limits of single plans (trade, slippage, age of the oracle, idle
    cash) are not in it: between plans nothing uses them up. Without a position that could be liquidated its distance is
    untouched.
    """
    limits = policy.to_contract()
    nav = vault.total_assets - vault.pending_loss
    distance, nearest = vault.liquidation_distance_bps, limits.min_liquidation_distance_bps
    return {
        "max_gross_leverage": below_maximum(vault.gross_exposure * BPS, nav * limits.max_gross_leverage_bps),
        "max_net_delta": below_maximum(abs(vault.net_delta) * BPS, nav * limits.max_net_delta_bps),
        "max_loss_per_plan": below_maximum(vault.pending_loss * BPS, nav * limits.max_loss_per_plan_bps),
        "max_daily_loss": _fall(vault.day_start_price_e18, vault.share_price_e18, limits.max_daily_loss_bps),
        "max_weekly_loss": _fall(vault.week_start_price_e18, vault.share_price_e18, limits.max_weekly_loss_bps),
        "max_drawdown": _fall(vault.high_water_mark_e18, vault.share_price_e18, limits.max_drawdown_bps),
        "max_turnover": below_maximum(vault.turnover_used_bps, limits.max_turnover_bps),
        "loss_budget": below_maximum(vault.loss_used_bps, limits.loss_budget_bps),
        "emergency_loss_budget": below_maximum(vault.emergency_loss_used_bps, limits.emergency_loss_budget_bps),
        "min_liquidation_distance": 1.0 if distance is None else above_minimum(distance, nearest),
        "min_health": 1.0 if vault.health_bps is None else above_minimum(vault.health_bps, limits.min_health_bps),
    }


def _fall(start: int, price: int, bound_bps: int) -> float:
    return below_maximum(max(0, start - price) * BPS, start * bound_bps)
