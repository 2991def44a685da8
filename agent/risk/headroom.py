"""How much of each limit is still free, for the report and for whoever watches."""

from agent.market.observation import Observation
from agent.policy import Policy
from agent.units import BPS


def headroom(observation: Observation, policy: Policy) -> dict[str, float]:
    """Free part of each limit that the vault's state can use up: 1 untouched, 0 at the limit, negative a breach.

        value with a maximum : 1 - value / maximum
        value with a minimum : 1 - minimum / value, and value / minimum - 1 below the minimum

    Parameters
    ----------
    observation : the vault as read at one block
    policy : whose bounds count, as the contract rounds them

    Returns
    -------
    One number per limit, by its name in the policy. Limits of single plans (trade, slippage) have no state and are not
    in it; without a position that could be liquidated its distance is untouched.
    """
    vault, limits = observation.vault, policy.to_contract()
    nav = vault.total_assets - vault.pending_loss
    return {
        "max_gross_leverage": _below(vault.gross_exposure, nav * limits.max_gross_leverage_bps / BPS),
        "max_net_delta": _below(abs(vault.net_delta), nav * limits.max_net_delta_bps / BPS),
        "max_loss_per_plan": _below(vault.pending_loss, nav * limits.max_loss_per_plan_bps / BPS),
        "max_daily_loss": _fall(vault.day_start_price_e18, vault.share_price_e18, limits.max_daily_loss_bps),
        "max_drawdown": _fall(vault.high_water_mark_e18, vault.share_price_e18, limits.max_drawdown_bps),
        "min_liquidation_distance": _distance(vault.liquidation_distance_bps, limits.min_liquidation_distance_bps),
        "max_oracle_age_s": _below(max(0, observation.time - vault.oracle_updated_at), limits.max_oracle_age_seconds),
    }


def _below(value: float, maximum: float) -> float:
    if value == 0:
        return 1.0
    # Any use of a limit of nothing is a breach; -1 says so with a finite number.
    return 1 - value / maximum if maximum > 0 else -1.0


def _fall(start: int, price: int, bound_bps: int) -> float:
    return _below(max(0, start - price) * BPS, start * bound_bps)


def _distance(distance_bps: int | None, minimum_bps: int) -> float:
    if distance_bps is None:
        return 1.0
    return 1 - minimum_bps / distance_bps if distance_bps >= minimum_bps else distance_bps / minimum_bps - 1
