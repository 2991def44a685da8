"""Numbers that are known from elsewhere come out of the store."""

from datetime import UTC, datetime

import numpy as np
import pytest
from small_series import ms

from agent.market.store import Store
from agent.units import annualise_volatility


@pytest.mark.parametrize(
    ("symbol", "sums"),
    [
        ("BTCUSDT", {2020: 0.17240, 2021: 0.30608, 2022: 0.04165, 2023: 0.07866}),
        ("ETHUSDT", {2020: 0.27490, 2021: 0.37537, 2022: 0.00787, 2023: 0.08260}),
        ("SOLUSDT", {2021: 0.28595, 2022: -0.37998, 2023: 0.01297}),
        ("AVAXUSDT", {2021: 0.31047, 2022: -0.05181, 2023: 0.07451}),
    ],
)
def test_funding_of_each_year(recorded_store: Store, symbol: str, sums: dict[int, float]) -> None:
    for year, expected in sums.items():
        settled = recorded_store.funding("binance", symbol, ms(year), ms(year + 1))
        assert settled.rate.sum() == pytest.approx(expected, abs=6e-6), year


def test_funding_of_each_year_in_sql(recorded_store: Store) -> None:
    found = recorded_store.query(
        "SELECT symbol, year(time) AS year, sum(rate) AS paid FROM funding WHERE venue = ? GROUP BY ALL", ("binance",)
    )
    sums = {
        (symbol, year): paid for symbol, year, paid in zip(found["symbol"], found["year"], found["paid"], strict=True)
    }
    assert sums["BTCUSDT", 2021] == pytest.approx(0.30608, abs=6e-6)
    assert sums["ETHUSDT", 2022] == pytest.approx(0.00787, abs=6e-6)
    assert sums["SOLUSDT", 2022] == pytest.approx(-0.37998, abs=6e-6)


@pytest.mark.parametrize(
    ("symbol", "lowest", "at"),
    [
        ("BTCUSDT", -0.0030, datetime(2020, 3, 13, 8, tzinfo=UTC)),
        ("ETHUSDT", -0.00356, datetime(2021, 5, 19, 16, tzinfo=UTC)),
    ],
)
def test_extremes_of_funding(recorded_store: Store, symbol: str, lowest: float, at: datetime) -> None:
    # until 2021: around the merge of September 2022 Ethereum's went lower still
    settled = recorded_store.funding("binance", symbol, to_ms=ms(2022))
    row = int(np.argmin(settled.rate))
    assert settled.rate[row] == pytest.approx(lowest, abs=6e-6)
    assert abs(settled.time_ms[row] - at.timestamp() * 1_000) < 1_000


def test_solana_paid_two_per_cent_seven_times_in_a_row(recorded_store: Store) -> None:
    settled = recorded_store.funding("binance", "SOLUSDT")
    rows = np.flatnonzero(settled.rate == -0.02)
    first = rows[0]
    assert rows[:7].tolist() == list(range(first, first + 7))
    assert settled.time_ms[first] // 1_000 == ms(2022, 11, 9, 20) // 1_000
    assert settled.time_ms[first + 6] // 1_000 == ms(2022, 11, 10, 12) // 1_000
    assert len(rows) == 7


@pytest.mark.parametrize(("symbol", "volatility"), [("BTCUSDT", 0.4277), ("ETHUSDT", 0.4663)])
def test_volatility_of_2023(recorded_store: Store, symbol: str, volatility: float) -> None:
    close = recorded_store.candles("binance", symbol, ms(2023), ms(2024)).close
    returns = np.diff(np.log(close))
    assert annualise_volatility(returns.std(ddof=1), 1) == pytest.approx(volatility, abs=5e-5)


def test_growth_of_the_aave_indexes(recorded_store: Store) -> None:
    weth = recorded_store.lending("aave_v3-polygon", "0x7ceb23fd6bc0add59e62ac25578270cff1b9f619")
    step_years = np.diff(weth.time_ms) / (365 * 86_400_000)
    borrowed = (weth.borrow_rate[:-1] * step_years).sum()
    supplied = (weth.liquidity_rate[:-1] * step_years).sum()
    assert np.log(weth.borrow_index[-1] / weth.borrow_index[0]) == pytest.approx(borrowed, rel=2e-4)
    # flash loans and liquidations pay suppliers too, so the rate alone tells too little
    assert np.log(weth.liquidity_index[-1] / weth.liquidity_index[0]) == pytest.approx(1.083 * supplied, rel=2e-3)


def test_price_of_the_uniswap_pool(recorded_store: Store) -> None:
    pool = recorded_store.pool("uniswap_v3-polygon", "0x45dda9cb7c25131df268515131f647d726f50608")
    price = recorded_store.price("polygon", "WETHUSDC")
    _, rows, price_rows = np.intersect1d(pool.time_ms, price.time_ms, return_indices=True)
    assert len(rows) > 7_000
    of_tick = 1e12 / 1.0001 ** pool.close_tick[rows]
    apart_bps = np.abs(of_tick / price.price[price_rows] - 1) * 10_000
    assert np.median(apart_bps) < 0.06
    assert apart_bps.max() < 0.5


def test_on_chain_numbers_keep_every_digit(recorded_store: Store) -> None:
    first = recorded_store.query("SELECT liquidity_index::VARCHAR AS text FROM lending ORDER BY time LIMIT 1")
    assert first["text"].tolist() == ["1.005645819576767014923645209"]
