// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

import {Cap, Limits} from "src/Limits.sol";
import {Policy} from "src/Policy.sol";
import {Portfolio} from "src/Portfolio.sol";
import {Vault} from "src/Vault.sol";
import {Fees} from "src/VaultBook.sol";

import {AttackFixture} from "../helpers/AttackFixture.sol";

/// @notice The curator wants a looser policy, a larger cap or a higher fee sooner, or other than he said.
contract CuratorAgainstDelayTest is AttackFixture {
    function setUp() public override {
        super.setUp();
        _openCarry();
    }

    function _looser() private view returns (Limits memory l) {
        l = _limits();
        (l.lossBudgetBps, l.maxSlippageBps, l.maxNetDeltaBps) = (500, 500, 10_000);
    }

    /// @dev The three things he may do only after the delay, each on its target.
    function _wishes() private view returns (address[3] memory targets, bytes[3] memory calls) {
        targets = [address(policy), address(policy), address(vault)];
        calls = [
            abi.encodeCall(Policy.loosen, (_looser())),
            abi.encodeCall(Policy.loosenCap, (address(spot), NO_CAP())),
            abi.encodeCall(Vault.setFees, (Fees(500, 3_000, CURATOR)))
        ];
    }

    function _announce(address target, bytes memory data) private {
        vm.prank(CURATOR);
        authority.schedule(target, data, 0);
    }

    function _try(address target, bytes memory data) private returns (bool ok) {
        uint256 snapshot = vm.snapshotState();
        vm.prank(CURATOR);
        (ok,) = target.call(data);
        if (!ok) {
            vm.prank(CURATOR);
            (ok,) = address(authority).call(abi.encodeCall(AccessManager.execute, (target, data)));
        }
        vm.revertToState(snapshot);
    }

    /// @notice At no moment before the delay is over, in neither of the two ways to call.
    /// forge-config: default.fuzz.runs = 32
    /// forge-config: prove.fuzz.runs = 10000
    function testFuzz_nothing_looser_before_the_delay(uint256 seconds_) public {
        seconds_ = _bound(seconds_, 0, DELAY - 1);
        (address[3] memory targets, bytes[3] memory calls) = _wishes();
        for (uint256 i; i < 3; ++i) {
            assertFalse(_try(targets[i], calls[i]), "not announced");
            _announce(targets[i], calls[i]);
        }
        vm.warp(block.timestamp + seconds_);
        feed.set(PRICE);
        for (uint256 i; i < 3; ++i) {
            assertFalse(_try(targets[i], calls[i]), "too early");
        }
        vm.warp(block.timestamp + DELAY - seconds_);
        feed.set(PRICE);
        for (uint256 i; i < 3; ++i) {
            assertTrue(_try(targets[i], calls[i]), "now");
        }
    }

    function test_he_cannot_ask_for_an_earlier_time() public {
        (address[3] memory targets, bytes[3] memory calls) = _wishes();
        vm.prank(CURATOR);
        vm.expectPartialRevert(IAccessManager.AccessManagerUnauthorizedCall.selector);
        authority.schedule(targets[0], calls[0], uint48(block.timestamp + DELAY - 1));
    }

    /// @notice What was announced is bound to every bit of it.
    /// forge-config: default.fuzz.runs = 32
    /// forge-config: prove.fuzz.runs = 10000
    function testFuzz_other_data_than_announced_is_refused(uint256 seed) public {
        Limits memory announced = _limits();
        announced.lossBudgetBps = 46;
        _announce(address(policy), abi.encodeCall(Policy.loosen, (announced)));
        _announce(address(policy), abi.encodeCall(Policy.loosenCap, (address(spot), Cap(26_000_000e6, 10_000))));
        _announce(address(vault), abi.encodeCall(Vault.setFees, (Fees(10, 0, CURATOR))));
        _wait(DELAY);
        Limits memory other = announced;
        if (seed % 3 == 0) other.lossBudgetBps = uint16(47 + (seed >> 8) % 450);
        if (seed % 3 == 1) other.maxSlippageBps = uint16(101 + (seed >> 8) % 390);
        if (seed % 3 == 2) other.maxTradeNotional += uint128(1 + (seed >> 8) % 1e12);
        assertFalse(_try(address(policy), abi.encodeCall(Policy.loosen, (other))));
        Cap memory cap = Cap(26_000_000e6, uint32(10_001 + seed % 1e6));
        assertFalse(_try(address(policy), abi.encodeCall(Policy.loosenCap, (address(spot), cap))));
        cap = Cap(26_000_000e6, 10_000);
        assertFalse(_try(address(policy), abi.encodeCall(Policy.loosenCap, (address(perp), cap))));
        assertFalse(_try(address(vault), abi.encodeCall(Vault.setFees, (Fees(uint16(11 + seed % 480), 0, CURATOR)))));
        assertTrue(_try(address(vault), abi.encodeCall(Vault.setFees, (Fees(10, 0, CURATOR)))), "as announced");
    }

    function test_what_the_guardian_cancelled_is_gone() public {
        (address[3] memory targets, bytes[3] memory calls) = _wishes();
        for (uint256 i; i < 3; ++i) {
            _announce(targets[i], calls[i]);
            vm.prank(GUARDIAN);
            authority.cancel(CURATOR, targets[i], calls[i]);
        }
        _wait(DELAY);
        for (uint256 i; i < 3; ++i) {
            assertFalse(_try(targets[i], calls[i]));
        }
    }

    /// @dev Announced long ago and forgotten is not announced; carried out once is not twice.
    function test_an_announcement_expires_and_is_used_up() public {
        (address[3] memory targets, bytes[3] memory calls) = _wishes();
        _announce(targets[0], calls[0]);
        _wait(DELAY);
        vm.prank(CURATOR);
        authority.execute(targets[0], calls[0]);
        assertFalse(_try(targets[0], calls[0]), "used up");
        _announce(targets[1], calls[1]);
        _wait(DELAY + authority.expiration());
        assertFalse(_try(targets[1], calls[1]), "expired");
    }

    /// @dev His own delay is the owner's to change, and shortens no faster than itself.
    function test_he_cannot_shorten_his_own_delay() public {
        bytes memory shorter = abi.encodeCall(AccessManager.grantRole, (authority.CURATOR(), CURATOR, 1 days));
        vm.prank(CURATOR);
        vm.expectPartialRevert(IAccessManager.AccessManagerUnauthorizedCall.selector);
        authority.schedule(address(authority), shorter, 0);
        _asOwner(address(authority), shorter);
        (address[3] memory targets, bytes[3] memory calls) = _wishes();
        vm.prank(CURATOR);
        vm.expectPartialRevert(IAccessManager.AccessManagerUnauthorizedCall.selector);
        authority.schedule(targets[0], calls[0], uint48(block.timestamp + 1 days));
    }

    /// @dev Through the tighter door nothing looser comes in, whichever limit it is.
    function test_a_looser_limit_does_not_pass_as_a_tighter_one() public {
        vm.startPrank(CURATOR);
        vm.expectPartialRevert(Policy.LimitLoosened.selector);
        policy.tighten(_looser());
        vm.expectPartialRevert(Policy.LimitLoosened.selector);
        policy.tightenCap(address(spot), NO_CAP());
        vm.stopPrank();
    }

    /// @dev Even after the delay the code's own ceilings hold, and what was earned before is charged at the old rate.
    function test_even_after_the_delay_the_ceilings_hold() public {
        Limits memory beyond = _limits();
        beyond.lossBudgetBps = 501;
        _announce(address(policy), abi.encodeCall(Policy.loosen, (beyond)));
        _announce(address(vault), abi.encodeCall(Vault.setFees, (Fees(501, 0, CURATOR))));
        _wait(DELAY);
        assertFalse(_try(address(policy), abi.encodeCall(Policy.loosen, (beyond))));
        assertFalse(_try(address(vault), abi.encodeCall(Vault.setFees, (Fees(501, 0, CURATOR)))));
    }

    function test_a_new_fee_takes_nothing_of_the_time_before_it() public {
        uint256 before = _sharePriceE18();
        bytes memory data = abi.encodeCall(Vault.setFees, (Fees(500, 3_000, CURATOR)));
        _announce(address(vault), data);
        _wait(DELAY);
        vm.prank(CURATOR);
        authority.execute(address(vault), data);
        assertEq(_sharePriceE18(), before);
        assertEq(vault.balanceOf(CURATOR), 0);
        _wait(1 days);
        vault.checkpoint();
        assertApproxEqRel(before - _sharePriceE18(), before * 5 / 100 / 365, 0.01e18, "a day of it, no more");
    }

    /// @dev Nothing that moves assets or decides who does is his, after whatever delay.
    function test_he_never_moves_assets_and_appoints_nobody() public {
        address[7] memory targets = [
            address(vault), address(vault), address(vault), address(vault), address(portfolio), address(portfolio),
            address(authority)
        ];
        bytes[7] memory calls = [
            abi.encodeCall(Vault.activate, ()),
            abi.encodeCall(Vault.setAgent, (THIEF)),
            abi.encodeWithSignature("setQueue(address)", address(0)),
            abi.encodeWithSignature("redeem(uint256,address,address)", 1e12, CURATOR, ALICE),
            abi.encodeCall(Portfolio.acceptAdapter, (THIEF, oracle)),
            abi.encodeCall(Portfolio.abandonAdapter, (address(spot))),
            abi.encodeCall(AccessManager.grantRole, (authority.OWNER(), CURATOR, 1 days))
        ];
        for (uint256 i; i < 7; ++i) {
            vm.prank(CURATOR);
            (bool scheduled,) =
                address(authority).call(abi.encodeCall(AccessManager.schedule, (targets[i], calls[i], 0)));
            assertFalse(scheduled);
            assertFalse(_try(targets[i], calls[i]));
        }
    }

    /// @dev The same delay stands before everything of the owner's.
    function test_the_owner_is_no_faster() public {
        bytes memory data = abi.encodeCall(Vault.setAgent, (THIEF));
        vm.prank(OWNER);
        vm.expectPartialRevert(IAccessManager.AccessManagerNotScheduled.selector);
        vault.setAgent(THIEF);
        vm.prank(OWNER);
        authority.schedule(address(vault), data, 0);
        _wait(DELAY - 1);
        vm.prank(OWNER);
        vm.expectPartialRevert(IAccessManager.AccessManagerNotReady.selector);
        authority.execute(address(vault), data);
        vm.prank(OWNER);
        vm.expectPartialRevert(IAccessManaged.AccessManagedUnauthorized.selector);
        policy.loosen(_looser());
    }
}
