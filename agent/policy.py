"""The hard limits: one model that gives the gate its bounds and the contract its constructor arguments."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from agent.reasons import Code, Reason
from agent.units import BPS

ASSET_DECIMALS_USD = 10**6

# The ceilings and floors that contracts/src/Policy.sol holds as constants; a test compares the two.
MAX_GROSS_LEVERAGE = 3.0
MAX_NET_DELTA = 1.0
MAX_SLIPPAGE = 0.05
MAX_LOSS_PER_PLAN = 0.05
MAX_DAILY_LOSS = 0.20
MAX_DRAWDOWN = 0.50
MIN_LIQUIDATION_DISTANCE = 0.03
MIN_COOLDOWN_S = 30
MAX_COOLDOWN_S = 86_400
MAX_ORACLE_AGE_S = 86_400
MAX_TURNOVER = 20.0
MAX_LOSS_BUDGET = 0.05
MAX_EMERGENCY_LOSS_BUDGET = 0.05
MAX_MIN_IDLE = 0.50

CEILINGS: Mapping[str, float] = {
    "max_gross_leverage": MAX_GROSS_LEVERAGE,
    "max_net_delta": MAX_NET_DELTA,
    "max_slippage": MAX_SLIPPAGE,
    "max_loss_per_plan": MAX_LOSS_PER_PLAN,
    "max_daily_loss": MAX_DAILY_LOSS,
    "max_drawdown": MAX_DRAWDOWN,
    "cooldown_s": MAX_COOLDOWN_S,
    "max_oracle_age_s": MAX_ORACLE_AGE_S,
    "max_turnover": MAX_TURNOVER,
    "loss_budget": MAX_LOSS_BUDGET,
    "emergency_loss_budget": MAX_EMERGENCY_LOSS_BUDGET,
    "min_idle": MAX_MIN_IDLE,
}
FLOORS: Mapping[str, float] = {
    "min_liquidation_distance": MIN_LIQUIDATION_DISTANCE,
    "cooldown_s": MIN_COOLDOWN_S,
}

# The contract counts in basis points, so a smaller limit would be zero there, which forbids everything.
BasisPointOrMore = Annotated[float, Field(ge=1 / BPS)]


@dataclass(frozen=True, slots=True)
class ContractLimits:
    """The `Limits` struct of the contract, field for field."""

    max_gross_leverage_bps: int
    max_net_delta_bps: int
    max_trade_notional: int
    max_slippage_bps: int
    max_loss_per_plan_bps: int
    max_daily_loss_bps: int
    max_drawdown_bps: int
    min_liquidation_distance_bps: int
    cooldown_seconds: int
    max_oracle_age_seconds: int
    max_turnover_bps: int
    loss_budget_bps: int
    emergency_loss_budget_bps: int
    min_idle_bps: int

    def as_tuple(self) -> tuple[int, ...]:
        """The struct as eth_abi encodes it."""
        return astuple(self)


class Policy(BaseModel):
    """Hard limits of one vault, as written in a strategy's `policy:` block. Every field is required.

    Fractions are of net asset value unless said otherwise (0.02 is 2 %).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    max_gross_leverage: BasisPointOrMore  # sum of the legs' notionals / NAV
    max_net_delta: BasisPointOrMore  # |net notional| / NAV
    max_trade_usd: Annotated[float, Field(ge=1, le=1e12)]  # notional of one plan
    max_slippage: BasisPointOrMore  # of the reference price, per fill
    max_loss_per_plan: BasisPointOrMore
    max_daily_loss: BasisPointOrMore  # of the share price at the start of the UTC day
    max_drawdown: BasisPointOrMore  # of the highest share price
    min_liquidation_distance: Annotated[float, Field(gt=0, lt=1)]  # of the mark price
    cooldown_s: Annotated[int, Field(gt=0)]
    max_oracle_age_s: Annotated[int, Field(gt=0)]
    max_turnover: BasisPointOrMore  # notional traded in a rolling day / NAV
    loss_budget: BasisPointOrMore  # execution losses in a rolling day / NAV, of plans that do not only reduce
    emergency_loss_budget: BasisPointOrMore  # the same of plans that only reduce
    min_idle: BasisPointOrMore  # cash / NAV that a plan leaves which does not only reduce

    def ceilings(self) -> list[Reason]:
        """Every limit that is looser than the contract would ever accept."""
        return looser_than_contract(self.model_dump())

    def to_contract(self) -> ContractLimits:
        """Constructor arguments of the contract; fractions round towards the tighter side."""
        return ContractLimits(
            max_gross_leverage_bps=_bps(self.max_gross_leverage),
            max_net_delta_bps=_bps(self.max_net_delta),
            max_trade_notional=int(self.max_trade_usd * ASSET_DECIMALS_USD),
            max_slippage_bps=_bps(self.max_slippage),
            max_loss_per_plan_bps=_bps(self.max_loss_per_plan),
            max_daily_loss_bps=_bps(self.max_daily_loss),
            max_drawdown_bps=_bps(self.max_drawdown),
            min_liquidation_distance_bps=-_bps(-self.min_liquidation_distance),
            cooldown_seconds=self.cooldown_s,
            max_oracle_age_seconds=self.max_oracle_age_s,
            max_turnover_bps=_bps(self.max_turnover),
            loss_budget_bps=_bps(self.loss_budget),
            emergency_loss_budget_bps=_bps(self.emergency_loss_budget),
            min_idle_bps=-_bps(-self.min_idle),
        )

    def differences(self, on_chain: ContractLimits) -> list[Reason]:
        """Every limit whose value in the contract is not the one in this file."""
        mine = self.to_contract()
        return [
            Reason(
                Code.POLICY_MISMATCH,
                f"policy.{key}: {name} is {getattr(mine, name)} here, {getattr(on_chain, name)} in the contract",
                float(getattr(mine, name)),
                float(getattr(on_chain, name)),
                f"policy.{key}",
            )
            for key, name in zip(Policy.model_fields, ContractLimits.__slots__, strict=True)
            if getattr(mine, name) != getattr(on_chain, name)
        ]


def looser_than_contract(limits: Mapping[str, float]) -> list[Reason]:
    """Every limit, by its name in the `policy:` block, that lies outside what the contract would ever accept."""
    above = [
        _looser(name, limits[name], most, "above") for name, most in CEILINGS.items() if limits.get(name, most) > most
    ]
    below = [
        _looser(name, limits[name], least, "below") for name, least in FLOORS.items() if limits.get(name, least) < least
    ]
    return above + below


def _bps(fraction: float) -> int:
    # The small allowance undoes binary representation (0.07 * 10_000 is 700.0000000000001) without loosening.
    whole = fraction * BPS
    nearest = round(whole)
    if abs(whole - nearest) < 1e-6:
        return nearest
    return int(whole // 1)


def _looser(name: str, value: float, bound: float, side: str) -> Reason:
    return Reason(
        Code.CONFIG_LOOSER_THAN_CONTRACT,
        f"policy.{name}: {type(bound)(value)} is {side} the contract's {bound}",
        float(value),
        float(bound),
        f"policy.{name}",
    )
