"""Published results on sizing by volatility, recomputed from the data that the library arch brings along."""

import math

import numpy as np
import pytest

from agent.research.volatility_managed import at_volatility, constant_volatility, volatility_managed
from agent.scaling import no_trade_band, volatility_target


def daily(name: str) -> tuple[np.ndarray, np.ndarray]:
    import arch.data

    table = __import__(f"arch.data.{name}", fromlist=["load"]).load()
    assert arch.data is not None
    close = table["Close"].to_numpy()
    month = (table.index.year * 12 + table.index.month).to_numpy()[1:].astype(np.int64)
    return np.diff(close) / close[:-1], month


@pytest.mark.parametrize(
    ("name", "sharpe", "managed", "alpha", "r_squared"),
    [("sp500", 0.3068, 0.5114, 4.8653, 0.3256), ("nasdaq", 0.3314, 0.7264, 11.956, 0.352)],
)
def test_moreira_and_muir(name: str, sharpe: float, managed: float, alpha: float, r_squared: float) -> None:
    """Moreira and Muir (2017), Table 1, on other data: formulas.md, section 2."""
    found = volatility_managed(*daily(name))
    assert found.months == 239
    assert found.sharpe == pytest.approx(sharpe, abs=5e-5)
    assert found.managed_sharpe == pytest.approx(managed, abs=5e-5)
    assert found.alpha == pytest.approx(alpha, abs=5e-4)
    assert found.r_squared == pytest.approx(r_squared, abs=5e-4)
    if name == "sp500":
        assert (found.alpha_error, found.beta) == pytest.approx((2.678, 0.5706), abs=5e-4)
        assert (found.appraisal, found.scale) == pytest.approx((0.4086, 10.8342), abs=5e-5)


def test_moreira_and_muir_their_own_table_is_consistent() -> None:
    """AR = alpha / RMSE x sqrt(12): 4.86 / 51.39 x 3.464 = 0.328, printed as 0.33."""
    assert 4.86 / 51.39 * math.sqrt(12) == pytest.approx(0.328, abs=5e-4)


@pytest.mark.parametrize(("name", "plain", "held"), [("sp500", 0.2713, 0.3645), ("nasdaq", 0.3227, 0.5211)])
def test_harvey_and_others(name: str, plain: float, held: float) -> None:
    """Harvey et al. (2018): half-life 20, lag 2 days, both at 10 %; formulas.md, section 3."""
    returns, month = daily(name)
    managed = constant_volatility(returns)
    compared = at_volatility(returns[-len(managed) :])
    assert _sharpe(compared) == pytest.approx(plain, abs=5e-5)
    assert _sharpe(managed) == pytest.approx(held, abs=5e-5)
    if name == "sp500":
        assert len(managed) == 4_969
        months = month[-len(managed) :]
        assert _volatility_of_volatility(compared, months) == pytest.approx(0.0533, abs=5e-5)
        assert _volatility_of_volatility(managed, months) == pytest.approx(0.0299, abs=5e-5)
        assert _excess_kurtosis(compared) == pytest.approx(8.49, abs=0.02)
        assert _excess_kurtosis(managed) == pytest.approx(3.12, abs=0.01)


def test_the_chain_of_carver() -> None:
    """pysystemtrade's documented EDOLLAR example; formulas.md, section 1."""
    assert 100_000 * 0.16 / 16 == 1_000
    block = 97.9875 * 2_500 * 0.01
    currency_volatility = block * 0.059789159138
    value_volatility = currency_volatility * 0.66075947694
    assert block == pytest.approx(2449.6875)
    assert currency_volatility == pytest.approx(146.464756, abs=1e-6)
    assert value_volatility == pytest.approx(96.777975, abs=1e-6)
    scalar = volatility_target(value_volatility, 1_000.0)
    assert scalar == pytest.approx(10.332930, abs=1e-6)
    assert scalar * 2.462610227 / 10 == pytest.approx(2.544598, abs=1e-6)


def test_the_buffer_of_carver() -> None:
    """Optimal 10, buffer 1: from 8 to 9 or 10, 9.5 stays, from 12 to 11 or 10; shorts are a mirror."""
    assert (no_trade_band(8, 10, 1), no_trade_band(8, 10, 1, "optimum")) == (9, 10)
    assert no_trade_band(9.5, 10, 1) == 9.5
    assert (no_trade_band(12, 10, 1), no_trade_band(12, 10, 1, "optimum")) == (11, 10)
    assert no_trade_band(-8, -10, 1) == -9


def _sharpe(returns: np.ndarray) -> float:
    return float(returns.mean() / returns.std(ddof=1)) * math.sqrt(252)


def _excess_kurtosis(returns: np.ndarray) -> float:
    return float(((returns - returns.mean()) ** 4).mean() / returns.var() ** 2) - 3


def _volatility_of_volatility(returns: np.ndarray, month: np.ndarray) -> float:
    each = [returns[month == one].std(ddof=1) * math.sqrt(252) for one in np.unique(month)]
    return float(np.std(each, ddof=1))
