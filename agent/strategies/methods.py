"""What the methods of `strategy.scaling` are told of an observation, and the sizing with them in it."""

from collections.abc import Sequence
from statistics import median

from agent.config import CarryStrategy, SizingConfig, VolatilityTargetStrategy
from agent.decision import Scaler
from agent.market.observation import Floats, MarketView, Observation
from agent.market.reading import Quantity
from agent.reasons import Reason
from agent.scaling import Situation, Sizing, compose
from agent.strategies.book import Book
from agent.strategies.ceilings import smallest_trade


def with_methods(
    caps: Sequence[Scaler],
    factors: Sequence[Scaler],
    observation: Observation,
    strategy: CarryStrategy | VolatilityTargetStrategy,
    book: Book,
    *,
    worth: Floats,
    forecast: float,
    price_volatility: float,
) -> Sizing | Reason:
    """The strategy's own caps and factors, and the methods of its file.

    Parameters
    ----------
    worth : of one unit of the strategy at the rows of the history
    forecast, price_volatility : annualised, of one unit of the strategy and of the coin
    """
    vault, history = observation.vault, observation.market.history
    share_of_high = 1.0
    if vault.high_water_mark_e18 > 0:
        share_of_high = min(1.0, vault.share_price_e18 / vault.high_water_mark_e18)
    situation = Situation(
        time_s=observation.time,
        history=history,
        worth=worth,
        forecast=forecast,
        price_volatility=price_volatility,
        held=min(book.legs()) * book.lot_usd / book.nav,
        net_asset_value=book.nav,
        price=vault.oracle_price,
        share_of_high=share_of_high,
        least_step=max(strategy.sizing.band, smallest_trade(book, strategy.sizing) / book.nav),
        widest_band=strategy.sizing.band,
        book_depth_usd=book_depth(observation.market),
    )
    return compose(caps, factors, strategy.scaling, situation)


def book_depth(market: MarketView) -> float | None:
    """What rests near the middle on the thinner side of the median venue's book, USD; None when no venue tells.

    The median, because depth is each venue's own: the sum would follow whoever answers, and one venue alone could
    name any number.
    """
    sides: dict[str, list[float]] = {}
    for reading in market.readings:
        if reading.quantity in (Quantity.BID_DEPTH_USD, Quantity.ASK_DEPTH_USD):
            sides.setdefault(reading.source, []).append(reading.value)
    thinner = [min(both) for both in sides.values() if len(both) == 2]
    return median(thinner) if thinner else None


def sizing_of(sizing: SizingConfig, sized: Sizing) -> SizingConfig:
    """The strategy's sizing with the band that a method chose."""
    return sizing if sized.band is None else sizing.model_copy(update={"band": sized.band})
