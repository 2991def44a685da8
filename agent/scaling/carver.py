"""Carver's position sizing: from a forecast and a volatility target to a position, every number on the way, buffers."""

from dataclasses import dataclass

from agent.scaling.checks import finite_numbers, require_fraction, require_not_negative, require_positive

TRADING_DAYS_ROOT = 16.0  # the square root of 256; for markets that never close use the square root of 365
FORECAST_SCALE = 10.0  # an average forecast
FORECAST_CAP = 20.0


@dataclass(frozen=True, slots=True)
class PositionChain:
    """Every step from capital to position."""

    daily_cash_volatility: float  # wanted of the whole account
    block_value: float  # what 1 % of the price is worth per contract
    currency_volatility: float  # of one contract a day, in its own currency
    value_volatility: float  # the same in the account's currency
    volatility_scalar: float  # contracts of an average forecast
    position: float


@finite_numbers
def daily_cash_volatility(capital: float, target: float, year_root: float = TRADING_DAYS_ROOT) -> float:
    """Standard deviation of a day's profit that a target asks for.

        capital * target / sqrt(days per year)

    >>> daily_cash_volatility(100_000, 0.16)
    1000.0
    """
    require_positive(capital=capital, target=target, year_root=year_root)
    return capital * target / year_root


@finite_numbers
def position_chain(
    cash_volatility: float,
    price: float,
    point_value: float,
    daily_percent: float,
    exchange_rate: float,
    forecast: float,
) -> PositionChain:
    """The position that a forecast deserves, with every number on the way.

        block value         = price * point value * 0.01
        currency volatility = block value * daily volatility in per cent
        value volatility    = currency volatility * exchange rate
        volatility scalar   = daily cash volatility / value volatility
        position            = volatility scalar * forecast / 10,   forecast within +-20

    Parameters
    ----------
    cash_volatility : of `daily_cash_volatility`
    price, point_value : quote per unit and units per contract, > 0
    daily_percent : standard deviation of a day's return in per cent, > 0
    exchange_rate : of the instrument's currency in the account's, > 0
    forecast : any sign, 10 on average; cut at 20

    Source: Carver (2015), Systematic Trading, chapter 10.
    """
    require_positive(
        cash_volatility=cash_volatility,
        price=price,
        point_value=point_value,
        daily_percent=daily_percent,
        exchange_rate=exchange_rate,
    )
    block = price * point_value * 0.01
    currency = block * daily_percent
    value = currency * exchange_rate
    scalar = cash_volatility / value
    capped = max(-FORECAST_CAP, min(FORECAST_CAP, forecast))
    return PositionChain(cash_volatility, block, currency, value, scalar, scalar * capped / FORECAST_SCALE)


@finite_numbers
def forecast_buffer(volatility_scalar: float, weight: float, diversification: float, size: float = 0.10) -> float:
    """Half-width of the buffer around a position by the forecast method: a part of an average position.

        b = size * |scalar * weight * diversification multiplier|

    It does not shrink with the present forecast, without which a position near zero would follow every twitch.

    >>> forecast_buffer(-100.0, 0.5, 2.0)
    10.0
    """
    require_not_negative(size=size)
    return size * abs(volatility_scalar * weight * diversification)


@finite_numbers
def position_buffer(position: float, size: float = 0.10) -> float:
    """Half-width by the position method: a part of the position's own size, a short one's as well.

        b = size * |position|

    >>> position_buffer(-10.0)
    1.0
    """
    require_not_negative(size=size)
    return size * abs(position)


@finite_numbers
def reduce_only(position: float, trade: float) -> float:
    """The part of a trade that only reduces: a sign flip becomes a close, an increase nothing.

    >>> reduce_only(10, -15), reduce_only(10, -4), reduce_only(10, 5), reduce_only(-10, 15)
    (-10, -4, 0, 10)
    """
    if position * trade >= 0:
        return 0
    return trade if abs(trade) <= abs(position) else -position


@finite_numbers
def overridden_trade(position: float, trade: float, override: float) -> int:
    """The whole-numbered trade when a person allows only a part of the position wanted.

        trade = sign * floor(|position + trade| * override) - position

    Rounded towards zero on both sides: a plain floor would make every short one larger.

    Parameters
    ----------
    position, trade : whole numbers of contracts
    override : in [0, 1]

    >>> overridden_trade(10, 5, 0.5), overridden_trade(-10, -5, 0.5)
    (-3, 3)
    """
    require_fraction(override=override)
    return int((position + trade) * override) - int(position)
