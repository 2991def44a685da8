"""Chainlink price feeds: the latest round of a proxy, with the checks that make it an answer."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from chains.functions import Function
from chains.multicall import Call, CallReverted, Query, read_all
from chains.rpc import BlockRef, Reader

_LATEST_ROUND_DATA = Function("latestRoundData()", "(uint80,int256,uint256,uint256,uint80)")
_DECIMALS = Function("decimals()", "(uint8)")
_AGGREGATOR = Function("aggregator()", "(address)")
# The least and the greatest answer that an aggregator gives, under the names of its generations.
_BOUNDS = (
    (Function("minAnswer()", "(int192)"), Function("maxAnswer()", "(int192)")),
    (Function("minSubmissionValue()", "(int256)"), Function("maxSubmissionValue()", "(int256)")),
)


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


class FeedTerms(NamedTuple):
    """What does not change from round to round; a feed that moves to another aggregator may change all of it.

    A feed that reaches a bound reports the bound, whatever the price is; None when the aggregator tells no bounds. Only
    a proxy names an aggregator.
    """

    proxy: str
    aggregator: str | None
    decimals: int
    min_answer: int | None
    max_answer: int | None


class FeedState(NamedTuple):
    """A feed at one block."""

    round: Round
    decimals: int
    aggregator: str | None


def feed(proxy: str) -> Query[FeedState]:
    """Reads the latest round, and what tells whether the feed is still the one that its terms were read of."""

    def make(answers: Sequence[Any]) -> FeedState:
        latest, places, aggregator = answers
        return FeedState(Round(*latest), places, None if isinstance(aggregator, CallReverted) else aggregator)

    return Query((latest_round(proxy), decimals(proxy), Call(proxy, _AGGREGATOR, may_revert=True)), make)


def read_terms(node: Reader, block: BlockRef, proxy: str) -> FeedTerms:
    """Reads a feed's terms; two round trips, needed once."""
    calls = [decimals(proxy), Call(proxy, _AGGREGATOR, may_revert=True)]
    places, aggregator = read_all(node, block, calls)
    known = None if isinstance(aggregator, CallReverted) else aggregator
    bounds = read_all(node, block, [Call(known or proxy, one, may_revert=True) for pair in _BOUNDS for one in pair])
    for low, high in zip(bounds[::2], bounds[1::2], strict=True):
        if not isinstance(low, CallReverted) and not isinstance(high, CallReverted):
            return FeedTerms(proxy, known, places, low, high)
    return FeedTerms(proxy, known, places, None, None)
