"""What logs prove: swaps signed from the vault's side, limits with their headroom."""

import pytest

from agent.ledger.receipts import checked_limits, swaps_in
from chains.events import Event, Log
from chains.functions import abi_encode
from chains.venues.uniswap_v3 import Pair

POOL, VAULT, OTHER = ("0x" + digit * 40 for digit in "abc")
SWAP = Event("Swap(address,address,int256,int256,uint160,uint128,int24)", "(int256,int256,uint160,uint128,int24)")
CHECKED = Event("LimitChecked(bytes32,uint256,uint256)", "(uint256,uint256)")
USDC_FIRST = Pair(base="0x" + "f" * 40, quote="0x" + "1" * 40, base_decimals=18, quote_decimals=6)
BASE_FIRST = Pair(base="0x" + "1" * 40, quote="0x" + "f" * 40, base_decimals=18, quote_decimals=6)


def swap_log(address: str, amount0: int, amount1: int) -> Log:
    data = abi_encode("(int256,int256,uint160,uint128,int24)", (amount0, amount1, 2**96, 10**18, 0))
    return Log(address, (SWAP.topic, bytes(32), bytes(32)), data)


def limit_log(address: str, name: str, value: int, bound: int) -> Log:
    return Log(
        address, (CHECKED.topic, name.encode().ljust(32, b"\0")), abi_encode("(uint256,uint256)", (value, bound))
    )


@pytest.mark.parametrize(
    ("pair", "amounts"), [(USDC_FIRST, (2_000_000_000, -(10**18))), (BASE_FIRST, (-(10**18), 2_000_000_000))]
)
def test_a_purchase_takes_base_from_the_pool_whichever_token_comes_first(pair: Pair, amounts: tuple[int, int]) -> None:
    (swap,) = swaps_in([swap_log(POOL, *amounts)], POOL, pair, 2_000.0, 500)
    assert (swap.base_delta, swap.asset_delta) == (10**18, -2_000_000_000)


def test_swaps_of_other_pools_and_other_events_are_not_counted() -> None:
    logs = [swap_log(OTHER, 1, -1), limit_log(POOL, "max_slippage", 1, 100)]
    assert swaps_in(logs, POOL, BASE_FIRST, 2_000.0, 500) == []


def test_limits_keep_their_smallest_headroom() -> None:
    logs = [
        limit_log(VAULT, "max_trade_usd", 400, 1_000),
        limit_log(VAULT, "max_trade_usd", 900, 1_000),
        limit_log(VAULT, "cooldown_s", 1_200, 600),
        limit_log(VAULT, "min_idle", 400, 200),
    ]
    assert checked_limits(logs, [VAULT]) == {
        "max_trade_usd": pytest.approx(0.1),
        "cooldown_s": pytest.approx(0.5),
        "min_idle": pytest.approx(0.5),
    }


def test_limits_that_somebody_else_claims_to_have_checked_do_not_count() -> None:
    assert checked_limits([limit_log(OTHER, "max_trade_usd", 400, 1_000)], [VAULT]) == {}
