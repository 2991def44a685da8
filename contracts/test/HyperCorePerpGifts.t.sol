// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {HyperCoreTransfers} from "src/adapters/HyperCoreTransfers.sol";
import {HyperCorePerpFixture} from "./helpers/HyperCorePerpFixture.sol";

/// @notice USDC that nobody asked for, on either side: it may hide money in flight for a while, never feign any.
contract HyperCorePerpGiftsTest is HyperCorePerpFixture {
    uint256 internal constant WEALTH = 100_000e6;

    function test_gift_on_the_evm_hides_nothing_of_a_deposit_and_is_swept_home() public {
        _deposit(10_000e6);
        usdc.mint(address(adapter), 3_000e6);
        assertEq(_wealth(), WEALTH + 3_000e6);
        _settle();
        assertEq(usdc.balanceOf(address(vault)), 93_000e6);
        assertEq(adapter.inFlight(), 10_000e6);
        assertEq(_wealth(), WEALTH + 3_000e6);
        _advance(TRANSFER_DELAY);
        assertEq(_wealth(), WEALTH + 3_000e6);
    }

    function test_gift_on_the_evm_before_a_withdrawal_is_taken_from_spot_hides_nothing() public {
        _deposit(10_000e6);
        _settleLater();
        _withdraw(4_000e6);
        usdc.mint(address(adapter), 3_000e6);
        _settle();
        _advance(TRANSFER_DELAY);
        assertEq(adapter.inFlight(), 4_000e6);
        assertEq(_wealth(), WEALTH + 3_000e6);
        _settleLater();
        assertEq(_wealth(), WEALTH + 3_000e6);
        assertFalse(adapter.transferOutstanding());
    }

    function test_gift_on_the_evm_hides_as_much_of_a_withdrawal_under_way_until_it_arrives() public {
        _deposit(10_000e6);
        _settleLater();
        _withdraw(4_000e6);
        _advance(TRANSFER_DELAY);
        usdc.mint(address(adapter), 3_000e6);
        assertEq(_wealth(), WEALTH);
        _settle();
        assertEq(adapter.inFlight(), 1_000e6);
        assertEq(_wealth(), WEALTH);
        _advance(TRANSFER_DELAY);
        assertEq(_wealth(), WEALTH + 3_000e6, "arrived: the gift shows");
        _settle();
        assertFalse(adapter.transferOutstanding());
    }

    function test_gift_on_core_never_counts_as_money_in_flight() public {
        _deposit(10_000e6);
        _settleLater();
        _withdraw(4_000e6);
        _advance(TRANSFER_DELAY);
        _fund(address(adapter), 1_000e6, SPOT); // lets the withdrawal arrive, too
        assertEq(adapter.inFlight(), 0);
        assertEq(_wealth(), WEALTH + 1_000e6);
        vm.warp(block.timestamp + 1 hours);
        assertEq(_wealth(), WEALTH + 1_000e6);
    }

    function test_gift_to_the_perp_account_counts_when_it_arrives_and_only_there() public {
        _fundPerp(10_000e6);
        _fromPerp(4_000e6);
        _fund(address(adapter), 1_000e6, 0);
        assertEq(adapter.marginSummary().accountValue, 7_000e6);
        assertEq(_wealth(), WEALTH + 1_000e6);
    }

    /// @dev It takes more than dust, and then only half an hour.
    function test_gift_on_core_keeps_a_class_transfer_open_only_when_it_is_as_large() public {
        _deposit(10_000e6);
        _settleLater();
        _toPerp(4_000e6);
        _fund(address(adapter), 4_000e6 - 1, SPOT);
        assertFalse(adapter.transferOutstanding());
        _fund(address(adapter), 1, SPOT);
        assertTrue(adapter.transferOutstanding());
        assertEq(_wealth(), WEALTH + 4_000e6);
        vm.warp(block.timestamp + 30 minutes);
        assertFalse(adapter.transferOutstanding());
    }

    /// @dev Found by the invariant: asset sent along would look like the arrival of what is still on its way.
    function test_asset_that_no_deposit_needs_is_refused() public {
        _deposit(10_000e6);
        _settleLater();
        bytes[3] memory actions =
            [abi.encode(uint8(2), 1e6), abi.encode(uint8(4), 1e6), _orderAction(1e4, 2020e8, false)];
        for (uint256 i = 0; i < actions.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(HyperCoreTransfers.UnexpectedAsset.selector, 5_000e6));
            _execute(5_000e6, actions[i]);
        }
        _withdraw(4_000e6);
        _advance(ACTION_DELAY);
        vm.expectRevert(abi.encodeWithSelector(HyperCoreTransfers.UnexpectedAsset.selector, 5_000e6));
        _execute(5_000e6, actions[2]);
        vm.expectRevert(HyperCoreTransfers.TransferOutstanding.selector);
        _deposit(5_000e6);
        _advance(TRANSFER_DELAY);
        vm.expectRevert(abi.encodeWithSelector(HyperCoreTransfers.UnexpectedAsset.selector, 1));
        _execute(5_000e6 + 1, abi.encode(uint8(1), 5_000e6));
        _deposit(5_000e6);
        assertEq(_wealth(), WEALTH);
    }

    function test_spot_dust_below_a_unit_is_not_counted() public {
        _deposit(1e6);
        _settleLater();
        address donor = makeAddr("donor");
        _fund(donor, 1e6, SPOT);
        _write(donor, 6, abi.encode(address(adapter), uint64(0), uint64(99)));
        _advance(TRANSFER_DELAY);
        assertEq(adapter.coreSpotUsdc(), 1e6);
        assertEq(_told().value, 1e6);
    }

    /// @dev A gift of any size at any moment: never less than without it, never more than with it.
    /// forge-config: default.fuzz.runs = 128
    /// forge-config: prove.fuzz.runs = 10000
    function testFuzz_gift_is_at_most_itself(uint256 amount, uint256 gift, uint256 moment, bool onCore, bool settles)
        public
    {
        amount = bound(amount, 1, WEALTH);
        gift = bound(gift, 1, 2 * WEALTH);
        moment = bound(moment, 0, 30);
        _deposit(amount);
        for (uint256 second = 0; second <= 40; ++second) {
            if (second == moment) {
                usdc.mint(address(onCore ? address(this) : address(adapter)), gift);
                usdc.approve(address(wallet), gift);
                if (onCore) wallet.depositFor(address(adapter), gift, SPOT);
            }
            if (second == 15) _withdraw(amount);
            if (settles) _settle();
            assertGe(_wealth(), WEALTH);
            assertLe(_wealth(), second < moment ? WEALTH : WEALTH + gift);
            _advance(1);
        }
        _settle();
        assertEq(_wealth(), WEALTH + gift);
    }
}
