"""Which series the store keeps, which columns they have, and in which file a row lives.

    <store>/funding/venue=binance/symbol=ETHUSDT/2023-01.parquet
    <store>/candles/kind=perp/timeframe=1h/venue=binance/symbol=ETHUSDT/2023-01.parquet

One file holds one calendar month (UTC). Folder names are Hive partitions, which DuckDB, Polars and Spark read as
columns.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from agent.market.store.rows import Milliseconds
from agent.reasons import Code, Reason, Refusal

UTC_MS = pa.timestamp("ms", tz="UTC")
HOUR_MS = 3_600_000
TIMEFRAMES_MS = {"1m": 60_000, "1h": HOUR_MS, "4h": 4 * HOUR_MS, "8h": 8 * HOUR_MS}
ASIDE = "aside"  # the folder of rows that a venue told otherwise before

# A rate of Aave has 27 decimals and an amount of Uniswap 128 bits: a float would forget digits.
RAY = pa.decimal128(38, 27)
AMOUNT = pa.decimal128(38, 0)


class Kind(StrEnum):
    """What a series tells."""

    FUNDING = "funding"  # settled: decimal rate for the interval that ended at `time`
    PERP = "perp"
    SPOT = "spot"
    MARK = "mark"  # the open, high and low may be unknown, the volume always is
    OPEN_INTEREST = "open_interest"  # base coin
    LENDING = "lending"  # one reserve of a lending market, per minute
    POOL = "pool"  # one pool of Uniswap v3, per minute
    PRICE = "price"  # one price, per minute


CANDLE_KINDS = (Kind.PERP, Kind.SPOT, Kind.MARK)
_CANDLE_COLUMNS = {name: pa.float64() for name in ("open", "high", "low", "close", "volume")}
COLUMNS: dict[Kind, dict[str, pa.DataType]] = {
    Kind.FUNDING: {"rate": pa.float64()},
    Kind.PERP: _CANDLE_COLUMNS,
    Kind.SPOT: _CANDLE_COLUMNS,
    Kind.MARK: _CANDLE_COLUMNS,
    Kind.OPEN_INTEREST: {"open_interest": pa.float64()},
    Kind.LENDING: dict.fromkeys(("liquidity_rate", "borrow_rate", "liquidity_index", "borrow_index"), RAY),
    Kind.POOL: {
        "net_amount0": AMOUNT,
        "net_amount1": AMOUNT,
        "open_tick": pa.int32(),
        "close_tick": pa.int32(),
        "lowest_tick": pa.int32(),
        "highest_tick": pa.int32(),
        "liquidity": AMOUNT,
    },
    Kind.PRICE: {"price": pa.float64()},
}
_MAY_BE_NULL = {Kind.MARK: ("open", "high", "low", "volume")}
_QUOTE = re.compile(r"(?<=.)(USDT|USDC|USD)$")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}")


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """One series: what, of which venue, of which symbol, and for candles the length of a bar."""

    kind: Kind
    venue: str
    symbol: str
    timeframe: str = ""

    def __post_init__(self) -> None:
        for name, value in (("venue", self.venue), ("symbol", self.symbol)):
            if not _NAME.fullmatch(value):
                raise Refusal(Reason(Code.DATA_MISSING, f"{value!r} is no name of a {name}", where=name))
        allowed = tuple(TIMEFRAMES_MS) if self.kind in CANDLE_KINDS else ("",)
        if self.timeframe not in allowed:
            raise Refusal(
                Reason(
                    Code.DATA_INTERVAL,
                    f"{self.kind} knows the timeframes {allowed}, not {self.timeframe!r}",
                    where="timeframe",
                )
            )

    @property
    def folder(self) -> PurePosixPath:
        """The folder of its months, below the store."""
        names = PurePosixPath(f"venue={self.venue}", f"symbol={self.symbol}")
        if self.kind in CANDLE_KINDS:
            return PurePosixPath("candles", f"kind={self.kind}", f"timeframe={self.timeframe}") / names
        return PurePosixPath(self.kind) / names

    @property
    def schema(self) -> pa.Schema:
        """Stamps in UTC milliseconds, then the columns of the kind."""
        optional = _MAY_BE_NULL.get(self.kind, ())
        columns = [pa.field(name, type_, name in optional) for name, type_ in COLUMNS[self.kind].items()]
        return pa.schema([pa.field("time", UTC_MS, nullable=False), *columns])

    @property
    def slot_ms(self) -> int:
        """Two rows nearest to the same multiple of this are the same row: settlements are stamped a little late."""
        if self.kind in (Kind.LENDING, Kind.POOL, Kind.PRICE):
            return TIMEFRAMES_MS["1m"]
        return TIMEFRAMES_MS[self.timeframe or "1h"]

    def __str__(self) -> str:
        return " ".join(part for part in (self.venue, self.symbol, self.kind, self.timeframe) if part)


def base_of(symbol: str) -> str:
    """The asset of a market: BTC for BTCUSDT and for BTC. An inverse contract (BTCUSDCM) is another thing."""
    return _QUOTE.sub("", symbol)


def months_of(time_ms: Milliseconds) -> NDArray[np.str_]:
    """The month of each stamp, as its file is called: 2023-01."""
    return time_ms.astype("datetime64[ms]").astype("datetime64[M]").astype(np.str_)


def is_store(folder: Path) -> bool:
    """Whether a folder holds series in this layout."""
    return next(keys_of(folder), None) is not None


def keys_of(folder: Path) -> Iterator[Key]:
    """Every series that a store has a file of, in no order."""
    for kind in Kind:
        is_candle = kind in CANDLE_KINDS
        top = folder / "candles" / f"kind={kind}" if is_candle else folder / kind
        pattern = "timeframe=*/venue=*/symbol=*" if is_candle else "venue=*/symbol=*"
        for found in top.glob(pattern):
            values = dict(part.split("=", 1) for part in found.relative_to(top).parts)
            if any(found.glob("*.parquet")):
                yield Key(kind, values["venue"], values["symbol"], values.get("timeframe", ""))
