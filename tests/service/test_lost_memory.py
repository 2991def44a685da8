"""A database or a journal that is not the one of yesterday stops the vault, and a restart does not forget it."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from vault_world import NOW

from agent.config.file import load_config
from agent.execution.journal import Journal
from agent.execution.records import Attempt, Intent, Status
from agent.execution.stores import JournalDamaged, JournalError
from agent.reasons import Code
from agent.risk.controls import SentPlan
from agent.service.latches import Latches
from agent.service.vaults import latch_lost_memory
from agent.service.worker import Worker
from agent.watch.alerts import Alerts
from agent.watch.metrics import Metrics
from agent.watch.secrets import NOTHING_KNOWN

CONFIG = Path(__file__).parents[2] / "configs" / "eth-carry.yaml"
INTENT = Intent("0xSigner", 31337, "0xVault", 7, b"calldata", "because", bytes(32), 100, NOW)
ATTEMPT = Attempt(b"signed bytes", "0x" + "ab" * 32, 3, 500_000, 2 * 10**9, 10**8)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.sqlite") as opened:
        yield opened


def send(journal: Journal, latches: Latches, number: int) -> None:
    """A plan on the way that every plan takes: counted, then written."""
    latches.record_plan("eth-carry", number, SentPlan(NOW, 5_000.0))
    journal.conclude(
        journal.begin(replace(INTENT, plan_number=number), replace(ATTEMPT, nonce=number)), Status.MINED, ""
    )


def codes(latches: Latches) -> list[Code]:
    return [latch.reason.code for latch in latches.active("eth-carry")]


def test_a_database_that_knows_the_last_plan_is_the_one_of_yesterday(journal: Journal, latches: Latches) -> None:
    latch_lost_memory(journal, latches, "eth-carry", "0xVault", NOW)
    send(journal, latches, 7)
    latches.record_plan("eth-carry", 8, SentPlan(NOW, 5_000.0))  # counted, and the process ended
    latch_lost_memory(journal, latches, "eth-carry", "0xVault", NOW)
    assert codes(latches) == []


def test_a_database_that_was_deleted_between_two_runs_stops_the_vault_until_a_person_resumes(
    journal: Journal, latches: Latches, tmp_path: Path
) -> None:
    send(journal, latches, 7)
    new = Latches(f"sqlite:///{tmp_path / 'new.sqlite'}")
    for _ in range(2):
        latch_lost_memory(journal, new, "eth-carry", "0xVault", NOW)
        assert codes(new) == [Code.STATE_LOST]
    new.clear("eth-carry", NOW, "ann")
    latch_lost_memory(journal, new, "eth-carry", "0xVault", NOW)
    assert codes(new) == []
    send(journal, latches, 8)
    latch_lost_memory(journal, new, "eth-carry", "0xVault", NOW)
    assert codes(new) == [Code.STATE_LOST], "an older copy lacks the newest plan"
    new.close()


@pytest.mark.parametrize(
    ("error", "latched"),
    [(JournalDamaged("journal.sqlite was replaced"), [Code.JOURNAL_DAMAGED]), (JournalError("disk full"), [])],
)
def test_a_journal_that_was_replaced_stops_the_vault_beyond_the_end_of_the_process(
    latches: Latches, error: JournalError, latched: list[Code]
) -> None:
    def run(_: int) -> None:
        raise error

    built: Any = SimpleNamespace(loaded=load_config(CONFIG), cycle=SimpleNamespace(run=run), bring_up=int)
    lost: list[str] = []
    alerts = Alerts(None, NOTHING_KNOWN, lambda: float(NOW))
    Worker(built, latches, Metrics(), alerts, threading.Lock(), on_lost_journal=lost.append).run()
    assert len(lost) == 1
    assert codes(latches) == latched
