"""Moving cash between the vault and its short leg, by way of a cash account where the venue has one: once per plan."""

from dataclasses import replace

from agent.config import LiquidationConfig, SizingConfig
from agent.decision import Proposal
from agent.strategies.book import DUST_USD, USD, Book
from agent.strategies.ceilings import is_drained, spare_cash
from agent.units import Token

# The venue's own idea of what may leave moves with the mark; asking for all of it would be rejected half of the time.
WITHDRAWABLE_ROOM = 0.99

Move = tuple[Proposal, str]


def top_up(
    book: Book,
    base: Proposal,
    kept: int,
    freed: float,
    sizing: SizingConfig,
    liquidation: LiquidationConfig,
    asset: Token,
    urgent: bool,
) -> Move | None:
    """`base` with a transfer that raises margin which has become low, or None when there is nothing to move.

    Cash on HyperCore reaches the account soonest. When more can come from the vault, that goes first, so that the
    next cycle moves both in one transfer; unless it is urgent.

    Parameters
    ----------
    kept : lots the perp is being brought to
    freed : USD that the plan's own sale brings into the vault before the transfer
    """
    if book.in_flight > 0 or book.equity >= book.margin_wanted(kept, liquidation.low_margin):
        return None
    missing = book.margin_wanted(kept, liquidation.target_margin) - book.equity - book.venue_cash
    available = spare_cash(book, sizing) + freed
    deposit = min(missing, available)
    if deposit < sizing.min_trade_usd:
        deposit = 0.0
    soonest = urgent and book.venue_cash >= sizing.min_trade_usd
    if book.venue_cash > DUST_USD and (soonest or book.venue_cash >= deposit):
        return replace(base, to_perp=book.venue_cash_units), _moved("to the perp account", book.venue_cash)
    if deposit > 0:
        return replace(base, deposit=asset.to_units(deposit)), _moved(f"to {_venue(book)} for margin", deposit)
    return None


def fund_entry(
    book: Book, target_lots: int, sizing: SizingConfig, liquidation: LiquidationConfig, asset: Token
) -> Move | None:
    """The deposit that a wider position lacks, leaving the reserve and what its spot leg will cost."""
    if book.in_flight > 0:
        return None
    missing = book.margin_wanted(target_lots, liquidation.target_margin) - book.equity - book.venue_cash
    spot_cost = max(0, target_lots - book.spot_lots) * book.lot_cost
    deposit = min(missing, spare_cash(book, sizing) - spot_cost)
    if deposit < sizing.min_trade_usd:
        return None
    where = f"to {_venue(book)} as margin for a wider position"
    return Proposal(deposit=asset.to_units(deposit)), _moved(where, deposit)


def settle_cash(book: Book, target_lots: int, sizing: SizingConfig, liquidation: LiquidationConfig) -> Move | None:
    """Brings home what the position does not need: cash on HyperCore first, then margin above its upper bound.

    Needs are counted for the larger of position and target, and margin moves only when above `high_margin` and only
    down to `target_margin`. Cash on HyperCore becomes margin unless that would lift margin more than half of the way
    to its upper bound: a deposit whose trade is no longer wanted an hour later then stays useful, and margin that was
    just taken out does not go back. While the idle reserve is
    drained only the position held counts, and all margin above its target goes. A closed position leaves nothing
    behind but amounts below the smallest trade.
    """
    if book.in_flight > 0:
        return None
    drained = is_drained(book, sizing)
    held = max(0, book.perp_lots) if book.holds_position() else 0
    counted = held if drained else max(held, target_lots)
    needed = book.margin_wanted(counted, liquidation.target_margin)
    bound = book.margin_wanted(counted, liquidation.high_margin)
    welcome = needed if drained else (needed + bound) / 2
    if book.venue_cash >= sizing.min_trade_usd:
        if book.equity + book.venue_cash <= welcome:
            return Proposal(to_perp=book.venue_cash_units), _moved("to the perp account", book.venue_cash)
        return Proposal(withdraw=book.venue_cash_units), _moved("home to the vault", book.venue_cash)
    if not drained and book.equity <= bound:
        return None
    most = book.withdrawable_units if book.perp_lots == 0 else int(book.withdrawable_units * WITHDRAWABLE_ROOM)
    units = min(most, int((book.equity - needed) * USD))
    if units < sizing.min_trade_usd * USD:
        return None
    if book.direct:
        return Proposal(withdraw=units), _moved("of margin home to the vault", units / USD)
    return Proposal(from_perp=units), _moved("of margin out of the perp account", units / USD)


def _venue(book: Book) -> str:
    return "Aave" if book.direct else "HyperCore"


def _moved(where: str, amount: float) -> str:
    return f"move {amount:,.0f} USD {where}"
