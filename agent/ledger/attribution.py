"""Why net asset value changed between two states of a vault: each part from its own formula, the rest shown."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from agent.ledger.events import PPM, Fill, Flow, Gas, LoanIndexes, Swap
from agent.ledger.loan import LoanInterval
from agent.market.observation import PerpState, VaultState
from agent.reasons import Code, Reason, Refusal
from agent.units import finite

USD_6 = 1_000_000  # perp dollars have 6 decimals
STEP_TOLERANCE = 1e-9  # of net asset value, for one interval: an hour's funding is only some 1e-5 of it
RUN_TOLERANCE = 1e-6  # of net asset value, for all intervals of a run together
ROUNDING_USD = 1e-5  # ten smallest units: what rounding alone leaves, also in an empty vault


class UnexplainedError(Refusal):
    """A change of net asset value to which its parts do not add up."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """Parts of one change of net asset value in USD; a positive part adds to it."""

    funding: float = 0.0
    interest: float = 0.0  # of a loan's collateral, less that of its debt
    price: float = 0.0  # both legs over the move of the oracle price
    basis: float = 0.0  # the perp over the move of its mark against the oracle price
    fees: float = 0.0  # the pool's and the perp venue's
    slippage: float = 0.0  # fills against the price of valuation, before fees
    liquidation: float = 0.0  # what a forced close cost beyond the move of the mark
    gas: float = 0.0
    deposits: float = 0.0
    withdrawals: float = 0.0
    unexplained: float = 0.0

    @property
    def total(self) -> float:
        """The change of net asset value, net of gas."""
        return math.fsum(getattr(self, name) for name in PARTS)


PARTS = tuple(field.name for field in fields(Attribution))
"""Names of the parts in the order in which tables show them."""


@dataclass(frozen=True, slots=True)
class Step:
    """One interval explained, with the fills that happened in it."""

    attribution: Attribution
    fills: tuple[Fill, ...]


def attribute(
    before: VaultState,
    after: VaultState,
    *,
    swaps: Sequence[Swap] = (),
    loan_swaps: Sequence[Swap] = (),
    loan_indexes: LoanIndexes | None = None,
    flow: Flow | None = None,
    gas: Sequence[Gas] = (),
) -> Step:
    """Explain the change of net asset value from `before` to `after`.

        price    = sum over price steps of spot_base x d(oracle) + (perp_base - debt) x d(oracle)
        interest = of the loan's collateral less of its debt, see agent/ledger/loan.py
        basis    = perp_base x d(mark - oracle)
        funding  = d(funding_received)
        fees     = -(fee tier x what went into each swap) - d(fees_paid)
        slippage = value of what came - value of what went, both before fees
        rest     = d(total_assets) - gas - flows - all of the above

    The perp quantity is that of `before`: an order acts on the venue's new prices, so its fill is measured against the
    mark price of `after`. The rest is `unexplained` and never hides in another part, with one exception: no state tells
    at which price a venue liquidated, so over an interval with a liquidation the rest is the `liquidation`, and its
    fill shows the price which that implies.

    Parameters
    ----------
    before, after : states of one vault in the order of their blocks
    swaps : every spot swap between them, in order
    loan_swaps : every swap of borrowed base between them, all at the oracle price of `after`
    loan_indexes : Aave's, when a plan between them changed the loan
    flow : what depositors moved between them
    gas : every transaction of the agent between them

    Raises
    ------
    ValueError : states of different vaults or out of order, or a lifetime sum that shrank.
    """
    _check_order(before, after)
    moved = flow or Flow()
    to_usd = after.asset.to_float
    perp = _PerpInterval.between(before, after)
    loan = LoanInterval.between(before, after, loan_indexes or LoanIndexes())
    spot_fills = tuple(_spot_fill(swap, after) for swap in swaps)
    loan_fills = tuple(_spot_fill(swap, after, venue="loan") for swap in loan_swaps)
    order_fills = () if perp is None or perp.liquidated else perp.fills()
    known = Attribution(  # 0.0 - x rather than -x: nothing paid is 0.0 and not -0.0
        funding=perp.funding if perp else 0.0,
        interest=loan.interest if loan else 0.0,
        price=_spot_move(before, after, spot_fills) + (perp.price if perp else 0.0) + (loan.price if loan else 0.0),
        basis=perp.basis if perp else 0.0,
        fees=0.0 - math.fsum(fill.fee_usd for fill in spot_fills + loan_fills) - (perp.fee if perp else 0.0),
        slippage=0.0 - math.fsum(fill.slippage_usd for fill in spot_fills + loan_fills + order_fills),
        gas=0.0 - math.fsum(transaction.usd for transaction in gas),
        deposits=to_usd(moved.deposits),
        withdrawals=0.0 - to_usd(moved.withdrawals),
    )
    rest = to_usd(after.total_assets - before.total_assets) + known.gas - known.total
    if perp is not None and perp.liquidated:
        return Step(replace(known, liquidation=rest), (*spot_fills, perp.liquidation_fill(rest)))
    return Step(replace(known, unexplained=rest), spot_fills + loan_fills + order_fills)


def allowed_unexplained(nav_usd: float, tolerance: float = STEP_TOLERANCE) -> float:
    """Largest unexplained change, in USD, that is taken for rounding at this net asset value."""
    return max(tolerance * abs(nav_usd), ROUNDING_USD)


def require_explained(attribution: Attribution, nav_usd: float) -> None:
    """Raise `UnexplainedError` when one interval leaves more than `allowed_unexplained`, or no number."""
    allowed = allowed_unexplained(nav_usd)
    if not abs(attribution.unexplained) <= allowed:
        message = (
            f"{attribution.unexplained:+.6f} USD of a change of {attribution.total:+.6f} USD is unexplained: "
            "a swap, flow or fill is missing, or a state was misread"
        )
        raise UnexplainedError(Reason(Code.LEDGER_UNEXPLAINED, message, attribution.unexplained, allowed))


@dataclass(frozen=True, slots=True)
class _PerpInterval:
    """The perp account between two states, in USD and base quantities."""

    base_delta: float
    mark_price: float
    price: float
    basis: float
    funding: float
    fee: float
    traded: float
    liquidated: bool

    @classmethod
    def between(cls, first: VaultState, last: VaultState) -> "_PerpInterval | None":
        before, after = first.perp, last.perp
        if before is None and after is None:
            return None
        if before is None or after is None:
            raise ValueError("a perp leg appeared or vanished between two states; attribute them from one setup only")
        held = before.size / 10**before.size_decimals
        oracle_move = last.oracle_price - first.oracle_price
        mark_move = finite("mark_price", after.mark_price) - finite("mark_price", before.mark_price)
        return cls(
            base_delta=(after.size - before.size) / 10**after.size_decimals,
            mark_price=after.mark_price,
            price=held * oracle_move,
            basis=held * (mark_move - oracle_move),
            funding=(after.funding_received - before.funding_received) / USD_6,
            fee=_grown("fees_paid", before, after) / USD_6,
            traded=_grown("traded_notional", before, after) / USD_6,
            liquidated=_grown("liquidations", before, after) > 0,
        )

    def fills(self) -> tuple[Fill, ...]:
        """The orders of the interval as one fill; buys and sells that cancel leave their cost unexplained."""
        if self.base_delta == 0:
            return ()
        paid = math.copysign(self.traded, self.base_delta)
        return (Fill("perp", self.base_delta, self.mark_price, paid - self.base_delta * self.mark_price, self.fee),)

    def liquidation_fill(self, result: float) -> Fill:
        """The forced close whose result beyond the move of the mark is `result`."""
        return Fill("liquidation", self.base_delta, self.mark_price, -result, self.fee)


def _spot_fill(swap: Swap, state: VaultState, venue: str = "spot") -> Fill:
    asset = state.asset.to_float(swap.asset_delta)
    base = state.base.to_float(swap.base_delta)
    went_in = -asset if asset < 0 else -base * swap.oracle_price
    fee = went_in * swap.fee_ppm / PPM
    return Fill(venue, base, swap.oracle_price, -(asset + base * swap.oracle_price) - fee, fee)


def _spot_move(before: VaultState, after: VaultState, fills: Sequence[Fill]) -> float:
    """The spot leg over each step of the oracle price, with what was held during that step."""
    held = before.base.to_float(before.spot_base)
    price = finite("oracle_price", before.oracle_price)
    moves = []
    for fill in fills:
        moves.append(held * (fill.reference_price - price))
        held += fill.base
        price = fill.reference_price
    moves.append(held * (finite("oracle_price", after.oracle_price) - price))
    return math.fsum(moves)


def _grown(name: str, before: PerpState, after: PerpState) -> int:
    grown: int = getattr(after, name) - getattr(before, name)
    if grown < 0:
        raise ValueError(f"perp.{name} is a lifetime sum and cannot shrink: {getattr(before, name)} to {grown:+d}")
    return grown


def _check_order(before: VaultState, after: VaultState) -> None:
    if (before.asset, before.base) != (after.asset, after.base):
        raise ValueError(f"two vaults: {before.asset}/{before.base} and {after.asset}/{after.base}")
    if after.block.number < before.block.number:
        raise ValueError(f"block {after.block.number} is before block {before.block.number}")
