// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

import {Authority, Governance} from "src/Authority.sol";
import {Vault} from "src/Vault.sol";

import {CoreFixture} from "./helpers/CoreFixture.sol";

/// @notice The one moment in which a deployer gives everything away, and what he cannot keep back.
contract AuthorityHandOverTest is CoreFixture {
    /// @dev This test is the deployer, and has not handed over.
    function setUp() public override {
        super.setUp();
        _deployVault(address(weth));
        (long, short) = (_newLeg(), _newLeg());
    }

    function _expectRefused(bytes memory reason, Governance memory g) private {
        vm.expectRevert(reason);
        authority.handOver(vault, g);
    }

    function _expectRefused(bytes memory reason) private {
        _expectRefused(reason, _governance());
    }

    function _one(bytes4 selector) private pure returns (bytes4[] memory list) {
        list = new bytes4[](1);
        list[0] = selector;
    }

    function _assertNoAdmin() private view {
        (bool isAdmin,) = authority.hasRole(0, address(this));
        assertFalse(isAdmin, "deployer");
        (isAdmin,) = authority.hasRole(0, address(authority));
        assertFalse(isAdmin, "authority");
    }

    // ---------------------------------------------------------------- what it does

    function test_gives_every_role_its_holder_and_leaves_nobody_admin() public {
        vm.expectEmit(address(authority));
        emit Authority.HandedOver(address(vault), address(policy), _governance());
        _handOver();
        assertEq(address(authority.vault()), address(vault));
        _assertMember(1, OWNER, DELAY);
        _assertMember(2, CURATOR, DELAY);
        _assertMember(3, GUARDIAN, 0);
        _assertMember(4, CURATOR, 0);
        _assertMember(4, GUARDIAN, 0);
        _assertNoAdmin();
        for (uint64 role = 1; role <= 4; ++role) {
            assertEq(authority.getRoleAdmin(role), 1);
        }
    }

    function _assertMember(uint64 role, address account, uint32 delay) private view {
        (bool isMember, uint32 current) = authority.hasRole(role, account);
        assertTrue(isMember);
        assertEq(current, delay);
    }

    function test_only_the_deployer_hands_over(address caller) public {
        vm.assume(caller != address(this) && caller != address(authority));
        vm.expectRevert(
            abi.encodeWithSelector(IAccessManager.AccessManagerUnauthorizedAccount.selector, caller, uint64(0))
        );
        vm.prank(caller);
        authority.handOver(vault, _governance());
    }

    function test_hands_over_once() public {
        _handOver();
        bytes memory refused =
            abi.encodeWithSelector(IAccessManager.AccessManagerUnauthorizedAccount.selector, address(this), uint64(0));
        _expectRefused(refused);
    }

    // ---------------------------------------------------------------- what it refuses

    function test_refuses_a_part_that_is_closed() public {
        address[3] memory parts = [address(vault), address(policy), address(portfolio)];
        for (uint256 i; i < parts.length; ++i) {
            authority.setTargetClosed(parts[i], true);
            _expectRefused(abi.encodeWithSelector(Authority.NotUnderThisAuthority.selector, parts[i]));
            authority.setTargetClosed(parts[i], false);
        }
        _handOver();
    }

    function test_refuses_a_part_that_was_given_another_authority() public {
        address[3] memory parts = [address(vault), address(policy), address(portfolio)];
        Authority other = new Authority();
        for (uint256 i; i < parts.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            authority.updateAuthority(parts[i], address(other));
            _expectRefused(abi.encodeWithSelector(Authority.NotUnderThisAuthority.selector, parts[i]));
            vm.revertToState(snapshot);
        }
    }

    function test_refuses_a_vault_of_another_authority() public {
        Authority other = new Authority();
        vm.expectRevert(abi.encodeWithSelector(Authority.NotUnderThisAuthority.selector, address(vault)));
        other.handOver(vault, _governance());
    }

    function test_refuses_one_key_for_two_roles_and_a_missing_key() public {
        _expectNotDistinct(address(0), CURATOR, GUARDIAN, address(0));
        _expectNotDistinct(OWNER, address(0), GUARDIAN, address(0));
        _expectNotDistinct(OWNER, CURATOR, address(0), address(0));
        _expectNotDistinct(OWNER, OWNER, GUARDIAN, OWNER);
        _expectNotDistinct(OWNER, CURATOR, CURATOR, CURATOR);
        _expectNotDistinct(OWNER, CURATOR, OWNER, OWNER);
    }

    function _expectNotDistinct(address owner, address curator, address guardian, address named) private {
        _expectRefused(
            abi.encodeWithSelector(Authority.RolesNotDistinct.selector, named),
            Governance(owner, curator, guardian, DELAY)
        );
    }

    function test_refuses_the_agent_in_any_role() public {
        bytes memory refused = abi.encodeWithSelector(Authority.AgentMayHoldNoRole.selector, AGENT);
        _expectRefused(refused, Governance(AGENT, CURATOR, GUARDIAN, DELAY));
        _expectRefused(refused, Governance(OWNER, AGENT, GUARDIAN, DELAY));
        _expectRefused(refused, Governance(OWNER, CURATOR, AGENT, DELAY));
    }

    function test_refuses_a_delay_below_a_day_or_above_thirty() public {
        uint32[4] memory delays = [uint32(0), 1 days - 1, 30 days + 1, type(uint32).max];
        for (uint256 i; i < delays.length; ++i) {
            _expectRefused(
                abi.encodeWithSelector(Authority.DelayOutOfBounds.selector, delays[i], 1 days, 30 days),
                Governance(OWNER, CURATOR, GUARDIAN, delays[i])
            );
        }
        authority.handOver(vault, Governance(OWNER, CURATOR, GUARDIAN, 30 days));
    }

    // ---------------------------------------------------------------- what the deployer cannot keep back

    function test_no_role_is_given_before() public {
        for (uint64 role; role <= 6; ++role) {
            vm.expectRevert(Authority.BeforeHandOver.selector);
            authority.grantRole(role, STRANGER, DELAY);
        }
    }

    function test_handing_over_through_the_authority_itself_leaves_nobody_admin_either() public {
        authority.execute(address(authority), abi.encodeCall(Authority.handOver, (vault, _governance())));
        _assertNoAdmin();
        _assertMember(1, OWNER, DELAY);
    }

    function test_a_hand_over_opened_to_everybody_cannot_be_repeated() public {
        authority.setTargetFunctionRole(address(authority), _one(Authority.handOver.selector), type(uint64).max);
        _handOver();
        _expectRefused(
            abi.encodeWithSelector(IAccessManager.AccessManagerUnauthorizedAccount.selector, address(this), uint64(0)),
            Governance(address(this), BOB, STRANGER, 1 days)
        );
    }

    function test_the_deployer_cannot_let_the_guardian_prevent_his_own_removal() public {
        authority.setTargetFunctionRole(address(authority), _one(IAccessManager.revokeRole.selector), 1);
        _handOver();
        bytes memory data = abi.encodeCall(IAccessManager.revokeRole, (3, GUARDIAN));
        vm.prank(OWNER);
        authority.schedule(address(authority), data, 0);
        vm.expectRevert(
            abi.encodeWithSelector(
                IAccessManager.AccessManagerUnauthorizedCancel.selector,
                GUARDIAN,
                OWNER,
                address(authority),
                IAccessManager.revokeRole.selector
            )
        );
        vm.prank(GUARDIAN);
        authority.cancel(OWNER, address(authority), data);
    }

    function test_the_deployer_cannot_delay_the_beginning_of_roles() public {
        vm.expectRevert(Authority.BeforeHandOver.selector);
        authority.setGrantDelay(3, type(uint32).max);
    }

    function test_what_the_deployer_opened_or_closed_is_set_anew() public {
        authority.setTargetFunctionRole(address(vault), _one(Vault.setAgent.selector), type(uint64).max);
        authority.setRoleAdmin(1, 5);
        authority.setRoleGuardian(1, 5);
        _handOver();
        assertEq(authority.getTargetFunctionRole(address(vault), Vault.setAgent.selector), 1);
        assertEq(authority.getRoleAdmin(1), 1);
        assertEq(authority.getRoleGuardian(1), 3);
    }

    function test_what_the_deployer_announced_before_is_void() public {
        authority.setTargetAdminDelay(address(vault), 6 days);
        _later(10 days);
        bytes memory data = abi.encodeCall(IAccessManager.setTargetClosed, (address(vault), true));
        authority.schedule(address(authority), data, 0);
        _handOver();
        _later(6 days);
        vm.expectRevert(
            abi.encodeWithSelector(
                IAccessManager.AccessManagerUnauthorizedCall.selector,
                address(this),
                address(authority),
                IAccessManager.setTargetClosed.selector
            )
        );
        authority.execute(address(authority), data);
    }
}
