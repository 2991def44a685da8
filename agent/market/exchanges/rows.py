"""What each field of each venue's answer is: one function per request, from the raw answer to facts.

Units follow from the venues' documentation; `tests/market/exchanges/test_venues.py` proves each with an answer in the
documented shape and another value in every field. A function raises TurnedAway when the whole answer is about another
market or another time; an answer of another shape raises what Python raises, which `read.read` turns into a code.
"""

from typing import Any

from agent.market.exchanges import door
from agent.market.exchanges.facts import Facts
from agent.market.exchanges.shared_rows import base_amount, book, row_of, spot_middle
from agent.market.reading import Quantity
from agent.reasons import Code

SECONDS_PER_HOUR = 3_600


# Binance USD-M


def binance_premium(answer: Any, facts: Facts, depth_bps: float) -> None:
    """`lastFundingRate` is misnamed: it is the estimate for the settlement at `nextFundingTime`."""
    facts.same_market(answer["symbol"])
    at_ms = facts.stamp(answer["time"])
    facts.put_price(Quantity.MARK_PRICE, answer["markPrice"], at_ms)
    facts.put_price(Quantity.INDEX_PRICE, answer["indexPrice"], at_ms)
    facts.put_rate(Quantity.FUNDING_RATE, answer["lastFundingRate"], at_ms)
    facts.put_next_settlement(answer["nextFundingTime"])


def binance_open_interest(answer: Any, facts: Facts, depth_bps: float) -> None:
    """Linear markets count coins."""
    facts.same_market(answer["symbol"])
    base_amount(facts, answer["openInterest"], facts.stamp(answer["time"]))


def binance_book(answer: Any, facts: Facts, depth_bps: float) -> None:
    """The answer does not name its market."""
    book(facts, answer["bids"], answer["asks"], facts.stamp(answer["E"]), depth_bps)


def binance_ratio(answer: Any, facts: Facts, depth_bps: float) -> None:
    row = answer[-1]
    facts.same_market(row["symbol"])
    facts.put(Quantity.LONG_SHORT_RATIO, row["longShortRatio"], facts.stamp(row["timestamp"]))


def binance_spot(answer: Any, facts: Facts, depth_bps: float) -> None:
    spot_middle(facts, answer["symbol"], answer["bidPrice"], answer["askPrice"], None)


# Bybit


def bybit_ticker(answer: Any, facts: Facts, depth_bps: float) -> None:
    """Everything in one row; `openInterest` counts coins on linear markets, the interval is in whole hours."""
    row = row_of(facts, answer["result"]["list"], "symbol")
    at_ms = facts.stamp(answer["time"])
    facts.put_price(Quantity.MARK_PRICE, row["markPrice"], at_ms)
    facts.put_price(Quantity.INDEX_PRICE, row["indexPrice"], at_ms)
    facts.put_rate(Quantity.FUNDING_RATE, row["fundingRate"], at_ms)
    facts.put_next_settlement(row["nextFundingTime"])
    if row.get("fundingIntervalHour") not in (None, ""):
        facts.put_interval(row["fundingIntervalHour"])
    base_amount(facts, row["openInterest"], at_ms)
    facts.put(Quantity.OPEN_INTEREST_USD, row["openInterestValue"], at_ms)
    facts.put_price(Quantity.BEST_BID, row["bid1Price"], at_ms)
    facts.put_price(Quantity.BEST_ASK, row["ask1Price"], at_ms)


def bybit_book(answer: Any, facts: Facts, depth_bps: float) -> None:
    result = answer["result"]
    facts.same_market(result["s"])
    book(facts, result["b"], result["a"], facts.stamp(result["ts"]), depth_bps)


def bybit_ratio(answer: Any, facts: Facts, depth_bps: float) -> None:
    """Shares of accounts, which add up to one."""
    row = answer["result"]["list"][0]
    facts.same_market(row["symbol"])
    longs = door.positive("share of longs", row["buyRatio"])
    shorts = door.positive("share of shorts", row["sellRatio"])
    facts.put(Quantity.LONG_SHORT_RATIO, longs / shorts, facts.stamp(row["timestamp"]))


def bybit_spot(answer: Any, facts: Facts, depth_bps: float) -> None:
    row = answer["result"]["list"][0]
    spot_middle(facts, row["symbol"], row["bid1Price"], row["ask1Price"], facts.stamp(answer["time"]))


# OKX


def okx_funding(answer: Any, facts: Facts, depth_bps: float) -> None:
    """`fundingRate` settles at `fundingTime`; `nextFundingRate` is the one after that, at `nextFundingTime`."""
    row = row_of(facts, answer["data"], "instId")
    at_ms = facts.stamp(row["ts"])
    facts.put_rate(Quantity.FUNDING_RATE, row["fundingRate"], at_ms)
    facts.put_next_settlement(row["fundingTime"])
    due_ms = door.number("fundingTime", row["fundingTime"])
    after_ms = door.number("nextFundingTime", row["nextFundingTime"])
    facts.put_interval((after_ms - due_ms) / door.MS_PER_HOUR)
    if row.get("nextFundingRate") not in (None, ""):  # OKX leaves it empty while it charges the current period
        facts.put_rate(Quantity.PREDICTED_FUNDING_RATE, row["nextFundingRate"], at_ms)


def okx_mark(answer: Any, facts: Facts, depth_bps: float) -> None:
    row = row_of(facts, answer["data"], "instId")
    facts.put_price(Quantity.MARK_PRICE, row["markPx"], facts.stamp(row["ts"]))


def okx_index(answer: Any, facts: Facts, depth_bps: float) -> None:
    """The index is of the pair, not of the swap."""
    row = row_of(facts, answer["data"], "instId", facts.market.pair)
    facts.put_price(Quantity.INDEX_PRICE, row["idxPx"], facts.stamp(row["ts"]))


def okx_open_interest(answer: Any, facts: Facts, depth_bps: float) -> None:
    """`oi` counts contracts, `oiCcy` coins, `oiUsd` dollars."""
    row = row_of(facts, answer["data"], "instId")
    at_ms = facts.stamp(row["ts"])
    base_amount(facts, row["oiCcy"], at_ms)
    if row.get("oiUsd") not in (None, ""):
        facts.put(Quantity.OPEN_INTEREST_USD, row["oiUsd"], at_ms)


def okx_book(answer: Any, facts: Facts, depth_bps: float) -> None:
    """Sizes count contracts; the answer does not name its market."""
    row = answer["data"][0]
    book(facts, row["bids"], row["asks"], facts.stamp(row["ts"]), depth_bps, unit="contracts")


def okx_ratio(answer: Any, facts: Facts, depth_bps: float) -> None:
    """Newest first; the answer does not name its market."""
    stamp, ratio = answer["data"][0]
    facts.put(Quantity.LONG_SHORT_RATIO, ratio, facts.stamp(stamp))


def okx_spot(answer: Any, facts: Facts, depth_bps: float) -> None:
    row = answer["data"][0]
    spot_middle(facts, row["instId"], row["bidPx"], row["askPx"], facts.stamp(row["ts"]))


# Hyperliquid


def hyperliquid_contexts(answer: Any, facts: Facts, depth_bps: float) -> None:
    """Two lists side by side, no stamp; `funding` is for one hour, `openInterest` counts coins."""
    meta, contexts = answer
    if len(meta["universe"]) != len(contexts):
        raise door.turned_away(Code.SOURCE_MALFORMED, "hyperliquid's names and numbers differ in count")
    names = [row["name"] for row in meta["universe"]]
    if names.count(facts.market.id) != 1:
        raise door.turned_away(
            Code.DATA_MISSING, f"hyperliquid names {facts.market.id} {names.count(facts.market.id)} times"
        )
    place = names.index(facts.market.id)
    if meta["universe"][place].get("isDelisted"):
        facts.close("delisted")
    row = contexts[place]
    facts.put_price(Quantity.MARK_PRICE, row["markPx"], None)
    facts.put_price(Quantity.INDEX_PRICE, row["oraclePx"], None)
    facts.put_rate(Quantity.FUNDING_RATE, row["funding"], None)
    base_amount(facts, row["openInterest"], None)


def hyperliquid_book(answer: Any, facts: Facts, depth_bps: float) -> None:
    """At most 20 levels a side."""
    facts.same_market(answer["coin"])
    bids, asks = answer["levels"]
    book(facts, bids, asks, facts.stamp(answer["time"]), depth_bps, price="px", size="sz")


# dYdX


def dydx_markets(answer: Any, facts: Facts, depth_bps: float) -> None:
    """No mark price (positions are marked at the oracle's) and no stamp; `nextFundingRate` is for the running hour."""
    row = answer["markets"][facts.market.id]
    facts.same_market(row["ticker"])
    if row["status"] != "ACTIVE":
        facts.close(f"status {door.quoted(row['status'])}")
    facts.put_price(Quantity.INDEX_PRICE, row["oraclePrice"], None)
    facts.put_rate(Quantity.FUNDING_RATE, row["nextFundingRate"], None)
    base_amount(facts, row["openInterest"], None)


def dydx_book(answer: Any, facts: Facts, depth_bps: float) -> None:
    """Neither stamped nor named."""
    book(facts, answer["bids"], answer["asks"], None, depth_bps, price="price", size="size")


# Deribit

DERIBIT_RATE_H = 8.0  # both of Deribit's rates are per 8 hours; funding itself is paid all the time


def deribit_book(answer: Any, facts: Facts, depth_bps: float) -> None:
    """Ticker and book in one; inverse perpetuals count dollars, linear ones coins, in the book as in open interest.

    `current_funding` is what is being charged now, `funding_8h` what the last eight hours charged.
    """
    row = answer["result"]
    facts.same_market(row["instrument_name"])
    if row["state"] != "open":
        facts.close(f"state {door.quoted(row['state'])}")
    at_ms = facts.stamp(row["timestamp"])
    facts.put_price(Quantity.MARK_PRICE, row["mark_price"], at_ms)
    facts.put_price(Quantity.INDEX_PRICE, row["index_price"], at_ms)
    facts.put_rate(Quantity.FUNDING_RATE, row["current_funding"], at_ms)
    facts.interval_h = DERIBIT_RATE_H
    facts.put_charged(row["funding_8h"], at_ms, DERIBIT_RATE_H)
    if facts.market.inverse:
        facts.put(Quantity.OPEN_INTEREST_USD, row["open_interest"], at_ms)
    else:
        base_amount(facts, row["open_interest"], at_ms)
    book(facts, row["bids"], row["asks"], at_ms, depth_bps, unit="dollars" if facts.market.inverse else "coins")


# Gate


def gate_contract(answer: Any, facts: Facts, depth_bps: float) -> None:
    """No stamp; the interval is in seconds. `funding_rate_indicative` is deprecated and not used."""
    facts.same_market(answer["name"])
    if answer["in_delisting"] or answer.get("status", "trading") != "trading":
        facts.close("in delisting, or not trading")
    facts.put_price(Quantity.MARK_PRICE, answer["mark_price"], None)
    facts.put_price(Quantity.INDEX_PRICE, answer["index_price"], None)
    facts.put_rate(Quantity.FUNDING_RATE, answer["funding_rate"], None)
    facts.put_next_settlement(answer["funding_next_apply"], "s")
    facts.put_interval(answer["funding_interval"], hours_per_unit=1 / SECONDS_PER_HOUR)


def gate_statistics(answer: Any, facts: Facts, depth_bps: float) -> None:
    """Twelve rows of five minutes; `open_interest` counts contracts. The answer does not name its market."""
    newest = max(answer, key=lambda row: door.number("time", row["time"]))
    at_ms = facts.stamp(newest["time"], "s")
    base_amount(facts, newest["open_interest"], at_ms, contracts=True)
    facts.put(Quantity.OPEN_INTEREST_USD, newest["open_interest_usd"], at_ms)
    facts.put(Quantity.LONG_SHORT_RATIO, newest["lsr_account"], at_ms)
    for quantity, field in (
        (Quantity.LIQUIDATED_LONGS_USD, "long_liq_usd"),
        (Quantity.LIQUIDATED_SHORTS_USD, "short_liq_usd"),
    ):
        hour_s = at_ms / 1_000 - SECONDS_PER_HOUR
        rows = [row for row in answer if door.number("time", row["time"]) > hour_s]
        amounts = [facts.number(quantity, row[field]) for row in rows]
        told = [amount for amount in amounts if amount is not None]
        if len(told) == len(rows) and all(amount >= 0 for amount in told):
            facts.put(quantity, sum(told), at_ms)
        elif len(told) == len(rows):
            facts.reject(quantity, door.turned_away(Code.DATA_NOT_POSITIVE, f"{quantity}: a negative amount").reason)


def gate_book(answer: Any, facts: Facts, depth_bps: float) -> None:
    """Sizes count contracts; the stamp is in seconds with a fraction. The answer does not name its market."""
    book(
        facts,
        answer["bids"],
        answer["asks"],
        facts.stamp(answer["current"], "s"),
        depth_bps,
        price="p",
        size="s",
        unit="contracts",
    )


def gate_spot(answer: Any, facts: Facts, depth_bps: float) -> None:
    row = answer[0]
    spot_middle(facts, row["currency_pair"], row["highest_bid"], row["lowest_ask"], None)


# Kraken futures


def kraken_tickers(answer: Any, facts: Facts, depth_bps: float) -> None:
    """Rates are dollars per contract and hour: divided by the price they are decimals.

    `fundingRate` is charged for the running hour, `fundingRatePrediction` is for the next. `lastTime` is the last
    trade's; the answer's own stamp is `serverTime`.
    """
    row = row_of(facts, answer["tickers"], "symbol")
    if row["suspended"]:
        facts.close("suspended")
    at_ms = facts.stamp(answer["serverTime"], "iso")
    facts.put_price(Quantity.MARK_PRICE, row["markPrice"], at_ms)
    facts.put_price(Quantity.INDEX_PRICE, row["indexPrice"], at_ms)
    facts.put_price(Quantity.BEST_BID, row["bid"], at_ms)
    facts.put_price(Quantity.BEST_ASK, row["ask"], at_ms)
    base_amount(facts, row["openInterest"], at_ms, contracts=True)
    price = door.positive("markPrice", row["markPrice"])
    facts.put_rate(Quantity.FUNDING_RATE, row["fundingRate"], at_ms, divisor=price)
    if row.get("fundingRatePrediction") is not None:
        facts.put_rate(Quantity.PREDICTED_FUNDING_RATE, row["fundingRatePrediction"], at_ms, divisor=price)


def kraken_book(answer: Any, facts: Facts, depth_bps: float) -> None:
    """The answer does not name its market."""
    sides = answer["orderBook"]
    book(facts, sides["bids"], sides["asks"], facts.stamp(answer["serverTime"], "iso"), depth_bps, unit="contracts")
