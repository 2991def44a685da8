"""The one list of refusal and fault codes, and the record that carries a code with its numbers."""

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """Stable machine-readable codes; the journal, the log, the report and the contract speak of the same ones."""

    # Configuration
    CONFIG_SYNTAX = "CONFIG_SYNTAX"
    CONFIG_DUPLICATE_KEY = "CONFIG_DUPLICATE_KEY"
    CONFIG_UNKNOWN_KEY = "CONFIG_UNKNOWN_KEY"
    CONFIG_MISSING = "CONFIG_MISSING"
    CONFIG_NOT_A_NUMBER = "CONFIG_NOT_A_NUMBER"
    CONFIG_OUT_OF_RANGE = "CONFIG_OUT_OF_RANGE"
    CONFIG_SECRET = "CONFIG_SECRET"
    CONFIG_LOOSER_THAN_CONTRACT = "CONFIG_LOOSER_THAN_CONTRACT"
    POLICY_MISMATCH = "POLICY_MISMATCH"
    WRONG_CHAIN = "WRONG_CHAIN"
    SIGNER_ROLE = "SIGNER_ROLE"

    # Market data
    DATA_MISSING = "DATA_MISSING"
    DATA_DUPLICATE = "DATA_DUPLICATE"
    DATA_OUT_OF_ORDER = "DATA_OUT_OF_ORDER"
    DATA_NOT_POSITIVE = "DATA_NOT_POSITIVE"
    DATA_NOT_FINITE = "DATA_NOT_FINITE"
    DATA_INTERVAL = "DATA_INTERVAL"
    DATA_INCONSISTENT = "DATA_INCONSISTENT"
    DATA_STALE = "DATA_STALE"
    FUNDING_STALE = "FUNDING_STALE"
    OPEN_INTEREST_STALE = "OPEN_INTEREST_STALE"
    WARMING_UP = "WARMING_UP"
    SOURCE_STALE = "SOURCE_STALE"
    SOURCE_FUTURE = "SOURCE_FUTURE"
    SOURCE_FROZEN = "SOURCE_FROZEN"
    SOURCE_OUTLIER = "SOURCE_OUTLIER"
    QUORUM_TOO_FEW = "QUORUM_TOO_FEW"
    QUORUM_NO_MAJORITY = "QUORUM_NO_MAJORITY"
    QUORUM_SPREAD = "QUORUM_SPREAD"
    QUORUM_JUMP = "QUORUM_JUMP"
    ASSET_DEPEG = "ASSET_DEPEG"
    ORACLE_STALE = "ORACLE_STALE"
    ORACLE_INVALID = "ORACLE_INVALID"
    ORACLE_DEVIATION = "ORACLE_DEVIATION"
    SEQUENCER_DOWN = "SEQUENCER_DOWN"
    POOL_DEVIATION = "POOL_DEVIATION"

    # Limits: the gate's and the contract's, under the same names
    GROSS_LEVERAGE = "GROSS_LEVERAGE"
    NET_DELTA = "NET_DELTA"
    TRADE_TOO_LARGE = "TRADE_TOO_LARGE"
    SLIPPAGE = "SLIPPAGE"
    PLAN_LOSS = "PLAN_LOSS"
    DAILY_LOSS = "DAILY_LOSS"
    WEEKLY_LOSS = "WEEKLY_LOSS"
    DRAWDOWN = "DRAWDOWN"
    LIQUIDATION_TOO_CLOSE = "LIQUIDATION_TOO_CLOSE"
    HEALTH_TOO_LOW = "HEALTH_TOO_LOW"
    VENUE_CAP = "VENUE_CAP"
    ASSET_CAP = "ASSET_CAP"
    COOLDOWN = "COOLDOWN"
    TURNOVER = "TURNOVER"
    LOSS_BUDGET = "LOSS_BUDGET"
    EMERGENCY_LOSS_BUDGET = "EMERGENCY_LOSS_BUDGET"
    MIN_IDLE = "MIN_IDLE"
    REDUCE_ONLY = "REDUCE_ONLY"
    HALTED = "HALTED"

    # Execution
    EFFECT_PENDING = "EFFECT_PENDING"
    EFFECT_MISSING = "EFFECT_MISSING"
    REHEARSAL_REVERTED = "REHEARSAL_REVERTED"
    TRANSACTION_REVERTED = "TRANSACTION_REVERTED"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    JOURNAL_UNFINISHED = "JOURNAL_UNFINISHED"
    NONCE_JUMP = "NONCE_JUMP"
    GAS_RESERVE = "GAS_RESERVE"
    LEDGER_UNEXPLAINED = "LEDGER_UNEXPLAINED"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was refused: the code, the value, the bound, and where to change it."""

    code: Code
    message: str
    value: float | None = None
    bound: float | None = None
    where: str = ""

    def __str__(self) -> str:
        numbers = (
            ""
            if self.value is None
            else f" (value {self.value:g}" + (")" if self.bound is None else f", bound {self.bound:g})")
        )
        place = f" [{self.where}]" if self.where else ""
        return f"{self.code}: {self.message}{numbers}{place}"


class Refusal(Exception):
    """A refusal that stops the command: everything wrong, collected, so that one run shows it all."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__("\n".join(str(reason) for reason in reasons))
        self.reasons = reasons
