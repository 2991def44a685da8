// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Vm} from "forge-std/Vm.sol";

import {Envelope, Limit} from "src/Envelope.sol";
import {Action} from "src/Plan.sol";
import {Vault} from "src/Vault.sol";
import {TestToken} from "sim/TestToken.sol";

import {CoreFixture} from "./helpers/CoreFixture.sol";
import {PlanLogs} from "./helpers/PlanLogs.sol";

/// @notice Where positions may be after a plan and what it may cost: every limit at its bound and one unit beyond.
contract VaultEnvelopeTest is CoreFixture {
    // ---------------------------------------------------------------- positions

    function test_gross_leverage_at_and_above_its_bound() public {
        _expectRevert(
            _actions(_trade(long, 7_500 * ONE_BPS + ONE_UNIT), _trade(short, -7_500 * ONE_BPS)),
            abi.encodeWithSelector(Envelope.GrossLeverageExceeded.selector, 15_001, 15_000)
        );
        _run(_pair(7_500));
    }

    function test_net_delta_at_and_above_its_bound_on_either_side() public {
        bytes memory reason = abi.encodeWithSelector(Envelope.NetDeltaExceeded.selector, 6_001, 6_000);
        _expectRevert(_trade(long, 6_000 * ONE_BPS + ONE_UNIT), reason);
        _expectRevert(_trade(short, -6_000 * ONE_BPS - ONE_UNIT), reason);
        _run(_trade(long, 6_000 * ONE_BPS));
        _later(60);
        _run(_actions(_trade(long, -6_000 * ONE_BPS), _trade(short, -6_000 * ONE_BPS)));
    }

    function test_net_delta_is_measured_for_each_token_by_itself() public {
        _deployVault(address(weth));
        long = _newLeg();
        TestToken other = new TestToken("OTHER", 18);
        oracle = _newOracle(address(usdc), address(other));
        policy.loosenCap(address(other), NO_CAP());
        short = _newLegFor(address(other));
        _accept(address(short));
        _handOver();
        _fund(ALICE, FUNDS);
        _later(60);
        // Opposite deltas in two tokens do not cancel, whichever is too large.
        bytes memory reason = abi.encodeWithSelector(Envelope.NetDeltaExceeded.selector, 6_001, 6_000);
        _expectRevert(_actions(_trade(long, 6_001 * ONE_BPS), _trade(short, -6_000 * ONE_BPS)), reason);
        _expectRevert(_actions(_trade(long, 6_000 * ONE_BPS), _trade(short, -6_001 * ONE_BPS)), reason);

        Vm.Log[] memory logs =
            _runAndRecord(_actions(_trade(long, 3_000 * ONE_BPS), _trade(short, -6_000 * ONE_BPS)));
        _assertTold(logs, Limit.MaxNetDelta, 6_000, 6_000);
        _assertTold(logs, Limit.AssetCap, 60_000e6, 100 * FUNDS);
        assertEq(_status().netDelta, -30_000e6);

        _later(60);
        logs = _runAndRecord(_actions(_trade(long, 3_000 * ONE_BPS), _trade(short, 3_000 * ONE_BPS)));
        _assertTold(logs, Limit.MaxNetDelta, 6_000, 6_000); // now the first token's
    }

    function test_liquidation_distance_at_and_below_its_bound() public {
        Action memory position = _trade(long, ONE_BPS);
        _expectRevert(
            _actions(position, Action(address(short), 0, short.setRisk(0, 1_499))),
            abi.encodeWithSelector(Envelope.LiquidationTooClose.selector, 1_499, 1_500)
        );
        _run(_actions(position, Action(address(short), 0, short.setRisk(0, 1_500))));
        assertEq(_status().liquidationDistanceBps, 1_500);
    }

    function test_health_at_and_below_its_bound() public {
        Action memory position = _trade(long, ONE_BPS);
        _expectRevert(
            _actions(position, _setHealth(short, 14_999)),
            abi.encodeWithSelector(Envelope.HealthTooLow.selector, 14_999, 15_000)
        );
        _run(_actions(position, _setHealth(short, 15_000)));
        assertEq(_status().healthBps, 15_000);
    }

    function test_an_empty_vault_may_hold_nothing() public {
        _redeemEverything(ALICE);
        _later(60);
        _expectRevert(
            _trade(long, ONE_UNIT), abi.encodeWithSelector(Envelope.GrossLeverageExceeded.selector, NONE, 15_000)
        );
        _run(new Action[](0));
        _later(60);
        // Less than a unit's worth, in and out again: there is nothing that it could be too much of.
        _run(_actions(_trade(long, 1), _trade(long, -1)));
        assertEq(vault.planCount(), 2);
    }

    // ---------------------------------------------------------------- pace

    function test_trade_notional_at_and_above_its_bound() public {
        // In and out again, so that only the notional is large.
        _expectRevert(
            _actions(_trade(long, 10_000 * ONE_BPS), _trade(long, -10_000 * ONE_BPS - ONE_UNIT)),
            abi.encodeWithSelector(Envelope.TradeTooLarge.selector, 200_000e6 + 1, 200_000e6)
        );
        _run(_actions(_trade(long, 10_000 * ONE_BPS), _trade(long, -10_000 * ONE_BPS)));
    }

    function test_cooldown_at_and_below_its_bound() public {
        _run(_pair(1));
        _later(59);
        _expectRevert(_pair(1), abi.encodeWithSelector(Envelope.CooldownActive.selector, 59, 60));
        _later(1);
        _run(_pair(1));
    }

    // ---------------------------------------------------------------- loss of a plan

    function test_loss_per_plan_at_and_above_its_bound() public {
        _expectRevert(
            _trade(long, ONE_BPS, 1_001e6, 1_000e6 + 1),
            abi.encodeWithSelector(Envelope.PlanLossExceeded.selector, 101, 100)
        );
        Action memory action = _trade(long, ONE_BPS, 1_001e6, 1_000e6);
        vm.expectEmit(address(vault));
        emit Vault.PlanExecuted(1, FUNDS, FUNDS - 1_000e6, 10e6, false);
        _run(action);
    }

    function test_loss_per_plan_counts_orders_in_flight_at_their_worst() public {
        Action memory tooMuch = Action(address(long), 0, long.setRisk(1_000e6 + 1, NONE));
        _expectRevert(tooMuch, abi.encodeWithSelector(Envelope.PlanLossExceeded.selector, 101, 100));
        Action memory order = Action(address(long), 0, long.setRisk(1_000e6, NONE));
        vm.expectEmit(address(vault));
        emit Vault.PlanExecuted(1, FUNDS, FUNDS - 1_000e6, 0, true);
        _run(order);
        assertEq(_status().pendingLoss, 1_000e6);
    }

    function test_an_order_still_in_flight_is_charged_to_its_own_plan_only() public {
        _run(Action(address(long), 0, long.setRisk(1_000e6, NONE)));
        _later(60);
        uint256 nav = FUNDS - 1_000e6;
        _expectRevert(
            Action(address(long), 0, long.setRisk(1_000e6 + nav / 100 + 1, NONE)),
            abi.encodeWithSelector(Envelope.PlanLossExceeded.selector, 101, 100)
        );
        _run(Action(address(long), 0, long.setRisk(1_000e6 + nav / 100, NONE)));
    }

    function test_pending_loss_above_the_assets_is_refused() public {
        _expectRevert(
            Action(address(long), 0, long.setRisk(2 * FUNDS, NONE)),
            abi.encodeWithSelector(Envelope.PlanLossExceeded.selector, 20_000, 100)
        );
    }

    function test_a_loss_that_the_market_made_is_not_the_plans() public {
        _run(_trade(long, 5_000 * ONE_BPS));
        _later(60);
        feed.set(PRICE * 99 / 100); // 0.5 % of the vault
        Vm.Log[] memory logs = _runAndRecord(_actions(_trade(long, -ONE_BPS)));
        _assertTold(logs, Limit.MaxLossPerPlan, 0, 100);
    }

    // ---------------------------------------------------------------- the value that limits count against

    function test_a_deposit_in_the_same_block_does_not_stretch_the_limits() public {
        _fund(BOB, 9 * FUNDS);
        _expectRevert(_pair(7_501), abi.encodeWithSelector(Envelope.GrossLeverageExceeded.selector, 15_002, 15_000));
        _run(_pair(7_500));
    }

    function test_a_deposit_counts_from_the_next_block() public {
        _fund(BOB, FUNDS);
        _later(1);
        _run(_pair(10_000));
        assertEq(_status().grossExposure, FUNDS * 2);
    }

    function test_a_gain_in_the_same_block_does_not_stretch_the_limits() public {
        vault.checkpoint();
        usdc.mint(address(long), FUNDS); // the venue pays
        _expectRevert(_pair(7_501), abi.encodeWithSelector(Envelope.GrossLeverageExceeded.selector, 15_002, 15_000));
    }

    function test_a_redemption_in_the_same_block_shrinks_the_limits() public {
        vm.prank(ALICE);
        vault.withdraw(FUNDS / 2, ALICE, ALICE);
        _expectRevert(_pair(7_500), abi.encodeWithSelector(Envelope.GrossLeverageExceeded.selector, 30_000, 15_000));
        _run(_pair(3_750));
    }

    // ---------------------------------------------------------------- events

    function test_tells_every_limit_it_checked_with_its_bound() public {
        Action[] memory actions = new Action[](4);
        actions[0] = _trade(long, 3_000 * ONE_BPS, 20_000e6, 10e6);
        actions[1] = _trade(short, -1_000 * ONE_BPS);
        actions[2] = Action(address(short), 0, short.setRisk(5e6, 2_000));
        actions[3] = _setHealth(long, 20_000);
        vm.recordLogs();
        _run(actions);
        Vm.Log[] memory logs = vm.getRecordedLogs();

        Vm.Log memory log = PlanLogs.find(logs, Envelope.LimitsChecked.selector);
        assertEq(log.emitter, address(policy));
        assertEq(log.topics[1], bytes32(uint256(uint160(address(vault)))));
        assertEq(uint256(log.topics[2]), 1);
        _assertTold(logs, Limit.MaxGrossLeverage, 4_000, 15_000);
        _assertTold(logs, Limit.MaxNetDelta, 2_000, 6_000);
        _assertTold(logs, Limit.MinLiquidationDistance, 2_000, 1_500);
        _assertTold(logs, Limit.MinHealth, 20_000, 15_000);
        _assertTold(logs, Limit.MinIdle, 8_000, 1);
        _assertTold(logs, Limit.MaxLossPerPlan, 2, 100); // 1.5, rounded up
        _assertTold(logs, Limit.LossBudget, 2, 500);
        _assertTold(logs, Limit.EmergencyLossBudget, 0, 0);
        _assertTold(logs, Limit.MaxTurnover, 4_000, 200_000);
        _assertTold(logs, Limit.MaxTrade, 40_000e6, 200_000e6);
        _assertTold(logs, Limit.Cooldown, block.timestamp, 60);
        _assertTold(logs, Limit.VenueCap, 30_000e6, 100 * FUNDS);
        _assertTold(logs, Limit.AssetCap, 40_000e6, 100 * FUNDS);
    }

    function test_tells_of_a_reducing_plan_only_what_binds_it() public {
        _run(_actions(_trade(long, 3_000 * ONE_BPS, 20_000e6, 0), _trade(short, -1_000 * ONE_BPS)));
        Vm.Log[] memory logs = _runAndRecord(_actions(_trade(long, -1_000 * ONE_BPS, 0, 5e6)));
        _assertTold(logs, Limit.MaxGrossLeverage, 3_000, 15_000);
        _assertTold(logs, Limit.MaxNetDelta, 1_000, 6_000);
        // Without bound, as far as 128 bits tell.
        _assertTold(logs, Limit.MinLiquidationDistance, type(uint128).max, 1_500);
        _assertTold(logs, Limit.MinHealth, type(uint128).max, 15_000);
        _assertTold(logs, Limit.MaxLossPerPlan, 1, 100);
        _assertTold(logs, Limit.EmergencyLossBudget, 1, 500);
        Limit[7] memory spared = [
            Limit.MinIdle,
            Limit.LossBudget,
            Limit.MaxTurnover,
            Limit.MaxTrade,
            Limit.Cooldown,
            Limit.VenueCap,
            Limit.AssetCap
        ];
        for (uint256 i; i < spared.length; ++i) {
            _assertTold(logs, spared[i], 0, 0);
        }
    }
}
