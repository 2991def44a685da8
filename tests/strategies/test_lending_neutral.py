"""Long spot, short by a loan: what it earns decides its size, and the step keeps its margin like a perp's."""

from dataclasses import replace

import pytest
from loan_world import CONFIG, LoanWorld, opened
from vault_world import USD

from agent.market.observation import Mode
from agent.reasons import Code
from agent.strategies import decide
from agent.strategies.lending_neutral import net_rate_annual


def scalers(vault: LoanWorld) -> dict[str, float]:
    return {part.name: part.value for part in vault.decide().scalers}


def test_the_net_rate_counts_the_collateral_of_proceeds_and_margin() -> None:
    assert net_rate_annual(LoanWorld(0.04, 0.024).loan(), 0.9) == pytest.approx(0.04 * 1.9 - 0.024)


def test_an_empty_vault_puts_up_margin_first_and_opens_both_legs_in_the_next_cycle() -> None:
    vault = LoanWorld()
    funded, widened = vault.settle()
    assert funded == "move 432,000 USD to Aave as margin for a wider position"
    assert widened.startswith("widen to 480,000 USD per leg")
    assert vault.margin_ratio() == pytest.approx(0.9, abs=0.01)


def test_nothing_is_opened_when_the_loan_costs_more_than_the_collateral_bears() -> None:
    dear = LoanWorld(supply_rate=0.02, borrow_rate=0.05)
    assert scalers(dear)["net_rate"] == 0
    assert dear.decide().proposal.is_empty()


def test_a_position_stays_between_exit_and_entry_where_none_would_be_opened() -> None:
    rates = (0.02, 0.025)  # 1.3 % a year
    held = opened()
    held.rates = rates
    assert scalers(LoanWorld(*rates))["net_rate"] == 0
    assert 0 < scalers(held)["net_rate"] < 1


def test_a_position_that_pays_is_closed_in_full_and_its_collateral_comes_home() -> None:
    vault = opened()
    vault.rates = (0.02, 0.10)
    notes = vault.settle()
    assert next(note.split(" (")[0] for note in notes).startswith("reduce by")
    assert "home to the vault" in notes[-1]
    assert (vault.world.size, vault.world.spot_base) == (0, 0)
    assert vault.world.equity < 5_000 * USD


def test_low_margin_gets_collateral_at_once_and_high_margin_comes_straight_home() -> None:
    risen, fallen = opened(2_300.0), opened(1_300.0)
    assert "to Aave for margin" in " ".join(risen.settle())
    assert risen.margin_ratio() > 0.7
    assert any("of margin home to the vault" in note for note in fallen.settle())
    assert 0.85 < fallen.margin_ratio() < 1.2


def test_near_liquidation_both_legs_are_cut_and_the_margin_is_whole_again() -> None:
    vault = opened(2_900.0)
    before = vault.world.size
    vault.settle()
    assert abs(vault.world.size) < abs(before)
    assert vault.margin_ratio() >= 0.7


def test_a_calm_distance_to_liquidation_in_daily_deviations_scales_down() -> None:
    assert scalers(LoanWorld(hourly_move=0.005))["liquidation_distance"] == 1
    assert scalers(LoanWorld(hourly_move=0.05))["liquidation_distance"] < 0.5


def test_there_is_no_volatility_target_and_reduce_only_means_no_position() -> None:
    assert "volatility_target" not in scalers(LoanWorld())
    reducing = opened()
    reducing.world.mode = Mode.REDUCE_ONLY
    decision = reducing.decide()
    assert decision.target is not None
    assert decision.target.exposure == 0
    assert decision.proposal.perp_size_delta == -reducing.world.size


def test_refuses_when_the_vault_has_no_loan_leg() -> None:
    observation = LoanWorld().observe()
    decision = decide(replace(observation, vault=replace(observation.vault, loan=None)), CONFIG)
    assert [reason.code for reason in decision.refusals] == [Code.DATA_MISSING]
    assert decision.target is None
