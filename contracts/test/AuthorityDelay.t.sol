// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

import {Authority} from "src/Authority.sol";
import {Limits} from "src/Limits.sol";
import {Policy} from "src/Policy.sol";
import {Vault} from "src/Vault.sol";
import {Fees} from "src/VaultBook.sol";

import {CoreFixture} from "./helpers/CoreFixture.sol";

/// @notice What is announced: bound to its data, open for a week, cancelled by the guardian; and the delay itself.
contract AuthorityDelayTest is CoreFixture {
    uint64 private constant OWNER_ROLE = 1;
    uint64 private constant CURATOR_ROLE = 2;
    uint64 private constant GUARDIAN_ROLE = 3;
    uint64 private constant TIGHTENER_ROLE = 4;

    function _loosenTo(uint16 slippageBps) private view returns (bytes memory) {
        Limits memory limits = _limits();
        limits.maxSlippageBps = slippageBps;
        return abi.encodeCall(Policy.loosen, (limits));
    }

    function _grant(uint64 role, address account, uint32 delay) private pure returns (bytes memory) {
        return abi.encodeCall(IAccessManager.grantRole, (role, account, delay));
    }

    function _revoke(uint64 role, address account) private pure returns (bytes memory) {
        return abi.encodeCall(IAccessManager.revokeRole, (role, account));
    }

    function _announce(address caller, address target, bytes memory data) private {
        vm.prank(caller);
        authority.schedule(target, data, 0);
    }

    function _execute(address caller, address target, bytes memory data) private {
        vm.prank(caller);
        authority.execute(target, data);
    }

    function _expectExecuteRefused(address caller, address target, bytes memory data, bytes4 reason) private {
        bytes32 id = _operation(caller, target, data);
        vm.expectRevert(abi.encodeWithSelector(reason, id));
        _execute(caller, target, data);
    }

    // ---------------------------------------------------------------- what was announced

    function test_a_looser_policy_comes_into_force_after_the_delay() public {
        _announce(CURATOR, address(policy), _loosenTo(200));
        assertEq(policy.limits().maxSlippageBps, 100);
        _later(DELAY);
        assertEq(policy.limits().maxSlippageBps, 100, "not by itself");
        _execute(CURATOR, address(policy), _loosenTo(200));
        assertEq(policy.limits().maxSlippageBps, 200);
        assertEq(vault.policy().version(), policy.version());
    }

    function test_only_what_was_announced_can_be_carried_out() public {
        _announce(CURATOR, address(policy), _loosenTo(200));
        _later(DELAY);
        bytes4 unannounced = IAccessManager.AccessManagerNotScheduled.selector;
        _expectExecuteRefused(CURATOR, address(policy), _loosenTo(201), unannounced);
        bytes32 id = _operation(CURATOR, address(policy), _loosenTo(201));
        Limits memory other = _limits();
        other.maxSlippageBps = 201;
        vm.expectRevert(abi.encodeWithSelector(unannounced, id));
        vm.prank(CURATOR);
        policy.loosen(other);
        _execute(CURATOR, address(policy), _loosenTo(200));
    }

    function test_only_who_announced_it_can_carry_it_out() public {
        _asOwner(address(authority), _grant(CURATOR_ROLE, BOB, DELAY));
        _announce(CURATOR, address(policy), _loosenTo(200));
        _later(DELAY);
        _expectExecuteRefused(
            BOB, address(policy), _loosenTo(200), IAccessManager.AccessManagerNotScheduled.selector
        );
        _execute(CURATOR, address(policy), _loosenTo(200));
    }

    function test_it_is_carried_out_once() public {
        _announce(CURATOR, address(policy), _loosenTo(200));
        _later(DELAY);
        _execute(CURATOR, address(policy), _loosenTo(200));
        _expectExecuteRefused(
            CURATOR, address(policy), _loosenTo(200), IAccessManager.AccessManagerNotScheduled.selector
        );
    }

    function test_it_expires_a_week_after_it_was_ready() public {
        _announce(CURATOR, address(policy), _loosenTo(200));
        uint256 snapshot = vm.snapshotState();
        _later(DELAY + 7 days - 1);
        _execute(CURATOR, address(policy), _loosenTo(200));
        vm.revertToState(snapshot);
        _later(DELAY + 7 days);
        _expectExecuteRefused(CURATOR, address(policy), _loosenTo(200), IAccessManager.AccessManagerExpired.selector);
        _asCurator(address(policy), _loosenTo(200));
        assertEq(policy.limits().maxSlippageBps, 200, "announced again");
    }

    function test_a_revoked_role_carries_out_nothing() public {
        _announce(CURATOR, address(policy), _loosenTo(200));
        _asOwner(address(authority), _revoke(CURATOR_ROLE, CURATOR));
        vm.expectRevert(
            abi.encodeWithSelector(
                IAccessManager.AccessManagerUnauthorizedCall.selector, CURATOR, address(policy), Policy.loosen.selector
            )
        );
        _execute(CURATOR, address(policy), _loosenTo(200));
    }

    // ---------------------------------------------------------------- cancelling

    function _expectGuardianCancels(address caller, address target, bytes memory data) private {
        _announce(caller, target, data);
        vm.prank(GUARDIAN);
        authority.cancel(caller, target, data);
        _later(DELAY);
        _expectExecuteRefused(caller, target, data, IAccessManager.AccessManagerNotScheduled.selector);
    }

    function test_the_guardian_cancels_what_owner_and_curator_have_announced() public {
        _expectGuardianCancels(CURATOR, address(policy), _loosenTo(200));
        _expectGuardianCancels(CURATOR, address(vault), abi.encodeCall(Vault.setFees, (Fees(1, 1, CURATOR))));
        _expectGuardianCancels(OWNER, address(vault), abi.encodeCall(Vault.activate, ()));
        _expectGuardianCancels(OWNER, address(vault), abi.encodeCall(Vault.setAgent, (STRANGER)));
        bytes memory accept = abi.encodeWithSignature("acceptAdapter(address,address)", STRANGER, oracle);
        _expectGuardianCancels(OWNER, address(portfolio), accept);
        for (uint64 role = OWNER_ROLE; role <= TIGHTENER_ROLE; ++role) {
            _expectGuardianCancels(OWNER, address(authority), _grant(role, STRANGER, DELAY));
        }
    }

    function test_the_guardian_cannot_cancel_that_a_role_is_taken_away() public {
        address[5] memory holders = [address(0), OWNER, CURATOR, GUARDIAN, GUARDIAN];
        for (uint64 role = OWNER_ROLE; role <= TIGHTENER_ROLE; ++role) {
            bytes memory data = _revoke(role, holders[role]);
            _announce(OWNER, address(authority), data);
            _expectCancelRefused(GUARDIAN, OWNER, address(authority), data);
        }
    }

    function test_a_hostile_guardian_can_be_replaced() public {
        _announce(OWNER, address(authority), _revoke(GUARDIAN_ROLE, GUARDIAN));
        _announce(OWNER, address(authority), _revoke(TIGHTENER_ROLE, GUARDIAN));
        _later(DELAY);
        _execute(OWNER, address(authority), _revoke(GUARDIAN_ROLE, GUARDIAN));
        _execute(OWNER, address(authority), _revoke(TIGHTENER_ROLE, GUARDIAN));
        _announce(OWNER, address(authority), _grant(GUARDIAN_ROLE, BOB, 0));
        _expectCancelRefused(GUARDIAN, OWNER, address(authority), _grant(GUARDIAN_ROLE, BOB, 0));
        _later(DELAY);
        _execute(OWNER, address(authority), _grant(GUARDIAN_ROLE, BOB, 0));
        vm.prank(BOB);
        vault.removeAgent();
    }

    function _expectCancelRefused(address canceller, address caller, address target, bytes memory data) private {
        vm.expectRevert(
            abi.encodeWithSelector(
                IAccessManager.AccessManagerUnauthorizedCancel.selector, canceller, caller, target, bytes4(data)
            )
        );
        vm.prank(canceller);
        authority.cancel(caller, target, data);
    }

    function test_nobody_else_cancels_but_who_announced_it() public {
        _announce(CURATOR, address(policy), _loosenTo(200));
        address[4] memory others = [OWNER, AGENT, STRANGER, address(this)];
        for (uint256 i; i < others.length; ++i) {
            _expectCancelRefused(others[i], CURATOR, address(policy), _loosenTo(200));
        }
        vm.prank(CURATOR);
        authority.cancel(CURATOR, address(policy), _loosenTo(200));
    }

    // ---------------------------------------------------------------- the delay itself

    function _delayOf(uint64 role, address account) private view returns (uint32 delay) {
        (, delay) = authority.hasRole(role, account);
    }

    function test_a_shorter_delay_waits_for_the_old_one_and_then_for_the_difference() public {
        _asOwner(address(authority), _grant(CURATOR_ROLE, CURATOR, 1 days));
        assertEq(_delayOf(CURATOR_ROLE, CURATOR), DELAY);
        _announce(CURATOR, address(policy), _loosenTo(200));
        _later(1 days);
        assertEq(_delayOf(CURATOR_ROLE, CURATOR), 1 days);
        _expectExecuteRefused(CURATOR, address(policy), _loosenTo(200), IAccessManager.AccessManagerNotReady.selector);
        _later(1 days);
        _execute(CURATOR, address(policy), _loosenTo(200));
    }

    function test_taking_a_role_and_giving_it_back_is_no_faster_than_the_old_delay() public {
        _announce(OWNER, address(authority), _revoke(CURATOR_ROLE, CURATOR));
        _announce(OWNER, address(authority), _grant(CURATOR_ROLE, CURATOR, 1 days));
        _later(DELAY);
        _execute(OWNER, address(authority), _revoke(CURATOR_ROLE, CURATOR));
        _execute(OWNER, address(authority), _grant(CURATOR_ROLE, CURATOR, 1 days));
        assertEq(_delayOf(CURATOR_ROLE, CURATOR), 1 days);
        _announce(CURATOR, address(policy), _loosenTo(200));
        _later(1 days - 1);
        _expectExecuteRefused(CURATOR, address(policy), _loosenTo(200), IAccessManager.AccessManagerNotReady.selector);
    }

    function test_the_owners_own_delay_is_no_exception() public {
        _asOwner(address(authority), _grant(OWNER_ROLE, OWNER, 1 days));
        assertEq(_delayOf(OWNER_ROLE, OWNER), DELAY);
        _later(1 days);
        assertEq(_delayOf(OWNER_ROLE, OWNER), 1 days);
    }

    function test_a_longer_delay_holds_as_soon_as_it_is_set() public {
        _asOwner(address(authority), _grant(OWNER_ROLE, OWNER, 30 days));
        assertEq(_delayOf(OWNER_ROLE, OWNER), 30 days);
    }

    function test_the_delay_is_at_least_a_day_and_at_most_thirty() public {
        uint32[4] memory delays = [uint32(0), 1 days - 1, 30 days + 1, type(uint32).max];
        for (uint64 role = OWNER_ROLE; role <= CURATOR_ROLE; ++role) {
            for (uint256 i; i < delays.length; ++i) {
                _expectOwnerRefused(
                    address(authority),
                    _grant(role, BOB, delays[i]),
                    abi.encodeWithSelector(Authority.DelayOutOfBounds.selector, delays[i], 1 days, 30 days)
                );
            }
        }
        _asOwner(address(authority), _grant(CURATOR_ROLE, BOB, 1 days));
        _asOwner(address(authority), _grant(OWNER_ROLE, BOB, 30 days));
        _asOwner(address(authority), _grant(GUARDIAN_ROLE, BOB, 0));
    }

    // ---------------------------------------------------------------- the agent and the roles

    function test_the_agent_gets_no_role() public {
        for (uint64 role = OWNER_ROLE; role <= TIGHTENER_ROLE; ++role) {
            _expectOwnerRefused(
                address(authority),
                _grant(role, AGENT, DELAY),
                abi.encodeWithSelector(Authority.AgentMayHoldNoRole.selector, AGENT)
            );
        }
    }

    function test_who_becomes_agent_and_role_holder_at_once_becomes_only_the_first() public {
        bytes memory appoint = abi.encodeCall(Vault.setAgent, (BOB));
        bytes memory refused = abi.encodeWithSelector(Authority.AgentMayHoldNoRole.selector, BOB);
        _announce(OWNER, address(vault), appoint);
        _announce(OWNER, address(authority), _grant(GUARDIAN_ROLE, BOB, 0));
        _later(DELAY);
        uint256 snapshot = vm.snapshotState();
        _execute(OWNER, address(vault), appoint);
        vm.expectRevert(refused);
        _execute(OWNER, address(authority), _grant(GUARDIAN_ROLE, BOB, 0));

        vm.revertToState(snapshot);
        _execute(OWNER, address(authority), _grant(GUARDIAN_ROLE, BOB, 0));
        vm.expectRevert(refused);
        _execute(OWNER, address(vault), appoint);
    }
}
