"""`ballast replay-server`: builds the histories, serves them until interrupted, and says what was asked in vain."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from agent.check import EXIT_OK, EXIT_REFUSED
from agent.market.choose import data_folder
from agent.market.moments import hour_text
from agent.market.replay_server.clock import VirtualClock
from agent.market.replay_server.faults import Fault, FaultKind
from agent.market.replay_server.histories import Histories, recorded_histories, synthetic_histories
from agent.market.replay_server.recorded import RecordedAnswers
from agent.market.replay_server.series import HOUR_MS
from agent.market.replay_server.server import ReplayServer
from agent.market.replay_server.venues import VENUES
from agent.reasons import Code, Reason, Refusal

HISTORY_MS = 3 * 366 * 24 * HOUR_MS  # of a synthetic market before the clock
AHEAD_MS = 60 * 24 * HOUR_MS  # and behind it, so that the server can run on


def serve(
    port: int, data: Path | None, at: str | None, seed: int, delay_ms: int, real_answers: bool, out: Console
) -> int:
    """Serve until interrupted; 0, or 2 when the port is taken.

    Parameters
    ----------
    port : of the first venue on 127.0.0.1, the others follow; 0 takes free ones
    data : folder of recordings; None takes BALLAST_DATA, or the synthetic market
    at : where the clock begins, as 2023-03-01 or 2023-03-01T14:30; it runs on from there. None: now, or the last
        recorded hour
    seed : of the synthetic market and of what is derived
    delay_ms : every answer waits so long
    real_answers : recorded HTTP answers of the folder take precedence
    out : where to say what is served
    """
    folder = data_folder(data)
    at_ms = None if at is None else moment_ms(at)
    histories, label = _histories(folder, at_ms, seed)
    if folder is not None and at_ms is None:
        at_ms = histories.last_ms - HOUR_MS
    if at_ms is not None and not histories.first_ms <= at_ms < histories.last_ms:
        known = f"{hour_text(histories.first_ms // 1_000)} to {hour_text(histories.last_ms // 1_000)}"
        raise Refusal(Reason(Code.DATA_MISSING, f"{label} reaches from {known}", where="--at"))
    recorded = RecordedAnswers(folder) if real_answers and folder is not None else None
    clock = VirtualClock(at_ms, running=True)
    try:
        with interruption() as stop, ReplayServer(histories, clock, recorded, port) as server:
            if delay_ms:
                server.inject(Fault(FaultKind.DELAY, delay_ms=delay_ms))
            out.print(
                f"{label}: {', '.join(histories.assets)}; the clock runs from {hour_text(clock.now_ms // 1_000)}",
                soft_wrap=True,
            )
            for venue in VENUES:
                out.print(f"{venue:14} {server.url(venue)}", soft_wrap=True)
            out.print("Ctrl-C stops it.")
            stop.wait()
    except OSError as error:
        out.print(f"cannot serve on port {port}: {error.strerror or error}", markup=False, soft_wrap=True)
        return EXIT_REFUSED
    served = ", ".join(f"{venue} {count}" for venue, count in sorted(server.served.items()))
    out.print(f"answered: {served or 'nothing'}; asked in vain: {server.missed}", soft_wrap=True)
    for miss in server.misses[:10]:
        out.print(f"  {miss.request}", markup=False, soft_wrap=True)
    return EXIT_OK


@contextmanager
def interruption() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set, as long as the context lasts."""
    event = threading.Event()
    before = {number: signal.signal(number, lambda *_: event.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def moment_ms(text: str) -> int:
    """A day or a moment, UTC, in unix milliseconds. Raises Refusal for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        reason = Reason(Code.CONFIG_SYNTAX, f"{text} is no moment such as 2023-03-01 or 2023-03-01T14:30", where="--at")
        raise Refusal(reason) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1_000)


def _histories(folder: Path | None, at_ms: int | None, seed: int) -> tuple[Histories, str]:
    if folder is not None:
        return recorded_histories(folder, seed), f"recorded, {folder.name}"
    now_ms = VirtualClock(at_ms).now_ms
    return synthetic_histories(now_ms - HISTORY_MS, now_ms + AHEAD_MS, seed), f"synthetic, seed {seed}"
