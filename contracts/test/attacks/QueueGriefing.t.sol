// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {RedemptionQueue} from "src/RedemptionQueue.sol";
import {TestToken} from "sim/TestToken.sol";

import {AttackFixture} from "../helpers/AttackFixture.sol";
import {BlockingToken} from "./BlockingToken.sol";

/// @notice Whoever wants to keep others waiting in the redemption queue, or to be paid before them.
contract QueueGriefingTest is AttackFixture {
    uint256 private constant BOBS = 200_000e6;

    function _newAsset() internal override returns (TestToken) {
        return new BlockingToken();
    }

    function setUp() public override {
        super.setUp();
        _openCarry();
        _fund(THIEF, 1_000e6);
        vm.prank(THIEF);
        vault.approve(address(queue), type(uint256).max);
        _takeIdle();
    }

    /// @dev All idle cash goes to the venue, so that whoever leaves has to wait.
    function _takeIdle() private {
        _run(_transfer(TO_CORE, vault.idleAssets()));
        _wait(ACTION_DELAY);
    }

    /// @dev The agent frees cash, and with it fills the queue.
    function _free(uint256 base) private {
        _run(_actions(_sell(base), _order(int256(base / 1e14), PRICE * 1_002 / 1_000, true)));
        _wait(ACTION_DELAY);
    }

    function _sharesOf(uint256 assets) private view returns (uint256) {
        return vault.convertToShares(assets);
    }

    // ---------------------------------------------------------------- dust

    function test_three_hundred_dust_requests_in_front_make_no_fill_and_no_claim_dearer() public {
        uint256 snapshot = vm.snapshotState();
        (uint256 fillGas, uint256 claimGas, uint256 paid) = _gasOfBeingPaid();
        vm.revertToState(snapshot);
        for (uint256 i; i < 300; ++i) {
            vm.roll(block.number + 1);
            vm.prank(THIEF);
            queue.requestRedeem(1, THIEF, THIEF);
        }
        (uint256 fillAfter, uint256 claimAfter, uint256 paidAfter) = _gasOfBeingPaid();
        emit log_named_uint("gas of a fill, without dust", fillGas);
        emit log_named_uint("gas of a fill, behind 300 requests", fillAfter);
        assertLt(fillAfter, fillGas + 60_000);
        assertLt(claimAfter, claimGas + 60_000);
        assertApproxEqAbs(paidAfter, paid, 1);
    }

    function _gasOfBeingPaid() private returns (uint256 fillGas, uint256 claimGas, uint256 paid) {
        _request(BOB, _sharesOf(50_000e6));
        _fund(ALICE, 60_000e6);
        fillGas = gasleft();
        assertGt(queue.fill(), 0);
        fillGas -= gasleft();
        claimGas = gasleft();
        paid = _claimAll(BOB);
        claimGas -= gasleft();
    }

    /// @dev Each fill rounds down by less than a unit, however small it is.
    function test_a_hundred_dust_fills_cost_less_than_a_cent() public {
        uint256 shares = _sharesOf(100e6);
        _request(BOB, shares);
        uint256 worth = vault.previewRedeem(shares);
        for (uint256 i; i < 100; ++i) {
            _fund(THIEF, 0.7e6 + i);
            queue.fill();
        }
        _fund(ALICE, 100e6);
        queue.fill();
        assertGe(_claimAll(BOB) + 0.01e6, worth);
    }

    // ---------------------------------------------------------------- other people's requests

    function test_nobody_puts_a_request_on_somebody_elses_list_or_requests_for_him() public {
        vm.startPrank(THIEF);
        vm.expectRevert(abi.encodeWithSelector(RedemptionQueue.NotOperator.selector, THIEF, BOB));
        queue.requestRedeem(1, BOB, THIEF);
        vm.expectRevert(abi.encodeWithSelector(RedemptionQueue.NotOperator.selector, THIEF, BOB));
        queue.requestRedeem(1, THIEF, BOB);
        vm.stopPrank();
    }

    function test_nobody_claims_for_another() public {
        _request(BOB, _sharesOf(1_000e6));
        _fund(ALICE, 2_000e6);
        queue.fill();
        uint256 claimable = queue.maxRedeem(BOB);
        vm.prank(THIEF);
        vm.expectRevert(abi.encodeWithSelector(RedemptionQueue.NotOperator.selector, THIEF, BOB));
        queue.redeem(claimable, THIEF, BOB);
        assertGt(_claimAll(BOB), 999e6);
    }

    // ---------------------------------------------------------------- who cannot be paid

    /// @dev Fills push nothing to anybody, so one whom the issuer shut out stops only himself, and he may name another.
    function test_a_holder_who_cannot_receive_holds_nobody_up() public {
        _request(ALICE, _sharesOf(10_000e6));
        _request(BOB, _sharesOf(10_000e6));
        BlockingToken(address(usdc)).shutOut(ALICE);
        _free(10e18);
        assertEq(queue.pendingShares(), 0);
        assertGt(_claimAll(BOB), 9_900e6);
        uint256 claimable = queue.maxRedeem(ALICE);
        vm.startPrank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(BlockingToken.ShutOut.selector, ALICE));
        queue.redeem(claimable, ALICE, ALICE);
        assertGt(queue.redeem(claimable, address(0xA2), ALICE), 9_900e6);
        vm.stopPrank();
    }

    // ---------------------------------------------------------------- who is first

    /// @dev Cash that a plan frees goes to those who wait in the same transaction: nobody can be faster.
    function test_nobody_gets_in_front_of_the_queue_when_a_plan_frees_the_cash() public {
        _request(BOB, _sharesOf(BOBS));
        _free(40e18);
        assertLe(vault.maxWithdraw(ALICE), 10, "nothing is left for who did not wait");
        assertGt(_claimAll(BOB), 90_000e6);
    }

    /// @dev First in, first out: a request behind fills nothing before the one in front is paid.
    function test_who_comes_later_is_paid_later_however_he_cuts_his_request() public {
        _request(BOB, _sharesOf(BOBS));
        vm.roll(block.number + 1);
        for (uint256 i; i < 5; ++i) {
            vm.prank(THIEF);
            queue.requestRedeem(1e12, THIEF, THIEF);
        }
        _free(40e18);
        assertEq(queue.maxRedeem(THIEF), 0);
    }

    /// @dev Within a block all are paid alike: who sees a request coming cannot get in front of it by a better fee.
    function test_within_a_block_all_are_paid_alike() public {
        uint256 shares = vault.balanceOf(THIEF);
        vm.prank(THIEF);
        queue.requestRedeem(shares, THIEF, THIEF);
        _request(BOB, shares);
        _fund(ALICE, 1_000e6);
        queue.fill();
        assertApproxEqAbs(queue.maxRedeem(THIEF), queue.maxRedeem(BOB), 1);
    }

    /// @dev Cash that a deposit brings is anybody's until somebody fills, or the next plan does.
    function test_not_perfect_cash_of_a_deposit_can_be_taken_in_front_of_the_queue() public {
        _request(BOB, _sharesOf(BOBS));
        _fund(address(0xCA), 50_000e6);
        vm.prank(ALICE);
        vault.withdraw(50_000e6, ALICE, ALICE);
        assertEq(queue.fill(), 0);
    }
}
