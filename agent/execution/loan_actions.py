"""The short leg at Aave as actions: collateral in and out, borrow and sell, buy and repay."""

from agent.config import Config
from agent.decision import Proposal
from agent.execution.plan import Action, Venues
from agent.execution.quotes import AfterSale, Quoter
from agent.execution.swap_bounds import purchase, sale
from agent.market.observation import LoanState, VaultState
from agent.reasons import Code, Reason
from chains.venues import aave_v3


def loan_actions(
    proposal: Proposal, state: VaultState, config: Config, venues: Venues, quoter: Quoter
) -> list[Action] | Reason:
    """Collateral comes before the trade that needs it, and goes home after the one that frees it.

    Both legs trade in one pool, one selling and one buying, the sale first. So a cover that comes after the sale of
    spot is quoted in the state which that sale leaves.
    """
    adapter, loan = venues.loan_adapter, state.loan
    if adapter is None or loan is None:
        return Reason(Code.DATA_MISSING, "the proposal needs a loan leg, this vault has none", where="vault.aave")
    if proposal.to_perp or proposal.from_perp:
        return Reason(Code.DATA_MISSING, "the proposal moves cash on HyperCore, this vault has its short leg at Aave")
    symbol, whole = state.asset.symbol, state.asset.to_float
    actions: list[Action] = []
    if proposal.deposit:
        sentence = f"put up {whole(proposal.deposit):,.2f} {symbol} as collateral at Aave"
        actions.append(Action(adapter, proposal.deposit, aave_v3.supply(proposal.deposit), sentence))
    if proposal.perp_size_delta:
        traded = _trade(proposal, state, loan, config, adapter, quoter)
        if isinstance(traded, Reason):
            return traded
        actions.append(traded)
    if proposal.withdraw:
        sentence = f"bring {whole(proposal.withdraw):,.2f} {symbol} of collateral home from Aave"
        actions.append(Action(adapter, 0, aave_v3.withdraw(proposal.withdraw), sentence))
    return actions


def base_traded(size_delta: int, state: VaultState, loan: LoanState) -> int:
    """Base units of a change of the short leg; buying all of it, or more, is all that is owed."""
    base: int = abs(size_delta) * 10 ** (state.base.decimals - loan.size_decimals)
    return min(base, loan.debt) if size_delta > 0 else base


def _trade(
    proposal: Proposal, state: VaultState, loan: LoanState, config: Config, adapter: str, quoter: Quoter
) -> Action | Reason:
    base = base_traded(proposal.perp_size_delta, state, loan)
    whole_base, asset = state.base.to_float(base), state.asset
    if proposal.perp_size_delta < 0:
        swap = sale(base, state, config, quoter)
        if isinstance(swap, Reason):
            return swap
        bounds = f"for {asset.to_float(swap.quote):,.2f} {asset.symbol}, at least {asset.to_float(swap.bound):,.2f}"
        sentence = f"borrow {whole_base:.6g} {state.base.symbol} at Aave and sell it {bounds}"
        return Action(adapter, 0, aave_v3.short(base, swap.bound), sentence)
    if proposal.spot_base_delta < 0:
        quoter = AfterSale(quoter, -proposal.spot_base_delta, config.vault.pool_fee)
    swap = purchase(base, state, config, quoter)
    if isinstance(swap, Reason):
        return swap
    bounds = f"for {asset.to_float(swap.quote):,.2f} {asset.symbol}, at most {asset.to_float(swap.bound):,.2f}"
    sentence = f"buy {whole_base:.6g} {state.base.symbol} {bounds}, and repay it at Aave"
    # The debt grows until the plan is mined: whoever closes asks for all of it.
    amount = aave_v3.EVERYTHING if base == loan.debt else base
    return Action(adapter, 0, aave_v3.cover(amount, swap.bound), sentence)
