"""Whatever goes wrong in a cycle is told to people and stays in its vault."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from vault_world import CARRY_CONFIG, NOW, World

from agent.config.file import load_config
from agent.cycle import CycleOutcome
from agent.execution import Outcome, Status
from agent.execution.stores import JournalError
from agent.market.observation import Observation
from agent.reasons import Code, Reason
from agent.service.latches import Latches, Value
from agent.service.worker import Worker
from agent.strategies import decide
from agent.watch.alerts import Alerts, Severity
from agent.watch.metrics import Metrics
from agent.watch.secrets import Redactor
from chains.rpc import RpcUnavailable

CONFIG = Path(__file__).parents[2] / "configs" / "eth-carry.yaml"
SEEN = World().observe()


class Chat:
    """Remembers what people were told, and whether a vault had to wait for it."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.turn = threading.Lock()

    def send(self, severity: Severity, title: str, body: str) -> bool:
        assert not self.turn.locked(), "a slow chat holds up every vault"
        self.told.append(title.split()[-1])
        return True


@dataclass
class ScriptedCycle:
    """A cycle whose parts answer, or raise, what the test says."""

    answer: Callable[[], CycleOutcome]
    unfinished: Callable[[], Outcome | None] = lambda: None
    problem: Reason | None = None
    low_gas: Reason | None = None
    notes: tuple[Reason, ...] = ()
    config: Any = CARRY_CONFIG
    finished: int = 0

    def run(self, now: int) -> CycleOutcome:
        return self.answer()

    def finish(self) -> Outcome | None:
        self.finished += 1
        return self.unfinished()

    def gas(self, vault: object) -> Reason | None:
        return self.low_gas

    @property
    def sender(self) -> Any:
        return SimpleNamespace(key_problem=lambda: self.problem)

    @property
    def reader(self) -> Any:
        return SimpleNamespace(read=lambda: replace(SEEN.vault, notes=self.notes))


def held(observation: Observation = SEEN, *reasons: Reason) -> CycleOutcome:
    return CycleOutcome(observation, decide(observation, CARRY_CONFIG), reasons, None, None, observation.vault)


def raising(error: Exception) -> Callable[[], Any]:
    def fail() -> None:
        raise error

    return fail


@pytest.fixture
def chat() -> Chat:
    return Chat()


@pytest.fixture
def made(chat: Chat, latches: Latches) -> Callable[..., Worker]:
    alerts = Alerts(chat, Redactor(), lambda: float(NOW))

    def make(cycle: ScriptedCycle, **options: Any) -> Worker:
        built: Any = SimpleNamespace(loaded=load_config(CONFIG), cycle=cycle, bring_up=int)
        return Worker(built, latches, Metrics(), alerts, chat.turn, wall=lambda: float(NOW), **options)

    return make


def test_people_hear_of_a_database_that_is_gone(
    made: Callable[..., Worker], chat: Chat, latches: Latches, tmp_path: Path
) -> None:
    worker = made(ScriptedCycle(lambda: held(SEEN, Reason(Code.STATE_UNREADABLE, "gone"))))
    (tmp_path / "service.sqlite").write_bytes(b"gone" * 1_000)
    worker.run()
    worker.run()
    assert "STATE_UNREADABLE" in chat.told
    assert worker.last.ending == "failed"


def test_mistakes_of_ours_with_a_database_that_is_gone_do_not_escape_either(
    made: Callable[..., Worker], latches: Latches, tmp_path: Path
) -> None:
    worker = made(ScriptedCycle(raising(KeyError("ours"))))
    (tmp_path / "service.sqlite").write_bytes(b"gone" * 1_000)
    for _ in range(6):
        worker.run()
    assert worker.last.reasons[0].code in (Code.CYCLE_FAILED, Code.STATE_UNREADABLE)


def test_people_hear_of_a_slipping_asset_and_of_gas_that_runs_low(made: Callable[..., Worker], chat: Chat) -> None:
    slip = Reason(Code.ASSET_DEPEG, "USDC is worth 0.97 USD", 0.03, 0.01)
    slipping = replace(SEEN, market=replace(SEEN.market, cautions=(slip,)))
    worker = made(ScriptedCycle(lambda: held(slipping), low_gas=Reason(Code.GAS_LOW, "send some")))
    worker.run()
    worker.run()
    assert chat.told == ["ASSET_DEPEG", "GAS_LOW"]


def test_what_a_vault_is_worth_after_a_cycle_is_remembered_for_the_others(
    made: Callable[..., Worker], latches: Latches
) -> None:
    after = replace(SEEN.vault, total_assets=SEEN.vault.total_assets // 2)
    worker = made(ScriptedCycle(lambda: replace(held(), after=after)))
    worker.run()
    assert latches.last_value(worker.name) == Value.of(after, SEEN.time)


def test_who_only_looks_finishes_nothing(made: Callable[..., Worker]) -> None:
    cycle = ScriptedCycle(held)
    worker = made(cycle, dry_runs=SimpleNamespace(record_dry_run=lambda *_: None))
    worker.run()
    worker.due()
    assert cycle.finished == 0


def test_what_is_stuck_is_finished_even_when_no_cycle_ever_ended(made: Callable[..., Worker]) -> None:
    cycle = ScriptedCycle(held)
    made(cycle).due()
    assert cycle.finished == 1


def test_a_lost_journal_ends_the_process_and_a_chain_that_is_away_does_not(made: Callable[..., Worker]) -> None:
    lost: list[str] = []
    made(ScriptedCycle(raising(RpcUnavailable("away"))), on_lost_journal=lost.append).run()
    assert lost == []
    made(ScriptedCycle(raising(JournalError("the session has ended"))), on_lost_journal=lost.append).run()
    assert lost == ["JOURNAL_UNWRITABLE: the session has ended [journal]"]


def test_an_event_that_cannot_be_looked_for_leaves_the_last_cycle_as_it_was(made: Callable[..., Worker]) -> None:
    worker = made(ScriptedCycle(held, unfinished=raising(RpcUnavailable("away"))))
    worker.run()
    assert worker.due() is None
    assert worker.last.ending != "failed"


def test_no_cycle_begins_after_the_signal(made: Callable[..., Worker]) -> None:
    stopping = threading.Event()
    worker = made(ScriptedCycle(held), stopping=stopping)
    stopping.set()
    worker.run()
    assert worker.last.at_s == 0


def test_what_providers_were_caught_at_between_cycles_is_in_the_log(
    made: Callable[..., Worker], caplog: pytest.LogCaptureFixture
) -> None:
    worker = made(ScriptedCycle(held, notes=(Reason(Code.CHAIN_DISAGREES, "liar: says 7"),)))
    worker.run()
    with caplog.at_level(logging.WARNING):
        worker.due()
    assert "liar: says 7" in [getattr(record, "reason", "") for record in caplog.records][-1]


def test_a_key_in_other_hands_is_latched_and_told_between_cycles(
    made: Callable[..., Worker], chat: Chat, latches: Latches
) -> None:
    shared = Reason(Code.KEY_SHARED, "somebody else")
    late = Outcome(1, Status.UNKNOWN, "0x", (Reason(Code.TRANSACTION_STUCK, "stuck"),))
    made(ScriptedCycle(held, unfinished=lambda: late, problem=shared)).due()
    assert {latch.reason.code for latch in latches.active("eth-carry")} == {Code.KEY_SHARED, Code.TRANSACTION_STUCK}
    assert set(chat.told) == {"KEY_SHARED", "TRANSACTION_STUCK"}
