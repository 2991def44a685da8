"""The methods of `strategy.scaling` inside decide(): what each may do, what it may not, and what it says."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from vault_world import CARRY_CONFIG, ETH, NOW, PRICE, SPOT_CONFIG, USD, World, invested

from agent.config import (
    SCALING_METHODS,
    AlmgrenChrissMethod,
    AntiMartingaleMethod,
    BandMethod,
    Config,
    CppiMethod,
    DcaMethod,
    DepthMethod,
    FixedRiskMethod,
    ImpactMethod,
    InverseVarianceMethod,
    KellyMethod,
    LadderMethod,
    LinearMethod,
    MartingaleMethod,
    MeanReversionMethod,
    PyramidMethod,
    RiskOverlayMethod,
    ScalingMethod,
)
from agent.decision import Decision, Scaler
from agent.market.observation import Floats, Observation
from agent.market.reading import Quantity, Reading
from agent.reasons import Code
from agent.strategies import decide

TODAY = datetime.fromtimestamp(NOW, UTC).date().isoformat()
DCA = DcaMethod(method="dca", amount_usd=100_000.0, interval_h=24, instalments=5, start=TODAY)
LADDER = LadderMethod(
    method="ladder",
    signal="discount",
    average_h=48,
    window_h=240,
    spacing="linear",
    steps=4,
    first=0.02,
    last=0.08,
)
PYRAMID = PyramidMethod(method="pyramid", window_h=240, step=0.05, ratio=0.5, adds=3, stop=0.08)
REVERSION = MeanReversionMethod(method="mean_reversion", average_h=240, full_z=2.0, stop_z=4.0)
DEPTH = DepthMethod(method="depth", thin_usd=1e6, full_usd=9e6, floor=0.2)
EVERY: tuple[ScalingMethod, ...] = (
    LinearMethod(method="linear", unit="nav", increment=0.1),
    AlmgrenChrissMethod(method="almgren_chriss", half_life_h=6.0),
    InverseVarianceMethod(method="inverse_variance", target=0.3),
    KellyMethod(method="kelly", window_h=600, least_t=1.0),
    MartingaleMethod(method="martingale", round_h=24, bets=4),
    AntiMartingaleMethod(method="anti_martingale", round_h=24, bets=4),
    PYRAMID,
    LADDER,
    REVERSION,
    DCA,
    CppiMethod(method="cppi", floor=0.9, multiplier=5.0),
    DepthMethod(method="depth", thin_usd=1e6, full_usd=9e6, floor=0.2, assumed_usd=5e6),
    ImpactMethod(method="impact", daily_volume_usd=1e8, max_cost=0.001),
    RiskOverlayMethod(method="risk_overlay", target=0.1, window_h=600),
    FixedRiskMethod(method="fixed_risk", risk=0.01, stop_sigmas=2.0),
    BandMethod(method="band", rule="relative", width=0.05),
)

LIMITS = ("linear", "almgren_chriss", "dca", "impact")


def config_with(config: Config, *methods: ScalingMethod) -> Config:
    """The same strategy with methods."""
    return config.model_copy(update={"strategy": config.strategy.model_copy(update={"scaling": methods})})


def with_path(observation: Observation, path: Floats) -> Observation:
    """The same observation of a coin whose last hours were `path`; the history before stays where the path begins."""
    history = observation.market.history
    spot = np.concatenate((np.full(len(history.spot) - len(path), path[0]), path)) * (PRICE / path[-1])
    market = replace(observation.market, history=replace(history, spot=spot))
    return replace(observation, market=market)


def part(decision: Decision, name: str) -> Scaler:
    return next(one for one in decision.scalers if one.name == name)


def exposure_of(decision: Decision) -> float:
    assert decision.target is not None, decision.refusals
    return decision.target.exposure


def test_every_method_is_here() -> None:
    assert {method.method for method in EVERY} == set(SCALING_METHODS)


@pytest.mark.parametrize("base", [CARRY_CONFIG, SPOT_CONFIG], ids=["carry", "spot"])
@pytest.mark.parametrize("method", EVERY, ids=lambda method: method.method)
def test_no_method_makes_a_position_larger_and_each_says_why(base: Config, method: ScalingMethod) -> None:
    for world in (World(config=base), invested(base)):
        observation = world.observe()
        plain, scaled = decide(observation, base), decide(observation, config_with(base, method))
        assert 0 <= exposure_of(scaled) <= exposure_of(plain)
        added = [one for one in scaled.scalers if one not in plain.scalers]
        assert [one.name for one in added] == [method.method]
        assert added[0].inputs
        assert len(added[0].sentence) > 20
        assert decide(observation, config_with(base, method)) == scaled


def test_the_parts_multiply_to_the_target() -> None:
    decision = decide(World(config=SPOT_CONFIG).observe(), config_with(SPOT_CONFIG, *EVERY))
    cap_names = {"volatility_target", "max_exposure", "gross_cap", "cash_cap", "inverse_variance", "kelly", "cppi"}
    caps = [one.value for one in decision.scalers if one.name in {*cap_names, "fixed_risk"}]
    limits = [one.value for one in decision.scalers if one.name in LIMITS]
    factors = [one.value for one in decision.scalers if one.name not in {*cap_names, *LIMITS, "fixed_risk", "band"}]
    assert exposure_of(decision) == pytest.approx(min([min(caps) * float(np.prod(factors)), *limits]))


class TestLinear:
    def test_widens_step_by_step_and_ends_at_the_target(self) -> None:
        config = config_with(SPOT_CONFIG, LinearMethod(method="linear", unit="quote", increment=100_000.0))
        world, plain = World(config=config), World(config=SPOT_CONFIG)
        held = []
        for _ in range(6):
            world.cycle()
            held.append(world.leg_usd()[0])
        plain.cycle()
        steps = np.diff([0.0, *held])
        assert steps[0] == pytest.approx(100_000, rel=0.06)
        assert (steps[:-1] <= 170_000).all()
        assert held[-1] == pytest.approx(plain.leg_usd()[0], rel=0.01)

    def test_steps_inside_the_band_are_taken_together(self) -> None:
        config = config_with(SPOT_CONFIG, LinearMethod(method="linear", unit="base", increment=10.0))
        world = World(config=config)
        world.cycle()
        assert world.leg_usd()[0] == pytest.approx(80_000, rel=0.01)  # 4 x 20,000 USD is the first beyond 65,000

    def test_both_legs_of_carry_take_the_same_steps(self) -> None:
        config = config_with(CARRY_CONFIG, LinearMethod(method="linear", unit="nav", increment=0.2))
        world = World(config=config)
        for _ in range(20):
            world.cycle()
            spot, perp = world.leg_usd()
            assert abs(spot + perp) < 0.01 * world.nav()
        assert world.leg_usd()[0] == pytest.approx(invested(CARRY_CONFIG).leg_usd()[0], rel=0.02)

    def test_a_cut_is_never_slowed_down(self) -> None:
        config = config_with(CARRY_CONFIG, LinearMethod(method="linear", unit="nav", increment=0.1))
        world = invested(config)
        world.funding_annual = -0.5
        assert exposure_of(world.decide()) == 0


def test_almgren_chriss_widens_most_of_the_way_first() -> None:
    world = World(config=config_with(SPOT_CONFIG, AlmgrenChrissMethod(method="almgren_chriss", half_life_h=3.0)))
    held = [0.0]
    for _ in range(8):
        world.cycle()
        held.append(world.leg_usd()[0])
    steps = np.diff(held)
    assert steps[0] > steps[1] > steps[2] > 65_000  # the band; the remainder goes with the fourth
    assert (steps[4:] == 0).all()
    assert held[-1] == pytest.approx(invested(SPOT_CONFIG).leg_usd()[0], rel=0.01)


class TestDca:
    def test_buys_one_instalment_a_day(self) -> None:
        world = World(config=config_with(SPOT_CONFIG, DCA), hourly_move=0.002)
        held = {}
        for hour in range(72):
            world.cycle()
            held[hour] = world.leg_usd()[0]
        start = datetime.fromisoformat(TODAY).replace(tzinfo=UTC).timestamp()
        first_day_ends = round((start + 86_400 - NOW) / 3_600)
        assert held[first_day_ends - 1] == pytest.approx(100_000, rel=0.06)
        assert held[first_day_ends] == pytest.approx(200_000, rel=0.06)
        assert held[first_day_ends + 24] == pytest.approx(300_000, rel=0.06)

    def test_never_sells_for_the_schedule(self) -> None:
        world = invested(SPOT_CONFIG)
        config = config_with(SPOT_CONFIG, DCA)
        assert decide(world.observe(), config).proposal.spot_base_delta == 0

    def test_skips_while_the_price_is_dear_and_follows_when_it_is_back(self) -> None:
        rule = DCA.model_copy(update={"skip_above": 0.05, "average_h": 48})
        config, observation = config_with(SPOT_CONFIG, rule), World(config=SPOT_CONFIG).observe()
        dear = decide(with_path(observation, np.linspace(100, 120, 40)), config)
        fair = decide(with_path(observation, np.linspace(100, 101, 40)), config)
        assert "skipped" in part(dear, "dca").sentence
        assert (exposure_of(dear), exposure_of(fair)) == (0, pytest.approx(0.1, rel=0.01))


class TestFromThePast:
    @pytest.mark.parametrize(("fall", "share"), [(0.00, 0.0), (0.03, 0.25), (0.055, 0.5), (0.2, 1.0)])
    def test_a_ladder_fills_as_the_price_falls_below_its_average(self, fall: float, share: float) -> None:
        path = np.concatenate((np.full(200, 100.0), [100.0 * (1 - fall)]))
        decision = decide(with_path(World(config=SPOT_CONFIG).observe(), path), config_with(SPOT_CONFIG, LADDER))
        assert part(decision, "ladder").value == share

    def test_a_ladder_leaves_its_steps_when_the_price_is_back_and_says_what_they_made(self) -> None:
        path = np.concatenate((np.full(60, 100.0), np.full(10, 94.0), np.full(30, 100.0)))
        decision = decide(with_path(World(config=SPOT_CONFIG).observe(), path), config_with(SPOT_CONFIG, LADDER))
        found = part(decision, "ladder")
        assert (found.value, dict(found.inputs)["exits"]) == (0, 2)
        assert dict(found.inputs)["realised"] == pytest.approx(2 * (100 / 94 - 1) / 4)

    def test_a_ladder_on_funding_grows_with_it(self) -> None:
        rule = LADDER.model_copy(update={"signal": "funding", "first": 0.05, "last": 0.35})
        shares = []
        for funding in (0.04, 0.10, 0.20, 0.50):
            observation = World(funding_annual=funding).observe()
            shares.append(part(decide(observation, config_with(CARRY_CONFIG, rule)), "ladder").value)
        assert shares == [0, 0.25, 0.5, 1]

    def test_a_pyramid_adds_to_a_rise_and_closes_at_its_stop(self) -> None:
        observation = World(config=SPOT_CONFIG).observe()
        config = config_with(SPOT_CONFIG, PYRAMID)
        flat, risen = np.full(100, 100.0), np.linspace(100, 112, 100)
        fallen = np.concatenate((np.linspace(100, 112, 60), np.linspace(112, 102, 40)))
        shares = [part(decide(with_path(observation, path), config), "pyramid").value for path in (flat, risen, fallen)]
        assert shares == pytest.approx([4 / 7, 1, 0])

    def test_mean_reversion_buys_below_the_average_and_gives_up_far_below(self) -> None:
        observation, config = World(config=SPOT_CONFIG).observe(), config_with(SPOT_CONFIG, REVERSION)
        noise = 100 * np.exp(0.01 * np.sin(np.arange(240)))
        values = []
        for last in (101.0, 99.0, 98.0, 80.0):
            values.append(part(decide(with_path(observation, np.append(noise, last)), config), "mean_reversion").value)
        assert values[0] == 0
        assert 0 < values[1] < values[2] <= 1
        assert values[3] == 0

    def test_martingales_count_rounds_of_the_clock(self) -> None:
        observation = World(config=SPOT_CONFIG).observe()
        falls = 100 * 0.99 ** np.arange(300.0)
        losing = with_path(observation, falls[:30])  # two whole rounds of losses
        rising = with_path(observation, falls[:30][::-1])
        double_down = config_with(SPOT_CONFIG, MartingaleMethod(method="martingale", round_h=12, bets=5))
        press = config_with(SPOT_CONFIG, AntiMartingaleMethod(method="anti_martingale", round_h=12, bets=5))
        assert (
            part(decide(losing, double_down), "martingale").value
            > part(decide(rising, double_down), "martingale").value
        )
        assert (
            part(decide(losing, press), "anti_martingale").value < part(decide(rising, press), "anti_martingale").value
        )

    def test_kelly_closes_what_has_no_edge_and_names_the_statistic(self) -> None:
        rule = KellyMethod(method="kelly", window_h=600)
        observation = World(config=SPOT_CONFIG).observe()
        found = decide(
            with_path(observation, 100 * np.exp(0.01 * np.sin(np.arange(700)))), config_with(SPOT_CONFIG, rule)
        )
        assert exposure_of(found) == 0
        assert "EDGE_INSIGNIFICANT" in found.note
        rise = 100 * np.exp(0.004 * np.sin(np.arange(700)) + 0.0008 * np.arange(700))
        assert part(decide(with_path(observation, rise), config_with(SPOT_CONFIG, rule)), "kelly").value > 1

    def test_kelly_needs_more_to_open_than_to_stay(self) -> None:
        rule = KellyMethod(method="kelly", window_h=600)
        path = 100 * np.exp(0.004 * np.sin(np.arange(700)) + 0.000035 * np.arange(700))
        config = config_with(SPOT_CONFIG, rule)
        flat = part(decide(with_path(World(config=SPOT_CONFIG).observe(), path), config), "kelly")
        held = part(decide(with_path(invested(SPOT_CONFIG).observe(), path), config), "kelly")
        assert 1 < dict(flat.inputs)["t"] < 2
        assert flat.value == 0 < held.value

    def test_kelly_refuses_a_price_that_never_moves(self) -> None:
        rule = KellyMethod(method="kelly", window_h=600)
        answer = decide(
            with_path(World(config=SPOT_CONFIG).observe(), np.full(700, 100.0)), config_with(SPOT_CONFIG, rule)
        )
        assert [reason.code for reason in answer.refusals] == [Code.DATA_STALE]

    @pytest.mark.parametrize("method", [PYRAMID, LADDER, REVERSION, KellyMethod(method="kelly", window_h=600)])
    def test_too_little_history_is_refused(self, method: Any) -> None:
        observation = World(config=SPOT_CONFIG).observe()
        history = observation.market.history
        short = replace(history, time_s=history.time_s[-200:], spot=history.spot[-200:])
        answer = decide(
            replace(observation, market=replace(observation.market, history=short)), config_with(SPOT_CONFIG, method)
        )
        assert [reason.code for reason in answer.refusals] == [Code.WARMING_UP]


class TestFromTheVault:
    def test_cppi_closes_at_its_floor(self) -> None:
        config = config_with(SPOT_CONFIG, CppiMethod(method="cppi", floor=0.95, multiplier=5.0))
        shares = [10**18, int(0.97e18), int(0.95e18)]
        caps = [part(World(config=config, share_price=share).decide(), "cppi").value for share in shares]
        assert caps == pytest.approx([0.25, 5 * (1 - 0.95 / 0.97), 0], abs=1e-9)

    def test_depth_that_nobody_tells_is_refused_or_assumed_by_name(self) -> None:
        observation = World(config=SPOT_CONFIG).observe()
        unknown = decide(observation, config_with(SPOT_CONFIG, DEPTH))
        assert [reason.code for reason in unknown.refusals] == [Code.DATA_MISSING]
        assumed = decide(observation, config_with(SPOT_CONFIG, DEPTH.model_copy(update={"assumed_usd": 5e6})))
        assert "are assumed" in part(assumed, "depth").sentence

    def test_depth_is_that_of_the_median_venue_on_its_thinner_side(self) -> None:
        def book(venue: str, bid: float, ask: float) -> tuple[Reading, Reading]:
            told = Reading(Quantity.BID_DEPTH_USD, bid, venue, "ETH", "ETHUSDT", 0, 0)
            return told, replace(told, quantity=Quantity.ASK_DEPTH_USD, value=ask)

        readings = (*book("a", 5e6, 9e6), *book("b", 1e13, 1e13), *book("c", 2e6, 1e6))
        observation = World(config=SPOT_CONFIG).observe()
        observation = replace(observation, market=replace(observation.market, readings=readings))
        found = part(decide(observation, config_with(SPOT_CONFIG, DEPTH)), "depth")
        assert dict(found.inputs)["depth_usd"] == 5e6
        assert found.value == pytest.approx(0.6)

    def test_impact_lets_no_hour_trade_more_than_its_part(self) -> None:
        rule = ImpactMethod(method="impact", daily_volume_usd=48e6, max_cost=0.01, participation=0.05)
        world = World(config=config_with(SPOT_CONFIG, rule))
        for count in range(1, 4):
            world.cycle()
            assert world.leg_usd()[0] <= count * 100_000 * 1.001

    def test_a_narrower_band_trades_where_the_strategys_would_not(self) -> None:
        world = invested(SPOT_CONFIG)
        assert world.decide().proposal.is_empty()
        world.spot_base = int(world.spot_base + 20_000 / PRICE * ETH)
        world.idle -= 20_000 * USD
        assert world.decide().proposal.is_empty()
        narrow = config_with(SPOT_CONFIG, BandMethod(method="band", rule="fixed", width=0.015))
        assert decide(world.observe(), narrow).proposal.spot_base_delta < 0

    def test_a_band_is_never_wider_than_the_limits_leave_room_for(self) -> None:
        wide = config_with(SPOT_CONFIG, BandMethod(method="band", rule="fixed", width=0.9))
        assert part(World(config=wide).decide(), "band").value == SPOT_CONFIG.strategy.sizing.band
