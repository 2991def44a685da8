"""One provider on a thread of its own, so that a slow one holds up nobody else."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Protocol

from chains.rpc import BadAnswer, Node, RpcError, RpcUnavailable

Job = Callable[[Node], Any]


@dataclass(frozen=True, slots=True)
class Told:
    """What one provider said: a value, or the error in its place."""

    provider: str
    value: Any
    error: RpcError | RpcUnavailable | None
    latency_s: float


class Provider(Protocol):
    """Whoever does jobs with one provider's node."""

    @property
    def name(self) -> str:
        """Host and port."""
        ...

    def submit(self, job: Job, deliver: Callable[[Told], None], still_wanted: Callable[[], bool]) -> None:
        """Has the job done in its turn, unless nobody wants it any more by then."""
        ...

    def abort(self) -> None:
        """Gives up the request under way."""
        ...

    def close(self) -> None:
        """Ends it."""
        ...


class Worker:
    """A connection and the thread that uses it, one job after the other."""

    def __init__(self, url: str, timeout_s: float, max_response_bytes: int) -> None:
        self._node = Node(url, timeout_s=timeout_s, max_response_bytes=max_response_bytes)
        self.name: str = self._node.name
        self._jobs: SimpleQueue[tuple[Job, Callable[[Told], None], Callable[[], bool]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"provider {self.name}", daemon=True)
        self._thread.start()

    def submit(self, job: Job, deliver: Callable[[Told], None], still_wanted: Callable[[], bool]) -> None:
        """Has the job done in its turn, unless nobody wants it any more by then."""
        self._jobs.put((job, deliver, still_wanted))

    def abort(self) -> None:
        """Gives up the request under way."""
        self._node.abort()

    def close(self) -> None:
        """Ends thread and connection."""
        self._jobs.put(None)
        self._node.abort()
        self._thread.join(timeout=1)
        self._node.close()

    def _run(self) -> None:
        while (entry := self._jobs.get()) is not None:
            job, deliver, still_wanted = entry
            if not still_wanted():
                continue
            started_s = time.monotonic()
            value: Any = None
            error: RpcError | RpcUnavailable | None = None
            try:
                value = job(self._node)
            except (RpcError, RpcUnavailable) as failure:
                error = failure
            except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as failure:
                error = BadAnswer(f"{self.name}: the answer has another shape than expected: {failure!r}")
            deliver(Told(self.name, value, error, time.monotonic() - started_s))
