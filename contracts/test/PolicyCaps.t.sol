// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Vm} from "forge-std/Vm.sol";

import {Budgets, Change, Envelope} from "src/Envelope.sol";
import {Cap} from "src/Limits.sol";
import {Policy} from "src/Policy.sol";

import {CoreFixture} from "./helpers/CoreFixture.sol";
import {PlanLogs} from "./helpers/PlanLogs.sol";

/// @notice Caps of venues and tokens as the policy keeps them, and the check of a plan when others ask for it.
contract PolicyCapsTest is CoreFixture {
    address private constant KEY = address(0xCA9);

    /// @dev Not handed over: this test may do all.
    function setUp() public override {
        super.setUp();
        _deployVault(address(weth));
        policy.loosenCap(KEY, Cap(1_000, 500));
    }

    function _assertCap(uint128 amount, uint32 bps) private view {
        Cap memory cap = policy.capOf(KEY);
        assertEq(cap.amount, amount);
        assertEq(cap.bps, bps);
    }

    function test_nothing_is_allowed_at_first() public view {
        Cap memory cap = policy.capOf(STRANGER);
        assertEq(cap.amount, 0);
        assertEq(cap.bps, 0);
    }

    function test_tightens_the_amount_or_the_part_or_both() public {
        policy.tightenCap(KEY, Cap(999, 500));
        _assertCap(999, 500);
        policy.tightenCap(KEY, Cap(999, 499));
        _assertCap(999, 499);
        policy.tightenCap(KEY, Cap(0, 0));
        _assertCap(0, 0);
    }

    function test_tightening_raises_neither() public {
        vm.expectRevert(abi.encodeWithSelector(Policy.LimitLoosened.selector, bytes32("cap_amount"), 1_001, 1_000));
        policy.tightenCap(KEY, Cap(1_001, 0));
        vm.expectRevert(abi.encodeWithSelector(Policy.LimitLoosened.selector, bytes32("cap"), 501, 500));
        policy.tightenCap(KEY, Cap(0, 501));
        _assertCap(1_000, 500);
    }

    function test_loosens_to_anything() public {
        policy.loosenCap(KEY, Cap(type(uint128).max, type(uint32).max));
        _assertCap(type(uint128).max, type(uint32).max);
        policy.loosenCap(KEY, Cap(0, 0));
        _assertCap(0, 0);
    }

    function test_every_change_of_a_cap_counts_as_a_version() public {
        uint64 version = policy.version();
        vm.expectEmit(address(policy));
        emit Policy.CapSet(version + 1, KEY, Cap(1, 1));
        policy.tightenCap(KEY, Cap(1, 1));
        vm.expectEmit(address(policy));
        emit Policy.CapSet(version + 2, KEY, Cap(2, 2));
        policy.loosenCap(KEY, Cap(2, 2));
        assertEq(policy.version(), version + 2);
    }

    function test_caps_are_kept_one_by_one() public {
        policy.loosenCap(STRANGER, Cap(7, 7));
        policy.tightenCap(KEY, Cap(1, 1));
        assertEq(policy.capOf(STRANGER).amount, 7);
    }

    /// @dev The event names who asked, so that nobody tells checks in the name of a vault; nothing is stored.
    function test_whoever_asks_for_a_check_speaks_only_for_himself() public {
        Change memory change;
        change.number = 5;
        change.nav = 1;
        change.idleAtStart = 7;
        change.idleAtEnd = 7;
        change.reducing = true;
        vm.recordLogs();
        vm.prank(STRANGER);
        (Budgets memory left, uint256 navBefore, uint256 navAfter) = policy.enforce(change, Budgets(0, 0, 0));
        Vm.Log memory log = PlanLogs.find(vm.getRecordedLogs(), Envelope.LimitsChecked.selector);
        assertEq(log.topics[1], bytes32(uint256(uint160(STRANGER))));
        assertEq(uint256(log.topics[2]), 5);
        assertEq(navBefore, 7);
        assertEq(navAfter, 7);
        assertEq(left.turnover + left.loss + left.emergencyLoss, 0);
    }

    function test_tells_what_is_used_of_each_bucket_after_a_while() public view {
        Budgets memory full = Budgets(200_000 * 1 days, 500 * 7 days, 250 * 7 days);
        (uint256 turnover, uint256 loss, uint256 emergencyLoss) = policy.usedBps(full, 0);
        assertEq(turnover, 200_000);
        assertEq(loss, 500);
        assertEq(emergencyLoss, 250);
        (turnover, loss, emergencyLoss) = policy.usedBps(full, 12 hours);
        assertEq(turnover, 100_000);
        assertEq(loss, 465); // 35.7 drained
        assertEq(emergencyLoss, 215);
        (turnover, loss, emergencyLoss) = policy.usedBps(full, 7 days);
        assertEq(turnover + loss + emergencyLoss, 0);
    }
}
