// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Limits} from "src/Limits.sol";
import {Action, Mode, Plan} from "src/Plan.sol";
import {Vault} from "src/Vault.sol";

import {AttackFixture} from "../helpers/AttackFixture.sol";

/// @notice A plan that was good once, carried out again: twice, elsewhere, or after what it was made for has changed.
contract PlanReplayTest is AttackFixture {
    function setUp() public override {
        super.setUp();
        _wait(600);
    }

    function _bytesOf(Plan memory plan) private pure returns (bytes memory) {
        return abi.encodeCall(Vault.rebalance, (plan));
    }

    function _call(address target, bytes memory data) private returns (bool ok, bytes memory answer) {
        vm.prank(AGENT);
        return target.call(data);
    }

    function _expectRefused(address target, bytes memory data, bytes4 why) private {
        (bool ok, bytes memory answer) = _call(target, data);
        assertFalse(ok);
        assertEq(bytes4(answer), why);
    }

    function test_the_same_calldata_lands_once() public {
        bytes memory data = _bytesOf(_plan(_actions(_buy(10_000e6))));
        (bool ok,) = _call(address(vault), data);
        assertTrue(ok);
        uint256 held = spot.heldBase();
        for (uint256 i; i < 3; ++i) {
            _expectRefused(address(vault), data, Vault.PlanNumberWrong.selector);
            _wait(20);
        }
        assertEq(spot.heldBase(), held);
    }

    /// @dev Same agent, same policy, same number, same positions.
    function test_a_plan_for_one_vault_is_void_at_its_twin() public {
        Vault twin = _newVault(usdc);
        _expectRefused(address(twin), _bytesOf(_plan(new Action[](0))), Vault.PlanForAnotherVault.selector);
    }

    function test_a_plan_is_void_on_another_chain() public {
        bytes memory data = _bytesOf(_plan(new Action[](0)));
        vm.chainId(block.chainid + 1);
        _expectRefused(address(vault), data, Vault.PlanForAnotherVault.selector);
    }

    function test_a_refused_plan_does_not_come_back_after_its_time() public {
        bytes memory data = _bytesOf(_plan(_actions(_buy(10_000e6))));
        feed.setBroken(true);
        (bool ok,) = _call(address(vault), data);
        assertFalse(ok);
        _waitOnly(61);
        feed.setBroken(false);
        _expectRefused(address(vault), data, Vault.PlanExpired.selector);
    }

    function _waitOnly(uint256 seconds_) private {
        vm.warp(block.timestamp + seconds_);
        vm.roll(block.number + 1);
    }

    /// @dev Each thing that a plan depends on and others can change voids it: limits, caps, mode, positions.
    function test_a_plan_is_void_once_what_it_was_made_for_has_changed() public {
        _fundMargin(50_000e6);
        _wait(600);
        uint256 snapshot = vm.snapshotState();
        for (uint256 change; change < 5; ++change) {
            if (change == 4) _run(_order(-40_000, PRICE * 998 / 1_000, false));
            Plan memory plan = _plan(_actions(_sell(1)));
            if (change == 0) _tightenLimits();
            if (change == 1) _tightenCap(address(spot), 1_000e6, 100);
            if (change == 2) _makeSafer(Mode.ReduceOnly);
            if (change == 3) _setMarket(PRICE * 60 / 100); // latches, or liquidates: here nothing is held
            if (change == 4) _wait(10); // HyperCore fills the order
            if (change == 3) {
                vault.checkpoint();
                assertEq(_plan(_actions(_sell(1))).stateHash, plan.stateHash, "a price alone is no change of state");
            } else {
                plan.deadline += 60;
                _expectRefused(address(vault), _bytesOf(plan), Vault.StateChanged.selector);
            }
            vm.revertToState(snapshot);
        }
    }

    function _tightenLimits() private {
        Limits memory tighter = _limits();
        tighter.maxSlippageBps -= 1;
        _tighten(tighter);
    }

    function test_nobody_else_sends_the_agents_plan() public {
        Plan memory plan = _plan(_actions(_buy(10_000e6)));
        address[5] memory others = [OWNER, CURATOR, GUARDIAN, ALICE, THIEF];
        for (uint256 i; i < others.length; ++i) {
            vm.prank(others[i]);
            vm.expectRevert(abi.encodeWithSelector(Vault.NotAgent.selector, others[i]));
            vault.rebalance(plan);
        }
    }
}
