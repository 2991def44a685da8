// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

import {Plan} from "src/Plan.sol";
import {Vault} from "src/Vault.sol";

import {AttackFixture} from "../helpers/AttackFixture.sol";

/// @notice Two processes act for one vault: one agent's key on two machines, or an old agent and a new one.
contract TwoAgentsTest is AttackFixture {
    address private constant NEW = address(0x2A);

    function setUp() public override {
        super.setUp();
        _wait(600);
    }

    function _sendAs(address agent, Plan memory plan) private {
        vm.prank(agent);
        vault.rebalance(plan);
    }

    /// @dev Both saw the same state and decided; whichever lands first, the other's is void. Never both.
    /// forge-config: default.fuzz.runs = 16
    /// forge-config: prove.fuzz.runs = 10000
    function testFuzz_of_two_plans_for_one_state_exactly_one_lands(uint256 a, uint256 b, bool firstWins) public {
        Plan memory one = _plan(_actions(_buy(_bound(a, 1_000e6, 20_000e6))));
        Plan memory other = _plan(_actions(_buy(_bound(b, 20_001e6, 45_000e6))));
        _send(firstWins ? one : other);
        uint256 held = spot.heldBase();
        vm.expectRevert(abi.encodeWithSelector(Vault.PlanNumberWrong.selector, 1, 2));
        _send(firstWins ? other : one);
        assertEq(spot.heldBase(), held);
    }

    /// @dev The number alone is no excuse: a plan renumbered without looking is for a state that is gone.
    function test_a_plan_renumbered_without_looking_again_is_void() public {
        Plan memory late = _plan(_actions(_buy(10_000e6)));
        _run(_buy(20_000e6));
        late.number = 2;
        vm.expectPartialRevert(Vault.StateChanged.selector);
        _send(late);
    }

    function test_the_old_agent_acts_until_the_change_is_carried_out_and_not_a_second_longer() public {
        bytes memory data = abi.encodeCall(Vault.setAgent, (NEW));
        vm.prank(OWNER);
        authority.schedule(address(vault), data, 0);
        _wait(DELAY);
        _run(_buy(10_000e6));
        Plan memory prepared = _plan(_actions(_sell(1e18)));

        vm.prank(OWNER);
        authority.execute(address(vault), data);
        vm.expectRevert(abi.encodeWithSelector(Vault.NotAgent.selector, AGENT));
        _send(prepared);
        vm.prank(AGENT);
        vm.expectRevert(abi.encodeWithSelector(Vault.NotAgent.selector, AGENT));
        vault.heartbeat();
        _sendAs(NEW, prepared);
        assertEq(vault.planCount(), 2, "numbers go on: nothing of the old agent's can land again");
    }

    /// @dev The guardian who finds the old agent hostile does not wait for the new one.
    function test_between_the_guardians_removal_and_the_new_agent_nobody_is_agent() public {
        bytes memory data = abi.encodeCall(Vault.setAgent, (NEW));
        vm.prank(OWNER);
        authority.schedule(address(vault), data, 0);
        vm.prank(GUARDIAN);
        vault.removeAgent();
        Plan memory plan = _plan(_actions(_buy(10_000e6)));
        address[2] memory agents = [AGENT, NEW];
        for (uint256 i; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Vault.NotAgent.selector, agents[i]));
            _sendAs(agents[i], plan);
        }
        _wait(DELAY);
        vm.prank(OWNER);
        authority.execute(address(vault), data);
        Plan memory next = _plan(_actions(_buy(10_000e6)));
        _sendAs(NEW, next);
    }

    function test_the_guardian_cancels_the_appointment_of_an_agent() public {
        bytes memory data = abi.encodeCall(Vault.setAgent, (THIEF));
        vm.prank(OWNER);
        authority.schedule(address(vault), data, 0);
        vm.prank(GUARDIAN);
        authority.cancel(OWNER, address(vault), data);
        _wait(DELAY);
        vm.prank(OWNER);
        vm.expectPartialRevert(IAccessManager.AccessManagerNotScheduled.selector);
        authority.execute(address(vault), data);
        assertEq(vault.agent(), AGENT);
    }
}
