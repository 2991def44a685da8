"""The liquidation maps of `ballast market`: a perp's by estimate, an Aave pool's exactly, and levels of our own."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np

from agent.check import EXIT_OK
from agent.market.choose import data_folder
from agent.market.liquidation import OwnPosition, buffered, clusters, estimate, liquidation_price_of, map_of_levels
from agent.market.liquidation.aave import PRICE_SCALE, aave_levels
from agent.market.liquidation.own import Venue
from agent.market.liquidation.recorded import RecordedHours, recorded_hours, synthetic_hours
from agent.market.moments import hour_text
from agent.reasons import Code, Reason, Refusal
from agent.report.liquidation_map import Drawing, OwnLevel, print_map, write_png
from agent.units import annualise_volatility

if TYPE_CHECKING:
    from rich.console import Console

SYNTHETIC_UNTIL_S = 1_704_067_200  # the synthetic market is the same at any date
SYNTHETIC_DAYS = 180
VOLATILITY_H = 24 * 30
VENUES: dict[str, Venue] = {venue: venue for venue in get_args(Venue)}
ERROR_COLUMNS = (
    "hours",
    "said",
    "fell",
    "mean error",
    "said, worst 1 %",
    "fell, worst 1 %",
    "rank",
    "rank of range",
    "beyond range",
)
OWN_FORM = "VENUE:SIZE:ENTRY:MARGIN:MAINTENANCE, for example hyperliquid:-10:2000:4000:0.02"


def report_estimate(
    base: str, data: Path | None, at: str | None, seed: int, own: list[str], png: Path | None, console: "Console"
) -> int:
    """Draw the estimated map of a perp; returns the exit code.

    Raises Refusal when the data are missing or not clean, or an option cannot be read.
    """
    symbol = _symbol(base)
    until_s = None if at is None else _moment(at)
    folder = data_folder(data)
    if folder is None:
        recorded = synthetic_hours(symbol, seed, until_s or SYNTHETIC_UNTIL_S, SYNTHETIC_DAYS)
    else:
        recorded = recorded_hours(folder, symbol, until_s)
    drawing = _perp_drawing(symbol, recorded, tuple(own_level(text) for text in own))
    return _draw(drawing, png, console)


def report_exact(
    rpc: str, pool: str, token: str, since_block: int, volatility: float, png: Path | None, console: "Console"
) -> int:
    """Draw the exact map of a token at an Aave v3 pool, from the borrowers that its events name.

    Raises Refusal when an address is none, the node does not answer, or the pool does not know the token.
    """
    from agent.market.asked_chain import asked_node, require_address
    from chains.venues.aave_v3_borrowers import find_borrowers, read_borrowers, read_reserves
    from chains.venues.aave_v3_market import read_oracle

    require_address(pool, "--pool"), require_address(token, "--token")
    with asked_node(rpc, "--rpc and --pool") as node:
        block = node.head()
        reserves = read_reserves(node, block, pool, read_oracle(node, block, pool))
        moving = next((one for one in reserves if one.asset == token.lower()), None)
        if moving is None:
            raise Refusal(Reason(Code.DATA_MISSING, f"{token} is no reserve of the pool {pool}", where="--token"))
        users = find_borrowers(node, pool, since_block, block.number)
        levels = aave_levels(read_borrowers(node, block, pool, reserves, users), reserves, moving.asset)
    source = f"{len(levels.levels)} of {len(users)} borrowers of Aave v3 at block {block.number}"
    if levels.unplaced:
        source += f"; {len(levels.unplaced)} in an e-mode are not placed"
    price = moving.price_usd8 / PRICE_SCALE
    found = map_of_levels(levels.as_levels(), price, estimate=False, source=source)
    title = f"Liquidations at Aave v3, block {block.number}"
    return _draw(Drawing(title, found, *clusters(found, volatility), ()), png, console)


def report_error(bases: list[str], data: Path | None, console: "Console") -> int:
    """Print how wrong the estimate was over all recorded hours of each market."""
    from rich.table import Table

    from agent.market.liquidation.measure import measure

    folder = data_folder(data)
    if folder is None:
        raise Refusal(Reason(Code.DATA_MISSING, "an error can be measured on recorded data only", where="--data"))
    table = Table(
        "market", *ERROR_COLUMNS, title="Error of the estimate; percent of open interest in an hour, and ranks"
    )
    table.title_justify = "left"
    for base in bases:
        symbol = _symbol(base)
        found = measure(recorded_hours(folder, symbol).hours)
        shares = (
            found.mean_estimated,
            found.mean_fall,
            found.mean_absolute_error,
            found.tail_estimated,
            found.tail_fall,
        )
        ranks = (found.rank, found.range_rank, found.rank_beyond_range)
        numbers = [f"{found.hours:,}", *(f"{100 * share:.2f}" for share in shares), *(f"{rank:.3f}" for rank in ranks)]
        table.add_row(symbol, *numbers)
    console.print(table)
    return EXIT_OK


def own_level(text: str) -> OwnLevel:
    """The liquidation price of a position of our own as `OWN_FORM` writes it. Raises Refusal."""
    venue, *numbers = text.split(":")
    try:
        size, entry, margin, maintenance = (float(number) for number in numbers)
        if venue not in VENUES:
            raise ValueError(f"venue {venue!r} is none of {', '.join(VENUES)}")
        position = OwnPosition(VENUES[venue], size, entry, margin, maintenance)
        price = liquidation_price_of(position)
    except (ValueError, ZeroDivisionError) as error:
        message = f"expected {OWN_FORM}; got {text!r}: {error}"
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, message, where="--own")) from error
    if price is None:
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, f"no price liquidates {text!r}", where="--own"))
    kind = "long" if size > 0 else "short"
    return OwnLevel(price, f"own {kind} at {venue}; act by {buffered(price, entry):,.2f}")


def _perp_drawing(symbol: str, recorded: RecordedHours, own: tuple[OwnLevel, ...]) -> Drawing:
    hours = recorded.hours
    source = f"from {recorded.source}; assumed leverages, see docs/liquidation-levels.md for its error"
    found = estimate(hours).map(0.01, source)
    kind = "SYNTHETIC " if recorded.synthetic else ""
    title = f"{kind}{symbol}: estimated liquidations, {hour_text(int(hours.time_s[-1]))}"
    return Drawing(title, found, *clusters(found, _volatility(recorded)), own, hours)


def _volatility(recorded: RecordedHours) -> float:
    """Of the last month's hourly returns, per year."""
    returns = np.diff(np.log(recorded.hours.close[-VOLATILITY_H - 1 :]))
    return annualise_volatility(float(np.sqrt(np.mean(returns**2))), 1.0)


def _draw(drawing: Drawing, png: Path | None, console: "Console") -> int:
    print_map(console, drawing)
    if png is not None:
        png.parent.mkdir(parents=True, exist_ok=True)
        write_png(png, drawing)
        console.print(f"picture  {png.resolve()}", highlight=False, soft_wrap=True)
    return EXIT_OK


def _symbol(base: str) -> str:
    return f"{base.upper().removesuffix('USDT')}USDT"


def _moment(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except ValueError as error:
        message = f"expected a date such as 2024-03-01 or 2024-03-01T14:00 (UTC), got {text!r}"
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, message, where="--at")) from error
