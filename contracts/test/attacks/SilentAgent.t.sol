// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {VaultStatus} from "src/Plan.sol";
import {Vault} from "src/Vault.sol";

import {AttackFixture} from "../helpers/AttackFixture.sol";

/// @notice The agent is silent for good, and a leveraged vault stands there: strangers bring it to cash, and everybody
/// leaves. And a stranger who would rather harm it.
contract SilentAgentTest is AttackFixture {
    uint256 private constant MOST_CALLS = 12;

    uint256 private _calls;

    function setUp() public override {
        super.setUp();
        _openCarry();
        _wait(_limits().maxSilenceSeconds + 1);
    }

    function _unwind(uint256 partBps) private returns (bool done) {
        vm.prank(STRANGER);
        (done,) = address(vault).call(abi.encodeCall(Vault.unwind, (partBps)));
        if (done) ++_calls;
    }

    /// @dev The largest part that the vault accepts now, if it is worth a call.
    function _unwindMost() private returns (uint256 partBps) {
        for (partBps = BPS; partBps >= 1_000; partBps -= 500) {
            if (_unwind(partBps)) return partBps;
        }
        return 0;
    }

    function _isCash() private view returns (bool) {
        return vault.idleAssets() + 2e6 > _status().realAssets;
    }

    /// @dev All at once where the budget allows it. Else as much as a full budget pays for, then the rest.
    function _unwindAll() private {
        while (!_isCash() && _calls <= MOST_CALLS) {
            if (_unwind(BPS) || (_status().emergencyLossUsedBps == 0 && _unwindMost() != 0)) {
                market.moveTo(uint256(PRICE)); // arbitrage
                _wait(ACTION_DELAY);
            } else {
                _wait(6 hours);
            }
        }
    }

    function test_anyone_unwinds_a_leveraged_vault_to_cash_in_twelve_calls_and_everybody_leaves() public {
        _unwindAndTell();
        assertGt(_redeemEverything(ALICE), 590_000e6);
        assertGt(_redeemEverything(BOB), 390_000e6);
        assertEq(vault.totalSupply(), 0);
    }

    /// @dev Those who wait are paid on the way. The budget is a part of what is left, so the rest takes longer.
    function test_those_who_wait_in_the_queue_are_paid_on_the_way() public {
        _request(ALICE, vault.balanceOf(ALICE));
        _unwindAndTell();
        queue.fill();
        assertGt(_claimAll(ALICE), 590_000e6);
        assertGt(_redeemEverything(BOB), 390_000e6);
        assertEq(vault.totalSupply(), 0);
    }

    /// @dev An order is charged with the slippage bound and a fee, however well it fills: so both legs are charged a
    /// multiple of what they cost, and the emergency budget paces the rest by weeks.
    function _unwindAndTell() private {
        uint256 before = _worth();
        uint256 began = block.timestamp;
        _unwindAll();
        assertTrue(_isCash());
        assertLe(_calls, MOST_CALLS);
        assertLt(block.timestamp - began, 21 days);
        emit log_named_uint("calls", _calls);
        emit log_named_decimal_uint("days it took", (block.timestamp - began) * 100 / 1 days, 2);
        emit log_named_decimal_uint("cost, %", (before - _worth() - usdc.balanceOf(address(queue))) * 1e18 / before, 16);
    }

    /// @dev The removal by the guardian counts as silence, too: a thief who signs every hour can be unwound.
    function test_a_thief_who_signs_is_no_obstacle_once_the_guardian_has_removed_him() public {
        vm.prank(AGENT);
        vault.heartbeat();
        vm.expectPartialRevert(Vault.AgentNotSilent.selector);
        vault.unwind(BPS);
        vm.prank(GUARDIAN);
        vault.removeAgent();
        vm.prank(AGENT);
        vm.expectPartialRevert(Vault.NotAgent.selector);
        vault.heartbeat();
        _wait(_limits().maxSilenceSeconds + 1);
        assertGt(_unwindMost(), 0);
    }

    // ---------------------------------------------------------------- a stranger who harms

    /// @dev He unwinds at prices that he has moved to the slippage bound, pool and book, whenever the budget allows.
    function test_a_stranger_who_sandwiches_every_step_stays_within_the_emergency_budget() public {
        uint256 before = _worth();
        uint256 began = block.timestamp;
        uint256 worstDay;
        uint256 dayBefore = before;
        for (uint256 i; i < 4 * 14; ++i) {
            market.moveTo(uint256(PRICE) * 9_915 / 10_000);
            _unwindMost();
            market.moveTo(uint256(PRICE));
            _later(CORE_DELAY);
            _pushMark(PRICE * 10_085 / 10_000);
            _pushMark(PRICE);
            _wait(6 hours - CORE_DELAY);
            if (i % 4 == 3) {
                if (dayBefore - _worth() > worstDay) worstDay = dayBefore - _worth();
                dayBefore = _worth();
            }
        }
        uint256 lost = (before - _worth()) * 1e18 / before;
        uint256 bound_ = uint256(_limits().emergencyLossBudgetBps) * 1e14 * (block.timestamp - began + 7 days) / 7 days;
        emit log_named_decimal_uint("lost in two weeks, %", lost, 16);
        emit log_named_decimal_uint("its bound", bound_, 16);
        emit log_named_decimal_uint("worst day, %", worstDay * 1e18 / before, 16);
        assertLe(lost, bound_);
        assertGt(lost, bound_ / 2, "he is good enough to mean something");
    }

    function _worth() private view returns (uint256) {
        return _status().realAssets;
    }

    /// @dev A stranger's small step keeps others waiting until HyperCore must have acted, a minute. In the end his steps
    /// close the position, too.
    function test_small_steps_in_front_of_others_delay_them_by_a_minute_each() public {
        vm.prank(THIEF);
        vault.unwind(1);
        // The perp is left out while its order is outstanding, and the spot leg alone would break the net delta.
        vm.expectRevert();
        vault.unwind(4_000);
        _wait(ACTION_DELAY);
        assertGt(_unwindMost(), 0);
    }

    function test_no_step_of_a_stranger_widens_anything_or_moves_money_elsewhere() public {
        for (uint256 i; i < 8; ++i) {
            VaultStatus memory before = _status();
            _unwindMost();
            VaultStatus memory after_ = _status();
            assertLe(after_.grossExposure, before.grossExposure);
            assertGe(after_.idleAssets, before.idleAssets);
            assertEq(usdc.balanceOf(STRANGER) + weth.balanceOf(STRANGER), 0);
            _wait(1 days);
        }
    }
}
