"""The gate between deciding and acting: the contract's limits, checked before anything is sent."""

import math

from agent.config import Config
from agent.decision import Approved, Decision, Proposal, Refused
from agent.market.observation import Observation
from agent.reasons import Code, Reason
from agent.risk import checks
from agent.risk.change import measure
from agent.risk.costs import Costs


def check(decision: Decision, observation: Observation, config: Config) -> Approved[Proposal] | Refused[Proposal]:
    """The proposal, approved, or refused with every limit that it breaks.

    Bounds are those of the contract (the policy rounded to its basis points towards the tighter side), so what passes
    here is not refused there for the same state. A reducing proposal may leave gross exposure, net delta and distance
    to liquidation outside their bounds when it does not make them worse; slippage and loss are bounded for it too, the
    losses by a budget of its own.

    Parameters
    ----------
    decision : of `decide` for this observation
    observation : the vault and the market the decision was made for
    config : its policy gives the bounds, its execution tolerances the worst fills

    Returns
    -------
    Approved with the proposal (an empty one breaks nothing), or Refused with all reasons, each with value, bound and
    the policy key to look at.
    """
    proposal = decision.proposal
    if decision.refusals:
        return Refused(proposal, decision.refusals)
    if proposal.is_empty():
        return Approved(proposal)
    reasons = _broken(decision, observation, config)
    return Refused(proposal, tuple(reasons)) if reasons else Approved(proposal)


def _broken(decision: Decision, observation: Observation, config: Config) -> list[Reason]:
    perp = observation.vault.perp
    prices = [observation.vault.oracle_price, observation.vault.pool_price] + ([perp.mark_price] if perp else [])
    if not all(price > 0 for price in prices):  # false for NaN too
        return [Reason(Code.DATA_NOT_POSITIVE, f"prices must be positive numbers, got {prices}")]
    if not all(math.isfinite(price) for price in prices):
        return [Reason(Code.DATA_NOT_FINITE, f"prices must be finite numbers, got {prices}")]
    limits = config.policy.to_contract()
    change = measure(decision.proposal, observation.vault, Costs.of(config))
    unusable = checks.finite_numbers(decision, change)
    if unusable is not None:
        return [unusable]
    found = (
        checks.mode(observation, change),
        checks.effect_pending(observation),
        checks.oracle_age(observation, limits),
        checks.cooldown(observation, change, limits),
        checks.trade_notional(change, limits),
        checks.gross_leverage(change, limits),
        checks.net_delta(change, limits),
        checks.liquidation(change, limits),
        checks.health(change, limits),
        checks.venue_caps(change, config.policy.venue_cap_to_contract()),
        checks.asset_cap(change, config.policy.asset_cap_to_contract()),
        checks.slippage(change, limits),
        checks.plan_loss(change, limits),
        checks.turnover(observation, change, limits),
        checks.loss_budget(observation, change, limits),
        checks.min_idle(change, limits),
        checks.daily_loss(observation, change, limits),
        checks.weekly_loss(observation, change, limits),
        checks.drawdown(observation, change, limits),
    )
    return [reason for reason in found if reason is not None]
