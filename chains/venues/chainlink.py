"""Chainlink price feeds: the latest round of a proxy, with the checks that make it an answer."""

from typing import NamedTuple

from chains.functions import Function
from chains.multicall import Call

_LATEST_ROUND_DATA = Function("latestRoundData()", "(uint80,int256,uint256,uint256,uint80)")
_DECIMALS = Function("decimals()", "(uint8)")


class Round(NamedTuple):
    """One round in the feed's own decimals; times in Unix seconds."""

    round_id: int
    answer: int
    started_at: int
    updated_at: int
    answered_in_round: int

    def price(self, feed_decimals: int) -> float:
        """The answer as a price; refuses a round that was never answered or is not positive."""
        if self.answer <= 0 or self.updated_at == 0:
            raise ValueError(f"Chainlink round {self.round_id}: expected a positive answered price, got {self}")
        return self.answer / float(10**feed_decimals)


def latest_round(proxy: str) -> Call:
    """Reads the latest round: `Round(*result)`."""
    return Call(proxy, _LATEST_ROUND_DATA)


def decimals(proxy: str) -> Call:
    """Reads the feed's decimals."""
    return Call(proxy, _DECIMALS)
