"""When a vault needs a plan although nothing is to be traded: an empty plan still settles, marks and latches."""

from agent.market.observation import Mode, Observation
from agent.policy import Policy

SECONDS_PER_DAY = 86_400
# A filled queue leaves a few units of idle cash behind, which nobody waits for. They go with the day's first plan.
LEAST_PAYMENT_USD = 1.0


def upkeep(observation: Observation, policy: Policy) -> str | None:
    """One sentence that says why an empty plan is due, or None when none is.

    An empty plan moves nothing. The contract pays the redemption queue from its idle cash, brings cash home from its
    venues, marks the first price of a UTC day (without which the daily loss has no start), and latches a loss limit
    that the market broke.
    """
    vault = observation.vault
    if vault.total_supply == 0 or vault.mode is Mode.HALTED:
        return None
    if latch := latch_due(observation, policy):
        return latch
    if vault.perp is not None and vault.perp.unswept > 0:
        return "cash came back from the perp venue and goes home to the vault"
    if vault.asset.to_float(min(vault.queued_assets, vault.idle_assets)) >= LEAST_PAYMENT_USD:
        return "redemptions wait in the queue, and there is cash for them"
    if vault.last_plan_at // SECONDS_PER_DAY < observation.time // SECONDS_PER_DAY:
        return "the first cycle of a UTC day marks the share price that the daily loss is measured from"
    return None


def latch_due(observation: Observation, policy: Policy) -> str | None:
    """One sentence when a loss limit is broken and the contract does not know it yet, else None.

    This goes before every proposal: the gate refuses to widen, and of any other plan the contract would carry out
    nothing but the latch. Left to the next day, the loss would have a new start and never be latched.
    """
    vault, limits = observation.vault, policy.to_contract()
    if vault.total_supply == 0 or vault.mode is not Mode.ACTIVE:
        return None
    for name, start, bound_bps in (
        ("policy.max_daily_loss", vault.day_start_price_e18, limits.max_daily_loss_bps),
        ("policy.max_weekly_loss", vault.week_start_price_e18, limits.max_weekly_loss_bps),
        ("policy.max_drawdown", vault.high_water_mark_e18, limits.max_drawdown_bps),
    ):
        if start > 0 and (start - vault.share_price_e18) * 10_000 > bound_bps * start:
            return f"{name} is broken and has to be latched on chain"
    return None
