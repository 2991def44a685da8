"""A cycle's record as rows of the ledger's tables, and a scaler back from its row."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Table

from agent.decision import Scaler
from agent.ledger import tables
from agent.ledger.attribution import PARTS
from agent.ledger.records import CycleRecord

Row = dict[str, object]

_CYCLE_COLUMNS = tuple(column.name for column in tables.cycles.columns if column.name != "cycle")
_FILL_COLUMNS = tuple(column.name for column in tables.fills.columns if column.name != "cycle")
_REFUSAL_COLUMNS = tuple(column.name for column in tables.refusals.columns if column.name not in ("cycle", "code"))


def rows_of(record: CycleRecord) -> Iterator[tuple[Table, list[Row]]]:
    """Every row that one cycle adds, table by table."""
    cycle: Row = {"cycle": record.number}
    attribution, decision, plan = record.attribution, record.decision, record.plan
    yield tables.cycles, [cycle | {name: getattr(record, name) for name in _CYCLE_COLUMNS}]
    yield tables.attributions, [cycle | {f"{part}_usd": getattr(attribution, part) for part in PARTS}]
    yield (
        tables.decisions,
        [
            cycle
            | {
                "strategy": decision.strategy,
                "exposure_target": decision.target.exposure if decision.target else None,
                "scalers": [[item.name, item.value, item.inputs, item.sentence] for item in decision.scalers],
                "traded_usd": record.traded_usd,
                "note": decision.note,
            }
        ],
    )
    yield (
        tables.refusals,
        [
            cycle | {"code": str(reason.code)} | {name: getattr(reason, name) for name in _REFUSAL_COLUMNS}
            for reason in record.refusals
        ],
    )
    if plan:
        sent = {"plan": plan.number, "tx_hash": plan.tx_hash, "gas_used": plan.gas_used}
        yield tables.plans, [cycle | sent]
    yield tables.fills, [cycle | {name: getattr(fill, name) for name in _FILL_COLUMNS} for fill in record.fills]
    if attribution.deposits or attribution.withdrawals:
        moved = {"deposits_usd": attribution.deposits, "withdrawals_usd": 0.0 - attribution.withdrawals}
        yield tables.flows, [cycle | moved]
    yield tables.headroom, [cycle | {"limit": name, "headroom": value} for name, value in record.headroom.items()]


def scaler_from(stored: Sequence[Any]) -> Scaler:
    """The scaler that `rows_of` stored."""
    name, value, inputs, sentence = stored
    return Scaler(name, value, tuple((key, number) for key, number in inputs), sentence)
