"""What the pool would give, asked of Uniswap's QuoterV2 in the state after one block."""

from dataclasses import dataclass
from typing import Protocol

from agent.execution.plan import Venues
from agent.market.observation import VaultState
from chains.multicall import Call
from chains.rpc import Reader, RpcError
from chains.venues import uniswap_v3

ONE_IN_PPM = 1_000_000


class QuoteReverted(Exception):
    """The pool cannot do this swap at any price, usually for want of liquidity."""


class Quoter(Protocol):
    """Prices one swap; amounts in smallest units."""

    def asset_for(self, base_out: int) -> int:
        """Asset to pay for exactly `base_out` of base."""
        ...

    def asset_from(self, base_in: int) -> int:
        """Asset received for exactly `base_in` of base."""
        ...


@dataclass(frozen=True, slots=True)
class AfterSale:
    """Purchases in the state that a sale of `sold` base leaves, from quotes of the state before it.

    A price moves along one path, so buying back goes the sale's way in reverse: with the fee f and n = sold x (1 - f)
    of base that reached the pool, buying b costs

        (asset_from(sold) - asset_from((n - b) / (1 - f))) / (1 - f)      up to n
        asset_from(sold) / (1 - f) + asset_for(b - n)                     above

    Rounded up, by a few units at most.
    """

    before: Quoter
    sold: int  # base units
    pool_fee: int  # 1e-6

    def asset_for(self, base_out: int) -> int:
        kept = ONE_IN_PPM - self.pool_fee
        reached = self.sold * kept // ONE_IN_PPM
        received = self.before.asset_from(self.sold)
        if base_out > reached:
            return -(-received * ONE_IN_PPM // kept) + self.before.asset_for(base_out - reached)
        left = (reached - base_out) * ONE_IN_PPM // kept
        received -= self.before.asset_from(left) if left else 0
        return -(-received * ONE_IN_PPM // kept)

    def asset_from(self, base_in: int) -> int:
        return self.before.asset_from(self.sold + base_in) - self.before.asset_from(self.sold)


@dataclass(frozen=True, slots=True)
class PoolQuoter:
    """QuoterV2 pinned to the block of an observation; one round trip per question. Equal to execution in that state.

    Raises `QuoteReverted` when the pool cannot, `RpcUnavailable` when the node does not answer.
    """

    node: Reader
    venues: Venues
    vault: VaultState
    pool_fee: int  # 1e-6

    def asset_for(self, base_out: int) -> int:
        asset, base = self.vault.asset.address, self.vault.base.address
        return self._ask(uniswap_v3.quote_exact_output(self.venues.quoter, asset, base, base_out, self.pool_fee))

    def asset_from(self, base_in: int) -> int:
        asset, base = self.vault.asset.address, self.vault.base.address
        return self._ask(uniswap_v3.quote_exact_input(self.venues.quoter, base, asset, base_in, self.pool_fee))

    def _ask(self, call: Call) -> int:
        try:
            answer = self.node.call_at(self.vault.block.hash, call.to, call.calldata)
        except RpcError as error:
            if error.revert_data is None:
                raise
            raise QuoteReverted(f"{call.args}: {error}") from error
        return int(call.function.decode(answer)[0])
