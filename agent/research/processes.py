"""Work on one market spread over this machine's cores: Python runs on one core, so each gets a process of its own."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

from agent.research.bars import Market

Submit = Callable[..., Future[Any]]


@contextmanager
def processes(market: Market) -> Iterator[Submit]:
    """Yields `submit(work, *arguments)`, by which the next free process calls `work(market, *arguments)`.

    What was not begun when the block is left is not begun any more.
    """
    pool = ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn"), _hold, (market,))
    try:
        yield lambda work, *arguments: pool.submit(_on_held, work, *arguments)
    finally:
        pool.shutdown(cancel_futures=True)


_held: list[Market] = []  # of this process, when it is one of `processes`: sent once, not with every piece of work


def _hold(market: Market) -> None:
    _held.append(market)


def _on_held(work: Callable[..., Any], *arguments: Any) -> Any:
    return work(_held[0], *arguments)
