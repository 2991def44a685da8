"""What the logs of a receipt prove: the swaps of the pool and the limits that the vault checked."""

from collections.abc import Iterable, Sequence

from agent.ledger.events import Swap
from agent.risk import above_minimum, below_maximum
from chains.events import Event, Log
from chains.venues.uniswap_v3 import Pair

_SWAP = Event("Swap(address,address,int256,int256,uint160,uint128,int24)", "(int256,int256,uint160,uint128,int24)")
_LIMIT_CHECKED = Event("LimitChecked(bytes32,uint256,uint256)", "(uint256,uint256)")
_MINIMA = ("min_liquidation_distance", "cooldown_s", "min_idle")


def swaps_in(logs: Iterable[Log], pool: str, pair: Pair, oracle_price: float, fee_ppm: int) -> list[Swap]:
    """The swaps of one pool. Uniswap signs amounts from the pool's side; a `Swap` is seen from the vault's.

    Parameters
    ----------
    oracle_price : the price at which the vault valued base at that block
    fee_ppm : the pool's fee tier
    """
    found = []
    for log in logs:
        if log.address == pool.lower() and _SWAP.matches(log):
            amount0, amount1 = _SWAP.decode(log)[:2]
            base, asset = (amount0, amount1) if pair.base_is_token0 else (amount1, amount0)
            found.append(Swap(-asset, -base, oracle_price, fee_ppm))
    return found


def checked_limits(logs: Iterable[Log], emitters: Sequence[str]) -> dict[str, float]:
    """The smallest headroom of every limit that the vault or an adapter reports to have checked."""
    known = {address.lower() for address in emitters}
    found: dict[str, float] = {}
    for log in logs:
        if log.address not in known or not _LIMIT_CHECKED.matches(log):
            continue
        name = log.topics[1].rstrip(b"\0").decode("ascii")
        value, bound = _LIMIT_CHECKED.decode(log)
        headroom = above_minimum(value, bound) if name in _MINIMA else below_maximum(value, bound)
        found[name] = min(found.get(name, headroom), headroom)
    return found
