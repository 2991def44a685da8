// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Vm} from "forge-std/Vm.sol";

import {Envelope, Limit} from "src/Envelope.sol";
import {Limits} from "src/Limits.sol";
import {Action, Mode, VaultStatus} from "src/Plan.sol";

import {CoreFixture} from "./helpers/CoreFixture.sol";

/// @notice The limits that outlast a plan (turnover, the two loss budgets) and the cash that a plan must leave.
contract VaultBudgetsTest is CoreFixture {
    /// @dev One basis point of the funded vault, in asset units, as a fee that disappears.
    uint256 private constant FEE_BPS = 10e6;

    /// @dev Turnover drains 1,000 basis points an hour, losses one in 2 hours, emergency losses one in 4 hours.
    function _limits() internal view override returns (Limits memory limits) {
        limits = super._limits();
        limits.maxTurnoverBps = 24_000;
        limits.lossBudgetBps = 84;
        limits.emergencyLossBudgetBps = 42;
        limits.minIdleBps = 2_000;
    }

    function _assertUsed(uint256 turnover, uint256 loss, uint256 emergencyLoss) private view {
        VaultStatus memory s = _status();
        assertEq(s.turnoverUsedBps, turnover, "turnover");
        assertEq(s.lossUsedBps, loss, "loss");
        assertEq(s.emergencyLossUsedBps, emergencyLoss, "emergency loss");
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

    function test_turnover_drains_linearly_over_a_rolling_day_to_nothing_and_never_below() public {
        _run(_pair(6_000));
        _later(6 hours);
        _assertUsed(6_000, 0, 0);
        _later(6 hours);
        _assertUsed(0, 0, 0);
        _later(365 days);
        _run(_actions(_trade(long, 10_000 * ONE_BPS), _trade(long, -10_000 * ONE_BPS)));
        _assertUsed(20_000, 0, 0);
    }

    function test_turnover_is_not_forgotten_at_midnight() public {
        vm.warp(block.timestamp / 1 days * 1 days + 1 days - 60);
        _later(0);
        _run(_pair(6_000));
        _later(120);
        _assertUsed(11_967, 0, 0);
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
        _run(_lose(83 * FEE_BPS));
        _assertUsed(0, 83, 0);
        _later(2 hours); // drains one of 84
        _expectRevert(_lose(2 * FEE_BPS), abi.encodeWithSelector(Envelope.LossBudgetExceeded.selector, 85, 84));
        // What is left is 2 basis points of a vault that lost 0.83 %.
        _run(_lose(FEE_BPS * 198 / 100));
        _assertUsed(0, 84, 0);
    }

    function test_emergency_loss_budget_at_and_above_its_bound() public {
        _expectRevert(
            _loseReducing(42 * FEE_BPS + 1),
            abi.encodeWithSelector(Envelope.EmergencyLossBudgetExceeded.selector, 43, 42)
        );
        _run(_loseReducing(42 * FEE_BPS));
        _assertUsed(0, 0, 42);
        _expectRevert(_loseReducing(1), abi.encodeWithSelector(Envelope.EmergencyLossBudgetExceeded.selector, 43, 42));
    }

    function test_many_small_losses_add_up() public {
        for (uint256 i; i < 6; ++i) {
            _run(_loseReducing(7 * FEE_BPS * (100_000 - 7 * 10 * i) / 100_000));
        }
        _assertUsed(0, 0, 42);
        _expectRevert(
            _loseReducing(FEE_BPS / 2), abi.encodeWithSelector(Envelope.EmergencyLossBudgetExceeded.selector, 43, 42)
        );
    }

    function test_loss_budgets_drain_linearly_over_a_week_also_after_a_year_of_silence() public {
        _run(_lose(84 * FEE_BPS));
        _run(_loseReducing(35 * FEE_BPS));
        _later(42 hours);
        _assertUsed(0, 63, 25); // 35.3 of the smaller vault less 10.5
        _later(365 days);
        _assertUsed(0, 0, 0);
        // A year of silence gives one budget, not fifty-two.
        _expectRevert(_lose(84 * FEE_BPS), abi.encodeWithSelector(Envelope.LossBudgetExceeded.selector, 86, 84));
        _run(_lose(83 * FEE_BPS));
        _later(60);
        _expectRevert(_lose(FEE_BPS), abi.encodeWithSelector(Envelope.LossBudgetExceeded.selector, 86, 84));
    }

    function test_an_exhausted_budget_never_blocks_reducing() public {
        _run(_pair(1_000));
        _later(60);
        _run(_lose(84 * FEE_BPS));
        _later(60);
        _expectRevert(_lose(FEE_BPS / 2), abi.encodeWithSelector(Envelope.LossBudgetExceeded.selector, 85, 84));
        _run(_trade(long, -1_000 * ONE_BPS, FEE_BPS, FEE_BPS));
        VaultStatus memory s = _status();
        assertEq(s.lossUsedBps, 84);
        assertEq(s.emergencyLossUsedBps, 2, "a basis point of the vault as it was is a little more of what is left");
    }

    function test_an_exhausted_emergency_budget_does_not_block_others() public {
        _run(_loseReducing(42 * FEE_BPS));
        _later(60);
        _run(_lose(FEE_BPS));
        _assertUsed(0, 2, 42);
    }

    function test_a_latched_vault_still_counts_what_reducing_costs() public {
        _makeSafer(Mode.ReduceOnly);
        _run(_loseReducing(42 * FEE_BPS));
        _expectRevert(_loseReducing(1), abi.encodeWithSelector(Envelope.EmergencyLossBudgetExceeded.selector, 43, 42));
    }

    function test_a_worst_case_in_flight_is_charged_and_not_refunded_by_a_better_fill() public {
        Action memory order = Action(address(long), 0, long.setRisk(30 * FEE_BPS, NONE));
        _run(_actions(_trade(long, ONE_BPS), order));
        _assertUsed(1, 30, 0);
        long.setRiskNow(0, NONE); // filled at no loss at all
        _run(new Action[](0));
        _assertUsed(1, 30, 0);
    }

    function test_a_gain_gives_nothing_back() public {
        _run(_lose(50 * FEE_BPS));
        usdc.mint(address(long), 100 * FEE_BPS); // the venue pays
        _later(60);
        long.setSettle(40 * FEE_BPS, false);
        _run(Action(address(long), 0, long.sendHome(10 * FEE_BPS)));
        _assertUsed(0, 50, 0);
    }

    function test_the_empty_plan_costs_nothing() public {
        _run(_lose(50 * FEE_BPS));
        _assertUsed(0, 50, 0);
        _run(new Action[](0));
        _assertUsed(0, 50, 0);
    }

    function test_many_empty_plans_drain_as_much_as_none() public {
        _run(_lose(84 * FEE_BPS));
        for (uint256 i; i < 60; ++i) {
            _later(61);
            _run(new Action[](0));
        }
        _later(2 hours - 60 * 61 - 1);
        _assertUsed(0, 84, 0);
        _later(1);
        _assertUsed(0, 83, 0);
    }

    function test_a_skipped_plan_consumes_nothing() public {
        _run(_trade(long, 5_000 * ONE_BPS, 20_000e6, 10 * FEE_BPS));
        VaultStatus memory s = _status();
        feed.set(PRICE * 9 / 10);
        _run(_loseReducing(10 * FEE_BPS));
        _assertMode(Mode.ReduceOnly);
        assertEq(vault.lastPlanAt(), s.lastPlanAt);
        _assertUsed(s.turnoverUsedBps, s.lossUsedBps, s.emergencyLossUsedBps);
    }

    function test_a_deposit_in_the_same_block_does_not_stretch_a_budget() public {
        _fund(BOB, 9 * FUNDS);
        _expectRevert(
            _loseReducing(43 * FEE_BPS), abi.encodeWithSelector(Envelope.EmergencyLossBudgetExceeded.selector, 43, 42)
        );
    }

    function test_a_vault_without_value_reduces_without_cost_and_its_turnover_is_full() public {
        _redeemEverything(ALICE);
        _hold(long, 1);
        _run(_trade(long, -ONE_BPS));
        _assertUsed(24_000, 0, 0);
    }

    function test_a_tightened_limit_is_met_from_where_it_stands() public {
        _run(_lose(80 * FEE_BPS));
        Limits memory tighter = _limits();
        tighter.lossBudgetBps = 28;
        _tighten(tighter);
        _assertUsed(0, 28, 0); // full
        _later(42 hours);
        _assertUsed(0, 21, 0);
        _expectRevert(_lose(8 * FEE_BPS), abi.encodeWithSelector(Envelope.LossBudgetExceeded.selector, 30, 28));
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
        _run(_actions(_trade(long, 1), Action(address(long), 0, long.sendHome(5_000e6))));
        assertEq(vault.idleAssets(), 15_000e6, "may come nearer to it");
    }

    // ---------------------------------------------------------------- events

    function test_tells_which_budget_it_charged() public {
        Vm.Log[] memory logs = _runAndRecord(
            _actions(_trade(long, 1_000 * ONE_BPS, 10_000e6, 5 * FEE_BPS), _trade(short, -1_000 * ONE_BPS))
        );
        _assertTold(logs, Limit.MaxTurnover, 2_000, 24_000);
        _assertTold(logs, Limit.LossBudget, 5, 84);
        _assertTold(logs, Limit.MinIdle, 9_000, 2_000);
        _assertTold(logs, Limit.EmergencyLossBudget, 0, 0);

        logs = _runAndRecord(_actions(_trade(long, -1_000 * ONE_BPS, FEE_BPS, FEE_BPS / 2)));
        _assertTold(logs, Limit.EmergencyLossBudget, 1, 42);
        _assertTold(logs, Limit.MaxTurnover, 0, 0);
        _assertTold(logs, Limit.LossBudget, 0, 0);
        _assertTold(logs, Limit.MinIdle, 0, 0);
    }
}
