// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Mode, Plan} from "ballast/Plan.sol";
import {Policy} from "ballast/Policy.sol";
import {Feed, PriceOracle} from "ballast/PriceOracle.sol";
import {Vault} from "ballast/Vault.sol";

import {LeveragedTestAdapter} from "./helpers/LeveragedTestAdapter.sol";
import {VaultFixture} from "./helpers/VaultFixture.sol";

/// @notice What each role may do, and what it may never.
contract VaultRolesTest is VaultFixture {
    function _expectNotOwner(address caller) private {
        vm.expectRevert(abi.encodeWithSelector(Vault.NotOwner.selector, caller));
        vm.prank(caller);
    }

    // ---- set-up

    function test_set_up_refuses_a_missing_part_and_an_agent_that_is_owner_or_guardian() public {
        vm.expectRevert(Vault.ZeroAddress.selector);
        new Vault(usdc, "", "", Policy(address(0)), oracle, OWNER, GUARDIAN, AGENT);
        vm.expectRevert(Vault.ZeroAddress.selector);
        new Vault(usdc, "", "", policy, oracle, address(0), GUARDIAN, AGENT);
        vm.expectRevert(Vault.ZeroAddress.selector);
        new Vault(usdc, "", "", policy, oracle, OWNER, address(0), AGENT);
        vm.expectRevert(abi.encodeWithSelector(Vault.AgentMustDiffer.selector, OWNER));
        new Vault(usdc, "", "", policy, oracle, OWNER, GUARDIAN, OWNER);
        vm.expectRevert(abi.encodeWithSelector(Vault.AgentMustDiffer.selector, GUARDIAN));
        new Vault(usdc, "", "", policy, oracle, OWNER, GUARDIAN, GUARDIAN);
    }

    function test_set_up_refuses_an_oracle_for_another_asset() public {
        PriceOracle other = new PriceOracle(address(weth), new Feed[](0));
        vm.expectRevert(abi.encodeWithSelector(Vault.OracleForAnotherAsset.selector, address(weth), address(usdc)));
        new Vault(usdc, "", "", policy, other, OWNER, GUARDIAN, AGENT);
    }

    // ---- agent

    function test_the_owner_appoints_and_the_guardian_removes_the_agent() public {
        vm.expectEmit();
        emit Vault.AgentSet(BOB);
        vm.prank(OWNER);
        vault.setAgent(BOB);
        assertEq(vault.agent(), BOB);

        vm.prank(GUARDIAN);
        vault.setAgent(address(0));
        assertEq(vault.agent(), address(0));
        Plan memory plan = _plan(_pair(1));
        vm.expectRevert(abi.encodeWithSelector(Vault.NotAgent.selector, BOB));
        vm.prank(BOB);
        vault.rebalance(plan);
    }

    function test_the_guardian_cannot_appoint_an_agent() public {
        vm.expectRevert(abi.encodeWithSelector(Vault.GuardianMayOnlyRemoveAgent.selector, BOB));
        vm.prank(GUARDIAN);
        vault.setAgent(BOB);
    }

    function test_nobody_else_touches_the_agent(address caller) public {
        vm.assume(caller != OWNER && caller != GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(Vault.NotOwnerOrGuardian.selector, caller));
        vm.prank(caller);
        vault.setAgent(address(0));
    }

    function test_the_agent_is_never_owner_or_guardian() public {
        vm.startPrank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(Vault.AgentMustDiffer.selector, OWNER));
        vault.setAgent(OWNER);
        vm.expectRevert(abi.encodeWithSelector(Vault.AgentMustDiffer.selector, GUARDIAN));
        vault.setAgent(GUARDIAN);
    }

    // ---- mode

    function test_the_owner_sets_any_mode() public {
        for (uint8 from; from < 3; ++from) {
            for (uint8 to; to < 3; ++to) {
                _setMode(OWNER, Mode(from));
                vm.expectEmit();
                emit Vault.ModeSet(Mode(to), OWNER);
                _setMode(OWNER, Mode(to));
                assertEq(uint8(vault.mode()), to);
            }
        }
    }

    function test_the_guardian_sets_only_a_safer_mode() public {
        for (uint8 from; from < 3; ++from) {
            for (uint8 to; to < 3; ++to) {
                _setMode(OWNER, Mode(from));
                if (to <= from) vm.expectRevert(abi.encodeWithSelector(Vault.ModeNotSafer.selector, from, to));
                _setMode(GUARDIAN, Mode(to));
                assertEq(uint8(vault.mode()), to > from ? to : from);
            }
        }
    }

    function test_nobody_else_sets_the_mode(address caller) public {
        vm.assume(caller != OWNER && caller != GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(Vault.NotOwnerOrGuardian.selector, caller));
        _setMode(caller, Mode.Halted);
    }

    // ---- adapters

    function test_only_the_owner_accepts_and_retires_adapters(address caller) public {
        vm.assume(caller != OWNER);
        _expectNotOwner(caller);
        vault.acceptAdapter(address(this));
        _expectNotOwner(caller);
        vault.retireAdapter(address(long));
    }

    function test_accepts_an_adapter_once() public {
        assertEq(vault.adapters().length, 2);
        assertEq(vault.baseTokenOf(address(long)), address(weth));
        vm.expectRevert(abi.encodeWithSelector(Vault.AdapterAlreadyAccepted.selector, address(long)));
        _accept(address(long));
    }

    function test_accepts_at_most_eight_adapters() public {
        for (uint256 i = 2; i < 8; ++i) {
            _newLeg();
        }
        assertEq(vault.adapters().length, 8);
        LeveragedTestAdapter ninth = _newLegFor(address(weth));
        vm.expectRevert(abi.encodeWithSelector(Vault.TooManyAdapters.selector, 8));
        _accept(address(ninth));
        _run(_pair(100));
    }

    function test_accepts_no_adapter_without_a_price() public {
        LeveragedTestAdapter unpriced = _newLegFor(address(usdc));
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.UnknownToken.selector, address(usdc)));
        _accept(address(unpriced));
    }

    function test_retires_only_an_empty_adapter() public {
        bytes memory reason = abi.encodeWithSelector(Vault.AdapterNotEmpty.selector, address(long));
        vm.startPrank(OWNER);
        long.setExposure(1);
        vm.expectRevert(reason);
        vault.retireAdapter(address(long));
        long.setExposure(0);
        long.setRiskNow(1, 0);
        vm.expectRevert(reason);
        vault.retireAdapter(address(long));
        long.setRiskNow(0, 0);
        usdc.mint(address(long), 1);
        vm.expectRevert(reason);
        vault.retireAdapter(address(long));
        vm.expectRevert(abi.encodeWithSelector(Vault.UnknownAdapter.selector, BOB));
        vault.retireAdapter(BOB);

        vm.expectEmit();
        emit Vault.AdapterRetired(address(short));
        vault.retireAdapter(address(short));
        assertEq(vault.adapters().length, 1);
        assertEq(vault.adapters()[0], address(long));
        assertEq(vault.baseTokenOf(address(short)), address(0));
        vault.acceptAdapter(address(short));
        assertEq(vault.adapters().length, 2);
    }

    function test_retiring_the_first_adapter_keeps_the_others() public {
        LeveragedTestAdapter third = _newLeg();
        vm.prank(OWNER);
        vault.retireAdapter(address(long));
        assertEq(vault.adapters().length, 2);
        assertEq(vault.adapters()[0], address(third));
        assertEq(vault.adapters()[1], address(short));
    }

    function test_a_dead_feed_of_a_retired_adapter_stops_nobody() public {
        feed.setBroken(true);
        assertEq(vault.maxRedeem(ALICE), 0);
        vm.startPrank(OWNER);
        vault.retireAdapter(address(long));
        vault.retireAdapter(address(short));
        vm.stopPrank();
        assertEq(vault.maxRedeem(ALICE), vault.balanceOf(ALICE));
    }
}
