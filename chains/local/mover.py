"""Moves the simulated market: one transaction and one round trip per hour, at an exact block time."""

from dataclasses import dataclass
from math import ceil, floor, isfinite

from chains import artifacts
from chains.local.accounts import DEPLOYER
from chains.local.sender import require_success, transaction_request
from chains.local.spec import World
from chains.rpc import BlockRef, Node, quantity
from chains.venues.hypercore import raw_price_nearest

FEED_DECIMALS = 8


@dataclass(frozen=True, slots=True)
class PerpTick:
    """One hour of the perp: human prices at its end, extremes of the mark since the last tick, and its funding.

    `funding_rate_1h` is a decimal for one hour; longs pay it to shorts when positive.
    """

    mark: float
    oracle: float
    high: float
    low: float
    funding_rate_1h: float

    def __post_init__(self) -> None:
        if not all(isfinite(price) and price > 0 for price in (self.mark, self.oracle, self.high, self.low)):
            raise ValueError(f"perp tick: expected positive finite prices, got {self}")
        if not self.low <= self.mark <= self.high:
            raise ValueError(f"perp tick: the mark must lie between low and high, got {self}")
        if not isfinite(self.funding_rate_1h):
            raise ValueError(f"perp tick: expected a finite funding rate, got {self}")


class Mover:
    """Drives feed, pool and perp of one world through its MarketMover contract."""

    def __init__(self, node: Node, world: World) -> None:
        self._node = node
        self._world = world
        self._step = artifacts.load("MarketMover").function("step")
        self._process = artifacts.load("MarketMover").function("process")

    def step(
        self,
        timestamp: int,
        *,
        feed_price: float | None = None,
        pool_price: float | None = None,
        perp: PerpTick | None = None,
    ) -> BlockRef:
        """Mines one block at `timestamp` in which only the given parts of the market move.

        Parameters
        ----------
        timestamp : Unix seconds, after the newest block
        feed_price : a new Chainlink round; None leaves the feed as old as it is
        pool_price : where an arbitrageur trades the Uniswap pool to; None leaves it
        perp : new HyperCore prices and one hour's funding; None leaves them

        Raises
        ------
        TransactionFailed : the market's transaction reverted, with the reason
        RpcError : the node refused, for example a timestamp that is not after the newest block
        """
        answer = 0 if feed_price is None else _feed_answer(feed_price)
        target = 0 if pool_price is None else self._world.pair.sqrt_price_x96(pool_price)
        hour = (answer, target, perp is not None, self._raw_tick(perp))
        return self._mine_at(timestamp, self._step.encode(timestamp, hour), "market step")

    def process(self, timestamp: int) -> BlockRef:
        """Mines one block at `timestamp` in which HyperCore acts on every queued write that is due."""
        return self._mine_at(timestamp, self._process.encode(timestamp), "HyperCore.process")

    def _mine_at(self, timestamp: int, calldata: bytes, what: str) -> BlockRef:
        request = transaction_request(DEPLOYER, {"to": self._world.mover, "data": "0x" + calldata.hex()})
        *_, receipt = self._node.batch(
            [
                ("evm_setNextBlockTimestamp", [timestamp]),
                ("eth_sendTransactionSync", [request]),
            ],
            nullable=True,
        )
        receipt = require_success(self._node, receipt, request, what)
        return BlockRef(
            quantity(receipt["blockNumber"]), receipt["blockHash"], timestamp, quantity(receipt["effectiveGasPrice"])
        )

    def _raw_tick(self, perp: PerpTick | None) -> tuple[int, int, int, int, int, int]:
        if perp is None:
            return (0, 0, 0, 0, 0, 0)
        index, size_decimals = self._world.perp_index, self._world.perp_size_decimals
        if index is None or size_decimals is None:
            raise ValueError("perp: this world was deployed without a perp")
        scale = float(10 ** (6 - size_decimals))
        mark = raw_price_nearest(perp.mark, size_decimals)
        oracle = raw_price_nearest(perp.oracle, size_decimals)
        high, low = max(mark, ceil(perp.high * scale)), min(mark, floor(perp.low * scale))
        if min(oracle, low) <= 0:
            raise ValueError(f"perp tick: a price vanishes at {size_decimals} size decimals: {perp}")
        return (index, oracle, mark, high, low, round(perp.funding_rate_1h * 1e18))


def _feed_answer(price: float) -> int:
    if not (isfinite(price) and price > 0):
        raise ValueError(f"feed_price: expected a positive number, got {price}")
    answer = round(price * float(10**FEED_DECIMALS))
    if answer == 0:
        raise ValueError(f"feed_price: {price} vanishes at {FEED_DECIMALS} decimals")
    return answer
