"""What each custom error of the contracts means in the one list of codes."""

from agent.reasons import Code, Reason
from chains.artifacts import decode_revert
from chains.functions import RevertReason

CODES: dict[str, Code] = {
    # limits
    "GrossLeverageExceeded": Code.GROSS_LEVERAGE,
    "NetDeltaExceeded": Code.NET_DELTA,
    "TradeTooLarge": Code.TRADE_TOO_LARGE,
    "PlanLossExceeded": Code.PLAN_LOSS,
    "LiquidationTooClose": Code.LIQUIDATION_TOO_CLOSE,
    "HealthTooLow": Code.HEALTH_TOO_LOW,
    "VenueCapExceeded": Code.VENUE_CAP,
    "AssetCapExceeded": Code.ASSET_CAP,
    "CooldownActive": Code.COOLDOWN,
    "TurnoverExceeded": Code.TURNOVER,
    "LossBudgetExceeded": Code.LOSS_BUDGET,
    "EmergencyLossBudgetExceeded": Code.EMERGENCY_LOSS_BUDGET,
    "IdleBelowMinimum": Code.MIN_IDLE,
    "SlippageExceeded": Code.SLIPPAGE,
    "AmountOutTooSmall": Code.SLIPPAGE,
    "AmountInTooLarge": Code.SLIPPAGE,
    "LimitPriceOutsideCollar": Code.SLIPPAGE,
    # modes
    "OnlyReducingAllowed": Code.REDUCE_ONLY,
    "VaultHalted": Code.HALTED,
    # prices
    "OracleStale": Code.ORACLE_STALE,
    "OraclePriceInvalid": Code.ORACLE_INVALID,
    "OracleDeviates": Code.ORACLE_DEVIATION,
    "SequencerDown": Code.SEQUENCER_DOWN,
    # what is on its way must arrive first
    "OrderOutstanding": Code.EFFECT_PENDING,
    "TransferOutstanding": Code.EFFECT_PENDING,
    # who and where
    "NotAgent": Code.SIGNER_ROLE,
    "PlanForAnotherVault": Code.WRONG_CHAIN,
    # when
    "PlanExpired": Code.PLAN_EXPIRED,
    "PlanNumberWrong": Code.PLAN_REPLAYED,
}

# A plan can meet these; no code of their own, the message names them.
WITHOUT_OWN_CODE = frozenset(
    {
        "AccountNotOnCore",
        "ArrivedOtherThanSent",
        "CoreBalanceTooLow",
        "EmptyOrder",
        "GasTooLow",
        "HeldBaseTooSmall",
        "HyperCoreReadFailed",
        "IdleTooSmall",
        "LimitPriceOffTick",
        "LimitPriceOutOfReach",
        "SoldOtherThanAsked",
        "StateChanged",
        "SupplyChanged",
        "UnexpectedAsset",
        "UnknownAction",
        "UnknownActionKind",
        "UnknownAdapter",
        "WouldNotReduce",
        "ZeroAmount",
        "ZeroAmountIn",
        # of OpenZeppelin and of tokens
        "ERC20InsufficientAllowance",
        "ERC20InsufficientBalance",
        "ReentrancyGuardReentrantCall",
        "SafeCastOverflowedUintDowncast",
        "SafeCastOverflowedUintToInt",
        "SafeERC20FailedOperation",
    }
)


def code_of(revert: RevertReason) -> Code:
    """The code of a revert; `REHEARSAL_REVERTED` when the contract's error has none of its own."""
    return CODES.get(revert.name, Code.REHEARSAL_REVERTED)


def reason_for(revert_data: bytes) -> Reason:
    """The reason in revert data: the code, the contract's own words, and its value and bound where it gives two."""
    revert = decode_revert(revert_data)
    code = code_of(revert)
    numbers = [arg for arg in revert.args if isinstance(arg, int)]
    if code is not Code.REHEARSAL_REVERTED and len(numbers) == 2:
        return Reason(code, f"the contract refused: {revert}", float(numbers[0]), float(numbers[1]), "contract")
    return Reason(code, f"the contract refused: {revert}", where="contract")
