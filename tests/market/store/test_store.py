"""The store itself: rows stay as they were told first, files are the same for the same rows, and SQL sees them."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from small_series import FUNDING, HOUR_MS, PERP, START_MS, candle_columns, content, fill, hours, ms, table, walk

from agent.market.store import Key, Kind, is_store, open_store
from agent.reasons import Code, Refusal

COUNT = 24 * 70  # three months


def candles(count: int = COUNT) -> pa.Table:
    return table(hours(count), candle_columns(walk(count).tolist()))


def refused(folder: Path, rows: pa.Table) -> Code:
    with pytest.raises(Refusal) as caught:
        fill(open_store(folder), PERP, rows)
    assert content(folder) == {}
    return caught.value.reasons[0].code


def test_rows_live_in_the_file_of_their_month(tmp_path: Path) -> None:
    fill(open_store(tmp_path), PERP, candles())
    folder = "candles/kind=perp/timeframe=1h/venue=binance/symbol=ETHUSDT"
    assert sorted(content(tmp_path)) == [f"{folder}/2023-0{month}.parquet" for month in (1, 2, 3)]
    february = parquet.read_table(tmp_path / folder / "2023-02.parquet", partitioning=None)
    assert february.num_rows == 28 * 24
    assert february.schema.field("time").type == pa.timestamp("ms", tz="UTC")


def test_the_same_rows_give_the_same_bytes_in_whatever_order_they_came(tmp_path: Path) -> None:
    rows = candles()
    fill(open_store(tmp_path / "at once"), PERP, rows)
    random = np.random.Generator(np.random.PCG64(2))
    order = random.permutation(COUNT)
    for part in np.array_split(order, 9):
        fill(open_store(tmp_path / "in parts"), PERP, rows.take(pa.array(part)))
    assert content(tmp_path / "at once") == content(tmp_path / "in parts")


def test_a_part_of_a_series_is_the_part_of_its_arrays(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    fill(store, PERP, candles())
    everything = store.candles("binance", "ETHUSDT")
    part = store.candles("binance", "ETHUSDT", ms(2023, 1, 31, 20), ms(2023, 2, 1, 4))
    assert part.time_ms.tolist() == hours(8, ms(2023, 1, 31, 20))
    at = int(np.searchsorted(everything.time_ms, part.time_ms[0]))
    assert part.close.tolist() == everything.close[at : at + 8].tolist()
    assert part.volume.dtype == np.float64
    assert len(store.candles("binance", "ETHUSDT", ms(2030)).time_ms) == 0


def test_sql_sees_every_series_with_its_venue_and_symbol(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    fill(store, PERP, candles())
    fill(store, Key(Kind.SPOT, "okx", "0123", "4h"), table(hours(6, every_h=4), candle_columns([2_000.0] * 6)))
    fill(store, FUNDING, table(hours(9, every_h=8), {"rate": [0.0001] * 9}))
    found = store.query("SELECT venue, symbol, kind, timeframe, count(*) AS n FROM candles GROUP BY ALL ORDER BY venue")
    rows = list(zip(*(found[name].tolist() for name in ("venue", "symbol", "kind", "timeframe", "n")), strict=True))
    assert rows == [("binance", "ETHUSDT", "perp", "1h", COUNT), ("okx", "0123", "spot", "4h", 6)]
    last = store.query("SELECT hour(max(time)) AS hour FROM funding WHERE symbol = ?", ("ETHUSDT",))
    assert last["hour"].tolist() == [16]
    with pytest.raises(Refusal, match="open_interest"):
        store.query("SELECT * FROM open_interest")


def test_the_first_telling_stays_within_one_batch_as_well(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store.writing(FUNDING):
        merged = store.merge(FUNDING, table([START_MS, START_MS + 20], {"rate": [0.0001, 0.0002]}))
    assert (merged.added, merged.known, len(merged.revised)) == (1, 0, 1)
    assert merged.revised[0].code is Code.DATA_REVISED
    assert store.funding("binance", "ETHUSDT").rate.tolist() == [0.0001]
    assert store.aside(FUNDING).column("rate").to_pylist() == [0.0002]


def test_a_row_put_aside_twice_stands_there_once(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    fill(store, FUNDING, table([START_MS], {"rate": [0.0001]}))
    for _ in range(2):
        fill(store, FUNDING, table([START_MS], {"rate": [0.0002]}))
    assert store.aside(FUNDING).num_rows == 1


def test_refuses_numbers_that_are_none(tmp_path: Path) -> None:
    for spoilt in (float("nan"), float("inf"), None):
        close = [*walk(5).tolist(), spoilt]
        rows = table(hours(6), {**candle_columns(walk(6).tolist()), "close": pa.array(close, pa.float64())})
        assert refused(tmp_path, rows) is Code.DATA_NOT_FINITE


def test_mark_prices_may_lack_all_but_the_close(tmp_path: Path) -> None:
    mark = Key(Kind.MARK, "binance", "ETHUSDT", "1h")
    empty = pa.nulls(5, pa.float64())
    columns = {"open": empty, "high": empty, "low": empty, "close": walk(5), "volume": empty}
    store = open_store(tmp_path)
    fill(store, mark, table(hours(5), columns))
    read = store.candles("binance", "ETHUSDT", kind=Kind.MARK)
    assert np.isnan(read.high).all()
    assert read.close.tolist() == walk(5).tolist()


@pytest.mark.parametrize("name", ["../elsewhere", "a/b", "", "venue=x", "a" * 80, ".hidden"])
def test_refuses_names_that_could_leave_the_store(name: str) -> None:
    with pytest.raises(Refusal, match="no name of a"):
        Key(Kind.FUNDING, name, "ETHUSDT")
    with pytest.raises(Refusal, match="no name of a"):
        Key(Kind.FUNDING, "binance", name)


def test_refuses_a_file_that_is_not_the_stores(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    fill(store, FUNDING, table([START_MS], {"rate": [0.0001]}))
    [path] = store.months(FUNDING)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(Refusal, match="not a readable Parquet file"):
        store.funding("binance", "ETHUSDT")
    parquet.write_table(pa.table({"rate": [0.1]}), path)
    with pytest.raises(Refusal, match="not those of the series"):
        store.funding("binance", "ETHUSDT")


def test_says_what_it_has_when_a_series_is_missing(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    assert not is_store(tmp_path)
    fill(store, FUNDING, table([START_MS], {"rate": [0.0001]}))
    assert is_store(tmp_path)
    with pytest.raises(Refusal, match="no okx BTCUSDT funding; it has binance ETHUSDT funding"):
        store.funding("okx", "BTCUSDT")


def test_what_a_killed_writer_left_is_cleared_away_by_the_next(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    fill(store, FUNDING, table([START_MS], {"rate": [0.0001]}))
    [path] = store.months(FUNDING)
    path.with_name(path.name + ".unfinished").write_bytes(b"half a file")
    assert len(store.funding("binance", "ETHUSDT").time_ms) == 1
    fill(store, FUNDING, table([START_MS + 8 * HOUR_MS], {"rate": [0.0001]}))
    assert [one.name for one in path.parent.iterdir()] == ["2023-01.parquet"]
