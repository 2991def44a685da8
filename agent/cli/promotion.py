"""The commands by which a strategy earns capital."""

from pathlib import Path
from typing import Annotated

import typer

Records = Annotated[Path, typer.Option("--records", help="folder of the records of promotion")]
RECORDS = Path("runs/promotion")


def promote(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="strategy file")],
    to: Annotated[
        str, typer.Option("--to", help="idea, backtest, validation, walk-forward, paper or allocation, in this order")
    ],
    from_: Annotated[str | None, typer.Option("--from", help="of a backtest: first day or month")] = None,
    until: Annotated[str | None, typer.Option("--until", help="of a backtest: last day or month, included")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="folder with recorded data; else $BALLAST_DATA")] = None,
    paper: Annotated[
        Path | None, typer.Option("--paper", help="folder of a run on days that no evidence has seen")
    ] = None,
    capital: Annotated[float | None, typer.Option("--capital", help="of an allocation, USD")] = None,
    by: Annotated[str, typer.Option("--by", help="name of who does this; an allocation needs one")] = "",
    note: Annotated[str, typer.Option("--note", help="of an idea: why it should earn, and who pays")] = "",
    records: Records = RECORDS,
) -> None:
    """Move a strategy one stage on, if it meets the stage's criteria; every attempt is recorded."""
    from rich.console import Console

    from agent.cli.reported import reported
    from agent.research.promotion.commands import Asked
    from agent.research.promotion.commands import promote as run

    dates = None if from_ is None or until is None else (from_, until)
    asked = Asked(config, to, records, data, dates, paper, capital, by, note)
    raise typer.Exit(reported(run)(asked, Console()))


def promotions(records: Records = RECORDS) -> None:
    """List every attempt, and what each configuration has reached."""
    from rich.console import Console

    from agent.cli.reported import reported
    from agent.research.promotion.commands import promotions as run

    raise typer.Exit(reported(run)(records, Console()))
