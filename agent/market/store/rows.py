"""The store's answers as typed arrays. Stamps are UTC milliseconds; a value that nobody knows is NaN, never zero."""

from dataclasses import dataclass

from agent.market.observation import Floats, Seconds

Milliseconds = Seconds  # int64 as well


@dataclass(frozen=True, slots=True)
class FundingRows:
    """Settled funding: the decimal rate for the interval that ended at `time_ms`; longs pay shorts when positive."""

    time_ms: Milliseconds
    rate: Floats


@dataclass(frozen=True, slots=True)
class CandleRows:
    """Complete bars by their open; prices in quote per base, volume in base coin (NaN for mark prices)."""

    time_ms: Milliseconds
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


@dataclass(frozen=True, slots=True)
class OpenInterestRows:
    """Open contracts in base coin."""

    time_ms: Milliseconds
    open_interest: Floats


@dataclass(frozen=True, slots=True)
class LendingRows:
    """One reserve of a lending market: yearly decimal rates, and the indexes that really grew."""

    time_ms: Milliseconds
    liquidity_rate: Floats
    borrow_rate: Floats
    liquidity_index: Floats
    borrow_index: Floats


@dataclass(frozen=True, slots=True)
class PoolRows:
    """One pool of Uniswap v3: the tick after the last swap of each minute, and the liquidity in range (raw units)."""

    time_ms: Milliseconds
    close_tick: Seconds
    liquidity: Floats


@dataclass(frozen=True, slots=True)
class PriceRows:
    """One price, in quote per base."""

    time_ms: Milliseconds
    price: Floats
