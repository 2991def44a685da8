"""What a person does from a terminal: look at the service, stop a vault, let it go on, read the journal."""

import getpass
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sql
from rich.markup import escape
from rich.table import Table

from agent.check import EXIT_OK, EXIT_REFUSED
from agent.execution.journal import open_journal
from agent.execution.nonces import final_nonce
from agent.execution.signers import open_signer
from agent.reasons import Code, Reason, Refusal
from agent.risk.controls import SECONDS_PER_DAY
from agent.service.failures import with_service
from agent.service.kill_switch import KillSwitch, stop
from agent.service.latches import EVERY_VAULT, Latches
from agent.service.settings import LoadedService
from agent.watch.secrets import Redactor
from chains.providers import ProviderPool

if TYPE_CHECKING:
    from rich.console import Console

CODES = {"pause": Code.PAUSED, "kill": Code.KILLED}


@with_service
def report_status(loaded: LoadedService, console: "Console") -> int:
    """Print what stops each vault and what it did in the last day; exit code 2 when anything stops one.

    It reads the database, so it works whether or not the agent runs.
    """
    latches = _latches(loaded)
    switch = KillSwitch(loaded.state, latches)
    redact = Redactor(loaded.secrets())
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("vault", "may send", "plans/24 h", "traded/24 h", "assets", "as of"):
        table.add_column(name, justify="right" if name not in ("vault", "may send") else "left", no_wrap=True)
    stopped = []
    now = int(time.time())
    for name in _names(loaded):
        reasons = switch.reasons(name)
        plans = latches.plans_since(name, now - SECONDS_PER_DAY)
        value = latches.last_value(name)
        table.add_row(
            name,
            "[red]no[/]" if reasons else "[green]yes[/]",
            str(len(plans)),
            f"{sum(plan.traded_usd for plan in plans):,.0f}",
            "" if value is None else f"{value.nav_usd:,.0f}",
            "" if value is None else _moment(value.at_s),
        )
        stopped += [(name, reason) for reason in reasons]
    console.print(table)
    for name, reason in stopped:
        console.print(f"[bold red]{reason.code}[/]  {name}: {_said(reason, redact)}", highlight=False, soft_wrap=True)
    return EXIT_REFUSED if stopped else EXIT_OK


@with_service
def report_stop(loaded: LoadedService, vault: str, action: str, console: "Console") -> int:
    """Pause or kill a vault, `*` for all of the service."""
    _require_known(loaded, vault)
    person = getpass.getuser()
    stop(_latches(loaded), vault, CODES[action], f"{action} by {person}", person)
    console.print(f"{CODES[action]}  {vault}: nothing more is sent until ballast resume", highlight=False)
    return EXIT_OK


@with_service
def report_resume(loaded: LoadedService, vault: str, console: "Console") -> int:
    """Clear the latches of a vault; `*` clears those of all. A kill file stays for whoever made it."""
    _require_known(loaded, vault)
    latches, redact = _latches(loaded), Redactor(loaded.secrets())
    person, now = getpass.getuser(), int(time.time())
    names = [vault] if vault != EVERY_VAULT else [EVERY_VAULT, *_names(loaded)]
    found = {latch.id: latch for name in names for latch in latches.active(name) if latch.vault in names}
    for name in names:
        latches.clear(name, now, person)
    for latch in found.values():
        console.print(
            f"cleared  {latch.reason.code}  {latch.vault}: {_said(latch.reason, redact)}",
            highlight=False,
            soft_wrap=True,
        )
    if not found:
        console.print(f"nothing was latched for {vault}", highlight=False)
    switch = KillSwitch(loaded.state, latches)
    left = {reason for name in names if name != EVERY_VAULT for reason in switch.reasons(name)}
    for reason in left:
        console.print(f"[bold red]{reason.code}[/]  still: {_said(reason, redact)}", highlight=False, soft_wrap=True)
    return EXIT_REFUSED if left else EXIT_OK


@with_service
def report_journal(loaded: LoadedService, last: int, console: "Console") -> int:
    """Print the last plans with their transactions and what came of them; the agent may run meanwhile."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("plan", "vault", "made (UTC)", "outcome", "transaction", "why"):
        table.add_column(name, no_wrap=name in ("plan", "vault", "made (UTC)", "transaction"))
    rows, redact = _journal_rows(loaded, last), Redactor(loaded.secrets())
    for row in rows:
        table.add_row(
            str(row.plan_number),
            f"{row.vault[:8]}…",
            _moment(row.block_time),
            " ".join(one for one in (row.status or row.state, row.code) if one),
            "" if row.hash is None else f"{row.hash[:10]}…",
            escape(redact(row.reason)),
        )
    console.print(table if rows else "nothing was sent yet")
    return EXIT_OK


@with_service
def report_accept(loaded: LoadedService, note: str, console: "Console") -> int:
    """Take the chain's nonce as it is and the reverts so far as understood, in the name of whoever types this.

    The agent must not run: its journal is held by it.

    Raises
    ------
    Refusal : no note, the agent runs, the journal cannot be written, the nonce is not final, or nobody can say it
    """
    if not note.strip():
        message = "a sentence is missing: what happened, and why it is understood"
        raise Refusal(Reason(Code.CONFIG_MISSING, message, where="--note"))
    nodes, chain = loaded.service.nodes, loaded.chain(loaded.strategies())
    signer = open_signer(loaded.signer())
    person = getpass.getuser()
    with (
        open_journal(loaded.journal_place, Redactor(loaded.secrets())) as journal,
        ProviderPool(nodes.read_urls(), chain_id=chain.chain_id, needed=nodes.needed) as pool,
    ):
        nonce = final_nonce(pool, signer.address, chain.finality_blocks)
        journal.accept(signer.address, nonce, person, note)
    console.print(f"accepted by {person}: the next nonce of {signer.address} is {nonce}")
    return EXIT_OK


def _latches(loaded: LoadedService) -> Latches:
    loaded.state.mkdir(parents=True, exist_ok=True)
    return Latches(loaded.latches_url, Redactor(loaded.secrets()))


def _names(loaded: LoadedService) -> list[str]:
    return [one.config.name for one in loaded.strategies()]


def _require_known(loaded: LoadedService, vault: str) -> None:
    known = _names(loaded)
    if vault != EVERY_VAULT and vault not in known:
        message = f"{vault} is no vault of this service; there is {', '.join(known)}, and * for all"
        raise Refusal(Reason(Code.CONFIG_MISSING, message, where=str(loaded.path)))


def _journal_rows(loaded: LoadedService, last: int) -> list[sql.Row[tuple[object, ...]]]:
    """Read without the journal's lock, which the running agent holds."""
    place = loaded.journal_place
    if "://" in place:
        engine = sql.create_engine(place.replace("postgresql://", "postgresql+psycopg://"))
    elif not Path(place).exists():
        return []
    else:
        engine = sql.create_engine(f"sqlite:///file:{Path(place).resolve()}?mode=ro&uri=true")
    statement = sql.text(
        "SELECT i.plan_number, i.vault, i.block_time, i.state, i.reason, o.status, o.code, o.hash"
        " FROM intents i LEFT JOIN outcomes o ON o.id = (SELECT MAX(id) FROM outcomes WHERE intent_id = i.id)"
        " ORDER BY i.id DESC LIMIT :last"
    )
    try:
        with engine.connect() as connection:
            return list(connection.execute(statement, {"last": last}))
    finally:
        engine.dispose()


def _said(reason: Reason, redact: Redactor) -> str:
    """Hidden here once more: another process may have written it, which knew other secrets."""
    return escape(str(redact.reason(reason)).removeprefix(f"{reason.code}: "))


def _moment(at_s: int) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M:%S}"
