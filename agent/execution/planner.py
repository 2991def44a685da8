"""Turns an approved proposal into a plan: minimum amounts, limit prices, deadline and the order of the actions."""

import math
from dataclasses import replace
from fractions import Fraction

from agent.config import Config
from agent.decision import Approved, Proposal, Refused
from agent.execution.loan_actions import base_traded, loan_actions
from agent.execution.plan import Action, Plan, Venues
from agent.execution.quotes import AfterSale, Quoter, QuoteReverted
from agent.execution.swap_bounds import exact, oracle_price_units, sale, too_far
from agent.market.observation import Observation, PerpState, VaultState
from agent.reasons import Code, Reason
from agent.units import BPS
from chains.venues import hypercore, uniswap_v3


def make_plan(
    approved: Approved[Proposal], observation: Observation, config: Config, venues: Venues, quoter: Quoter
) -> Plan | Refused[Proposal]:
    """The plan that carries out a proposal, or why there can be none.

    Actions that free cash come first (sell, then from the perp account home), then those that need it (deposit, into
    the perp account, the order that uses this margin, buy).

    Raises
    ------
    ValueError : the proposal is empty; there is nothing to plan
    RpcError, RpcUnavailable : the quote could not be had
    """
    proposal, state = approved.item, observation.vault
    if proposal.is_empty():
        raise ValueError("expected a proposal with something to do, got an empty one; a hold needs no plan")
    spot = _swap(proposal.spot_base_delta, state, config, venues, _after_short(proposal, state, config, quoter))
    short = _short_actions(proposal, state, config, venues, quoter)
    if isinstance(spot, Reason) or isinstance(short, Reason):
        return Refused(proposal, tuple(part for part in (spot, short) if isinstance(part, Reason)))
    actions = short + spot if proposal.spot_base_delta > 0 else spot + short
    return replace(empty_plan(observation, config, venues, ""), actions=tuple(actions))


def empty_plan(observation: Observation, config: Config, venues: Venues, note: str) -> Plan:
    """A plan without actions: the contract settles its venues, marks its prices and checks its loss limits.

    Parameters
    ----------
    note : one sentence, why it is due
    """
    state = observation.vault
    return Plan(
        chain_id=venues.chain_id,
        vault=venues.vault,
        number=state.plan_count + 1,
        deadline=state.block.timestamp + config.execution.deadline_s,
        state_hash=state.state_hash,
        actions=(),
        note=note,
    )


def _swap(base_delta: int, state: VaultState, config: Config, venues: Venues, quoter: Quoter) -> list[Action] | Reason:
    """The swap, bounded below by the tighter of quote and oracle, rounded up.

        minimum out = max(quote x (1 - swap tolerance), least out the contract takes)

    The contract measures the shortfall against the oracle's value of the base, so with slippage s it takes
    base x price x (1 - s) for a sale and paid / price / (1 + s) for a purchase.
    """
    if base_delta == 0:
        return []
    if base_delta > 0:
        return _buy(base_delta, state, config, venues, quoter)
    return _sell(-base_delta, state, config, venues, quoter)


def _sell(base: int, state: VaultState, config: Config, venues: Venues, quoter: Quoter) -> list[Action] | Reason:
    swap = sale(base, state, config, quoter)
    if isinstance(swap, Reason):
        return swap
    sentence = (
        f"sell {state.base.to_float(base):.6g} {state.base.symbol} for {state.asset.to_float(swap.quote):,.2f} "
        f"{state.asset.symbol}, at least {state.asset.to_float(swap.bound):,.2f} out"
    )
    return [Action(venues.spot_adapter, 0, uniswap_v3.sell(base, swap.bound), sentence)]


def _buy(base: int, state: VaultState, config: Config, venues: Venues, quoter: Quoter) -> list[Action] | Reason:
    try:
        asset = quoter.asset_for(base)
    except QuoteReverted as error:
        return Reason(Code.SLIPPAGE, f"the pool cannot trade this much: {error}", where="vault.pool_fee")
    max_slippage = Fraction(config.policy.to_contract().max_slippage_bps, BPS)
    price = oracle_price_units(state)
    least_out = math.ceil(asset / price / (1 + max_slippage))
    if base < least_out:
        return too_far(base, asset, asset - base * price, state, config)
    minimum_out = max(math.ceil(base * (1 - exact(config.execution.swap_tolerance))), least_out)
    sentence = (
        f"buy {state.base.to_float(base):.6g} {state.base.symbol} for {state.asset.to_float(asset):,.2f} "
        f"{state.asset.symbol}, at least {state.base.to_float(minimum_out):.6g} out"
    )
    return [Action(venues.spot_adapter, asset, uniswap_v3.buy(asset, minimum_out), sentence)]


def _after_short(proposal: Proposal, state: VaultState, config: Config, quoter: Quoter) -> Quoter:
    """Where spot is quoted: a loan that grows has sold in the same pool before spot is bought."""
    if state.loan is None or proposal.perp_size_delta >= 0 or proposal.spot_base_delta <= 0:
        return quoter
    sold = base_traded(proposal.perp_size_delta, state, state.loan)
    return AfterSale(quoter, sold, config.vault.pool_fee)


def _short_actions(
    proposal: Proposal, state: VaultState, config: Config, venues: Venues, quoter: Quoter
) -> list[Action] | Reason:
    if state.loan is not None:
        return loan_actions(proposal, state, config, venues, quoter)
    return _perp_actions(proposal, state, config, venues)


def _perp_actions(proposal: Proposal, state: VaultState, config: Config, venues: Venues) -> list[Action] | Reason:
    wanted = (proposal.from_perp, proposal.withdraw, proposal.deposit, proposal.to_perp, proposal.perp_size_delta)
    if not any(wanted):
        return []
    adapter, perp = venues.perp_adapter, state.perp
    if adapter is None or perp is None:
        return Reason(Code.DATA_MISSING, "the proposal needs a perp leg, this vault has none", where="vault.perp_index")
    usd = 10**hypercore.USD_DECIMALS
    actions: list[Action] = []
    if proposal.from_perp:
        sentence = f"move {proposal.from_perp / usd:,.2f} USD of margin out of the perp account"
        actions.append(Action(adapter, 0, hypercore.from_perp(proposal.from_perp), sentence))
    if proposal.withdraw:
        sentence = f"bring {proposal.withdraw / usd:,.2f} USD home from HyperCore"
        actions.append(Action(adapter, 0, hypercore.withdraw(proposal.withdraw), sentence))
    if proposal.deposit:
        sentence = f"send {state.asset.to_float(proposal.deposit):,.2f} {state.asset.symbol} to HyperCore"
        actions.append(Action(adapter, proposal.deposit, hypercore.deposit(proposal.deposit), sentence))
    if proposal.to_perp:
        sentence = f"move {proposal.to_perp / usd:,.2f} USD of margin into the perp account"
        actions.append(Action(adapter, 0, hypercore.to_perp(proposal.to_perp), sentence))
    if proposal.perp_size_delta:
        actions.append(_order(proposal, perp, config, adapter))
    return actions


def _order(proposal: Proposal, perp: PerpState, config: Config, adapter: str) -> Action:
    limit = order_limit_price(proposal.perp_size_delta > 0, perp, config)
    data = hypercore.order(proposal.perp_size_delta, limit, reduce_only=proposal.perp_reduce_only)
    size = abs(proposal.perp_size_delta) / 10**perp.size_decimals
    side, bound = ("buy", "at most") if proposal.perp_size_delta > 0 else ("sell", "at least")
    only = ", reducing only" if proposal.perp_reduce_only else ""
    price = limit / 10**hypercore.LIMIT_PRICE_DECIMALS
    return Action(adapter, 0, data, f"{side} {size:g} of the perp at {bound} {price:g}{only}")


def order_limit_price(buys: bool, perp: PerpState, config: Config) -> int:
    """Limit price of an order, scaled by 1e8 and on the venue's ticks.

    limit = mark x (1 +/- order tolerance), inside the policy's collar, rounded towards the mark
    """
    tolerance = exact(config.execution.order_tolerance)
    collar = Fraction(config.policy.to_contract().max_slippage_bps, BPS)
    mark = exact(perp.mark_price) * 10**hypercore.LIMIT_PRICE_DECIMALS
    away = min(tolerance, collar)
    if buys:
        return hypercore.limit_price_down(math.floor(mark * (1 + away)), perp.size_decimals)
    return hypercore.limit_price_up(math.ceil(mark * (1 - away)), perp.size_decimals)
