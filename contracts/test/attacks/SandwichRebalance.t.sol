// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {UniswapV3Spot} from "src/adapters/UniswapV3Spot.sol";
import {UniswapV3Swapper} from "src/adapters/UniswapV3Swapper.sol";
import {Action, Plan} from "src/Plan.sol";
import {Vault} from "src/Vault.sol";

import {AttackFixture} from "../helpers/AttackFixture.sol";

/// @notice Whoever orders the transactions trades before and after an honest plan.
contract SandwichRebalanceTest is AttackFixture {
    uint256 private constant SIZE = 50_000e6;
    /// @dev As the shipped agent: of the quote for a swap, of the mark for an order.
    uint256 private constant SWAP_TOLERANCE_BPS = 5;
    int256 private constant ORDER_TOLERANCE_BPS = 20;

    function setUp() public override {
        super.setUp();
        _wait(600);
    }

    function _guarded(uint256 minOut) private view returns (Action[] memory) {
        return _actions(Action(address(spot), SIZE, abi.encode(BUY, SIZE, minOut)));
    }

    /// @dev What the swap would bring now.
    function _quote() private returns (uint256 out) {
        uint256 before = vm.snapshotState();
        _run(_guarded(0));
        out = spot.heldBase();
        vm.revertToState(before);
    }

    /// @dev Either the plan fails as if it had never been sent, or the sandwich took no more than the tolerance.
    /// forge-config: default.fuzz.runs = 64
    /// forge-config: prove.fuzz.runs = 10000
    function testFuzz_a_sandwich_takes_at_most_the_tolerance_of_the_plan(uint256 pushBps, bool dear) public {
        pushBps = _bound(pushBps, 0, 300);
        uint256 quote = _quote();
        uint256 least = quote * (BPS - SWAP_TOLERANCE_BPS) / BPS;
        Plan memory plan = _plan(_guarded(least));
        uint256 before = _sharePriceE18();
        market.moveTo(uint256(PRICE) * (dear ? BPS + pushBps : BPS - pushBps) / BPS);
        vm.prank(AGENT);
        try vault.rebalance(plan) {
            assertGe(spot.heldBase(), least);
        } catch {
            assertEq(vault.planCount(), 0);
            assertEq(spot.heldBase(), 0);
            assertEq(vault.idleAssets(), CAPITAL);
        }
        market.moveTo(uint256(PRICE));
        uint256 expected = SIZE * 1e18 / CAPITAL * (SWAP_TOLERANCE_BPS + 5 + 2) / BPS;
        assertGe(_sharePriceE18(), before - expected, "tolerance, pool fee and own impact");
    }

    /// @dev Even a plan that asks for nothing in return is guarded by the policy.
    function test_a_careless_plan_fills_within_the_slippage_bound_or_not_at_all() public {
        uint256 snapshot = vm.snapshotState();
        uint256 before = _sharePriceE18();
        market.moveTo(uint256(PRICE) * 10_093 / 10_000);
        _run(_guarded(0));
        assertApproxEqRel(before - _sharePriceE18(), 0.0005e18, 0.02e18, "1 % of the 5 % that were traded");
        vm.revertToState(snapshot);

        market.moveTo(uint256(PRICE) * 10_096 / 10_000);
        Plan memory plan = _plan(_guarded(0));
        vm.expectPartialRevert(UniswapV3Spot.SlippageExceeded.selector);
        _send(plan);
    }

    function test_a_plan_that_is_pushed_past_its_minimum_says_so() public {
        uint256 quote = _quote();
        market.moveTo(uint256(PRICE) * 10_010 / 10_000);
        Plan memory plan = _plan(_guarded(quote));
        vm.expectPartialRevert(UniswapV3Swapper.AmountOutTooSmall.selector);
        _send(plan);
    }

    /// @dev Held back until the price suits the attacker, it is void.
    function test_a_plan_that_is_held_back_expires() public {
        Plan memory plan = _plan(_guarded(0));
        _wait(61);
        vm.expectRevert(abi.encodeWithSelector(Vault.PlanExpired.selector, plan.deadline, block.timestamp));
        _send(plan);
    }

    /// @dev The order fills where the book was moved to, at its limit at worst, which was charged when it was sent.
    /// forge-config: default.fuzz.runs = 32
    /// forge-config: prove.fuzz.runs = 10000
    function testFuzz_an_order_that_meets_a_moved_book_loses_no_more_than_it_was_charged(uint256 pushBps) public {
        pushBps = _bound(pushBps, 0, 30);
        _fundMargin(100_000e6);
        _wait(600);
        uint256 before = _sharePriceE18();
        int256 lots = _toLots(SIZE);
        _run(_actions(_guarded(0)[0], _order(-lots, PRICE * (10_000 - ORDER_TOLERANCE_BPS) / 10_000, false)));
        uint256 chargedBps = _status().lossUsedBps;
        _later(CORE_DELAY);
        _pushMark(PRICE * int256(BPS - pushBps) / 10_000);
        _pushMark(PRICE);
        _wait(ACTION_DELAY);
        assertGe(_sharePriceE18(), before - chargedBps * 1e14, "charged in full before it filled");
    }
}
