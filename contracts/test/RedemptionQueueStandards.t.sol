// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {RedemptionQueue} from "src/RedemptionQueue.sol";
import {IERC7540Operator, IERC7540Redeem} from "src/interfaces/IERC7540.sol";
import {IERC7575} from "src/interfaces/IERC7575.sol";

import {RedemptionQueueFixture} from "./helpers/RedemptionQueueFixture.sol";
import {FeeOnTransferToken} from "./helpers/UnusualTokens.sol";

/// @notice What ERC-7540, ERC-7575 and ERC-165 ask for by number and by name, and deposits through the queue.
contract RedemptionQueueStandardsTest is RedemptionQueueFixture {
    // ---------------------------------------------------------------- identity

    function test_the_interface_ids_are_those_of_the_standards() public view {
        assertEq(type(IERC7540Operator).interfaceId, bytes4(0xe3bc4e65));
        assertEq(type(IERC7540Redeem).interfaceId, bytes4(0x620ee8e4));
        assertEq(type(IERC7575).interfaceId, bytes4(0x2f0a18c5));
        assertTrue(queue.supportsInterface(0xe3bc4e65));
        assertTrue(queue.supportsInterface(0x620ee8e4));
        assertTrue(queue.supportsInterface(0x2f0a18c5));
        assertTrue(queue.supportsInterface(type(IERC165).interfaceId));
        assertFalse(queue.supportsInterface(0xce3bbe50), "deposits are synchronous");
        assertFalse(queue.supportsInterface(0xffffffff));
    }

    function test_the_event_topics_are_those_of_the_standards() public pure {
        assertEq(
            IERC7540Redeem.RedeemRequest.selector, keccak256("RedeemRequest(address,address,uint256,address,uint256)")
        );
        assertEq(IERC7540Operator.OperatorSet.selector, keccak256("OperatorSet(address,address,bool)"));
        assertEq(IERC7575.Deposit.selector, keccak256("Deposit(address,address,uint256,uint256)"));
        assertEq(IERC7575.Withdraw.selector, keccak256("Withdraw(address,address,address,uint256,uint256)"));
    }

    function test_the_share_is_the_vault() public view {
        assertEq(queue.share(), address(vault));
        assertEq(address(queue.vault()), address(vault));
        assertEq(queue.asset(), address(token));
    }

    function test_previews_of_a_redemption_revert() public {
        vm.expectRevert(RedemptionQueue.RedemptionIsAsynchronous.selector);
        queue.previewRedeem(0);
        vm.expectRevert(RedemptionQueue.RedemptionIsAsynchronous.selector);
        queue.previewWithdraw(0);
    }

    function test_the_other_views_are_the_vaults() public {
        vault.setInvested(4_000 * UNIT);
        assertEq(queue.totalAssets(), vault.totalAssets());
        assertEq(queue.convertToShares(UNIT), vault.convertToShares(UNIT));
        assertEq(queue.convertToAssets(SHARE), vault.convertToAssets(SHARE));
        assertEq(queue.previewDeposit(UNIT), vault.previewDeposit(UNIT));
        assertEq(queue.previewMint(SHARE), vault.previewMint(SHARE));
        assertEq(queue.maxDeposit(ALICE), type(uint256).max);
        assertEq(queue.maxMint(ALICE), type(uint256).max);
        vault.setPaused(true);
        assertEq(queue.maxDeposit(ALICE), 0);
        assertEq(queue.maxMint(ALICE), 0);
    }

    // ---------------------------------------------------------------- operators

    function test_an_operator_is_set_and_removed() public {
        vm.startPrank(ALICE);
        vm.expectEmit(address(queue));
        emit IERC7540Operator.OperatorSet(ALICE, BOB, true);
        assertTrue(queue.setOperator(BOB, true));
        assertTrue(queue.isOperator(ALICE, BOB));
        assertFalse(queue.isOperator(BOB, ALICE));
        vm.expectEmit(address(queue));
        emit IERC7540Operator.OperatorSet(ALICE, BOB, false);
        assertTrue(queue.setOperator(BOB, false));
        assertFalse(queue.isOperator(ALICE, BOB));
        vm.stopPrank();
    }

    // ---------------------------------------------------------------- deposits

    function _approve(address holder, uint256 assets) private {
        token.mint(holder, assets);
        vm.prank(holder);
        token.approve(address(queue), assets);
    }

    /// @dev Cash of somebody's claim lies in the queue in each of these, and must be there afterwards.
    function _cashOfAClaim() private {
        _request(CAROL, 500 * SHARE);
        _fill(500 * SHARE);
    }

    function test_a_deposit_passes_through_to_the_vault() public {
        _cashOfAClaim();
        _approve(ALICE, 10 * UNIT);
        vm.expectEmit(address(queue));
        emit IERC7575.Deposit(ALICE, BOB, 10 * UNIT, 10 * SHARE);
        vm.prank(ALICE);
        assertEq(queue.deposit(10 * UNIT, BOB), 10 * SHARE);
        assertEq(vault.balanceOf(BOB), 1_010 * SHARE);
        assertEq(token.balanceOf(ALICE), 0);
        assertEq(token.balanceOf(address(queue)), 500 * UNIT);
        assertEq(token.allowance(address(queue), address(vault)), 0);
    }

    function test_a_mint_passes_through_to_the_vault() public {
        _cashOfAClaim();
        _approve(ALICE, 10 * UNIT);
        vm.expectEmit(address(queue));
        emit IERC7575.Deposit(ALICE, BOB, 10 * UNIT, 10 * SHARE);
        vm.prank(ALICE);
        assertEq(queue.mint(10 * SHARE, BOB), 10 * UNIT);
        assertEq(vault.balanceOf(BOB), 1_010 * SHARE);
        assertEq(token.balanceOf(address(queue)), 500 * UNIT);
        assertEq(token.allowance(address(queue), address(vault)), 0);
    }

    function test_a_mint_cheaper_than_its_preview_gives_the_change_back() public {
        _cashOfAClaim();
        _approve(ALICE, 10 * UNIT);
        vault.setMintDiscount(3);
        vm.expectEmit(address(queue));
        emit IERC7575.Deposit(ALICE, BOB, 10 * UNIT - 3, 10 * SHARE);
        vm.prank(ALICE);
        assertEq(queue.mint(10 * SHARE, BOB), 10 * UNIT - 3);
        assertEq(token.balanceOf(ALICE), 3);
        assertEq(token.balanceOf(address(queue)), 500 * UNIT);
        assertEq(token.allowance(address(queue), address(vault)), 0);
    }

    function test_a_token_that_delivers_less_cannot_be_deposited_from_others_claims() public {
        _setUpWith(new FeeOnTransferToken());
        _request(CAROL, 500 * SHARE);
        vault.free(600 * UNIT);
        queue.fill();
        _approve(ALICE, 20 * UNIT);
        bytes memory refusal =
            abi.encodeWithSelector(RedemptionQueue.TransferInexact.selector, 10 * UNIT * 99 / 100, 10 * UNIT);
        vm.startPrank(ALICE);
        vm.expectRevert(refusal);
        queue.deposit(10 * UNIT, ALICE);
        uint256 shares = vault.convertToShares(10 * UNIT);
        vm.expectRevert(refusal);
        queue.mint(shares, ALICE);
        vm.stopPrank();
    }
}
