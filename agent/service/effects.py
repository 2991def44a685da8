"""Waits until the venues have had time to act on what was sent, on a chain whose time nobody here moves."""

import time
from collections.abc import Callable

from agent.cycle import VaultSource

POLL_S = 1.0


def wait_for_effect(reader: VaultSource, bound_s: float, sleep: Callable[[float], None] = time.sleep) -> None:
    """Return when nothing is on its way any more, or after `bound_s`: what is missing then, the caller will see.

    Raises RpcError or RpcUnavailable when the chain does not answer.
    """
    until = time.monotonic() + bound_s
    while time.monotonic() < until:
        vault = reader.read()
        if vault.perp is None:
            return
        if vault.perp.size == vault.perp.expected_size and vault.perp.in_flight == 0:
            return
        sleep(POLL_S)
