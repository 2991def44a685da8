"""A seeded carry run, hour by hour on the small vault: plausible enough to look at, quick enough for a test."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from small_vault import LOT, SmallVault

from agent.decision import Decision, Proposal, Scaler, Target
from agent.ledger import (
    CycleRecord,
    Digest,
    Flow,
    Gas,
    Ledger,
    PlanRecord,
    Run,
    Swap,
    attribute,
    cycle_record,
    summarise,
)
from agent.market.observation import VaultState
from agent.reasons import Code, Reason
from agent.risk import above_minimum, below_maximum

RUN = Run(
    strategy="eth-carry",
    config_hash="5f" * 32,
    data_source="seeded generator of tests/ledger",
    synthetic=True,
    seed=7,
    target_volatility=0.04,
    max_drawdown=0.08,
)
WARM_UP_H = 168


@dataclass(frozen=True, slots=True)
class Finished:
    """The run's ledger, still open, and the digest of its decisions."""

    ledger: Ledger
    digest: str


def carry_run(path: Path, days: int = 60, seed: int = 7) -> Finished:
    ledger, digest = Ledger.open(path), Digest()
    for record in carry_records(days, seed):
        ledger.record_cycle(record)
        digest.add(record.decision, {"total_assets": record.total_assets_usd})
    return Finished(ledger, digest.hexdigest())


def carry_result(finished: Finished) -> dict[str, object]:
    table = finished.ledger.cycles_table()
    return summarise(RUN, table, liquidations=0, wall_seconds=12.5, deterministic_digest=finished.digest)


def carry_records(days: int, seed: int) -> list[CycleRecord]:
    draw = np.random.default_rng(seed)
    vault = SmallVault()
    vault.deposit(10_000_000 * 10**6)
    before, gas_paid, records = vault.state(), 0.0, []
    basis, funding = 0.0004, 1.2e-5
    for number in range(days * 24):
        flow = _flow(vault, number)
        shock = draw.standard_t(4) * 0.0042
        basis += 0.15 * (0.0004 - basis) + draw.normal(0, 3.2e-4)
        funding += 0.01 * (1.3e-5 - funding) + draw.normal(0, 3.0e-7)
        oracle = max(1_000, round(vault.oracle * math.exp(shock)))
        vault.pass_hour(oracle, round(oracle * (1 + basis)), round(funding * 1e9))
        forecast = 0.038 + 0.014 * math.sin(number / 260)
        decision, refusals = _decide(vault, number, forecast, funding)
        swaps, gas, plan = [], [], None
        if decision.proposal.trades() and not refusals:
            vault.arrive_home()
            swaps = _trade(vault, decision.proposal, draw)
            vault.plan_count += 1
            gas = [Gas(610_000 + int(draw.integers(40_000)), 120_000_000, 38.0)]
            plan = PlanRecord(vault.plan_count, f"0x{draw.bytes(32).hex()}", gas[0].used)
        after = vault.state()
        gas_paid += sum(item.usd for item in gas)
        step = attribute(before, after, swaps=swaps, flow=flow, gas=gas)
        records.append(
            cycle_record(
                number,
                vault.time_s,
                after,
                decision,
                step,
                gas_paid_usd=gas_paid,
                headroom=_headroom(after),
                gate_refusals=refusals,
                forecast_volatility=forecast,
                plan=plan,
                transactions=len(gas),
                gas_used=sum(item.used for item in gas),
            )
        )
        before = after
    return records


def _flow(vault: SmallVault, number: int) -> Flow:
    if number == 480:
        vault.deposit(2_500_000 * 10**6)
        return Flow(deposits=2_500_000 * 10**6)
    if number == 1_100:
        amount = min(400_000 * 10**6, vault.idle)
        vault.withdraw(amount)
        return Flow(withdrawals=amount)
    return Flow()


def _decide(vault: SmallVault, number: int, forecast: float, funding: float) -> tuple[Decision, tuple[Reason, ...]]:
    if number < WARM_UP_H:
        reason = Reason(
            Code.WARMING_UP, "history is too short", float(number), float(WARM_UP_H), "volatility.warm_up_h"
        )
        return Decision(vault.time_s, "eth-carry", None, (), Proposal(), "Waits for history.", (reason,)), ()
    nav = vault.total_assets() / 1e6
    by_volatility = min(1.0, 0.04 / forecast)
    annual = funding * 8_760
    by_funding = min(1.0, max(0.0, (annual - 0.0) / 0.06))
    exposure = 0.65 * by_volatility * by_funding
    held = vault.spot_value() / 1e6 / nav
    skewed = abs(vault.spot_value() + vault.size * vault.mark) / 1e6 / nav > 0.01
    scalers = (
        Scaler("volatility", by_volatility, (("forecast", forecast), ("target", 0.04)),
               f"Forecast volatility of {forecast:.1%} against a target of 4.0% allows {by_volatility:.0%}."),
        Scaler("funding", by_funding, (("annual", annual), ("full", 0.06)),
               f"Mean funding of {annual:.1%} a year earns {by_funding:.0%} of the full size."),
    )  # fmt: skip
    price = vault.oracle / 100
    target = Target(exposure, exposure * nav / price, -exposure * nav / price, 0.4 * exposure * nav)
    if abs(exposure - held) < 0.08 * exposure and not skewed:
        return Decision(vault.time_s, "eth-carry", target, scalers, Proposal(), "Inside the no-trade band."), ()
    wanted_lots = round(exposure * nav / price * LOT)
    proposal = Proposal(
        spot_base_delta=wanted_lots * 10**14 - vault.spot_base, perp_size_delta=-wanted_lots - vault.size
    )
    note = f"Exposure of {held:.1%} is outside the band around {exposure:.1%}: trades to the target."
    refusals: tuple[Reason, ...] = ()
    if number % 41 == 0:
        refusals = (Reason(Code.COOLDOWN, "too soon after the last plan", 400.0, 600.0, "policy.cooldown_s"),)
    return Decision(vault.time_s, "eth-carry", target, scalers, proposal, note), refusals


def _trade(vault: SmallVault, proposal: Proposal, draw: np.random.Generator) -> list[Swap]:
    slippage = int(draw.integers(20, 120))
    swaps = []
    if proposal.spot_base_delta < -(10**15):
        swaps.append(vault.sell_spot(-proposal.spot_base_delta, slippage))
    if proposal.spot_base_delta > 10**15:
        cost = proposal.spot_base_delta * vault.oracle // 10**14
        swaps.append(vault.buy_spot(cost * 1_000_800 // 1_000_000, slippage))
    if proposal.perp_size_delta:
        vault.order(proposal.perp_size_delta, slippage)
    wanted = abs(vault.size * vault.mark) * 2 // 5
    if vault.account_value() < wanted:
        vault.to_perp(min(vault.idle * 9 // 10, wanted - vault.account_value()))
    elif vault.account_value() > wanted * 4 // 3:
        vault.send_home(vault.account_value() - wanted)
    return swaps


def _headroom(state: VaultState) -> dict[str, float]:
    nav = state.total_assets
    distance = state.liquidation_distance_bps
    return {
        "gross_leverage": below_maximum(state.gross_exposure / nav, 1.6),
        "net_delta": below_maximum(abs(state.net_delta) / nav, 0.05),
        "drawdown": below_maximum(1 - state.share_price_e18 / state.high_water_mark_e18, 0.08),
        "liquidation_distance": 1.0 if distance is None else above_minimum(distance / 10_000, 0.10),
    }
