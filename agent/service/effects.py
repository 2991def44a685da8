"""Waits until the venues have had time to act on what was sent, on a chain whose time nobody here moves."""

import threading
import time

from agent.cycle import VaultSource
from agent.reasons import Code, Reason, Refusal

POLL_S = 1.0


def wait_for_effect(reader: VaultSource, bound_s: float, stopping: threading.Event) -> None:
    """Return when nothing is on its way any more, or after `bound_s`: what is missing then, the caller will see.

    Raises RpcError or RpcUnavailable when the chain does not answer, and Refusal (EFFECT_PENDING) when the process is
    to end first: the plan is in the journal, and what came of it is seen at the next start.
    """
    until = time.monotonic() + bound_s
    while time.monotonic() < until:
        vault = reader.read()
        if vault.perp is None:
            return
        if vault.perp.size == vault.perp.expected_size and vault.perp.in_flight == 0:
            return
        if stopping.wait(POLL_S):
            message = "the plan was sent, and the process ends before the venues have acted on it"
            raise Refusal(Reason(Code.EFFECT_PENDING, message, where="the next start"))
