"""One seed from its first block to the judgement."""

import tempfile
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path

from agent.config import ControlsConfig
from agent.config.file import LoadedConfig, load_config
from agent.execution.outcome import HALTING
from agent.execution.signer import LocalSigner, Transaction
from agent.execution.stores import JournalError
from agent.reasons import Code, Reason
from agent.service.latches import Latches
from agent.simulation.chain import DEEPEST_REORG, SimulatedChain, read_sent
from agent.simulation.judge import Judge
from agent.simulation.machine import LEASE_S, SimulatedLease
from agent.simulation.nodes import CHAIN_ID
from agent.simulation.process import RULES, Process, Surroundings
from agent.simulation.vault import Other
from agent.simulation.world import Crashed, Weather, World
from chains.local.accounts import AGENT_TEST_KEY, DEPOSITOR

CONFIG = "configs/eth-volatility-target.yaml"
MEMORY = Path("/dev/shm")
STEPS = 24
CALM_STEPS = 80
LONGEST_LIFE = 60  # points until a crash
WHAT_OTHERS_DO = (Other.ASKS_FOR_MONEY, Other.BRINGS_COINS, Other.BRINGS_COINS, Other.ANYTHING)
BY_A_PERSON = frozenset({Code.KILLED, Code.PAUSED})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one seed. `digest` names everything that happened; equal seeds have equal ones."""

    seed: int
    digest: str
    plans: int
    crashes: int
    takeovers: int
    violations: tuple[str, ...]


def simulate(seed: int) -> Verdict:
    """Lives through one seed.

    Raises Refusal when the strategy file that ships with the project is not there.
    """
    memory = MEMORY if MEMORY.is_dir() else None  # the same writes in the same order, without a disk to wait for
    with tempfile.TemporaryDirectory(prefix="ballast-simulation-", dir=memory) as folder:
        return Simulation(seed, Path(folder)).run()


class Simulation:
    """One world with its agent, its standby, and the people around them."""

    def __init__(self, seed: int, folder: Path) -> None:
        self._world = world = World(seed)
        self._chain = SimulatedChain(world)
        world.passes, world.interrupt = self._chain.pass_to, self._interrupt
        loaded = _loaded()
        execution = loaded.config.execution
        caps = (execution.max_fee_gwei, execution.urgent_max_fee_gwei)
        self._judge = Judge(folder / "journal.sqlite", *caps, RULES.confirmation_blocks, RULES.finality_blocks)
        self._around = Surroundings(
            world,
            self._chain,
            folder / "journal.sqlite",
            folder,
            Latches("sqlite://"),
            SimulatedLease(world),
            loaded,
            self._leaving,
            lambda: self._judge.written(self._chain.head.number),
        )
        self._name = loaded.config.name
        self._process: Process | None = None
        self._strangers: set[str] = set()
        self._stops: set[Code] = set()  # in force when the cycle began
        self._crash_in = self._freeze_in = 0
        self._away = False  # the leader is frozen, or its cycle is over
        self._crashes = self._takeovers = 0

    def run(self) -> Verdict:
        """All of it."""
        world = self._world
        for _ in range(STEPS):
            self._trouble()
            world.wait(world.dice.choice((2, 6, 12, 30, 60)))
            self._step()
        self._calm_down()
        for _ in range(CALM_STEPS):
            world.wait(60)
            self._step()
            if self._quiet():
                break
        if self._process is not None:
            self._process.end()
        self._judge.close(self._chain, self._strangers)
        if not self._chain.head.books.at_rest:
            self._judge.violations.append(f"the agent does not work again; {self._latched()}")
        self._around.latches.close()
        found = tuple(self._judge.violations)
        return Verdict(world.seed, world.digest(), self._chain.head.books.plans, self._crashes, self._takeovers, found)

    def _step(self) -> None:
        """One cycle, or one look between cycles, by a process that may not live to its end."""
        world, dice = self._world, self._world.dice
        process = self._process or self._start()
        self._process = process
        self._stops = self._person(process)
        if self._stops:
            self._judge.mark()
        self._crash_in = dice.randint(1, LONGEST_LIFE) if world.strikes(world.weather.crash) else 0
        self._freeze_in = dice.randint(1, LONGEST_LIFE) if world.strikes(world.weather.freeze) else 0
        self._away = False
        try:
            if process.worker.last.state is None or world.strikes(0.5):
                process.worker.run()
            else:
                process.worker.due()
        except Crashed:
            self._crashes += 1
            world.note("crashed")
            process.lost.append("everything")
        finally:
            self._away = True
        if process.lost:
            process.end()
            self._process = None if self._process is process else self._process
        last = process.worker.last
        world.note(last.ending, *(reason.code for reason in last.reasons))
        self._judge.violations += [str(one) for one in last.reasons if one.code is Code.CYCLE_FAILED]

    def _start(self) -> Process:
        token = self._around.lease.acquire(None)
        while token is None:
            self._world.wait(LEASE_S)
            token = self._around.lease.acquire(None)
        return Process(self._around, token)

    def _interrupt(self, point: str) -> None:
        """The process may end here, or wake only after a standby has taken over."""
        if self._away or self._process is None:
            return
        self._around.lease.acquire(self._process.token)
        self._crash_in -= 1
        self._freeze_in -= 1
        if self._crash_in == 0:
            raise Crashed(point)
        if self._freeze_in == 0 and point != "before the commit":
            self._take_over(self._process)
        elif self._freeze_in == 0:
            self._freeze_in = 1

    def _take_over(self, frozen: Process) -> None:
        """A standby leads, ends the session of the journal's old holder, and works; then the old one wakes."""
        world = self._world
        self._away = True
        self._takeovers += 1
        world.wait(LEASE_S + world.dice.randint(1, 120))
        frozen.end()
        self._process = self._start()
        world.note("takeover", self._process.token)
        for _ in range(world.dice.randint(0, 3)):
            self._process.worker.run()
            world.wait(world.dice.choice((2, 12, 40)))

    def _leaving(self, process: Process, raw: bytes) -> None:
        leads = process.token == self._around.lease.token
        self._judge.leaving(raw, leads=leads, stopped=bool(self._stops), killed=Code.KILLED in self._stops)

    def _trouble(self) -> None:
        """What the rest of the world does before the agent's next step."""
        world, chain, weather = self._world, self._chain, self._world.weather
        if world.strikes(0.5):
            chain.others(world.dice.choice(WHAT_OTHERS_DO))
        if world.strikes(weather.reorg):
            chain.reorganise(world.dice.randint(1, DEEPEST_REORG))
        if world.strikes(weather.spike):
            chain.spike()
        if world.strikes(weather.dropped):
            chain.forget()
        if world.strikes(weather.stranger):
            self._strangers.add(_by_a_stranger(chain))
        if world.strikes(weather.skew):
            world.skew_s = world.dice.choice((0, 40, -40, 600, -600))
        if world.strikes(weather.stop):
            code = world.dice.choice((Code.KILLED, Code.PAUSED))
            self._around.latches.set(self._name, Reason(code, "a person said so"), world.now_s, "a person")

    def _person(self, process: Process) -> set[Code]:
        """Looks at what stopped the vault, understands it once nothing is on its way, and lets it go on.

        Returns what stops it still.
        """
        codes = {latch.reason.code for latch in self._around.latches.active(self._name)}
        if not codes or not self._world.strikes(0.3):
            return codes
        if codes - BY_A_PERSON and process.journal.watched(process.signer.address):
            return codes
        if codes & HALTING and not self._accepted(process):
            return codes
        self._world.note("a person looked at", *sorted(codes))
        self._around.latches.clear(self._name, self._world.now_s, "a person")
        return set()

    def _accepted(self, process: Process) -> bool:
        """Whether the journal could be told that a person looked: not before the nonce is final."""
        nonce = self._chain.head.nonce
        if nonce != self._chain.nonce_before(RULES.finality_blocks):
            return False
        try:
            process.journal.accept(process.signer.address, nonce, "a person", "looked at it")
        except JournalError:
            return False
        return True

    def _quiet(self) -> bool:
        """Whether everything has come to its end."""
        process = self._process
        if process is None or not self._chain.head.books.at_rest or self._chain.pool:
            return False
        return not process.journal.watched(process.signer.address)

    def _calm_down(self) -> None:
        """No more trouble, so that everything can come to its end."""
        world = self._world
        world.note("calm")
        world.skew_s = world.cut_until_s = 0
        world.weather = replace(Weather(**{one.name: 0.0 for one in fields(Weather)}), inclusion=1.0)
        self._chain.calm()
        for other in (Other.ASKS_FOR_MONEY, Other.BRINGS_COINS):
            self._chain.others(other)

    def _latched(self) -> str:
        return "; ".join(str(latch.reason) for latch in self._around.latches.active(self._name)) or "nothing stops it"


@cache
def _loaded() -> LoadedConfig:
    loaded = load_config(CONFIG)
    controls = ControlsConfig(max_plans_per_hour=60, max_trading_plans_per_day=200)
    return replace(loaded, config=loaded.config.model_copy(update={"controls": controls}))


def _by_a_stranger(chain: SimulatedChain) -> str:
    """Somebody else who has the key sends something, and pays for it; returns its hash."""
    fee = 400 * 10**9
    transaction = Transaction(CHAIN_ID, chain.head.nonce, DEPOSITOR, b"", 21_000, fee, fee)
    sent = read_sent(LocalSigner(AGENT_TEST_KEY).sign(transaction).raw)
    chain.pool[sent.nonce] = sent
    return sent.hash
