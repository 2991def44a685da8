"""One question to several providers: their answers as they come in, until enough of them agree."""

import threading
from collections.abc import Callable, Sequence

from chains.providers.worker import Told


class Round:
    """Collects answers for the thread that asks; answers that come after the decision go to `late`."""

    def __init__(
        self, expected: int, decide: Callable[[Sequence[Told]], Told | None], late: Callable[[Told, Told], None]
    ) -> None:
        self._expected = expected
        self._decide = decide
        self._late = late
        self._changed = threading.Condition()
        self._answers: list[Told] = []
        self._decision: Told | None = None
        self._over = False

    def deliver(self, told: Told) -> None:
        """An answer, from the provider's own thread."""
        with self._changed:
            if not self._over:
                self._answers.append(told)
                self._changed.notify()
                return
        if self._decision is not None:
            self._late(told, self._decision)

    def wanted(self) -> bool:
        """Whether an answer could still count."""
        return not self._over

    def wait(self, timeout_s: float) -> tuple[Told | None, list[Told]]:
        """The decision, None when all have answered or time is up without one; and the answers until then."""

        def done() -> bool:
            self._decision = self._decide(self._answers)
            return self._decision is not None or len(self._answers) == self._expected

        with self._changed:
            self._changed.wait_for(done, timeout_s)
            self._over = True
            return self._decision, list(self._answers)
