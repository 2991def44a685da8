"""A store as a market: the table that decisions, replays and backtests look at, made of stored series."""

from collections.abc import Sequence
from pathlib import Path

from pyarrow import parquet

from agent.config import MarketConfig
from agent.market.file_checks import Origin
from agent.market.history_reader import RecordedRows, read_market
from agent.market.store.layout import CANDLE_KINDS, Key, Kind, base_of
from agent.market.store.store import Store, floats, open_store, stamps
from agent.market.table import MarketTable
from agent.reasons import Code, Reason, Refusal


def table_from_store(
    store: Store,
    venue: str,
    symbol: str,
    *,
    spot: str | None = None,
    funding: str | None = None,
    open_interest: str | None = None,
    start_s: int | None = None,
    end_s: int | None = None,
) -> MarketTable:
    """Everything that the store knows of one market.

    Parameters
    ----------
    venue, symbol : whose perp, and of which market; what the store does not have of it is absent from the table
    spot, funding, open_interest : another place of that series as <venue>/<kind>, which must exist; a venue without a
        spot market has "binance/spot" or its own "hyperliquid/perp" as the price of the asset
    start_s, end_s : keep rows known within [start_s, end_s] (unix seconds; None: no bound), see `read_market`

    Raises
    ------
    Refusal : a series is missing or wrong, each mistake with file and row.
    """

    def own(kind: Kind) -> str | None:
        return None if symbol_at(store, kind, venue, symbol) is None else f"{venue}/{kind}"

    perp = own(Kind.PERP)
    config = MarketConfig(
        symbol=symbol,
        spot=spot or f"{venue}/{Kind.SPOT}",
        perp=perp,
        mark=None if perp is None else own(Kind.MARK),
        funding=funding or own(Kind.FUNDING),
        open_interest=open_interest or own(Kind.OPEN_INTEREST),
    )
    return market_from_store(config, store.folder, start_s, end_s)


def market_from_store(
    config: MarketConfig, store_folder: Path, start_s: int | None = None, end_s: int | None = None
) -> MarketTable:
    """The series that `config` names as <venue>/<kind>, from a store; like `load_market` for files."""
    store = open_store(store_folder)

    def read(folder: str, symbol: str, names: Sequence[str]) -> RecordedRows:
        venue, _, kind_name = folder.partition("/")
        if kind_name not in tuple(Kind):
            raise Refusal(Reason(Code.DATA_MISSING, f"{kind_name!r} is none of {', '.join(Kind)}", where=folder))
        kind = Kind(kind_name)
        return _rows(store, _key(kind, venue, symbol_at(store, kind, venue, symbol) or symbol), names)

    return read_market(config, read, start_s, end_s)


def symbol_at(store: Store, kind: Kind, venue: str, symbol: str) -> str | None:
    """What a venue calls a market: the symbol itself, else the only one with the same base; None when it has none.

    Raises Refusal when several fit: BTCUSDT and BTCUSDC are different markets.
    """
    fitting = [
        key.symbol
        for key in store.series()
        if key == _key(kind, venue, key.symbol) and base_of(key.symbol) == base_of(symbol)
    ]
    if symbol in fitting:
        return symbol
    if len(fitting) > 1:
        message = f"{venue} has {' and '.join(fitting)} for {symbol}; name one of them"
        raise Refusal(Reason(Code.DATA_MISSING, message, where=f"{venue}/{kind}"))
    return fitting[0] if fitting else None


def _key(kind: Kind, venue: str, symbol: str) -> Key:
    return Key(kind, venue, symbol, "1h" if kind in CANDLE_KINDS else "")


def _rows(store: Store, key: Key, names: Sequence[str]) -> RecordedRows:
    table = store.read(key)
    # mark prices are bars in the store, and one column in the files of the data folder
    columns = {name: floats(table, "close" if name == "mark" else name) for name in names}
    return RecordedRows(origin_of(store, key), stamps(table), columns, last_is_complete=True)


def origin_of(store: Store, key: Key) -> Origin:
    """Where each row of a series stands: its month, and its number there."""
    parts: list[tuple[int, str]] = []
    row = 0
    for path in store.months(key):
        parts.append((row, path.relative_to(store.folder).as_posix()))
        row += parquet.read_metadata(path).num_rows
    return Origin(key.folder.as_posix(), tuple(parts))
