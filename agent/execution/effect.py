"""Reads an effect back: what the vault holds now against what the proposal asked for."""

from agent.decision import Proposal
from agent.market.observation import LoanState, Mode, PerpState, VaultState
from agent.policy import CEILINGS
from agent.reasons import Code, Reason
from agent.units import SECONDS_PER_HOUR

INTEREST_ROOM = 2  # times the interest at the observed rate: what a trade does to the rate is less than that


def compare_effect(before: VaultState, proposal: Proposal, after: VaultState, swap_tolerance: float) -> list[Reason]:
    """What is missing of a proposal, or still on its way. An empty list means that everything arrived.

    Parameters
    ----------
    before : the state the plan was made for
    after : a state at or after the block of the receipt
    swap_tolerance : `execution.swap_tolerance`; a buy may bring this fraction less than asked, a sale is exact

    Returns
    -------
    EFFECT_MISSING with wanted and got (in whole units) for each part that did not happen, EFFECT_PENDING for each that
    still may, and REDUCE_ONLY or HALTED when the vault's mode became safer meanwhile.

    Raises
    ------
    ValueError : `after` is not later than `before`
    """
    if after.block.number <= before.block.number:
        raise ValueError(f"expected a state after block {before.block.number}, got block {after.block.number}")
    reasons: list[Reason] = []
    if after.mode > before.mode:
        code = Code.HALTED if after.mode is Mode.HALTED else Code.REDUCE_ONLY
        reasons.append(Reason(code, f"the vault went from {before.mode.name} to {after.mode.name}"))
    reasons += _spot(before, proposal, after, swap_tolerance)
    if before.perp is not None and after.perp is not None:
        reasons += _order(before.perp, proposal, after.perp, after.block.timestamp)
        reasons += _transfers(before.perp, proposal, after.perp, after.block.timestamp)
    elif before.perp is not after.perp:
        reasons.append(Reason(Code.DATA_MISSING, "the perp leg is known on one side of the plan only"))
    if before.loan is not None and after.loan is not None:
        reasons += _loan(before, before.loan, proposal, after, after.loan)
    elif before.loan is not after.loan:
        reasons.append(Reason(Code.DATA_MISSING, "the loan leg is known on one side of the plan only"))
    return reasons


def _spot(before: VaultState, proposal: Proposal, after: VaultState, swap_tolerance: float) -> list[Reason]:
    wanted, got = proposal.spot_base_delta, after.spot_base - before.spot_base
    if wanted > 0 and got >= wanted * (1 - swap_tolerance) - 1:
        return []
    if wanted <= 0 and got == wanted:
        return []
    return [
        Reason(
            Code.EFFECT_MISSING,
            f"spot {before.base.symbol}: wanted a change of {before.base.to_float(wanted):g}, "
            f"got {before.base.to_float(got):g}",
            before.base.to_float(got),
            before.base.to_float(wanted),
        )
    ]


def _order(before: PerpState, proposal: Proposal, after: PerpState, now: int) -> list[Reason]:
    wanted, got = proposal.perp_size_delta, after.size - before.size
    if got == wanted:
        return []
    lot = 10**before.size_decimals
    text = f"perp: wanted a change of {wanted / lot:g}, got {got / lot:g}"
    if now < after.pending_until:
        return [Reason(Code.EFFECT_PENDING, f"{text}; the order may fill until {after.pending_until}")]
    if after.liquidations > before.liquidations:
        text += "; a liquidation happened"
    elif after.rejections > before.rejections:
        text += "; the venue rejected an action"
    elif wanted and 0 < abs(got) < abs(wanted) and (got > 0) == (wanted > 0):
        text += "; filled in part"
    return [Reason(Code.EFFECT_MISSING, text, got / lot, wanted / lot)]


def _transfers(before: PerpState, proposal: Proposal, after: PerpState, now: int) -> list[Reason]:
    """Cash on HyperCore must have changed by what was moved; the perp account's equity moves with the market."""
    usd = 10**6
    wanted = proposal.deposit - proposal.to_perp + proposal.from_perp - proposal.withdraw
    moved = any((proposal.deposit, proposal.to_perp, proposal.from_perp, proposal.withdraw))
    got = after.core_spot_usdc - before.core_spot_usdc
    if not moved or (got == wanted and after.in_flight == 0):
        return []
    text = f"HyperCore cash: wanted a change of {wanted / usd:,.2f} USD, got {got / usd:,.2f}"
    if after.in_flight or now < after.pending_until:
        return [Reason(Code.EFFECT_PENDING, f"{text}; {after.in_flight / usd:,.2f} still on the way")]
    return [Reason(Code.EFFECT_MISSING, text, got / usd, wanted / usd)]


def _loan(before: VaultState, first: LoanState, proposal: Proposal, after: VaultState, last: LoanState) -> list[Reason]:
    """Debt and collateral moved as asked, up to the interest since and the slippage that any policy allows at most."""
    hours = (after.block.timestamp - before.block.timestamp) / SECONDS_PER_HOUR * INTEREST_ROOM
    lot = 10 ** (before.base.decimals - first.size_decimals)
    debt_room = lot + max(first.debt, last.debt) * first.borrow_rate.per_hour() * hours
    repaid = min(proposal.perp_size_delta * lot, first.debt)
    reasons = []
    if abs(last.debt - first.debt + repaid) > debt_room:
        wanted, got = before.base.to_float(-repaid), before.base.to_float(last.debt - first.debt)
        text = f"loan: wanted a change of the debt of {wanted:g} {before.base.symbol}, got {got:g}"
        reasons.append(Reason(Code.EFFECT_MISSING, text, got, wanted))
    spent = before.base.to_float(repaid) * before.oracle_price
    wanted = before.asset.to_float(proposal.deposit - proposal.withdraw) - spent
    got = before.asset.to_float(last.collateral - first.collateral)
    largest = before.asset.to_float(max(first.collateral, last.collateral))
    interest = largest * first.supply_rate.per_hour() * hours
    if abs(got - wanted) > 0.01 + interest + abs(spent) * CEILINGS["max_slippage"]:
        text = f"loan: wanted a change of the collateral of {wanted:,.2f} {before.asset.symbol}, got {got:,.2f}"
        reasons.append(Reason(Code.EFFECT_MISSING, text, got, wanted))
    return reasons
