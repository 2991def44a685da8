"""`ballast policy diff`: the limits of a strategy file beside those of a deployed vault, row by row."""

import re
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from agent.agreement import read_agreement
from agent.check import EXIT_OK, EXIT_REFUSED
from agent.config.file import load_config
from agent.market.asked_chain import asked_node, require_address
from agent.policy import Row

_ADDRESS = re.compile(r"(0x[0-9a-fA-F]{4})[0-9a-fA-F]{32}([0-9a-fA-F]{4})")


def report_policy_diff(path: str | Path, rpc: str, vault: str, console: Console) -> int:
    """Print every limit of the file and of the vault, and return the exit code: 0 when all are equal, 2 otherwise.

    Raises
    ------
    Refusal : the file is faulty, there is no vault at that address, or it could not be read
    """
    policy = load_config(path).config.policy
    with asked_node(rpc, "--rpc and --vault") as node:
        found = read_agreement(node, require_address(vault, "--vault"))
    rows = list(policy.compare(found.limits, found.venue_caps, found.asset_caps))
    console.print(_table(rows))
    different = [row for row in rows if row.here != row.there]
    if not found.handed_over:
        console.print(
            f"[bold red]not handed over[/]: the deployer of the authority {found.authority} still has all power"
        )
    if different:
        console.print(
            f"[bold red]{len(different)} of {len(rows)} limits differ[/]: change {path}, or announce a change on chain",
            soft_wrap=True,
        )
    elif found.handed_over:
        console.print(f"[bold green]equal[/]  all {len(rows)} limits")
    return EXIT_REFUSED if different or not found.handed_over else EXIT_OK


def _table(rows: list[Row]) -> Table:
    table = Table(title="limits as the contract counts them", title_justify="left", box=SIMPLE)
    table.add_column("policy.")
    table.add_column("what")
    for column in ("file", "contract"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("")
    for row in rows:
        mark = "" if row.here == row.there else "[bold red]differs[/]"
        table.add_row(row.key, _ADDRESS.sub(r"\1…\2", row.name), f"{row.here:,}", f"{row.there:,}", mark)
    return table
