"""Fault 10: an exchange key that may withdraw is refused before anything is observed, as is one nobody can judge."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from venue_answers import serve

from agent.market.exchanges.adapter import Exchanges
from agent.market.exchanges.connection import Key
from agent.reasons import Code, Refusal

KEY = Key("canary-key", "Y2FuYXJ5LXNlY3JldA==", "canary-password")
TOLD = {
    "binance": ("/sapi/v1/account/apiRestrictions", lambda may: {"enableReading": True, "enableWithdrawals": may}),
    "bybit": (
        "/v5/user/query-api",
        lambda may: {
            "retCode": 0,
            "result": {"readOnly": 1, "permissions": {"Wallet": ["Withdraw"] if may else [], "Spot": ["SpotTrade"]}},
        },
    ),
    "okx": (
        "/api/v5/account/config",
        lambda may: {"code": "0", "data": [{"uid": "1", "perm": "read_only,withdraw" if may else "read_only"}]},
    ),
}


def enter(venue: str, answer: Any, status: int = 200) -> None:
    """Open one venue with a key whose permissions the server tells."""
    path = TOLD[venue][0]

    async def behave(request: web.Request) -> web.Response | None:
        return web.json_response(answer, status=status) if request.path == path else None

    async def opened(url: str) -> None:
        async with Exchanges([venue], keys={venue: KEY}, base_urls={venue: url}):
            pass

    with serve(venue) as servers:
        servers[venue].behave = behave
        asyncio.run(opened(servers[venue].url))
        assert f"GET {path}" in servers[venue].requests


@pytest.mark.parametrize("venue", TOLD)
def test_fault_10_a_key_that_may_withdraw_is_refused(venue: str) -> None:
    with pytest.raises(Refusal) as refused:
        enter(venue, TOLD[venue][1](True))
    (reason,) = refused.value.reasons
    assert reason.code is Code.KEY_CAN_WITHDRAW
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("venue", TOLD)
def test_fault_10_a_key_that_may_only_read_is_taken(venue: str) -> None:
    enter(venue, TOLD[venue][1](False))


@pytest.mark.parametrize(
    "answer", [{}, {"enableReading": True}, {"enableWithdrawals": None}, {"enableWithdrawals": "no"}]
)
def test_fault_10_permissions_that_are_not_told_plainly_are_refused(answer: Any) -> None:
    with pytest.raises(Refusal) as refused:
        enter("binance", answer)
    assert refused.value.reasons[0].code is Code.KEY_CAN_WITHDRAW


def test_fault_10_a_key_that_the_venue_does_not_know_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        enter("binance", {"code": -2014, "msg": "API-key format invalid."}, status=401)
    assert refused.value.reasons[0].code is Code.SOURCE_ACCESS


def test_fault_10_a_key_of_a_venue_that_does_not_tell_permissions_is_refused() -> None:
    async def opened() -> None:
        async with Exchanges(["dydx"], keys={"dydx": KEY}):
            pass

    with pytest.raises(Refusal, match="leave the key out"):
        asyncio.run(opened())


def test_fault_10_a_key_is_not_in_any_text_of_it() -> None:
    assert "canary" not in repr(KEY) + str(KEY)
