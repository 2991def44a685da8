"""The hard limits: one model that gives the gate its bounds and the contracts their constructor arguments."""

from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.reasons import Code, Reason
from agent.units import BPS

ASSET_DECIMALS_USD = 10**6

# The ceilings and floors that contracts/src/Policy.sol holds as constants; a test compares them.
CEILINGS: Mapping[str, float] = {
    "max_gross_leverage": 3.0,
    "max_net_delta": 1.0,
    "min_liquidation_distance": 1.0,
    "min_health": 6.0,
    "min_idle": 0.50,
    "max_slippage": 0.05,
    "max_loss_per_plan": 0.05,
    "loss_budget": 0.05,
    "emergency_loss_budget": 0.05,
    "max_turnover": 20.0,
    "max_daily_loss": 0.20,
    "max_weekly_loss": 0.30,
    "max_drawdown": 0.50,
    "max_growth": 1.0,
    "flow_buffer": 0.01,
    "cooldown_s": 86_400,
    "max_oracle_age_s": 86_400,
    "max_silence_s": 7 * 86_400,
}
FLOORS: Mapping[str, float] = {
    "min_liquidation_distance": 0.03,
    "min_health": 1.05,
    "cooldown_s": 30,
    "max_silence_s": 3_600,
}

LOSS_WINDOW_S = 7 * 86_400  # LOSS_WINDOW of contracts/src/Envelope.sol: a full loss budget drains in it

LATCH_MODES = {"reduce_only": 1, "halted": 2}  # as the contract's Mode numbers them

# The contract counts in basis points, so a smaller limit would be zero there, which forbids everything.
BasisPointOrMore = Annotated[float, Field(ge=1 / BPS)]
PartOfNav = Annotated[float, Field(ge=1 / BPS, le=100)]  # of caps: the contract has no ceiling but 32 bits for it
Usd = Annotated[float, Field(ge=1, le=1e12)]
Seconds = Annotated[int, Field(gt=0)]


@dataclass(frozen=True, slots=True)
class ContractLimits:
    """The `Limits` struct of contracts/src/Limits.sol, field for field."""

    max_gross_leverage_bps: int
    max_net_delta_bps: int
    min_liquidation_distance_bps: int
    min_health_bps: int
    min_idle_bps: int
    max_slippage_bps: int
    max_loss_per_plan_bps: int
    loss_budget_bps: int
    emergency_loss_budget_bps: int
    max_turnover_bps: int
    max_daily_loss_bps: int
    max_weekly_loss_bps: int
    max_drawdown_bps: int
    max_growth_bps: int
    flow_buffer_bps: int
    max_trade_notional: int
    cooldown_seconds: int
    max_oracle_age_seconds: int
    max_silence_seconds: int
    latch_mode: int
    max_total_assets: int

    def as_tuple(self) -> tuple[int, ...]:
        """The struct as eth_abi encodes it."""
        return astuple(self)


@dataclass(frozen=True, slots=True)
class ContractCap:
    """The `Cap` struct: the most that may be held at one venue, or in one base token."""

    amount: int  # asset units
    bps: int  # of net asset value

    def as_tuple(self) -> tuple[int, int]:
        """The struct as eth_abi encodes it."""
        return (self.amount, self.bps)


class Policy(BaseModel):
    """Hard limits of one vault, as written in a strategy's `policy:` block. Every field is required.

    Fractions are of net asset value unless said otherwise (0.02 is 2 %).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    # where positions may be after a plan
    max_gross_leverage: BasisPointOrMore  # sum of the legs' notionals / NAV
    max_net_delta: BasisPointOrMore  # |net notional| / NAV, of each base token
    min_liquidation_distance: Annotated[float, Field(gt=0, lt=1)]  # of the mark price
    min_health: Annotated[float, Field(gt=1)]  # what secures a position / what the venue asks for; 1 is liquidation
    min_idle: BasisPointOrMore  # cash / NAV that a plan leaves which does not only reduce
    # what trading may cost
    max_slippage: BasisPointOrMore  # of the reference price, per fill
    max_loss_per_plan: BasisPointOrMore
    loss_budget: BasisPointOrMore  # execution losses / NAV of plans that do not only reduce; drains in a week
    emergency_loss_budget: BasisPointOrMore  # the same of plans that only reduce
    max_turnover: BasisPointOrMore  # notional traded / NAV; drains in a day
    # when the vault stops by itself
    max_daily_loss: BasisPointOrMore  # of the share price at the start of the UTC day
    max_weekly_loss: BasisPointOrMore  # of the share price at the start of the week, Monday
    max_drawdown: BasisPointOrMore  # of the highest share price
    # shares
    max_growth: BasisPointOrMore  # rise of the share price in a day
    flow_buffer: Annotated[float, Field(ge=0)]  # of a deposit and of a redemption; stays with the holders
    max_trade_usd: Usd  # notional of one plan
    cooldown_s: Seconds
    max_oracle_age_s: Seconds
    max_silence_s: Seconds  # without a plan or heartbeat, before anybody may unwind
    latch_mode: Literal["reduce_only", "halted"]  # what a broken loss limit sets
    max_total_assets_usd: Usd  # after a deposit
    # caps of every venue and base token of this vault, absolute and against NAV
    venue_cap_usd: Usd
    venue_cap: PartOfNav
    asset_cap_usd: Usd
    asset_cap: PartOfNav

    def ceilings(self) -> list[Reason]:
        """Every limit that is looser than the contract would ever accept."""
        return looser_than_contract(self.model_dump(exclude={"latch_mode"}))

    def to_contract(self) -> ContractLimits:
        """The contract's limits; fractions round towards the tighter side."""
        return _contract_limits(self)

    def worst_loss(self, seconds: float) -> float:
        """Most that whoever holds the agent's key can lose by trading within any window of `seconds`, as a part of NAV.

            (loss_budget + emergency_loss_budget) x (1 + seconds / 604,800)

        Source: docs/threat-model.md
        """
        limits = self.to_contract()
        return (limits.loss_budget_bps + limits.emergency_loss_budget_bps) / BPS * (1 + seconds / LOSS_WINDOW_S)

    def venue_cap_to_contract(self) -> ContractCap:
        """The cap of each venue."""
        return ContractCap(_units(self.venue_cap_usd), _bps(self.venue_cap))

    def asset_cap_to_contract(self) -> ContractCap:
        """The cap of each base token."""
        return ContractCap(_units(self.asset_cap_usd), _bps(self.asset_cap))

    def differences(
        self, on_chain: ContractLimits, venue_caps: Mapping[str, ContractCap], asset_caps: Mapping[str, ContractCap]
    ) -> list[Reason]:
        """Every limit whose value in the contract is not the one in this file."""
        return [
            Reason(
                Code.POLICY_MISMATCH,
                f"policy.{row.key}: {row.name} is {row.here} here, {row.there} in the contract",
                float(row.here),
                float(row.there),
                f"policy.{row.key}",
            )
            for row in self.compare(on_chain, venue_caps, asset_caps)
            if row.here != row.there
        ]

    def compare(
        self, on_chain: ContractLimits, venue_caps: Mapping[str, ContractCap], asset_caps: Mapping[str, ContractCap]
    ) -> "Iterator[Row]":
        """Every limit, as this file has it and as the contract has it.

        Parameters
        ----------
        venue_caps, asset_caps : by the address of the adapter, and of the base token
        """
        mine = self.to_contract()
        for key, name in zip(Policy.model_fields, ContractLimits.__slots__, strict=False):
            yield Row(key, name, getattr(mine, name), getattr(on_chain, name))
        for venue, cap in venue_caps.items():
            yield from _compare_caps("venue_cap", f"venue {venue}", self.venue_cap_to_contract(), cap)
        for token, cap in asset_caps.items():
            yield from _compare_caps("asset_cap", f"token {token}", self.asset_cap_to_contract(), cap)


@lru_cache(maxsize=128)  # asked for several times in a cycle, of the same few policies
def _contract_limits(policy: Policy) -> ContractLimits:
    return ContractLimits(
        max_gross_leverage_bps=_bps(policy.max_gross_leverage),
        max_net_delta_bps=_bps(policy.max_net_delta),
        min_liquidation_distance_bps=-_bps(-policy.min_liquidation_distance),
        min_health_bps=-_bps(-policy.min_health),
        min_idle_bps=-_bps(-policy.min_idle),
        max_slippage_bps=_bps(policy.max_slippage),
        max_loss_per_plan_bps=_bps(policy.max_loss_per_plan),
        loss_budget_bps=_bps(policy.loss_budget),
        emergency_loss_budget_bps=_bps(policy.emergency_loss_budget),
        max_turnover_bps=_bps(policy.max_turnover),
        max_daily_loss_bps=_bps(policy.max_daily_loss),
        max_weekly_loss_bps=_bps(policy.max_weekly_loss),
        max_drawdown_bps=_bps(policy.max_drawdown),
        max_growth_bps=_bps(policy.max_growth),
        flow_buffer_bps=-_bps(-policy.flow_buffer),
        max_trade_notional=_units(policy.max_trade_usd),
        cooldown_seconds=policy.cooldown_s,
        max_oracle_age_seconds=policy.max_oracle_age_s,
        max_silence_seconds=policy.max_silence_s,
        latch_mode=LATCH_MODES[policy.latch_mode],
        max_total_assets=_units(policy.max_total_assets_usd),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One limit: its key in the file, what it is called, and its value here and in the contract."""

    key: str
    name: str
    here: int
    there: int


def _compare_caps(key: str, what: str, here: ContractCap, there: ContractCap) -> Iterator[Row]:
    yield Row(f"{key}_usd", f"{what}, asset units", here.amount, there.amount)
    yield Row(key, f"{what}, bps", here.bps, there.bps)


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


def _units(usd: float) -> int:
    return int(usd * ASSET_DECIMALS_USD)


def _looser(name: str, value: float, bound: float, side: str) -> Reason:
    return Reason(
        Code.CONFIG_LOOSER_THAN_CONTRACT,
        f"policy.{name}: {type(bound)(value)} is {side} the contract's {bound}",
        float(value),
        float(bound),
        f"policy.{name}",
    )
