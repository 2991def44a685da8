"""A liquidation cascade: many vaults run the same rule on one shared order book while the price breaks.

The rule is the strategy's own, by the kernel's steps; the crowd adds nothing but itself. Each vault pays what its order
does to the book, its neighbours see the price it left behind, and liquidity goes when the price moves. The hour is cut
into slots of five minutes: without jitter all vaults decide in the same one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

import agent.research.layout as at
from agent.config import CarryStrategy, Config
from agent.market.choose import history_hours
from agent.market.observation import Floats, MarketView, Seconds
from agent.market.source import HistorySource
from agent.research.bars import Bars, bars_of
from agent.research.kernel import Signals, signals_of
from agent.research.parameters import charges_of, world_row
from agent.research.stress.book import BookParameters, SharedBook
from agent.research.stress.measure import breached_limits
from agent.research.stress.rules import by_live, by_twin, live_rules
from agent.research.stress.scenarios import HOURS_BEFORE, calm_market
from agent.research.stress.vault import Moment, Rules, SimulatedVault
from agent.units import SECONDS_PER_HOUR

SLOTS = 12
SLOT_S = SECONDS_PER_HOUR // SLOTS
HOURS_AFTER = 3 * 24
CAPPED_PART = 0.01  # of a calm hour's volume, per leg
OPENING_H = 5 * 24  # vaults open one after the other, so that the crowd's own entry is no event


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who trades, and how."""

    name: str
    config: Config
    agents: int = 20
    nav_usd: float = 1_000_000.0  # of each
    jitter_slots: int = 1  # decisions are spread evenly at random over so many slots of five minutes
    book: BookParameters = field(default_factory=BookParameters)


@dataclass(frozen=True, slots=True)
class Cascade:
    """What the crowd did to the price and to itself."""

    crowd: Crowd
    time_s: Seconds  # every slot
    fundamental_spot: Floats  # what prices would have been without the crowd
    fundamental_mark: Floats
    spot: Floats
    mark: Floats
    event: int  # slot at which the shock begins
    worst_drawdowns: Floats  # per vault
    nearest: float  # distance to liquidation of the vault that came nearest
    liquidations: int
    latched: int  # vaults that a loss limit stopped
    breached: tuple[str, ...]
    impact_usd: float  # what orders paid beyond the fundamental price
    traded_usd: float

    @property
    def overshoot(self) -> float:
        """Furthest that any traded price was from the fundamental one after the shock began, as a fraction of it."""
        return float(np.maximum(np.abs(self.added("spot")), np.abs(self.added("mark")))[self.event :].max())

    def added(self, leg: str) -> Floats:
        """What the crowd adds to the price of "spot" or "mark" at every slot, as a fraction of it."""
        traded, alone = (self.spot, self.fundamental_spot) if leg == "spot" else (self.mark, self.fundamental_mark)
        return traded / alone - 1


def crowds(config: Config, agents: int) -> Sequence[Crowd]:
    """The same strategy alone, in a crowd, and in a crowd with each of the three remedies and with all of them.

    What bounds participation is `policy.max_trade_usd`, here 1 % of a calm hour's volume for each leg of each vault.
    """
    legs = 2 if isinstance(config.strategy, CarryStrategy) else 1
    capped = with_limit(config, CAPPED_PART * legs * BookParameters().volume_usd_h)
    wide = with_band(config, 2.0)
    return (
        Crowd("alone", config, 1),
        Crowd("crowd", config, agents),
        Crowd("crowd, book that stays", config, agents, book=BookParameters(flight=0.0)),
        Crowd("crowd, no band", with_band(config, 0.05), agents),
        Crowd("crowd, band x 2", wide, agents),
        Crowd("crowd, jitter of 10 min", config, agents, jitter_slots=2),
        Crowd("crowd, jitter of an hour", config, agents, jitter_slots=SLOTS),
        Crowd("crowd, participation cap", capped, agents),
        Crowd("crowd, all three", with_limit(wide, capped.policy.max_trade_usd), agents, jitter_slots=SLOTS),
    )


def with_band(config: Config, factor: float) -> Config:
    """The strategy with another no-trade band."""
    sizing = config.strategy.sizing.model_copy(update={"band": config.strategy.sizing.band * factor})
    return config.model_copy(update={"strategy": config.strategy.model_copy(update={"sizing": sizing})})


def with_limit(config: Config, max_trade_usd: float) -> Config:
    """The strategy under a smaller largest trade."""
    policy = config.policy.model_copy(update={"max_trade_usd": min(max_trade_usd, config.policy.max_trade_usd)})
    return config.model_copy(update={"policy": policy})


def default_shock(config: Config) -> float:
    """The move that hurts: 25 % up where the strategy is short a perp, 25 % down where it only holds the coin."""
    return 0.25 if isinstance(config.strategy, CarryStrategy) else -0.25


def run_cascade(crowd: Crowd, shock: float | None = None, seed: int = 7) -> Cascade:
    """Let a crowd live through calm days and a break of the price.

    Parameters
    ----------
    shock : of the fundamental price within an hour; None is `default_shock`
    seed : of the market, of who decides when, and of the order within a slot
    """
    return _Crowded(crowd, shock, seed).run()


class _Crowded:
    """The state of one cascade."""

    def __init__(self, crowd: Crowd, shock: float | None, seed: int) -> None:
        hedged = isinstance(crowd.config.strategy, CarryStrategy)
        self.crowd, self.draw = crowd, np.random.default_rng(seed)
        table, event_s = calm_market(crowd.config, seed, HOURS_AFTER)
        self.source = HistorySource(table, history_hours(crowd.config))
        self.calm = bars_of(self.source)
        # costs of the book are the book's; fees stay
        charges = replace(charges_of(crowd.config), spot_slippage=0.0, perp_slippage=0.0)
        self.p = world_row(crowd.config, charges, crowd.nav_usd)
        self.live = live_rules(crowd.config, self.p)
        self.hedged = hedged
        self.event = int(np.searchsorted(self.calm.time_s, event_s))
        self.first = self.event - HOURS_BEFORE
        self.size = default_shock(crowd.config) if shock is None else shock
        self.vaults = [SimulatedVault(self.p) for _ in range(crowd.agents)]
        self.joins = [self.first + OPENING_H * number // crowd.agents for number in range(crowd.agents)]
        self.slots = self.draw.integers(0, crowd.jitter_slots, crowd.agents)
        self.spot_book = SharedBook(float(self.calm.spot[self.first]), crowd.book)
        self.perp_book = SharedBook(float(self.calm.mark[self.first]), crowd.book)
        self.closes = {"spot": self.calm.spot.copy(), "mark": self.calm.mark.copy()}
        self.impact_usd = 0.0

    def run(self) -> Cascade:
        kept: list[tuple[float, ...]] = []
        last = len(self.calm) - 1
        for row in range(self.first, last):
            rules_at = self._rules(row)
            for slot in range(SLOTS):
                moment = self._moment(row, slot)
                for vault in self.vaults:
                    self._pass(vault, moment)
                if slot < self.crowd.jitter_slots:
                    self._decide(row, slot, rules_at(moment))
                kept.append((moment.time_s, *self._fundamental(row, slot), self.spot_book.price, self._mark()))
            self.closes["spot"][row + 1], self.closes["mark"][row + 1] = self.spot_book.price, self._mark()
        time_s, fundamental_spot, fundamental_mark, spot, mark = np.array(kept).T
        broken = [name for vault in self.vaults for name in breached_limits(vault)]
        return Cascade(
            self.crowd,
            time_s.astype(np.int64),
            fundamental_spot,
            fundamental_mark,
            spot,
            mark,
            (self.event - self.first) * SLOTS,
            np.array([vault.worst_fall for vault in self.vaults]),
            min(vault.nearest for vault in self.vaults),
            sum(vault.liquidations for vault in self.vaults),
            sum(vault.latched_s is not None for vault in self.vaults),
            tuple(dict.fromkeys(broken)),
            self.impact_usd,
            float(sum(vault.tally[at.TRADED_USD] for vault in self.vaults)),
        )

    def _signals(self, row: int) -> Signals:
        """What everybody reads at a full hour: the hours that are over, at the prices that were traded."""
        known = slice(0, row + 1)
        bars, spot, mark = self.calm, self.closes["spot"][known], self.closes["mark"][known]
        seen = Bars(
            bars.label, bars.time_s[known], spot, mark if self.hedged else spot, mark, bars.accrued[known],
            bars.paid[known], bars.open_interest[known], bars.dawn[known],
        )  # fmt: skip
        return signals_of(seen, self.p, row, row)

    def _rules(self, row: int) -> Callable[[Moment], Rules]:
        """What the strategy says in the hour of a row."""
        live = self.live
        if live is not None:
            return lambda now: by_live(live, self._view(row, now))
        twin = by_twin(self._signals(row), 0)
        return lambda now: twin

    def _view(self, row: int, now: Moment) -> MarketView:
        """What the live functions read: the same hours as `_signals`, and the price of now."""
        view = self.source.view(now.time_s)
        rows = slice(row + 1 - len(view.history.time_s), row + 1)
        past = replace(view.history, spot=self.closes["spot"][rows])
        if self.hedged:
            past = replace(past, perp=self.closes["mark"][rows])
        spot = None if view.spot is None else replace(view.spot, value=now.spot)
        return replace(view, spot=spot, history=past)

    def _fundamental(self, row: int, slot: int) -> tuple[float, float]:
        """Spot and perp without the crowd, on a straight line between two hours, with the shock from the event on."""
        part, bars = slot / SLOTS, self.calm
        progress = min(1.0, max(0.0, (row - self.event) + part))
        shock = (1 + self.size) ** progress
        spot, mark = (prices[row] * (prices[row + 1] / prices[row]) ** part for prices in (bars.spot, bars.mark))
        return float(spot) * shock, float(mark) * shock

    def _moment(self, row: int, slot: int) -> Moment:
        before = self._mark()
        spot, mark = self._fundamental(row, slot)
        self.spot_book.pass_to(spot, SLOT_S)
        if self.hedged:
            self.perp_book.pass_to(mark, SLOT_S)
        time_s = int(self.calm.time_s[row]) + slot * SLOT_S
        whole = slot == 0
        return Moment(
            time_s,
            self.spot_book.price,
            self._mark(),
            max(before, self._mark()),
            float(self.calm.paid[row]) if whole else 0.0,
            int(self.calm.dawn[row]) if whole else 0,
        )

    def _mark(self) -> float:
        return self.perp_book.price if self.hedged else self.spot_book.price

    def _pass(self, vault: SimulatedVault, moment: Moment) -> None:
        """Time goes by for one vault; whoever is liquidated buys the perp back from the book."""
        short, count = int(vault.amounts[at.SHORT]), vault.liquidations
        vault.pass_to(moment)
        if vault.liquidations > count:
            self.perp_book.trade(short * float(self.p[at.LOT_BASE]) * moment.mark)

    def _decide(self, row: int, slot: int, rules: Rules) -> None:
        """Whoever's turn it is decides, one after the other, each at the price that the one before left."""
        turn = [n for n in range(len(self.vaults)) if self.slots[n] == slot and row >= self.joins[n]]
        for number in self.draw.permutation(turn):
            vault = self.vaults[number]
            plan = vault.plan(rules)
            if plan is None:
                continue
            lot = float(self.p[at.LOT_BASE])
            spot = self._trade(self.spot_book, int(plan[at.SPOT_DELTA]) * lot)
            perp = self._trade(self.perp_book, -int(plan[at.SHORT_DELTA]) * lot)
            vault.fill(plan, spot, perp if self.hedged else spot)

    def _trade(self, book: SharedBook, base: float) -> float:
        price = book.trade(base * book.price)
        self.impact_usd += base * (price - book.fundamental)
        return price
