"""What a proposal changes, worked out by hand: 2,000 USD per unit, at worst 0.1 % lost on spot and 0.3 % on a perp."""

from dataclasses import replace

import pytest
from vault_world import ETH, PRICE, USD, World

from agent.decision import Proposal
from agent.market.observation import PerpState
from agent.risk.change import Change, measure
from agent.risk.costs import Costs

COSTS = Costs(swap_tolerance=0.0005, order_tolerance=0.002, pool_fee=0.0005, perp_fee=0.001)


def change(proposal: Proposal, world: World | None = None, **perp: int) -> Change:
    vault = (world or World(idle=900_000 * USD, spot_base=20 * ETH, size=-200_000, equity=60_000 * USD)).observe().vault
    assert isinstance(vault.perp, PerpState)
    return measure(proposal, replace(vault, perp=replace(vault.perp, **perp)), COSTS)


def test_a_purchase_takes_its_price_and_its_worst_loss_out_of_the_cash() -> None:
    bought = change(Proposal(spot_base_delta=10 * ETH))
    assert (bought.idle_before_usd, bought.idle_after_usd) == (900_000, pytest.approx(900_000 - 20_000 - 20))
    assert (bought.traded_usd, bought.loss_usd, bought.reducing) == (20_000, pytest.approx(20), False)
    assert (bought.before.spot_usd, bought.after.spot_usd) == (40_000, 60_000)


def test_a_sale_brings_its_price_less_its_worst_loss_into_the_cash() -> None:
    sold = change(Proposal(spot_base_delta=-10 * ETH))
    assert sold.idle_after_usd == pytest.approx(900_000 + 20_000 - 20)
    assert (sold.after.spot_usd, sold.reducing) == (20_000, True)


def test_a_deposit_leaves_the_cash_at_once_and_is_held_at_the_venue() -> None:
    sent = change(Proposal(deposit=5_000 * USD))
    assert (sent.idle_after_usd, sent.after.perp_value_usd - sent.before.perp_value_usd) == (895_000, 5_000)
    assert sent.after.health == sent.before.health, "it is margin only when it has arrived"


def test_what_waits_at_the_venue_to_come_home_counts_as_cash() -> None:
    assert change(Proposal(deposit=1 * USD), unswept=7_000 * USD).idle_before_usd == 907_000


def test_margin_moves_with_transfers_and_with_the_worst_fill_of_the_order() -> None:
    """Health is equity / (notional / 50); an order of 4,000 loses 12 at worst."""
    assert change(Proposal()).before.health == pytest.approx(60_000 / 800)
    assert change(Proposal(to_perp=1_000 * USD)).after.health == pytest.approx(61_000 / 800)
    assert change(Proposal(from_perp=1_000 * USD)).after.health == pytest.approx(59_000 / 800)
    ordered = change(Proposal(perp_size_delta=-20_000))
    assert ordered.after.health == pytest.approx((60_000 - 12) / 880)
    assert (ordered.perp_slippage, ordered.spot_slippage, ordered.loss_usd) == (0.002, 0.0, pytest.approx(12))


@pytest.mark.parametrize("equity", [0, -5_000 * USD])
def test_a_perp_account_under_water_is_worth_nothing_and_takes_nothing_from_the_cash_beside_it(equity: int) -> None:
    under = change(Proposal(), account_value=equity, core_spot_usdc=3 * USD, in_flight=2 * USD)
    assert under.before.perp_value_usd == 5.0
    assert change(Proposal(), account_value=equity, core_spot_usdc=0, in_flight=0).before.perp_value_usd == 0.0


def test_a_vault_without_a_perp_has_one_leg() -> None:
    vault = replace(World(idle=900_000 * USD, spot_base=20 * ETH).observe().vault, perp=None)
    bought = measure(Proposal(spot_base_delta=10 * ETH), vault, COSTS)
    assert bought.after.venues() == {"spot": 30 * PRICE, "perp": 0.0}
    assert (bought.after.gross_usd(), bought.after.net_usd()) == (60_000, 60_000)
    assert (bought.after.liquidation_distance, bought.after.health) == (None, None)
