"""The vault's exactly-once rule, and the state that its agent reads, without the money around them."""

import json
from dataclasses import dataclass, replace
from typing import Self

from agent.market.observation import Block, Mode, VaultState
from agent.units import Token
from chains.functions import abi_decode, keccak

VAULT = "0x00000000000000000000000000000000000000a1"
PRICE = 2_000.0
USDC = 10**6
_PLAN = "((uint256,address,uint64,uint64,bytes32,(address,uint256,bytes)[]))"
_ASSET, _BASE = Token("USDC", "0x" + "0a" * 20, 6), Token("WETH", "0x" + "0b" * 20, 18)


def revert_of(signature: str, *words: int | bytes) -> bytes:
    """Revert data of a custom error whose arguments are all one word."""
    encoded = b"".join(word if isinstance(word, bytes) else word.to_bytes(32) for word in words)
    return keccak(signature.encode())[:4] + encoded


@dataclass(frozen=True, slots=True)
class Books:
    """What a block knows of the vault. Redemptions wait until a plan pays them; each is something to be done once."""

    plans: int = 0
    waiting: int = 0
    changes: int = 0  # by anybody else
    last_plan_at: int = 0

    def state_hash(self) -> bytes:
        """What a plan is bound to."""
        return keccak(repr((self.plans, self.waiting, self.changes)).encode())

    def changed(self, *, redemption: bool) -> Self:
        """After somebody else did something: asked for money, or anything that changes the state."""
        return replace(self, waiting=self.waiting + redemption, changes=self.changes + 1)

    def carried_out(self, calldata: bytes, at_s: int) -> "Books | bytes":
        """After a plan, or the data that the contract reverts with (contracts/src/Vault.sol, the same order)."""
        ((_, _, number, deadline, state_hash, _),) = abi_decode(_PLAN, calldata[4:])
        if number != self.plans + 1:
            return revert_of("PlanNumberWrong(uint64,uint64)", number, self.plans + 1)
        if at_s > deadline:
            return revert_of("PlanExpired(uint64,uint256)", deadline, at_s)
        if state_hash != self.state_hash():
            return revert_of("StateChanged(bytes32,bytes32)", state_hash, self.state_hash())
        return replace(self, plans=number, waiting=0, last_plan_at=at_s)

    def encoded(self) -> bytes:
        """What a call of the vault returns."""
        return json.dumps([self.plans, self.waiting, self.changes, self.last_plan_at]).encode()

    @classmethod
    def decoded(cls, data: bytes) -> "Books":
        """Of what a call of the vault returned."""
        return cls(*json.loads(data))


def vault_state(books: Books, block: Block) -> VaultState:
    """The state as the agent's reader would give it: a flat vault that may only reduce, so that what there is to do is
    to pay who waits; deciding needs no forecast then."""
    return VaultState(
        block=block,
        asset=_ASSET,
        base=_BASE,
        total_assets=1_000_000 * USDC,
        idle_assets=1_000_000 * USDC,
        total_supply=10**24,
        share_price_e18=10**18,
        high_water_mark_e18=10**18,
        day_start_price_e18=10**18,
        week_start_price_e18=10**18,
        gross_exposure=0,
        net_delta=0,
        pending_loss=0,
        liquidation_distance_bps=None,
        health_bps=None,
        mode=Mode.REDUCE_ONLY,
        plan_count=books.plans,
        last_plan_at=books.last_plan_at,
        state_hash=books.state_hash(),
        spot_base=0,
        perp=None,
        oracle_price=PRICE,
        oracle_updated_at=block.timestamp,
        pool_price=PRICE,
        agent_balance_wei=10 * 10**18,
        queued_assets=books.waiting * 1_000 * USDC,
        queued_since=block.timestamp if books.waiting else 0,
    )
