"""What each venue's server answers, in its documented shape, with another value in every field.

ETH everywhere; the values differ between fields so that no test can pass on the wrong one. Stamps are relative to the
moment of the request. `serve` puts them behind a real HTTP server for an untouched ccxt.
"""

from venue_answers.server import ANSWERS, Server, serve
from venue_answers.shared import HOUR_MS, Answers, iso, next_settlement, settlements

__all__ = ["ANSWERS", "HOUR_MS", "Answers", "Server", "iso", "next_settlement", "serve", "settlements"]
