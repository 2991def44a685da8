"""A chain as several providers tell it: read where enough agree, at one block, and sent to through all of them."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence, Set
from functools import partial
from types import TracebackType
from typing import Any, Self

from chains.providers.agreement import agreed, fault_of_head, fault_of_silence, opinion, shared_height
from chains.providers.health import FaultKind, HealthRecord, ProviderFault, ProviderHealth
from chains.providers.problems import (
    ChainForked,
    HeadStuck,
    ProvidersDisagree,
    QuorumMissing,
    StillSyncing,
    WrongChain,
)
from chains.providers.round import Round
from chains.providers.sends import SendAnswer, send_once
from chains.providers.worker import Job, Provider, Told, Worker
from chains.rpc import BlockRef, Node, Request, RpcUnavailable, block_ref, data_bytes, pinned_call, quantity

_FAULTS_KEPT = 1_000
_ANSWER_BYTES = 8 * 2**20

Judge = Callable[[Told, Told], tuple[FaultKind, str] | None]


class ProviderPool:
    """Reads like a `Node`, but believes a value only when at least `needed` providers give the same.

    That number never shrinks: whoever is down, resting or caught lying is missing, and when too many are missing the
    answer is an exception. Any number of threads may use one pool.

    Parameters
    ----------
    read_urls : endpoints of different providers; two at one host and port are refused, they would lie together
    send_urls : endpoints that transactions go to; those of `read_urls` when empty
    chain_id : a provider of another chain is no provider
    needed : providers that must agree; a majority, and at least two, unless one endpoint is asked for on purpose with 1
    deadline_s : bound of every call, whatever the providers do
    max_lag_blocks : a head further behind, or ahead, of what enough providers know is a fault
    max_head_age_s : the agreed head may be this old by the machine's clock; None where block time is simulated
    unix_now, monotonic : the machine's clocks: unix seconds, and seconds that never go back
    open_provider : opens an endpoint with a time limit and the most bytes of an answer; a simulation opens its own

    Attributes
    ----------
    round_trips : questions asked so far; each is one HTTP request to every provider, at the same time
    """

    def __init__(
        self,
        read_urls: Sequence[str],
        send_urls: Sequence[str] = (),
        *,
        chain_id: int,
        needed: int | None = None,
        deadline_s: float = 5.0,
        max_lag_blocks: int = 5,
        max_head_age_s: float | None = None,
        unix_now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        open_provider: Callable[[str, float, int], Provider] = Worker,
    ) -> None:
        majority = len(read_urls) // 2 + 1
        self.needed = max(2, majority) if needed is None else needed
        if not majority <= self.needed <= len(read_urls):
            raise ValueError(
                f"providers: got {len(read_urls)}, of which {self.needed} must agree; it takes a majority, at least 2"
                " unless a single endpoint is trusted on purpose"
            )
        if not 0 < deadline_s < float("inf"):
            raise ValueError(f"deadline_s: expected a positive number of seconds, got {deadline_s}")
        self.chain_id = chain_id
        self.round_trips = 0
        self._deadline_s = deadline_s
        self._max_lag_blocks = max_lag_blocks
        self._max_head_age_s = max_head_age_s
        self._unix_now = unix_now
        self._monotonic = monotonic
        self._highest = 0
        self._lock = threading.Lock()
        self._faults: deque[ProviderFault] = deque(maxlen=_FAULTS_KEPT)
        self._readers = [open_provider(url, deadline_s, _ANSWER_BYTES) for url in read_urls]
        self._senders = [open_provider(url, deadline_s, _ANSWER_BYTES) for url in send_urls or read_urls]
        self._health = {worker.name: HealthRecord(worker.name) for worker in self._readers}
        if len(self._health) < len(self._readers):
            self.close()
            raise ValueError("providers: two endpoints at one host and port are one provider")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends all threads and connections."""
        for worker in (*self._readers, *self._senders):
            worker.close()

    def head(self) -> BlockRef:
        """The newest block that enough providers describe alike.

        One round trip; a second one when heads differ, as they do for a moment around every new block.

        Raises
        ------
        QuorumMissing : too few usable answers
        ChainForked : different blocks at one height, none with enough providers
        HeadStuck : the block is too old, or lies before one that was agreed on earlier
        """
        accepted, answers = self._question(partial(_told_head, chain_id=self.chain_id), self._judge_head)
        if accepted is None:
            heads: list[BlockRef] = [told.value for told in answers if opinion(told) is not None]
            self._require_opinions(answers)
            height = shared_height(heads, self.needed)
            for told in answers:
                if opinion(told) is not None and told.value.number < height - self._max_lag_blocks:
                    self._blame(told.provider, FaultKind.LAGGING, f"head {told.value.number}, shared is {height}")
            ask = partial(_ask, method="eth_getBlockByNumber", params=(hex(height), False), parse=block_ref)
            there = {told.provider for told in answers if opinion(told) is not None and told.value.number >= height}
            accepted, answers = self._question(ask, _judge_value, there)
            if accepted is None:
                self._require_opinions(answers)
                raise ChainForked(f"different blocks at height {height}: {_summary(answers)}")
        return self._fresh(accepted.value)

    def call(self, method: str, *params: Any, nullable: bool = False, parse: Callable[[Any], Any] | None = None) -> Any:
        """The result of one method as enough providers tell it alike; `parse` makes of it what is compared.

        Raises
        ------
        RpcError : enough providers say that the call reverts, with the same data
        QuorumMissing, ProvidersDisagree : nothing can be believed
        """
        return self._agreed(partial(_ask, method=method, params=params, nullable=nullable, parse=parse))

    def batch(self, requests: Sequence[Request], *, nullable: bool = False) -> list[Any]:
        """The results of several methods in one round trip; the whole list must agree."""
        answers: list[Any] = self._agreed(lambda node: node.batch(requests, nullable=nullable))
        return answers

    def call_at(self, block_hash: str, to: str, data: bytes, *, sender: str | None = None) -> bytes:
        """What a contract call returns in the state after exactly this block."""
        answer: bytes = self.call("eth_call", *pinned_call(block_hash, to, data, sender), parse=data_bytes)
        return answer

    def send_raw(self, raw: bytes) -> list[SendAnswer]:
        """Sends signed bytes once through every sending endpoint, and never again.

        Returns as soon as one provider has accepted them, else when all have answered or time is up. A provider that
        has not answered by then stands in the list with `RpcUnavailable`: it may have the bytes.
        """
        self.round_trips += 1
        asked = Round(len(self._senders), _accepted, lambda *_: None)
        for worker in self._senders:
            worker.submit(lambda node: send_once(node, raw), asked.deliver, lambda: True)
        _, answers = asked.wait(self._deadline_s)
        by_provider = {told.provider: told for told in answers}
        return [_send_answer(worker.name, by_provider.get(worker.name)) for worker in self._senders]

    def health(self) -> list[ProviderHealth]:
        """The record of every reading provider."""
        with self._lock:
            return [record.snapshot(self._monotonic()) for record in self._health.values()]

    def take_faults(self) -> list[ProviderFault]:
        """The faults since this was last asked, oldest first, for the journal and the log."""
        with self._lock:
            taken = list(self._faults)
            self._faults.clear()
            return taken

    def _agreed(self, job: Job) -> Any:
        accepted, answers = self._question(job, _judge_value)
        if accepted is None:
            self._require_opinions(answers)
            raise ProvidersDisagree(f"{self.needed} must agree: {_summary(answers)}")
        if accepted.error is not None:
            raise accepted.error
        return accepted.value

    def _question(self, job: Job, judge: Judge, among: Set[str] | None = None) -> tuple[Told | None, list[Told]]:
        """Asks every provider (`among` those) that is not resting; the accepted answer, if any, and all in time."""
        self.round_trips += 1
        with self._lock:
            resting = {name for name, record in self._health.items() if record.resting_s(self._monotonic()) > 0}
        asked = [one for one in self._readers if one.name not in resting and (among is None or one.name in among)]
        if len(asked) < self.needed:
            raise QuorumMissing(f"{self.needed} providers must agree, resting after failures: {', '.join(resting)}")
        questions = Round(len(asked), partial(agreed, needed=self.needed), partial(self._record, judge))
        for worker in asked:
            worker.submit(job, questions.deliver, questions.wanted)
        accepted, answers = questions.wait(self._deadline_s)
        for told in answers:
            self._record(judge, told, accepted)
        if accepted is None:
            heard = {told.provider for told in answers}
            for worker in asked:
                if worker.name not in heard:
                    worker.abort()
                    self._blame(worker.name, FaultKind.NO_ANSWER, f"none within {self._deadline_s:g} s")
        return accepted, answers

    def _record(self, judge: Judge, told: Told, accepted: Told | None) -> None:
        """Books one answer; whether an opinion is right is known only once one was accepted."""
        silence = fault_of_silence(told)
        fault = None if silence is None else (silence, str(told.error))
        if fault is None and accepted is not None:
            fault = judge(told, accepted)
        if fault is not None:
            self._blame(told.provider, *fault, getattr(told.error, "retry_after_s", None))
        elif accepted is not None:
            with self._lock:
                self._health[told.provider].good(told.latency_s)

    def _blame(self, provider: str, kind: FaultKind, detail: str, retry_after_s: float | None = None) -> None:
        with self._lock:
            self._faults.append(ProviderFault(provider, kind, detail[:300]))
            self._health[provider].bad(self._monotonic(), retry_after_s)

    def _judge_head(self, told: Told, accepted: Told) -> tuple[FaultKind, str] | None:
        kind = fault_of_head(told.value, accepted.value, self._max_lag_blocks)
        return None if kind is None else (kind, f"{_block_text(told.value)}, agreed is {_block_text(accepted.value)}")

    def _require_opinions(self, answers: Sequence[Told]) -> None:
        usable = sum(opinion(told) is not None for told in answers)
        if usable < self.needed:
            raise QuorumMissing(f"{self.needed} providers must agree, {usable} answered: {_summary(answers)}")

    def _fresh(self, block: BlockRef) -> BlockRef:
        age_s = self._unix_now() - block.timestamp
        if self._max_head_age_s is not None and age_s > self._max_head_age_s:
            raise HeadStuck(f"block {block.number} is {age_s:.0f} s old, allowed are {self._max_head_age_s:g} s")
        with self._lock:
            if block.number < self._highest - self._max_lag_blocks:
                raise HeadStuck(f"block {block.number} is behind {self._highest}, which was agreed on earlier")
            self._highest = max(self._highest, block.number)
        return block


def _ask(
    node: Node,
    *,
    method: str,
    params: Sequence[Any],
    nullable: bool = False,
    parse: Callable[[Any], Any] | None = None,
) -> Any:
    return node.call(method, *params, nullable=nullable, parse=parse)


def _told_head(node: Node, *, chain_id: int) -> BlockRef:
    found, syncing, block = node.batch(
        [("eth_chainId", []), ("eth_syncing", []), ("eth_getBlockByNumber", ["latest", False])]
    )
    if quantity(found) != chain_id:
        raise WrongChain(f"serves chain {quantity(found)}, expected is {chain_id}")
    if syncing is not False:
        raise StillSyncing("says that it is still syncing")
    return block_ref(block)


def _judge_value(told: Told, accepted: Told) -> tuple[FaultKind, str] | None:
    if opinion(told) == opinion(accepted):
        return None
    return FaultKind.DISAGREES, f"says {_excerpt(told)}, agreed is {_excerpt(accepted)}"


def _accepted(answers: Sequence[Told]) -> Told | None:
    return next((told for told in answers if told.error is None), None)


def _send_answer(provider: str, told: Told | None) -> SendAnswer:
    if told is None:
        return SendAnswer(provider, None, RpcUnavailable("no answer yet; it may have the bytes"))
    return SendAnswer(provider, told.value, told.error)


def _block_text(block: BlockRef) -> str:
    return f"block {block.number} {block.hash[:10]}"


def _summary(answers: Sequence[Told]) -> str:
    return "; ".join(f"{told.provider}: {_excerpt(told)}" for told in answers) or "no answer at all"


def _excerpt(told: Told) -> str:
    text = repr(told.value) if told.error is None else str(told.error)
    return text if len(text) <= 120 else text[:120] + "..."
