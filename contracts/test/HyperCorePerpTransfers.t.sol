// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {HyperCoreTransfers} from "src/adapters/HyperCoreTransfers.sol";
import {HyperCorePerpFixture} from "./helpers/HyperCorePerpFixture.sol";

/// @notice Money on its way: counted once in every state, in both directions, however late HyperCore acts.
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
        _settle();
        assertEq(_wealth(), WEALTH, "settling in between changes nothing");
        _advance(TRANSFER_DELAY);
        assertEq(adapter.inFlight(), 0, "credited");
        assertEq(_wealth(), WEALTH);
        _settle();
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

    function test_next_transfer_may_start_as_soon_as_the_last_is_seen_to_be_done() public {
        _deposit(10_000e6);
        for (uint8 kind = 2; kind <= 4; ++kind) {
            _advance(TRANSFER_DELAY - 1);
            assertTrue(adapter.transferOutstanding());
            _advance(1);
            assertFalse(adapter.transferOutstanding());
            _execute(0, abi.encode(kind, uint256(1_000e6)));
        }
        _advance(TRANSFER_DELAY);
        _advance(TRANSFER_DELAY - 1);
        assertTrue(adapter.transferOutstanding(), "taken from spot, not yet on the EVM");
        _advance(1);
        assertFalse(adapter.transferOutstanding());
        _deposit(1_000e6);
    }

    /// @dev Refused and late look alike, so the next one waits half an hour; all the while every unit counts once.
    function test_transfer_that_shows_no_effect_holds_up_the_next_for_half_an_hour() public {
        _deposit(10_000e6);
        _settleLater();
        for (uint8 kind = 2; kind <= 4; ++kind) {
            uint256 state = vm.snapshotState();
            if (kind == 3) {
                _toPerp(1_000e6);
                _settleLater();
            }
            core.refuseNext(address(adapter), 1);
            _execute(0, abi.encode(kind, uint256(1_000e6)));
            _advance(30 minutes - 1);
            _settle();
            assertEq(core.ledgerOf(address(adapter)).rejections, 1);
            assertEq(_wealth(), WEALTH);
            vm.expectRevert(HyperCoreTransfers.TransferOutstanding.selector);
            _toPerp(1e6);
            _advance(1);
            _toPerp(1e6);
            assertEq(_wealth(), WEALTH);
            vm.revertToState(state);
        }
    }

    function test_transfer_that_acts_far_too_late_still_counts_once() public {
        _deposit(10_000e6);
        uint256 wait = 30 minutes - TRANSFER_DELAY - 1;
        for (uint8 kind = 1; kind <= 4; ++kind) {
            if (kind > 1) _execute(0, abi.encode(kind, uint256(1_000e6)));
            vm.warp(block.timestamp + wait); // HyperCore does not act
            _settle();
            assertTrue(adapter.transferOutstanding());
            assertEq(_wealth(), WEALTH);
            core.process();
            assertEq(_wealth(), WEALTH);
            _settle();
            assertEq(_wealth(), WEALTH);
            assertEq(adapter.transferOutstanding(), kind == 4);
        }
        vm.warp(block.timestamp + 20 hours); // nor does it pay out
        _settle();
        assertEq(adapter.inFlight(), 1_000e6);
        assertEq(_wealth(), WEALTH);
        core.process();
        assertEq(_wealth(), WEALTH);
        _settle();
        assertEq(usdc.balanceOf(address(vault)), 91_000e6);
        assertFalse(adapter.transferOutstanding());
    }

    function test_withdrawal_taken_after_it_was_thought_refused_still_counts_once() public {
        _deposit(10_000e6);
        _settleLater();
        _withdraw(4_000e6);
        vm.warp(block.timestamp + 2 hours); // HyperCore does not act
        _settle();
        assertFalse(adapter.transferOutstanding());
        core.process();
        assertEq(adapter.inFlight(), 4_000e6);
        assertTrue(adapter.transferOutstanding());
        assertEq(_wealth(), WEALTH);
        _settleLater();
        assertEq(usdc.balanceOf(address(vault)), 94_000e6);
        assertEq(_wealth(), WEALTH);
    }

    function test_settle_does_not_close_a_transfer_that_has_not_arrived() public {
        _deposit(10_000e6);
        vm.warp(block.timestamp + 1 hours); // HyperCore does not act
        _settle();
        assertTrue(adapter.transferOutstanding());
        assertEq(_wealth(), WEALTH);
        vm.expectRevert(HyperCoreTransfers.TransferOutstanding.selector);
        _deposit(1e6);
        core.process();
        assertEq(_wealth(), WEALTH);
        _settle();
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
        _settle();
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

    /// @dev Both directions, any amounts, looked at before and after everything that happens.
    /// forge-config: default.fuzz.runs = 128
    /// forge-config: prove.fuzz.runs = 10000
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
        _settle();
        assertEq(usdc.balanceOf(address(vault)), WEALTH - deposited + back);
        assertEq(adapter.coreSpotUsdc(), deposited - back);
    }

    function _watch(bool settles) private {
        assertEq(_wealth(), WEALTH);
        // every moment before something happens, and that in which it does
        for (uint256 i = 0; i < 8; ++i) {
            _advance(i % 2 == 0 ? TRANSFER_DELAY - 1 : 1);
            assertEq(_wealth(), WEALTH);
            if (settles) _settle();
            assertEq(_wealth(), WEALTH);
        }
    }

    function _expectTooLow(uint8 kind, uint256 amount, uint256 available) private {
        vm.expectRevert(abi.encodeWithSelector(HyperCoreTransfers.CoreBalanceTooLow.selector, amount, available));
        vault.execute(adapter, 0, abi.encode(kind, amount), _priceE36(), 0);
    }
}
