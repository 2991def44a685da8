// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {RedemptionLine} from "src/RedemptionLine.sol";
import {RedemptionQueue} from "src/RedemptionQueue.sol";
import {IERC7575} from "src/interfaces/IERC7575.sol";
import {TestToken} from "sim/TestToken.sol";

import {RedemptionQueueFixture} from "./helpers/RedemptionQueueFixture.sol";

/// @notice Refuses to pay whoever is on its list, and transfers of nothing.
contract BlockingToken is TestToken("BLOCK", 6) {
    mapping(address account => bool) public blocked;

    error Blocked(address account);
    error NothingToTransfer();

    function setBlocked(address account) external {
        blocked[account] = true;
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (blocked[to]) revert Blocked(to);
        if (amount == 0) revert NothingToTransfer();
        super._update(from, to, amount);
    }
}

/// @notice Who is paid how much, from which requests, and that nobody is paid twice.
contract RedemptionQueueClaimsTest is RedemptionQueueFixture {
    function _expectTooLarge(uint256 requested, uint256 claimable) private {
        vm.expectRevert(abi.encodeWithSelector(RedemptionLine.ClaimTooLarge.selector, requested, claimable));
    }

    /// @dev Three requests of 10, 20 and 30 shares at the prices 1, 2 and 2.
    function _threeFilled() private {
        _request(ALICE, 10 * SHARE);
        _fill(10 * SHARE);
        _nextBlock();
        _request(ALICE, 20 * SHARE);
        _nextBlock();
        _request(ALICE, 30 * SHARE);
        vault.setInvested(2 * (vault.totalSupply() / 1e6 + 1) - 1); // virtual shares and the virtual unit included
        vault.free(100 * UNIT);
        queue.fill();
        assertEq(queue.pendingShares(), 0);
    }

    // ---------------------------------------------------------------- redeem

    function test_a_claim_pays_and_says_so() public {
        _request(ALICE, 10 * SHARE);
        _fill(10 * SHARE);
        vm.expectEmit(address(queue));
        emit IERC7575.Withdraw(ALICE, CAROL, ALICE, 4 * UNIT, 4 * SHARE);
        vm.prank(ALICE);
        assertEq(queue.redeem(4 * SHARE, CAROL, ALICE), 4 * UNIT);
        assertEq(token.balanceOf(CAROL), 4 * UNIT);
        assertEq(queue.maxRedeem(ALICE), 6 * SHARE);
        assertEq(queue.maxWithdraw(ALICE), 6 * UNIT);
        assertEq(queue.claimableRedeemRequest(1, ALICE), 6 * SHARE);
    }

    function test_nothing_can_be_claimed_twice() public {
        _request(ALICE, 10 * SHARE);
        _request(BOB, 10 * SHARE);
        _fill(20 * SHARE);
        _redeem(ALICE, 10 * SHARE);
        _expectTooLarge(1, 0);
        _redeem(ALICE, 1);
        _expectTooLarge(1, 0);
        vm.prank(ALICE);
        queue.withdraw(1, ALICE, ALICE);
        _expectTooLarge(1, 0);
        vm.prank(ALICE);
        queue.redeemRequest(1, 1, ALICE, ALICE);
        assertEq(queue.pendingRedeemRequest(1, ALICE), 0);
        assertEq(_redeem(BOB, 10 * SHARE), 10 * UNIT);
    }

    function test_refuses_more_than_is_claimable() public {
        _request(ALICE, 10 * SHARE);
        _nextBlock();
        _request(ALICE, 10 * SHARE);
        _fill(15 * SHARE);
        _expectTooLarge(15 * SHARE + 1, 15 * SHARE);
        _redeem(ALICE, 15 * SHARE + 1);
        _expectTooLarge(15 * UNIT + 1, 15 * UNIT);
        vm.prank(ALICE);
        queue.withdraw(15 * UNIT + 1, ALICE, ALICE);
        _expectTooLarge(5 * SHARE + 1, 5 * SHARE);
        vm.prank(ALICE);
        queue.redeemRequest(2, 5 * SHARE + 1, ALICE, ALICE);
        assertEq(_redeem(ALICE, 15 * SHARE), 15 * UNIT);
    }

    function test_a_claim_takes_the_oldest_requests_first_each_at_its_price() public {
        _threeFilled();
        assertEq(queue.maxRedeem(ALICE), 60 * SHARE);
        assertEq(queue.maxWithdraw(ALICE), 110 * UNIT);
        assertEq(_redeem(ALICE, 15 * SHARE), 20 * UNIT);
        assertEq(queue.claimableRedeemRequest(1, ALICE), 0);
        assertEq(queue.claimableRedeemRequest(2, ALICE), 15 * SHARE);
        assertEq(_redeem(ALICE, 45 * SHARE), 90 * UNIT);
        assertEq(queue.maxRedeem(ALICE), 0);
        assertEq(token.balanceOf(address(queue)), 0);
    }

    function test_a_request_can_be_claimed_while_it_is_still_being_filled() public {
        _request(ALICE, 10 * SHARE);
        _fill(4 * SHARE);
        assertEq(_redeem(ALICE, 4 * SHARE), 4 * UNIT);
        assertEq(queue.pendingRedeemRequest(1, ALICE), 6 * SHARE);
        _expectTooLarge(1, 0);
        _redeem(ALICE, 1);
        _fill(6 * SHARE);
        assertEq(_redeem(ALICE, 6 * SHARE), 6 * UNIT);
        assertEq(token.balanceOf(address(queue)), 0);
    }

    function test_a_claim_of_nothing_is_harmless() public {
        assertEq(_redeem(ALICE, 0), 0);
        vm.prank(ALICE);
        assertEq(queue.withdraw(0, ALICE, ALICE), 0);
    }

    // ---------------------------------------------------------------- withdraw

    function test_a_withdrawal_pays_exactly_what_is_asked() public {
        _threeFilled();
        vm.expectEmit(address(queue));
        emit IERC7575.Withdraw(ALICE, BOB, ALICE, 5 * UNIT, 5 * SHARE);
        vm.prank(ALICE);
        assertEq(queue.withdraw(5 * UNIT, BOB, ALICE), 5 * SHARE);
        assertEq(token.balanceOf(BOB), 5 * UNIT);

        uint256 rest = queue.maxWithdraw(ALICE);
        vm.prank(ALICE);
        assertEq(queue.withdraw(25 * UNIT, BOB, ALICE), 15 * SHARE);
        assertEq(queue.maxWithdraw(ALICE), rest - 25 * UNIT);
        vm.prank(ALICE);
        queue.withdraw(rest - 25 * UNIT, BOB, ALICE);
        assertEq(queue.maxRedeem(ALICE), 0);
    }

    function test_a_withdrawal_never_forfeits_what_a_share_is_still_owed() public {
        _setUpWith(new TestToken("USDC", 6));
        _request(ALICE, 1e6 + 1);
        vault.setInvested(vault.invested() * 1e9); // a single share is now worth 1,000 units
        vault.free(1e10);
        queue.fill();
        uint256 owed = queue.maxWithdraw(ALICE);
        vm.startPrank(ALICE);
        queue.withdraw(owed - 1, ALICE, ALICE);
        assertEq(queue.maxWithdraw(ALICE), 1);
        assertEq(queue.maxRedeem(ALICE), 1);
        queue.withdraw(1, ALICE, ALICE);
        assertEq(queue.maxRedeem(ALICE), 0);
        vm.stopPrank();
    }

    function test_a_withdrawal_closes_worthless_requests_on_its_way() public {
        _request(ALICE, 1);
        _nextBlock();
        _request(ALICE, SHARE);
        vault.free(UNIT + 1);
        queue.fill();
        assertEq(queue.pendingShares(), 0);
        vm.prank(ALICE);
        assertEq(queue.withdraw(UNIT, ALICE, ALICE), SHARE + 1);
        assertEq(queue.maxRedeem(ALICE), 0);
    }

    // ---------------------------------------------------------------- one request

    function test_one_request_can_be_claimed_out_of_order() public {
        _threeFilled();
        vm.expectEmit(address(queue));
        emit IERC7575.Withdraw(ALICE, BOB, ALICE, 20 * UNIT, 10 * SHARE);
        vm.prank(ALICE);
        queue.redeemRequest(2, 10 * SHARE, BOB, ALICE);
        assertEq(queue.claimableRedeemRequest(2, ALICE), 10 * SHARE);
        vm.startPrank(ALICE);
        queue.redeemRequest(2, 10 * SHARE, BOB, ALICE); // from the middle of the list
        queue.redeemRequest(3, 30 * SHARE, BOB, ALICE); // its end
        _nextBlock();
        queue.requestRedeem(7 * SHARE, ALICE, ALICE); // appended behind what is left
        vault.free(20 * UNIT);
        queue.fill();
        assertEq(queue.maxRedeem(ALICE), 17 * SHARE);
        queue.redeemRequest(1, 10 * SHARE, BOB, ALICE); // its beginning
        assertEq(queue.maxRedeem(ALICE), 7 * SHARE);
        queue.redeem(7 * SHARE, BOB, ALICE);
        assertEq(queue.maxRedeem(ALICE), 0);
        vm.stopPrank();
        assertEq(token.balanceOf(address(queue)), 0);
    }

    function test_refuses_a_claim_of_nothing_or_of_an_unknown_request() public {
        vm.startPrank(ALICE);
        vm.expectRevert(RedemptionLine.ZeroShares.selector);
        queue.redeemRequest(1, 0, ALICE, ALICE);
        _expectTooLarge(1, 0);
        queue.redeemRequest(0, 1, ALICE, ALICE);
        _expectTooLarge(1, 0);
        queue.redeemRequest(9, 1, ALICE, ALICE);
        vm.stopPrank();
    }

    // ---------------------------------------------------------------- long lists

    function test_a_long_list_is_claimed_in_several_calls() public {
        for (uint256 i; i < 150; ++i) {
            _request(ALICE, SHARE);
            _nextBlock();
        }
        _fill(150 * SHARE);
        assertEq(queue.maxRedeem(ALICE), 64 * SHARE);
        assertEq(queue.maxWithdraw(ALICE), 64 * UNIT);
        _expectTooLarge(65 * SHARE, 64 * SHARE);
        _redeem(ALICE, 65 * SHARE);
        _expectTooLarge(65 * UNIT, 64 * UNIT);
        vm.prank(ALICE);
        queue.withdraw(65 * UNIT, ALICE, ALICE);

        vm.startPrank(ALICE);
        queue.redeemRequest(140, SHARE, ALICE, ALICE);
        uint256 before = gasleft();
        queue.redeem(64 * SHARE, ALICE, ALICE);
        assertLt(before - gasleft(), 2_500_000);
        queue.withdraw(64 * UNIT, ALICE, ALICE);
        queue.redeem(queue.maxRedeem(ALICE), ALICE, ALICE);
        vm.stopPrank();
        assertEq(token.balanceOf(ALICE), 150 * UNIT);
    }

    // ---------------------------------------------------------------- permission and receivers

    function test_only_the_controller_and_its_operator_may_claim() public {
        _request(ALICE, 10 * SHARE);
        _fill(10 * SHARE);
        bytes memory refusal = abi.encodeWithSelector(RedemptionQueue.NotOperator.selector, MALLORY, ALICE);
        vm.startPrank(MALLORY);
        vm.expectRevert(refusal);
        queue.redeem(1, ALICE, ALICE);
        vm.expectRevert(refusal);
        queue.withdraw(1, ALICE, ALICE);
        vm.expectRevert(refusal);
        queue.redeemRequest(1, 1, ALICE, ALICE);
        vm.stopPrank();

        vm.prank(ALICE);
        queue.setOperator(BOB, true);
        vm.startPrank(BOB);
        vm.expectEmit(address(queue));
        emit IERC7575.Withdraw(BOB, CAROL, ALICE, 2 * UNIT, 2 * SHARE);
        queue.redeem(2 * SHARE, CAROL, ALICE);
        queue.withdraw(3 * UNIT, CAROL, ALICE);
        queue.redeemRequest(1, 5 * SHARE, CAROL, ALICE);
        vm.stopPrank();
        assertEq(token.balanceOf(CAROL), 10 * UNIT);
    }

    function test_the_owner_has_no_claim_on_a_request_that_another_controls() public {
        vm.prank(BOB);
        queue.setOperator(ALICE, true);
        vm.prank(ALICE);
        queue.requestRedeem(SHARE, BOB, ALICE);
        vm.prank(BOB);
        queue.setOperator(ALICE, false);
        _fill(SHARE);
        _expectTooLarge(SHARE, 0);
        _redeem(ALICE, SHARE);
        assertEq(_redeem(BOB, SHARE), UNIT);
    }

    function test_a_holder_whom_the_asset_refuses_names_another_receiver_and_harms_nobody() public {
        BlockingToken blocking = new BlockingToken();
        _setUpWith(blocking);
        _request(ALICE, SHARE);
        _request(BOB, SHARE);
        blocking.setBlocked(ALICE);
        _fill(2 * SHARE);
        vm.expectRevert(abi.encodeWithSelector(BlockingToken.Blocked.selector, ALICE));
        _redeem(ALICE, SHARE);
        assertEq(_redeem(BOB, SHARE), UNIT);
        vm.prank(ALICE);
        assertEq(queue.redeem(SHARE, CAROL, ALICE), UNIT);
        assertEq(token.balanceOf(CAROL), UNIT);
    }

    function test_worthless_shares_are_claimed_without_a_transfer() public {
        _setUpWith(new BlockingToken());
        _request(ALICE, 1);
        _request(BOB, SHARE);
        vault.free(2 * UNIT);
        queue.fill();
        assertEq(_redeem(ALICE, 1), 0);
        assertEq(queue.maxRedeem(ALICE), 0);
    }
}
