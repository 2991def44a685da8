"""When a vault needs a plan although nothing is to be traded: an empty plan still settles, marks and latches."""

from agent.market.observation import Mode, Observation
from agent.policy import Policy

SECONDS_PER_DAY = 86_400


def upkeep(observation: Observation, policy: Policy) -> str | None:
    """One sentence that says why an empty plan is due, or None when none is.

    An empty plan moves nothing. The contract pays the redemption queue from its idle cash, brings cash home from its
    venues, marks the first price of a UTC day (without which the daily loss has no start), and latches a loss limit
    that the market broke.
    """
    vault = observation.vault
    if vault.total_supply == 0 or vault.mode is Mode.HALTED:
        return None
    if vault.mode is Mode.ACTIVE and (limit := _broken_loss_limit(observation, policy)):
        return f"{limit} is broken and has to be latched on chain"
    if vault.perp is not None and vault.perp.unswept > 0:
        return "cash came back from the perp venue and goes home to the vault"
    if vault.queued_assets > 0 and vault.idle_assets > 0:
        return "redemptions wait in the queue, and there is cash for them"
    if vault.last_plan_at // SECONDS_PER_DAY < observation.time // SECONDS_PER_DAY:
        return "the first cycle of a UTC day marks the share price that the daily loss is measured from"
    return None


def _broken_loss_limit(observation: Observation, policy: Policy) -> str | None:
    vault, limits = observation.vault, policy.to_contract()
    for name, start, bound_bps in (
        ("policy.max_daily_loss", vault.day_start_price_e18, limits.max_daily_loss_bps),
        ("policy.max_weekly_loss", vault.week_start_price_e18, limits.max_weekly_loss_bps),
        ("policy.max_drawdown", vault.high_water_mark_e18, limits.max_drawdown_bps),
    ):
        if start > 0 and (start - vault.share_price_e18) * 10_000 > bound_bps * start:
            return name
    return None
