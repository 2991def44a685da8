"""A plan: typed actions bound to one vault, one number, one deadline and one state, and its calldata."""

import hashlib
from dataclasses import dataclass

from chains.functions import Function

_REBALANCE = Function("rebalance((uint256,address,uint64,uint64,bytes32,(address,uint256,bytes)[]))")


@dataclass(frozen=True, slots=True)
class Venues:
    """Where a vault's plans are carried out. Of the adapters of a short leg one is set, none for a spot-only vault."""

    chain_id: int
    vault: str
    spot_adapter: str
    perp_adapter: str | None
    quoter: str  # Uniswap's QuoterV2
    loan_adapter: str | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """One step: the vault sends `asset_in` (asset units) to `adapter` and asks it to carry out `data`."""

    adapter: str
    asset_in: int
    data: bytes
    sentence: str  # what it does, for people; not part of the calldata


@dataclass(frozen=True, slots=True)
class Plan:
    """What the contract is asked to do, once, until the deadline, from the state it was made for."""

    chain_id: int
    vault: str
    number: int
    deadline: int  # unix seconds, block time
    state_hash: bytes
    actions: tuple[Action, ...]
    note: str = ""  # why there is a plan when no action says it; not part of the calldata

    def digest(self) -> str:
        """SHA-256 of the calldata in hex: the plan's identity in the journal."""
        return hashlib.sha256(encode_rebalance(self)).hexdigest()


def encode_rebalance(plan: Plan) -> bytes:
    """Calldata of `rebalance(plan)`."""
    actions = [(action.adapter, action.asset_in, action.data) for action in plan.actions]
    return _REBALANCE.encode((plan.chain_id, plan.vault, plan.number, plan.deadline, plan.state_hash, actions))
