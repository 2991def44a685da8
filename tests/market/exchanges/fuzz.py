"""Spoils venues' answers at random and counts what must never happen: uncoded errors, NaN, an accepted wrong symbol."""

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from venue_answers import ANSWERS

from agent.market.exchanges.adapter import ALL
from agent.market.exchanges.facts import Facts
from agent.market.exchanges.finish import finish
from agent.market.exchanges.market import Market
from agent.market.exchanges.read import read
from agent.market.exchanges.venues import VENUES, Call
from agent.market.reading import VenueAnswer
from agent.reasons import Code

NOW_MS = 1_790_000_000_000
DEPTH_BPS = 10.0

MARKETS = {
    "binance": Market("binance", "ETH", "ETHUSDT", "ETH/USDT:USDT", "ETH-USDT", "ETHUSDT", "usdt", 1.0),
    "bybit": Market("bybit", "ETH", "ETHUSDT", "ETH/USDT:USDT", "ETH-USDT", "ETHUSDT", "usdt", 1.0),
    "okx": Market("okx", "ETH", "ETH-USDT-SWAP", "ETH/USDT:USDT", "ETH-USDT", "ETH-USDT", "usdt", 0.1),
    "hyperliquid": Market("hyperliquid", "ETH", "ETH", "ETH/USDC:USDC", "1-USDC", None, "usdc", 1.0),
    "dydx": Market("dydx", "ETH", "ETH-USD", "ETH/USDC:USDC", "ETH-USDC", None, "usdc", 1.0),
    "deribit": Market("deribit", "ETH", "ETH-PERPETUAL", "ETH/USD:ETH", "ETH-USD", None, "eth", 1.0, inverse=True),
    "gate": Market("gate", "ETH", "ETH_USDT", "ETH/USDT:USDT", "ETH-USDT", "ETH_USDT", "usdt", 0.01),
    "krakenfutures": Market("krakenfutures", "ETH", "PF_ETHUSD", "ETH/USD:USD", "eth-usd", None, "usd", 1.0),
}

HOSTILE: tuple[Any, ...] = (
    None, "", "NaN", "nan", "inf", "-Infinity", "1e400", "-1e400", float("nan"), float("inf"), 10**400, -(10**400),
    0, -1, "0", "-0.0", "-3000", "1e308", 1e308, 5e-324, "5e-324", 2**63, 2**53, True, False,
    [], {}, [[]], {"a": None}, [1], [1, 2, 3], "0x10", "1_000", "\uff13\uff10\uff10\uff10", " 3000 ", "3000\n",
    "BTCUSDT", "BTC-USDT-SWAP", "PF_XBTUSD", "9" * 5_000, "\x00", "\U0001f642",
    NOW_MS // 1_000, NOW_MS * 1_000, NOW_MS + 60_000, NOW_MS - 30 * 24 * 3_600_000,
    "2026-13-45T99:99:99Z", "2026-01-01T00:00:00", "9999-12-31T23:59:59.999999+00:00", "0001-01-01T00:00:00+23:59",
)  # fmt: skip


@dataclass(slots=True)
class Count:
    """What was seen."""

    answers: int = 0
    uncoded: int = 0
    nan: int = 0
    wrong_symbol: int = 0
    accepted: int = 0  # answers of which something was used
    rejected: int = 0  # answers of which something was turned away

    def __str__(self) -> str:
        return f"answers {self.answers}, uncoded {self.uncoded}, nan {self.nan}, wrong symbol {self.wrong_symbol}"


@dataclass(frozen=True, slots=True)
class Subject:
    """One call with its honest answer, and every place in it."""

    venue: str
    call: Call
    answer: Any
    places: tuple[tuple[Any, Any], ...]  # container and key, identity of the containers kept
    names: frozenset[int]  # which places hold the name of the market


def subjects() -> list[Subject]:
    """Every call of every venue with its documented answer."""
    found = []
    for venue, answers in ANSWERS.items():
        market = MARKETS[venue]
        told = copy.deepcopy(answers(NOW_MS))
        for call in VENUES[venue].calls:
            key = next(one for one in told if _belongs(one, call, market))
            holder = [told[key]]
            places = tuple(_places(holder))
            ours = {market.id, market.pair, market.spot_id} - {None}
            names = frozenset(
                at for at, (box, name) in enumerate(places) if isinstance(box[name], str) and box[name] in ours
            )
            found.append(Subject(venue, call, holder, places, names))
    return found


def _belongs(key: str, call: Call, market: Market) -> bool:
    bare, _, query = key.partition("?")
    http = call.http.replace("{market}", market.id)
    if call.http.startswith("POST"):
        http += f" {call.params['type']}"
    wanted = dict(part.split("=") for part in query.split("&") if part)
    names = {"{market}": market.id, "{spot}": market.spot_id}
    params = {name: names.get(value, value) if isinstance(value, str) else value for name, value in call.params.items()}
    return bare == http and all(params.get(name) == value for name, value in wanted.items())


def _places(box: Any) -> Iterator[tuple[Any, Any]]:
    for name in list(box) if isinstance(box, dict) else range(len(box)):
        yield box, name
        if isinstance(box[name], dict | list):
            yield from _places(box[name])


def examine(subject: Subject, count: Count, renamed: bool) -> VenueAnswer | None:
    """Read one spoilt answer and count what must never happen."""
    count.answers += 1
    facts = Facts(MARKETS[subject.venue], NOW_MS)
    try:
        read(subject.call, subject.answer[0], facts, DEPTH_BPS)
        answer = finish(facts, ALL)
    except Exception:  # whatever it is, it has no code
        count.uncoded += 1
        return None
    count.accepted += bool(answer.readings)
    count.rejected += bool(answer.rejections)
    for reading in answer.readings:
        numbers = (reading.value, float(reading.at_ms), reading.interval_h or 1.0)
        count.nan += not all(math.isfinite(number) for number in numbers)
    count.uncoded += any(not isinstance(one.reason.code, Code) for one in answer.rejections)
    count.wrong_symbol += renamed and bool(answer.readings)
    return answer


def spoil(subject: Subject, random: Random) -> tuple[list[tuple[Any, Any, Any]], bool]:
    """Change one to three places; what was there before, and whether the market's own name changed."""
    undo = []
    renamed = False
    changes = random.choice((1, 1, 1, 2, 3))
    for _ in range(changes):
        at = random.randrange(len(subject.places))
        box, name = subject.places[at]
        try:
            before = box[name]
        except (LookupError, TypeError):
            continue  # an earlier change removed it
        kind = random.random()
        if kind < 0.75:
            value = random.choice(HOSTILE)
        elif kind < 0.9:
            other, key = subject.places[random.randrange(len(subject.places))]
            value = other[key]
        else:
            value = [before, before]
        if value is box or _contains(value, box):
            continue
        undo.append((box, name, before))
        box[name] = value
        # With more changes the renamed row may have been cut off by another one.
        renamed = changes == 1 and at in subject.names and value != before
    return undo, renamed


def _contains(value: Any, box: Any) -> bool:
    """Whether a value holds the place it is to be put in, which would be an endless answer."""
    if value is box:
        return True
    if isinstance(value, dict):
        return any(_contains(one, box) for one in value.values())
    return isinstance(value, list) and any(_contains(one, box) for one in value)


def campaign(answers: int, seed: int) -> Count:
    """Spoil so many answers, all venues and calls in turn."""
    random, count, every = Random(seed), Count(), subjects()
    for turn in range(answers):
        subject = every[turn % len(every)]
        undo, renamed = spoil(subject, random)
        examine(subject, count, renamed)
        for box, name, before in reversed(undo):
            box[name] = before
    return count
