// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Envelope, Limit} from "src/Envelope.sol";
import {IRedemptionQueue} from "src/interfaces/IRedemptionQueue.sol";
import {Action, Mode} from "src/Plan.sol";
import {PriceOracle} from "src/PriceOracle.sol";
import {RedemptionQueue} from "src/RedemptionQueue.sol";
import {Vault} from "src/Vault.sol";
import {VaultBook} from "src/VaultBook.sol";

import {CoreFixture} from "./helpers/CoreFixture.sol";
import {LeveragedTestAdapter} from "./helpers/LeveragedTestAdapter.sol";
import {CountingQueue} from "./helpers/StubQueues.sol";

/// @notice Signs of life, and what anybody may do when they stop.
contract VaultHeartbeatTest is CoreFixture {
    uint256 private constant SILENCE = 2 days;

    function setUp() public override {
        super.setUp();
        _run(_actions(_trade(long, 4_000 * ONE_BPS, 30_000e6, 0), _trade(short, -4_000 * ONE_BPS, 30_000e6, 0)));
    }

    function _unwind(uint256 partBps) private {
        vm.prank(STRANGER);
        vault.unwind(partBps);
    }

    function _expectNotSilent(uint256 elapsed) private {
        vm.expectRevert(abi.encodeWithSelector(Vault.AgentNotSilent.selector, elapsed, SILENCE));
        _unwind(10_000);
    }

    // ---------------------------------------------------------------- signs

    function test_a_heartbeat_is_a_sign() public {
        _later(SILENCE);
        vm.expectEmit(address(vault));
        emit Vault.Heartbeat();
        vm.prank(AGENT);
        vault.heartbeat();
        assertEq(vault.lastSignAt(), block.timestamp);
        _later(SILENCE);
        _expectNotSilent(SILENCE);
    }

    function test_only_the_agent_sends_heartbeats(address caller) public {
        vm.assume(caller != AGENT);
        vm.expectRevert(abi.encodeWithSelector(Vault.NotAgent.selector, caller));
        vm.prank(caller);
        vault.heartbeat();
    }

    function test_a_removed_agent_sends_no_heartbeats() public {
        vm.prank(GUARDIAN);
        vault.removeAgent();
        vm.expectRevert(abi.encodeWithSelector(Vault.NotAgent.selector, AGENT));
        vm.prank(AGENT);
        vault.heartbeat();
    }

    function test_a_heartbeat_is_possible_in_every_mode() public {
        _makeSafer(Mode.Halted);
        vm.prank(AGENT);
        vault.heartbeat();
    }

    function test_a_plan_is_a_sign() public {
        _later(SILENCE);
        _run(new Action[](0));
        _later(SILENCE);
        _expectNotSilent(SILENCE);
    }

    function test_a_refused_plan_is_no_sign() public {
        uint256 signAt = vault.lastSignAt();
        _later(SILENCE + 1);
        _expectRevert(
            _trade(long, 0, FUNDS, 0), abi.encodeWithSelector(Vault.IdleTooSmall.selector, FUNDS, 40_000e6)
        );
        assertEq(vault.lastSignAt(), signAt);
        _unwind(10_000);
    }

    function test_a_new_vault_gives_its_agent_as_long() public {
        _deployVault(address(weth));
        assertEq(vault.lastSignAt(), block.timestamp);
    }

    // ---------------------------------------------------------------- unwinding

    function test_nobody_unwinds_before_the_agent_was_silent_for_longer_than_the_policy_says() public {
        _later(SILENCE);
        _expectNotSilent(SILENCE);
        _later(1);
        _unwind(10_000);
    }

    function test_anybody_brings_a_silent_vault_to_cash_step_by_step() public {
        _later(SILENCE + 1);
        vm.expectEmit(address(vault));
        emit Vault.PlanExecuted(1, FUNDS, FUNDS, 80_000e6, true);
        vm.expectEmit(address(vault));
        emit Vault.Unwound(STRANGER, 10_000);
        _unwind(10_000);
        assertEq(_status().grossExposure, 0);
        assertEq(vault.idleAssets(), 40_000e6, "first the positions");
        _unwind(10_000);
        assertEq(vault.idleAssets(), FUNDS, "then the cash");
        _unwind(10_000); // nothing is left to do
        assertEq(vault.totalAssets(), FUNDS);
    }

    function test_a_part_is_a_part_of_every_position() public {
        _later(SILENCE + 1);
        _unwind(2_500);
        assertEq(long.exposure(), 3_000 * ONE_BPS);
        assertEq(short.exposure(), -3_000 * ONE_BPS);
        assertEq(long.lastPriceE36(), _price());
        assertEq(long.lastMaxSlippageBps(), 100);
    }

    function test_unwinding_is_no_sign_and_takes_no_plan_number() public {
        uint256 signAt = vault.lastSignAt();
        _later(SILENCE + 1);
        _unwind(5_000);
        _unwind(5_000);
        assertEq(vault.lastSignAt(), signAt);
        assertEq(vault.planCount(), 1);
        assertEq(vault.lastPlanAt(), block.timestamp, "but starts the cooldown");
    }

    function test_the_agent_that_comes_back_takes_over() public {
        _later(SILENCE + 1);
        _unwind(5_000);
        _later(60);
        _run(_pair(100));
        _expectNotSilent(0);
    }

    function test_unwinding_works_in_every_mode_and_without_an_agent() public {
        vm.startPrank(GUARDIAN);
        vault.removeAgent();
        vault.makeSafer(Mode.Halted);
        vm.stopPrank();
        _later(SILENCE + 1);
        _unwind(10_000);
        _unwind(10_000);
        assertEq(vault.idleAssets(), FUNDS);
        _assertMode(Mode.Halted);
    }

    function test_unwinding_goes_on_when_it_finds_a_breach_and_latches_it() public {
        _hold(short, 0);
        _later(SILENCE + 1);
        _fallAfterCheckpoint();
        vm.expectEmit(address(vault));
        emit VaultBook.ModeLatched(Mode.ReduceOnly, "max_daily_loss", 400, 300);
        _unwind(10_000);
        _assertMode(Mode.ReduceOnly);
        assertEq(long.exposure(), 0);
    }

    /// @dev 4 % of the vault, counted from the first checkpoint of the day.
    function _fallAfterCheckpoint() private {
        vault.checkpoint();
        feed.set(PRICE * 9 / 10);
    }

    // ---------------------------------------------------------------- what binds it

    /// @dev Venues refuse such a part themselves; the vault does not rely on it.
    function test_unwinding_never_widens() public {
        _later(SILENCE + 1);
        vm.expectRevert(Vault.OnlyReducingAllowed.selector);
        _unwind(10_001);
    }

    function test_unwinding_respects_the_loss_per_plan() public {
        long.setReduceFee(1_000e6 + 1);
        _later(SILENCE + 1);
        vm.expectRevert(abi.encodeWithSelector(Envelope.PlanLossExceeded.selector, 101, 100));
        _unwind(10_000);
    }

    function test_unwinding_stays_within_the_emergency_budget() public {
        long.setReduceFee(900e6);
        _later(SILENCE + 1);
        for (uint256 i; i < 5; ++i) {
            _unwind(1_000);
        }
        assertEq(_status().emergencyLossUsedBps, 459);
        vm.expectRevert(abi.encodeWithSelector(Envelope.EmergencyLossBudgetExceeded.selector, 553, 500));
        _unwind(1_000);
        assertEq(_status().lossUsedBps, 0);
        _later(1 days); // drains 71 of 500
        _unwind(1_000);
    }

    /// @dev It cannot pay its fee.
    function _jam(LeveragedTestAdapter leg) private {
        leg.setReduceFee(FUNDS);
    }

    function test_a_venue_that_cannot_move_does_not_hold_up_the_others() public {
        _jam(long);
        _later(SILENCE + 1);
        vm.expectEmit(address(vault));
        emit Vault.UnwindSkipped(address(long));
        vm.expectEmit(address(vault));
        emit Vault.PlanExecuted(1, FUNDS, FUNDS, 40_000e6, true);
        _unwind(10_000);
        assertEq(long.exposure(), 4_000 * ONE_BPS);
        assertEq(short.exposure(), 0);

        long.setReduceFee(0);
        _unwind(10_000);
        assertEq(_status().grossExposure, 0);
    }

    function test_leaving_a_venue_out_does_not_carry_the_net_delta_over_its_bound() public {
        _hold(long, 6_001);
        _hold(short, -6_001);
        _jam(long);
        _later(SILENCE + 1);
        vm.expectRevert(abi.encodeWithSelector(Envelope.NetDeltaExceeded.selector, 6_001, 6_000));
        _unwind(10_000);
        _unwind(5_000);
        assertEq(short.exposure(), -6_001 * ONE_BPS / 2);
    }

    function test_when_no_venue_can_move_nothing_changes() public {
        _jam(long);
        _jam(short);
        _later(SILENCE + 1);
        _unwind(10_000);
        assertEq(_status().grossExposure, 80_000e6);
        assertEq(vault.totalAssets(), FUNDS);
    }

    function test_unwinding_needs_a_price() public {
        _later(SILENCE + 1);
        vm.warp(block.timestamp + 3_601);
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.OracleStale.selector, address(weth), 3_601, 3_600));
        _unwind(10_000);
    }

    function test_unwinding_counts_what_arrived_since() public {
        long.setSettle(10_000e6, false);
        _later(SILENCE + 1);
        _unwind(10_000);
        assertEq(vault.idleAssets(), 50_000e6);
        assertEq(vault.totalAssets(), FUNDS);
    }

    function test_tells_what_it_checked() public {
        vm.recordLogs();
        _later(SILENCE + 1);
        _unwind(5_000);
        _assertTold(vm.getRecordedLogs(), Limit.MaxGrossLeverage, 4_000, 15_000);
    }

    // ---------------------------------------------------------------- the queue

    function _setQueue(address queue) private {
        _asOwner(address(vault), abi.encodeCall(Vault.setQueue, (IRedemptionQueue(queue))));
    }

    function _sendShares(address queue, uint256 shares) private {
        vm.prank(ALICE);
        vault.transfer(queue, shares);
    }

    function test_unwinding_pays_those_who_wait() public {
        RedemptionQueue queue = new RedemptionQueue(vault);
        _setQueue(address(queue));
        _later(60);
        uint256 shares = vault.balanceOf(ALICE);
        vm.startPrank(ALICE);
        vault.approve(address(queue), shares);
        queue.requestRedeem(shares, ALICE, ALICE);
        vm.stopPrank();
        _later(SILENCE + 1);
        _unwind(10_000);
        assertEq(usdc.balanceOf(address(queue)), 40_000e6, "the cash there was");
        _unwind(10_000);
        assertEq(usdc.balanceOf(address(queue)), FUNDS);
        assertEq(vault.totalSupply(), 0);
    }

    function test_a_plan_pays_those_who_wait() public {
        RedemptionQueue queue = new RedemptionQueue(vault);
        _setQueue(address(queue));
        vm.startPrank(ALICE);
        vault.approve(address(queue), 10_000e12);
        queue.requestRedeem(10_000e12, ALICE, ALICE);
        vm.stopPrank();
        _run(new Action[](0));
        assertEq(usdc.balanceOf(address(queue)), 10_000e6);
    }

    function test_a_queue_that_fails_stops_neither_plans_nor_unwinding() public {
        CountingQueue queue = new CountingQueue(address(vault));
        _setQueue(address(queue));
        _sendShares(address(queue), 1);
        queue.setFails(true);
        _run(_pair(-100));
        _later(SILENCE + 1);
        _unwind(10_000);
        assertEq(queue.fills(), 0);
        queue.setFails(false);
        _unwind(10_000);
        assertEq(queue.fills(), 1);
    }

    function test_a_queue_without_shares_is_not_asked() public {
        CountingQueue queue = new CountingQueue(address(vault));
        _setQueue(address(queue));
        _run(_pair(-100));
        assertEq(queue.fills(), 0);
        _sendShares(address(queue), 1);
        _run(_pair(-100));
        assertEq(queue.fills(), 1);
    }

    function test_the_queue_is_asked_after_a_skipped_plan_too() public {
        CountingQueue queue = new CountingQueue(address(vault));
        _setQueue(address(queue));
        _sendShares(address(queue), 1);
        _hold(short, 0);
        _fallAfterCheckpoint();
        _run(_pair(-100));
        _assertMode(Mode.ReduceOnly);
        assertEq(queue.fills(), 1);
    }
}
