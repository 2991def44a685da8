// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Vm} from "forge-std/Vm.sol";

import {Envelope} from "ballast/Envelope.sol";
import {Action, Mode, VaultStatus} from "ballast/Plan.sol";
import {Limits} from "ballast/Policy.sol";
import {Vault} from "ballast/Vault.sol";

import {VaultFixture} from "./helpers/VaultFixture.sol";

/// @notice The limits that outlast a plan (turnover, the two loss budgets) and the cash that a plan must leave.
contract VaultBudgetsTest is VaultFixture {
    /// @dev One basis point of the funded vault, in asset units, as a fee that disappears.
    uint256 private constant FEE_BPS = 10e6;

    function _limits() internal view override returns (Limits memory limits) {
        limits = super._limits();
        limits.maxTurnoverBps = 24_000;
        limits.lossBudgetBps = 96;
        limits.emergencyLossBudgetBps = 48;
        limits.minIdleBps = 2_000;
    }

    /// @dev A plan that grows by next to nothing and loses `fee`.
    function _lose(uint256 fee) private view returns (Action memory) {
        return _trade(long, 1, fee, fee);
    }

    /// @dev A plan that only reduces, and loses `fee`.
    function _loseReducing(uint256 fee) private view returns (Action memory) {
        return _trade(long, 0, fee, fee);
    }

    function _used() private view returns (uint256 turnover, uint256 loss, uint256 emergencyLoss) {
        VaultStatus memory s = vault.status();
        return (s.turnoverUsedBps, s.lossUsedBps, s.emergencyLossUsedBps);
    }

    function _assertUsed(uint256 turnover, uint256 loss, uint256 emergencyLoss) private view {
        (uint256 a, uint256 b, uint256 c) = _used();
        assertEq(a, turnover, "turnover");
        assertEq(b, loss, "loss");
        assertEq(c, emergencyLoss, "emergency loss");
    }

    // ---------------------------------------------------------------- turnover

    function test_turnover_at_and_above_its_bound() public {
        _run(_pair(6_000));
        _assertUsed(12_000, 0, 0);
        _later(60);
        // 60 s drain 16.7 of 24,000.
        _run(_actions(_trade(long, 5_000 * ONE_BPS), _trade(long, -5_000 * ONE_BPS)));
        _assertUsed(21_984, 0, 0);
        _later(60);
        _expectRevert(
            _actions(_trade(long, 1_017 * ONE_BPS), _trade(long, -1_017 * ONE_BPS)),
            abi.encodeWithSelector(Envelope.TurnoverExceeded.selector, 24_001, 24_000)
        );
        _run(_actions(_trade(long, 1_016 * ONE_BPS), _trade(long, -1_016 * ONE_BPS)));
        _assertUsed(23_999, 0, 0);
    }

    function test_turnover_drains_linearly_to_nothing_and_never_below() public {
        _run(_pair(6_000));
        _later(6 hours);
        _assertUsed(6_000, 0, 0);
        _later(6 hours);
        _assertUsed(0, 0, 0);
        _later(365 days);
        _run(_actions(_trade(long, 10_000 * ONE_BPS), _trade(long, -10_000 * ONE_BPS)));
        _assertUsed(20_000, 0, 0);
    }

    function test_a_reducing_plan_counts_as_turnover_and_is_not_stopped_by_it() public {
        _run(_pair(7_000));
        _assertUsed(14_000, 0, 0);
        _run(_pair(-3_000));
        _assertUsed(20_000, 0, 0);
        _run(_pair(-4_000));
        _assertUsed(24_000, 0, 0);
        _later(60);
        _expectRevert(
            _trade(long, 17 * ONE_BPS), abi.encodeWithSelector(Envelope.TurnoverExceeded.selector, 24_001, 24_000)
        );
        _run(_trade(long, 16 * ONE_BPS));
    }

    // ---------------------------------------------------------------- loss budgets

    function test_loss_budget_at_and_above_its_bound() public {
        _run(_lose(95 * FEE_BPS));
        _assertUsed(0, 95, 0);
        _later(15 minutes); // drains one of 96
        _expectRevert(_lose(2 * FEE_BPS), abi.encodeWithSelector(Envelope.LossBudgetExceeded.selector, 97, 96));
        // What is left is 2 basis points of a vault that lost 0.95 %.
        _run(_lose(FEE_BPS * 198 / 100));
        assertEq(vault.status().lossUsedBps, 96);
    }

    function test_emergency_loss_budget_at_and_above_its_bound() public {
        _expectRevert(
            _loseReducing(48 * FEE_BPS + 1),
            abi.encodeWithSelector(Envelope.EmergencyLossBudgetExceeded.selector, 49, 48)
        );
        _run(_loseReducing(48 * FEE_BPS));
        _assertUsed(0, 0, 48);
        _expectRevert(_loseReducing(1), abi.encodeWithSelector(Envelope.EmergencyLossBudgetExceeded.selector, 49, 48));
    }

    function test_many_small_losses_add_up() public {
        for (uint256 i; i < 6; ++i) {
            _run(_loseReducing(8 * FEE_BPS * (100_000 - 8 * 10 * i) / 100_000));
        }
        assertEq(vault.status().emergencyLossUsedBps, 48);
        _expectRevert(
            _loseReducing(FEE_BPS / 2), abi.encodeWithSelector(Envelope.EmergencyLossBudgetExceeded.selector, 49, 48)
        );
    }

    function test_budgets_drain_linearly_over_a_day_also_after_a_year_of_silence() public {
        _run(_lose(96 * FEE_BPS));
        _run(_loseReducing(40 * FEE_BPS));
        _later(6 hours);
        (, uint256 loss, uint256 emergencyLoss) = _used();
        assertEq(loss, 72);
        assertEq(emergencyLoss, 29, "40.4 of the smaller vault less 12");
        _later(365 days);
        _assertUsed(0, 0, 0);
        _expectRevert(_lose(96 * FEE_BPS), abi.encodeWithSelector(Envelope.LossBudgetExceeded.selector, 98, 96));
    }

    function test_an_exhausted_budget_never_blocks_reducing() public {
        _run(_pair(1_000));
        _later(60);
        _run(_lose(96 * FEE_BPS));
        _later(60);
        _expectRevert(_lose(FEE_BPS), abi.encodeWithSelector(Envelope.LossBudgetExceeded.selector, 97, 96));
        _run(_trade(long, -1_000 * ONE_BPS, FEE_BPS, FEE_BPS));
        (, uint256 loss, uint256 emergencyLoss) = _used();
        assertEq(loss, 96);
        assertEq(emergencyLoss, 2, "a basis point of the vault as it was is a little more of what is left");
    }

    function test_a_latched_vault_still_counts_what_reducing_costs() public {
        _setMode(GUARDIAN, Mode.ReduceOnly);
        _run(_loseReducing(48 * FEE_BPS));
        _expectRevert(_loseReducing(1), abi.encodeWithSelector(Envelope.EmergencyLossBudgetExceeded.selector, 49, 48));
    }

    function test_a_worst_case_in_flight_is_charged_and_not_refunded_by_a_better_fill() public {
        Action memory order = Action(address(long), 0, long.setRisk(30 * FEE_BPS, type(uint256).max));
        _run(_actions(_trade(long, ONE_BPS), order));
        _assertUsed(1, 30, 0);
        long.setRiskNow(0, type(uint256).max); // filled at no loss at all
        _run(new Action[](0));
        _assertUsed(1, 30, 0);
    }

    function test_a_gain_gives_nothing_back() public {
        _run(_lose(50 * FEE_BPS));
        usdc.mint(address(long), 100 * FEE_BPS); // the venue pays
        _later(60);
        long.setSettle(40 * FEE_BPS, false);
        _run(Action(address(long), 0, long.sendHome(10 * FEE_BPS)));
        assertEq(vault.status().lossUsedBps, 50);
    }

    function test_the_empty_plan_costs_nothing() public {
        _run(_lose(50 * FEE_BPS));
        (uint256 turnover, uint256 loss, uint256 emergencyLoss) = _used();
        _run(new Action[](0));
        _assertUsed(turnover, loss, emergencyLoss);
    }

    function test_many_empty_plans_drain_as_much_as_none() public {
        _run(_lose(96 * FEE_BPS));
        for (uint256 i; i < 60; ++i) {
            _later(7);
            _run(new Action[](0));
        }
        _later(480);
        assertEq(vault.status().lossUsedBps, 95);
        _later(1);
        assertEq(vault.status().lossUsedBps, 95);
    }

    function test_a_skipped_plan_consumes_nothing() public {
        _run(_trade(long, 5_000 * ONE_BPS, 20_000e6, 10 * FEE_BPS));
        (uint256 turnover, uint256 loss, uint256 emergencyLoss) = _used();
        feed.set(PRICE * 9 / 10);
        uint64 lastPlanAt = vault.lastPlanAt();
        _run(_loseReducing(10 * FEE_BPS));
        assertEq(uint8(vault.mode()), uint8(Mode.ReduceOnly));
        assertEq(vault.lastPlanAt(), lastPlanAt);
        _assertUsed(turnover, loss, emergencyLoss);
    }

    function test_a_deposit_in_the_same_block_does_not_stretch_a_budget() public {
        _fund(BOB, 9 * FUNDS);
        _expectRevert(
            _loseReducing(49 * FEE_BPS), abi.encodeWithSelector(Envelope.EmergencyLossBudgetExceeded.selector, 49, 48)
        );
    }

    function test_a_vault_without_value_reduces_without_cost_and_its_turnover_is_full() public {
        vm.startPrank(ALICE);
        vault.redeem(vault.balanceOf(ALICE), ALICE, ALICE);
        vm.stopPrank();
        long.setExposure(ONE_BPS);
        _run(_trade(long, -ONE_BPS));
        _assertUsed(24_000, 0, 0);
    }

    function test_a_tightened_limit_is_met_from_where_it_stands() public {
        _run(_lose(90 * FEE_BPS));
        Limits memory tighter = _limits();
        tighter.lossBudgetBps = 24;
        vm.prank(GUARDIAN);
        policy.tighten(tighter);
        assertEq(vault.status().lossUsedBps, 24, "full");
        _later(12 hours);
        assertEq(vault.status().lossUsedBps, 12);
        _expectRevert(_lose(13 * FEE_BPS), abi.encodeWithSelector(Envelope.LossBudgetExceeded.selector, 26, 24));
    }

    // ---------------------------------------------------------------- idle cash

    function test_idle_cash_at_and_below_its_minimum() public {
        _expectRevert(
            _trade(long, 1, 80_000e6 + 1, 0), abi.encodeWithSelector(Envelope.IdleBelowMinimum.selector, 1_999, 2_000)
        );
        _run(_trade(long, 1, 80_000e6, 0));
        assertEq(vault.idleAssets(), 20_000e6);
    }

    function test_idle_cash_may_stay_below_its_minimum_if_none_is_taken() public {
        _run(_trade(long, 0, 90_000e6, 0)); // moving cash only is reducing
        _later(60);
        _run(_trade(long, 1));
        _later(60);
        _expectRevert(_trade(long, 1, 1, 0), abi.encodeWithSelector(Envelope.IdleBelowMinimum.selector, 999, 2_000));
    }

    // ---------------------------------------------------------------- events

    function test_tells_what_it_checked() public {
        vm.recordLogs();
        _run(_actions(_trade(long, 1_000 * ONE_BPS, 10_000e6, 5 * FEE_BPS), _trade(short, -1_000 * ONE_BPS)));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(_told(logs, "max_turnover"), abi.encode(2_000, 24_000));
        assertEq(_told(logs, "loss_budget"), abi.encode(5, 96));
        assertEq(_told(logs, "min_idle"), abi.encode(9_000, 2_000));
        assertEq(_told(logs, "emergency_loss_budget"), "");

        vm.recordLogs();
        _run(_trade(long, -1_000 * ONE_BPS, FEE_BPS, FEE_BPS / 2));
        logs = vm.getRecordedLogs();
        assertEq(_told(logs, "emergency_loss_budget"), abi.encode(1, 48));
        assertEq(_told(logs, "max_turnover"), "");
        assertEq(_told(logs, "loss_budget"), "");
        assertEq(_told(logs, "min_idle"), "");
    }

    function _told(Vm.Log[] memory logs, bytes32 limit) private pure returns (bytes memory) {
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] == Envelope.LimitChecked.selector && logs[i].topics[1] == limit) return logs[i].data;
        }
        return "";
    }
}
