"""A whole replay: hour by hour through the agent's cycle, every cycle into the ledger, the summary at the end."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.config import VolatilityConfig
from agent.config.file import LoadedConfig
from agent.cycle import CycleOutcome
from agent.execution import Outcome, Status
from agent.ledger import (
    CYCLES_FILE,
    RESULT_FILE,
    CycleRecord,
    DecisionRow,
    Digest,
    Flow,
    Gas,
    Ledger,
    PlanRecord,
    Run,
    Swap,
    attribute,
    cycle_record,
    require_explained,
    summarise,
    write_result,
)
from agent.ledger.receipts import (
    checked_limits,
    indexes_in,
    order_slippages,
    swap_slippage,
    swaps_in,
    withdrawn_in,
)
from agent.market.observation import VaultState
from agent.market.source import HistorySource
from agent.replay.depositors import Depositors, Moved, schedule
from agent.replay.stage import AGENT_ACTS_AFTER_S, JOURNAL_FILE, Stage, open_stage
from agent.report import REPORT_FILE
from agent.risk import below_maximum, headroom
from chains.events import Log

LEDGER_FILE = "ledger.sqlite"

OnCycle = Callable[[CycleRecord], None]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay leaves: the summary, the table of cycles, the largest decisions."""

    result: dict[str, Any]
    cycles: Any  # pandas DataFrame, not imported before it is needed
    decisions: Sequence[DecisionRow]


def replay(
    loaded: LoadedConfig,
    market: HistorySource,
    period: tuple[int, int],
    folder: Path,
    *,
    seed: int,
    synthetic: bool,
    on_cycle: OnCycle | None = None,
) -> Replayed:
    """Replay a market over a fresh local chain and write ledger, cycles.parquet and result.json into `folder`.

    Parameters
    ----------
    period : first and last hour, unix seconds; clipped to what the market knows
    folder : made if needed; the files of an earlier replay in it are replaced
    seed : of the depositors' schedule
    on_cycle : called with the record of every cycle, as soon as there is one

    Raises
    ------
    Refusal : the file, the data or the vault on chain is not what it has to be
    """
    hours = market.hours(*period)
    folder.mkdir(parents=True, exist_ok=True)
    _clear(folder)
    started = time.perf_counter()
    digest = Digest()
    with (
        open_stage(loaded.config, market, hours[0], folder) as stage,
        Ledger.open(folder / LEDGER_FILE) as ledger,
    ):
        depositors = Depositors(stage.local.node, stage.site, schedule(seed, hours[0], hours[-1]))
        depositors.open_vault()
        book = Book(stage, stage.reader.read())
        for number, hour in enumerate(hours):
            record, outcome = run_hour(stage, depositors, book, number, hour)
            ledger.record_cycle(record)
            digest.add(outcome.decision, _outcome_of(record, outcome))
            if on_cycle is not None:
                on_cycle(record)
        wall_seconds = time.perf_counter() - started
        liquidations = 0 if book.state.perp is None else book.state.perp.liquidations
        cycles = ledger.cycles_table()
        ledger.write_cycles(folder / CYCLES_FILE)
        decisions = ledger.largest_decisions()
    result = summarise(
        _run(loaded, market, seed, synthetic),
        cycles,
        liquidations=liquidations,
        wall_seconds=wall_seconds,
        deterministic_digest=digest.hexdigest(),
    )
    write_result(folder, result)
    return Replayed(result, cycles, decisions)


def _clear(folder: Path) -> None:
    """Removes what an earlier replay left, so that a folder never holds parts of two."""
    for database in (JOURNAL_FILE, LEDGER_FILE):
        for suffix in ("", "-wal", "-shm", ".lock"):
            (folder / (database + suffix)).unlink(missing_ok=True)
    for name in (CYCLES_FILE, RESULT_FILE, REPORT_FILE):
        (folder / name).unlink(missing_ok=True)


class Book:
    """What has to be carried from one cycle to the next to explain how net asset value changed."""

    def __init__(self, stage: Stage, state: VaultState) -> None:
        self._stage = stage
        self.state = state
        self.gas_paid_usd = 0.0

    def record(self, number: int, time_s: int, outcome: CycleOutcome, moved: Moved) -> CycleRecord:
        """The ledger's row of one cycle.

        Raises UnexplainedError when the parts do not add up to the change of net asset value.
        """
        stage, after, sent = self._stage, outcome.after, outcome.sent
        logs = () if sent is None else sent.logs
        gas = _gas(sent, stage.chain.native_token_usd)
        fee_ppm, price = stage.config.vault.pool_fee, outcome.observation.vault.oracle_price
        site = stage.site
        swaps = swaps_in(logs, site.pool, site.pair, price, fee_ppm, sender=site.spot_adapter)
        loan_swaps: list[Swap] = []
        loan_indexes = None
        if site.loan is not None:
            loan_swaps = swaps_in(logs, site.pool, site.pair, price, fee_ppm, sender=site.loan.adapter)
            loan_indexes = indexes_in(logs, site.loan.pool, site.asset.address, site.base.address)
        step = attribute(
            self.state,
            after,
            swaps=swaps,
            loan_swaps=loan_swaps,
            loan_indexes=loan_indexes,
            flow=Flow(moved.deposits, moved.withdrawals + withdrawn_in(logs, site.vault)),
            gas=gas,
        )
        require_explained(step.attribution, after.asset.to_float(after.total_assets))
        self.gas_paid_usd += sum(transaction.usd for transaction in gas)
        self.state = after
        return cycle_record(
            number,
            time_s,
            after,
            outcome.decision,
            step,
            gas_paid_usd=self.gas_paid_usd,
            headroom=self._headroom(after, logs, [*swaps, *loan_swaps]),
            gate_refusals=outcome.refusals,
            forecast_volatility=_forecast(outcome),
            plan=_plan_record(outcome),
            transactions=len(gas),
            gas_used=sum(transaction.used for transaction in gas),
        )

    def _headroom(self, after: VaultState, logs: Sequence[Log], swaps: Sequence[Swap]) -> dict[str, float]:
        """What is left of each limit: measured on the state, and as the contracts' own logs tell it."""
        site, policy = self._stage.site, self._stage.config.policy
        found = headroom(after, policy)
        for name, value in checked_limits(logs, site.policy, site.vault).items():
            found[name] = min(found.get(name, value), value)
        slippages = [swap_slippage(swap, after.asset, after.base) for swap in swaps]
        if site.perp is not None:
            slippages += order_slippages(logs, site.perp.adapter, site.perp.size_decimals)
        if slippages:
            found["max_slippage"] = below_maximum(max(slippages), policy.max_slippage)
        return found


def run_hour(
    stage: Stage, depositors: Depositors, book: Book, number: int, hour: int
) -> tuple[CycleRecord, CycleOutcome]:
    """One hour of the replay: the market moves, depositors come and go, the agent has its cycle."""
    stage.move_market(stage.market.world(hour))
    moved = depositors.act(hour)
    outcome = stage.cycle.run(stage.clock.forward(AGENT_ACTS_AFTER_S))
    return book.record(number, hour, outcome, moved), outcome


def _plan_record(outcome: CycleOutcome) -> PlanRecord | None:
    """The plan that was carried out, if there was one."""
    plan, sent = outcome.plan, outcome.sent
    if plan is None or sent is None or sent.status is not Status.MINED:
        return None
    return PlanRecord(plan.number, sent.transaction_hash, sent.gas_used or 0)


def _gas(sent: Outcome | None, native_usd: float) -> tuple[Gas, ...]:
    """What the cycle's transaction cost, reverted or not."""
    if sent is None or sent.gas_used is None or sent.gas_price_wei is None:
        return ()
    return (Gas(sent.gas_used, sent.gas_price_wei, native_usd),)


def _forecast(outcome: CycleOutcome) -> float | None:
    """Volatility expected of the vault: the forecast for one unit of exposure times the exposure decided."""
    target = outcome.decision.target
    for scaler in outcome.decision.scalers:
        if scaler.name == "volatility_target" and target is not None:
            return dict(scaler.inputs)["forecast"] * target.exposure
    return None


def _outcome_of(record: CycleRecord, outcome: CycleOutcome) -> dict[str, object]:
    after = outcome.after
    return {
        "time": record.time_s,
        "total_assets": after.total_assets,
        "supply": after.total_supply,
        "spot": after.spot_base,
        "perp": None if after.short_leg is None else after.short_leg.size,
        "plan": None if outcome.plan is None else outcome.plan.digest(),
        "refusals": list(outcome.refusals),
    }


def _run(loaded: LoadedConfig, market: HistorySource, seed: int, synthetic: bool) -> Run:
    config, volatility = loaded.config, loaded.config.strategy.volatility
    return Run(
        strategy=config.name,
        config_hash=loaded.config_hash,
        data_source=market.label,
        synthetic=synthetic,
        seed=seed,
        target_volatility=volatility.target if isinstance(volatility, VolatilityConfig) else None,
        max_drawdown=config.policy.max_drawdown,
    )
