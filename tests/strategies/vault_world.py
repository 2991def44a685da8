"""A vault in an observation, with named defaults, and a small world that carries out proposals on it."""

from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from agent.config import (
    CarryStrategy,
    Config,
    DrawdownConfig,
    FundingConfig,
    LiquidationConfig,
    MarketConfig,
    OpenInterestConfig,
    SizingConfig,
    VaultConfig,
    VolatilityConfig,
    VolatilityTargetStrategy,
)
from agent.decision import Decision, Proposal
from agent.market.observation import Block, Fact, Floats, History, MarketView, Mode, Observation, PerpState, VaultState
from agent.policy import Policy
from agent.reasons import Reason
from agent.strategies import decide
from agent.units import HOURS_PER_YEAR, Rate, Token

NOW = 1_700_000_000 // 3_600 * 3_600
HOUR = 3_600
PRICE = 2_000.0
USD = 10**6
MILLION = 1_000_000 * USD
ETH = 10**18
LOT = 10**14  # base units per perp lot of 0.0001
USDC = Token("USDC", "0x" + "01" * 20, 6)
WETH = Token("WETH", "0x" + "02" * 20, 18)

POLICY = Policy(
    max_gross_leverage=1.6,
    max_net_delta=0.05,
    min_liquidation_distance=0.10,
    min_health=3.0,
    min_idle=0.02,
    max_slippage=0.01,
    max_loss_per_plan=0.01,
    loss_budget=0.01,
    emergency_loss_budget=0.01,
    max_turnover=3.0,
    max_daily_loss=0.03,
    max_weekly_loss=0.05,
    max_drawdown=0.08,
    max_growth=0.25,
    flow_buffer=0.0005,
    max_trade_usd=1_500_000.0,
    cooldown_s=600,
    max_oracle_age_s=5_400,
    max_silence_s=172_800,
    latch_mode="reduce_only",
    max_total_assets_usd=50_000_000.0,
    venue_cap_usd=25_000_000.0,
    venue_cap=1.0,
    asset_cap_usd=50_000_000.0,
    asset_cap=1.6,
)
SIZING = SizingConfig(max_exposure=0.65, band=0.065, delta_band=0.01, min_idle=0.05, min_trade_usd=500.0)
VOLATILITY = VolatilityConfig(target=0.04, floor=0.01)
CARRY_STRATEGY = CarryStrategy(
    kind="carry",
    volatility=VOLATILITY,
    funding=FundingConfig(round_trip_cost=0.0015, memory_h=48.0),
    open_interest=OpenInterestConfig(window_h=720, smoothing_h=24, start_z=1.5, full_z=3.0, floor=0.5),
    liquidation=LiquidationConfig(target_margin=0.40, low_margin=0.30, high_margin=0.55, wanted_sigma=6.0),
    drawdown=DrawdownConfig(start=0.02),
    sizing=SIZING,
)
CARRY_CONFIG = Config(
    name="test-carry",
    chain="local",
    market=MarketConfig(symbol="ETHUSDT", spot="s", perp="p", funding="f", open_interest="o"),
    vault=VaultConfig(base_symbol="WETH", base_decimals=18, perp_index=1),
    strategy=CARRY_STRATEGY,
    policy=POLICY,
)
SPOT_CONFIG = Config(
    name="test-spot",
    chain="local",
    market=MarketConfig(symbol="ETHUSDT", spot="s"),
    vault=VaultConfig(base_symbol="WETH", base_decimals=18),
    strategy=VolatilityTargetStrategy(
        kind="volatility_target",
        volatility=VolatilityConfig(target=0.20, floor=0.10),
        drawdown=DrawdownConfig(start=0.04),
        sizing=SIZING,
    ),
    policy=POLICY.model_copy(update={"max_net_delta": 1.0}),
)


@cache
def _walk(hours: int) -> Floats:
    """A random walk that ends at 0."""
    walk = np.cumsum(np.random.default_rng(7).normal(0.0, 1.0, hours))
    return walk - walk[-1]


def history(
    price: float = PRICE, funding_annual: float = 0.10, hours: int = 800, hourly_move: float = 0.005, end: int = NOW
) -> History:
    """A random walk of `hourly_move` per hour that ends at `price`, with constant funding and quiet open interest."""
    spot = price * np.exp(hourly_move * _walk(hours))
    return History(
        time_s=end - HOUR * np.arange(hours - 1, -1, -1, dtype=np.int64),
        spot=spot,
        perp=spot * 1.0003,
        funding=np.full(hours, funding_annual / HOURS_PER_YEAR),
        open_interest=300_000 + 1_000 * np.sin(np.arange(hours, dtype=np.float64)),
    )


def market_view(rows: History, problems: tuple[Reason, ...] = (), time: int = NOW) -> MarketView:
    """A market whose newest facts are the history's last row."""

    def fact(values: Floats | None, unit: str) -> Fact | None:
        return None if values is None or len(values) == 0 else Fact(float(values[-1]), unit, "test", time)

    funding = fact(rows.funding, "1/h")
    return MarketView(
        time=time,
        symbol="ETHUSDT",
        spot=fact(rows.spot, "USD"),
        perp=fact(rows.perp, "USD"),
        funding=None if funding is None else (Rate(funding.value, 1.0), funding),
        open_interest=fact(rows.open_interest, "base"),
        history=rows,
        problems=problems,
    )


@dataclass
class World:
    """One vault and its venues. Amounts in USD are ints with 6 decimals, spot in base units, perp in lots."""

    config: Config = CARRY_CONFIG
    idle: int = MILLION
    spot_base: int = 0
    size: int = 0
    equity: int = 0  # of the perp account
    venue_cash: int = 0
    to_venue: int = 0
    to_vault: int = 0
    unswept: int = 0
    price: float = PRICE
    time: int = NOW
    funding_annual: float = 0.10
    hourly_move: float = 0.005
    mode: Mode = Mode.ACTIVE
    supply: int = ETH
    high_water: int = 10**18
    share_price: int = 10**18
    day_start: int = 10**18
    week_start: int = 10**18
    queued: float = 0.0  # part of all shares that waits in the redemption queue
    paid_out: int = 0  # of the queue
    problems: tuple[Reason, ...] = ()
    cost: float = 0.0006  # of notional, paid by every fill
    notes: list[str] = field(default_factory=list)

    @property
    def has_perp(self) -> bool:
        return self.config.vault.perp_index is not None

    def nav(self) -> float:
        spot = self.spot_base / ETH * self.price
        cash = self.idle + max(0, self.equity) + self.venue_cash + self.to_venue + self.to_vault + self.unswept
        return spot + cash / USD

    def leg_usd(self) -> tuple[float, float]:
        """Spot and perp notional."""
        return self.spot_base / ETH * self.price, self.size / 10**4 * self.price

    def margin_ratio(self) -> float:
        return self.equity / USD / abs(self.leg_usd()[1])

    def observe(self) -> Observation:
        perp = None
        if self.has_perp:
            perp_usd = abs(self.leg_usd()[1])
            perp = PerpState(
                size=self.size,
                expected_size=self.size,
                size_decimals=4,
                max_leverage=25,
                mark_price=self.price,
                oracle_price=self.price,
                account_value=self.equity,
                withdrawable=max(0, int(self.equity - 0.1 * perp_usd * USD)),
                core_spot_usdc=self.venue_cash,
                in_flight=self.to_venue + self.to_vault,
                pending_until=0,
                funding_received=0,
                fees_paid=0,
                traded_notional=0,
                fills=0,
                rejections=0,
                liquidations=0,
                unswept=self.unswept,
            )
        spot_usd, perp_usd = self.leg_usd()
        vault = VaultState(
            block=Block(1, "0x" + "00" * 32, self.time, 1),
            asset=USDC,
            base=WETH,
            total_assets=int(self.nav() * USD),
            idle_assets=self.idle,
            total_supply=self.supply,
            share_price_e18=self.share_price,
            high_water_mark_e18=self.high_water,
            day_start_price_e18=self.day_start,
            week_start_price_e18=self.week_start,
            gross_exposure=int((abs(spot_usd) + abs(perp_usd)) * USD),
            net_delta=int((spot_usd + perp_usd) * USD),
            pending_loss=0,
            liquidation_distance_bps=None,
            health_bps=None,
            mode=self.mode,
            plan_count=0,
            last_plan_at=self.time - HOUR,
            state_hash=b"\0" * 32,
            spot_base=self.spot_base,
            perp=perp,
            oracle_price=self.price,
            oracle_updated_at=self.time,
            pool_price=self.price,
            queued_assets=self.queued_assets(),
            queued_since=self.time - HOUR if self.queued else 0,
        )
        rows = history(self.price, self.funding_annual, hourly_move=self.hourly_move, end=self.time)
        if not self.has_perp:
            rows = replace(rows, perp=None, funding=None, open_interest=None)
        return Observation(self.time, market_view(rows, self.problems, self.time), vault)

    def decide(self) -> Decision:
        return decide(self.observe(), self.config)

    def carry_out(self, proposal: Proposal) -> None:
        """Fills everything at the price less costs, as the vault and its venues would."""
        transfers = (proposal.deposit, proposal.to_perp, proposal.from_perp, proposal.withdraw)
        assert all(amount >= 0 for amount in transfers)
        assert sum(amount > 0 for amount in transfers) <= 1, "the adapter takes one transfer at a time"
        assert not (any(transfers) and self.to_venue + self.to_vault), "the adapter refuses a second transfer"
        self.idle, self.unswept = self.idle + self.unswept, 0
        if proposal.spot_base_delta:
            notional = proposal.spot_base_delta / ETH * self.price
            self.spot_base += proposal.spot_base_delta
            self.idle -= int((notional + abs(notional) * self.cost) * USD)
            assert self.spot_base >= 0
        if proposal.deposit:
            self.idle, self.to_venue = self.idle - proposal.deposit, proposal.deposit
        assert self.idle >= 0
        if proposal.to_perp:
            self.venue_cash, self.equity = self.venue_cash - proposal.to_perp, self.equity + proposal.to_perp
        if proposal.from_perp:
            self.venue_cash, self.equity = self.venue_cash + proposal.from_perp, self.equity - proposal.from_perp
        if proposal.withdraw:
            self.venue_cash, self.to_vault = self.venue_cash - proposal.withdraw, proposal.withdraw
        assert self.venue_cash >= 0
        if proposal.perp_size_delta:
            if proposal.perp_reduce_only:
                assert abs(self.size + proposal.perp_size_delta) <= abs(self.size)
            self.size += proposal.perp_size_delta
            self.equity -= int(abs(proposal.perp_size_delta) / 10**4 * self.price * self.cost * USD)
        self.fill_queue()

    def queued_assets(self) -> int:
        """What the waiting shares would bring now, less the buffer that stays with the others."""
        return int(self.queued * self.nav() * (1 - self.config.policy.flow_buffer) * USD)

    def fill_queue(self) -> None:
        """Pays the queue from the idle cash, as the vault does at the end of every plan."""
        paid = min(self.idle, self.queued_assets())
        if paid == 0:
            return
        shares = paid / USD / (self.nav() * (1 - self.config.policy.flow_buffer))
        self.idle, self.paid_out = self.idle - paid, self.paid_out + paid
        if self.queued - shares < 1e-9:
            self.queued, self.supply = 0.0, 0 if shares > 1 - 1e-9 else self.supply
        else:
            self.queued = (self.queued - shares) / (1 - shares)

    def pass_hour(self, price: float | None = None) -> None:
        """Cash in flight arrives, the price moves, and an empty plan would sweep what came home."""
        self.venue_cash, self.to_venue = self.venue_cash + self.to_venue, 0
        self.unswept, self.to_vault = self.unswept + self.to_vault, 0
        self.time += HOUR
        if price is not None:
            self.move_price(price)

    def move_price(self, price: float) -> None:
        self.equity += int(self.size / 10**4 * (price - self.price) * USD)
        self.price = price

    def cycle(self, price: float | None = None) -> Decision:
        """One decision, carried out, and the hour after it."""
        decision = self.decide()
        self.notes.append(decision.note)
        self.carry_out(decision.proposal)
        self.pass_hour(price)
        return decision

    def run_until_hold(self, most: int = 40) -> int:
        """Cycles until nothing is proposed and nothing is on its way; fails when that takes longer than `most`."""
        for count in range(most):
            if self.cycle().proposal.is_empty() and self.to_venue + self.to_vault == 0:
                return count
        raise AssertionError(f"no rest after {most} cycles: {self.notes[-6:]}")

    def redeem(self, amount: int) -> None:
        """Holders take idle cash."""
        assert amount <= self.idle
        self.idle -= amount


def invested(config: Config = CARRY_CONFIG, idle: int = MILLION, **changes: object) -> World:
    """A vault that has reached its target."""
    world = World(config=config, idle=idle)
    world.run_until_hold()
    for name, value in changes.items():
        setattr(world, name, value)
    return world
