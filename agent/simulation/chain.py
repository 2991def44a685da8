"""A chain that lives from chance: blocks, a pool with its replacement rule, a moving base fee, reorganisations."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import rlp

from agent.simulation.vault import VAULT, Books, Other
from agent.simulation.world import World
from chains.functions import keccak

BLOCK_S = 12
DEEPEST_REORG = 12
GWEI = 10**9
LEAST_BASE_FEE, MOST_BASE_FEE = GWEI, 300 * GWEI
GAS_USED, GAS_USED_BY_NOTHING = 400_000, 21_000


@dataclass(frozen=True, slots=True)
class Sent:
    """A transaction of the agent's account, read from its signed bytes."""

    hash: str
    nonce: int
    priority_fee: int
    max_fee: int
    to: str
    data: bytes

    @property
    def is_plan(self) -> bool:
        """Whether it asks the vault for something."""
        return self.to == VAULT


def read_sent(raw: bytes) -> Sent:
    """What signed bytes say."""
    _, nonce, priority, most, _, to, _, data, *_ = rlp.decode(raw[1:])
    return Sent(
        hash="0x" + keccak(raw).hex(),
        nonce=int.from_bytes(nonce),
        priority_fee=int.from_bytes(priority),
        max_fee=int.from_bytes(most),
        to="0x" + to.hex(),
        data=data,
    )


@dataclass(frozen=True, slots=True)
class Included:
    """A transaction in a block."""

    sent: Sent
    block_number: int
    block_hash: str
    success: bool
    price: int


@dataclass(frozen=True, slots=True)
class SimulatedBlock:
    """One block and the state after it; `included` are all of the agent's transactions up to it."""

    number: int
    hash: str
    parent: str
    timestamp: int
    base_fee: int
    books: Books
    included: tuple[Included, ...]
    others: tuple[Other, ...] = ()  # what others did to the vault in it

    @property
    def nonce(self) -> int:
        """The agent's next nonce."""
        return len(self.included)


class SimulatedChain:
    """The truth. Providers show parts of it, late or wrong; only a test may look at it directly."""

    def __init__(self, world: World) -> None:
        self._world = world
        first = SimulatedBlock(0, _hash("genesis", world.seed), "", world.now_s, 10 * GWEI, Books(), ())
        self.blocks = {first.hash: first}
        self.head = first
        self.pool: dict[int, Sent] = {}
        self._others: list[Other] = []  # waits for the next block
        self._mined = 0

    def pass_to(self, now_s: int) -> None:
        """Blocks until this moment."""
        while self.head.timestamp + BLOCK_S <= now_s:
            self.mine()

    def others(self, other: Other) -> None:
        """Somebody else changes the vault's state in the next block."""
        self._others.append(other)

    def nonce_before(self, depth: int) -> int:
        """The agent's next nonce so many blocks ago."""
        blocks = [*self._down(self.head, depth + 1)]
        return blocks[-1].nonce if blocks else self.head.nonce

    def done_by_others(self) -> Iterator[Other]:
        """Everything that others did to the vault, up to the head."""
        for block in self._down(self.head, self.head.number):
            yield from block.others

    def take(self, sent: Sent) -> str | None:
        """Puts a transaction into the pool; or the words with which a node refuses it."""
        known = self.pool.get(sent.nonce)
        if known is not None and known.hash == sent.hash:
            return "already known"
        if known is not None and not _replaces(sent, known):
            return "replacement transaction underpriced"
        if sent.nonce >= self.head.nonce and not self._world.strikes(self._world.weather.lost):
            self.pool[sent.nonce] = sent
        return None

    def spike(self) -> None:
        """The base fee jumps."""
        fee = self.head.base_fee * self._world.dice.choice((3, 8, 20))
        self.head = replace(self.head, base_fee=min(fee, MOST_BASE_FEE))
        self.blocks[self.head.hash] = self.head

    def calm(self) -> None:
        """The base fee is low again."""
        self.head = replace(self.head, base_fee=LEAST_BASE_FEE)
        self.blocks[self.head.hash] = self.head

    def mine(self) -> None:
        """One block on top of the head."""
        world, parent = self._world, self.head
        timestamp = parent.timestamp + BLOCK_S
        fee = round(parent.base_fee * world.dice.uniform(0.875, 1.1))
        fee = max(LEAST_BASE_FEE, min(fee, MOST_BASE_FEE))
        self._mined += 1
        number, block_hash = parent.number + 1, _hash(parent.hash, self._mined)
        others, self._others = tuple(self._others), []
        books, included = parent.books, parent.included
        early = world.strikes(0.5)  # whether the agent's transaction comes before what others did
        for other in () if early else others:
            books = books.changed(other)
        while (sent := self.pool.get(len(included))) is not None and sent.max_fee >= fee:
            if not world.strikes(world.weather.inclusion):
                break
            after = books.carried_out(sent.data, timestamp) if sent.is_plan else books
            success = isinstance(after, Books)
            books = after if isinstance(after, Books) else books
            price = min(sent.max_fee, fee + sent.priority_fee)
            included = (*included, Included(sent, number, block_hash, success, price))
            del self.pool[sent.nonce]
        for other in others if early else ():
            books = books.changed(other)
        self.head = SimulatedBlock(number, block_hash, parent.hash, timestamp, fee, books, included, others)
        self.blocks[block_hash] = self.head
        world.note("block", number, block_hash[:10], fee, len(included), books.plans)

    def reorganise(self, depth: int) -> None:
        """The last blocks are replaced by others; what was in them goes back into the pool, or is lost."""
        old = list(self._down(self.head, depth))
        fork = self.blocks[old[-1].parent] if old else self.head
        for block in reversed(old):
            self._others += block.others
        for one in self.head.included[fork.nonce :]:
            if self._world.strikes(0.8):
                self.pool.setdefault(one.sent.nonce, one.sent)
        self._world.note("reorg", len(old))
        self.head = fork
        for _ in range(len(old) + 1):
            self.mine()

    def forget(self) -> None:
        """Every pool drops what it has."""
        self.pool.clear()

    def _down(self, block: SimulatedBlock, depth: int) -> Iterator[SimulatedBlock]:
        for _ in range(depth):
            if not block.parent:
                return
            yield block
            block = self.blocks[block.parent]


def _replaces(new: Sent, old: Sent) -> bool:
    """Both fees at least 10 % higher."""
    return new.max_fee * 10 >= old.max_fee * 11 and new.priority_fee * 10 >= old.priority_fee * 11


def _hash(*values: object) -> str:
    return "0x" + keccak(repr(values).encode()).hex()
