"""Parts of a search as tasks of a Ray cluster; this machine's cores count as a cluster of their own ("local")."""

from collections.abc import Iterator, Sequence

from agent.market.observation import Floats
from agent.reasons import Code, Reason, Refusal
from agent.research.bars import Bars


def parts_on_ray(
    address: str, bars: Bars, rows: Floats, starts: Sequence[int], size: int, first: int, last: int
) -> Iterator[tuple[int, Floats]]:
    """The statistics of each part as soon as a worker has it, in no fixed order.

    Raises Refusal when Ray is not installed or no cluster answers at the address.
    """
    try:
        import ray
    except ImportError as error:
        message = "Ray is not installed; install the extra: pip install 'ballast[ray]'"
        raise Refusal(Reason(Code.CONFIG_MISSING, message, where="--ray")) from error
    try:
        ray.init(address=None if address == "local" else address, log_to_driver=False, include_dashboard=False)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise Refusal(
            Reason(Code.CONFIG_OUT_OF_RANGE, f"no Ray cluster at {address}: {error}", where="--ray")
        ) from error
    try:
        market = ray.put(bars)
        part = ray.remote(num_cpus=1)(_part)
        waiting = {part.remote(market, rows[start : start + size], first, last): start for start in starts}
        while waiting:
            finished, _ = ray.wait(list(waiting), num_returns=1)
            for reference in finished:
                yield waiting.pop(reference), ray.get(reference)
    finally:
        ray.shutdown()


def _part(bars: Bars, rows: Floats, first: int, last: int) -> Floats:
    """On a worker: one core per task, because Ray already runs a task per core."""
    import numba

    from agent.research.kernel import run_grid

    numba.set_num_threads(1)
    return run_grid(bars, rows, first, last)
