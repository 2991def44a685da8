"""What one look at the chain found around the vault: oracle, pool, HyperCore and Aave, with units, source and age."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.markup import escape

from agent.market.chain_reader import ChainView, CoreView, LoanView
from agent.report.explanation import age
from chains.venues import hypercore
from chains.venues.aave_v3 import NO_DEBT_HEALTH_FACTOR_WAD, RAY, WAD
from chains.venues.uniswap_v3 import Pair
from chains.venues.uniswap_v3_ticks import sqrt_price_at_tick

if TYPE_CHECKING:
    from rich.console import Console

Row = tuple[str, str, str, str, str]
USD8 = 10**8


def print_chain(console: "Console", view: ChainView, pair: Pair, size_decimals: int, now_s: int) -> None:
    """Print the table, what was dropped, and what forbids deciding."""
    from rich.table import Table

    title = f"Around the vault at block {view.vault.block.number}"
    table = Table("chain", "value", "unit", "source", "age", title=title, title_justify="left")
    for column in (1, 4):
        table.columns[column].justify = "right"
    for row in chain_rows(view, pair, size_decimals, now_s):
        table.add_row(*row)
    console.print(table)
    for style, word, reasons in (
        ("yellow", "dropped", view.vault.notes),
        ("bold red", "incomplete", view.vault.problems),
    ):
        for reason in reasons:
            console.print(f"[{style}]{word}[/]  {escape(str(reason))}", highlight=False, soft_wrap=True)


def chain_rows(view: ChainView, pair: Pair, size_decimals: int, now_s: int) -> Iterator[Row]:
    """Name, value, unit, source and age of every number; what is unknown says so."""
    vault, block_age = view.vault, age(now_s - view.vault.block.timestamp)
    feed_price = view.feed.round.answer / 10**view.feed.decimals
    yield "feed", f"{feed_price:,.2f}", "USD", "Chainlink", age(now_s - view.feed.round.updated_at)
    mean = view.pool.mean_tick
    mean_price = "unknown" if mean is None else f"{pair.price(sqrt_price_at_tick(mean)):,.2f}"
    yield "mean pool price", mean_price, vault.asset.symbol, "Uniswap v3", block_age
    buy, sell = view.buy_base, view.sell_base
    bought = "unknown" if buy is None else f"{vault.asset.to_float(buy.amount_in):,.0f}"
    sold = "unknown" if sell is None else f"{vault.asset.to_float(sell.amount_out):,.0f}"
    yield f"depth {view.depth_bps} bp above the price", bought, vault.asset.symbol, "Uniswap v3", block_age
    yield f"depth {view.depth_bps} bp below the price", sold, vault.asset.symbol, "Uniswap v3", block_age
    if view.core is not None:
        yield from _core_rows(view.core, size_decimals, block_age)
    if view.loan is not None:
        yield from _loan_rows(view.loan, block_age)


def _core_rows(core: CoreView, size_decimals: int, block_age: str) -> Iterator[Row]:
    market, account = core.market, core.account
    for name, raw in (
        ("mark price", market.mark_price),
        ("oracle price", market.oracle_price),
        ("best bid", market.best_bid),
        ("best ask", market.best_ask),
    ):
        yield name, f"{hypercore.price(raw, size_decimals):,.2f}", "USD", "HyperCore", block_age
    for name, amount in (("margin used", account.margin.margin_used), ("withdrawable", account.withdrawable)):
        yield name, f"{amount / 10**hypercore.USD_DECIMALS:,.2f}", "USD", "HyperCore", block_age


def _loan_rows(loan: LoanView, block_age: str) -> Iterator[Row]:
    for name, reserve in (("asset", loan.asset), ("base", loan.base)):
        yield f"price of the {name}", f"{reserve.price_usd8 / USD8:,.4f}", "USD", "Aave v3", block_age
        yield f"utilisation of the {name}", f"{reserve.utilisation_ray / RAY:.2%}", "", "Aave v3", block_age
        supply, borrow = reserve.liquidity_rate_1y_ray / RAY, reserve.variable_borrow_rate_1y_ray / RAY
        yield f"supply and borrow rate of the {name}", f"{supply:.2%}, {borrow:.2%}", "a year", "Aave v3", block_age
        threshold = reserve.parameters.liquidation_threshold_bps
        yield f"liquidation threshold of the {name}", f"{threshold / 10_000:.2%}", "of value", "Aave v3", block_age
    health = loan.account.health_factor_wad
    shown = "no debt" if health == NO_DEBT_HEALTH_FACTOR_WAD else f"{health / WAD:.4f}"
    yield "health factor at Aave", shown, "", "Aave v3", block_age
