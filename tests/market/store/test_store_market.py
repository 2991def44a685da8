"""A store as a market: the same table as from the files, and series found by their asset."""

from pathlib import Path

import numpy as np
import pytest
from small_series import START_MS, candle_columns, fill, hours, ms, table, walk

from agent.config import MarketConfig
from agent.config.file import load_config
from agent.market.choose import choose_market
from agent.market.history_files import load_market
from agent.market.source import HistorySource
from agent.market.store import Key, Kind, Store, market_from_store, open_store, table_from_store
from agent.market.table import MarketTable
from agent.reasons import Code, Refusal

CONFIGS = Path(__file__).parents[3] / "configs"
AVALANCHE = MarketConfig(
    symbol="AVAXUSDT", spot="binance/spot", perp="binance/perp", mark="binance/mark", funding="binance/funding"
)


def same(one: MarketTable, other: MarketTable) -> bool:
    for name, columns in (("spot", ("close", "high", "low")), ("mark", ("close", "high", "low")),
                          ("funding", ("rate", "interval_h")), ("open_interest", ("value",))):  # fmt: skip
        mine, theirs = getattr(one, name), getattr(other, name)
        if (mine is None) != (theirs is None):
            return False
        for column in ("time_s", *columns) if mine is not None else ():
            if not np.array_equal(getattr(mine, column), getattr(theirs, column)):
                return False
    return True


def test_the_store_and_the_files_are_the_same_market(data_folder: Path, recorded_store: Store) -> None:
    from_files = load_market(AVALANCHE, data_folder)
    assert same(market_from_store(AVALANCHE, recorded_store.folder), from_files)
    whole = table_from_store(recorded_store, "binance", "AVAXUSDT")
    assert same(whole, from_files)
    assert whole.label == "recorded binance/spot+binance/perp+binance/mark+binance/funding AVAXUSDT"
    source = HistorySource(whole, window_h=48)
    assert source.view(source.last_time).problems == ()


def test_a_period_is_cut_out_like_from_files(data_folder: Path, recorded_store: Store) -> None:
    period = (1_640_995_200, 1_641_600_000)
    assert same(
        table_from_store(recorded_store, "binance", "AVAXUSDT", start_s=period[0], end_s=period[1]),
        load_market(AVALANCHE, data_folder, *period),
    )


def test_settlements_of_hyperliquid_keep_their_two_intervals(recorded_store: Store) -> None:
    # some of them came late, once by 24 minutes: the nearest hour is theirs
    market = table_from_store(recorded_store, "hyperliquid", "BTC", spot="binance/perp")
    assert market.funding is not None
    assert market.label == "recorded binance/perp+hyperliquid/funding BTC"
    change = int(np.flatnonzero(np.diff(market.funding.interval_h))[0]) + 1
    assert market.funding.interval_h[[change - 1, change]].tolist() == [8.0, 1.0]
    assert market.funding.time_s[change] == ms(2023, 6, 8, 1) // 1_000


def small_store(folder: Path, *symbols: str) -> Store:
    store = open_store(folder)
    for symbol in symbols:
        key = Key(Kind.SPOT, "binance", symbol, "1h")
        fill(store, key, table(hours(60), candle_columns(walk(60).tolist())))
    return store


def test_another_venues_name_of_the_same_asset_is_found(tmp_path: Path) -> None:
    store = small_store(tmp_path, "ETHUSDT")
    fill(store, Key(Kind.FUNDING, "hyperliquid", "ETH"), table(hours(60), {"rate": [0.00001] * 60}))
    market = table_from_store(store, "hyperliquid", "ETHUSDT", spot="binance/spot")
    assert market.funding is not None
    assert set(market.funding.interval_h.tolist()) == {1.0}
    assert market.mark is None


def test_refuses_to_guess_between_two_markets_of_an_asset(tmp_path: Path) -> None:
    store = small_store(tmp_path, "ETHUSDT", "ETHUSDC")
    assert table_from_store(store, "binance", "ETHUSDT").spot.time_s[0] == START_MS // 1_000 + 3_600
    with pytest.raises(Refusal, match="ETHUSDC and ETHUSDT"):
        table_from_store(store, "binance", "ETHUSD")


def test_every_row_of_a_store_is_named_by_its_month(tmp_path: Path) -> None:
    store = small_store(tmp_path, "ETHUSDT")
    frozen = candle_columns([2_000.0] * 60)
    frozen["volume"] = np.zeros(60)
    key = Key(Kind.SPOT, "binance", "AVAXUSDT", "1h")
    fill(store, key, table(hours(60, START_MS + 31 * 24 * 3_600_000 - 30 * 3_600_000), frozen))
    with pytest.raises(Refusal) as caught:
        table_from_store(store, "binance", "AVAXUSDT")
    [reason] = caught.value.reasons
    assert (reason.code, reason.where) == (Code.DATA_STALE, f"{key.folder}/2023-01.parquet row 5")


def test_refuses_a_series_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="no binance ETHUSDT spot 1h; it has nothing of this kind"):
        table_from_store(open_store(tmp_path), "binance", "ETHUSDT")
    with pytest.raises(Refusal, match="'funds' is none of"):
        market_from_store(MarketConfig(symbol="ETHUSDT", spot="binance/funds"), tmp_path)


def test_a_run_chooses_a_store_like_a_folder_of_files(data_folder: Path, recorded_store: Store) -> None:
    config = load_config(CONFIGS / "avax-carry.yaml").config
    period = (ms(2023, 2, 1) // 1_000, ms(2023, 2, 5) // 1_000)
    chosen = choose_market(config, recorded_store.folder, period, seed=7)
    from_files = choose_market(config, data_folder, period, seed=7)
    assert not chosen.synthetic
    for hour in chosen.source.hours(*period):
        assert chosen.source.world(hour) == from_files.source.world(hour)
        assert chosen.source.view(hour).spot == from_files.source.view(hour).spot
        assert chosen.source.view(hour).funding == from_files.source.view(hour).funding
