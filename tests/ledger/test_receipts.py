"""What logs prove: swaps signed from the vault's side, redemptions, limits with their headroom."""

import pytest

from agent.ledger import Swap
from agent.ledger.receipts import checked_limits, order_slippages, swap_slippage, swaps_in, withdrawn_in
from agent.units import Token
from chains.events import Event, Log
from chains.functions import abi_encode
from chains.venues.uniswap_v3 import Pair

POOL, VAULT, OTHER, POLICY = ("0x" + digit * 40 for digit in "abcd")
SWAP = Event("Swap(address,address,int256,int256,uint160,uint128,int24)", "(int256,int256,uint160,uint128,int24)")
CHECKED = Event("LimitsChecked(address,uint64,uint256[13])", "(uint256[13])")
WITHDRAW = Event("Withdraw(address,address,address,uint256,uint256)", "(uint256,uint256)")
ORDER = Event("OrderSent(int64,uint64,bool,uint64,uint256)", "(int64,uint64,bool,uint64,uint256)")
USDC, WETH = Token("USDC", "0x" + "1" * 40, 6), Token("WETH", "0x" + "f" * 40, 18)
GROSS, HEALTH, IDLE, TRADE, COOLDOWN, VENUE = 0, 3, 4, 9, 10, 11  # of the contract's enum
USDC_FIRST = Pair(base="0x" + "f" * 40, quote="0x" + "1" * 40, base_decimals=18, quote_decimals=6)
BASE_FIRST = Pair(base="0x" + "1" * 40, quote="0x" + "f" * 40, base_decimals=18, quote_decimals=6)


def swap_log(address: str, amount0: int, amount1: int) -> Log:
    data = abi_encode("(int256,int256,uint160,uint128,int24)", (amount0, amount1, 2**96, 10**18, 0))
    return Log(address, (SWAP.topic, bytes(32), bytes(32)), data)


def limits_log(checks: dict[int, tuple[int, int]], address: str = POLICY, vault: str = VAULT) -> Log:
    """What the policy tells of a plan: value and bound of the limits that were checked, 0 for the others."""
    words = [checks[limit][0] << 128 | checks[limit][1] if limit in checks else 0 for limit in range(13)]
    topics = (CHECKED.topic, bytes(12) + bytes.fromhex(vault[2:]), (7).to_bytes(32))
    return Log(address, topics, abi_encode("(uint256[13])", (words,)))


@pytest.mark.parametrize(
    ("pair", "amounts"), [(USDC_FIRST, (2_000_000_000, -(10**18))), (BASE_FIRST, (-(10**18), 2_000_000_000))]
)
def test_a_purchase_takes_base_from_the_pool_whichever_token_comes_first(pair: Pair, amounts: tuple[int, int]) -> None:
    (swap,) = swaps_in([swap_log(POOL, *amounts)], POOL, pair, 2_000.0, 500)
    assert (swap.base_delta, swap.asset_delta) == (10**18, -2_000_000_000)


def test_swaps_of_other_pools_and_other_events_are_not_counted() -> None:
    logs = [swap_log(OTHER, 1, -1), limits_log({GROSS: (1, 100)}, POOL)]
    assert swaps_in(logs, POOL, BASE_FIRST, 2_000.0, 500) == []


@pytest.mark.parametrize(
    ("asset", "base", "slippage"),
    [
        (-2_010_000_000, 10**18, 0.005),
        (1_990_000_000, -(10**18), 0.005),
        (-1_990_000_000, 10**18, 0.0),  # cheaper than the oracle
        (2_010_000_000, -(10**18), 0.0),
    ],
)
def test_slippage_of_a_swap_is_what_it_cost_against_the_oracle(asset: int, base: int, slippage: float) -> None:
    assert swap_slippage(Swap(asset, base, 2_000.0, 500), USDC, WETH) == pytest.approx(slippage)


def test_an_order_may_slip_as_far_as_its_limit_price_reaches() -> None:
    def sent(address: str, size: int, limit_usd: float, mark_usd: float) -> Log:
        values = (size, round(limit_usd * 10**8), False, round(mark_usd * 10**2), 0)  # a lot of 0.0001
        return Log(address, (ORDER.topic,), abi_encode("(int64,uint64,bool,uint64,uint256)", values))

    logs = [sent(VAULT, -5, 1_996.0, 2_000.0), sent(VAULT, 5, 2_006.0, 2_000.0), sent(OTHER, 5, 9_999.0, 2_000.0)]
    assert order_slippages(logs, VAULT, 4) == pytest.approx([0.002, 0.003])


def test_limits_keep_their_smallest_headroom() -> None:
    logs = [
        limits_log({TRADE: (400, 1_000), COOLDOWN: (1_200, 600)}),
        limits_log({TRADE: (900, 1_000), IDLE: (400, 200), VENUE: (0, 500)}),
    ]
    assert checked_limits(logs, POLICY, VAULT) == {
        "max_trade_usd": pytest.approx(0.1),
        "cooldown_s": pytest.approx(0.5),
        "min_idle": pytest.approx(0.5),
        "venue_cap": 1.0,
    }


def test_what_nothing_can_break_has_all_of_its_limit_left() -> None:
    """The contract writes a health without bound as the most that half a word holds."""
    assert checked_limits([limits_log({HEALTH: (2**128 - 1, 30_000)})], POLICY, VAULT) == {"min_health": 1.0}


def test_limits_that_somebody_else_claims_to_have_checked_do_not_count() -> None:
    assert checked_limits([limits_log({TRADE: (400, 1_000)}, address=OTHER)], POLICY, VAULT) == {}


def test_a_check_that_somebody_else_asked_the_policy_for_does_not_count() -> None:
    assert checked_limits([limits_log({TRADE: (400, 1_000)}, vault=OTHER)], POLICY, VAULT) == {}


def test_redemptions_of_this_vault_add_up() -> None:
    def paid(address: str, amount: int) -> Log:
        return Log(address, (WITHDRAW.topic, *[bytes(32)] * 3), abi_encode("(uint256,uint256)", (amount, 10**18)))

    assert withdrawn_in([paid(VAULT, 300), paid(OTHER, 1_000), paid(VAULT, 20), swap_log(VAULT, 1, -1)], VAULT) == 320
