// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {RedemptionLine} from "src/RedemptionLine.sol";
import {RedemptionQueue} from "src/RedemptionQueue.sol";
import {IERC7540Redeem} from "src/interfaces/IERC7540.sol";

import {Fault} from "./helpers/PlainVault.sol";
import {RedemptionQueueFixture} from "./helpers/RedemptionQueueFixture.sol";

/// @notice Who may put whose shares into the queue, and that nothing the vault does can keep them out.
contract RedemptionQueueRequestsTest is RedemptionQueueFixture {
    bytes32 private constant PERMIT =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    function _expectNotOperator(address caller, address account) private {
        vm.expectRevert(abi.encodeWithSelector(RedemptionQueue.NotOperator.selector, caller, account));
    }

    // ---------------------------------------------------------------- escrow

    function test_a_request_takes_the_shares_at_once_and_is_pending() public {
        vm.expectEmit(address(queue));
        emit IERC7540Redeem.RedeemRequest(ALICE, ALICE, 1, ALICE, 10 * SHARE);
        uint256 id = _request(ALICE, 10 * SHARE);

        assertEq(vault.balanceOf(ALICE), 990 * SHARE);
        assertEq(vault.balanceOf(address(queue)), 10 * SHARE);
        assertEq(queue.pendingRedeemRequest(id, ALICE), 10 * SHARE);
        assertEq(queue.claimableRedeemRequest(id, ALICE), 0);
        assertEq(queue.maxRedeem(ALICE), 0);
        assertEq(queue.maxWithdraw(ALICE), 0);
        assertEq(queue.pendingShares(), 10 * SHARE);
        assertEq(queue.oldestPendingSince(), vm.getBlockTimestamp());
    }

    function test_refuses_a_request_for_no_shares() public {
        vm.expectRevert(RedemptionLine.ZeroShares.selector);
        _request(ALICE, 0);
    }

    function test_refuses_more_shares_than_the_owner_has() public {
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientBalance.selector, ALICE, 1_000 * SHARE, 1_000 * SHARE + 1
            )
        );
        _request(ALICE, 1_000 * SHARE + 1);
    }

    function test_refuses_without_the_owners_share_allowance() public {
        vm.prank(ALICE);
        vault.approve(address(queue), 1);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(queue), 1, SHARE)
        );
        _request(ALICE, SHARE);
    }

    function test_refuses_a_request_too_large_for_its_slot() public {
        uint256 shares = uint256(type(uint128).max) + 1;
        deal(address(vault), ALICE, shares);
        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 128, shares));
        _request(ALICE, shares);
        assertEq(_request(ALICE, shares - 1), 1);
    }

    // ---------------------------------------------------------------- permission

    function test_a_stranger_cannot_move_shares_that_are_approved_for_the_queue() public {
        _expectNotOperator(MALLORY, ALICE);
        vm.prank(MALLORY);
        queue.requestRedeem(SHARE, MALLORY, ALICE);
        _expectNotOperator(MALLORY, ALICE);
        vm.prank(MALLORY);
        queue.requestRedeem(SHARE, ALICE, ALICE);
    }

    function test_an_erc20_allowance_to_the_caller_does_not_make_an_operator() public {
        vm.prank(ALICE);
        vault.approve(MALLORY, SHARE);
        _expectNotOperator(MALLORY, ALICE);
        vm.prank(MALLORY);
        queue.requestRedeem(SHARE, MALLORY, ALICE);

        // The allowance is worth the same by taking the shares first, and it is used up by it.
        vm.startPrank(MALLORY);
        vault.transferFrom(ALICE, MALLORY, SHARE);
        vault.approve(address(queue), SHARE);
        queue.requestRedeem(SHARE, MALLORY, MALLORY);
        assertEq(vault.allowance(ALICE, MALLORY), 0);
        vm.stopPrank();
    }

    function test_an_operator_of_the_owner_may_request_for_the_owner_or_for_itself() public {
        vm.prank(ALICE);
        queue.setOperator(BOB, true);

        vm.expectEmit(address(queue));
        emit IERC7540Redeem.RedeemRequest(ALICE, ALICE, 1, BOB, SHARE);
        vm.prank(BOB);
        queue.requestRedeem(SHARE, ALICE, ALICE);
        vm.prank(BOB);
        queue.requestRedeem(2 * SHARE, BOB, ALICE);

        assertEq(vault.balanceOf(ALICE), 997 * SHARE);
        assertEq(vault.balanceOf(BOB), 1_000 * SHARE);
        assertEq(queue.pendingRedeemRequest(1, ALICE), SHARE);
        assertEq(queue.pendingRedeemRequest(1, BOB), 2 * SHARE);
    }

    function test_a_former_operator_may_not() public {
        vm.startPrank(ALICE);
        queue.setOperator(BOB, true);
        queue.setOperator(BOB, false);
        vm.stopPrank();
        _expectNotOperator(BOB, ALICE);
        vm.prank(BOB);
        queue.requestRedeem(SHARE, ALICE, ALICE);
    }

    function test_nobody_lengthens_the_list_of_a_controller_who_did_not_agree() public {
        _expectNotOperator(MALLORY, ALICE);
        vm.prank(MALLORY);
        queue.requestRedeem(1, ALICE, MALLORY);
        // Being the owner's operator is not the controller's consent either.
        vm.prank(BOB);
        queue.setOperator(MALLORY, true);
        _expectNotOperator(MALLORY, ALICE);
        vm.prank(MALLORY);
        queue.requestRedeem(1, ALICE, BOB);
    }

    function test_an_owner_may_request_for_a_controller_that_made_it_operator() public {
        vm.prank(BOB);
        queue.setOperator(ALICE, true);
        vm.expectEmit(address(queue));
        emit IERC7540Redeem.RedeemRequest(BOB, ALICE, 1, ALICE, SHARE);
        vm.prank(ALICE);
        queue.requestRedeem(SHARE, BOB, ALICE);
        assertEq(queue.pendingRedeemRequest(1, BOB), SHARE);
    }

    // ---------------------------------------------------------------- permit

    function _permit(uint256 key, uint256 value, uint256 nonce) private view returns (uint8 v, bytes32 r, bytes32 s) {
        bytes32 hash = keccak256(abi.encode(PERMIT, vm.addr(key), address(queue), value, nonce, type(uint256).max));
        return vm.sign(key, keccak256(abi.encodePacked(hex"1901", vault.DOMAIN_SEPARATOR(), hash)));
    }

    function test_a_signature_stands_for_the_allowance() public {
        address signer = vm.addr(7);
        vm.prank(ALICE);
        vault.transfer(signer, 3 * SHARE);
        (uint8 v, bytes32 r, bytes32 s) = _permit(7, 2 * SHARE, 0);
        vm.prank(signer);
        uint256 id = queue.requestRedeemWithPermit(2 * SHARE, signer, signer, type(uint256).max, v, r, s);
        assertEq(queue.pendingRedeemRequest(id, signer), 2 * SHARE);
        assertEq(vault.allowance(signer, address(queue)), 0);
    }

    function test_a_permit_used_up_by_a_stranger_does_not_stop_the_request() public {
        address signer = vm.addr(7);
        vm.prank(ALICE);
        vault.transfer(signer, SHARE);
        (uint8 v, bytes32 r, bytes32 s) = _permit(7, SHARE, 0);
        vm.prank(MALLORY);
        vault.permit(signer, address(queue), SHARE, type(uint256).max, v, r, s);
        vm.prank(signer);
        queue.requestRedeemWithPermit(SHARE, signer, signer, type(uint256).max, v, r, s);
        assertEq(queue.pendingShares(), SHARE);
    }

    function test_a_stranger_cannot_use_somebodys_permit_to_request() public {
        address signer = vm.addr(7);
        (uint8 v, bytes32 r, bytes32 s) = _permit(7, SHARE, 0);
        _expectNotOperator(MALLORY, signer);
        vm.prank(MALLORY);
        queue.requestRedeemWithPermit(SHARE, MALLORY, signer, type(uint256).max, v, r, s);
    }

    // ---------------------------------------------------------------- batches

    function test_requests_of_one_block_share_an_id_and_add_up() public {
        assertEq(_request(ALICE, SHARE), 1);
        assertEq(_request(BOB, SHARE), 1);
        assertEq(_request(ALICE, 2 * SHARE), 1);
        assertEq(queue.pendingRedeemRequest(1, ALICE), 3 * SHARE);
        _nextBlock();
        assertEq(_request(ALICE, 5 * SHARE), 2);
        assertEq(queue.pendingRedeemRequest(2, ALICE), 5 * SHARE);
        assertEq(queue.pendingShares(), 9 * SHARE);
        assertEq(queue.oldestPendingSince(), vm.getBlockTimestamp() - 12);
    }

    function test_a_fill_closes_the_batch_of_its_block() public {
        assertEq(_request(ALICE, 2 * SHARE), 1);
        _fill(SHARE);
        assertEq(_request(BOB, 2 * SHARE), 2, "half filled");
        assertEq(queue.claimableRedeemRequest(1, ALICE), SHARE, "not diluted");
        _fill(SHARE);
        assertEq(_request(CAROL, 2 * SHARE), 2, "the fill ended where this batch begins");
        _fill(4 * SHARE);
        assertEq(_request(ALICE, SHARE), 3, "filled");
    }

    function test_a_fill_of_an_older_batch_leaves_the_one_of_its_block_open() public {
        _request(ALICE, 2 * SHARE);
        _nextBlock();
        assertEq(_request(BOB, SHARE), 2);
        _fill(SHARE);
        assertEq(_request(CAROL, SHARE), 2);
    }

    function test_unknown_requests_are_empty() public view {
        assertEq(queue.pendingRedeemRequest(0, ALICE), 0);
        assertEq(queue.claimableRedeemRequest(type(uint256).max, ALICE), 0);
        assertEq(queue.oldestPendingSince(), 0);
    }

    // ---------------------------------------------------------------- a vault in trouble

    function test_a_request_and_a_claim_need_nothing_that_a_broken_vault_refuses() public {
        uint256 id = _request(ALICE, SHARE);
        _fill(SHARE);
        vault.setPaused(true);
        for (uint8 fault = 0; fault < 3; ++fault) {
            vault.setFault(Fault(fault));
            _nextBlock();
            vm.prank(BOB);
            queue.requestRedeem{gas: 300_000}(SHARE, BOB, BOB);
            vm.prank(ALICE);
            queue.redeemRequest{gas: 200_000}(id, SHARE / 10, ALICE, ALICE);
            vm.prank(ALICE);
            queue.redeem{gas: 200_000}(SHARE / 10, ALICE, ALICE);
            vm.prank(ALICE);
            queue.withdraw{gas: 200_000}(UNIT / 10, ALICE, ALICE);
        }
        assertEq(queue.pendingShares(), 3 * SHARE);
        assertEq(token.balanceOf(ALICE), 9 * UNIT / 10);
    }
}
