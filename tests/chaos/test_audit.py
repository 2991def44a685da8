"""The audit of `make crash` finds what it is there to find."""

from dataclasses import replace
from pathlib import Path

import pytest
from eth_utils.crypto import keccak

from agent.chaos.audit import Findings, Mined, audit
from agent.execution import Journal, Status
from agent.execution.records import Attempt, Intent, Kind

INTENT = Intent("0xSigner", 31337, "0xVault", 1, b"calldata", "because", bytes(32), 100, 1_750_000_000)
GOOD = Findings((), (), ())


def attempt(nonce: int, kind: Kind = Kind.PLAN) -> Attempt:
    raw = f"{kind} {nonce}".encode()
    return Attempt(raw, "0x" + keccak(raw).hex(), nonce, 500_000, 2 * 10**9, 10**8, kind)


def mined(nonce: int, kind: Kind = Kind.PLAN, success: bool = True) -> Mined:
    return Mined(attempt(nonce, kind).hash, nonce, success)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A plan that was mined, one that was cancelled, one that reverted."""
    with Journal(tmp_path / "journal.db") as journal:
        for number, status in enumerate((Status.MINED, Status.CANCELLED, Status.REVERTED)):
            intent_id = journal.begin(replace(INTENT, plan_number=number + 1), attempt(number))
            journal.add_attempt(intent_id, attempt(number, Kind.CANCEL))
            journal.conclude(intent_id, status, "")
    return tmp_path / "journal.db"


def found(path: Path, transactions: list[Mined], plans: int = 1) -> tuple[int, int, int]:
    findings = audit(path, transactions, plans)
    return len(findings.lost), len(findings.doubled), len(findings.unreconciled)


CHAIN = [mined(0), mined(1, Kind.CANCEL), mined(2, success=False)]


def test_a_journal_that_says_what_the_chain_says_is_good(path: Path) -> None:
    assert audit(path, CHAIN, 1) == GOOD


def test_what_the_journal_calls_mined_and_the_chain_does_not_have_is_lost(path: Path) -> None:
    assert found(path, CHAIN[:2]) == (1, 0, 0)


def test_two_attempts_of_one_intent_on_chain_are_a_doubling(path: Path) -> None:
    lost, doubled, _ = found(path, [*CHAIN, mined(0, Kind.CANCEL)])
    assert (lost, doubled) == (0, 1)


def test_two_effects_of_one_plan_number_are_a_doubling(path: Path) -> None:
    with Journal(path) as journal:
        intent_id = journal.begin(INTENT, attempt(3))
        journal.conclude(intent_id, Status.MINED, "")
    assert found(path, [*CHAIN, mined(3)]) == (0, 1, 0)


def test_a_transaction_that_nobody_wrote_down_cannot_be_explained(path: Path) -> None:
    assert found(path, [*CHAIN, Mined("0x" + "00" * 32, 3, True)]) == (0, 0, 1)


def test_an_intent_without_an_end_or_with_the_wrong_one_cannot_be_explained(path: Path) -> None:
    with Journal(path) as journal:
        journal.begin(replace(INTENT, plan_number=4), attempt(3))
    assert found(path, CHAIN) == (0, 0, 1)
    assert found(path, [mined(0), mined(1), mined(2, success=False)], plans=2) == (0, 0, 2)


def test_a_vault_that_counts_other_plans_cannot_be_explained(path: Path) -> None:
    assert found(path, CHAIN, plans=2) == (0, 0, 1)
