"""The scenarios: a calm market with one shock each, and the crashes that were recorded."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from agent.config import CarryStrategy, Config
from agent.market.choose import SYNTHETIC_START_PRICES, age_limits, history_hours
from agent.market.moments import hour_text
from agent.market.period import parse_period
from agent.market.source import HistorySource
from agent.market.synthetic import SyntheticParameters, synthetic_market
from agent.market.table import Candles, MarketTable
from agent.reasons import Reason, Refusal
from agent.research.stress import shocks
from agent.units import SECONDS_PER_HOUR

CALM_START_S = 1_672_531_200  # 2023-01-01; any whole day does
HOURS_BEFORE, HOURS_AFTER = 10 * 24, 10 * 24  # of the shock
# Without its crash, and with funding that makes carry worth holding: a strategy that sits in cash is not tested.
CALM = SyntheticParameters(
    crash_drop=(0.0, 0.0),
    crash_basis=0.0,
    crash_open_interest_drop=0.0,
    jumps_per_year=0.0,
    funding_base=0.0003,
    funding_noise=0.0,
)
# Name, first and last day. They begin two weeks early, so that a position exists when it happens.
CRASHES = (
    ("2018-11, after the fork of Bitcoin Cash", "2018-11-01", "2018-12-16"),
    ("2020-03-12, the pandemic", "2020-02-27", "2020-03-26"),
    ("2021-05-19, the summer's crash", "2021-05-05", "2021-06-02"),
    ("2022-05, Luna", "2022-04-25", "2022-05-23"),
    ("2022-11, FTX", "2022-10-25", "2022-11-22"),
)
LEAST_ROWS = 0.9  # of a window's hours that must be known
FOUR_HOURS_S = 4 * SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True)
class Scenario:
    """A market in which something happens, and the strategy that meets it."""

    name: str
    kind: str  # "made up" or "recorded"
    config: Config
    source: HistorySource
    first_s: int
    event_s: int  # when it begins; for recorded ones the beginning of the window
    last_s: int
    note: str = ""  # what is different from an ordinary backtest


@dataclass(frozen=True, slots=True)
class Absent:
    """A recorded crash that the data at hand does not show, and why."""

    name: str
    why: str


def calm_market(config: Config, seed: int, hours_after: int = HOURS_AFTER) -> tuple[MarketTable, int]:
    """A synthetic market without any crash, and the moment at which a shock may begin (unix seconds)."""
    hours = history_hours(config) + HOURS_BEFORE + hours_after
    price = SYNTHETIC_START_PRICES.get(config.market.symbol, 100.0)
    has_perp = config.market.perp is not None
    parameters = replace(CALM, start_price=price)
    table = synthetic_market(seed, CALM_START_S, hours, config.market.symbol, has_perp, parameters)
    return table, CALM_START_S + (history_hours(config) + HOURS_BEFORE) * SECONDS_PER_HOUR


def made_up(config: Config, seed: int) -> Iterator[Scenario]:
    """Each shock on the same calm market; what only hurts a hedged position is left out for spot alone."""
    table, event_s = calm_market(config, seed)
    last_s = event_s + (HOURS_AFTER - 1) * SECONDS_PER_HOUR
    alike: dict[str, Callable[[MarketTable], MarketTable]] = {
        "nothing happens": lambda t: t,
        "30 % down within an hour": lambda t: shocks.jump(t, event_s, -0.30),
        "50 % down within a day": lambda t: shocks.jump(t, event_s, -0.50, 24),
        "20 % up within an hour": lambda t: shocks.jump(t, event_s, 0.20),
        "40 % up within an hour": lambda t: shocks.jump(t, event_s, 0.40),
        "30 % down and back in three hours": lambda t: shocks.flash(t, event_s, -0.30),
        "30 % up and back in three hours": lambda t: shocks.flash(t, event_s, 0.30),
        "venues stand still 12 h, open 25 % lower": lambda t: shocks.gap(t, event_s, -0.25, 12),
        "venues stand still 12 h, open 25 % higher": lambda t: shocks.gap(t, event_s, 0.25, 12),
        "venues stand still two days, price unchanged": lambda t: shocks.gap(t, event_s, 0.0, 48),
    }
    of_the_perp: dict[str, Callable[[MarketTable], MarketTable]] = {
        "perp 10 % above spot, back within hours": lambda t: shocks.premium(t, event_s, 0.10),
        "perp 10 % below spot, back within hours": lambda t: shocks.premium(t, event_s, -0.10),
        "funding -2 % seven times in a row": lambda t: shocks.funding(t, event_s, (-0.02,) * 7),
        "funding -0.05 % for ten days": lambda t: shocks.funding(t, event_s, (-0.0005,) * 30),
        "funding flips every two days": lambda t: shocks.funding(t, event_s, ((-0.001,) * 6 + (0.001,) * 6) * 3),
    }
    hedged = isinstance(config.strategy, CarryStrategy)
    for name, shock in {**alike, **(of_the_perp if hedged else {})}.items():
        source = HistorySource(shock(table), history_hours(config), **age_limits(config))
        first_s = event_s - HOURS_BEFORE * SECONDS_PER_HOUR
        yield Scenario(name, "made up", config, source, first_s, event_s, last_s)


def recorded(config: Config, folder: Path) -> Iterator[Scenario | Absent]:
    """Each crash of `CRASHES` as the data at hand shows it, or why it cannot."""
    for name, first_day, last_day in CRASHES:
        first_s, last_s = parse_period(first_day, last_day)
        tried: list[str] = []
        for market, changed, note in _markets(config, folder, first_s, last_s, tried):
            source = HistorySource(market, history_hours(changed), **age_limits(changed))
            rows, step = source.rows.time_s, FOUR_HOURS_S if "4-hour" in note else SECONDS_PER_HOUR
            known = int(((rows >= first_s) & (rows <= last_s)).sum()) * step / (last_s - first_s)
            warm_s = changed.strategy.volatility.warm_up_h * SECONDS_PER_HOUR
            if known < LEAST_ROWS or rows[0] > first_s - warm_s:
                tried.append(f"known from {hour_text(rows[0])} to {hour_text(rows[-1])}")
                continue
            yield Scenario(name, "recorded", changed, source, first_s, first_s, last_s, note)
            break
        else:
            yield Absent(name, tried[0] if tried else "not recorded")


def _markets(
    config: Config, folder: Path, first_s: int, last_s: int, tried: list[str]
) -> Iterator[tuple[MarketTable, Config, str]]:
    """The market as the file names it, then without what may be missing; what fails is told in `tried`."""
    start_s = first_s - history_hours(config) * SECONDS_PER_HOUR
    uncrowded = _without_open_interest(config)
    ways: list[tuple[Config, bool, str]] = [(config, False, "")]
    if uncrowded is not config:
        ways.append((uncrowded, False, "without open interest"))
    if config.market.perp is not None:
        ways.append((config, True, "4-hour perp bars"))
        if uncrowded is not config:
            ways.append((uncrowded, True, "4-hour perp bars, without open interest"))
    for changed, four_hourly, note in ways:
        try:
            load = _load_four_hourly if four_hourly else _load
            yield load(changed, folder, start_s, last_s), changed, note
        except Refusal as refusal:
            tried.append(str(_first(refusal)))


def _load(config: Config, folder: Path, start_s: int, last_s: int) -> MarketTable:
    from agent.market.history_files import load_market
    from agent.market.store import is_store, market_from_store

    load = market_from_store if is_store(folder) else load_market
    return load(config.market, folder, start_s, last_s)


def _load_four_hourly(config: Config, folder: Path, start_s: int, last_s: int) -> MarketTable:
    """Hourly spot and four-hourly perp bars: rows every four hours, whose highs lose nothing of the hours between."""
    from agent.market.history_files import read_file

    spot_only = config.market.model_copy(update={"perp": None, "mark": None})
    table = _load(config.model_copy(update={"market": spot_only}), folder, start_s, last_s)
    rows = read_file(folder, f"{config.market.perp}/{config.market.symbol}-4h.parquet", ("high", "low", "close"))
    time_s = rows.time_ms[:-1] // 1_000 + FOUR_HOURS_S
    kept = (time_s >= start_s) & (time_s <= last_s)
    high, low, close = (rows.columns[name][:-1][kept] for name in ("high", "low", "close"))
    return replace(table, mark=Candles(rows.origin.name, time_s[kept], close, high, low))


def _without_open_interest(config: Config) -> Config:
    """The same strategy blind to crowding: what it could have been before open interest was recorded."""
    if not isinstance(config.strategy, CarryStrategy) or config.strategy.open_interest is None:
        return config
    strategy = config.strategy.model_copy(update={"open_interest": None})
    market = config.market.model_copy(update={"open_interest": None})
    return config.model_copy(update={"strategy": strategy, "market": market})


def _first(refusal: Refusal) -> Reason:
    return refusal.reasons[0]


def rows_of(scenario: Scenario) -> tuple[int, int]:
    """First and last row of a scenario's period in its source."""
    time_s = scenario.source.rows.time_s
    first = int(np.searchsorted(time_s, scenario.first_s))
    return first, int(np.searchsorted(time_s, scenario.last_s, side="right")) - 1
