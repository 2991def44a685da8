// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Envelope} from "ballast/Envelope.sol";
import {Action, Mode} from "ballast/Plan.sol";
import {Vault} from "ballast/Vault.sol";

import {VaultFixture} from "./helpers/VaultFixture.sol";

/// @notice What counts as reducing, what a reducing plan is spared, and what it is not.
contract VaultReducingTest is VaultFixture {
    function setUp() public override {
        super.setUp();
        _run(_pair(7_000));
        _later(10);
    }

    function _reduceOnly() private {
        _setMode(GUARDIAN, Mode.ReduceOnly);
    }

    function test_skips_the_cooldown() public {
        _run(_pair(-1_000));
        assertEq(vault.planCount(), 2);
        assertEq(vault.lastPlanAt(), block.timestamp, "and starts it anew");
    }

    function test_skips_the_trade_size() public {
        long.setExposure(30_000 * ONE_BPS);
        short.setExposure(-30_000 * ONE_BPS);
        _run(_pair(-30_000));
        assertEq(long.exposure(), 0);
    }

    function test_only_reducing_plans_pass_in_reduce_only() public {
        _reduceOnly();
        _expectRevert(_pair(1), abi.encodeWithSelector(Vault.OnlyReducingAllowed.selector));
        _run(_pair(-1));
    }

    function test_growth_in_any_leg_is_not_reducing() public {
        _reduceOnly();
        bytes memory reason = abi.encodeWithSelector(Vault.OnlyReducingAllowed.selector);
        _expectRevert(_actions(_trade(long, -1_000 * ONE_BPS), _trade(short, -1)), reason);
        _expectRevert(_actions(_trade(long, 1), _trade(short, 1_000 * ONE_BPS)), reason);
    }

    function test_a_change_of_sign_is_not_reducing() public {
        _reduceOnly();
        bytes memory reason = abi.encodeWithSelector(Vault.OnlyReducingAllowed.selector);
        _expectRevert(_trade(long, -7_000 * ONE_BPS - 1), reason);
        _expectRevert(_trade(short, 7_000 * ONE_BPS + 1), reason);
        _run(_pair(-7_000));
        _expectRevert(_trade(long, 1), reason);
        _expectRevert(_trade(long, -1), reason);
    }

    function test_selling_and_buying_back_is_not_reducing() public {
        _reduceOnly();
        _expectRevert(
            _actions(_trade(long, -ONE_BPS), _trade(long, ONE_BPS)),
            abi.encodeWithSelector(Vault.OnlyReducingAllowed.selector)
        );
    }

    function test_moving_cash_is_reducing() public {
        _reduceOnly();
        _run(_actions(_trade(short, 0, 10_000e6, 0), Action(address(short), 0, short.sendHome(10_000e6))));
    }

    function test_exposure_is_compared_with_what_settling_found() public {
        _reduceOnly();
        // The long order turned out not to be filled: what was 7,000 is nothing, so 1 is growth.
        long.setSettle(0, true);
        _expectRevert(_trade(long, 1), abi.encodeWithSelector(Vault.OnlyReducingAllowed.selector));
    }

    function test_may_leave_gross_leverage_outside_its_bound() public {
        long.setExposure(10_000 * ONE_BPS);
        short.setExposure(-10_000 * ONE_BPS);
        _run(_pair(-1_000));
        assertEq(vault.status().grossExposure, 180_000e6);
        _later(60);
        _expectRevert(_pair(1), abi.encodeWithSelector(Envelope.GrossLeverageExceeded.selector, 18_002, 15_000));
    }

    function test_may_leave_net_delta_outside_its_bound_only_if_it_does_not_grow() public {
        long.setExposure(14_000 * ONE_BPS);
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
    }

    function test_still_respects_the_loss_per_plan() public {
        _expectRevert(
            _trade(long, -ONE_BPS, 2_000e6, 1_000e6 + 1),
            abi.encodeWithSelector(Envelope.PlanLossExceeded.selector, 101, 100)
        );
        _run(_trade(long, -ONE_BPS, 2_000e6, 1_000e6));
    }

    /// @dev The definition, over all pairs of exposures.
    function testFuzz_no_larger_means_between_zero_and_before(int256 before, int256 afterwards) public pure {
        bool between = before >= 0 ? afterwards >= 0 && afterwards <= before : afterwards <= 0 && afterwards >= before;
        assertEq(Envelope.isNoLarger(afterwards, before), between);
        assertTrue(Envelope.isNoLarger(0, before));
        assertTrue(Envelope.isNoLarger(before, before));
    }
}
