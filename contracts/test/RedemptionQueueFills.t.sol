// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {RedemptionLine} from "src/RedemptionLine.sol";
import {RedemptionQueue} from "src/RedemptionQueue.sol";
import {TestToken} from "sim/TestToken.sol";

import {Fault, PlainVault} from "./helpers/PlainVault.sol";
import {RedemptionQueueFixture} from "./helpers/RedemptionQueueFixture.sol";
import {CallbackToken, FeeOnTransferToken} from "./helpers/UnusualTokens.sol";

/// @notice In which order, at which price and at what cost the queue turns shares into cash.
contract RedemptionQueueFillsTest is RedemptionQueueFixture {
    // ---------------------------------------------------------------- nothing to do

    function test_a_fill_without_requests_does_nothing() public {
        vault.free(UNIT);
        assertEq(queue.fill(), 0);
    }

    function test_a_fill_asks_nothing_of_the_vault_when_nobody_waits() public {
        vault.setFault(Fault.BurnsAllGas);
        assertEq(queue.fill{gas: 100_000}(), 0);
    }

    function test_a_fill_without_cash_or_in_a_pause_does_nothing() public {
        _request(ALICE, SHARE);
        assertEq(queue.fill(), 0, "no cash");
        vault.free(UNIT);
        vault.setPaused(true);
        assertEq(queue.fill(), 0, "paused");
        vault.setPaused(false);
        assertEq(queue.fill(), SHARE);
    }

    function test_a_fill_that_the_vault_refuses_changes_nothing() public {
        _request(ALICE, SHARE);
        vault.free(UNIT);
        vault.setFault(Fault.Reverts);
        vm.expectRevert(PlainVault.Broken.selector);
        queue.fill();
        assertEq(queue.pendingShares(), SHARE);
        vault.setFault(Fault.None);
        assertEq(queue.fill(), SHARE);
    }

    // ---------------------------------------------------------------- order

    function test_one_fill_makes_all_batches_claimable_that_the_cash_reaches() public {
        _request(ALICE, 10 * SHARE);
        _nextBlock();
        _request(BOB, 20 * SHARE);
        _nextBlock();
        _request(CAROL, 30 * SHARE);
        uint256 carolsTime = vm.getBlockTimestamp();
        _nextBlock();

        vault.free(45 * UNIT);
        vm.expectEmit(address(queue));
        emit RedemptionLine.Filled(1, 3, 45 * SHARE, 45 * UNIT);
        queue.fill();

        assertEq(queue.claimableRedeemRequest(1, ALICE), 10 * SHARE);
        assertEq(queue.claimableRedeemRequest(2, BOB), 20 * SHARE);
        assertEq(queue.claimableRedeemRequest(3, CAROL), 15 * SHARE);
        assertEq(queue.pendingRedeemRequest(3, CAROL), 15 * SHARE);
        assertEq(queue.pendingShares(), 15 * SHARE);
        assertEq(queue.oldestPendingSince(), carolsTime);
        assertEq(vault.balanceOf(address(queue)), 15 * SHARE);
        assertEq(token.balanceOf(address(queue)), 45 * UNIT);

        vault.free(15 * UNIT);
        vm.expectEmit(address(queue));
        emit RedemptionLine.Filled(3, 3, 15 * SHARE, 15 * UNIT);
        queue.fill();
        assertEq(queue.oldestPendingSince(), 0);

        _request(ALICE, SHARE);
        assertEq(queue.oldestPendingSince(), vm.getBlockTimestamp());
        vault.free(UNIT);
        vm.expectEmit(address(queue));
        emit RedemptionLine.Filled(4, 4, SHARE, UNIT);
        queue.fill();
    }

    function test_an_earlier_batch_is_filled_to_its_end_before_a_later_one() public {
        _request(ALICE, 100 * SHARE);
        _nextBlock();
        _request(BOB, SHARE);
        _fill(99 * SHARE);
        assertEq(queue.claimableRedeemRequest(2, BOB), 0);
        vault.free(UNIT);
        vm.expectEmit(address(queue));
        emit RedemptionLine.Filled(1, 1, SHARE, UNIT); // ends where the second batch begins
        queue.fill();
        assertEq(queue.claimableRedeemRequest(1, ALICE), 100 * SHARE);
        assertEq(queue.claimableRedeemRequest(2, BOB), 0);
        _fill(SHARE);
        assertEq(queue.claimableRedeemRequest(2, BOB), SHARE);
    }

    function test_a_batch_is_filled_pro_rata() public {
        _request(ALICE, 10 * SHARE);
        _request(BOB, 30 * SHARE);
        _fill(10 * SHARE);
        assertEq(queue.claimableRedeemRequest(1, ALICE), 10 * SHARE / 4);
        assertEq(queue.claimableRedeemRequest(1, BOB), 30 * SHARE / 4);
        assertEq(queue.maxWithdraw(ALICE), 10 * UNIT / 4);
        assertEq(queue.maxWithdraw(BOB), 30 * UNIT / 4);
    }

    // ---------------------------------------------------------------- price

    function test_the_price_is_the_vaults_at_the_fill() public {
        _request(ALICE, 100 * SHARE);
        vault.setInvested(1_500 * UNIT); // half is lost after the request
        vault.free(50 * UNIT);
        uint256 filled = queue.fill();
        assertApproxEqAbs(filled, 100 * SHARE, 1e6);
        assertApproxEqAbs(queue.maxWithdraw(ALICE), 50 * UNIT, 1);
    }

    function test_what_is_filled_keeps_its_price() public {
        _request(ALICE, 100 * SHARE);
        _fill(100 * SHARE);
        vault.setInvested(0);
        assertEq(_redeem(ALICE, 100 * SHARE), 100 * UNIT);
    }

    function test_requests_of_one_batch_get_the_same_blend_of_prices_whenever_they_claim() public {
        _request(ALICE, 100 * SHARE);
        _request(BOB, 100 * SHARE);
        _fill(100 * SHARE);
        uint256 early = _redeem(ALICE, 50 * SHARE);
        assertEq(early, 50 * UNIT);

        vault.setInvested(2 * vault.invested());
        vault.free(200 * UNIT);
        queue.fill();
        uint256 late = _redeem(ALICE, queue.maxRedeem(ALICE));
        assertApproxEqAbs(early + late, 150 * UNIT, 1);
        assertEq(_redeem(BOB, queue.maxRedeem(BOB)), early + late);
    }

    function test_shares_that_are_worth_nothing_resolve_all_the_same() public {
        _request(ALICE, 10 * SHARE);
        _nextBlock();
        _request(BOB, SHARE);
        vault.setInvested(0);
        assertEq(queue.fill(), 11 * SHARE, "a vault without assets pays nothing for any number of shares");
        assertEq(queue.pendingShares(), 0);
        assertEq(queue.maxRedeem(ALICE), 10 * SHARE);
        assertEq(queue.maxWithdraw(ALICE), 0);
        assertEq(_redeem(ALICE, 10 * SHARE), 0);
        assertEq(queue.maxRedeem(ALICE), 0);
    }

    function test_dust_that_rounds_to_nothing_resolves_with_the_next_fill() public {
        _request(ALICE, 1);
        _nextBlock();
        _request(BOB, SHARE);
        vault.free(UNIT);
        assertApproxEqAbs(queue.fill(), SHARE, 1);
        assertEq(queue.claimableRedeemRequest(1, ALICE), 1);
        assertEq(_redeem(ALICE, 1), 0);
    }

    /// @dev With an asset of no decimals a unit is worth something: 0.9 of one would be lost in each careless fill.
    function test_tiny_fills_do_not_round_the_waiting_holders_down() public {
        _setUpWith(new TestToken("WHOLE", 0));
        vault.setInvested(vault.invested() * 19 / 10);
        _request(ALICE, 100 * 1e6);
        uint256 worth = vault.convertToAssets(100 * 1e6);
        uint256 paid;
        for (uint256 i; i < 50; ++i) {
            queue.fill(); // there is no cash, though the vault would take up to a unit's worth of shares
            vault.free(1);
            queue.fill();
        }
        paid = queue.maxWithdraw(ALICE);
        assertEq(paid, 50);
        vault.free(200);
        queue.fill();
        assertEq(queue.pendingShares(), 0);
        assertApproxEqAbs(queue.maxWithdraw(ALICE), worth, 1);
    }

    function test_what_counts_is_what_arrives() public {
        _setUpWith(new FeeOnTransferToken());
        _request(ALICE, 100 * SHARE);
        vault.free(200 * UNIT);
        vm.expectEmit(address(queue));
        emit RedemptionLine.Filled(1, 1, 100 * SHARE, _received());
        queue.fill();
        assertEq(token.balanceOf(address(queue)), queue.maxWithdraw(ALICE));
    }

    function _received() private view returns (uint256) {
        uint256 sent = vault.previewRedeem(100 * SHARE);
        return sent - sent / 100;
    }

    // ---------------------------------------------------------------- gifts, griefing, reentrancy

    function test_gifts_of_shares_or_asset_change_nothing() public {
        _request(ALICE, SHARE);
        vm.prank(BOB);
        vault.transfer(address(queue), 5 * SHARE);
        token.mint(address(queue), 7 * UNIT);
        assertEq(queue.pendingShares(), SHARE);
        vault.free(100 * UNIT);
        assertEq(queue.fill(), SHARE);
        assertEq(queue.maxWithdraw(ALICE), UNIT);
        assertEq(vault.balanceOf(address(queue)), 5 * SHARE);
        assertEq(token.balanceOf(address(queue)), 8 * UNIT);
    }

    function test_a_thousand_dust_requests_hardly_change_the_cost_of_a_fill() public {
        _request(ALICE, SHARE);
        uint256 alone = _gasOfFill(UNIT);
        for (uint256 i; i < 1_000; ++i) {
            _nextBlock();
            _request(BOB, 1e6);
        }
        _nextBlock();
        _request(ALICE, SHARE);
        uint256 crowded = _gasOfFill(UNIT + 1_000);
        assertEq(queue.pendingShares(), 0);
        assertLt(crowded, alone + 30_000);
        emit log_named_uint("alone", alone);
        emit log_named_uint("behind 1,000 batches", crowded);
    }

    function _gasOfFill(uint256 cash) private returns (uint256) {
        vault.free(cash);
        vm.cool(address(queue));
        uint256 before = gasleft();
        queue.fill();
        return before - gasleft();
    }

    function test_a_token_with_hooks_finds_every_door_shut() public {
        CallbackToken hooked = new CallbackToken();
        _setUpWith(hooked);
        _request(ALICE, 10 * SHARE);
        _fill(5 * SHARE);

        bytes[7] memory calls = [
            abi.encodeCall(RedemptionQueue.fill, ()),
            abi.encodeCall(RedemptionQueue.requestRedeem, (0, address(hooked), address(hooked))),
            abi.encodeCall(RedemptionQueue.redeem, (0, address(hooked), address(hooked))),
            abi.encodeCall(RedemptionQueue.withdraw, (0, address(hooked), address(hooked))),
            abi.encodeCall(RedemptionQueue.redeemRequest, (1, 0, address(hooked), address(hooked))),
            abi.encodeCall(RedemptionQueue.deposit, (0, address(hooked))),
            abi.encodeCall(RedemptionQueue.mint, (0, address(hooked)))
        ];
        bytes memory refusal = abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        vault.free(7 * UNIT);
        vm.prank(BOB);
        queue.setOperator(address(this), true);
        hooked.mint(address(this), 7 * UNIT);
        hooked.approve(address(queue), 7 * UNIT);
        for (uint256 i; i < calls.length; ++i) {
            hooked.onNextTransfer(address(queue), calls[i]);
            _redeem(ALICE, SHARE / 2);
            assertFalse(hooked.succeeded());
            assertEq(hooked.answer(), refusal, "during a claim");

            hooked.onNextTransfer(address(queue), calls[i]);
            queue.deposit(UNIT, BOB);
            assertFalse(hooked.succeeded());
            assertEq(hooked.answer(), refusal, "during a deposit");
        }
        for (uint256 i; i < calls.length; ++i) {
            uint256 state = vm.snapshotState();
            hooked.onNextTransfer(address(queue), calls[i]);
            queue.fill();
            assertFalse(hooked.succeeded());
            assertEq(hooked.answer(), refusal, "during a fill");
            vm.revertToState(state);
        }
    }
}
