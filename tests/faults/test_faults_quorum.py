"""Faults 23, 24, 45 and 47: a venue that lies, one that stands still, an oracle that disagrees, an asset that slips."""

from dataclasses import replace

import pytest
from rounds import NOW_MS, prices
from vault_world import CARRY_CONFIG, World, invested

from agent.config import ObserveConfig
from agent.market.quorum import Memory, agree
from agent.market.quorum.depeg import depeg
from agent.market.reading import Agreement, Quantity
from agent.reasons import Code
from agent.strategies import decide

BOUNDS = ObserveConfig()
ROUND_MS = 60_000


def test_fault_23_one_venue_half_too_high_and_the_median_holds() -> None:
    result = agree(prices(2_000.0, 2_001.0, 3_000.0, 2_000.5), NOW_MS, BOUNDS, Memory())
    assert [(one.source, one.reason.code) for one in result.rejections] == [("okx", Code.SOURCE_OUTLIER)]
    assert result.agreements[0].value == 2_000.5


def test_fault_23_two_of_three_wrong_and_there_is_no_value() -> None:
    alike = agree(prices(2_000.0, 3_000.0, 3_000.0), NOW_MS, BOUNDS, Memory())
    apart = agree(prices(2_000.0, 3_000.0, 3_600.0), NOW_MS, BOUNDS, Memory())
    for result, code in ((alike, Code.QUORUM_TOO_FEW), (apart, Code.QUORUM_SPREAD)):
        assert not result.agreements
        assert code in {one.reason.code for one in result.rejections}


def test_fault_24_fresh_stamps_on_a_frozen_value_are_stale() -> None:
    memory, codes = Memory(), []
    for number in range(4):
        now_ms = NOW_MS + number * ROUND_MS
        moving = 2_000.0 + 4 * number
        result = agree(prices(moving, moving + 1, moving - 1, 2_000.0, now_ms=now_ms), now_ms, BOUNDS, memory)
        memory = result.memory
        codes.append({one.source: one.reason.code for one in result.rejections})
    assert codes[0] == {}
    assert codes[-1] == {"hyperliquid": Code.SOURCE_FROZEN}
    assert result.agreements[0].sources == ("binance", "bybit", "okx")


def test_fault_24_a_market_in_which_nothing_moves_is_not_frozen() -> None:
    memory = Memory()
    for number in range(6):
        now_ms = NOW_MS + number * ROUND_MS
        result = agree(prices(2_000.0, 2_000.1, 2_000.0, now_ms=now_ms), now_ms, BOUNDS, memory)
        memory = result.memory
    assert not result.rejections


def test_fault_45_the_oracle_away_from_the_exchanges_and_nothing_is_traded() -> None:
    observation = World().observe()
    vault = replace(observation.vault, oracle_price=observation.vault.oracle_price * 1.03)
    decision = decide(replace(observation, vault=vault), CARRY_CONFIG)
    assert Code.ORACLE_DEVIATION in {reason.code for reason in decision.refusals}
    assert decision.proposal.is_empty()


def dollar(value: float) -> Agreement:
    return Agreement("USDC", Quantity.INDEX_PRICE, value, "quote per base", ("a", "b", "c"), 3, 0.0, NOW_MS)


def test_fault_47_a_dollar_that_slips_is_only_reduced() -> None:
    reason = depeg("USDC", dollar(0.97), BOUNDS)
    assert reason is not None
    assert (reason.code, reason.value, reason.bound) == (Code.ASSET_DEPEG, pytest.approx(0.03), BOUNDS.max_depeg)
    observation = World().observe()
    assert not decide(observation, CARRY_CONFIG).proposal.is_empty()
    slipped = replace(observation, market=replace(observation.market, cautions=(reason,)))
    decision = decide(slipped, CARRY_CONFIG)
    assert decision.refusals == ()
    assert decision.target is not None
    assert decision.target.exposure == 0.0
    assert decision.proposal.spot_base_delta == 0


def test_fault_47_what_is_held_in_a_slipped_dollar_is_kept_and_may_fall() -> None:
    observation = invested().observe()
    reason = depeg("USDC", dollar(0.97), BOUNDS)
    assert reason is not None
    held = decide(replace(observation, market=replace(observation.market, cautions=(reason,))), CARRY_CONFIG)
    assert held.target is not None
    assert held.target.exposure == pytest.approx(0.65, abs=0.07)
    assert held.proposal.spot_base_delta <= 0


def test_fault_47_nobody_who_says_what_the_dollar_is_worth_is_no_dollar() -> None:
    reason = depeg("USDC", None, BOUNDS)
    assert reason is not None
    assert reason.code is Code.ASSET_DEPEG
    assert depeg("USDC", dollar(0.995), BOUNDS) is None
