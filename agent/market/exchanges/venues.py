"""The table of venues: which request tells what, what it weighs, and what each venue lacks.

What a field means (contracts or coins, per hour or per eight) stands beside its reader in `rows`. `REQUESTS` lists
every request that observing sends, as the venue's server sees it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from agent.market.exchanges import rows, settlements
from agent.market.exchanges.facts import Facts
from agent.market.reading import Quantity

Reader = Callable[[Any, Facts, float], None]

PRICES = frozenset({Quantity.MARK_PRICE, Quantity.INDEX_PRICE})
OPEN_INTERESTS = frozenset({Quantity.OPEN_INTEREST, Quantity.OPEN_INTEREST_USD})
BOOK = frozenset({Quantity.BEST_BID, Quantity.BEST_ASK, Quantity.BID_DEPTH_USD, Quantity.ASK_DEPTH_USD})
TOP = frozenset({Quantity.BEST_BID, Quantity.BEST_ASK})
SETTLED = frozenset({Quantity.SETTLED_FUNDING_RATE})
RATIO = frozenset({Quantity.LONG_SHORT_RATIO})
SPOT = frozenset({Quantity.SPOT_PRICE})
FUNDING = frozenset({Quantity.FUNDING_RATE, Quantity.NEXT_SETTLEMENT})
LIQUIDATIONS = frozenset({Quantity.LIQUIDATED_LONGS_USD, Quantity.LIQUIDATED_SHORTS_USD})
PREDICTED = frozenset({Quantity.PREDICTED_FUNDING_RATE})
NEXT = frozenset({Quantity.NEXT_SETTLEMENT})
RATES = frozenset({Quantity.FUNDING_RATE}) | PREDICTED


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One request.

    Parameters
    ----------
    method : ccxt's implicit method
    http : verb and path as the server sees them
    params : {market}, {pair}, {spot}, {settle} and {five_hours_ago} are filled in
    gives : quantities that the answer tells of
    weight : what it takes from the venue's allowance
    read : fills facts from the answer
    shared : one answer tells of every market of the venue
    """

    method: str
    http: str
    params: Mapping[str, object]
    gives: frozenset[Quantity]
    weight: float
    read: Reader
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Venue:
    """The facts of one venue.

    Parameters
    ----------
    ccxt_id : name of the class in ccxt
    quotes : quote currencies in the order of preference; dollars and their stablecoins
    calls : in the order in which they are preferred
    interval : "published" in the answer, "learnt" from settlements, or "continuous" for funding without settlements
    lacks : quantities that the venue, or ccxt for it, does not tell: they are absent, never zero
    weight_per_minute : the venue's documented allowance, which all requests together must not exceed
    markets_http : requests that loading the markets sends
    options : ccxt's options: which markets are loaded
    market_params : what else narrows the list of markets
    spot_name : how the venue writes a spot market, if it has one
    snapshot_liquidations : its liquidation stream leaves events out, so sums are lower bounds
    """

    name: str
    ccxt_id: str
    quotes: tuple[str, ...]
    calls: tuple[Call, ...]
    interval: str
    lacks: frozenset[Quantity]
    weight_per_minute: float
    markets_http: tuple[str, ...]
    options: Mapping[str, object] = field(default_factory=dict)
    market_params: Mapping[str, object] = field(default_factory=dict)
    spot_name: str | None = None
    snapshot_liquidations: bool = True

    def needed(self, wanted: frozenset[Quantity]) -> tuple[Call, ...]:
        """The fewest calls, in the table's order, that tell what is wanted and what that takes to be understood."""
        need = set(wanted)
        if need & OPEN_INTERESTS:  # the other unit of open interest follows from a price
            need.add(Quantity.INDEX_PRICE if Quantity.MARK_PRICE in self.lacks else Quantity.MARK_PRICE)
        if need & RATES and self.interval == "learnt":
            need |= SETTLED
        chosen = []
        for call in self.calls:
            if call.gives & need:
                chosen.append(call)
                need -= call.gives
        return tuple(chosen)


# fmt: off
BINANCE = Venue(
    name="binance",
    ccxt_id="binance",
    quotes=("USDT", "USDC"),
    interval="learnt",  # fundingInfo lists the adjusted symbols only, so silence there says nothing
    lacks=PREDICTED | LIQUIDATIONS,
    weight_per_minute=2_400,  # of which fundingRate may take 500 requests in 5 minutes, the ratio 1,000
    markets_http=("GET /fapi/v1/exchangeInfo",),
    options={"fetchMarkets": {"types": ["linear"]}},
    spot_name="{base}{quote}",
    calls=(
        Call("fapiPublicGetPremiumIndex", "GET /fapi/v1/premiumIndex", {"symbol": "{market}"},
             PRICES | FUNDING, 1, rows.binance_premium),
        Call("fapiPublicGetOpenInterest", "GET /fapi/v1/openInterest", {"symbol": "{market}"},
             OPEN_INTERESTS, 1, rows.binance_open_interest),
        Call("fapiPublicGetFundingRate", "GET /fapi/v1/fundingRate", {"symbol": "{market}", "limit": 4},
             SETTLED, 5, settlements.last(settlements.binance_rows)),
        Call("fapiPublicGetDepth", "GET /fapi/v1/depth", {"symbol": "{market}", "limit": 500},
             BOOK, 10, rows.binance_book),
        Call("fapiDataGetGlobalLongShortAccountRatio", "GET /futures/data/globalLongShortAccountRatio",
             {"symbol": "{market}", "period": "5m", "limit": 1}, RATIO, 12, rows.binance_ratio),
        Call("publicGetTickerBookTicker", "GET /api/v3/ticker/bookTicker", {"symbol": "{spot}"},
             SPOT, 2, rows.binance_spot),
    ),
)

BYBIT = Venue(
    name="bybit",
    ccxt_id="bybit",
    quotes=("USDT", "USDC"),
    interval="learnt",  # older answers lack fundingIntervalHour, and the market list is as old as its loading
    lacks=PREDICTED | LIQUIDATIONS,
    weight_per_minute=7_200,  # 600 requests in 5 s
    markets_http=("GET /v5/market/instruments-info",),
    options={"fetchMarkets": {"types": ["linear"]}},
    spot_name="{base}{quote}",
    snapshot_liquidations=False,  # allLiquidation tells every one
    calls=(
        Call("publicGetV5MarketTickers", "GET /v5/market/tickers", {"category": "linear", "symbol": "{market}"},
             PRICES | FUNDING | OPEN_INTERESTS | TOP, 1, rows.bybit_ticker),
        Call("publicGetV5MarketFundingHistory", "GET /v5/market/funding/history",
             {"category": "linear", "symbol": "{market}", "limit": 4},
             SETTLED, 1, settlements.last(settlements.bybit_rows)),
        Call("publicGetV5MarketOrderbook", "GET /v5/market/orderbook",
             {"category": "linear", "symbol": "{market}", "limit": 500}, BOOK, 1, rows.bybit_book),
        Call("publicGetV5MarketAccountRatio", "GET /v5/market/account-ratio",
             {"category": "linear", "symbol": "{market}", "period": "5min", "limit": 1}, RATIO, 1, rows.bybit_ratio),
        Call("publicGetV5MarketTickers", "GET /v5/market/tickers", {"category": "spot", "symbol": "{spot}"},
             SPOT, 1, rows.bybit_spot),
    ),
)

OKX = Venue(
    name="okx",
    ccxt_id="okx",
    quotes=("USDT", "USDC"),
    interval="published",  # nextFundingTime minus fundingTime; it may change from 8 h to 6, 4, 2 or 1 h
    lacks=LIQUIDATIONS,
    weight_per_minute=300,  # 20 requests in 2 s per endpoint; ten of them share our allowance
    markets_http=("GET /api/v5/public/instruments",),
    options={"fetchMarkets": {"types": ["swap"]}},
    spot_name="{base}-{quote}",
    calls=(
        Call("publicGetPublicFundingRate", "GET /api/v5/public/funding-rate", {"instId": "ANY"},
             FUNDING | PREDICTED, 1, rows.okx_funding, shared=True),
        Call("publicGetPublicMarkPrice", "GET /api/v5/public/mark-price", {"instType": "SWAP"},
             frozenset({Quantity.MARK_PRICE}), 1, rows.okx_mark, shared=True),
        Call("publicGetMarketIndexTickers", "GET /api/v5/market/index-tickers", {"instId": "{pair}"},
             frozenset({Quantity.INDEX_PRICE}), 1, rows.okx_index),
        Call("publicGetPublicOpenInterest", "GET /api/v5/public/open-interest", {"instType": "SWAP"},
             OPEN_INTERESTS, 1, rows.okx_open_interest, shared=True),
        Call("publicGetPublicFundingRateHistory", "GET /api/v5/public/funding-rate-history",
             {"instId": "{market}", "limit": 4}, SETTLED, 1, settlements.last(settlements.okx_rows)),
        Call("publicGetMarketBooks", "GET /api/v5/market/books", {"instId": "{market}", "sz": 400},
             BOOK, 1, rows.okx_book),
        Call("publicGetRubikStatContractsLongShortAccountRatioContract",
             "GET /api/v5/rubik/stat/contracts/long-short-account-ratio-contract",
             {"instId": "{market}", "period": "5m", "limit": 1}, RATIO, 4, rows.okx_ratio),
        Call("publicGetMarketTicker", "GET /api/v5/market/ticker", {"instId": "{spot}"}, SPOT, 1, rows.okx_spot),
    ),
)

HYPERLIQUID = Venue(
    name="hyperliquid",
    ccxt_id="hyperliquid",
    quotes=("USDC",),
    interval="learnt",  # the answer says nothing of it, and it was 8 h until 2023-06-08
    lacks=NEXT | PREDICTED | LIQUIDATIONS | RATIO | SPOT,
    weight_per_minute=1_200,
    markets_http=("POST /info metaAndAssetCtxs",),
    options={"fetchMarkets": {"types": ["swap"]}},
    calls=(
        Call("publicPostInfo", "POST /info", {"type": "metaAndAssetCtxs"},
             PRICES | {Quantity.FUNDING_RATE} | OPEN_INTERESTS, 20, rows.hyperliquid_contexts, shared=True),
        Call("publicPostInfo", "POST /info",
             {"type": "fundingHistory", "coin": "{market}", "startTime": "{five_hours_ago}"},
             SETTLED, 20, settlements.last(settlements.hyperliquid_rows)),
        Call("publicPostInfo", "POST /info", {"type": "l2Book", "coin": "{market}"}, BOOK, 2, rows.hyperliquid_book),
    ),
)

DYDX = Venue(
    name="dydx",
    ccxt_id="dydx",
    quotes=("USDC",),
    interval="learnt",
    lacks=frozenset({Quantity.MARK_PRICE}) | NEXT | PREDICTED | LIQUIDATIONS | RATIO | SPOT,
    weight_per_minute=600,  # 100 requests in 10 s
    markets_http=("GET /v4/perpetualMarkets",),
    calls=(
        Call("indexerGetPerpetualMarkets", "GET /v4/perpetualMarkets", {},
             frozenset({Quantity.INDEX_PRICE, Quantity.FUNDING_RATE}) | OPEN_INTERESTS, 1,
             rows.dydx_markets, shared=True),
        Call("indexerGetHistoricalFundingMarket", "GET /v4/historicalFunding/{market}",
             {"market": "{market}", "limit": 4}, SETTLED, 1, settlements.last(settlements.dydx_rows)),
        Call("indexerGetOrderbooksPerpetualMarketMarket", "GET /v4/orderbooks/perpetualMarket/{market}",
             {"market": "{market}"}, BOOK, 1, rows.dydx_book),
    ),
)

DERIBIT = Venue(
    name="deribit",
    ccxt_id="deribit",
    quotes=("USD", "USDC"),  # inverse perpetuals of BTC and ETH are the liquid ones; the others are linear in USDC
    interval="continuous",
    lacks=NEXT | PREDICTED | LIQUIDATIONS | RATIO | SPOT,
    weight_per_minute=1_200,  # 20 requests a second
    markets_http=("GET /api/v2/public/get_instruments",),
    market_params={"kind": "future"},
    calls=(
        Call("publicGetGetOrderBook", "GET /api/v2/public/get_order_book",
             {"instrument_name": "{market}", "depth": 100},
             PRICES | {Quantity.FUNDING_RATE} | SETTLED | OPEN_INTERESTS | BOOK, 1, rows.deribit_book),
    ),
)

GATE = Venue(
    name="gate",
    ccxt_id="gate",
    quotes=("USDT",),
    interval="published",
    lacks=PREDICTED,
    weight_per_minute=1_200,  # 200 requests in 10 s per endpoint
    markets_http=("GET /api/v4/futures/usdt/contracts",),
    options={"fetchMarkets": {"types": ["swap"]}, "swap": {"fetchMarkets": {"settlementCurrencies": ["usdt"]}}},
    spot_name="{base}_{quote}",
    calls=(
        Call("publicFuturesGetSettleContractsContract", "GET /api/v4/futures/usdt/contracts/{market}",
             {"settle": "{settle}", "contract": "{market}"}, PRICES | FUNDING, 1, rows.gate_contract),
        Call("publicFuturesGetSettleContractStats", "GET /api/v4/futures/usdt/contract_stats",
             {"settle": "{settle}", "contract": "{market}", "interval": "5m", "limit": 12},
             OPEN_INTERESTS | RATIO | LIQUIDATIONS, 1, rows.gate_statistics),
        Call("publicFuturesGetSettleFundingRate", "GET /api/v4/futures/usdt/funding_rate",
             {"settle": "{settle}", "contract": "{market}", "limit": 4},
             SETTLED, 1, settlements.last(settlements.gate_rows)),
        Call("publicFuturesGetSettleOrderBook", "GET /api/v4/futures/usdt/order_book",
             {"settle": "{settle}", "contract": "{market}", "limit": 100}, BOOK, 1, rows.gate_book),
        Call("publicSpotGetTickers", "GET /api/v4/spot/tickers", {"currency_pair": "{spot}"},
             SPOT, 1, rows.gate_spot),
    ),
)

KRAKEN = Venue(
    name="krakenfutures",
    ccxt_id="krakenfutures",
    quotes=("USD",),
    interval="learnt",
    lacks=NEXT | LIQUIDATIONS | RATIO | SPOT,
    weight_per_minute=300,
    markets_http=("GET /derivatives/api/v3/instruments",),
    calls=(
        Call("publicGetTickers", "GET /derivatives/api/v3/tickers", {},
             PRICES | {Quantity.FUNDING_RATE} | PREDICTED | OPEN_INTERESTS | TOP, 1, rows.kraken_tickers, shared=True),
        Call("publicGetHistoricalfundingrates", "GET /derivatives/api/v4/historicalfundingrates",
             {"symbol": "{market}"}, SETTLED, 10, settlements.kraken_last),
        Call("publicGetOrderbook", "GET /derivatives/api/v3/orderbook", {"symbol": "{market}"},
             BOOK, 1, rows.kraken_book),
    ),
)
# fmt: on

VENUES: Mapping[str, Venue] = MappingProxyType(
    {venue.name: venue for venue in (BINANCE, BYBIT, OKX, HYPERLIQUID, DYDX, DERIBIT, GATE, KRAKEN)}
)

# Every request of an observation: verb and path, and the parameters with their placeholders.
REQUESTS: Mapping[str, tuple[tuple[str, Mapping[str, object]], ...]] = MappingProxyType(
    {
        name: tuple((call.http, call.params) for call in venue.calls) + tuple((http, {}) for http in venue.markets_http)
        for name, venue in VENUES.items()
    }
)
