"""What happened: net asset value and why it changed, cycle by cycle, and the summary of a run."""

from agent.ledger.attribution import (
    PARTS,
    RUN_TOLERANCE,
    STEP_TOLERANCE,
    Attribution,
    Step,
    UnexplainedError,
    allowed_unexplained,
    attribute,
    require_explained,
)
from agent.ledger.digest import Digest, canonical_json
from agent.ledger.events import Fill, Flow, Gas, LoanIndexes, Swap
from agent.ledger.files import whole_file, write_text
from agent.ledger.records import CycleRecord, PlanRecord, cycle_record
from agent.ledger.result import CYCLES_FILE, RESULT_FILE, Run, summarise, write_result
from agent.ledger.store import DecisionRow, Ledger

__all__ = [
    "CYCLES_FILE",
    "PARTS",
    "RESULT_FILE",
    "RUN_TOLERANCE",
    "STEP_TOLERANCE",
    "Attribution",
    "CycleRecord",
    "DecisionRow",
    "Digest",
    "Fill",
    "Flow",
    "Gas",
    "Ledger",
    "LoanIndexes",
    "PlanRecord",
    "Run",
    "Step",
    "Swap",
    "UnexplainedError",
    "allowed_unexplained",
    "attribute",
    "canonical_json",
    "cycle_record",
    "require_explained",
    "summarise",
    "whole_file",
    "write_result",
    "write_text",
]
