"""A search's work as tasks of a Ray cluster; this machine's cores count as a cluster of their own ("local")."""

import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager

from agent.config import Config
from agent.market.observation import Floats
from agent.reasons import Code, Reason, Refusal
from agent.research.bars import Market

CONNECT_S = 5.0

Submit = Callable[[Sequence[Config], int, int], Future[Floats]]


@contextmanager
def ray_workers(address: str, market: Market) -> Iterator[tuple[Submit, int]]:
    """Yields what gives a worker of the cluster some configurations to score, and how many can work at once.

    Raises Refusal when Ray is not installed or no cluster answers at the address.
    """
    try:
        import ray
    except ImportError as error:
        message = "Ray is not installed; install the extra: pip install 'ballast[ray]'"
        raise Refusal(Reason(Code.CONFIG_MISSING, message, where="--ray")) from error
    _require_answer(address)
    try:
        ray.init(address=None if address == "local" else address, log_to_driver=False, include_dashboard=False)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise Refusal(
            Reason(Code.CONFIG_OUT_OF_RANGE, f"no Ray cluster at {address}: {error}", where="--ray")
        ) from error
    try:
        held = ray.put(market)  # sent to each node once
        score = ray.remote(num_cpus=1)(_score)

        def submit(configs: Sequence[Config], first: int, last: int) -> Future[Floats]:
            found: Future[Floats] = score.remote(held, configs, first, last).future()
            return found

        yield submit, max(1, int(ray.cluster_resources().get("CPU", 1)))  # type: ignore[no-untyped-call]  # ray leaves it so
    finally:
        ray.shutdown()


def _require_answer(address: str) -> None:
    """Ray itself would wait for minutes for a head node that is not there."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdigit():
        return  # "local" and "auto" name no node
    try:
        socket.create_connection((host, int(port)), CONNECT_S).close()
    except OSError as error:
        message = f"no Ray cluster at {address}: {error}"
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, message, where="--ray")) from error


def _score(market: Market, configs: Sequence[Config], first: int, last: int) -> Floats:
    """On a worker: one core per task, because Ray already runs a task per core."""
    import numba

    from agent.research.runners import statistics_of

    numba.set_num_threads(1)
    return statistics_of(market, configs, first, last)
