// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Vm} from "forge-std/Vm.sol";

import {Limits} from "src/Limits.sol";
import {Action, Mode, Plan, VaultStatus} from "src/Plan.sol";
import {PriceOracle} from "src/PriceOracle.sol";
import {Vault} from "src/Vault.sol";

import {LatchFixture} from "./helpers/LatchFixture.sol";
import {PlanLogs} from "./helpers/PlanLogs.sol";

/// @notice Daily loss, weekly loss and drawdown: a breach latches at once and stays.
contract VaultLatchTest is LatchFixture {
    // ---------------------------------------------------------------- the three limits

    function test_starts_at_a_share_price_of_one() public view {
        VaultStatus memory s = _status();
        assertEq(s.sharePriceE18, 1e18);
        assertEq(s.highWaterMarkE18, 1e18);
        assertEq(s.dayStartPriceE18, 1e18);
        assertEq(s.weekStartPriceE18, 1e18);
    }

    function test_daily_loss_at_its_bound_does_not_latch_and_beyond_it_does() public {
        _fallTo(300);
        vault.checkpoint();
        _assertMode(Mode.Active);
        _fallTo(301);
        _expectLatch(Mode.ReduceOnly, "max_daily_loss", 301, 300);
        vm.prank(STRANGER);
        vault.checkpoint();
        _assertMode(Mode.ReduceOnly);
    }

    function test_weekly_loss_latches_when_no_single_day_does() public {
        for (uint256 lost = 200; lost <= 600; lost += 200) {
            _nextDay();
            _fallTo(lost);
            vault.checkpoint();
        }
        _assertMode(Mode.Active);
        _nextDay();
        _fallTo(601);
        _expectLatch(Mode.ReduceOnly, "max_weekly_loss", 601, 600);
        vault.checkpoint();
        _assertMode(Mode.ReduceOnly);
    }

    function test_drawdown_latches_when_no_single_day_or_week_does() public {
        for (uint256 lost = 100; lost <= 1_000; lost += 100) {
            _nextDay();
            _fallTo(lost);
            vault.checkpoint();
            _assertMode(Mode.Active);
        }
        _nextDay();
        _fallTo(1_001);
        _expectLatch(Mode.ReduceOnly, "max_drawdown", 1_001, 1_000);
        vault.checkpoint();
        _assertMode(Mode.ReduceOnly);
    }

    function test_a_fall_that_breaks_several_limits_names_the_daily_one() public {
        _fallTo(1_500);
        _expectLatch(Mode.ReduceOnly, "max_daily_loss", 1_500, 300);
        vault.checkpoint();
    }

    function test_a_checkpoint_tells_the_price_and_every_loss_with_its_limit() public {
        _fallTo(100);
        _nextDay();
        _fallTo(250);
        vm.recordLogs();
        vault.checkpoint();
        (uint256 price, uint256[3] memory losses) = PlanLogs.checkpoint(vm.getRecordedLogs());
        assertApproxEqAbs(price, 0.975e18, 1e9);
        assertEq(price, _status().sharePriceE18);
        _assertLoss(losses[0], 152, 300); // 150 of 9,900
        _assertLoss(losses[1], 250, 600);
        _assertLoss(losses[2], 250, 1_000);
    }

    // ---------------------------------------------------------------- what a latch does

    function test_a_latch_stays_when_the_price_comes_back() public {
        _fallTo(400);
        vault.checkpoint();
        feed.set(PRICE);
        vault.checkpoint();
        _assertMode(Mode.ReduceOnly);
        _nextDay();
        _assertMode(Mode.ReduceOnly);
    }

    function test_latches_to_halted_when_the_policy_says_so() public {
        Limits memory limits = _limits();
        limits.latchMode = Mode.Halted;
        _tighten(limits);
        _fallTo(400);
        Plan memory plan = _plan(_actions(_trade(long, -ONE_BPS)));
        vm.expectEmit(address(vault));
        emit Vault.PlanSkipped(2, "max_daily_loss");
        _send(plan);
        _assertMode(Mode.Halted);
        plan = _plan(_actions(_trade(long, -ONE_BPS)));
        vm.expectRevert(Vault.VaultHalted.selector);
        _send(plan);
        vm.prank(ALICE);
        vault.redeem(1e12, ALICE, ALICE);
    }

    function test_a_plan_that_meets_a_breach_is_skipped_and_its_number_is_spent() public {
        Plan memory plan = _plan(_actions(_trade(long, 1)));
        _fallTo(400);
        uint256 lastPlanAt = vault.lastPlanAt();
        int256 exposure = long.exposure();
        vm.expectEmit(address(vault));
        emit Vault.PlanSkipped(2, "max_daily_loss");
        _send(plan);
        _assertMode(Mode.ReduceOnly);
        assertEq(long.exposure(), exposure, "not carried out");
        assertEq(vault.planCount(), 2, "spent");
        assertEq(vault.lastPlanAt(), lastPlanAt, "nothing was executed");
        assertEq(vault.lastSignAt(), block.timestamp, "but the agent is alive");
        vm.expectRevert(abi.encodeWithSelector(Vault.PlanNumberWrong.selector, 2, 3));
        _send(plan);
        _run(_trade(long, -ONE_BPS));
    }

    function test_a_skipped_plan_tells_no_checks() public {
        _fallTo(400);
        Vm.Log[] memory logs = _runAndRecord(_actions(_trade(long, -ONE_BPS)));
        assertTrue(PlanLogs.has(logs, Vault.PlanSkipped.selector));
        assertFalse(PlanLogs.has(logs, Vault.PlanExecuted.selector));
    }

    function test_a_skipped_plan_records_the_share_price_and_its_marks() public {
        _fallTo(290);
        vault.checkpoint();
        _later(1 days);
        _fallTo(610); // too much for the week and, counted from this plan, nothing for the day
        Vm.Log[] memory logs = _runAndRecord(_actions(_trade(long, -ONE_BPS)));
        (uint256 price,) = PlanLogs.checkpoint(logs);
        assertApproxEqAbs(price, 0.939e18, 1e9);
        _fallTo(650);
        assertApproxEqAbs(_status().dayStartPriceE18, 0.939e18, 1e9);
    }

    /// @dev It reverts as if it had never been sent; anybody may still record the breach.
    function test_a_plan_for_another_state_is_refused_even_when_it_meets_a_breach() public {
        Plan memory plan = _plan(_actions(_trade(long, 1)));
        bytes32 hash = plan.stateHash;
        plan.stateHash = bytes32(uint256(1));
        _fallTo(400);
        vm.expectRevert(abi.encodeWithSelector(Vault.StateChanged.selector, plan.stateHash, hash));
        _send(plan);
        _assertMode(Mode.Active);
        vault.checkpoint();
        _assertMode(Mode.ReduceOnly);
    }

    function test_a_loss_made_by_the_plan_latches_without_undoing_it() public {
        _fallTo(250);
        vault.checkpoint();
        Action memory action = _trade(short, -ONE_BPS, 1_000e6, 600e6);
        _expectLatch(Mode.ReduceOnly, "max_daily_loss", 310, 300);
        _run(action);
        assertEq(short.exposure(), -ONE_BPS);
        _assertMode(Mode.ReduceOnly);
    }

    function test_a_deposit_latches_too_and_goes_through() public {
        _fallTo(400);
        _fund(BOB, 1_000e6);
        _assertMode(Mode.ReduceOnly);
    }

    function test_a_redemption_latches_too_and_goes_through() public {
        _fallTo(400);
        vm.prank(ALICE);
        vault.redeem(1e12, ALICE, ALICE);
        _assertMode(Mode.ReduceOnly);
    }

    function test_a_breach_does_not_bring_a_halted_vault_back() public {
        _makeSafer(Mode.Halted);
        _fallTo(400);
        vault.checkpoint();
        _assertMode(Mode.Halted);
    }

    function test_an_empty_vault_has_no_loss() public {
        _run(_actions(_trade(long, -5_000 * ONE_BPS), Action(address(long), 0, long.sendHome(50_000e6))));
        _redeemEverything(ALICE);
        assertEq(vault.totalSupply(), 0);
        usdc.mint(address(long), 1); // dust at a venue
        _hold(long, 1);
        feed.set(PRICE * 2);
        vault.checkpoint();
        assertGt(_high(), 1e18);
        feed.set(PRICE / 2);
        vault.checkpoint();
        _assertMode(Mode.Active);
        assertEq(_high(), _status().sharePriceE18);
    }

    // ---------------------------------------------------------------- stale prices

    function test_nothing_is_latched_or_raised_on_a_stale_or_invalid_price() public {
        VaultStatus memory before = _status();
        feed.setRound(PRICE / 2, block.timestamp - 3_601);
        bytes memory stale = abi.encodeWithSelector(PriceOracle.OracleStale.selector, address(weth), 3_601, 3_600);
        _expectAllRefused(stale);
        feed.setRound(PRICE * 2, block.timestamp - 3_601);
        _expectAllRefused(stale);
        feed.set(0);
        _expectAllRefused(abi.encodeWithSelector(PriceOracle.OraclePriceInvalid.selector, address(weth), int256(0)));

        feed.set(PRICE);
        VaultStatus memory s = _status();
        assertEq(abi.encode(s), abi.encode(before));
        _fallTo(400);
        vault.checkpoint();
        _assertMode(Mode.ReduceOnly);
    }

    function _expectAllRefused(bytes memory reason) private {
        vm.expectRevert(reason);
        vault.checkpoint();
        _expectRevert(_trade(long, -ONE_BPS), reason);
        vm.startPrank(BOB);
        vm.expectRevert(reason);
        vault.deposit(0, BOB);
        vm.expectRevert(reason);
        vault.redeem(0, BOB, BOB);
        vm.stopPrank();
    }
}
