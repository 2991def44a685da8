"""What `ballast sweep` and `ballast tune` do, without the command line around them."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from agent.check import EXIT_OK
from agent.config.file import load_config
from agent.market.choose import data_folder
from agent.market.period import parse_period
from agent.research.search.space import grid_points, parse_space, random_points, with_values
from agent.research.search.surface import plot_surface
from agent.research.search.sweep import load_widest, run_sweep
from agent.research.search.tune import run_tune
from agent.research.terminal import print_market, print_validation, progress, tell_runner


def sweep(
    config: Path,
    params: Sequence[str],
    dates: tuple[str, str],
    data: Path | None,
    seed: int,
    points: int,
    random: int,
    ray: str | None,
    out: Path | None,
    console: Console,
) -> int:
    """`ballast sweep`."""
    loaded = load_config(config).config
    space, period = parse_space(loaded, params), parse_period(*dates)
    tried = random_points(space, random, seed) if random else grid_points(space, points)
    folder = out or Path("runs") / f"{loaded.name}-sweep"
    tell_runner(console, loaded)
    with progress(console) as bar:
        task = bar.add_task("backtests", total=len(tried))
        found = run_sweep(
            loaded,
            space,
            tried,
            (data_folder(data), period, seed),
            folder,
            ray_address=ray,
            on_market=lambda market: print_market(console, market),
            on_part=lambda done, total: bar.update(task, completed=done, total=total),
        )
    console.print(f"{len(found.train):,} backtests; {found.refused:,} points contradicted themselves and were left out")
    for one, value in zip(space, found.best, strict=True):
        console.print(f"  {one.key} = {value:g}", highlight=False)
    _judge(console, found.best_train, found.best_test, found.lost)
    console.print(f"deflated Sharpe ratio, the probability that the best is better than none: {found.deflated:.1%}")
    plot = plot_surface(space, found.points, found.train, folder / "surface.png")
    console.print(f"written {found.table} and {plot}", highlight=False, soft_wrap=True)
    return EXIT_OK


def tune(
    config: Path,
    params: Sequence[str],
    dates: tuple[str, str],
    data: Path | None,
    seed: int,
    trials: int,
    storage: str | None,
    ray: str | None,
    out: Path | None,
    console: Console,
) -> int:
    """`ballast tune`."""
    loaded = load_config(config).config
    space, period = parse_space(loaded, params), parse_period(*dates)
    folder = out or Path("runs") / f"{loaded.name}-tune"
    tell_runner(console, loaded)
    with progress(console) as bar:
        task = bar.add_task("trials", total=trials)
        found = run_tune(
            loaded,
            space,
            (data_folder(data), period, seed),
            folder,
            trials=trials,
            storage=storage,
            ray_address=ray,
            seed=seed,
            on_market=lambda market: print_market(console, market),
            on_trial=lambda done: bar.update(task, completed=done),
        )
    console.print(f"{found.trials:,} trials in the study {found.study}", highlight=False)
    for key, value in found.best.items():
        console.print(f"  {key} = {value:g}", highlight=False)
    _judge(console, found.best_train, found.best_test, found.lost)
    plot = plot_surface(space, found.points, found.scores, folder / "surface.png")
    console.print(f"written {found.table} and {plot}", highlight=False, soft_wrap=True)
    return EXIT_OK


def validation(
    config: Path,
    params: Sequence[str],
    dates: tuple[str, str],
    data: Path | None,
    seed: int,
    points: int,
    report: Path | None,
    console: Console,
) -> int:
    """`ballast research validate`."""
    from agent.research.validation.report import validate

    file = load_config(config)
    loaded = file.config
    space, period = parse_space(loaded, params), parse_period(*dates)
    made = [with_values(loaded, space, point) for point in grid_points(space, points)]
    tried = [one for one in made if one is not None]
    market = load_widest([loaded, *tried], data_folder(data), period, seed)
    print_market(console, market)
    tell_runner(console, loaded)
    with progress(console) as bar:
        task = bar.add_task("backtests", total=None)
        found = validate(loaded, tried, market, lambda: bar.advance(task))
    print_validation(console, found)
    if report is not None:
        from agent.research.report.page import write_page
        from agent.research.report.study import study

        with progress(console) as bar:
            task = bar.add_task("backtests for the page", total=None)
            studied = study(loaded, file.config_hash, market, on_run=lambda: bar.advance(task))
        page = write_page(report, studied, found)
        console.print(f"written {page}", highlight=False, soft_wrap=True)
    return EXIT_OK


def _judge(console: Console, train: float, test: float, lost: float) -> None:
    verdict = "[green]within 30 %[/]" if lost < 0.30 else "[bold red]30 % or more: this was fitted, not found[/]"
    console.print(f"Sharpe ratio {train:.2f} on the first 60 %, {test:.2f} on the rest: lost {lost:.0%}, {verdict}")
