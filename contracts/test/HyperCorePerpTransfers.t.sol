// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {HyperCorePerp} from "ballast/adapters/HyperCorePerp.sol";
import {HyperCoreTransfers} from "ballast/adapters/HyperCoreTransfers.sol";
import {HyperCorePerpFixture} from "./helpers/HyperCorePerpFixture.sol";

/// @notice Money on its way: counted once in every state, in both directions, and never because of a gift.
contract HyperCorePerpTransfersTest is HyperCorePerpFixture {
    uint256 internal constant WEALTH = 100_000e6;

    function test_deposit_is_worth_the_same_queued_and_credited() public {
        _deposit(10_000e6);
        assertEq(adapter.inFlight(), 10_000e6);
        assertEq(_told().value, 10_000e6);
        _advance(TRANSFER_DELAY - 1);
        assertEq(adapter.inFlight(), 10_000e6);
        assertEq(_told().value, 10_000e6);
        _advance(1);
        assertEq(adapter.inFlight(), 0);
        assertEq(adapter.coreSpotUsdc(), 10_000e6);
        assertEq(_told().value, 10_000e6);
        assertEq(usdc.allowance(address(adapter), address(wallet)), 0);
    }

    function test_withdrawal_is_worth_the_same_queued_debited_credited_and_home() public {
        _deposit(10_000e6);
        _settleLater();
        _withdraw(4_000e6);
        assertEq(adapter.inFlight(), 0, "queued: still on core");
        assertEq(_wealth(), WEALTH);
        _advance(TRANSFER_DELAY);
        assertEq(adapter.inFlight(), 4_000e6, "debited, not credited");
        assertEq(_wealth(), WEALTH);
        vault.settle(adapter);
        assertEq(_wealth(), WEALTH, "settling in between changes nothing");
        _advance(TRANSFER_DELAY);
        assertEq(adapter.inFlight(), 0, "credited");
        assertEq(_wealth(), WEALTH);
        vault.settle(adapter);
        assertEq(usdc.balanceOf(address(vault)), 94_000e6);
        assertEq(_told().value, 6_000e6);
        assertFalse(adapter.transferOutstanding());
    }

    function test_class_transfers_are_worth_the_same_before_and_after() public {
        _deposit(10_000e6);
        _settleLater();
        _toPerp(7_000e6);
        assertEq(_wealth(), WEALTH);
        _advance(TRANSFER_DELAY);
        assertEq(adapter.marginSummary().accountValue, 7_000e6);
        assertEq(_wealth(), WEALTH);
        _settleLater();
        _fromPerp(2_000e6);
        assertEq(_wealth(), WEALTH);
        _advance(TRANSFER_DELAY);
        assertEq(adapter.coreSpotUsdc(), 5_000e6);
        assertEq(_wealth(), WEALTH);
    }

    function test_one_transfer_at_a_time_of_whatever_kind() public {
        _deposit(10_000e6);
        _settleLater();
        for (uint8 first = 1; first <= 4; ++first) {
            uint256 state = vm.snapshotState();
            if (first == 3) {
                _toPerp(1_000e6);
                _settleLater();
            }
            vault.execute(adapter, first == 1 ? 1e6 : 0, abi.encode(first, uint256(1e6)), _priceE36(), 0);
            for (uint8 second = 1; second <= 4; ++second) {
                vm.expectRevert(HyperCoreTransfers.TransferOutstanding.selector);
                vault.execute(adapter, second == 1 ? 1e6 : 0, abi.encode(second, uint256(1e6)), _priceE36(), 0);
            }
            vm.revertToState(state);
        }
    }

    function test_class_transfer_frees_the_way_after_the_delay() public {
        _deposit(10_000e6);
        _settleLater();
        _toPerp(1_000e6);
        _advance(ACTION_DELAY - 1);
        assertTrue(adapter.transferOutstanding());
        _advance(1);
        assertFalse(adapter.transferOutstanding());
        _toPerp(1_000e6);
    }

    function test_settle_does_not_close_a_transfer_that_has_not_arrived() public {
        _deposit(10_000e6);
        vm.warp(block.timestamp + 1 hours); // HyperCore does not act
        vault.settle(adapter);
        assertTrue(adapter.transferOutstanding());
        assertEq(_wealth(), WEALTH);
        vm.expectRevert(HyperCoreTransfers.TransferOutstanding.selector);
        _deposit(1e6);
        core.process();
        assertEq(_wealth(), WEALTH);
        vault.settle(adapter);
        assertFalse(adapter.transferOutstanding());
    }

    function test_money_that_never_arrives_is_written_off_after_a_day() public {
        _deposit(10_000e6);
        vm.warp(block.timestamp + 1 days - 1);
        assertEq(_told().value, 10_000e6);
        vm.warp(block.timestamp + 1);
        assertEq(adapter.inFlight(), 0);
        assertEq(_told().value, 0);
        assertFalse(adapter.transferOutstanding());
        vault.settle(adapter);
        assertEq(_told().value, 0);
        // and if it comes after all, it is there
        core.process();
        assertEq(_told().value, 10_000e6);
    }

    function test_loss_by_an_unknown_way_is_believed_in_flight_for_a_day_at_most() public {
        _deposit(10_000e6);
        _settleLater();
        // Money leaves by a way the adapter does not know (trust broken), so that its own withdrawal is refused.
        _write(address(adapter), 6, abi.encode(makeAddr("stranger"), uint64(0), uint64(10_000e8)));
        _withdraw(4_000e6);
        _advance(TRANSFER_DELAY);
        assertEq(core.ledgerOf(address(adapter)).rejections, 1);
        // believed at most up to the amount sent, and for a day
        assertEq(adapter.inFlight(), 4_000e6);
        vm.warp(block.timestamp + 1 days);
        assertEq(_told().value, 0);
    }

    function test_class_transfer_that_core_refuses_changes_nothing() public {
        _fundPerp(10_000e6);
        _trade(30e4, 2020e8, false); // will bind 6,000 of the margin
        _fromPerp(10_000e6);
        _advance(TRANSFER_DELAY);
        assertEq(core.ledgerOf(address(adapter)).rejections, 1);
        assertEq(adapter.coreSpotUsdc(), 0);
        assertEq(_wealth(), WEALTH - 1, "the fill's rounding");
        _settleLater();
        assertEq(_wealth(), WEALTH - 1);
    }

    function test_amount_must_be_there_on_the_side_it_leaves() public {
        _fundPerp(10_000e6);
        _deposit(500e6);
        _settleLater();
        _expectTooLow(2, 500e6 + 1, 500e6);
        _expectTooLow(3, 10_000e6 + 1, 10_000e6);
        _expectTooLow(4, 500e6 + 1, 500e6);
        _expectTooLow(1, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(HyperCoreTransfers.CoreBalanceTooLow.selector, 2e6, 1e6));
        vault.execute(adapter, 1e6, abi.encode(uint8(1), uint256(2e6)), _priceE36(), 0);
        vm.expectRevert(HyperCoreTransfers.ZeroAmount.selector);
        _toPerp(0);
    }

    function test_spot_that_is_held_counts_but_cannot_leave() public {
        vm.mockCall(
            address(0x0801),
            abi.encode(address(adapter), uint64(0)),
            abi.encode(uint64(100e8), uint64(70e8), uint64(0))
        );
        assertEq(_told().value, 100e6);
        _expectTooLow(2, 30e6 + 1, 30e6);
        _expectTooLow(4, 30e6 + 1, 30e6);
        _toPerp(30e6);
    }

    function test_gift_on_the_evm_is_swept_home_and_hides_no_more_than_itself() public {
        _deposit(10_000e6);
        usdc.mint(address(adapter), 3_000e6);
        assertEq(_wealth(), WEALTH, "hidden behind what is in flight");
        vault.settle(adapter);
        assertEq(usdc.balanceOf(address(vault)), 93_000e6);
        assertEq(_wealth(), WEALTH);
        _advance(TRANSFER_DELAY);
        assertEq(_wealth(), WEALTH + 3_000e6, "arrived: the gift shows");
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

    /// @dev Found by the invariant: asset sent along would look like the arrival of what is still on its way.
    function test_asset_that_no_deposit_needs_is_refused() public {
        _deposit(10_000e6);
        _settleLater();
        _withdraw(4_000e6);
        _advance(ACTION_DELAY);
        bytes[3] memory actions = [abi.encode(uint8(2), 1e6), abi.encode(uint8(4), 1e6), _orderAction(1e4, 2020e8, false)];
        for (uint256 i = 0; i < actions.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(HyperCoreTransfers.UnexpectedAsset.selector, 5_000e6));
            vault.execute(adapter, 5_000e6, actions[i], _priceE36(), SLIPPAGE_BPS);
        }
        vm.expectRevert(HyperCoreTransfers.TransferOutstanding.selector);
        _deposit(5_000e6);
        _advance(TRANSFER_DELAY);
        vm.expectRevert(abi.encodeWithSelector(HyperCoreTransfers.UnexpectedAsset.selector, 1));
        vault.execute(adapter, 5_000e6 + 1, abi.encode(uint8(1), 5_000e6), _priceE36(), SLIPPAGE_BPS);
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

    /// @dev Both directions, any amounts, looked at before and after everything that happens.
    /// forge-config: default.fuzz.runs = 128
    function testFuzz_wealth_never_moves_while_money_does(uint256 deposited, uint256 moved, uint256 back, bool settles)
        public
    {
        deposited = bound(deposited, 1, WEALTH);
        moved = bound(moved, 1, deposited);
        back = bound(back, 1, deposited);
        _deposit(deposited);
        _watch(settles);
        _toPerp(moved);
        _watch(settles);
        _fromPerp(moved);
        _watch(settles);
        _withdraw(back);
        _watch(settles);
        vault.settle(adapter);
        assertEq(usdc.balanceOf(address(vault)), WEALTH - deposited + back);
        assertEq(adapter.coreSpotUsdc(), deposited - back);
    }

    /// @dev A gift of any size at any moment: never less than without it, never more than with it.
    /// forge-config: default.fuzz.runs = 128
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
            if (settles) vault.settle(adapter);
            assertGe(_wealth(), WEALTH);
            assertLe(_wealth(), second < moment ? WEALTH : WEALTH + gift);
            _advance(1);
        }
        vault.settle(adapter);
        assertEq(_wealth(), WEALTH + gift);
    }

    function _watch(bool settles) private {
        assertEq(_wealth(), WEALTH);
        // every moment before something happens, and that in which it does
        for (uint256 i = 0; i < 8; ++i) {
            _advance(i % 2 == 0 ? TRANSFER_DELAY - 1 : 1);
            assertEq(_wealth(), WEALTH);
            if (settles) vault.settle(adapter);
            assertEq(_wealth(), WEALTH);
        }
    }

    function _expectTooLow(uint8 kind, uint256 amount, uint256 available) private {
        vm.expectRevert(abi.encodeWithSelector(HyperCoreTransfers.CoreBalanceTooLow.selector, amount, available));
        vault.execute(adapter, 0, abi.encode(kind, amount), _priceE36(), 0);
    }
}
