"""`ballast simulate`: many seeds, the ones that failed by number, and whether each replays bit for bit."""

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agent.check import EXIT_OK
from agent.simulation.run import Verdict, simulate

if TYPE_CHECKING:
    from rich.console import Console

EXIT_FAILED = 1
CHUNK = 10


def judge_seeds(seeds: Iterable[int], jobs: int) -> Iterator[Verdict]:
    """The verdict of each seed, in their order.

    Parameters
    ----------
    jobs : processes that share the work; 1 stays in this one
    """
    if jobs == 1:
        with _quiet():
            yield from map(simulate, seeds)
        return
    with ProcessPoolExecutor(jobs, initializer=_silence) as pool:
        yield from pool.map(simulate, seeds, chunksize=CHUNK)


def report_simulation(first: int, seeds: int, jobs: int, console: "Console") -> int:
    """Print every seed that failed with what it broke, then the count; exit code 1 when one failed.

    Raises Refusal when the strategy file that ships with the project is not there.
    """
    plans = crashes = takeovers = 0
    failed: list[Verdict] = []
    for verdict in judge_seeds(range(first, first + seeds), jobs):
        plans, crashes = plans + verdict.plans, crashes + verdict.crashes
        takeovers += verdict.takeovers
        if verdict.violations:
            failed.append(verdict)
            _show(verdict, console)
    console.print(f"plans {plans}, crashes {crashes}, takeovers {takeovers}", highlight=False)
    console.print(f"seeds {seeds}, failed {len(failed)}", highlight=False)
    return EXIT_FAILED if failed else EXIT_OK


def _show(verdict: Verdict, console: "Console") -> None:
    with _quiet():
        again = simulate(verdict.seed)
    replays = "replays" if again == verdict else "DOES NOT REPLAY"
    console.print(f"seed {verdict.seed}  {verdict.digest[:16]}  {replays}", highlight=False)
    for violation in verdict.violations:
        console.print(f"  {violation}", highlight=False, markup=False, soft_wrap=True)


def _silence() -> None:
    """Thousands of failures that were made on purpose are no news."""
    logging.disable(logging.CRITICAL)


@contextmanager
def _quiet() -> Iterator[None]:
    before = logging.root.manager.disable
    _silence()
    try:
        yield
    finally:
        logging.disable(before)
