"""Providers of the local chain that lie as a test tells them, and what reading through them comes to."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from lying_proxy import LyingProxy

from agent.market.chain_problems import CHAIN_PROBLEMS, chain_reason, provider_reason
from agent.reasons import Code
from chains.local import LocalChain, PerpTick
from chains.providers import ProviderPool

CHAIN_ID = 31337
HEARTBEAT_S = 7_200


def pool_of(proxies: list[LyingProxy], **options: Any) -> ProviderPool:
    return ProviderPool([proxy.url for proxy in proxies], chain_id=CHAIN_ID, deadline_s=30, **options)


def code_of(ask: Callable[[], object]) -> Code:
    """The code of the refusal that a read comes to."""
    with pytest.raises(CHAIN_PROBLEMS) as refused:
        ask()
    return chain_reason(refused.value).code  # type: ignore[arg-type]  # one of CHAIN_PROBLEMS, as just asserted


def rejected(pool: ProviderPool, ask: Callable[[], object]) -> set[tuple[str, Code]]:
    """Who was caught at what; asks again until somebody was, since late answers are judged in the background."""
    until = time.monotonic() + 30
    found: set[tuple[str, Code]] = set()
    while not found and time.monotonic() < until:
        ask()
        time.sleep(0.02)
        found = {(fault.provider, provider_reason(fault).code) for fault in pool.take_faults()}
    return found


def calm(chain: LocalChain, price: float = 3_000) -> None:
    now = chain.node.head().timestamp + 3_600
    chain.mover.step(now, feed_price=price, pool_price=price, perp=PerpTick(price, price, price, price, 0.0))
