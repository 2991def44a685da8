"""Faults 75 to 88: what runs out, what runs late, a kill in flight, dependencies, and who is paid."""

import hashlib
import resource
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent.config.file import load_config
from agent.market.choose import choose_market
from agent.market.observation import Mode, VaultState
from agent.market.vault_reader import VaultReader
from agent.reasons import Code
from agent.replay.depositors import Depositors
from agent.replay.stage import AGENT_ACTS_AFTER_S, Stage, open_stage
from agent.service.latches import Latches
from agent.service.schedule import Schedule
from agent.service.settings import Timing
from agent.service.worker import FAILURES, Worker
from agent.units import SECONDS_PER_HOUR
from agent.watch.alerts import Alerts
from agent.watch.metrics import Metrics
from agent.watch.secrets import Redactor
from chains import artifacts
from chains.local.accounts import AGENT, CURATOR, DEPOSITOR, GUARDIAN, OWNER
from chains.local.sender import Sender as Account
from chains.local.sender import TransactionFailed

ROOT = Path(__file__).parents[2]
START_S = 1_675_209_600  # 2023-02-01


class OutOfMemory:
    """A cycle that never gets anywhere."""

    def run(self, now: int) -> None:
        raise MemoryError("nothing left")


def worker_of(cycle: Any, latches: Latches, now: list[float]) -> Worker:
    loaded: Any = SimpleNamespace(config=SimpleNamespace(name="eth-carry"), config_hash="0" * 16)
    vault: Any = SimpleNamespace(loaded=loaded, site=None, cycle=cycle, bring_up=int)
    return Worker(vault, latches, Metrics(), Alerts(None, Redactor(), time.time), threading.Lock(), wall=lambda: now[0])


@pytest.fixture
def latches(tmp_path: Path) -> Iterator[Latches]:
    opened = Latches(f"sqlite:///{tmp_path / 'service.sqlite'}")
    yield opened
    opened.close()


def test_fault_75_what_fails_again_and_again_is_stopped_until_a_person_looked(latches: Latches) -> None:
    now = [1_000.0]
    worker = worker_of(OutOfMemory(), latches, now)
    for _ in range(FAILURES - 1):
        worker.run()
        now[0] += 60
    assert latches.active("eth-carry") == ()
    worker.run()
    assert [latch.reason.code for latch in latches.active("eth-carry")] == [Code.RESTART_BUDGET]


def test_fault_75_what_fails_now_and_then_goes_on(latches: Latches) -> None:
    now = [1_000.0]
    worker = worker_of(OutOfMemory(), latches, now)
    for _ in range(3 * FAILURES):
        worker.run()
        now[0] += 200
    assert latches.active("eth-carry") == ()


def without_descriptors(script: str, folder: Path) -> str:
    """What a process prints that can open no further file once it has said so."""
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_fault_75_without_file_descriptors_no_journal_is_opened_and_none_means_no_send(tmp_path: Path) -> None:
    script = (
        "import os, resource, sys\n"
        "from pathlib import Path\n"
        "from agent.execution.journal import Journal, JournalError\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
        "held = []\n"
        "try:\n"
        "    while True: held.append(os.open('/dev/null', os.O_RDONLY))\n"
        "except OSError: pass\n"
        "try: Journal(Path(sys.argv[1]) / 'journal.sqlite')\n"
        "except JournalError as error: print(error.reason.code)\n"
    )
    assert without_descriptors(script, tmp_path).strip() == "JOURNAL_UNWRITABLE"
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 64


class Slow:
    """A cycle that takes longer than its interval, and notes when it ran."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.begun: list[float] = []
        self.at_once = 0
        self.most_at_once = 0

    def __call__(self) -> None:
        self.begun.append(time.monotonic())
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(self.seconds)
        self.at_once -= 1


def kept(cycle: Callable[[], None], interval_s: float, for_s: float) -> None:
    """A schedule whose interval is shorter than a file may ask for."""
    timing: Any = Timing.model_construct(interval_s=interval_s, offset_s=0, jitter_s=0, watch_s=60)
    schedule = Schedule(4, seed=1)
    schedule.add("eth-carry", timing, cycle, lambda: None)
    schedule.start()
    time.sleep(for_s)
    schedule.stop()


def test_fault_76_a_cycle_that_takes_too_long_leaves_cycles_out_and_never_overlaps() -> None:
    cycle = Slow(0.5)
    kept(cycle, interval_s=0.2, for_s=2.3)
    assert cycle.most_at_once == 1
    assert 2 <= len(cycle.begun) <= 5, "eleven intervals, and room for four of these cycles"


def test_fault_76_what_was_missed_is_not_caught_up_in_a_burst() -> None:
    cycle = Slow(1.2)

    def first_is_slow() -> None:
        cycle()
        cycle.seconds = 0.0

    kept(first_is_slow, interval_s=0.2, for_s=2.6)
    gaps = [later - earlier for earlier, later in zip(cycle.begun, cycle.begun[1:], strict=False)]
    assert gaps[0] >= 1.2
    assert len(cycle.begun) <= 2 + (2.6 - 1.2) / 0.2
    assert sum(gap < 0.1 for gap in gaps) <= 1, "one late run stands for all that were missed"


def wheel(folder: Path, content: str) -> Path:
    """The smallest package that pip installs."""
    path = folder / "smallest-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("smallest.py", content)
        archive.writestr("smallest-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: smallest\nVersion: 1.0\n")
        archive.writestr(
            "smallest-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("smallest-1.0.dist-info/RECORD", "")
    return path


def install(requirement: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """As `make setup` installs, from a folder instead of an index."""
    (folder / "requirements.lock").write_text(requirement)
    flags = ["--require-hashes", "--no-index", "--find-links", str(folder), "--target", str(folder / "out")]
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-cache-dir", *flags]
    return subprocess.run([*command, "-r", str(folder / "requirements.lock")], capture_output=True, text=True)


def test_fault_82_a_dependency_with_another_hash_is_not_installed(tmp_path: Path) -> None:
    digest = hashlib.sha256(wheel(tmp_path, "kind = 'as published'\n").read_bytes()).hexdigest()
    pinned = f"smallest==1.0 --hash=sha256:{digest}\n"
    assert install(pinned, tmp_path).returncode == 0

    wheel(tmp_path, "import os  # and now it reads the environment\n")
    tampered = install(pinned, tmp_path)
    assert tampered.returncode != 0
    assert "DO NOT MATCH THE HASHES" in tampered.stderr


def test_fault_82_a_dependency_that_nobody_pinned_is_not_installed(tmp_path: Path) -> None:
    wheel(tmp_path, "")
    for requirement, missing in (("smallest==1.0\n", "Hashes are required"), ("smallest\n", "pinned with ==")):
        refused = install(requirement, tmp_path)
        assert refused.returncode != 0
        assert missing in refused.stderr


def test_fault_82_everything_that_setup_installs_is_pinned_by_hash() -> None:
    assert "--require-hashes -r requirements.lock" in (ROOT / "Makefile").read_text()
    entries = (ROOT / "requirements.lock").read_text().replace("\\\n", " ").splitlines()
    pinned = [line for line in entries if line.strip() and not line.strip().startswith("#")]
    assert len(pinned) > 20
    assert [line[:40] for line in pinned if "==" not in line or "--hash=sha256:" not in line] == []


@pytest.fixture(scope="module")
def invested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, str]]:
    """A vault that holds a position, and the address of its first depositor."""
    loaded = load_config(ROOT / "configs" / "eth-volatility-target.yaml")
    period = (START_S, START_S + SECONDS_PER_HOUR)
    market = choose_market(loaded.config, None, period, 7).source
    with open_stage(loaded.config, market, START_S, tmp_path_factory.mktemp("stage")) as stage:
        stage.move_market(market.world(START_S))
        Depositors(stage.local.node, stage.site, ()).open_vault()
        for _ in range(3):
            stage.cycle.run(stage.clock.forward(AGENT_ACTS_AFTER_S))
            stage.clock.forward(SECONDS_PER_HOUR // 4)
            stage.local.mover.step(stage.clock.now, feed_price=stage.last_spot, pool_price=stage.last_spot)
        assert stage.reader.read().spot_base > 0
        yield stage, DEPOSITOR


@pytest.fixture
def vault(invested: tuple[Stage, str]) -> Iterator["Holder"]:
    stage, depositor = invested
    snapshot = stage.local.node.call("evm_snapshot")
    now = stage.clock.now
    yield Holder(stage, depositor)
    stage.local.node.call("evm_revert", snapshot)
    stage.clock.now = now


class Holder:
    """One depositor of a vault."""

    def __init__(self, stage: Stage, address: str) -> None:
        self.stage, self.site, self.node = stage, stage.site, stage.local.node
        self.address = address
        self._vault, self._queue = artifacts.load("Vault"), artifacts.load("RedemptionQueue")

    def asks_for(self, part: float) -> int:
        """Puts a part of the own shares into the queue."""
        shares = int(self.number(self.site.vault, self._vault.function("balanceOf"), self.address) * part)
        self.does(self.site.queue, self._queue.function("requestRedeem"), shares, self.address, self.address)
        return shares

    def claims(self) -> int:
        """Takes what is filled; returns the cash that came."""
        before = self.cash()
        shares = self.number(self.site.queue, self._queue.function("maxRedeem"), self.address)
        self.does(self.site.queue, self._queue.function("redeem"), shares, self.address, self.address)
        return self.cash() - before

    def fills(self) -> None:
        """Anybody may."""
        self.does(self.site.queue, self._queue.function("fill"))

    def cash(self) -> int:
        return self.number(self.site.asset.address, self._vault.function("balanceOf"), self.address)

    def state(self) -> VaultState:
        return VaultReader(self.node, self.site, AGENT).read()

    def number(self, to: str, function: Any, *args: Any) -> int:
        answer = self.node.call_at(self.node.head().hash, to, function.encode(*args))
        return int(function.decode(answer)[0])

    def does(self, to: str, function: Any, *args: Any) -> None:
        Account(self.node, self.address).send(to, function, *args)


def test_fault_86_a_venue_that_reverts_does_not_lock_the_cash_that_is_there(vault: Holder) -> None:
    before = vault.state()
    vault.node.call("anvil_setCode", vault.site.pool, "0x5f5ffd", nullable=True)
    shares = vault.asks_for(0.1)
    vault.fills()
    paid = vault.claims()
    assert paid == pytest.approx(shares / before.total_supply * before.total_assets, rel=0.002)


def test_fault_86_an_adapter_that_cannot_be_read_hides_no_loss_and_keeps_what_was_filled(vault: Holder) -> None:
    vault.asks_for(0.1)
    vault.fills()
    vault.asks_for(0.1)
    vault.node.call("anvil_setCode", vault.site.spot_adapter, "0x5f5ffd", nullable=True)
    vault.fills()
    assert vault.claims() > 0, "what was filled before is the holder's"
    queue = artifacts.load("RedemptionQueue")
    assert vault.number(vault.site.queue, queue.function("maxRedeem"), vault.address) == 0, "nobody leaves at a guess"


@pytest.mark.parametrize("mode", [Mode.REDUCE_ONLY, Mode.HALTED])
def test_fault_87_who_waits_is_paid_in_every_mode(vault: Holder, mode: Mode) -> None:
    waiting = vault.asks_for(0.1)
    safer = artifacts.load("Vault").function("makeSafer")
    Account(vault.node, GUARDIAN).send(vault.site.vault, safer, int(mode))
    state = vault.state()
    assert state.mode is mode
    assert state.queued_assets > 0
    vault.fills()
    assert vault.claims() == pytest.approx(waiting / state.total_supply * state.total_assets, rel=0.002)
    assert vault.state().queued_assets == 0


@pytest.mark.parametrize("who", [OWNER, CURATOR, GUARDIAN, AGENT])
def test_fault_88_nobody_gives_the_vault_another_agent_at_once(vault: Holder, who: str) -> None:
    set_agent = artifacts.load("Vault").function("setAgent")
    with pytest.raises(TransactionFailed):
        Account(vault.node, who).send(vault.site.vault, set_agent, DEPOSITOR)
    authority = artifacts.load("Authority")
    call = set_agent.encode(DEPOSITOR)
    try:
        Account(vault.node, who).send(vault.site.authority, authority.function("schedule"), vault.site.vault, call, 0)
    except TransactionFailed:
        return  # not even asked for: this role has no say in it
    with pytest.raises(TransactionFailed):
        Account(vault.node, who).send(vault.site.authority, authority.function("execute"), vault.site.vault, call)
    agent = artifacts.load("Vault").function("agent")
    answer = vault.node.call_at(vault.node.head().hash, vault.site.vault, agent.encode())
    assert str(agent.decode(answer)[0]).lower() == AGENT.lower()


def test_fault_88_the_code_of_a_vault_cannot_be_exchanged(vault: Holder) -> None:
    """No slot of EIP-1967 is in use, and no function of the vault gives it another implementation."""
    for slot in (
        "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc",
        "0xa3f0ad74e5423aebfd80d3ef4346578335a9a72aeaee59ff6cb3582b35133d50",
    ):
        assert int(vault.node.call("eth_getStorageAt", vault.site.vault, slot, "latest"), 16) == 0
    names = {entry.get("name", "") for entry in artifacts.load("Vault").abi if entry["type"] == "function"}
    assert not {name for name in names if "upgrade" in name.lower() or "implementation" in name.lower()}
