"""What the logs of a receipt prove: swaps, redemptions, and the limits that the policy checked."""

from collections.abc import Iterable

from agent.ledger.events import LoanIndexes, Swap
from agent.risk import above_minimum, below_maximum
from agent.units import Token
from chains.events import Event, Log
from chains.venues.uniswap_v3 import Pair

_SWAP = Event("Swap(address,address,int256,int256,uint160,uint128,int24)", "(int256,int256,uint160,uint128,int24)")
_RESERVE_UPDATED = Event(
    "ReserveDataUpdated(address,uint256,uint256,uint256,uint256,uint256)", "(uint256,uint256,uint256,uint256,uint256)"
)
_WITHDRAW = Event("Withdraw(address,address,address,uint256,uint256)", "(uint256,uint256)")
_ORDER_SENT = Event("OrderSent(int64,uint64,bool,uint64,uint256)", "(int64,uint64,bool,uint64,uint256)")
_LIMITS_CHECKED = Event("LimitsChecked(address,uint64,uint256[13])", "(uint256[13])")
_LIMITS = (  # in the order of the enum `Limit` of contracts/src/Envelope.sol
    "max_gross_leverage",
    "max_net_delta",
    "min_liquidation_distance",
    "min_health",
    "min_idle",
    "max_loss_per_plan",
    "loss_budget",
    "emergency_loss_budget",
    "max_turnover",
    "max_trade_usd",
    "cooldown_s",
    "venue_cap",
    "asset_cap",
)
_MINIMA = ("min_liquidation_distance", "min_health", "cooldown_s", "min_idle")
_LOW_HALF = 2**128 - 1


def swaps_in(
    logs: Iterable[Log], pool: str, pair: Pair, oracle_price: float, fee_ppm: int, *, sender: str | None = None
) -> list[Swap]:
    """The swaps of one pool, or only those that `sender` asked it for.

    Uniswap signs amounts from the pool's side; a `Swap` is seen from the vault's.

    Parameters
    ----------
    oracle_price : the price at which the vault valued base at that block
    fee_ppm : the pool's fee tier
    """
    found = []
    for log in logs:
        if log.address == pool.lower() and _SWAP.matches(log) and (sender is None or _names(log, sender)):
            amount0, amount1 = _SWAP.decode(log)[:2]
            base, asset = (amount0, amount1) if pair.base_is_token0 else (amount1, amount0)
            found.append(Swap(-asset, -base, oracle_price, fee_ppm))
    return found


def swap_slippage(swap: Swap, asset: Token, base: Token) -> float:
    """What a swap cost against the oracle, fee included, as a part of its notional; a gain is no slippage."""
    notional = base.to_float(abs(swap.base_delta)) * swap.oracle_price
    side = 1 if swap.base_delta > 0 else -1
    return max(0.0, side * (asset.to_float(abs(swap.asset_delta)) / notional - 1))


def order_slippages(logs: Iterable[Log], adapter: str, size_decimals: int) -> list[float]:
    """How far from the mark each order of the perp adapter may fill, as a part of the mark.

    A limit price counts 1e-8 USD, a mark 10^-(6 - size decimals) USD.
    """
    found = []
    for log in logs:
        if log.address == adapter.lower() and _ORDER_SENT.matches(log):
            size, limit, _, mark, _ = _ORDER_SENT.decode(log)
            side = 1 if size > 0 else -1
            found.append(max(0.0, side * (limit / (mark * 10 ** (2 + size_decimals)) - 1)))
    return found


def indexes_in(logs: Iterable[Log], pool: str, asset: str, base: str) -> LoanIndexes:
    """Aave's supply index of `asset` and debt index of `base` when a transaction changed them, else None."""
    supply = debt = None
    for log in logs:
        if log.address == pool.lower() and _RESERVE_UPDATED.matches(log):
            _, _, _, supply_index, debt_index = _RESERVE_UPDATED.decode(log)
            if _names(log, asset):
                supply = supply_index
            elif _names(log, base):
                debt = debt_index
    return LoanIndexes(supply, debt)


def withdrawn_in(logs: Iterable[Log], vault: str) -> int:
    """Asset units that left the vault by redemptions, for example by filling its queue at the end of a plan."""
    return sum(int(_WITHDRAW.decode(log)[0]) for log in logs if log.address == vault.lower() and _WITHDRAW.matches(log))


def checked_limits(logs: Iterable[Log], policy: str, vault: str) -> dict[str, float]:
    """The smallest headroom of every limit that the policy reports to have checked a plan of this vault against.

    A check is one word: value in the upper, bound in the lower 128 bits; 0 where the plan had not to be checked.
    """
    found: dict[str, float] = {}
    for log in logs:
        if log.address != policy.lower() or not _LIMITS_CHECKED.matches(log):
            continue
        if not _names(log, vault):
            continue  # anybody may ask a policy to check a change of his own
        (checks,) = _LIMITS_CHECKED.decode(log)
        for name, check in zip(_LIMITS, checks, strict=True):
            if check == 0:
                continue
            value, bound = check >> 128, check & _LOW_HALF
            headroom = above_minimum(value, bound) if name in _MINIMA else below_maximum(value, bound)
            found[name] = min(found.get(name, headroom), headroom)
    return found


def _names(log: Log, account: str) -> bool:
    """Whether the first indexed argument of an event is this address."""
    return log.topics[1][-20:] == bytes.fromhex(account.removeprefix("0x"))
