"""Who scores the points of a search, a sweep's as well as a tuning's: this machine's cores, or a Ray cluster's.

Threads do where the kernel lets go of the interpreter; the live functions are Python and need processes.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from agent.config import Config
from agent.market.observation import Floats
from agent.research.bars import Market
from agent.research.parameters import beyond_the_twin
from agent.research.processes import processes
from agent.research.runners import statistics_of


@dataclass(frozen=True, slots=True)
class Workers:
    """`submit(configs, first, last)` gives one of them work; `count` can work at the same time."""

    submit: Callable[[Sequence[Config], int, int], Future[Floats]]
    count: int


@contextmanager
def workers(market: Market, config: Config, ray_address: str | None, *, threads: int) -> Iterator[Workers]:
    """The workers of a search around `config`, for as long as the block lasts; what was not begun then is not done.

    Parameters
    ----------
    ray_address : of a Ray cluster, "local" for one on this machine's cores, or None for no cluster
    threads : in which the kernel runs without one

    Raises Refusal when Ray is not installed or no cluster answers at the address.
    """
    if ray_address is not None:
        from agent.research.search.cluster import ray_workers

        with ray_workers(ray_address, market) as (submit, count):
            yield Workers(submit, count)
    elif beyond_the_twin(config) is not None:
        with processes(market) as on_held:
            yield Workers(partial(on_held, statistics_of), os.cpu_count() or 1)
    else:
        pool = ThreadPoolExecutor(threads)
        try:
            yield Workers(lambda *work: pool.submit(statistics_of, market, *work), threads)
        finally:
            pool.shutdown(cancel_futures=True)
