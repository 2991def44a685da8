"""OKX: trading statistics, newest first."""

from typing import Any

from agent.market.replay_server.matching import Query
from agent.market.replay_server.venues.okx_markets import enveloped
from agent.market.replay_server.view import View
from agent.market.replay_server.wire import STEPS_MS


def interest_history(view: View, query: Query) -> Any:
    """Stamp, contracts, coins and dollars, newest first."""
    listing = query["instId"]
    start, end = _between(query)
    price = view.quote(listing.base).mark
    rows = view.open_interest(listing.base, start, end, query["limit"], True, STEPS_MS[query["period"]])
    return enveloped(
        [
            [str(time_ms), f"{listing.contracts(coins, price):.2f}", f"{coins:.4f}", f"{coins * price:.4f}"]
            for time_ms, coins in reversed(rows)
        ]
    )


def _between(query: Query) -> tuple[int | None, int | None]:
    begin, end = query["begin"], query["end"]
    return (None if begin is None else begin + 1), (None if end is None else end - 1)


def long_short(view: View, query: Query) -> Any:
    """Stamp and ratio of accounts, newest first."""
    start, end = _between(query)
    rows = view.long_short(query["instId"].base, start, end, query["limit"], True, STEPS_MS[query["period"]])
    return enveloped([[str(time_ms), f"{ratio:.4f}"] for time_ms, ratio in reversed(rows)])
