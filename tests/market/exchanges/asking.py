"""Asks a loopback venue once, through an untouched ccxt, and sorts what came back."""

import asyncio
from collections.abc import Callable, Collection
from typing import Any

from venue_answers import Answers, Server, serve

from agent.market.exchanges.adapter import ALL, Exchanges
from agent.market.reading import Quantity, Reading, VenueAnswer
from agent.reasons import Code


async def observe(
    servers: dict[str, Server],
    *bases: str,
    quantities: Collection[Quantity] = ALL,
    deadline_s: float = 10.0,
    rounds: int = 1,
    **settings: Any,
) -> tuple[VenueAnswer, ...]:
    """The last of some rounds over all of the servers' venues."""
    urls = {name: server.url for name, server in servers.items()}
    async with Exchanges(list(servers), base_urls=urls, **settings) as exchanges:
        for _ in range(rounds):
            answers = await exchanges.observe(bases, quantities, deadline_s)
    return answers


def ask(
    venue: str, change: Callable[[Answers], None] | None = None, base: str = "ETH", **settings: Any
) -> tuple[VenueAnswer, Server]:
    """One round at one venue whose answers were changed; the server tells what was requested."""
    with serve(venue) as servers:
        if change is not None:
            servers[venue].change = change
        (answer,) = asyncio.run(observe(servers, base, **settings))
    return answer, servers[venue]


def values(answer: VenueAnswer) -> dict[Quantity, float]:
    return {reading.quantity: reading.value for reading in answer.readings}


def reading(answer: VenueAnswer, quantity: Quantity) -> Reading:
    (found,) = [one for one in answer.readings if one.quantity is quantity]
    return found


def codes(answer: VenueAnswer) -> dict[Quantity | None, Code]:
    return {rejection.quantity: rejection.reason.code for rejection in answer.rejections}
