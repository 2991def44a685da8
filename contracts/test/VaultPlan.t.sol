// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Action, Mode, Plan, VaultStatus} from "ballast/Plan.sol";
import {Limits, Policy} from "ballast/Policy.sol";
import {PriceOracle} from "ballast/PriceOracle.sol";
import {Vault} from "ballast/Vault.sol";

import {LeveragedTestAdapter} from "./helpers/LeveragedTestAdapter.sol";
import {VaultFixture} from "./helpers/VaultFixture.sol";

/// @notice Who may send a plan, when it is valid, and that it happens once.
contract VaultPlanTest is VaultFixture {
    function test_carries_out_a_plan() public {
        Action[] memory actions = _pair(5_000);
        vm.expectEmit();
        emit Vault.PlanExecuted(1, FUNDS, FUNDS, 100_000e6, false);
        _run(actions);

        assertEq(long.exposure(), 20e18);
        assertEq(short.exposure(), -20e18);
        VaultStatus memory s = vault.status();
        assertEq(s.planCount, 1);
        assertEq(s.lastPlanAt, block.timestamp);
        assertEq(s.grossExposure, 100_000e6);
        assertEq(s.netDelta, 0);
        assertEq(s.totalAssets, FUNDS);
        assertEq(s.idleAssets, FUNDS);
        assertEq(s.totalSupply, vault.totalSupply());
        assertEq(s.liquidationDistanceBps, type(uint256).max);
        assertEq(s.stateHash, vault.stateHash());
    }

    function test_status_signs_the_net_delta() public {
        short.setExposure(-3e18);
        long.setExposure(1e18);
        assertEq(vault.status().netDelta, -5_000e6);
        assertEq(vault.status().grossExposure, 10_000e6);
    }

    function test_sends_cash_out_and_counts_what_comes_home() public {
        _run(_actions(_trade(long, 0, 30_000e6, 0), Action(address(long), 0, long.sendHome(10_000e6))));
        assertEq(vault.idleAssets(), FUNDS - 20_000e6);
        assertEq(vault.totalAssets(), FUNDS);
    }

    /// @dev One plan with everything wrong; each mended fault uncovers the next in the order of the specification.
    function test_checks_in_the_order_role_mode_number_chain_vault_deadline_state_oracle() public {
        Plan memory plan = _plan(_pair(1));
        plan.chainId = 1;
        plan.vault = address(this);
        plan.number = 7;
        plan.deadline = uint64(block.timestamp - 1);
        plan.stateHash = bytes32(uint256(1));
        _setMode(GUARDIAN, Mode.Halted);
        vm.warp(block.timestamp + 4_000);
        plan.deadline = uint64(block.timestamp - 1);

        vm.expectRevert(abi.encodeWithSelector(Vault.NotAgent.selector, STRANGER));
        vm.prank(STRANGER);
        vault.rebalance(plan);

        vm.expectRevert(Vault.VaultHalted.selector);
        _send(plan);

        _setMode(OWNER, Mode.ReduceOnly);
        vm.expectRevert(abi.encodeWithSelector(Vault.PlanNumberWrong.selector, 7, 1));
        _send(plan);

        plan.number = 1;
        vm.expectRevert(abi.encodeWithSelector(Vault.PlanForAnotherVault.selector, 1, address(this)));
        _send(plan);

        plan.chainId = block.chainid;
        vm.expectRevert(abi.encodeWithSelector(Vault.PlanForAnotherVault.selector, block.chainid, address(this)));
        _send(plan);

        plan.vault = address(vault);
        vm.expectRevert(abi.encodeWithSelector(Vault.PlanExpired.selector, block.timestamp - 1, block.timestamp));
        _send(plan);

        plan.deadline = uint64(block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(Vault.StateChanged.selector, bytes32(uint256(1)), vault.stateHash()));
        _send(plan);

        plan.stateHash = vault.stateHash();
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.OracleStale.selector, address(weth), 4_000, 3_600));
        _send(plan);

        feed.set(PRICE);
        vm.expectRevert(Vault.OnlyReducingAllowed.selector);
        _send(plan);

        _setMode(OWNER, Mode.Active);
        plan.stateHash = vault.stateHash();
        _send(plan);
    }

    function test_only_the_agent_sends_plans(address caller) public {
        vm.assume(caller != AGENT);
        Plan memory plan = _plan(_pair(1));
        vm.expectRevert(abi.encodeWithSelector(Vault.NotAgent.selector, caller));
        vm.prank(caller);
        vault.rebalance(plan);
    }

    function test_the_same_plan_twice_is_refused() public {
        Plan memory plan = _plan(_pair(1));
        _send(plan);
        vm.expectRevert(abi.encodeWithSelector(Vault.PlanNumberWrong.selector, 1, 2));
        _send(plan);
    }

    function test_a_plan_number_is_never_skipped_or_reused(uint64 number) public {
        Plan memory plan = _plan(_pair(1));
        vm.assume(number != plan.number);
        plan.number = number;
        vm.expectRevert(abi.encodeWithSelector(Vault.PlanNumberWrong.selector, number, 1));
        _send(plan);
    }

    function test_a_refused_plan_leaves_its_number_to_the_next() public {
        _expectRevert(
            _trade(long, 0, FUNDS + 1, 0), abi.encodeWithSelector(Vault.IdleTooSmall.selector, FUNDS + 1, FUNDS)
        );
        assertEq(vault.planCount(), 0);
        _run(_pair(1));
        assertEq(vault.planCount(), 1);
    }

    function test_a_plan_is_valid_at_its_deadline_and_not_a_second_later() public {
        Plan memory plan = _plan(_pair(1));
        vm.warp(plan.deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(Vault.PlanExpired.selector, plan.deadline, plan.deadline + 1));
        _send(plan);
        vm.warp(plan.deadline);
        _send(plan);
    }

    function test_state_hash_changes_with_position_mode_policy_count_and_adapters() public {
        bytes32 hash = vault.stateHash();

        long.setExposure(1);
        assertNotEq(vault.stateHash(), hash, "position");
        long.setExposure(0);
        assertEq(vault.stateHash(), hash);

        _setMode(GUARDIAN, Mode.ReduceOnly);
        assertNotEq(vault.stateHash(), hash, "mode");
        _setMode(OWNER, Mode.Active);
        assertEq(vault.stateHash(), hash);

        LeveragedTestAdapter third = _newLeg();
        assertNotEq(vault.stateHash(), hash, "adapters");
        vm.prank(OWNER);
        vault.retireAdapter(address(third));
        assertEq(vault.stateHash(), hash);

        Limits memory limits = _limits();
        limits.maxSlippageBps -= 1;
        vm.prank(GUARDIAN);
        policy.tighten(limits);
        assertNotEq(vault.stateHash(), hash, "policy");

        hash = vault.stateHash();
        _run(new Action[](0));
        assertNotEq(vault.stateHash(), hash, "count");

        hash = vault.stateHash();
        vm.chainId(999);
        assertNotEq(vault.stateHash(), hash, "chain");
    }

    function test_a_depositor_a_gift_or_a_price_cannot_spoil_a_plan() public {
        Plan memory plan = _plan(_pair(1));
        _fund(BOB, 5_000e6);
        usdc.mint(address(vault), 5_000e6);
        feed.set(PRICE + 1e8);
        vm.prank(ALICE);
        vault.withdraw(1_000e6, ALICE, ALICE);
        _send(plan);
        assertEq(vault.planCount(), 1);
    }

    function test_the_hash_is_compared_before_settling() public {
        short.setExposure(-1e18);
        Plan memory plan = _plan(new Action[](0));
        short.setSettle(0, true);
        _send(plan);
        assertEq(short.exposure(), 0);
        assertEq(vault.planCount(), 1);
    }

    function test_settling_brings_cash_home_before_the_actions_spend_it() public {
        _run(_trade(short, 0, FUNDS, 0));
        assertEq(vault.idleAssets(), 0);
        _later(60);
        short.setSettle(40_000e6, false);
        _run(_trade(long, 0, 40_000e6, 0));
        assertEq(vault.idleAssets(), 0);
        assertEq(usdc.balanceOf(address(long)), 40_000e6);
    }

    function test_an_action_on_an_unknown_adapter_is_refused() public {
        LeveragedTestAdapter foreign = _newLegFor(address(weth));
        _expectRevert(_trade(foreign, 0), abi.encodeWithSelector(Vault.UnknownAdapter.selector, address(foreign)));
        _expectRevert(
            Action(address(usdc), 0, ""), abi.encodeWithSelector(Vault.UnknownAdapter.selector, address(usdc))
        );
    }

    function test_a_plan_spends_idle_cash_to_the_last_unit_and_never_a_gift() public {
        usdc.mint(address(vault), 10);
        _expectRevert(
            _trade(long, 0, FUNDS + 1, 0), abi.encodeWithSelector(Vault.IdleTooSmall.selector, FUNDS + 1, FUNDS)
        );
        _run(_trade(long, 0, FUNDS, 0));
        assertEq(vault.idleAssets(), 0);
        assertEq(usdc.balanceOf(address(vault)), 10);
        assertEq(vault.totalAssets(), FUNDS);
    }

    function test_a_stale_or_invalid_price_stops_even_a_reducing_plan() public {
        _run(_pair(100));
        _later(60);
        vm.warp(block.timestamp + 3_601);
        _expectRevert(_pair(-50), abi.encodeWithSelector(PriceOracle.OracleStale.selector, address(weth), 3_601, 3_600));
        feed.set(0);
        _expectRevert(
            _pair(-50), abi.encodeWithSelector(PriceOracle.OraclePriceInvalid.selector, address(weth), int256(0))
        );
    }

    function test_a_plan_without_actions_counts_and_reduces() public {
        vm.expectEmit();
        emit Vault.PlanExecuted(1, FUNDS, FUNDS, 0, true);
        _run(new Action[](0));
    }

    function test_an_adapter_that_reverts_reverts_the_plan() public {
        _expectRevert(Action(address(long), 0, long.call(address(feed), hex"00000000")), "");
    }

    function test_share_supply_is_the_same_after_a_plan() public {
        SupplyChangingVault odd = new SupplyChangingVault(usdc, policy, oracle, OWNER, GUARDIAN, AGENT);
        vault = odd;
        long = _newLeg();
        _fund(ALICE, FUNDS);
        _later(60);
        uint256 supply = vault.totalSupply();
        bytes memory data = abi.encodeCall(SupplyChangingVault.inflate, (1));
        _expectRevert(
            Action(address(long), 0, long.call(address(odd), data)),
            abi.encodeWithSelector(Vault.SupplyChanged.selector, supply + 1, supply)
        );
    }
}

/// @notice The vault with the one fault that the supply check is there for: shares appear during a plan.
contract SupplyChangingVault is Vault {
    constructor(IERC20 asset_, Policy policy_, PriceOracle oracle_, address owner_, address guardian_, address agent_)
        Vault(asset_, "Odd", "ODD", policy_, oracle_, owner_, guardian_, agent_)
    {}

    function inflate(uint256 shares) external {
        _mint(msg.sender, shares);
    }
}
