"""Refuses exchange keys that may withdraw, and keys whose permissions cannot be read."""

from collections.abc import Callable
from typing import Any

from agent.market.exchanges.link import Failed, Link
from agent.market.exchanges.read import OTHER_SHAPE
from agent.reasons import Code, Reason, Refusal

WEIGHT = 10.0


def _binance(answer: Any) -> bool:
    return answer["enableWithdrawals"] is not False


def _bybit(answer: Any) -> bool:
    return bool({"Withdraw", "AccountTransfer"} & set(answer["result"]["permissions"]["Wallet"]))


def _okx(answer: Any) -> bool:
    return "withdraw" in answer["data"][0]["perm"].split(",")


# How a venue tells what the key that asks may do: ccxt's method, and whether the answer allows withdrawals.
ASKS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "binance": ("sapiGetAccountApiRestrictions", _binance),
    "bybit": ("privateGetV5UserQueryApi", _bybit),
    "okx": ("privateGetAccountConfig", _okx),
}


async def refuse_withdrawal(link: Link) -> None:
    """Raises Refusal unless the venue itself says that its key cannot withdraw."""
    name, where = link.venue.name, f"the key of {link.venue.name}"
    if name not in ASKS:
        message = f"{name} does not tell what a key may do; leave the key out, public numbers need none"
        raise Refusal(Reason(Code.KEY_CAN_WITHDRAW, message, where=where))
    method, may_withdraw = ASKS[name]
    try:
        answer = await link.ask(method, WEIGHT)
        allowed = may_withdraw(answer)
    except Failed as failed:
        raise Refusal(failed.reason) from failed
    except OTHER_SHAPE as error:
        message = f"{name} told the permissions of its key in an unknown shape ({type(error).__name__})"
        raise Refusal(Reason(Code.KEY_CAN_WITHDRAW, message, where=where)) from error
    if allowed:
        raise Refusal(
            Reason(Code.KEY_CAN_WITHDRAW, f"the key of {name} may withdraw: make one that may only read", where=where)
        )
