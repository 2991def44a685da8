// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Envelope} from "src/Envelope.sol";
import {Mode, Plan, VaultStatus} from "src/Plan.sol";

import {AttackFixture} from "../helpers/AttackFixture.sol";

/// @notice What a thief of the agent's key can do that is no execution loss: the budgets do not see it, other limits or
/// people have to. Each test says how far it goes.
contract StolenKeyBeyondTest is AttackFixture {
    function _budgetsUsedBps() private view returns (uint256) {
        VaultStatus memory s = _status();
        return s.lossUsedBps + s.emergencyLossUsedBps;
    }

    /// @dev An order that will not fill counts as filled for a minute. What it was to hedge stays naked until a plan
    /// closes it; the envelope refuses every other plan, and the loss limits latch, which closes nothing.
    function test_an_order_that_misses_leaves_the_other_leg_naked_and_the_latch_does_not_close_it() public {
        _fundMargin(260_000e6);
        _wait(600);
        // Ten basis points past the mark, the least that is accepted; a moment later the book is lower.
        _run(_actions(_buy(650_000e6), _order(-2_590_000, PRICE * 999 / 1_000, false)));
        assertLt(_status().netDelta, 50_000e6, "counts as filled");
        _later(CORE_DELAY);
        _pushMark(PRICE * 996 / 1_000);
        _pushMark(PRICE);
        _wait(600);
        assertEq(_perpLots(), 0, "not filled");
        assertApproxEqRel(_status().netDelta, 648_600e6, 0.001e18, "65 % naked where 5 % are allowed");

        Plan memory wider = _plan(_actions(_buy(1_000e6)));
        vm.expectPartialRevert(Envelope.NetDeltaExceeded.selector);
        _send(wider);

        _setMarket(PRICE * 90 / 100);
        vault.checkpoint();
        _assertMode(Mode.ReduceOnly);
        assertApproxEqRel(_sharePriceE18(), 0.934e18, 0.002e18, "the market's loss, all of it");
        assertGt(spot.heldBase(), 259e18, "the latch closes nothing");
        _run(_sell(spot.heldBase()));
        assertEq(_status().netDelta, 0);
    }

    /// @dev Margin goes home down to the minimum distance, no further. A rise beyond it liquidates the short.
    function test_margin_can_be_taken_away_down_to_the_minimum_distance() public {
        _openCarry();
        uint256 taken;
        for (uint256 amount = 100_000e6; amount >= 1_000e6;) {
            if (_takesMargin(amount)) taken += amount;
            else amount /= 2;
        }
        assertGt(taken, 150_000e6);
        assertGe(_status().liquidationDistanceBps, _limits().minLiquidationDistanceBps);
        assertLt(_status().liquidationDistanceBps, _limits().minLiquidationDistanceBps + 30);
        assertEq(_budgetsUsedBps(), 0);

        _setMarket(PRICE * 112 / 100);
        assertEq(_perpLots(), 0, "liquidated");
        assertGt(_status().netDelta, 700_000e6, "and the spot leg is naked");
        assertGt(_sharePriceE18(), 0.97e18, "what the short lost the spot leg gained");
    }

    function _takesMargin(uint256 amount) private returns (bool taken) {
        Plan memory plan = _plan(_actions(_transfer(FROM_PERP, amount)));
        vm.prank(AGENT);
        (taken,) = address(vault).call(abi.encodeCall(vault.rebalance, (plan)));
        _wait(ACTION_DELAY);
    }

    /// @dev Holding the position while it pays is no trade. Only the daily loss limit looks at it.
    function test_funding_that_is_paid_is_in_no_budget() public {
        _openCarry();
        uint256 before = _sharePriceE18();
        for (uint256 hour; hour < 24; ++hour) {
            _later(1 hours);
            _tick(PRICE, PRICE, -0.0005e18);
        }
        vm.prank(AGENT);
        vault.heartbeat();
        // 0.05 % an hour on 65 % of the vault, for a day.
        assertApproxEqRel(before - _sharePriceE18(), 0.0078e18, 0.01e18);
        assertEq(_budgetsUsedBps(), 0);
        vault.checkpoint();
        _assertMode(Mode.Active);
    }

    /// @dev All cash goes to the venue at no cost, since it may be what saves the short. Holders then wait: until the
    /// guardian has removed the thief, the agent's silence has passed, and somebody has unwound.
    function test_cash_can_be_kept_away_from_the_holders_until_the_guardian_acts() public {
        _openCarry();
        uint256 before = _sharePriceE18();
        _request(ALICE, vault.balanceOf(ALICE) / 20);
        _run(_transfer(TO_CORE, vault.idleAssets()));
        assertEq(queue.fill(), 0);
        for (uint256 day; day < 5; ++day) {
            _wait(1 days);
            vm.prank(AGENT);
            vault.heartbeat();
            vm.expectRevert();
            vault.unwind(BPS);
        }
        assertEq(_sharePriceE18(), before, "nothing is lost by it");

        vm.prank(GUARDIAN);
        vault.removeAgent();
        _wait(_limits().maxSilenceSeconds + 1);
        vault.unwind(2_000);
        assertGt(_claimAll(ALICE), 29_000e6, "paid in the same call");
    }

    /// @dev A feed that lags the market by a part e, within its own threshold: a sale at the feed's price shows no loss.
    /// Each unit of notional loses e unseen, and `max_turnover` bounds the notional.
    function test_a_price_that_lags_hides_its_lag_in_every_trade() public {
        _openCarry();
        int256 market_ = PRICE * 1_005 / 1_000;
        _tick(PRICE, market_, 0);
        uint256 trueWorth = _trueWorth(market_);
        _wait(600);
        // The thief has brought the pool down to the feed's price, and buys what the vault sells there.
        market.moveTo(uint256(PRICE) * 10_010 / 10_000);
        _run(_sell(18e18));
        market.moveTo(uint256(market_));
        uint256 unseen = trueWorth - _trueWorth(market_);
        assertApproxEqRel(unseen, 18 * 2_500e6 * 5 / 1_000, 0.1e18);
        assertLe(_status().emergencyLossUsedBps, 1);
    }

    /// @dev With the base at the market's price instead of the feed's.
    function _trueWorth(int256 market_) private view returns (uint256) {
        VaultStatus memory s = _status();
        return s.realAssets + spot.heldBase() * uint256(market_ - PRICE) / 1e20;
    }
}
