// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

import {Authority} from "src/Authority.sol";
import {IRedemptionQueue} from "src/interfaces/IRedemptionQueue.sol";
import {Cap, Limits} from "src/Limits.sol";
import {Mode} from "src/Plan.sol";
import {Policy} from "src/Policy.sol";
import {Portfolio} from "src/Portfolio.sol";
import {Vault} from "src/Vault.sol";
import {Fees} from "src/VaultBook.sol";

import {CoreFixture} from "./helpers/CoreFixture.sol";

/// @notice The whole table: every restricted function, who may call it at once, who after the delay, and nobody else.
contract AuthorityTest is CoreFixture {
    address private constant NOBODY = address(0);

    struct Call {
        address target;
        bytes data;
    }

    function _callers() private view returns (address[9] memory) {
        return [
            OWNER, CURATOR, GUARDIAN, AGENT, ALICE, STRANGER, address(this), address(vault), address(authority)
        ];
    }

    // ---------------------------------------------------------------- the table

    function test_the_owner_after_the_delay() public {
        Call[7] memory calls = [
            Call(address(vault), abi.encodeCall(Vault.setAgent, (BOB))),
            Call(address(vault), abi.encodeCall(Vault.activate, ())),
            Call(address(vault), abi.encodeCall(Vault.setQueue, (IRedemptionQueue(address(0))))),
            Call(
                address(portfolio),
                abi.encodeCall(Portfolio.acceptAdapter, (address(_newLegFor(address(weth))), oracle))
            ),
            Call(address(portfolio), abi.encodeCall(Portfolio.setOracle, (address(long), oracle))),
            Call(address(portfolio), abi.encodeCall(Portfolio.retireAdapter, (address(long)))),
            Call(address(portfolio), abi.encodeCall(Portfolio.abandonAdapter, (address(long))))
        ];
        for (uint256 i; i < calls.length; ++i) {
            _check(calls[i], NOBODY, NOBODY, OWNER);
        }
    }

    function test_the_curator_after_the_delay() public {
        Limits memory looser = _limits();
        looser.maxSlippageBps += 1;
        Call[3] memory calls = [
            Call(address(vault), abi.encodeCall(Vault.setFees, (Fees(1, 1, CURATOR)))),
            Call(address(policy), abi.encodeCall(Policy.loosen, (looser))),
            Call(address(policy), abi.encodeCall(Policy.loosenCap, (BOB, Cap(1, 1))))
        ];
        for (uint256 i; i < calls.length; ++i) {
            _check(calls[i], NOBODY, NOBODY, CURATOR);
        }
    }

    function test_curator_and_guardian_at_once() public {
        Limits memory tighter = _limits();
        tighter.maxSlippageBps -= 1;
        _check(Call(address(policy), abi.encodeCall(Policy.tighten, (tighter))), CURATOR, GUARDIAN, NOBODY);
        bytes memory data = abi.encodeCall(Policy.tightenCap, (address(long), Cap(0, 0)));
        _check(Call(address(policy), data), CURATOR, GUARDIAN, NOBODY);
    }

    function test_the_guardian_at_once() public {
        bytes memory data = abi.encodeCall(Vault.makeSafer, (Mode.ReduceOnly));
        _check(Call(address(vault), data), GUARDIAN, GUARDIAN, NOBODY);
        _check(Call(address(vault), abi.encodeCall(Vault.removeAgent, ())), GUARDIAN, GUARDIAN, NOBODY);
    }

    /// @dev A function that is added must be added here.
    function test_the_table_names_every_restricted_function() public view {
        assertEq(_countRestricted("src/Vault.sol"), 6);
        assertEq(_countRestricted("src/Portfolio.sol"), 4);
        assertEq(_countRestricted("src/Policy.sol"), 4);
        assertEq(_countRestricted("src/VaultBook.sol") + _countRestricted("src/VaultShares.sol"), 0);
    }

    function _countRestricted(string memory path) private view returns (uint256) {
        return vm.split(vm.readFile(path), ") external restricted").length - 1;
    }

    function test_who_holds_a_role_is_the_owners_after_the_delay() public {
        for (uint64 role = 1; role <= 4; ++role) {
            _check(
                Call(address(authority), abi.encodeCall(IAccessManager.grantRole, (role, BOB, DELAY))),
                NOBODY,
                NOBODY,
                OWNER
            );
            address[5] memory holders = [address(0), OWNER, CURATOR, GUARDIAN, GUARDIAN];
            _check(
                Call(address(authority), abi.encodeCall(IAccessManager.revokeRole, (role, holders[role]))),
                NOBODY,
                NOBODY,
                OWNER
            );
        }
    }

    // ---------------------------------------------------------------- nobody

    function test_nobody_changes_the_table() public {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = Vault.activate.selector;
        bytes[12] memory calls = [
            abi.encodeCall(IAccessManager.grantRole, (0, STRANGER, 0)),
            abi.encodeCall(IAccessManager.grantRole, (5, STRANGER, 0)),
            abi.encodeCall(IAccessManager.revokeRole, (0, address(this))),
            abi.encodeCall(IAccessManager.labelRole, (1, "owner")),
            abi.encodeCall(IAccessManager.setRoleAdmin, (1, 3)),
            abi.encodeCall(IAccessManager.setRoleGuardian, (1, 1)),
            abi.encodeCall(IAccessManager.setGrantDelay, (1, 1 days)),
            abi.encodeCall(IAccessManager.setTargetFunctionRole, (address(vault), selectors, 3)),
            abi.encodeCall(IAccessManager.setTargetAdminDelay, (address(vault), 1 days)),
            abi.encodeCall(IAccessManager.setTargetClosed, (address(vault), true)),
            abi.encodeCall(IAccessManager.updateAuthority, (address(vault), address(new Authority()))),
            abi.encodeCall(Authority.handOver, (vault, _governance()))
        ];
        for (uint256 i; i < calls.length; ++i) {
            _check(Call(address(authority), calls[i]), NOBODY, NOBODY, NOBODY);
        }
    }

    function test_nobody_is_admin() public view {
        address[9] memory callers = _callers();
        for (uint256 i; i < callers.length; ++i) {
            (bool isAdmin,) = authority.hasRole(0, callers[i]);
            assertFalse(isAdmin);
        }
    }

    function test_nobody_moves_a_contract_to_another_authority() public {
        bytes memory data = abi.encodeCall(IAccessManaged.setAuthority, (address(new Authority())));
        address[3] memory targets = [address(vault), address(policy), address(portfolio)];
        address[9] memory callers = _callers();
        for (uint256 i; i < targets.length; ++i) {
            for (uint256 j; j < callers.length - 1; ++j) {
                vm.expectRevert(
                    abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, callers[j])
                );
                vm.prank(callers[j]);
                IAccessManaged(targets[i]).setAuthority(BOB);
                _expectNotAnnounced(callers[j], Call(targets[i], data));
            }
        }
    }

    function test_nobody_renounces_for_another() public {
        vm.expectRevert(IAccessManager.AccessManagerBadConfirmation.selector);
        vm.prank(OWNER);
        authority.renounceRole(3, GUARDIAN);
        vm.prank(GUARDIAN);
        authority.renounceRole(3, GUARDIAN);
        (bool isMember,) = authority.hasRole(3, GUARDIAN);
        assertFalse(isMember);
    }

    // ---------------------------------------------------------------- one row

    /// @dev Everybody in `_callers` in turn, each from the same state.
    function _check(Call memory c, address atOnce, address atOnceToo, address afterDelay) private {
        address[9] memory callers = _callers();
        for (uint256 i; i < callers.length; ++i) {
            address caller = callers[i];
            uint256 snapshot = vm.snapshotState();
            if (caller == afterDelay) {
                _expectOnlyAfterDelay(caller, c);
            } else if (caller == atOnce || caller == atOnceToo) {
                _expectDone(caller, c);
            } else {
                _expectNever(caller, c);
            }
            vm.revertToState(snapshot);
        }
    }

    function _expectDone(address caller, Call memory c) private {
        vm.prank(caller);
        (bool ok,) = c.target.call(c.data);
        assertTrue(ok);
    }

    function _expectOnlyAfterDelay(address caller, Call memory c) private {
        bytes32 id = _operation(caller, c.target, c.data);
        bytes memory unannounced = abi.encodeWithSelector(IAccessManager.AccessManagerNotScheduled.selector, id);
        vm.startPrank(caller);
        _expectCallRevert(c, unannounced);
        vm.expectRevert(unannounced);
        authority.execute(c.target, c.data);
        vm.stopPrank();
        _expectNotAnnounced(caller, c, uint48(block.timestamp + DELAY - 1));

        vm.startPrank(caller);
        authority.schedule(c.target, c.data, 0);
        _later(DELAY - 1);
        bytes memory tooSoon = abi.encodeWithSelector(IAccessManager.AccessManagerNotReady.selector, id);
        _expectCallRevert(c, tooSoon);
        vm.expectRevert(tooSoon);
        authority.execute(c.target, c.data);
        _later(1);
        uint256 snapshot = vm.snapshotState();
        authority.execute(c.target, c.data);
        vm.revertToState(snapshot);
        (bool ok,) = c.target.call(c.data); // without `execute`, the same
        assertTrue(ok);
        vm.stopPrank();
    }

    function _expectNever(address caller, Call memory c) private {
        vm.prank(caller);
        (bool ok, bytes memory answer) = c.target.call(c.data);
        assertFalse(ok);
        // The authority's own functions are refused in its own words, and to itself outside `execute` too.
        bytes4 expected = c.target == address(authority)
            ? IAccessManager.AccessManagerUnauthorizedAccount.selector
            : IAccessManaged.AccessManagedUnauthorized.selector;
        assertEq(bytes4(answer), expected);
        _expectNotAnnounced(caller, c);
    }

    function _expectNotAnnounced(address caller, Call memory c) private {
        _expectNotAnnounced(caller, c, 0);
        vm.expectRevert(_unauthorizedCall(caller, c));
        vm.prank(caller);
        authority.execute(c.target, c.data);
    }

    function _expectNotAnnounced(address caller, Call memory c, uint48 when) private {
        vm.expectRevert(_unauthorizedCall(caller, c));
        vm.prank(caller);
        authority.schedule(c.target, c.data, when);
    }

    function _unauthorizedCall(address caller, Call memory c) private pure returns (bytes memory) {
        return abi.encodeWithSelector(
            IAccessManager.AccessManagerUnauthorizedCall.selector, caller, c.target, bytes4(c.data)
        );
    }

    function _expectCallRevert(Call memory c, bytes memory reason) private {
        (bool ok, bytes memory answer) = c.target.call(c.data);
        assertFalse(ok);
        assertEq(answer, reason);
    }
}
