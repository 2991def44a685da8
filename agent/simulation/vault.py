"""The vault's exactly-once rule, its cash and coins, and the state that its agent reads."""

import json
from dataclasses import astuple, dataclass, replace
from enum import StrEnum
from typing import Self

from agent.market.observation import Block, Mode, VaultState
from agent.units import Token
from chains.functions import abi_decode, keccak

VAULT = "0x00000000000000000000000000000000000000a1"
SPOT_ADAPTER = "0x00000000000000000000000000000000000000a2"
QUOTER = "0x00000000000000000000000000000000000000a3"
PRICE = 2_000
USDC, COIN = 10**6, 10**18
POOL_FEE_PPM = 500
_ONE_IN_PPM = 10**6
FIRST_CASH = 1_000_000 * USDC
REDEMPTION = 1_000 * USDC
GIFT = 2 * COIN
_SELL = 2  # as chains/venues/uniswap_v3.py writes it
_PLAN = "((uint256,address,uint64,uint64,bytes32,(address,uint256,bytes)[]))"
_ASSET, _BASE = Token("USDC", "0x" + "0a" * 20, 6), Token("WETH", "0x" + "0b" * 20, 18)


def revert_of(signature: str, *words: int | bytes) -> bytes:
    """Revert data of a custom error whose arguments are all one word."""
    encoded = b"".join(word if isinstance(word, bytes) else word.to_bytes(32) for word in words)
    return keccak(signature.encode())[:4] + encoded


class Other(StrEnum):
    """What somebody else does to the vault."""

    ASKS_FOR_MONEY = "asks for money"  # waits in the queue until a plan pays it
    BRINGS_COINS = "brings coins"  # a vault that may only reduce has to sell them
    ANYTHING = "anything"  # that changes the state


def proceeds(coins: int) -> int:
    """What the pool gives for coins, in asset units: deep, so the price stays."""
    return coins * PRICE * USDC * (_ONE_IN_PPM - POOL_FEE_PPM) // (COIN * _ONE_IN_PPM)


def sales(calldata: bytes) -> list[tuple[int, int]]:
    """The swaps in a plan: coins sold, and the least that is taken for them."""
    ((*_, actions),) = abi_decode(_PLAN, calldata[4:])
    kinds = [abi_decode("(uint8,uint256,uint256)", data) for _, _, data in actions]
    return [(sold, least) for kind, sold, least in kinds if kind == _SELL]


@dataclass(frozen=True, slots=True)
class Books:
    """What a block knows of the vault. Redemptions wait and coins lie there until a plan pays or sells them; each is
    something to be done once."""

    plans: int = 0
    waiting: int = 0
    changes: int = 0  # by anybody else
    last_plan_at: int = 0
    cash: int = FIRST_CASH
    coins: int = 0

    @property
    def at_rest(self) -> bool:
        """Whether nothing is left for the agent to do."""
        return not self.waiting and not self.coins

    def state_hash(self) -> bytes:
        """What a plan is bound to."""
        return keccak(repr((self.plans, self.waiting, self.changes, self.cash, self.coins)).encode())

    def changed(self, other: Other) -> Self:
        """After somebody else did something."""
        waiting = self.waiting + (other is Other.ASKS_FOR_MONEY)
        coins = self.coins + (GIFT if other is Other.BRINGS_COINS else 0)
        return replace(self, waiting=waiting, coins=coins, changes=self.changes + 1)

    def carried_out(self, calldata: bytes, at_s: int) -> "Books | bytes":
        """After a plan, or the data that the contract reverts with (contracts/src/Vault.sol, the same order)."""
        ((_, _, number, deadline, state_hash, _),) = abi_decode(_PLAN, calldata[4:])
        if number != self.plans + 1:
            return revert_of("PlanNumberWrong(uint64,uint64)", number, self.plans + 1)
        if at_s > deadline:
            return revert_of("PlanExpired(uint64,uint256)", deadline, at_s)
        if state_hash != self.state_hash():
            return revert_of("StateChanged(bytes32,bytes32)", state_hash, self.state_hash())
        cash, coins = self.cash, self.coins
        for sold, least in sales(calldata):
            if sold > coins:
                return revert_of("HeldBaseTooSmall(uint256,uint256)", sold, coins)
            if proceeds(sold) < least:
                short_bps = (least - proceeds(sold)) * 10_000 // least
                return revert_of("SlippageExceeded(uint256,uint256)", short_bps, 0)
            cash, coins = cash + proceeds(sold), coins - sold
        cash -= self.waiting * REDEMPTION
        return replace(self, plans=number, waiting=0, last_plan_at=at_s, cash=cash, coins=coins)

    def encoded(self) -> bytes:
        """What a call of the vault returns."""
        return json.dumps(astuple(self)).encode()

    @classmethod
    def decoded(cls, data: bytes) -> "Books":
        """Of what a call of the vault returned."""
        return cls(*json.loads(data))


def vault_state(books: Books, block: Block) -> VaultState:
    """The state as the agent's reader would give it: a vault that may only reduce, so that what there is to do is to
    sell the coins and to pay who waits; deciding needs no forecast then."""
    held = books.coins * PRICE * USDC // COIN
    return VaultState(
        block=block,
        asset=_ASSET,
        base=_BASE,
        total_assets=books.cash + held,
        idle_assets=books.cash,
        total_supply=10**24,
        share_price_e18=10**18,
        high_water_mark_e18=10**18,
        day_start_price_e18=10**18,
        week_start_price_e18=10**18,
        gross_exposure=held,
        net_delta=held,
        pending_loss=0,
        liquidation_distance_bps=None,
        health_bps=None,
        mode=Mode.REDUCE_ONLY,
        plan_count=books.plans,
        last_plan_at=books.last_plan_at,
        state_hash=books.state_hash(),
        spot_base=books.coins,
        perp=None,
        oracle_price=float(PRICE),
        oracle_updated_at=block.timestamp,
        pool_price=float(PRICE),
        agent_balance_wei=10 * 10**18,
        queued_assets=books.waiting * REDEMPTION,
        queued_since=block.timestamp if books.waiting else 0,
    )
