// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

import {Mode, VaultStatus} from "src/Plan.sol";
import {PriceOracle} from "src/PriceOracle.sol";
import {Vault} from "src/Vault.sol";
import {VaultBook} from "src/VaultBook.sol";

import {LatchFixture} from "./helpers/LatchFixture.sol";

/// @notice Back to Active after a latch: by the owner alone, after the delay, with marks that start anew.
contract VaultActivateTest is LatchFixture {
    function test_the_owner_returns_to_active_after_the_delay_and_the_marks_start_anew() public {
        _fallTo(400);
        vault.checkpoint();
        bytes memory data = abi.encodeCall(Vault.activate, ());
        vm.startPrank(OWNER);
        authority.schedule(address(vault), data, 0);
        _later(DELAY - 1);
        bytes32 id = _operation(OWNER, address(vault), data);
        vm.expectRevert(abi.encodeWithSelector(IAccessManager.AccessManagerNotReady.selector, id));
        authority.execute(address(vault), data);
        _assertMode(Mode.ReduceOnly);
        assertEq(_high(), 1e18);

        _later(1);
        vm.expectEmit(address(vault));
        emit VaultBook.ModeSet(Mode.Active, address(authority));
        authority.execute(address(vault), data);
        vm.stopPrank();
        _assertMode(Mode.Active);
        VaultStatus memory s = _status();
        assertEq(s.highWaterMarkE18, s.sharePriceE18);
        assertEq(s.dayStartPriceE18, s.sharePriceE18);
        assertEq(s.weekStartPriceE18, s.sharePriceE18);
        vault.checkpoint();
        _assertMode(Mode.Active); // does not latch again at once
        _run(_trade(long, ONE_BPS));
    }

    function test_nobody_else_returns_to_active() public {
        _makeSafer(Mode.ReduceOnly);
        address[6] memory callers = [CURATOR, GUARDIAN, AGENT, ALICE, STRANGER, address(this)];
        for (uint256 i; i < callers.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, callers[i]));
            vm.prank(callers[i]);
            vault.activate();
        }
        _assertMode(Mode.ReduceOnly);
    }

    function test_a_breach_that_activating_finds_is_accepted_too() public {
        _makeSafer(Mode.ReduceOnly);
        _fallTo(400);
        _activate();
        _assertMode(Mode.Active);
        assertEq(_high(), _status().sharePriceE18);
    }

    function test_the_owner_cannot_return_to_active_on_a_stale_price_and_the_guardian_needs_none() public {
        bytes memory data = abi.encodeCall(Vault.activate, ());
        vm.prank(OWNER);
        authority.schedule(address(vault), data, 0);
        vm.warp(block.timestamp + DELAY);
        _makeSafer(Mode.Halted);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.OracleStale.selector, address(weth), DELAY, 3_600));
        authority.execute(address(vault), data);
        _assertMode(Mode.Halted);
    }
}
