"""Why the legs must become smaller: each function is one reason, and the smallest size wins."""

import math
from dataclasses import dataclass

from agent.config import LiquidationConfig, SizingConfig
from agent.scaling import no_trade_band
from agent.strategies.book import Book

STEP_OF_BAND = 0.25  # of the band's half-width


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The most lots that either leg may keep, and why. A forced one is done even when the trade is small."""

    lots: int
    why: str
    forced: bool = False


def ceilings(
    book: Book,
    target_lots: float,
    sizing: SizingConfig,
    liquidation: LiquidationConfig | None,
    urgent: bool,
) -> list[Ceiling]:
    """Every reason to cut that applies now.

    Target and hedge come first, because a cut for them also frees cash for margin.
    """
    found = [_target(book, target_lots, sizing.band), _balance(book, sizing.delta_band)]
    kept = min((ceiling.lots for ceiling in found if ceiling), default=book.largest_leg())
    if liquidation is not None:
        found.append(_margin(book, kept, sizing, liquidation, urgent))
    found.append(_reserve(book, sizing, liquidation))
    return [ceiling for ceiling in found if ceiling is not None]


def smallest_trade(book: Book, sizing: SizingConfig) -> float:
    """USD per leg under which a trade that nothing forces is not worth its plan.

    Besides `min_trade_usd` it is a part of the band: a position at the band's edge would otherwise trade a little at
    every hour in which the price moves away from the target.
    """
    return max(sizing.min_trade_usd, STEP_OF_BAND * sizing.band * book.nav)


def spare_cash(book: Book, sizing: SizingConfig) -> float:
    """Idle cash in USD above the reserve kept for redemptions."""
    return max(0.0, book.idle - sizing.min_idle * book.nav)


def is_drained(book: Book, sizing: SizingConfig) -> bool:
    """Whether redemptions took more than half of the idle reserve; half, so that refilling it does not trade daily."""
    return book.idle < sizing.min_idle * book.nav / 2


def _target(book: Book, target_lots: float, band: float) -> Ceiling | None:
    if target_lots == 0:
        return Ceiling(0, "the target is no position", forced=True)
    edge = no_trade_band(book.largest_leg(), target_lots, book.band_lots(band))
    if edge >= book.largest_leg():
        return None
    return Ceiling(int(edge), f"exposure is more than {band:.1%} of the vault above its target")


def _balance(book: Book, delta_band: float) -> Ceiling | None:
    """Legs that stopped hedging each other are brought together by cutting the larger one, never by widening.

    The smaller leg is smaller because someone made it so: a rejected order, an auto-deleveraging, a liquidation.
    Reopening it against that is a bet; cutting the other one is always possible and always safer.
    """
    if abs(book.imbalance()) * book.lot_usd <= delta_band * book.nav:
        return None
    return Ceiling(
        min(book.legs()),
        f"spot and {'loan' if book.direct else 'perp'} differ by {abs(book.imbalance()) * book.lot_usd:,.0f} USD",
        forced=True,
    )


def _margin(
    book: Book, kept: int, sizing: SizingConfig, liquidation: LiquidationConfig, urgent: bool
) -> Ceiling | None:
    """Cut when margin is low and cash cannot restore it.

    A sale of x lots frees cash for margin and needs less of it, so the smallest cut that lets cash restore the target
    ratio m for n lots is x = (m n - equity - cash) / (1 + m). Waiting for that cash takes cycles, so when liquidation
    is nearer than the policy allows, the legs are cut to what the margin already there carries.
    """
    held = max(0, book.perp_lots)
    if held == 0 or book.equity >= book.margin_wanted(held, liquidation.low_margin):
        return None
    if urgent:
        lots = int(book.margin_at_hand() / (liquidation.target_margin * book.lot_mark))
        return Ceiling(lots, "liquidation is nearer than the policy allows", forced=True) if lots < held else None
    sold = max(0, book.spot_lots - kept) * book.lot_proceeds
    reachable = book.equity + book.venue_cash + book.in_flight + spare_cash(book, sizing) + sold
    kept = min(kept, held)
    if reachable >= book.margin_wanted(kept, liquidation.low_margin):
        return None
    missing = book.margin_wanted(kept, liquidation.target_margin) - reachable
    cut = math.ceil(missing / (book.lot_mark * liquidation.target_margin + book.lot_proceeds))
    return Ceiling(max(0, kept - cut), "margin is low and the spare cash cannot restore it", forced=True)


def _reserve(book: Book, sizing: SizingConfig, liquidation: LiquidationConfig | None) -> Ceiling | None:
    """Cut when redemptions took the reserve and no cash is on its way or waiting on the venue.

    The sale refills the reserve itself. What waits in the queue is paid by the sale and by the margin that smaller
    legs set free, which comes home some cycles later: a sale for all of it would end below the target, and buy back.
    """
    if not is_drained(book, sizing) or not book.holds_position() or book.in_flight > 0:
        return None
    margin = liquidation.target_margin if liquidation else 0.0
    spare_margin = book.equity - book.margin_wanted(book.perp_lots, margin)
    if max(book.venue_cash, spare_margin) >= sizing.min_trade_usd:
        return None
    reserve = sizing.min_idle * book.nav
    with_margin = (reserve - book.idle + max(0.0, -spare_margin)) / (book.lot_proceeds + margin * book.lot_mark)
    by_sale_alone = (reserve - book.idle) / book.lot_proceeds
    cut = max((reserve - max(0.0, book.idle)) / book.lot_proceeds, min(with_margin, by_sale_alone))
    return Ceiling(max(0, book.largest_leg() - math.ceil(cut)), "redemptions used up the idle reserve")
