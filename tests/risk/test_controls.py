"""Controls over plans taken together."""

import math
from dataclasses import replace

import numpy as np
import pytest
from vault_world import HOUR, NOW, PRICE, history, market_view

from agent.config import ControlsConfig
from agent.market.observation import Fact, MarketView
from agent.reasons import Code, Reason
from agent.risk.controls import (
    SentPlan,
    plan_rate,
    portfolio_drawdown,
    price_collar,
    repetition,
    sent_against_intended,
)

CONTROLS = ControlsConfig(max_plans_per_hour=3, max_trading_plans_per_day=4, max_move_1h=0.10)
DAY = 86_400


def sent(*ages_s: int, traded_usd: float = 5_000.0) -> list[SentPlan]:
    return [SentPlan(NOW - age_s, traded_usd) for age_s in ages_s]


def told(reason: Reason | None) -> tuple[Code, float | None, float | None, str]:
    assert reason is not None
    return reason.code, reason.value, reason.bound, reason.where


class TestPlanRate:
    def test_an_hour_takes_its_plans_and_no_more(self) -> None:
        assert plan_rate(sent(0, 10), NOW, CONTROLS) is None
        found = plan_rate(sent(0, 10, 3_599), NOW, CONTROLS)
        assert told(found) == (Code.PLAN_RATE, 3, 3, "controls.max_plans_per_hour")
        assert found is not None
        assert found.message == "3 plans were sent within an hour"

    def test_a_plan_of_an_hour_ago_counts_no_more_and_one_of_the_future_not_yet(self) -> None:
        assert plan_rate(sent(0, 10, 3_600), NOW, CONTROLS) is None
        assert plan_rate(sent(0, 10, -1), NOW, CONTROLS) is None

    def test_a_plan_that_traded_nothing_counts_too(self) -> None:
        assert plan_rate(sent(0, 10, 20, traded_usd=0.0), NOW, CONTROLS) is not None


class TestRepetition:
    def test_a_strategy_that_does_not_arrive_is_disabled(self) -> None:
        assert repetition(sent(0, 10, 20), NOW, CONTROLS) is None
        found = repetition(sent(0, 10, 20, DAY - 1), NOW, CONTROLS)
        assert told(found) == (Code.REPEATED_EXECUTION, 4, 4, "controls.max_trading_plans_per_day")
        assert found is not None
        assert found.message == "4 trading plans within a day; look why it does not arrive, then enable it"

    def test_only_what_traded_within_the_day_counts(self) -> None:
        assert repetition(sent(0, 10, 20, DAY), NOW, CONTROLS) is None
        assert repetition(sent(0, 10, 20, -1), NOW, CONTROLS) is None
        assert repetition(sent(0, 10, 20) + sent(30, traded_usd=0.0), NOW, CONTROLS) is None
        assert repetition(sent(0, 10, 20) + sent(30, traded_usd=0.5), NOW, CONTROLS) is not None


class TestPriceCollar:
    def market(self, price: float, hour_ago: float = PRICE, time: int = NOW) -> MarketView:
        """A price against the one of an hour ago; what came before and after that was another."""
        rows = history(hours=5)
        rows = replace(rows, spot=np.array([1.0, 1.0, 1.0, hour_ago, 1.0]))
        return replace(market_view(rows, time=time), spot=Fact(price, "USD", "test", time))

    @pytest.mark.parametrize("price", [PRICE * 1.11, PRICE * 0.89])
    def test_refuses_to_widen_when_the_price_moved_too_far_within_an_hour(self, price: float) -> None:
        found = price_collar(self.market(price), CONTROLS)
        assert told(found) == (Code.PRICE_COLLAR, pytest.approx(0.11), 0.10, "controls.max_move_1h")
        assert found is not None
        assert found.message == "the price moved 11.0% within an hour"

    def test_a_move_up_to_the_collar_is_allowed(self) -> None:
        half = CONTROLS.model_copy(update={"max_move_1h": 0.5})
        assert price_collar(self.market(PRICE * 1.5), half) is None
        assert price_collar(self.market(PRICE * 0.5), half) is None
        assert price_collar(self.market(PRICE), CONTROLS) is None

    def test_the_last_price_known_an_hour_ago_is_the_one_that_counts(self) -> None:
        between = self.market(PRICE * 1.2, time=NOW + HOUR - 1)
        assert price_collar(between, CONTROLS) is not None
        assert price_collar(replace(between, spot=Fact(PRICE, "USD", "test", NOW)), CONTROLS) is None

    def test_what_is_unknown_is_not_judged_here(self) -> None:
        view = self.market(PRICE * 2)
        assert price_collar(replace(view, spot=None), CONTROLS) is None
        empty = replace(view.history, time_s=np.array([], dtype=np.int64), spot=np.array([]))
        assert price_collar(replace(view, history=empty), CONTROLS) is None
        young = replace(view.history, time_s=np.array([NOW - HOUR + 1]), spot=np.array([PRICE]))
        assert price_collar(replace(view, history=young), CONTROLS) is None

    def test_a_gap_of_more_than_two_hours_says_nothing_about_the_last(self) -> None:
        view = self.market(PRICE * 2)
        edge = replace(view.history, time_s=np.array([NOW - 2 * HOUR]), spot=np.array([PRICE]))
        gap = replace(view.history, time_s=np.array([NOW - 2 * HOUR - 1]), spot=np.array([PRICE]))
        assert price_collar(replace(view, history=edge), CONTROLS) is not None
        assert price_collar(replace(view, history=gap), CONTROLS) is None

    def test_a_history_of_one_row_is_enough(self) -> None:
        view = self.market(PRICE * 2)
        one = replace(view.history, time_s=np.array([NOW - HOUR]), spot=np.array([PRICE]))
        assert price_collar(replace(view, history=one), CONTROLS) is not None


@pytest.mark.parametrize(("intended", "on_chain"), [(6, 7), (7, 6)])
def test_another_number_of_plans_on_chain_than_intended_stops_everything(intended: int, on_chain: int) -> None:
    found = sent_against_intended(intended, on_chain)
    assert told(found) == (Code.SENT_AGAINST_INTENDED, on_chain, intended, "journal")
    assert found is not None
    assert found.message == f"the vault has carried out {on_chain} plans, the journal knows of {intended}"
    assert sent_against_intended(on_chain, on_chain) is None


class TestPortfolioDrawdown:
    def test_refuses_to_widen_when_all_vaults_together_lost_too_much(self) -> None:
        found = portfolio_drawdown(750_000.0, 250_000.0, CONTROLS)
        assert told(found) == (Code.PORTFOLIO_DRAWDOWN, 0.25, 0.10, "controls.max_portfolio_drawdown")
        assert found is not None
        assert found.message == "all vaults together are 25.0% below their highest value"

    def test_a_loss_up_to_the_bound_is_allowed(self) -> None:
        assert portfolio_drawdown(900_000.0, 100_000.0, CONTROLS) is None
        assert portfolio_drawdown(900_000.0, 0.0, CONTROLS) is None

    def test_vaults_without_value_lost_nothing(self) -> None:
        assert portfolio_drawdown(0.0, 0.0, CONTROLS) is None
        assert portfolio_drawdown(0.25, 0.25, CONTROLS) is not None

    @pytest.mark.parametrize("wrong", [math.nan, math.inf])
    def test_refuses_numbers_that_are_none(self, wrong: float) -> None:
        with pytest.raises(ValueError, match="net asset value"):
            portfolio_drawdown(wrong, 0.0, CONTROLS)
        with pytest.raises(ValueError, match="loss"):
            portfolio_drawdown(1.0, wrong, CONTROLS)
