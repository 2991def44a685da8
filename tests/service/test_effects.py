"""A process that is told to stop does not wait two minutes for a venue."""

import threading
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from vault_world import invested

from agent.reasons import Refusal
from agent.service.effects import wait_for_effect


def test_fault_72_a_signal_ends_the_wait_for_a_venue() -> None:
    vault = invested().observe().vault
    assert vault.perp is not None
    missing: Any = SimpleNamespace(
        read=lambda: replace(vault, perp=replace(vault.perp, expected_size=vault.perp.size - 1))
    )
    stopping = threading.Event()
    threading.Timer(0.2, stopping.set).start()
    begun = time.monotonic()
    with pytest.raises(Refusal, match="EFFECT_PENDING"):
        wait_for_effect(missing, 120.0, stopping)
    assert time.monotonic() - begun < 60


def test_an_effect_that_is_there_is_not_waited_for() -> None:
    reader: Any = SimpleNamespace(read=lambda: invested().observe().vault)
    begun = time.monotonic()
    wait_for_effect(reader, 120.0, threading.Event())
    assert time.monotonic() - begun < 60
