"""From a target to the next proposal: cut what is too large, then widen, then move cash; one idea per cycle."""

from dataclasses import dataclass, replace

from agent.config import LiquidationConfig, SizingConfig
from agent.decision import Proposal
from agent.scaling import no_trade_band
from agent.strategies.book import DUST_USD, Book
from agent.strategies.cash import Move, fund_entry, settle_cash, top_up
from agent.strategies.ceilings import Ceiling, ceilings, smallest_trade, spare_cash
from agent.strategies.levels import highest_level, lowest_level
from agent.units import Token

NEEDS_MARGIN = "hold: a wider position needs more margin than the spare cash gives"


def next_step(
    book: Book,
    exposure: float,
    sizing: SizingConfig,
    liquidation: LiquidationConfig | None,
    min_liquidation_distance: float,
    asset: Token,
) -> Move:
    """The next proposal towards `exposure`, and one sentence that says why this one or why none.

    In this order, and the first that applies is the whole plan:

    1. cut    : target, hedge, margin and idle reserve each set a ceiling; both legs go to the lowest one
    2. top up : margin below its lower bound gets cash (together with a cut, when there is one)
    3. widen  : both legs by the same plan to the target, as far as margin and cash already there allow
    4. fund   : the margin that a wider position lacks is deposited; the legs follow in a later cycle
    5. settle : cash that nothing needs comes home

    Every rule stops inside the region where no rule applies: cuts end at the edge of the band, widenings within it,
    top-ups end at the target margin between the bounds that start transfers, and trades under `smallest_trade` are
    left alone. A state therefore never leads back to itself by way of trades. Closing fully is exempt from the
    smallest trade, so that an exit ends.

    Parameters
    ----------
    book : the vault
    exposure : target of each leg, multiple of net asset value, >= 0
    sizing, liquidation : of the strategy; liquidation is None without a perp leg
    min_liquidation_distance : of the policy; nearer than this a cut is not sliced and does not wait for cash
    asset : the vault's asset
    """
    target_lots = max(0.0, exposure * book.nav / book.lot_usd)
    if target_lots * book.lot_usd < sizing.min_trade_usd:
        target_lots = 0.0  # a target below the smallest trade could be neither reached nor adjusted
    urgent = book.distance is not None and book.distance < min_liquidation_distance
    smallest_usd = smallest_trade(book, sizing)

    cut = _cut(book, ceilings(book, target_lots, sizing, liquidation, urgent), smallest_usd, urgent)
    if liquidation is not None:
        rescued = _with_margin(book, cut, sizing, liquidation, asset, urgent)
        if rescued is not None:
            return rescued
    if cut is not None and not cut.proposal.is_empty():
        return cut.proposal, cut.note
    # A cut that is due and has to wait is not replaced by a widening.
    widened = _widen(book, target_lots, smallest_usd, sizing, liquidation) if cut is None else cut.note
    if isinstance(widened, tuple):
        return widened
    if liquidation is None:
        return Proposal(), widened
    if widened == NEEDS_MARGIN and (funded := fund_entry(book, int(target_lots), sizing, liquidation, asset)):
        return funded
    settled = settle_cash(book, int(target_lots), sizing, liquidation)
    if settled is not None:
        return settled
    return Proposal(), "hold: cash is on its way between the chains" if book.in_flight > 0 else widened


@dataclass(frozen=True, slots=True)
class _Cut:
    """A reduction of both legs."""

    proposal: Proposal
    note: str
    goal: int  # lots that this plan and its later slices will leave
    usd: float  # of the leg that is cut more
    freed: float  # USD that the spot sale brings into the vault


def _cut(book: Book, found: list[Ceiling], smallest_usd: float, urgent: bool) -> _Cut | None:
    """The cut to the lowest ceiling that is worth its trade; an empty one when a cut is due and has to wait."""
    waiting = None
    for ceiling in sorted(found, key=lambda c: c.lots):
        if ceiling.lots >= max(book.legs()) and book.perp_lots >= 0:
            continue
        budget = book.urgent_cut_lots if urgent else book.cut_lots
        least_usd = DUST_USD if ceiling.forced else smallest_usd
        cut = _cut_to(book, ceiling, lowest_level(book.legs(), ceiling.lots, budget))
        if cut.usd > least_usd:
            return cut
        if waiting is None and _cut_to(book, ceiling, ceiling.lots).usd > least_usd:
            note = f"hold: what a reducing plan may lose now is too little to cut, though {ceiling.why}"
            waiting = _Cut(Proposal(), note, goal=book.largest_leg(), usd=0.0, freed=0.0)
    return waiting


def _cut_to(book: Book, ceiling: Ceiling, level: int) -> _Cut:
    # A perp of the wrong sign is closed; otherwise each leg goes down to the level, or stays.
    spot_after = min(book.spot_lots, level)
    perp_after = min(max(0, book.perp_lots), level)
    sold = book.spot_lots - spot_after
    perp_change = perp_after - book.perp_lots if book.direction.perp else 0
    spot_change = 0 if sold == 0 else spot_after * book.lot_units - book.spot_units
    usd = max(sold, abs(perp_change)) * book.lot_usd
    note = f"reduce by {usd:,.0f} USD per leg: {ceiling.why}"
    return _Cut(
        proposal=book.direction.trade(spot_change, perp_change, reduces=True),
        note=note if level <= ceiling.lots else f"{note}; more slices follow",
        goal=ceiling.lots,
        usd=usd,
        freed=sold * book.lot_proceeds,
    )


def _with_margin(
    book: Book, cut: _Cut | None, sizing: SizingConfig, liquidation: LiquidationConfig, asset: Token, urgent: bool
) -> Move | None:
    held = max(0, book.perp_lots)
    if book.equity >= book.margin_wanted(held, liquidation.low_margin) or not book.holds_position():
        return None
    kept, freed = (held, 0.0) if cut is None else (min(held, cut.goal), cut.freed)
    base, why = (Proposal(), "margin is low") if cut is None else (cut.proposal, cut.note)
    move = top_up(book, base, kept, freed, sizing, liquidation, asset, urgent)
    return None if move is None else (move[0], f"{why}; {move[1]}")


def _widen(
    book: Book, target_lots: float, smallest_usd: float, sizing: SizingConfig, liquidation: LiquidationConfig | None
) -> Move | str:
    """The widening trade, or why there is none."""
    largest = book.largest_leg()
    # Not to the band's near edge: the target is mostly a cap, towards which exposure never drifts by itself, and a
    # vault that stopped at the edge would stay a whole band short of it.
    goal = int(no_trade_band(largest, target_lots, book.band_lots(sizing.band), "optimum"))
    if goal <= largest:
        return "hold: no position is wanted" if target_lots == 0 else "hold: exposure is inside its band"
    if (goal - min(book.legs())) * book.lot_usd < smallest_usd:
        return f"hold: the trade to the target is under {smallest_usd:,.0f} USD"

    by_margin = goal
    if liquidation is not None:
        by_margin = int(book.margin_at_hand() / (liquidation.target_margin * book.lot_mark))
    by_cash = book.spot_lots + int(spare_cash(book, sizing) / book.lot_cost)
    reachable = min(goal, by_margin, by_cash)
    if _is_small(book, reachable, smallest_usd):
        return NEEDS_MARGIN if by_margin < goal else "hold: widening would use up the idle reserve"
    level = highest_level(book.legs(), reachable, book.widen_lots)
    if _is_small(book, level, smallest_usd):
        return "hold: what a plan may trade and lose now is too little to widen; the budgets refill"

    proposal = book.direction.trade(
        level * book.lot_units - book.spot_units, level - book.perp_lots if liquidation else 0, reduces=False
    )
    note = f"widen to {level * book.lot_usd:,.0f} USD per leg"
    needs_cash = liquidation is not None and book.equity < book.margin_wanted(level, liquidation.target_margin)
    if needs_cash and book.venue_cash_units > 0 and book.in_flight == 0:
        proposal = replace(proposal, to_perp=book.venue_cash_units)
        note += f", with {book.venue_cash:,.0f} USD more margin"
    return proposal, note


def _is_small(book: Book, level: int, smallest_usd: float) -> bool:
    """Whether raising the legs to `level` is no widening, or not worth its plan."""
    return level <= book.largest_leg() or (level - min(book.legs())) * book.lot_usd < smallest_usd
