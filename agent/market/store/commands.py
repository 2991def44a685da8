"""`ballast data pull`, `import`, `check` and `show`: what they do, what they print, and their exit codes."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from agent.check import EXIT_OK, EXIT_REFUSED
from agent.market.file_checks import Origin
from agent.market.store.as_market import symbol_at
from agent.market.store.check import check_data, held_series
from agent.market.store.findings import Finding, facts, problems
from agent.market.store.layout import CANDLE_KINDS, HOUR_MS, Key, Kind, base_of, is_store
from agent.market.store.pull import pull_series
from agent.market.store.recorded import import_recorded
from agent.market.store.recordings import Recording
from agent.market.store.store import Extent, Store, open_store, stamps
from agent.reasons import Code, Reason, Refusal

STORE = Path("runs/store")
KINDS = (Kind.FUNDING, Kind.PERP, Kind.MARK, Kind.SPOT, Kind.OPEN_INTEREST)


def pull_data(
    venue: str,
    symbol: str,
    since: str,
    until: str | None,
    store_folder: Path,
    base_url: str | None,
    kinds: Sequence[str],
    console: Console,
) -> int:
    """Download a market's history into the store, each series with a bar of progress.

    Parameters
    ----------
    symbol : the asset, or a market of it (ETH, ETHUSDT)
    since, until : days, or moments in UTC; `until` None is now
    base_url : scheme, host and path that take the place of the venue's own
    kinds : which series; empty takes all that the venue has

    Returns
    -------
    0, or 2 when a series could not be completed or the venue told something otherwise than before.
    """
    since_ms = _moment_ms("--since", since)
    now_ms = time.time_ns() // 1_000_000
    until_ms = now_ms if until is None else _moment_ms("--until", until)
    if until_ms <= since_ms:
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, "the period ends before it begins", where="--until"))
    wanted = [_kind(name) for name in kinds] or list(KINDS)
    store = open_store(store_folder)
    # a replay server has a present of its own, and who asks it does not know which
    present_ms = now_ms if base_url is None else None
    period = (since_ms, until_ms, present_ms)
    findings = asyncio.run(_pull_all(venue, symbol, period, store, base_url, wanted, bool(kinds), console))
    return _report(findings, console)


async def _pull_all(
    venue: str,
    symbol: str,
    period: tuple[int, int, int | None],
    store: Store,
    base_url: str | None,
    kinds: Sequence[Kind],
    all_required: bool,
    console: Console,
) -> list[Finding]:
    from agent.market.exchanges.adapter import Exchanges

    since_ms, until_ms, now_ms = period
    rows = TextColumn("{task.fields[rows]} rows")
    columns = (TextColumn("{task.description}"), BarColumn(), rows, TimeElapsedColumn())
    async with Exchanges([venue], base_urls={} if base_url is None else {venue: base_url}) as client:
        with Progress(*columns, console=console) as progress:

            async def pull(kind: Kind) -> list[Finding]:
                stored_as = symbol_at(store, kind, venue, symbol) or symbol
                key = Key(kind, venue, stored_as, "1h" if kind in CANDLE_KINDS else "")
                task = progress.add_task(str(key), total=until_ms - since_ms, rows=0)

                def reached(reached_ms: int) -> None:
                    progress.update(task, completed=reached_ms - since_ms)

                try:
                    pulled = await pull_series(
                        client, store, key, base_of(symbol), since_ms, until_ms, now_ms, progress=reached
                    )
                except Refusal as refusal:
                    # what a venue does not publish is absent; anything else must be seen
                    absent = not all_required and all(reason.code is Code.DATA_MISSING for reason in refusal.reasons)
                    progress.update(task, description=f"{key} ({'not published' if absent else 'stopped'})")
                    return facts(refusal.reasons) if absent else problems(refusal.reasons)
                progress.update(task, rows=pulled.added)
                return list(pulled.findings)

            found = await asyncio.gather(*map(pull, kinds))
    return list(dict.fromkeys(finding for findings in found for finding in findings))


def import_data(folder: Path, store_folder: Path, clocks: Sequence[str], console: Console) -> int:
    """Bring recorded files into the store. Returns 0, or 2 when a series was left out."""
    imported = import_recorded(folder, open_store(store_folder), _clocks(clocks))
    for key, added in sorted(imported.added.items()):
        console.print(f"{added:>8,} rows  {key}", highlight=False)
    return _report(list(imported.findings), console)


def check_folder(
    folder: Path | None, clocks: Sequence[str], against: Path | None, quiet: bool, console: Console
) -> int:
    """Check a store or recorded files. Returns 0, or 2 when there is a problem; facts alone are no problem."""
    findings = check_data(_data_folder(folder), _clocks(clocks), against)
    return _report([finding for finding in findings if finding.problem or not quiet], console)


def show_data(
    names: Sequence[str], folder: Path | None, since: str | None, until: str | None, out: Path, console: Console
) -> int:
    """Draw series on the terminal and as PNG; without names, list what there is. Returns 0."""
    folder = _data_folder(folder)
    if not names:
        console.print(_list(folder))
        return EXIT_OK
    from agent.market.store.show import draw, sparkline

    since_ms = None if since is None else _moment_ms("--since", since)
    until_ms = None if until is None else _moment_ms("--until", until)
    chosen = [_within(one, since_ms, until_ms) for one in _named(names, folder)]
    for series in chosen:
        console.print(sparkline(series, console.width), highlight=False, soft_wrap=True)
    draw(chosen, out)
    console.print(f"picture: {escape(str(out))}", highlight=False, soft_wrap=True)
    return EXIT_OK


def name_of(key: Key) -> str:
    """How a series is asked for: binance/funding/ETHUSDT, binance/perp/ETHUSDT/1h."""
    return "/".join(part for part in (key.venue, str(key.kind), key.symbol, key.timeframe) if part)


def _named(names: Sequence[str], folder: Path) -> list[Recording]:
    """The series of these names; the bars of an hour when a name tells no length. Raises Refusal with the nearest."""
    if is_store(folder):
        store = open_store(folder)
        known = {name_of(key): Recording(key, Origin(name_of(key)), key.schema.empty_table()) for key in store.series()}
    else:
        known = {name_of(one.key): one for one in held_series(folder).series}
    chosen = []
    for name in names:
        one = known.get(name) or known.get(f"{name}/1h")
        if one is None:
            near = ", ".join(get_close_matches(name, known, n=3, cutoff=0.3)) or "no name tells what there is"
            raise Refusal(Reason(Code.DATA_MISSING, f"no series {name!r}; nearest: {near}", where="SERIES"))
        chosen.append(replace(one, rows=open_store(folder).read(one.key)) if is_store(folder) else one)
    return chosen


def _within(series: Recording, since_ms: int | None, until_ms: int | None) -> Recording:
    time_ms = stamps(series.rows)
    keep = (time_ms >= (since_ms or 0)) & (time_ms < (until_ms if until_ms is not None else time_ms[-1] + 1))
    if not keep.any():
        raise Refusal(Reason(Code.DATA_MISSING, f"{name_of(series.key)} has no rows in this period", where="--since"))
    return replace(series, rows=series.rows.filter(keep))


def _list(folder: Path) -> Table:
    if is_store(folder):
        held = open_store(folder).extents()
    else:
        held = [
            Extent(one.key, one.rows.num_rows, int(stamps(one.rows)[0]), int(stamps(one.rows)[-1]))
            for one in held_series(folder).series
        ]
    table = Table("series", "rows", "from", "to", title=str(folder), title_justify="left")
    table.columns[1].justify = "right"
    for one in sorted(held, key=lambda one: one.key):
        first, last = (f"{datetime.fromtimestamp(at / 1_000, UTC):%Y-%m-%d}" for at in (one.first_ms, one.last_ms))
        table.add_row(name_of(one.key), f"{one.rows:,}", first, last)
    return table


def _report(findings: Sequence[Finding], console: Console) -> int:
    """Print problems, then facts, then how many; the exit code."""
    wrong = [finding for finding in findings if finding.problem]
    for finding in (*(one for one in findings if not one.problem), *wrong):
        colour = "bold red" if finding.problem else "cyan"
        text = str(finding.reason).removeprefix(finding.reason.code)
        console.print(f"[{colour}]{finding.reason.code}[/]{escape(text)}", highlight=False, soft_wrap=True)
    counted = f"{len(wrong)} problem{'' if len(wrong) == 1 else 's'}, {len(findings) - len(wrong)} facts to know"
    console.print(f"[bold red]{counted}[/]" if wrong else f"[bold green]ok[/]  {counted}", highlight=False)
    return EXIT_REFUSED if wrong else EXIT_OK


def _data_folder(named: Path | None) -> Path:
    from agent.market.choose import data_folder

    folder = named or (STORE if STORE.is_dir() else data_folder(None))
    if folder is None:
        message = f"name a store or a folder of recorded files; there is neither {STORE} nor BALLAST_DATA"
        raise Refusal(Reason(Code.DATA_MISSING, message, where="FOLDER"))
    return folder


def _clocks(named: Sequence[str]) -> Mapping[str, str]:
    """FILE=ZONE, each; refuses a zone that does not exist."""
    from zoneinfo import available_timezones

    clocks = dict(one.partition("=")[::2] for one in named)
    for file, zone in clocks.items():
        if zone not in available_timezones():
            message = f"{zone!r} is no time zone; write multi=Europe/London"
            raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, message, where=f"--clock {file}"))
    return clocks


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, f"{name!r} is none of {', '.join(KINDS)}", where="--series"))
    return Kind(name)


def _moment_ms(option: str, text: str) -> int:
    try:
        moment = datetime.fromisoformat(text if len(text) > 7 else f"{text}-01")
    except ValueError as error:
        message = f"{text!r} is no moment; write 2023-02-01, 2023-02 or 2023-02-01T14:00"
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, message, where=option)) from error
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1_000) // HOUR_MS * HOUR_MS
