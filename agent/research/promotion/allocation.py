"""What the live agent asks before it sends: has this very configuration been given capital?"""

from pathlib import Path

from agent.reasons import Code, Reason, Refusal
from agent.research.promotion.records import Record, reached, read_records
from agent.research.promotion.stages import Stage

LOCAL_CHAIN = "local"  # nothing on it is worth anything
EVIDENCE = (Stage.BACKTEST, Stage.VALIDATION, Stage.WALK_FORWARD, Stage.PAPER)


def require_allocation(config_hash: str, chain_name: str, folder: Path) -> None:
    """Raises Refusal unless the configuration has a valid allocation record, or the chain is local.

    Parameters
    ----------
    config_hash : of the whole file, as `ballast check` shows it; a changed number is another configuration
    chain_name : as in the registry
    folder : of the records

    Raises
    ------
    Refusal : ALLOCATION_MISSING; PROMOTION_DAMAGED when the records are not what was written; PROMOTION_STALE when the
        evidence of its stages is not about the same data
    """
    if chain_name == LOCAL_CHAIN:
        return
    counted = reached(read_records(folder), config_hash)
    if Stage.ALLOCATION not in counted:
        stage = max(counted, key=lambda one: one.number, default=None)
        at = "no stage" if stage is None else f"the stage {stage}"
        message = f"the configuration {config_hash[:16]} has no allocation, it is at {at}; see `ballast promotions`"
        value = 0 if stage is None else stage.number
        raise Refusal(
            Reason(Code.ALLOCATION_MISSING, message, float(value), float(Stage.ALLOCATION.number), str(folder))
        )
    require_one_market([counted[stage] for stage in EVIDENCE], folder)


def require_one_market(records: list[Record], folder: Path) -> None:
    """Raises Refusal (PROMOTION_STALE) when records are about different data or periods."""
    first = records[0]
    for record in records[1:]:
        if (record.data_hash, record.period) != (first.data_hash, first.period):
            message = (
                f"{record.stage} was judged on data {record.data_hash[:16] or 'unknown'}, "
                f"{first.stage} on {first.data_hash[:16]}; begin again at {Stage.BACKTEST}"
            )
            raise Refusal(Reason(Code.PROMOTION_STALE, message, where=str(folder)))
