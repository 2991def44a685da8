"""Which runner a strategy gets: the kernel where it knows the whole file, else the live functions at every row.

Nothing else in research chooses. What takes the kernel milliseconds takes the live functions some seconds a year.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

import agent.research.layout as at
from agent.config import Config
from agent.market.observation import Floats
from agent.research import kernel
from agent.research.bars import Market
from agent.research.events import run_events
from agent.research.kernel import Run
from agent.research.parameters import Charges, beyond_the_twin, charges_of, parameter_row
from agent.research.processes import processes

NAV_USD = 1_000_000.0
AUDIT_EVERY, EVERY_ROW = 24, 1
OnRow = Callable[[int, int], None]  # rows done, and in all
OnRun = Callable[[], None]  # one more run is done


def silent(*_: int) -> None:
    """Tells nobody how far it has come."""


def runner_note(config: Config) -> str | None:
    """One line for a person when a strategy does not go through the kernel; None when it does."""
    unknown = beyond_the_twin(config)
    if unknown is None:
        return None
    return f"the compiled twin does not know {unknown}: every hour goes through the live functions"


@dataclass(frozen=True, slots=True)
class Job:
    """One backtest over a market's period."""

    config: Config
    charges: Charges
    nav_usd: float = NAV_USD


def run_job(market: Market, job: Job, live: bool = False, on_row: OnRow = silent) -> Run:
    """One backtest by the runner that knows the strategy.

    Parameters
    ----------
    live : through the live functions even where the twin knows the strategy; it walks ahead of them then
    on_row : called with rows done and rows in all, by the live functions alone

    Raises Refusal for a strategy that no backtest can judge.
    """
    known = beyond_the_twin(job.config) is None
    if known and not live:
        p = parameter_row(job.config, job.charges, job.nav_usd)
        return kernel.run(market.bars, p, market.first, market.last)
    period = (int(market.bars.time_s[market.first]), int(market.bars.time_s[market.last]))
    audit = AUDIT_EVERY if known else EVERY_ROW
    return run_events(
        market.source, job.config, job.charges, period, nav_usd=job.nav_usd, audit_every=audit, on_row=on_row
    )


def run_jobs(market: Market, jobs: Sequence[Job], on_run: OnRun = silent) -> Iterator[Run]:
    """The run of each job in their order; those of the live functions on all cores."""
    if len(jobs) == 1 or all(beyond_the_twin(job.config) is None for job in jobs):
        for job in jobs:
            yield run_job(market, job)
            on_run()
        return
    with processes(market) as submit:
        for run in [submit(run_job, job) for job in jobs]:
            yield run.result()
            on_run()


def statistics_of(market: Market, configs: Sequence[Config], first: int, last: int) -> Floats:
    """What `kernel.run_grid` tells of each configuration, from the first to the last row.

    Either the compiled twin knows all of them or none, as is the case with the points of one search.
    """
    if beyond_the_twin(configs[0]) is None:
        rows = np.stack([parameter_row(one, charges_of(one)) for one in configs])
        return kernel.run_grid(market.bars, rows, first, last)
    part = replace(market, first=first, last=last)
    dawn = market.bars.dawn[first : last + 1] > 0
    return np.stack([_statistics(run_job(part, Job(one, charges_of(one))), dawn) for one in configs])


def _statistics(done: Run, dawn: NDArray[np.bool_]) -> Floats:
    """The same numbers as a grid's, of a run that kept its rows."""
    shares = np.concatenate(([1.0], np.maximum(done.equity_usd[dawn] / NAV_USD, 1e-12)))
    changes, tally = np.diff(np.log(shares)), done.tally
    out = np.zeros(kernel.STATISTICS)
    out[kernel.FINAL] = done.equity_usd[-1] / NAV_USD
    if len(changes) > 1:
        out[kernel.MEAN], out[kernel.DEVIATION] = changes.mean(), changes.std(ddof=1)
    out[kernel.WORST_FALL] = (1 - shares / np.maximum.accumulate(shares)).max()
    out[kernel.TRADED] = tally[at.TRADED_USD]
    out[kernel.COSTS] = tally[[at.SPOT_COST_USD, at.PERP_COST_USD, at.GAS_USD, at.INTEREST_USD]].sum()
    out[kernel.FUNDING] = tally[at.FUNDING_USD]
    out[kernel.PLANS] = done.amounts[at.PLANS]
    out[kernel.LATCHED] = done.latched_row + 1
    out[kernel.LIQUIDATED] = done.amounts[at.LIQUIDATIONS]
    return out
