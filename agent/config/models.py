"""The models of a strategy file: strict, so that a misspelt limit is an error and never a default."""

from typing import Annotated, Literal, get_args

from pydantic import Field

from agent.config.scaling import Scaling
from agent.config.strict import Fraction, Positive, Strict
from agent.policy import Policy

LEAST_ORDER_REACH = 0.001  # LEAST_REACH_BPS of contracts/src/adapters/HyperCorePerp.sol; a test compares the two

Folder = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$")]  # relative, so it stays below the data


Venue = Literal["binance", "bybit", "okx", "hyperliquid", "dydx", "deribit", "gate", "krakenfutures"]


class MarketConfig(Strict):
    """Which recorded series make the market. Folders are below the data folder, as in <venue>/<kind>."""

    symbol: Annotated[str, Field(pattern=r"^[A-Z0-9]{3,20}$")]  # e.g. ETHUSDT, the Parquet files' name
    spot: Folder  # folder of hourly spot candles
    perp: Folder | None = None  # folder of hourly perp candles
    mark: Folder | None = None  # folder of hourly mark prices; without it the perp's close is the mark
    funding: Folder | None = None  # folder of settled funding
    open_interest: Folder | None = None  # folder of hourly open interest
    max_funding_age_h: Positive = 10.0  # older than this the last settlement is stale
    max_deviation: Positive = 0.02  # exchange spot against on-chain oracle and pool price


class ObserveConfig(Strict):
    """Which exchanges are asked, and what they must fulfil to be believed."""

    # A list in the file, which strict mode would not take for a tuple.
    venues: Annotated[tuple[Venue, ...], Field(min_length=3, strict=False)] = get_args(Venue)
    min_sources: Annotated[int, Field(ge=3, le=20)] = 3  # that must answer in time
    max_age_s: Positive = 60.0  # venues stamp their tickers within seconds; a minute is a venue in trouble
    outlier_sigmas: Positive = 5.0  # robust deviations from the median
    max_price_spread: Annotated[float, Field(gt=0, lt=1)] = 0.01  # between believed prices; arbitrage keeps it below
    max_price_jump: Annotated[float, Field(gt=0, lt=1)] = 0.10  # from round to round, unless the next confirms it
    max_funding_spread_1h: Positive = 0.001  # a wrong unit is 8 or 100 times off
    max_funding_jump_1h: Positive = 0.001
    frozen_polls: Annotated[int, Field(ge=2)] = 3  # rounds with the same value while the others move
    max_depeg: Annotated[float, Field(gt=0, lt=0.2)] = 0.01  # of the vault's asset from a dollar; then only reduce
    depth_bps: Annotated[int, Field(ge=1, le=1_000)] = 50  # order book depth is counted within this of the middle


class AaveConfig(Strict):
    """What the vault's asset must be worth at Aave as collateral, so that margins mean what the file says."""

    liquidation_threshold: Annotated[float, Field(gt=0, lt=1)]  # of its value; compared with Aave at the start


class VaultConfig(Strict):
    """The tokens of the vault and the venue terms."""

    base_symbol: Annotated[str, Field(pattern=r"^[A-Z0-9]{2,10}$")]
    base_decimals: Annotated[int, Field(ge=6, le=18)]
    pool_fee: Literal[100, 500, 3000] = 500  # Uniswap v3 fee tier, 1e-6
    perp_index: Annotated[int, Field(ge=0, le=65_535)] | None = None  # HyperCore perp; none for a spot-only vault
    size_decimals: Annotated[int, Field(ge=0, le=6)] = 4  # lot of both legs: HyperCore's of the perp
    max_perp_leverage: Annotated[int, Field(ge=1, le=50)] = 25
    aave: AaveConfig | None = None  # a loan as the short leg, instead of a perp


class ForecastConfig(Strict):
    """How volatility is forecast."""

    method: Literal["ewma", "calibrated_ewma", "realised", "har"] = "ewma"  # docs/volatility.md compares them
    half_life_h: Positive = 240.0  # of the exponentially weighted variance; the whole window of "realised"
    return_interval_h: Annotated[int, Field(ge=1, le=168)] = 24  # "ewma" measures returns over this many hours
    # "calibrated_ewma" corrects itself by its misses, weighing this half; "har" fits six times as many hours.
    calibration_half_life_h: Positive = 504.0
    floor: Positive  # the forecast never falls below this, annualised
    warm_up_h: Annotated[int, Field(ge=24)] = 168  # hours of history before the first trade


class VolatilityConfig(ForecastConfig):
    """How volatility is forecast, and how much of it is wanted."""

    target: Annotated[float, Field(gt=0, le=2)]  # annualised, 0.1 is 10 % a year; above 200 % it is a per cent


class FundingConfig(Strict):
    """Hold while funding pays; switch when the wrong side has cost as much as a round trip."""

    round_trip_cost: Annotated[float, Field(gt=0, le=0.05)]  # of opening and closing both legs, per notional
    memory_h: Annotated[float, Field(ge=1, le=24 * 30)] = 48.0  # half-life and reach of the expected funding


class LendingConfig(Strict):
    """Scale by what the position earns now at Aave, per year and per unit of exposure, with hysteresis."""

    entry_annual: float  # open only when the net rate is at least this
    exit_annual: float  # close when it is below this
    full_annual: float  # at and above this the factor is 1


class OpenInterestConfig(Strict):
    """Scale down when open interest is crowded against its own recent past."""

    window_h: Annotated[int, Field(ge=24, le=24 * 90)]
    smoothing_h: Annotated[int, Field(ge=1, le=24 * 7)]  # the present is the mean of so many last hours
    start_z: float  # z-score at which scaling begins
    full_z: float  # z-score at which the factor reaches `floor`
    floor: Fraction
    max_age_h: Positive = 3.0


class LiquidationConfig(Strict):
    """Margin of the short leg, and how much room it must leave, in daily standard deviations of price."""

    target_margin: Annotated[float, Field(gt=0, le=2)]  # equity / notional of the short after a rebalance
    low_margin: Annotated[float, Field(gt=0, le=2)]  # below this, top up or reduce
    high_margin: Annotated[float, Field(gt=0, le=5)]  # above this, take the excess home
    wanted_sigma: Positive  # full size only when liquidation is at least this many daily sigmas away


class DrawdownConfig(Strict):
    """Scale down linearly between `start` and the policy's drawdown limit."""

    start: Fraction


class SizingConfig(Strict):
    """Exposure bounds and the no-trade band."""

    max_exposure: Annotated[float, Field(gt=0, le=1)]  # of NAV, per leg
    band: Fraction  # of NAV: trade only when exposure is further than this from its target
    delta_band: Fraction  # of NAV: rebalance the legs against each other beyond this
    min_idle: Fraction  # of NAV kept as cash for redemptions
    min_trade_usd: Positive


class CarryStrategy(Strict):
    """Long spot, short perp."""

    kind: Literal["carry"]
    volatility: VolatilityConfig
    funding: FundingConfig
    open_interest: OpenInterestConfig | None = None
    liquidation: LiquidationConfig
    drawdown: DrawdownConfig
    sizing: SizingConfig
    scaling: Scaling = ()  # further methods, docs/scaling.md


class LendingNeutralStrategy(Strict):
    """Long spot, short by a loan of the base at Aave."""

    kind: Literal["lending_neutral"]
    volatility: ForecastConfig
    lending: LendingConfig
    liquidation: LiquidationConfig
    drawdown: DrawdownConfig
    sizing: SizingConfig


class VolatilityTargetStrategy(Strict):
    """Spot only, sized to hold its own volatility at the target."""

    kind: Literal["volatility_target"]
    volatility: VolatilityConfig
    drawdown: DrawdownConfig
    sizing: SizingConfig
    scaling: Scaling = ()


Hedged = CarryStrategy | LendingNeutralStrategy  # two legs that cancel each other's price


class ExecutionConfig(Strict):
    """How a plan is made and sent."""

    deadline_s: Annotated[int, Field(ge=15, le=3_600)] = 120
    swap_tolerance: Annotated[float, Field(gt=0, le=0.05)] = 0.0005  # below the quote, for the minimum out
    # Limit price away from the mark. The perp adapter refuses less than LEAST_ORDER_REACH; the rest is for ticks.
    order_tolerance: Annotated[float, Field(ge=LEAST_ORDER_REACH + 0.0002, le=0.05)] = 0.003
    max_fee_gwei: Positive = 50.0
    urgent_max_fee_gwei: Positive = 200.0  # for plans that reduce risk, and for cancelling
    min_gas_balance: Positive = 0.1  # native tokens; below it no cycle starts


class ControlsConfig(Strict):
    """What the agent refuses itself over plans taken together; the contract's limits hold besides."""

    max_plans_per_hour: Annotated[int, Field(ge=1, le=60)] = 6  # one an hour, and room for events that cannot wait
    max_trading_plans_per_day: Annotated[int, Field(ge=2, le=200)] = 16  # then disabled until a person looks
    max_move_1h: Annotated[float, Field(gt=0, lt=1)] = 0.10  # of the price; beyond it nothing is widened
    max_portfolio_drawdown: Annotated[float, Field(gt=0, lt=1)] = 0.10  # of all vaults together; likewise


class Config(Strict):
    """One file is one strategy on one vault."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$")]
    chain: Literal["local"]
    market: MarketConfig
    observe: ObserveConfig = ObserveConfig()
    vault: VaultConfig
    strategy: Annotated[CarryStrategy | VolatilityTargetStrategy | LendingNeutralStrategy, Field(discriminator="kind")]
    execution: ExecutionConfig = ExecutionConfig()
    controls: ControlsConfig = ControlsConfig()
    policy: Policy
