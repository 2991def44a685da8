"""What the research commands do, without the command line around them."""

import time
from pathlib import Path

from rich.console import Console

from agent.check import EXIT_OK
from agent.config.file import load_config
from agent.market.choose import DATA_VARIABLE, data_folder
from agent.market.period import parse_period
from agent.reasons import Code, Reason, Refusal
from agent.units import BPS


def carry_bound(data: Path | None, cost_bps: float, memory_h: float, pattern: str, console: Console) -> int:
    """`ballast research carry-bound`."""
    from agent.research.carry_bound import carry_shares, walk_forward
    from agent.research.recorded import funding_series
    from agent.research.terminal import print_carry_bound

    series = [one for one in funding_series(_required(data)) if pattern.lower() in one.source.lower()]
    if not series:
        raise Refusal(Reason(Code.DATA_MISSING, f"no funding series has {pattern!r} in its name", where="--only"))
    cost = cost_bps / BPS
    shares = carry_shares(series, cost, memory_h)
    ends = {one.time_s[row].astype("M8[s]").astype("M8[Y]") for one in series for row in (0, -1)}
    years = walk_forward(series, cost) if len(ends) > 1 else []
    console.print(f"per unit of notional, {cost_bps:g} bp per switch; the shipped rule with a memory of {memory_h:g} h")
    print_carry_bound(console, shares, years)
    return EXIT_OK


def run_backtest(
    config: Path,
    dates: tuple[str, str],
    data: Path | None,
    seed: int,
    capital: float,
    events: bool,
    out: Path | None,
    report: Path | None,
    console: Console,
) -> int:
    """`ballast backtest`."""
    from agent.research.backtest import backtest, load_period
    from agent.research.terminal import print_backtest, progress, tell_runner

    loaded = load_config(config)
    market = load_period(loaded.config, data_folder(data), parse_period(*dates), seed)
    tell_runner(console, loaded.config)
    started = time.perf_counter()
    with progress(console) as bar:
        task = bar.add_task("hours", total=None)
        done = backtest(
            loaded.config,
            market,
            nav_usd=capital,
            live=events,
            on_row=lambda done, rows: bar.update(task, completed=done, total=rows),
        )
    print_backtest(console, done, time.perf_counter() - started)
    if out is not None:
        from agent.research.files import write_backtest

        console.print(f"written {write_backtest(out, done, loaded.config_hash)}", highlight=False, soft_wrap=True)
    if report is not None:
        from agent.research.report.page import write_page
        from agent.research.report.study import study

        with progress(console) as bar:
            task = bar.add_task("backtests for the page", total=None)
            found = study(loaded.config, loaded.config_hash, market, capital, lambda: bar.advance(task))
        page = write_page(report, found)
        console.print(f"written {page}", highlight=False, soft_wrap=True)
    return EXIT_OK


def volatility(data: Path | None, markets: list[str], since: str, forecasts: bool, console: Console) -> int:
    """`ballast research volatility`."""
    from agent.research.terminal import print_forecasts, print_targeting
    from agent.research.volatility_table import compare_forecasts, compare_targeting

    folder, (from_s, _) = _required(data), parse_period(since, since, ("--since", "--since"))
    for market in markets:
        file = folder / f"{market}-1h.parquet"
        print_targeting(console, market, compare_targeting(file, from_s))
        if forecasts:
            print_forecasts(console, market, compare_forecasts(file, from_s))
    return EXIT_OK


def _required(data: Path | None) -> Path:
    folder = data_folder(data)
    if folder is None:
        message = f"recorded data is needed: name a folder with --data or {DATA_VARIABLE}"
        raise Refusal(Reason(Code.DATA_MISSING, message, where="--data"))
    return folder
