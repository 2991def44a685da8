"""Faults 34 to 36: what a perp venue does to an order or a position, as read back from the chain.

Ballast's orders go to HyperCore through the vault's contract, so their truth is the vault's state after the block:
`compare_effect` reconciles it, `event` sees it between cycles, and `decide` answers with the other leg. The same on a
real node with the HyperCore stand-in: tests/execution/test_on_local_chain_effects.py and HyperCorePerpReadBack.t.sol.
"""

from dataclasses import replace

import pytest
from vault_world import ETH, LOT, USD, World, invested

from agent.decision import Proposal
from agent.execution import compare_effect
from agent.ledger.attribution import UnexplainedError, attribute, require_explained
from agent.market.observation import Block, PerpState, VaultState
from agent.reasons import Code
from agent.risk.events import event

TOLERANCE = 0.0005
OPEN = Proposal(perp_size_delta=-10_000)


def vault(world: World) -> VaultState:
    return world.observe().vault


def one_block_on(state: VaultState, **perp: int) -> VaultState:
    assert isinstance(state.perp, PerpState)
    block = Block(state.block.number + 1, "0x" + "cd" * 32, state.block.timestamp + 60, 1)
    return replace(state, block=block, perp=replace(state.perp, **perp))


@pytest.mark.parametrize(
    ("filled", "words"),
    [
        (-4_000, "got -0.4; filled in part"),
        (-12_000, "got -1.2"),  # more than ordered
        (0, "got 0"),  # dust below the smallest order, or a size that rounds to nothing
        (10_000, "got 1"),  # the wrong way
    ],
)
def test_fault_34_whatever_was_filled_is_reconciled_to_what_is_there(filled: int, words: str) -> None:
    before = vault(invested())
    assert before.perp is not None
    after = one_block_on(before, size=before.perp.size + filled)
    (reason,) = compare_effect(before, OPEN, after, TOLERANCE)
    assert reason.code is Code.EFFECT_MISSING
    assert words in reason.message


@pytest.mark.parametrize("filled", [0.0, 0.4, 0.9, 1.3])
def test_fault_34_after_any_fill_the_next_decision_brings_the_delta_back_into_its_band(filled: float) -> None:
    """The spot leg was bought in full, the perp order filled by this fraction."""
    world = invested()
    added = 30_000  # lots, three ETH
    world.spot_base += added * LOT
    world.idle -= int(added * LOT / ETH * world.price * USD)
    world.size -= int(added * filled)
    band = world.config.strategy.sizing.delta_band
    for _ in range(4):
        world.cycle()
    spot, perp = world.leg_usd()
    assert abs(spot + perp) / world.nav() <= band


def test_fault_34_an_order_smaller_than_one_lot_is_never_proposed() -> None:
    world = invested()
    world.spot_base += LOT // 2
    step = world.decide().proposal
    assert step.perp_size_delta == int(step.perp_size_delta)
    assert (
        step.is_empty()
        or abs(step.perp_size_delta) * LOT / ETH * world.price >= world.config.strategy.sizing.min_trade_usd
    )


def test_fault_35_a_leg_that_was_deleveraged_is_seen_at_the_next_look() -> None:
    """As on 2025-10-10, when most positions had little leverage: the size is less, nothing was ordered."""
    world = invested()
    before = vault(world)
    world.size //= 2
    now = vault(world)
    seen = event(before, now, world.config)
    assert seen is not None
    assert seen.name == "net delta"


@pytest.mark.parametrize("left", [0.0, 0.3, 0.9])
def test_fault_35_the_other_leg_is_cut_and_nothing_is_opened_in_the_same_cycle(left: float) -> None:
    world = invested()
    world.size = int(world.size * left)
    if left == 0.0:
        world.equity = 2_000 * USD
    step = world.decide().proposal
    assert step.perp_size_delta == 0
    assert step.spot_base_delta < 0
    assert world.spot_base + step.spot_base_delta == pytest.approx(-world.size * LOT, abs=LOT)


def test_fault_35_a_liquidation_is_named_in_what_is_missing() -> None:
    before = vault(invested())
    after = one_block_on(before, size=0, liquidations=1)
    (reason,) = compare_effect(before, Proposal(), after, TOLERANCE)
    assert reason.code is Code.EFFECT_MISSING
    assert "a liquidation happened" in reason.message


def test_fault_36_a_withdrawal_that_the_venue_holds_is_pending_and_then_missing_never_done() -> None:
    before = vault(invested(venue_cash=500 * USD))
    asked = Proposal(withdraw=500 * USD)
    assert before.perp is not None
    on_its_way = one_block_on(before, core_spot_usdc=0, in_flight=500 * USD)
    assert [one.code for one in compare_effect(before, asked, on_its_way, TOLERANCE)] == [Code.EFFECT_PENDING]
    halted = one_block_on(before)
    assert [one.code for one in compare_effect(before, asked, halted, TOLERANCE)] == [Code.EFFECT_MISSING]


def test_fault_36_while_cash_is_held_no_second_transfer_is_proposed() -> None:
    world = invested()
    world.to_vault = 5_000 * USD
    step = world.decide().proposal
    assert (step.deposit, step.to_perp, step.from_perp, step.withdraw) == (0, 0, 0, 0)


def test_fault_36_a_margin_call_cuts_both_legs_and_only_reduces() -> None:
    world = invested()
    spot, perp = world.leg_usd()
    world.equity = int(abs(perp) * 0.12 * USD)  # far below the low margin of 0.30
    world.idle = 0
    step = world.decide().proposal
    assert step.spot_base_delta < 0
    assert step.perp_size_delta > 0
    assert step.perp_reduce_only
    assert spot > 0


def test_fault_36_a_balance_that_drops_without_a_fill_is_unexplained_and_stops_the_ledger() -> None:
    world = invested()
    before = vault(world)
    world.time += 3_600
    world.equity -= 25_000 * USD
    after = replace(vault(world), block=Block(2, "0x" + "cd" * 32, world.time, 1))
    parts = attribute(before, after).attribution
    with pytest.raises(UnexplainedError) as refused:
        require_explained(parts, world.nav())
    assert Code.LEDGER_UNEXPLAINED in str(refused.value)
