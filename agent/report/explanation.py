"""One decision on the terminal: what was known, what each scaler made of it, and the plan it comes to."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agent.decision import Decision
from agent.execution.plan import Plan
from agent.market.observation import Observation, VaultState
from agent.reasons import Reason

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def print_explanation(
    console: "Console",
    observation: Observation,
    decision: Decision,
    plan: Plan | None,
    refusals: tuple[Reason, ...],
    market: str,
) -> None:
    """Print inputs with source and age, scalers with their sentences, the target, and the rehearsed plan."""
    moment = datetime.fromtimestamp(observation.time, UTC)
    console.print(f"[bold]{decision.strategy}[/]  {moment:%Y-%m-%d %H:%M} UTC, block {observation.vault.block.number}")
    console.print(f"market  {market}\n", highlight=False, soft_wrap=True)
    console.print(_inputs(observation))
    if decision.scalers:
        console.print(_scalers(decision))
    _print_target(console, decision, observation)
    console.print(f"\n[bold]step[/]  {decision.note}", highlight=False, soft_wrap=True)
    for reason in (*decision.refusals, *refusals):
        console.print(f"[bold red]refused[/]  {reason}", highlight=False, soft_wrap=True, markup=True)
    if plan is not None:
        _print_plan(console, plan, rehearsed=not refusals)


def _inputs(observation: Observation) -> "Table":
    from rich.table import Table

    table = Table("input", "value", "unit", "source", "age", title="What is known", title_justify="left")
    for column in (1, 4):
        table.columns[column].justify = "right"
    market, vault, now = observation.market, observation.vault, observation.time
    for name, fact in (("spot", market.spot), ("perp mark", market.perp), ("open interest", market.open_interest)):
        if fact is not None:
            table.add_row(name, f"{fact.value:,.2f}", fact.unit, fact.source, age(now - fact.at))
    if market.funding is not None:
        rate, fact = market.funding
        text = f"{rate.value:+.6f} ({rate.annualised():+.2%} a year)"
        table.add_row("funding", text, f"per {rate.interval_h:g} h", fact.source, age(now - fact.at))
    table.add_row("history", f"{len(market.history.time_s):,}", "hours", "market", "")
    for row in vault_rows(vault, now):
        table.add_row(*row)
    return table


def vault_rows(vault: VaultState, now: int) -> Iterator[tuple[str, str, str, str, str]]:
    """The vault's numbers as rows of name, value, unit, source and age; `now` in unix seconds."""
    oracle_age, block_age = age(now - vault.oracle_updated_at), age(now - vault.block.timestamp)
    asset, base = vault.asset, vault.base
    yield "oracle price", f"{vault.oracle_price:,.2f}", "USD", "Chainlink feed", oracle_age
    yield "pool price", f"{vault.pool_price:,.2f}", "USD", "Uniswap v3 pool", block_age
    yield "net asset value", f"{asset.to_float(vault.total_assets):,.2f}", asset.symbol, "vault", block_age
    yield "idle cash", f"{asset.to_float(vault.idle_assets):,.2f}", asset.symbol, "vault", block_age
    yield "spot leg", f"{base.to_float(vault.spot_base):,.4f}", base.symbol, "spot adapter", block_age
    if vault.perp is not None:
        size = vault.perp.size / 10**vault.perp.size_decimals
        yield "perp leg", f"{size:,.4f}", base.symbol, "HyperCore", block_age
        yield "margin equity", f"{vault.perp.account_value / 1e6:,.2f}", "USD", "HyperCore", block_age
    if vault.loan is not None:
        loan = vault.loan
        yield "collateral", f"{asset.to_float(loan.collateral):,.2f}", asset.symbol, "Aave v3", block_age
        yield "debt", f"{base.to_float(loan.debt):,.4f}", base.symbol, "Aave v3", block_age
        health = "no debt" if vault.health_bps is None else f"{vault.health_bps / 10_000:.4f}"
        yield "health factor", health, "", "vault", block_age
        for name, rate in (("supply rate", loan.supply_rate), ("borrow rate", loan.borrow_rate)):
            yield name, f"{rate.annualised():+.2%}", "a year", "Aave v3", block_age
    distance = vault.liquidation_distance_bps
    far = "none possible" if distance is None else f"{distance / 10_000:.1%}"
    yield "distance to liquidation", far, "of the mark", "vault", block_age
    yield "mode", vault.mode.name, "", "vault", block_age


def _scalers(decision: Decision) -> "Table":
    from rich.table import Table

    table = Table("scaler", "value", "why", title="What each scaler makes of it", title_justify="left")
    table.columns[1].justify = "right"
    for scaler in decision.scalers:
        table.add_row(scaler.name, f"{scaler.value:.4f}", scaler.sentence)
    return table


def _print_target(console: "Console", decision: Decision, observation: Observation) -> None:
    target, base = decision.target, observation.vault.base.symbol
    if target is None:
        console.print("\n[bold]target[/]  none: nothing may be decided now")
        return
    text = f"\n[bold]target[/]  exposure {target.exposure:.4f} of net asset value: spot {target.spot_base:+,.4f} {base}"
    if observation.vault.short_leg is not None:
        leg = "perp" if observation.vault.loan is None else "loan"
        text += f", {leg} {target.perp_base:+,.4f} {base}, margin {target.margin_usd:,.2f} USD"
    console.print(text, highlight=False, soft_wrap=True)


def _print_plan(console: "Console", plan: Plan, *, rehearsed: bool) -> None:
    verdict = "[green]the vault accepts it[/]" if rehearsed else "[red]the vault refuses it[/]"
    console.print(f"[bold]plan {plan.number}[/]  rehearsed, not sent: {verdict}")
    for number, action in enumerate(plan.actions, 1):
        console.print(f"  {number}. {action.sentence}", highlight=False, soft_wrap=True)
    if not plan.actions:
        console.print(f"  no action: {plan.note}", highlight=False, soft_wrap=True)


def age(seconds: float) -> str:
    """A time span as a person says it."""
    if seconds < 10 and seconds != int(seconds):
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3600:.1f} h"
