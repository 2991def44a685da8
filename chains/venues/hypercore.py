"""HyperCore as a HyperEVM contract sees it: precompile reads, scale conversions, actions of the HyperCorePerp adapter.

Scales are facts of the venue: precompile prices are human price x 10^(6 - size decimals), order limits human x 10^8,
sizes human x 10^(size decimals), perp dollars x 10^6, spot dollars x 10^8.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from chains.functions import RawFunction, abi_encode
from chains.multicall import Call, Query

USD_DECIMALS = 6
LIMIT_PRICE_DECIMALS = 8
PRICE_SIGNIFICANT_FIGURES = 5

_MARK_PRICE = RawFunction("markPx", "(uint32)", "(uint64)")
_ORACLE_PRICE = RawFunction("oraclePx", "(uint32)", "(uint64)")
_BBO = RawFunction("bbo", "(uint64)", "(uint64,uint64)")
_MARGIN_SUMMARY = RawFunction("marginSummary", "(uint32,address)", "(int64,uint64,uint64,int64)")
_WITHDRAWABLE = RawFunction("withdrawable", "(address)", "(uint64)")
_ACCOUNT_EXISTS = RawFunction("coreUserExists", "(address)", "(bool)")
_POSITION = RawFunction("position", "(address,uint32)", "(int64,uint64,int64,uint32,bool)")


class MarginSummary(NamedTuple):
    """The perp account in USD with 6 decimals."""

    account_value: int
    margin_used: int
    notional_position: int
    raw_usd: int


class Position(NamedTuple):
    """One perp position; `size` is signed, in size decimals; money in USD with 6 decimals."""

    size: int
    entry_notional: int
    isolated_raw_usd: int
    leverage: int
    is_isolated: bool


class BestBidOffer(NamedTuple):
    """Best prices in precompile scale."""

    bid: int
    ask: int


def mark_price(perp: int) -> Call:
    """Reads the mark price in precompile scale."""
    return Call(_precompile(0x0806), _MARK_PRICE, (perp,))


def oracle_price(perp: int) -> Call:
    """Reads the oracle price in precompile scale."""
    return Call(_precompile(0x0807), _ORACLE_PRICE, (perp,))


def best_bid_offer(asset: int) -> Call:
    """Reads `BestBidOffer(*result)`."""
    return Call(_precompile(0x080E), _BBO, (asset,))


def margin_summary(user: str, perp_dex: int = 0) -> Call:
    """Reads `MarginSummary(*result)`."""
    return Call(_precompile(0x080F), _MARGIN_SUMMARY, (perp_dex, user))


def withdrawable(user: str) -> Call:
    """Reads what could leave the perp account now, USD with 6 decimals."""
    return Call(_precompile(0x0803), _WITHDRAWABLE, (user,))


def account_exists(user: str) -> Call:
    """Reads whether the account exists on core; without one nothing acts."""
    return Call(_precompile(0x0810), _ACCOUNT_EXISTS, (user,))


def position(user: str, perp: int) -> Call:
    """Reads `Position(*result)`."""
    return Call(_precompile(0x0813), _POSITION, (user, perp))


class Market(NamedTuple):
    """Prices of one perp in precompile scale."""

    mark_price: int
    oracle_price: int
    best_bid: int
    best_ask: int


class Account(NamedTuple):
    """One account with its position in one perp; money in USD with 6 decimals."""

    exists: bool
    position: Position
    margin: MarginSummary
    withdrawable: int


def market(perp: int) -> Query[Market]:
    """Reads mark, oracle price and best bid and ask."""

    def make(answers: Sequence[Any]) -> Market:
        mark, oracle, (bid, ask) = answers
        return Market(mark, oracle, bid, ask)

    return Query((mark_price(perp), oracle_price(perp), best_bid_offer(perp)), make)


def account(user: str, perp: int) -> Query[Account]:
    """Reads position and margin."""

    def make(answers: Sequence[Any]) -> Account:
        exists, held, summary, free = answers
        return Account(exists, Position(*held), MarginSummary(*summary), free)

    return Query((account_exists(user), position(user, perp), margin_summary(user), withdrawable(user)), make)


def price(raw_price: int, size_decimals: int) -> float:
    """A precompile price in human units."""
    return raw_price / float(10 ** (USD_DECIMALS - size_decimals))


def raw_price_nearest(human_price: float, size_decimals: int) -> int:
    """The precompile price nearest to a human one."""
    return round(human_price * float(10 ** (USD_DECIMALS - size_decimals)))


def limit_price_down(limit_px_1e8: int, size_decimals: int) -> int:
    """The highest price the venue accepts that is not above this one: a buyer's limit stays inside its bound."""
    step = _price_step(limit_px_1e8, size_decimals)
    return limit_px_1e8 // step * step


def limit_price_up(limit_px_1e8: int, size_decimals: int) -> int:
    """The lowest price the venue accepts that is not below this one: a seller's limit stays inside its bound."""
    step = _price_step(limit_px_1e8, size_decimals)
    return -(-limit_px_1e8 // step) * step


def deposit(asset_amount: int) -> bytes:
    """Action of HyperCorePerp: send USDC from the EVM to the core account."""
    return abi_encode("(uint8,uint256)", (1, asset_amount))


def to_perp(amount_usd6: int) -> bytes:
    """Action of HyperCorePerp: move USDC from core spot to the perp account."""
    return abi_encode("(uint8,uint256)", (2, amount_usd6))


def from_perp(amount_usd6: int) -> bytes:
    """Action of HyperCorePerp: move USDC from the perp account to core spot."""
    return abi_encode("(uint8,uint256)", (3, amount_usd6))


def withdraw(amount_usd6: int) -> bytes:
    """Action of HyperCorePerp: send USDC from core spot back to the EVM."""
    return abi_encode("(uint8,uint256)", (4, amount_usd6))


def order(size: int, limit_px_1e8: int, *, reduce_only: bool) -> bytes:
    """Action of HyperCorePerp: an immediate-or-cancel order; positive sizes buy, negative sell."""
    return abi_encode("(uint8,int64,uint64,bool)", (5, size, limit_px_1e8, reduce_only))


def _precompile(number: int) -> str:
    return f"0x{number:040x}"


def _price_step(limit_px_1e8: int, size_decimals: int) -> int:
    """Perp prices have at most five significant figures and 6 - size decimals places; whole numbers always pass."""
    if limit_px_1e8 <= 0:
        raise ValueError(f"limit price: expected a positive 1e8 price, got {limit_px_1e8}")
    by_places: int = 10 ** (LIMIT_PRICE_DECIMALS - USD_DECIMALS + size_decimals)
    by_figures: int = 10 ** max(0, len(str(limit_px_1e8)) - PRICE_SIGNIFICANT_FIGURES)
    whole: int = 10**LIMIT_PRICE_DECIMALS
    return max(by_places, min(by_figures, whole))
