"""Shocks, the walk that measures them, the shared book and the crowd on it."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from backtest_markets import HOUR, START, market, source

import agent.research.layout as at
from agent.config import Config
from agent.market.choose import history_hours
from agent.market.table import MarketTable
from agent.reasons import Code, Refusal
from agent.research.bars import Market, bars_of
from agent.research.kernel import run
from agent.research.parameters import charges_of, parameter_row
from agent.research.stress import shocks
from agent.research.stress.book import BookParameters, SharedBook
from agent.research.stress.cascade import Crowd, crowds, run_cascade, with_band, with_limit
from agent.research.stress.measure import Outcome, measure
from agent.research.stress.scenarios import Absent, Scenario, calm_market, made_up, recorded
from agent.research.stress.vault import Moment, SimulatedVault
from agent.research.stress.walk import walk

EVENT = START + 400 * HOUR
THIN = BookParameters(volume_usd_h=3_300_000.0)


@pytest.fixture(scope="module")
def table() -> MarketTable:
    return market(seed=3, hours=900, has_perp=True, funding_scale=3.0)


@pytest.fixture(scope="module")
def outcomes(carry: Config) -> dict[str, Outcome]:
    return {one.name: measure(one) for one in made_up(carry, seed=7)}


class TestWalk:
    @pytest.mark.parametrize("name", ["carry", "spot"])
    def test_a_walk_is_the_kernels_backtest_row_by_row(self, name: str, request: pytest.FixtureRequest) -> None:
        config: Config = request.getfixturevalue(name)
        shown = source(market(5, 900, name == "carry", 3.0), history_hours(config))
        bars = bars_of(shown)
        period = Market(shown, bars, 300, len(bars) - 1, synthetic=True)
        charges = charges_of(config)
        walked = walk(period, config, charges)
        ran = run(bars, parameter_row(config, charges), period.first, period.last)
        assert walked.vault.amounts[at.PLANS] > 0, "nothing was traded, so nothing is compared"
        assert np.array_equal(walked.equity_usd, ran.equity_usd)
        assert np.array_equal(walked.vault.amounts, ran.amounts)
        assert np.allclose(walked.vault.tally, ran.tally, rtol=1e-12)

    def test_refuses_a_delay_that_only_the_kernel_knows(self, carry: Config, table: MarketTable) -> None:
        shown = source(table, history_hours(carry))
        late = replace(charges_of(carry), delay_bars=1)
        with pytest.raises(ValueError, match="delay"):
            walk(Market(shown, bars_of(shown), 300, 400, synthetic=True), carry, late)

    def test_the_nearest_distance_is_taken_at_the_high_of_the_hour(self, carry: Config) -> None:
        """A short of 1,000 at 100 with a margin of 0.40 at 25x: (0.40 - 0.02) / 1.02 = 37.25 % away; at 120, 14.38 %.

        At 120 the margin is (40,000 - 20,000) / 120,000 = 0.1667, so (0.1667 - 0.02) / 1.02 = 0.1438 are left.
        """
        p = parameter_row(carry, charges_of(carry))
        vault = SimulatedVault(p)
        vault.pass_to(Moment(START, 100.0, 100.0, 100.0, 0.0, 0))
        vault.amounts[at.SHORT] = round(1_000 / p[at.LOT_BASE])
        vault.amounts[at.EQUITY] = 40_000 * at.USD
        assert vault.distance(100.0) == pytest.approx(0.38 / 1.02)
        vault.pass_to(Moment(START + HOUR, 100.0, 100.0, 120.0, 0.0, 0))
        assert vault.nearest == pytest.approx((20_000 / 120_000 - 0.02) / 1.02)
        assert vault.liquidations == 0


class TestShocks:
    def test_a_jump_moves_spot_and_perp_and_leaves_the_past_alone(self, table: MarketTable) -> None:
        after = shocks.jump(table, EVENT, -0.30, hours=2)
        for was, now in ((table.spot, after.spot), (table.mark, after.mark)):
            assert was is not None
            assert now is not None
            past = was.time_s <= EVENT
            assert np.array_equal(now.close[past], was.close[past])
            assert np.allclose(
                now.close[was.time_s >= EVENT + 2 * HOUR] / was.close[was.time_s >= EVENT + 2 * HOUR], 0.7
            )
            row = int(np.searchsorted(now.time_s, EVENT + HOUR))
            assert now.close[row] == pytest.approx(was.close[row] * math.sqrt(0.7))
            assert now.high[row] >= now.close[row - 1], "an hour begins where the one before it ended"

    def test_a_flash_comes_all_the_way_back(self, table: MarketTable) -> None:
        after = shocks.flash(table, EVENT, 0.30, hours_back=3)
        ratio = after.spot.close / table.spot.close
        assert ratio.max() == pytest.approx(1.30)
        assert np.allclose(ratio[after.spot.time_s > EVENT + 4 * HOUR], 1.0)

    def test_a_gap_hides_its_hours_and_the_bar_that_opens_again_reaches_over_them(self, table: MarketTable) -> None:
        after = shocks.gap(table, EVENT, 0.25, hours=12)
        assert after.mark is not None
        hidden = (after.mark.time_s > EVENT) & (after.mark.time_s < EVENT + 12 * HOUR)
        assert not hidden.any()
        opens = int(np.searchsorted(after.mark.time_s, EVENT + 12 * HOUR))
        through = shocks.jump(table, EVENT, 0.25, 12).mark
        assert through is not None
        inside = (through.time_s > EVENT) & (through.time_s <= EVENT + 12 * HOUR)
        assert after.mark.high[opens] == through.high[inside].max()

    def test_funding_changes_the_next_settlements_and_no_other(self, table: MarketTable) -> None:
        assert table.funding is not None
        after = shocks.funding(table, EVENT, (-0.02, -0.01)).funding
        assert after is not None
        changed = np.flatnonzero(after.rate != table.funding.rate)
        assert after.rate[changed].tolist() == [-0.02, -0.01]
        assert after.time_s[changed[0]] > EVENT

    def test_a_premium_moves_the_perp_alone(self, table: MarketTable) -> None:
        after = shocks.premium(table, EVENT, 0.10)
        assert after.mark is not None
        assert table.mark is not None
        assert after.spot is table.spot
        assert (after.mark.close / table.mark.close).max() == pytest.approx(1.10)


class TestScenarios:
    def test_a_position_is_held_when_it_happens(self, outcomes: dict[str, Outcome]) -> None:
        assert len(outcomes) == 15
        assert min(one.held for one in outcomes.values()) > 0.5

    def test_the_calm_market_breaks_nothing(self, outcomes: dict[str, Outcome]) -> None:
        calm = outcomes["nothing happens"]
        assert calm.breached == ()
        assert calm.liquidations == 0
        assert not calm.latched
        assert calm.total_return > 0, "funding is paid in it"

    def test_a_fall_brings_liquidation_no_nearer_and_a_rise_does(self, outcomes: dict[str, Outcome]) -> None:
        calm = outcomes["nothing happens"].nearest_distance
        assert outcomes["30 % down within an hour"].nearest_distance >= calm
        assert outcomes["20 % up within an hour"].nearest_distance < calm
        assert "min_liquidation_distance" in outcomes["20 % up within an hour"].breached

    def test_a_rise_beyond_the_margin_liquidates(self, outcomes: dict[str, Outcome]) -> None:
        beyond = outcomes["40 % up within an hour"]
        assert beyond.liquidations == 1
        assert beyond.nearest_distance == 0.0

    def test_negative_funding_costs_what_it_says(self, outcomes: dict[str, Outcome]) -> None:
        """Two per cent of what is held at the first settlement at least; the strategy leaves before all seven."""
        worst = outcomes["funding -2 % seven times in a row"]
        assert 0.02 * worst.held * 0.9 < worst.worst_drawdown < 7 * 0.02 * worst.held

    def test_a_perp_that_runs_away_breaks_the_daily_loss_and_stops_the_strategy(
        self, outcomes: dict[str, Outcome]
    ) -> None:
        away = outcomes["perp 10 % above spot, back within hours"]
        assert away.latched
        assert "max_daily_loss" in away.breached

    def test_the_same_seed_gives_the_same_outcome(self, carry: Config, outcomes: dict[str, Outcome]) -> None:
        again = next(one for one in made_up(carry, seed=7) if one.name == "20 % up within an hour")
        assert measure(again) == outcomes["20 % up within an hour"]

    def test_spot_alone_has_no_short_to_liquidate(self, spot: Config) -> None:
        found = [measure(one) for one in made_up(spot, seed=7)]
        assert len(found) == 10
        assert all(math.isinf(one.nearest_distance) for one in found)

    def test_recorded_crashes_are_found_and_what_is_not_recorded_is_told(
        self, carry: Config, spot: Config, data_folder: Path
    ) -> None:
        hedged = list(recorded(carry, data_folder))
        absent = [one.name for one in hedged if isinstance(one, Absent)]
        assert absent == ["2018-11, after the fork of Bitcoin Cash"]
        march = next(one for one in hedged if isinstance(one, Scenario) and one.name.startswith("2020-03"))
        assert march.note == "4-hour perp bars, without open interest"
        assert measure(march).liquidations == 1, "the perp traded at 323 for a moment, three times its price"
        assert not any(isinstance(one, Absent) for one in recorded(spot, data_folder))

    def test_refuses_a_strategy_that_no_backtest_knows(self, tmp_path: Path) -> None:
        from rich.console import Console

        from agent.research.stress.commands import stress

        lending = Path(__file__).parents[2] / "configs" / "eth-lending-neutral.yaml"
        with pytest.raises(Refusal) as refused:
            stress(lending, None, 7, 2, tmp_path / "out", Console(quiet=True))
        assert refused.value.reasons[0].code is Code.DATA_MISSING
        assert not (tmp_path / "out").exists(), "refused before any work"


class TestBook:
    def test_a_calm_book_is_the_square_root_law(self) -> None:
        """Y sigma sqrt(Q / V) = 0.8 x 0.0064 x sqrt(5 / 20) = 0.256 %; the average is two thirds of it."""
        book = SharedBook(100.0, BookParameters())
        paid = book.trade(5_000_000.0)
        assert math.log(book.price / 100) == pytest.approx(0.00256)
        assert math.log(paid / 100) == pytest.approx(0.00256 * 2 / 3)

    def test_splitting_an_order_within_a_moment_gains_nothing(self) -> None:
        whole, split = SharedBook(100.0, BookParameters()), SharedBook(100.0, BookParameters())
        whole_log = math.log(whole.trade(6e6) / 100) * 6e6
        split_log = sum(math.log(split.trade(part) / 100) * part for part in (1e6, 2e6, 3e6))
        assert split.price == pytest.approx(whole.price)
        assert split_log == pytest.approx(whole_log)

    def test_a_sale_undoes_a_purchase_and_mirrors_it(self) -> None:
        book, mirror = SharedBook(100.0, BookParameters()), SharedBook(100.0, BookParameters())
        bought = math.log(book.trade(3e6) / 100)
        assert math.log(mirror.trade(-3e6) / 100) == pytest.approx(-bought)
        assert math.log(book.trade(-3e6) / 100) == pytest.approx(bought), "the same quotes, taken back"
        assert book.price == pytest.approx(100.0)

    def test_depth_flees_from_movement_and_comes_back(self) -> None:
        book = SharedBook(100.0, BookParameters())
        calm = book.depth_usd
        book.pass_to(90.0, 300.0)
        assert book.depth_usd < 0.1 * calm
        for _ in range(500):
            book.pass_to(90.0, 300.0)
        assert book.depth_usd == pytest.approx(calm)
        stays = SharedBook(100.0, BookParameters(flight=0.0))
        stays.pass_to(90.0, 300.0)
        assert stays.depth_usd == calm

    def test_what_orders_moved_is_halved_in_a_half_life(self) -> None:
        book = SharedBook(100.0, BookParameters(refill_half_life_h=1.0))
        book.trade(5e6)
        away = book.away
        book.pass_to(100.0, 3_600.0)
        assert book.away == pytest.approx(away / 2)


class TestCrowd:
    def test_on_an_endless_book_nobody_moves_the_price(self, carry: Config) -> None:
        endless = BookParameters(volume_usd_h=1e18)
        found = run_cascade(Crowd("alone", carry, 2, book=endless), seed=7)
        assert found.traded_usd > 1e6
        assert found.overshoot < 1e-6
        assert found.impact_usd < 1.0

    def test_a_crowd_is_worse_off_than_one_and_flight_of_depth_is_why(self, carry: Config) -> None:
        alone = run_cascade(Crowd("alone", carry, 1, book=THIN), seed=7)
        crowd = run_cascade(Crowd("crowd", carry, 4, book=THIN), seed=7)
        stays = run_cascade(Crowd("stays", carry, 4, book=replace(THIN, flight=0.0)), seed=7)
        assert crowd.overshoot > 1.5 * alone.overshoot
        assert np.median(crowd.worst_drawdowns) > np.median(alone.worst_drawdowns)
        assert stays.overshoot < 0.5 * crowd.overshoot

    def test_each_remedy_makes_it_smaller_and_all_three_most(self, carry: Config) -> None:
        def overshoot(config: Config, jitter_slots: int = 1) -> float:
            return run_cascade(Crowd("", config, 4, jitter_slots=jitter_slots, book=THIN), seed=7).overshoot

        crowd, wide, capped = overshoot(carry), with_band(carry, 2.0), with_limit(carry, 400_000.0)
        each = [overshoot(carry, 12), overshoot(wide), overshoot(capped)]
        assert max(each) < crowd
        assert overshoot(with_limit(wide, 400_000.0), 12) < min(each)

    def test_the_same_seed_gives_the_same_cascade(self, spot: Config) -> None:
        one, other = (run_cascade(Crowd("", spot, 3, jitter_slots=12), seed=5) for _ in range(2))
        assert np.array_equal(one.spot, other.spot)
        assert np.array_equal(one.worst_drawdowns, other.worst_drawdowns)

    @pytest.mark.parametrize("name", ["carry", "spot"])
    def test_the_tightest_crowd_of_the_table_still_trades(self, name: str, request: pytest.FixtureRequest) -> None:
        *_, tightest = crowds(request.getfixturevalue(name), 2)
        assert tightest.name == "crowd, all three"
        assert run_cascade(tightest, seed=7).traded_usd > 100_000.0

    def test_the_calm_before_it_is_calm(self, carry: Config) -> None:
        table, event_s = calm_market(carry, seed=7)
        hours = np.diff(np.log(table.spot.close))
        assert np.abs(hours).max() < 0.09
        assert table.spot.time_s[0] < event_s < table.spot.time_s[-1]
