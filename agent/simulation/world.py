"""What everything in a simulation shares: one source of chance, one clock, and the trace that a seed must repeat."""

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field

START_S = 1_750_000_000  # unix seconds of the first block


class Crashed(BaseException):
    """The process ends here, as `kill -9` ends it; nothing of the agent may catch it."""


@dataclass(frozen=True, slots=True)
class Weather:
    """How bad one seed is: chances per question, or per step where it says so."""

    timeout: float  # a provider does not answer
    lie: float  # the liar, one of three, answers something else
    lag: float  # a provider does not look for a newer block
    lost: float  # bytes are taken by a node and never told to another
    dropped: float  # per step: every pool forgets what it has
    inclusion: float  # per block: a transaction that may go in goes in
    reorg: float  # per step
    spike: float  # per step: the base fee jumps
    crash: float  # per life of a process
    freeze: float  # per life, with a standby
    disk: float  # per write: the disk refuses
    signer: float  # per signature: the signer does not answer
    stranger: float  # per step: somebody else uses the key
    stop: float  # per step: a person stops the vault
    skew: float  # per step: the machine's clock jumps


def weather_of(dice: random.Random) -> Weather:
    """A seed's weather: each trouble is absent, mild or bad, so that the seeds cover calm, single faults and storms."""

    def trouble(mild: float, bad: float) -> float:
        return dice.choice((0.0, mild, mild, bad))

    return Weather(
        timeout=trouble(0.02, 0.15),
        lie=trouble(0.05, 0.5),
        lag=trouble(0.1, 0.6),
        lost=trouble(0.05, 0.3),
        dropped=trouble(0.03, 0.15),
        inclusion=dice.choice((1.0, 0.7, 0.2, 0.05)),
        reorg=trouble(0.03, 0.2),
        spike=trouble(0.03, 0.15),
        crash=trouble(0.2, 0.8),
        freeze=trouble(0.1, 0.4),
        disk=trouble(0.002, 0.02),
        signer=trouble(0.01, 0.1),
        stranger=dice.choice((0.0,) * 9 + (0.02,)),
        stop=trouble(0.02, 0.08),
        skew=trouble(0.02, 0.08),
    )


@dataclass
class World:
    """One seed's chance, time and trace.

    `passes` is called with the new time whenever time passes; `interrupt` at every point where a process could end or
    be frozen.
    """

    seed: int
    dice: random.Random = field(init=False)
    weather: Weather = field(init=False)
    now_s: int = START_S
    skew_s: int = 0
    passes: Callable[[int], None] = lambda _: None
    interrupt: Callable[[str], None] = lambda _: None
    _trace: "hashlib._Hash" = field(init=False, default_factory=hashlib.sha256)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.weather = weather_of(self.dice)

    def strikes(self, chance: float) -> bool:
        """Whether something of this probability happens now."""
        return self.dice.random() < chance

    def wait(self, seconds: int) -> None:
        """Time passes, and the chain goes on meanwhile."""
        self.now_s += seconds
        self.passes(self.now_s)

    def wall(self) -> float:
        """What the machine's clock shows, unix seconds."""
        return float(self.now_s + self.skew_s)

    def monotonic(self) -> float:
        """Seconds that never go back, whatever the wall clock does."""
        return float(self.now_s)

    def note(self, *what: object) -> None:
        """One line of the trace."""
        self._trace.update(f"{self.now_s} {' '.join(map(str, what))}\n".encode())

    def point(self, name: str) -> None:
        """A place where the process may end, or be frozen for longer than its lease lasts."""
        self.note("point", name)
        self.interrupt(name)

    def digest(self) -> str:
        """What names everything that happened so far; equal for equal seeds."""
        return self._trace.hexdigest()
