from dataclasses import replace

import pytest

from agent.decision import Proposal
from agent.execution import compare_effect
from agent.market.observation import Block, Mode, PerpState, VaultState
from agent.reasons import Code

TOLERANCE = 0.0005
LATER = Block(101, "0x" + "cd" * 32, 1_750_000_060, 10**9)
ETH = 10**18


def later(state: VaultState, spot_base: int | None = None, **perp: int) -> VaultState:
    """The state one block on, with these changes."""
    assert state.perp is not None
    held = state.spot_base if spot_base is None else spot_base
    return replace(state, block=LATER, spot_base=held, perp=replace(state.perp, **perp))


def codes(before: VaultState, proposal: Proposal, after: VaultState) -> list[Code]:
    return [reason.code for reason in compare_effect(before, proposal, after, TOLERANCE)]


def test_nothing_is_missing_when_everything_arrived(vault_state: VaultState) -> None:
    proposal = Proposal(spot_base_delta=ETH, perp_size_delta=-10_000, to_perp=500)
    after = later(vault_state, 11 * ETH, size=-110_000, core_spot_usdc=2_000_000_000 - 500)
    assert codes(vault_state, proposal, after) == []


def test_a_purchase_may_bring_the_tolerance_less_and_no_more(vault_state: VaultState) -> None:
    proposal = Proposal(spot_base_delta=ETH)
    assert codes(vault_state, proposal, later(vault_state, 10 * ETH + ETH * 9_996 // 10_000)) == []
    assert codes(vault_state, proposal, later(vault_state, 10 * ETH + ETH * 999 // 1_000)) == [Code.EFFECT_MISSING]


def test_a_sale_is_exact(vault_state: VaultState) -> None:
    proposal = Proposal(spot_base_delta=-ETH)
    assert codes(vault_state, proposal, later(vault_state, 9 * ETH)) == []
    assert codes(vault_state, proposal, later(vault_state, 9 * ETH + 1)) == [Code.EFFECT_MISSING]


@pytest.mark.parametrize("change", [1, -1])
def test_spot_that_came_or_went_although_nobody_asked_is_told(vault_state: VaultState, change: int) -> None:
    assert codes(vault_state, Proposal(), later(vault_state, 10 * ETH + change)) == [Code.EFFECT_MISSING]


def test_a_plan_that_was_skipped_has_no_effect_although_it_was_mined(vault_state: VaultState) -> None:
    after = replace(later(vault_state), mode=Mode.REDUCE_ONLY)
    assert codes(vault_state, Proposal(spot_base_delta=ETH), after) == [Code.REDUCE_ONLY, Code.EFFECT_MISSING]


def test_an_order_on_its_way_is_pending_and_afterwards_missing(vault_state: VaultState) -> None:
    proposal = Proposal(perp_size_delta=-10_000)
    pending = later(vault_state, pending_until=LATER.timestamp + 1)
    assert codes(vault_state, proposal, pending) == [Code.EFFECT_PENDING]
    due = later(vault_state, pending_until=LATER.timestamp)
    assert codes(vault_state, proposal, due) == [Code.EFFECT_MISSING]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"size": -104_000}, "wanted a change of -1, got -0.4; filled in part"),
        ({"rejections": 1}, "got 0; the venue rejected an action"),
        ({"size": 0, "liquidations": 1}, "got 10; a liquidation happened"),
    ],
)
def test_a_missing_fill_says_wanted_and_got_and_why(
    vault_state: VaultState, changes: dict[str, int], words: str
) -> None:
    (reason,) = compare_effect(vault_state, Proposal(perp_size_delta=-10_000), later(vault_state, **changes), TOLERANCE)
    assert reason.code is Code.EFFECT_MISSING
    assert words in reason.message


def test_a_liquidation_shows_although_the_plan_asked_for_nothing_there(vault_state: VaultState) -> None:
    after = later(vault_state, size=0, liquidations=1)
    assert codes(vault_state, Proposal(), after) == [Code.EFFECT_MISSING]


@pytest.mark.parametrize(
    "proposal", [Proposal(deposit=500), Proposal(to_perp=500), Proposal(from_perp=500), Proposal(withdraw=500)]
)
def test_cash_that_did_not_move_is_missing_and_cash_in_flight_is_pending(
    vault_state: VaultState, proposal: Proposal
) -> None:
    assert codes(vault_state, proposal, later(vault_state)) == [Code.EFFECT_MISSING]
    assert codes(vault_state, proposal, later(vault_state, in_flight=500)) == [Code.EFFECT_PENDING]
    sign = 1 if proposal.deposit or proposal.from_perp else -1
    moved = later(vault_state, core_spot_usdc=2_000_000_000 + sign * 500)
    assert codes(vault_state, proposal, moved) == []


def test_a_perp_leg_that_vanished_from_view_is_not_taken_for_flat(
    vault_state: VaultState, perp_state: PerpState
) -> None:
    assert codes(vault_state, Proposal(), replace(vault_state, block=LATER, perp=None)) == [Code.DATA_MISSING]


def test_refuses_to_compare_with_an_earlier_state(vault_state: VaultState) -> None:
    with pytest.raises(ValueError, match="after block 100"):
        compare_effect(vault_state, Proposal(), vault_state, TOLERANCE)


def test_cash_that_left_hypercore_and_is_not_home_yet_is_pending(vault_state: VaultState) -> None:
    after = later(vault_state, core_spot_usdc=2_000_000_000 - 500, in_flight=500)
    assert codes(vault_state, Proposal(withdraw=500), after) == [Code.EFFECT_PENDING]


def told(before: VaultState, proposal: Proposal, after: VaultState) -> list[tuple[str, float | None, float | None]]:
    found = compare_effect(before, proposal, after, TOLERANCE)
    return [(reason.message, reason.value, reason.bound) for reason in found]


def test_what_is_missing_is_told_in_whole_units_got_and_wanted(vault_state: VaultState) -> None:
    bought = Proposal(spot_base_delta=2 * ETH)
    assert told(vault_state, bought, later(vault_state, 11 * ETH)) == [
        ("spot WETH: wanted a change of 2, got 1", 1.0, 2.0)
    ]
    ordered = Proposal(perp_size_delta=20_000)
    assert told(vault_state, ordered, later(vault_state, size=-95_000)) == [
        ("perp: wanted a change of 2, got 0.5; filled in part", 0.5, 2.0)
    ]
    moved = Proposal(deposit=3 * 10**6)
    assert told(vault_state, moved, later(vault_state, core_spot_usdc=2_001_000_000)) == [
        ("HyperCore cash: wanted a change of 3.00 USD, got 1.00", 1.0, 3.0)
    ]


def test_what_is_on_its_way_is_told_with_when_or_how_much(vault_state: VaultState) -> None:
    due = LATER.timestamp + 30
    assert told(vault_state, Proposal(perp_size_delta=20_000), later(vault_state, pending_until=due)) == [
        (f"perp: wanted a change of 2, got 0; the order may fill until {due}", None, None)
    ]
    text = "HyperCore cash: wanted a change of 3.00 USD, got 0.00"
    assert told(vault_state, Proposal(deposit=3 * 10**6), later(vault_state, in_flight=2 * 10**6)) == [
        (f"{text}; 2.00 still on the way", None, None)
    ]
    assert told(vault_state, Proposal(deposit=3 * 10**6), later(vault_state, pending_until=due)) == [
        (f"{text}; 0.00 still on the way", None, None)
    ]


def test_a_fill_of_the_wrong_side_or_of_more_than_was_asked_is_no_part_of_it(vault_state: VaultState) -> None:
    wanted = Proposal(perp_size_delta=20_000)
    assert told(vault_state, wanted, later(vault_state, size=-105_000))[0][0].endswith("got -0.5")
    assert told(vault_state, wanted, later(vault_state, size=-70_000))[0][0].endswith("got 3")


def test_a_vault_that_became_safer_meanwhile_is_told_with_both_modes(vault_state: VaultState) -> None:
    halted = replace(later(vault_state), mode=Mode.HALTED)
    assert told(vault_state, Proposal(), halted) == [("the vault went from ACTIVE to HALTED", None, None)]
    assert codes(vault_state, Proposal(), halted) == [Code.HALTED]
    reducing = replace(later(vault_state), mode=Mode.REDUCE_ONLY)
    assert told(vault_state, Proposal(), reducing) == [("the vault went from ACTIVE to REDUCE_ONLY", None, None)]
    assert told(replace(vault_state, mode=Mode.HALTED), Proposal(), later(vault_state)) == []


def test_a_leg_that_appears_from_nowhere_is_told(vault_state: VaultState) -> None:
    bare = replace(vault_state, perp=None)
    assert told(bare, Proposal(), later(vault_state)) == [
        ("the perp leg is known on one side of the plan only", None, None)
    ]
    assert told(bare, Proposal(), replace(bare, block=LATER)) == []
