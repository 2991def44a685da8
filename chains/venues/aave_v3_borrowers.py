"""Who has borrowed from an Aave v3 pool, found in its events, and what each account is worth at other prices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chains.events import Event, Log, parse_logs
from chains.functions import Function
from chains.multicall import Call, read_all
from chains.rpc import BadAnswer, BlockRef, Reader, RpcError
from chains.venues.aave_v3 import (
    WAD,
    ReserveData,
    asset_price,
    health_factor_wad,
    reserve_data,
)

BORROW = Event("Borrow(address,address,address,uint256,uint8,uint256,uint16)", "(address,uint256,uint8,uint256)")
CALLS_PER_READ = 500
_BORROW_TOPICS = 4  # the event itself, reserve, account that owes, referral code
_RESERVES = Function("getReservesList()", "(address[])")
_USER_CONFIGURATION = Function("getUserConfiguration(address)", "(uint256)")
_USER_EMODE = Function("getUserEMode(address)", "(uint256)")
_BALANCE = Function("balanceOf(address)", "(uint256)")


@dataclass(frozen=True, slots=True)
class Reserve:
    """What judging an account takes of one reserve. `id` is its place in accounts' bit maps."""

    asset: str
    id: int
    decimals: int
    liquidation_threshold_bps: int
    price_usd8: int
    a_token: str
    stable_debt_token: str
    variable_debt_token: str


@dataclass(frozen=True, slots=True)
class Borrower:
    """One account with debt; amounts by asset, smallest units, with interest as of the block.

    `e_mode` is its category, 0 for none; a category has thresholds of its own, which are not read here.
    """

    user: str
    collateral: Mapping[str, int]
    debt: Mapping[str, int]
    e_mode: int


def read_reserves(node: Reader, block: BlockRef, pool: str, oracle: str) -> list[Reserve]:
    """All reserves of a pool with their prices; two round trips."""
    (assets,) = read_all(node, block, [Call(pool, _RESERVES)])
    calls = [call for asset in assets for call in (reserve_data(pool, asset), asset_price(oracle, asset))]
    answers = read_all(node, block, calls)
    reserves = []
    for asset, stored, price in zip(assets, answers[::2], answers[1::2], strict=True):
        data = ReserveData(*stored)
        parameters = data.configuration
        reserves.append(
            Reserve(
                asset=asset,
                id=data.id,
                decimals=parameters.decimals,
                liquidation_threshold_bps=parameters.liquidation_threshold_bps,
                price_usd8=price,
                a_token=data.a_token,
                stable_debt_token=data.stable_debt_token,
                variable_debt_token=data.variable_debt_token,
            )
        )
    return reserves


def find_borrowers(node: Reader, pool: str, first_block: int, last_block: int, span: int = 10_000) -> list[str]:
    """Every account that ever borrowed in these blocks, on whose behalf it may have been; sorted.

    Parameters
    ----------
    span : blocks asked for at once; halved when the node refuses so many, and never below one
    """
    found: set[str] = set()
    start = first_block
    while start <= last_block:
        end = min(last_block, start + span - 1)
        wanted = {"address": pool, "topics": ["0x" + BORROW.topic.hex()], "fromBlock": hex(start), "toBlock": hex(end)}
        try:
            logs: tuple[Log, ...] = node.call("eth_getLogs", wanted, parse=lambda told: parse_logs({"logs": told}))
        except RpcError:
            if span == 1:
                raise
            span = max(1, span // 2)
            continue
        found |= {_on_behalf_of(log, pool) for log in logs}
        start = end + 1
    return sorted(found)


def read_borrowers(
    node: Reader, block: BlockRef, pool: str, reserves: Sequence[Reserve], users: Sequence[str]
) -> list[Borrower]:
    """What accounts hold and owe at one block; those without debt are left out."""
    asked = [Call(pool, one, (user,)) for user in users for one in (_USER_CONFIGURATION, _USER_EMODE)]
    settings = _read_in_parts(node, block, asked)
    e_modes = dict(zip(users, settings[1::2], strict=True))
    held: list[tuple[str, str]] = []
    owed: list[tuple[str, str]] = []
    calls_held: list[Call] = []
    calls_owed: list[Call] = []
    for user, bits in zip(users, settings[::2], strict=True):
        for reserve in reserves:
            if bits >> 2 * reserve.id + 1 & 1:
                held.append((user, reserve.asset))
                calls_held.append(Call(reserve.a_token, _BALANCE, (user,)))
            if bits >> 2 * reserve.id & 1:
                for token in (reserve.stable_debt_token, reserve.variable_debt_token):
                    owed.append((user, reserve.asset))
                    calls_owed.append(Call(token, _BALANCE, (user,)))
    balances = _read_in_parts(node, block, calls_held + calls_owed)
    collateral = _by_user(held, balances[: len(held)])
    debt = _by_user(owed, balances[len(held) :])
    return [Borrower(user, collateral.get(user, {}), debt[user], e_modes[user]) for user in users if user in debt]


def health_factor(borrower: Borrower, reserves: Mapping[str, Reserve], prices_usd8: Mapping[str, int]) -> int:
    """The health factor (wad) that the pool would find at these prices, rounded as it rounds.

        threshold = sum(value * threshold) / sum(value),   health = collateral * threshold / debt

    Parameters
    ----------
    reserves : by asset
    prices_usd8 : by asset; an asset that is not in it has the price of its reserve

    Source: GenericLogic.calculateUserAccountData of @aave/core-v3.
    """
    collateral = weighted = debt = 0
    for asset, amount in borrower.collateral.items():
        value = _value(reserves[asset], amount, prices_usd8)
        collateral += value
        weighted += value * reserves[asset].liquidation_threshold_bps
    for asset, amount in borrower.debt.items():
        debt += _value(reserves[asset], amount, prices_usd8)
    return health_factor_wad(collateral, weighted // collateral if collateral else 0, debt)


def is_liquidatable(borrower: Borrower, reserves: Mapping[str, Reserve], prices_usd8: Mapping[str, int]) -> bool:
    """Whether anybody may liquidate the account at these prices."""
    return health_factor(borrower, reserves, prices_usd8) < WAD


def _on_behalf_of(log: Log, pool: str) -> str:
    if log.address != pool.lower() or not BORROW.matches(log) or len(log.topics) != _BORROW_TOPICS:
        raise BadAnswer(f"a log that was not asked for: {log}")
    return "0x" + log.topics[2][12:].hex()


def _value(reserve: Reserve, amount: int, prices_usd8: Mapping[str, int]) -> int:
    value: int = amount * prices_usd8.get(reserve.asset, reserve.price_usd8) // 10**reserve.decimals
    return value


def _by_user(places: Sequence[tuple[str, str]], balances: Sequence[int]) -> dict[str, dict[str, int]]:
    sums: dict[str, dict[str, int]] = {}
    for (user, asset), balance in zip(places, balances, strict=True):
        own = sums.setdefault(user, {})
        own[asset] = own.get(asset, 0) + balance
    return sums


def _read_in_parts(node: Reader, block: BlockRef, calls: Sequence[Call]) -> list[Any]:
    answers: list[Any] = []
    for start in range(0, len(calls), CALLS_PER_READ):
        answers += read_all(node, block, calls[start : start + CALLS_PER_READ])
    return answers
