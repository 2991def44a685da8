"""Published numbers, and numbers recomputed from published formulas, that the scaling functions must reproduce."""

import math

import pytest

from agent.scaling import (
    average_entry,
    average_price,
    binary_growth,
    binary_kelly,
    cost_variance_band,
    cppi_exposure,
    daily_cash_volatility,
    fixed_risk_quantity,
    forecast_buffer,
    growth_rate,
    hedge_gap,
    hedge_is_due,
    inverse_variance_weights,
    inverse_volatility_weights,
    kelly_fraction,
    kelly_shrinkage,
    ladder_levels,
    martingale_capital,
    martingale_expectation,
    option_greeks,
    overridden_trade,
    position_buffer,
    position_chain,
    reduce_only,
    risk_overlay,
    risked_capital,
    ruin_probability,
    whalley_wilmott_band,
)
from agent.scaling.impact import almgren_impact, quantity_for_cost, square_root_impact
from agent.scaling.slicing import almgren_chriss, risk_aversion_for, twap


class TestFixedRisk:
    def test_nautilus_trader(self) -> None:
        """nautilus_trader, tests of its fixed risk sizer: equity 1,000,000, 10 bp, batches of 1,000."""
        assert fixed_risk_quantity(1_000_000, 0.001, 1.00100, 1.00000, batch=1_000) == 1_000_000

    def test_commission_is_paid_twice_and_the_limit_holds(self) -> None:
        with_fees = fixed_risk_quantity(1_000_000, 0.001, 1.5, 1.4, commission=0.1)
        assert with_fees == pytest.approx(0.8 * fixed_risk_quantity(1_000_000, 0.001, 1.5, 1.4))
        assert fixed_risk_quantity(1_000_000, 0.001, 1.5, 1.4, most=5_000) == 5_000

    def test_jesse(self) -> None:
        """jesse, tests of risk_to_size: 1 % of 10,000 at 0.7 of risk per unit of 8.6."""
        assert round(risked_capital(10_000, 0.01, 0.7, 8.6)) == 1_229
        assert risked_capital(10_000, 0.5, 0.7, 8.6) == 10_000


class TestLadders:
    def test_hummingbots_distributions(self) -> None:
        """hummingbot, Distributions: Fibonacci from 1 % in five steps."""
        assert ladder_levels("fibonacci", 0.01, 5) == pytest.approx((0.01, 0.02, 0.03, 0.05, 0.08))
        assert ladder_levels("linear", 0.01, 5, last=0.09) == pytest.approx((0.01, 0.03, 0.05, 0.07, 0.09))
        assert ladder_levels("geometric", 0.01, 4, ratio=3.0) == pytest.approx((0.01, 0.03, 0.09, 0.27))
        assert ladder_levels("log", 0.01, 3) == pytest.approx((0.01, 0.01 * math.log2(3), 0.02))

    def test_equal_amounts_of_quote_enter_at_the_harmonic_mean(self) -> None:
        """Recomputed: 100, 80 and 50 average to 70.588235, not to 76.67."""
        assert average_entry([1, 1, 1], [100, 80, 50]) == pytest.approx(70.588235, abs=1e-6)

    def test_equal_units_enter_at_the_arithmetic_mean(self) -> None:
        """Recomputed: a pyramid of equal units at 100, 101, 102, 103."""
        assert average_price([100, 101, 102, 103], [1, 1, 1, 1]) == 101.5


class TestMartingale:
    def test_ten_doublings(self) -> None:
        """Recomputed: ten bets at even odds need 1,023 units, lose all of them once in 1,024 and earn nothing."""
        assert martingale_capital(10) == 1_023
        assert ruin_probability(0.5, 10) == pytest.approx(0.000977, abs=1e-6)
        assert martingale_expectation(0.5, 10) == 0.0


def test_cppi() -> None:
    """Recomputed: three times the cushion of 20."""
    assert cppi_exposure(100, 80, 3) == 60


def test_hummingbots_hedge_rule() -> None:
    """hummingbot, hedge_asset: the gap is spot * ratio - short, traded from a notional on, after a cooldown."""
    gap = hedge_gap(10, 0.9, 8)
    assert gap == pytest.approx(1.0)
    assert hedge_is_due(gap, 2_000, 2_000 * gap, 30, 30)
    assert not hedge_is_due(gap, 2_000, 2_001, 30, 30)
    assert not hedge_is_due(gap, 2_000, 100, 29, 30)


def test_pysystemtrades_reduce_only() -> None:
    """pysystemtrade, overrides: a flip becomes a close, an increase nothing; a part rounds alike on both sides."""
    assert [reduce_only(10, trade) for trade in (-15, -10, -4, 5)] == [-10, -10, -4, 0]
    assert [reduce_only(-10, trade) for trade in (15, 10, 4, -5)] == [10, 10, 4, 0]
    assert (overridden_trade(9, 2, 0.5), overridden_trade(-9, -2, 0.5)) == (-4, 4)


class TestCarver:
    def test_daily_cash_volatility(self) -> None:
        """pysystemtrade, tests of position sizing: 100,000 at 16 % is 1,000 a day."""
        assert daily_cash_volatility(100_000, 0.16) == 1_000

    def test_the_eurodollar_chain(self) -> None:
        """pysystemtrade, docstrings of systems/positionsizing.py."""
        chain = position_chain(1_000, 97.9875, 2_500, 0.059789159138, 0.66075947694, 2.462610227)
        assert chain.block_value == pytest.approx(2_449.6875, abs=1e-9)
        assert chain.currency_volatility == pytest.approx(146.464756, abs=1e-6)
        assert chain.value_volatility == pytest.approx(96.777975, abs=1e-6)
        assert chain.volatility_scalar == pytest.approx(10.332930, abs=1e-6)
        assert chain.position == pytest.approx(2.544598, abs=1e-6)

    def test_a_forecast_is_cut_at_twenty(self) -> None:
        cut = position_chain(1_000, 100, 10, 1, 1, 50).position
        assert cut == position_chain(1_000, 100, 10, 1, 1, 20).position

    def test_a_buffer_has_a_width_for_short_positions_too(self) -> None:
        """pysystemtrade discussion 217: the position method without an absolute value has none."""
        assert position_buffer(-10) == position_buffer(10) == 1
        assert forecast_buffer(10, 1, 1) == forecast_buffer(-10, 1, 1) == 1

    def test_the_risk_overlay_takes_the_tightest_of_three(self) -> None:
        """pysystemtrade, defaults 2, 4 and 6."""
        assert risk_overlay([0.2, 0.4, 0.6], [2, 4, 6], 0.1) == 1
        assert risk_overlay([0.4, 0.4, 0.6], [2, 4, 6], 0.1) == 0.5
        assert risk_overlay([0.1, 0.4, 2.4], [2, 4, 6], 0.1) == 0.25

    def test_inverse_weights(self) -> None:
        """Recomputed: 10 % and 20 %."""
        assert inverse_variance_weights([0.1, 0.2]) == pytest.approx((0.8, 0.2))
        assert inverse_volatility_weights([0.1, 0.2]) == pytest.approx((2 / 3, 1 / 3))


class TestKelly:
    def test_binary(self) -> None:
        """Recomputed: p 0.6 at even odds."""
        assert binary_kelly(0.6, 1) == pytest.approx(0.2)
        assert binary_growth(0.2, 0.6, 1) == pytest.approx(0.0201355, abs=1e-7)

    def test_continuous(self) -> None:
        """Recomputed: 10 % at 20 %; half of it keeps three quarters of the growth, a quarter 0.4375, twice nothing."""
        best = kelly_fraction(0.10, 0.20)
        assert (best, growth_rate(best, 0.10, 0.20)) == pytest.approx((2.5, 0.125))
        for part, kept in ((0.5, 0.75), (0.25, 0.4375), (2, 0)):
            assert growth_rate(part * best, 0.10, 0.20) / 0.125 == pytest.approx(kept, abs=1e-12)

    @pytest.mark.parametrize(("sharpe", "years", "part"), [(0.5, 4, 0.5), (1, 1, 0.5), (1, 4, 0.8), (2, 0.25, 0.5)])
    def test_shrinkage(self, sharpe: float, years: float, part: float) -> None:
        """Derived: c* = SR^2 / (SR^2 + 1 / T)."""
        assert kelly_shrinkage(sharpe, years) == pytest.approx(part)


class TestHedgeBands:
    def test_whalley_wilmott(self) -> None:
        """pfhedge's WhalleyWilmott, recomputed: S = K = 1, sigma 0.2, 20 of 250 days, cost 1e-4, aversion 1."""
        option = option_greeks("call", 1, 1, 20 / 250, 0.2)
        assert option.delta == pytest.approx(0.5112823, abs=1e-7)
        assert option.gamma == pytest.approx(7.0495494, abs=1e-7)
        assert whalley_wilmott_band(option.gamma, 1, 1e-4, 1) == pytest.approx(0.1953461, abs=1e-7)

    def test_the_cost_variance_band_of_an_option_is_whalley_wilmotts(self) -> None:
        """Its stray is Gamma sigma S and its unit of exposure is worth S, so cost and volatility are of that."""
        gamma, price, sigma, cost, aversion = 0.004, 2_000.0, 0.6, 0.0005, 1e-5
        by_variance = cost_variance_band(cost * price, gamma * sigma * price, sigma * price, aversion)
        assert by_variance == pytest.approx(whalley_wilmott_band(gamma, price, cost, aversion))


class TestImpact:
    @pytest.mark.parametrize(
        ("sigma", "outstanding", "permanent", "realised"),
        [(0.0157, 263, 19.85, (32.22, 24.63, 18.41)), (0.0226, 87, 21.67, (42.93, 32.01, 23.05))],
        ids=["IBM", "DRI"],
    )
    def test_almgren_2005(
        self, sigma: float, outstanding: float, permanent: float, realised: tuple[float, ...]
    ) -> None:
        """Almgren et al. (2005), table of examples: a tenth of the daily volume over 0.1, 0.2 and 0.5 days, in bp."""
        for days, expected in zip((0.1, 0.2, 0.5), realised, strict=True):
            impact = almgren_impact(0.1, 1, sigma, outstanding, days)
            assert impact.permanent * 1e4 == pytest.approx(permanent, abs=0.005)
            assert impact.realised * 1e4 == pytest.approx(expected, abs=0.005)

    def test_the_square_root_law_and_its_inverse(self) -> None:
        """I = Y sigma sqrt(Q / V): 1 % of the volume at 4 % a day costs 40 bp with Y = 1."""
        assert square_root_impact(1e6, 1e8, 0.04) == pytest.approx(0.004)
        assert quantity_for_cost(0.004, 1e8, 0.04) == pytest.approx(1e6)


class TestAlmgrenChriss:
    """Almgren and Chriss (2000) with the figures of DROP's AlmgrenChriss sample: S 50, X 1e6, T = N = 5."""

    @pytest.mark.parametrize(
        ("aversion", "cost", "variance", "utility", "half_life"),
        [
            (1e-9, 0.6625, 1.0812, 0.6636, 51.30),
            (2e-9, 0.6625, 1.0794, 0.6647, 36.27),
            (9e-9, 0.6626, 1.0669, 0.6722, 17.10),
        ],
    )
    def test_printed_rows(
        self, aversion: float, cost: float, variance: float, utility: float, half_life: float
    ) -> None:
        schedule = almgren_chriss(
            1e6, 5, 5, volatility=0.95, permanent=2.5e-7, temporary=2.5e-6, fixed=0.0625, risk_aversion=aversion
        )
        assert schedule.expected_cost / 1e6 == pytest.approx(cost, abs=5e-5)
        assert schedule.variance / 1e12 == pytest.approx(variance, abs=5e-5)
        total = schedule.expected_cost + aversion * schedule.variance
        assert total / 1e6 == pytest.approx(utility, abs=5e-5)
        assert schedule.half_life == pytest.approx(half_life, abs=5e-3)

    def test_a_hurried_schedule(self) -> None:
        """Recomputed: lambda 1e-6."""
        schedule = almgren_chriss(
            1e6, 5, 5, volatility=0.95, permanent=2.5e-7, temporary=2.5e-6, fixed=0.0625, risk_aversion=1e-6
        )
        assert schedule.holdings == pytest.approx((1e6, 541_956, 289_854, 147_897, 62_142, 0), abs=0.5)
        assert schedule.expected_cost / 1e6 == pytest.approx(0.911227, abs=1e-6)
        assert schedule.variance / 1e12 == pytest.approx(0.364129, abs=1e-6)
        assert schedule.half_life == pytest.approx(1.64724, abs=1e-5)
        assert math.fsum(schedule.trades()) == pytest.approx(1e6)

    def test_without_risk_aversion_it_is_the_straight_line(self) -> None:
        """Recomputed: E 662,500 and V 1.083e12."""
        schedule = almgren_chriss(1e6, 5, 5, volatility=0.95, permanent=2.5e-7, temporary=2.5e-6, fixed=0.0625)
        assert schedule.trades() == pytest.approx([2e5] * 5)
        assert schedule.expected_cost == pytest.approx(662_500)
        assert schedule.variance == pytest.approx(1.083e12)

    def test_the_aversion_of_a_half_life(self) -> None:
        """lambda = eta / (sigma^2 theta^2); in continuous time its schedule has the half-life theta."""
        aversion = risk_aversion_for(10, 0.95, 2.5e-6)
        fine = almgren_chriss(1e6, 5, 5_000, volatility=0.95, permanent=0, temporary=2.5e-6, risk_aversion=aversion)
        assert fine.half_life == pytest.approx(10, rel=1e-6)


def test_twap_has_a_slice_at_both_ends() -> None:
    """hummingbot: 60 s in steps of 10 s are 7 slices. Decided so here too: the first at once, the last at the end."""
    slices = twap(70, 60, 10)
    assert [one.after_s for one in slices] == [0, 10, 20, 30, 40, 50, 60]
    assert [one.quantity for one in slices] == [10] * 7
    assert sum(one.quantity for one in twap(-100, 65, 10)) == -100
    assert [one.quantity for one in twap(2, 60, 10)] == [1, 1]
