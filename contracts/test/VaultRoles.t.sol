// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Authority} from "src/Authority.sol";
import {IRedemptionQueue} from "src/interfaces/IRedemptionQueue.sol";
import {Mode, Plan} from "src/Plan.sol";
import {RedemptionQueue} from "src/RedemptionQueue.sol";
import {Vault} from "src/Vault.sol";
import {Fees, VaultBook} from "src/VaultBook.sol";
import {TestToken} from "sim/TestToken.sol";

import {CoreFixture} from "./helpers/CoreFixture.sol";

/// @notice What the roles set on a vault, and what it refuses from them. Who may call what is in Authority.t.sol.
contract VaultRolesTest is CoreFixture {
    // ---------------------------------------------------------------- set-up

    function test_a_new_vault_is_active_and_under_its_policys_authority() public {
        Vault fresh = _newVault(usdc);
        assertEq(fresh.authority(), address(authority));
        assertEq(fresh.portfolio().authority(), address(authority));
        assertEq(address(fresh.policy()), address(policy));
        assertEq(fresh.portfolio().vault(), address(fresh));
        assertEq(fresh.portfolio().asset(), address(usdc));
        assertEq(uint8(fresh.mode()), uint8(Mode.Active));
        assertEq(fresh.agent(), AGENT);
        assertEq(address(fresh.queue()), address(0));
    }

    function test_set_up_refuses_an_agent_with_a_role() public {
        address[3] memory holders = [OWNER, CURATOR, GUARDIAN];
        for (uint256 i; i < holders.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Authority.AgentMayHoldNoRole.selector, holders[i]));
            new Vault(usdc, "", "", policy, holders[i]);
        }
    }

    function test_set_up_refuses_the_deployer_as_agent() public {
        _deployVault(address(weth)); // this test is the admin
        vm.expectRevert(abi.encodeWithSelector(Authority.AgentMayHoldNoRole.selector, address(this)));
        new Vault(usdc, "", "", policy, address(this));
    }

    /// @dev The error tells the decimals of the shares, six more.
    function test_set_up_refuses_an_asset_of_more_than_24_decimals() public {
        TestToken fine = new TestToken("FINE", 24);
        TestToken odd = new TestToken("ODD", 25);
        new Vault(fine, "", "", policy, AGENT);
        vm.expectRevert(abi.encodeWithSelector(Vault.AssetDecimalsTooLarge.selector, 31));
        new Vault(odd, "", "", policy, AGENT);
    }

    // ---------------------------------------------------------------- agent

    function test_the_owner_appoints_and_the_guardian_removes_the_agent() public {
        _asOwner(address(vault), abi.encodeCall(Vault.setAgent, (BOB)));
        assertEq(vault.agent(), BOB);
        Plan memory plan = _plan(_pair(1));
        vm.prank(BOB);
        vault.rebalance(plan);

        vm.expectEmit(address(vault));
        emit Vault.AgentSet(address(0));
        vm.prank(GUARDIAN);
        vault.removeAgent();
        assertEq(vault.agent(), address(0));
        plan = _plan(_pair(1));
        vm.expectRevert(abi.encodeWithSelector(Vault.NotAgent.selector, BOB));
        vm.prank(BOB);
        vault.rebalance(plan);
    }

    function test_the_former_agent_sends_no_plan() public {
        _asOwner(address(vault), abi.encodeCall(Vault.setAgent, (BOB)));
        Plan memory plan = _plan(_pair(1));
        vm.expectRevert(abi.encodeWithSelector(Vault.NotAgent.selector, AGENT));
        _send(plan);
    }

    function test_nobody_with_a_role_becomes_agent() public {
        address[3] memory holders = [OWNER, CURATOR, GUARDIAN];
        for (uint256 i; i < holders.length; ++i) {
            _expectOwnerRefused(
                address(vault),
                abi.encodeCall(Vault.setAgent, (holders[i])),
                abi.encodeWithSelector(Authority.AgentMayHoldNoRole.selector, holders[i])
            );
        }
        assertEq(vault.agent(), AGENT);
    }

    // ---------------------------------------------------------------- mode

    function test_the_guardian_sets_only_a_safer_mode() public {
        for (uint8 from; from < 3; ++from) {
            for (uint8 to; to < 3; ++to) {
                _activate();
                if (from != 0) _makeSafer(Mode(from));
                if (to > from) {
                    vm.expectEmit(address(vault));
                    emit VaultBook.ModeSet(Mode(to), GUARDIAN);
                } else {
                    vm.expectRevert(abi.encodeWithSelector(Vault.ModeNotSafer.selector, from, to));
                }
                _makeSafer(Mode(to));
                _assertMode(Mode(to > from ? to : from));
            }
        }
    }

    function test_the_owner_returns_to_active_from_every_mode() public {
        for (uint8 from; from < 3; ++from) {
            if (from != 0) _makeSafer(Mode(from));
            _activate();
            _assertMode(Mode.Active);
        }
    }

    // ---------------------------------------------------------------- fees


    function test_the_curator_sets_fees_up_to_the_ceilings() public {
        bytes memory data = abi.encodeCall(Vault.setFees, (Fees(500, 3_000, BOB)));
        vm.prank(CURATOR);
        authority.schedule(address(vault), data, 0);
        _later(DELAY);
        vm.expectEmit(address(vault));
        emit Vault.FeesSet(Fees(500, 3_000, BOB));
        vm.prank(CURATOR);
        authority.execute(address(vault), data);
        (uint16 managementBps, uint16 performanceBps, address recipient) = vault.fees();
        assertEq(managementBps, 500);
        assertEq(performanceBps, 3_000);
        assertEq(recipient, BOB);
    }

    function test_fees_above_the_ceilings_are_refused() public {
        _expectFeesRefused(Fees(501, 0, BOB), 501, 500);
        _expectFeesRefused(Fees(0, 3_001, BOB), 3_001, 3_000);
    }

    function _expectFeesRefused(Fees memory fees, uint256 value, uint256 bound_) private {
        bytes memory data = abi.encodeCall(Vault.setFees, (fees));
        vm.prank(CURATOR);
        authority.schedule(address(vault), data, 0);
        _later(DELAY);
        vm.prank(CURATOR);
        vm.expectRevert(abi.encodeWithSelector(Vault.FeeTooHigh.selector, value, bound_));
        authority.execute(address(vault), data);
    }

    // ---------------------------------------------------------------- queue

    function _queueData(address queue) private pure returns (bytes memory) {
        return abi.encodeCall(Vault.setQueue, (IRedemptionQueue(queue)));
    }

    function test_the_owner_sets_and_unsets_the_queue_of_this_vault() public {
        RedemptionQueue queue = new RedemptionQueue(vault);
        _asOwner(address(vault), _queueData(address(queue)));
        assertEq(address(vault.queue()), address(queue));
        _asOwner(address(vault), _queueData(address(0)));
        assertEq(address(vault.queue()), address(0));
    }

    function test_the_queue_of_another_vault_is_refused() public {
        RedemptionQueue foreign = new RedemptionQueue(_newVault(usdc));
        _expectOwnerRefused(
            address(vault),
            _queueData(address(foreign)),
            abi.encodeWithSelector(Vault.QueueForAnotherVault.selector, address(foreign))
        );
    }
}
