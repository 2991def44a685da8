"""What is left of each limit."""

from dataclasses import replace

import pytest
from vault_world import POLICY, World

from agent.risk import above_minimum, headroom


def left(**changes: object) -> dict[str, float]:
    return headroom(replace(World().observe().vault, **changes), POLICY)  # type: ignore[arg-type]


def test_an_untouched_vault_has_all_of_every_limit() -> None:
    assert set(left().values()) == {1.0}


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("max_gross_leverage", {"gross_exposure": 1_600_000 * 10**6}),
        ("max_net_delta", {"net_delta": -50_000 * 10**6}),
        ("max_daily_loss", {"share_price_e18": 97 * 10**16}),
        ("max_weekly_loss", {"share_price_e18": 95 * 10**16}),
        ("max_drawdown", {"share_price_e18": 92 * 10**16}),
        ("max_turnover", {"turnover_used_bps": 30_000}),
        ("loss_budget", {"loss_used_bps": 100}),
        ("emergency_loss_budget", {"emergency_loss_used_bps": 100}),
        ("min_liquidation_distance", {"liquidation_distance_bps": 1_000}),
        ("min_health", {"health_bps": 30_000}),
    ],
)
def test_is_zero_at_the_limit(name: str, changes: dict[str, object]) -> None:
    assert left(**changes)[name] == pytest.approx(0)


def test_is_negative_in_a_breach() -> None:
    answer = left(
        gross_exposure=2_000_000 * 10**6, liquidation_distance_bps=500, health_bps=0, share_price_e18=9 * 10**17
    )
    assert answer["max_gross_leverage"] == pytest.approx(-0.25)
    assert answer["min_liquidation_distance"] == pytest.approx(-0.5)
    assert answer["max_drawdown"] == pytest.approx(-0.25)
    assert answer["max_weekly_loss"] == pytest.approx(-1)
    assert answer["min_health"] == -1


def test_a_worst_loss_in_flight_uses_up_the_plans_loss_and_lowers_the_vault() -> None:
    answer = left(pending_loss=5_000 * 10**6)
    assert answer["max_loss_per_plan"] == pytest.approx(1 - 5_000 / 9_950)


def test_exposure_of_a_vault_without_value_is_a_breach() -> None:
    assert left(total_assets=0, gross_exposure=1)["max_gross_leverage"] == -1.0


@pytest.mark.parametrize("minimum", [0.0, -1.0, float("nan")])
def test_refuses_a_minimum_of_nothing(minimum: float) -> None:
    with pytest.raises(ValueError, match="minimum"):
        above_minimum(1.0, minimum)
