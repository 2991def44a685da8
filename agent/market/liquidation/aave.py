"""At which price of one token each borrower of Aave can be liquidated: exact, from what the accounts really hold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agent.market.liquidation.buckets import Level, Side
from chains.venues.aave_v3_borrowers import Borrower, Reserve, is_liquidatable

PRICE_SCALE = 10**8  # of Aave's prices
_FURTHEST = 1_000  # times the present price, beyond which nothing is looked for


@dataclass(frozen=True, slots=True)
class BorrowerLevel:
    """The first price of the token, in Aave's 8 decimals, at which an account can be liquidated."""

    user: str
    price_usd8: int
    side: Side
    notional_usd: float


@dataclass(frozen=True, slots=True)
class AaveLevels:
    """Levels of the accounts that this token's price can bring down.

    `unplaced` accounts are in an e-mode, whose thresholds are not read: their levels are unknown, not absent.
    """

    levels: tuple[BorrowerLevel, ...]
    unplaced: tuple[str, ...]

    def as_levels(self) -> list[Level]:
        """The same for a map."""
        return [Level(one.price_usd8 / PRICE_SCALE, one.side, one.notional_usd) for one in self.levels]


def aave_levels(borrowers: Iterable[Borrower], reserves: Iterable[Reserve], asset: str) -> AaveLevels:
    """Finds, for each account, the price of `asset` at which its health factor falls below one, other prices fixed.

    The pool's own rounding is followed to the last unit. An account that is liquidatable at once has the present price
    as its level. Notional is the collateral in `asset` of a long, the debt in `asset` of a short, at that price.
    """
    by_asset = {reserve.asset: reserve for reserve in reserves}
    levels, unplaced = [], []
    for borrower in borrowers:
        if asset not in borrower.collateral and asset not in borrower.debt:
            continue
        if borrower.e_mode:
            unplaced.append(borrower.user)
            continue
        level = _level(borrower, by_asset, by_asset[asset])
        if level is not None:
            levels.append(level)
    return AaveLevels(tuple(sorted(levels, key=lambda one: (one.price_usd8, one.user))), tuple(unplaced))


def _level(borrower: Borrower, reserves: Mapping[str, Reserve], moving: Reserve) -> BorrowerLevel | None:
    """Between the lowest and the highest price an account changes its state once, because health is monotonic."""
    lowest, highest = 1, moving.price_usd8 * _FURTHEST

    def falls(price_usd8: int) -> bool:
        return is_liquidatable(borrower, reserves, {moving.asset: price_usd8})

    low, high = falls(lowest), falls(highest)
    if low and high:
        return _at(borrower, moving, moving.price_usd8, _larger_side(borrower, moving))
    if not low and not high:
        return None
    while highest - lowest > 1:
        middle = (lowest + highest) // 2
        lowest, highest = (middle, highest) if falls(middle) == low else (lowest, middle)
    side, level = (Side.LONG, lowest) if low else (Side.SHORT, highest)
    past = level > moving.price_usd8 if side is Side.LONG else level < moving.price_usd8
    return _at(borrower, moving, moving.price_usd8 if past else level, side)


def _larger_side(borrower: Borrower, moving: Reserve) -> Side:
    collateral, debt = borrower.collateral.get(moving.asset, 0), borrower.debt.get(moving.asset, 0)
    return Side.LONG if collateral > debt else Side.SHORT


def _at(borrower: Borrower, moving: Reserve, price_usd8: int, side: Side) -> BorrowerLevel:
    amounts = borrower.collateral if side is Side.LONG else borrower.debt
    notional = amounts.get(moving.asset, 0) / float(10**moving.decimals) * price_usd8 / PRICE_SCALE
    return BorrowerLevel(borrower.user, price_usd8, side, notional)
