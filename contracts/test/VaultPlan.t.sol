// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Envelope} from "src/Envelope.sol";
import {Limits} from "src/Limits.sol";
import {Action, Mode, Plan, VaultStatus} from "src/Plan.sol";
import {Policy} from "src/Policy.sol";
import {PriceOracle} from "src/PriceOracle.sol";
import {Vault} from "src/Vault.sol";

import {CoreFixture} from "./helpers/CoreFixture.sol";
import {LeveragedTestAdapter} from "./helpers/LeveragedTestAdapter.sol";

/// @notice Who may send a plan, when it is valid, and that it happens once.
contract VaultPlanTest is CoreFixture {
    function test_carries_out_a_plan() public {
        Action[] memory actions = _pair(5_000);
        vm.expectEmit(address(vault));
        emit Vault.PlanExecuted(1, FUNDS, FUNDS, 100_000e6, false);
        _run(actions);

        assertEq(long.exposure(), 20e18);
        assertEq(short.exposure(), -20e18);
        VaultStatus memory s = _status();
        assertEq(s.planCount, 1);
        assertEq(s.lastPlanAt, block.timestamp);
        assertEq(s.lastSignAt, block.timestamp);
        assertEq(s.grossExposure, 100_000e6);
        assertEq(s.netDelta, 0);
        assertEq(s.totalAssets, FUNDS);
        assertEq(s.idleAssets, FUNDS);
    }

    function test_an_adapter_is_told_the_reference_price_and_the_slippage_bound() public {
        _run(_pair(100));
        assertEq(long.lastPriceE36(), _price());
        assertEq(long.lastMaxSlippageBps(), 100);
        assertEq(short.lastPriceE36(), _price());
    }

    function test_sends_cash_out_and_counts_what_comes_home() public {
        _run(_actions(_trade(long, 0, 30_000e6, 0), Action(address(long), 0, long.sendHome(10_000e6))));
        assertEq(vault.idleAssets(), FUNDS - 20_000e6);
        assertEq(vault.totalAssets(), FUNDS);
    }

    // ---------------------------------------------------------------- validity

    /// @dev One plan with everything wrong; each mended fault uncovers the next. The price comes before the state hash
    /// because positions are read at it.
    function test_checks_in_the_order_role_mode_number_chain_vault_deadline_price_state_actions_envelope() public {
        Plan memory plan = _plan(_pair(10_000));
        plan.chainId = 1;
        plan.vault = address(this);
        plan.number = 7;
        plan.stateHash = bytes32(uint256(1));
        _makeSafer(Mode.Halted);

        vm.expectRevert(abi.encodeWithSelector(Vault.NotAgent.selector, STRANGER));
        vm.prank(STRANGER);
        vault.rebalance(plan);

        vm.expectRevert(Vault.VaultHalted.selector);
        _send(plan);

        _activate();
        _makeSafer(Mode.ReduceOnly);
        vm.warp(block.timestamp + 4_000);
        plan.deadline = uint64(block.timestamp - 1);
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
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.OracleStale.selector, address(weth), 4_000, 3_600));
        _send(plan);

        feed.set(PRICE);
        vm.expectRevert(
            abi.encodeWithSelector(Vault.StateChanged.selector, bytes32(uint256(1)), vault.figures().stateHash)
        );
        _send(plan);

        plan.stateHash = vault.figures().stateHash;
        plan.actions[0].assetIn = FUNDS + 1;
        vm.expectRevert(abi.encodeWithSelector(Vault.IdleTooSmall.selector, FUNDS + 1, FUNDS));
        _send(plan);

        plan.actions[0].assetIn = 0;
        vm.expectRevert(Vault.OnlyReducingAllowed.selector);
        _send(plan);

        _activate();
        plan = _plan(_pair(10_000));
        vm.expectRevert(abi.encodeWithSelector(Envelope.GrossLeverageExceeded.selector, 20_000, 15_000));
        _send(plan);
        _run(_pair(1));
    }

    function test_a_plan_for_another_chain_or_another_vault_is_refused() public {
        Plan memory plan = _plan(_pair(1));
        plan.chainId += 1;
        vm.expectRevert(abi.encodeWithSelector(Vault.PlanForAnotherVault.selector, plan.chainId, address(vault)));
        _send(plan);
        plan = _plan(_pair(1));
        plan.vault = address(_newVault(usdc));
        vm.expectRevert(abi.encodeWithSelector(Vault.PlanForAnotherVault.selector, block.chainid, plan.vault));
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

    // ---------------------------------------------------------------- state hash

    function _hash() private view returns (bytes32) {
        return vault.figures().stateHash;
    }

    function test_state_hash_changes_with_every_position_and_with_the_list_of_venues() public {
        bytes32 hash = _hash();
        _hold(long, 1);
        bytes32 oneLong = _hash();
        assertNotEq(oneLong, hash, "position");
        _hold(long, 0);
        assertEq(_hash(), hash);
        _hold(short, 1);
        assertNotEq(_hash(), hash, "another position");
        assertNotEq(_hash(), oneLong, "at another venue");
        _hold(short, 0);

        LeveragedTestAdapter third = _newLegFor(address(weth));
        _acceptAfterDelay(address(third), oracle);
        assertNotEq(_hash(), hash, "venues");
        _retire(address(third));
        assertEq(_hash(), hash);
    }

    function test_state_hash_changes_with_the_mode() public {
        bytes32 hash = _hash();
        _makeSafer(Mode.ReduceOnly);
        bytes32 reduceOnly = _hash();
        assertNotEq(reduceOnly, hash);
        _makeSafer(Mode.Halted);
        assertNotEq(_hash(), reduceOnly);
        assertNotEq(_hash(), hash);
        _activate();
        assertEq(_hash(), hash);
    }

    function test_state_hash_changes_with_limits_and_with_caps() public {
        bytes32 hash = _hash();
        Limits memory limits = _limits();
        limits.maxSlippageBps -= 1;
        _tighten(limits);
        assertNotEq(_hash(), hash, "limits");

        hash = _hash();
        _tightenCap(address(long), 1e6, 1);
        assertNotEq(_hash(), hash, "cap of a venue");

        hash = _hash();
        _tightenCap(address(weth), 1e6, 1);
        assertNotEq(_hash(), hash, "cap of a token");
    }

    function test_state_hash_changes_with_the_plan_number_the_vault_and_the_chain() public {
        bytes32 hash = _hash();
        assertNotEq(_newVault(usdc).figures().stateHash, hash, "vault");
        _run(new Action[](0));
        assertNotEq(_hash(), hash, "count");

        hash = _hash();
        vm.chainId(999);
        assertNotEq(_hash(), hash, "chain");
    }

    function test_a_plan_made_for_another_state_is_refused() public {
        Plan memory plan = _plan(_pair(1));
        _tightenCap(address(long), 1_000_000e6, 10_000);
        vm.expectRevert(abi.encodeWithSelector(Vault.StateChanged.selector, plan.stateHash, _hash()));
        _send(plan);
    }

    function test_a_depositor_a_gift_or_a_price_cannot_spoil_a_plan() public {
        Plan memory plan = _plan(_pair(1));
        _fund(BOB, 5_000e6);
        usdc.mint(address(vault), 5_000e6);
        feed.set(PRICE + 1e8);
        vm.prank(ALICE);
        vault.withdraw(1_000e6, ALICE, ALICE);
        vault.checkpoint();
        _send(plan);
        assertEq(vault.planCount(), 1);
    }

    function test_settling_does_not_spoil_a_plan() public {
        _hold(short, -100);
        Plan memory plan = _plan(new Action[](0));
        short.setSettle(0, true);
        _send(plan);
        assertEq(short.exposure(), 0);
        assertEq(vault.planCount(), 1);
    }

    // ---------------------------------------------------------------- cash

    function test_settling_brings_cash_home_before_the_actions_spend_it() public {
        _run(_trade(short, 0, FUNDS, 0));
        assertEq(vault.idleAssets(), 0);
        _later(60);
        short.setSettle(40_000e6, false);
        _run(_trade(long, 0, 40_000e6, 0));
        assertEq(vault.idleAssets(), 0);
        assertEq(usdc.balanceOf(address(long)), 40_000e6);
        assertEq(vault.totalAssets(), FUNDS);
    }

    function test_cash_that_one_action_brings_home_pays_for_the_next() public {
        _run(_trade(short, 0, FUNDS, 0));
        _run(_actions(Action(address(short), 0, short.sendHome(30_000e6)), _trade(long, 0, 30_000e6, 0)));
        assertEq(vault.idleAssets(), 0);
        assertEq(usdc.balanceOf(address(long)), 30_000e6);
    }

    function test_an_action_on_an_unknown_adapter_is_refused() public {
        LeveragedTestAdapter foreign = _newLegFor(address(weth));
        _expectRevert(_trade(foreign, 0), abi.encodeWithSelector(Vault.UnknownAdapter.selector, address(foreign)));
        _expectRevert(
            Action(address(usdc), 0, ""), abi.encodeWithSelector(Vault.UnknownAdapter.selector, address(usdc))
        );
        _expectRevert(
            Action(address(vault), 0, ""), abi.encodeWithSelector(Vault.UnknownAdapter.selector, address(vault))
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

    function test_a_plan_leaves_no_allowance() public {
        _run(_actions(_trade(long, ONE_BPS, 30_000e6, 0), _trade(short, -ONE_BPS, 30_000e6, 0)));
        assertEq(usdc.allowance(address(vault), address(long)), 0);
        assertEq(usdc.allowance(address(vault), address(short)), 0);
        assertEq(usdc.allowance(address(vault), AGENT), 0);
    }

    // ---------------------------------------------------------------- the rest

    function test_a_stale_or_invalid_price_stops_even_a_reducing_plan() public {
        _run(_pair(100));
        _later(60);
        vm.warp(block.timestamp + 3_601);
        bytes memory stale = abi.encodeWithSelector(PriceOracle.OracleStale.selector, address(weth), 3_601, 3_600);
        _expectRevert(_pair(-50), stale);
        feed.set(0);
        _expectRevert(
            _pair(-50), abi.encodeWithSelector(PriceOracle.OraclePriceInvalid.selector, address(weth), int256(0))
        );
    }

    function test_a_plan_without_actions_counts_and_reduces() public {
        Plan memory plan = _plan(new Action[](0));
        vm.expectEmit(address(vault));
        emit Vault.PlanExecuted(1, FUNDS, FUNDS, 0, true);
        _send(plan);
    }

    function test_an_adapter_that_reverts_reverts_the_plan() public {
        _expectRevert(Action(address(long), 0, long.call(address(feed), hex"00000000")), "");
    }

    function test_a_venue_that_does_not_answer_stops_plans() public {
        Plan memory plan = _plan(_pair(1));
        short.setBroken(true);
        vm.expectRevert("venue down");
        _send(plan);
    }
}

/// @notice The vault with the one fault that the supply check is there for: shares appear during a plan.
contract SupplyChangingVault is Vault {
    constructor(IERC20 asset_, Policy policy_, address agent_) Vault(asset_, "Odd", "ODD", policy_, agent_) {}

    function inflate(uint256 shares) external {
        _mint(msg.sender, shares);
    }
}

contract VaultSupplyTest is CoreFixture {
    function _newVault(IERC20 asset) internal override returns (Vault) {
        return new SupplyChangingVault(asset, policy, AGENT);
    }

    function test_share_supply_is_the_same_after_a_plan() public {
        uint256 supply = vault.totalSupply();
        bytes memory data = abi.encodeCall(SupplyChangingVault.inflate, (1));
        _expectRevert(
            Action(address(long), 0, long.call(address(vault), data)),
            abi.encodeWithSelector(Vault.SupplyChanged.selector, supply + 1, supply)
        );
    }
}
