"""What the server needs to know of a venue: its requests, and how it words trouble."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agent.market.replay_server.matching import Route


@dataclass(frozen=True, slots=True)
class Venue:
    """One exchange.

    Parameters
    ----------
    name : as ccxt calls it
    routes : every request it answers
    error_body : what it answers with status 200 when something went wrong on its side
    maintenance : status and body while it is down for maintenance
    rate_limited : body of a 429
    """

    name: str
    routes: Sequence[Route]
    error_body: Any
    maintenance: tuple[int, Any]
    rate_limited: Any
