// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Envelope} from "src/Envelope.sol";
import {Action, Mode, Plan} from "src/Plan.sol";
import {Vault} from "src/Vault.sol";

import {CoreFixture} from "./helpers/CoreFixture.sol";

/// @notice What counts as reducing, what a reducing plan is spared, and what it is not.
contract VaultReducingTest is CoreFixture {
    bytes private _notReducing = abi.encodeWithSelector(Vault.OnlyReducingAllowed.selector);

    function setUp() public override {
        super.setUp();
        _run(_pair(7_000));
        _later(10);
    }

    function _reduceOnly() private {
        _makeSafer(Mode.ReduceOnly);
    }

    // ---------------------------------------------------------------- what it is

    function test_only_reducing_plans_pass_in_reduce_only() public {
        _reduceOnly();
        _expectRevert(_pair(1), _notReducing);
        _run(_pair(-1));
    }

    function test_growth_in_any_leg_is_not_reducing() public {
        _reduceOnly();
        _expectRevert(_actions(_trade(long, -1_000 * ONE_BPS), _trade(short, -1)), _notReducing);
        _expectRevert(_actions(_trade(long, 1), _trade(short, 1_000 * ONE_BPS)), _notReducing);
    }

    function test_growth_in_an_early_action_is_not_forgotten() public {
        _reduceOnly();
        Action[] memory actions = new Action[](3);
        (actions[0], actions[1], actions[2]) = (_trade(long, 1), _trade(long, -2), _trade(short, 1));
        _expectRevert(actions, _notReducing);
    }

    function test_a_change_of_sign_is_not_reducing() public {
        _reduceOnly();
        _expectRevert(_trade(long, -7_000 * ONE_BPS - 1), _notReducing);
        _expectRevert(_trade(short, 7_000 * ONE_BPS + 1), _notReducing);
        _run(_pair(-7_000));
        _expectRevert(_trade(long, 1), _notReducing);
        _expectRevert(_trade(long, -1), _notReducing);
    }

    function test_selling_and_buying_back_is_not_reducing() public {
        _reduceOnly();
        _expectRevert(_actions(_trade(long, -ONE_BPS), _trade(long, ONE_BPS)), _notReducing);
    }

    function test_moving_cash_is_reducing() public {
        _reduceOnly();
        _run(_actions(_trade(short, 0, 10_000e6, 0), Action(address(short), 0, short.sendHome(10_000e6))));
    }

    function test_exposure_is_compared_with_what_settling_found() public {
        _reduceOnly();
        // The long order turned out not to be filled: what was 7,000 is nothing, so 1 is growth.
        long.setSettle(0, true);
        _expectRevert(_trade(long, 1), _notReducing);
    }

    /// @dev The definition, over pairs of exposures: between nothing and what it was.
    function testFuzz_reducing_means_between_nothing_and_before(int256 before, int256 afterwards) public {
        before = bound(before, -100 * ONE_BPS, 100 * ONE_BPS);
        afterwards = bound(afterwards, -100 * ONE_BPS, 100 * ONE_BPS);
        if (uint256(before) % 8 == 0) before = 0;
        if (uint256(afterwards) % 8 == 0) afterwards = 0;
        bool between = before >= 0 ? afterwards >= 0 && afterwards <= before : afterwards <= 0 && afterwards >= before;
        _reduceOnly();
        _hold(short, 0);
        long.setExposure(before, _price());
        Plan memory plan = _plan(_actions(_trade(long, afterwards - before)));
        if (!between) vm.expectRevert(_notReducing);
        _send(plan);
        assertEq(long.exposure(), between ? afterwards : before);
    }

    // ---------------------------------------------------------------- what it is spared

    function test_skips_the_cooldown() public {
        _run(_pair(-1_000));
        assertEq(vault.planCount(), 2);
        assertEq(vault.lastPlanAt(), block.timestamp, "and starts it anew");
    }

    function test_skips_the_trade_size() public {
        _hold(long, 30_000);
        _hold(short, -30_000);
        _run(_pair(-30_000));
        assertEq(long.exposure(), 0);
    }

    function test_may_leave_gross_leverage_outside_its_bound() public {
        _hold(long, 10_000);
        _hold(short, -10_000);
        _run(_pair(-1_000));
        assertEq(_status().grossExposure, 180_000e6);
        _later(60);
        _expectRevert(_pair(1), abi.encodeWithSelector(Envelope.GrossLeverageExceeded.selector, 18_002, 15_000));
    }

    function test_may_leave_net_delta_outside_its_bound_only_if_it_does_not_grow() public {
        _hold(long, 14_000);
        _run(_trade(long, -500 * ONE_BPS));
        // Closing the other leg reduces, but makes the net delta worse.
        _expectRevert(
            _trade(short, 500 * ONE_BPS), abi.encodeWithSelector(Envelope.NetDeltaExceeded.selector, 7_000, 6_000)
        );
    }

    function test_may_leave_the_liquidation_distance_outside_its_bound_only_if_it_does_not_shrink() public {
        short.setRiskNow(0, 1_000);
        _expectRevert(
            _actions(_trade(short, ONE_BPS), Action(address(short), 0, short.setRisk(0, 999))),
            abi.encodeWithSelector(Envelope.LiquidationTooClose.selector, 999, 1_500)
        );
        _run(_trade(short, ONE_BPS));
        _run(_actions(_trade(short, ONE_BPS), Action(address(short), 0, short.setRisk(0, 1_001))));
        _later(60);
        _expectRevert(_trade(short, -1), abi.encodeWithSelector(Envelope.LiquidationTooClose.selector, 1_001, 1_500));
    }

    function test_may_leave_the_health_outside_its_bound_only_if_it_does_not_fall() public {
        short.setHealth(12_000);
        _expectRevert(
            _actions(_trade(short, ONE_BPS), _setHealth(short, 11_999)),
            abi.encodeWithSelector(Envelope.HealthTooLow.selector, 11_999, 15_000)
        );
        _run(_trade(short, ONE_BPS));
        _run(_actions(_trade(short, ONE_BPS), _setHealth(short, 12_001)));
        _later(60);
        _expectRevert(_trade(short, -1), abi.encodeWithSelector(Envelope.HealthTooLow.selector, 12_001, 15_000));
    }

    // ---------------------------------------------------------------- what it is not spared

    function test_still_respects_the_loss_per_plan() public {
        _expectRevert(
            _trade(long, -ONE_BPS, 2_000e6, 1_000e6 + 1),
            abi.encodeWithSelector(Envelope.PlanLossExceeded.selector, 101, 100)
        );
        _run(_trade(long, -ONE_BPS, 2_000e6, 1_000e6));
    }

    function test_still_passes_the_slippage_bound_on() public {
        _run(_pair(-1));
        assertEq(long.lastMaxSlippageBps(), 100);
    }
}
