"""When a vault needs a plan although nothing is to be traded: an empty plan still settles, marks and latches."""

from collections.abc import Sequence

from agent.market.observation import Mode, Observation
from agent.policy import Policy
from agent.reasons import Code, Reason

SECONDS_PER_DAY = 86_400
# A filled queue leaves a few units of idle cash behind, which nobody waits for. They go with the day's first plan.
LEAST_PAYMENT_USD = 1.0
SIGN_AT = 0.5  # of policy.max_silence_s
# What is unknown or in doubt outside of the chain; the vault's own state is as good as ever.
OFF_CHAIN = frozenset(
    code
    for code in Code
    if code.startswith(("DATA_", "SOURCE_", "QUORUM_", "MARKET_"))
    or code in (Code.FUNDING_STALE, Code.OPEN_INTEREST_STALE, Code.WARMING_UP, Code.FUNDING_INTERVAL_UNKNOWN)
)


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


def sign_of_life_due(observation: Observation, policy: Policy, refusals: Sequence[Reason]) -> str | None:
    """One sentence when the vault must hear from its agent although nothing may be decided, else None.

    An agent that lacks the exchanges' data is not silent: without this, two days of an outage would let strangers
    unwind its positions. The empty plan trades nothing. Where the chain itself is in doubt, the vault halted or a
    person said stop, nothing is sent.
    """
    vault = observation.vault
    if vault.total_supply == 0 or vault.mode is Mode.HALTED or not refusals:
        return None
    if any(reason.code not in OFF_CHAIN or reason.where.startswith("vault.") for reason in refusals):
        return None
    silent_s = observation.time - max(vault.last_sign_at, vault.last_plan_at)
    if silent_s < policy.max_silence_s * SIGN_AT:
        return None
    return f"nothing may be decided, and the vault has not heard from its agent for {silent_s / 3_600:.0f} h"


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
