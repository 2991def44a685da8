// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {HyperCorePerp} from "src/adapters/HyperCorePerp.sol";
import {HyperCoreTransfers} from "src/adapters/HyperCoreTransfers.sol";
import {HyperCorePerpFixture} from "./helpers/HyperCorePerpFixture.sol";

/// @notice The way home that strangers may take step by step: close, free the margin, withdraw.
contract HyperCorePerpReduceTest is HyperCorePerpFixture {
    uint256 internal constant WEALTH = 100_000e6;

    function test_brings_everything_home_in_a_few_steps() public {
        _fundPerp(20_000e6);
        _trade(-10e4, 1990e8, false);
        _settleLater();
        _setPrice(210000);
        uint256 wealth = _wealth();
        assertEq(_reduce(5_000), 10_500e6, "half of 10 ETH at 2,100");
        _settleLater();
        assertEq(_told().exposure, -5 ether);
        assertEq(_reduce(10_000), 10_500e6);
        _settleLater();
        assertEq(_told().exposure, 0);
        assertEq(_reduce(1), 0, "margin to core spot");
        _settleLater();
        assertEq(adapter.coreSpotUsdc(), wealth - 80_000e6 - 2, "two fills rounded");
        assertEq(_reduce(1), 0, "core spot to the vault");
        _settleLater();
        _settleLater();
        assertEq(usdc.balanceOf(address(vault)), wealth - 2);
        assertEq(_told().value, 0);
        assertEq(_reduce(10_000), 0, "nothing left, nothing sent");
        assertEq(core.queueLength(), 0);
    }

    function test_order_is_the_collar_on_a_tick_inside_it_and_reduces_only() public {
        _fundPerp(10_000e6);
        _trade(-10e4, 1990e8, false);
        _settleLater();
        _setPrice(199999);
        uint256 state = vm.snapshotState();
        vm.expectEmit(address(adapter));
        emit HyperCorePerp.OrderSent(3_3330, 2019.9e8, true, 199999, 2019.9899e8);
        assertEq(_reduce(3_333), 3_3330 * 199999);
        vm.revertToState(state);

        _trade(20e4, 2010e8, false);
        _settleLater();
        vm.expectEmit(address(adapter));
        emit HyperCorePerp.OrderSent(-1_0000, 1980e8, true, 199999, 1979.9901e8);
        _reduce(1_000);
    }

    function test_part_is_rounded_up_to_a_lot_and_never_above_the_position() public {
        _fundPerp(10_000e6);
        _trade(1_0001, 2010e8, false);
        _settleLater();
        uint256 state = vm.snapshotState();
        _reduce(5_000);
        assertEq(adapter.expectedPosition(), 5_000);
        vm.revertToState(state);
        _reduce(10_000);
        assertEq(adapter.expectedPosition(), 0);
        vm.revertToState(state);
        uint256[2] memory bad = [uint256(0), 10_001];
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(HyperCorePerp.PartInvalid.selector, bad[i]));
            _reduce(bad[i]);
        }
    }

    /// @dev Otherwise a position reduced by parts would end with orders that the venue refuses for ever.
    function test_neither_sells_nor_leaves_less_than_20_dollars() public {
        _fundPerp(10_000e6);
        _trade(400, 2010e8, false); // 80 USD
        _settleLater();
        uint256 state = vm.snapshotState();
        _reduce(2_500);
        assertEq(adapter.expectedPosition(), 300, "20 USD are enough");
        vm.revertToState(state);
        _reduce(2_475);
        assertEq(adapter.expectedPosition(), 0, "19.80 USD are not");
        vm.revertToState(state);
        _reduce(7_500);
        assertEq(adapter.expectedPosition(), 100);
        vm.revertToState(state);
        _reduce(7_501);
        assertEq(adapter.expectedPosition(), 0);
    }

    function test_waits_for_an_order_and_cash_waits_for_a_transfer() public {
        _fundPerp(10_000e6);
        _trade(10e4, 2010e8, false);
        vm.expectRevert(HyperCorePerp.OrderOutstanding.selector);
        _reduce(10_000);
        _settleLater();
        _deposit(5_000e6);
        assertEq(_reduce(10_000), 20_000e6, "a transfer does not keep a position open");
        vm.expectRevert(HyperCorePerp.OrderOutstanding.selector);
        _reduce(10_000);
        _settleLater();
        _fromPerp(1_000e6);
        vm.expectRevert(HyperCoreTransfers.TransferOutstanding.selector);
        _reduce(10_000);
        _settleLater();
        _reduce(10_000);
    }

    function test_partly_filled_order_is_followed_by_another_and_a_refused_one_too() public {
        _fundPerp(50_000e6);
        _trade(50e4, 2020e8, false);
        _settleLater();
        core.refuseNext(address(adapter), 1);
        _reduce(10_000);
        _settleLater();
        assertEq(adapter.expectedPosition(), 50e4);
        _reduce(4_000);
        _settleLater();
        assertEq(adapter.expectedPosition(), 30e4);
        // the venue closes a part of the rest against its owner
        core.autoDeleverage(address(adapter), ETH, 20e4, 200000);
        _reduce(10_000);
        _settleLater();
        assertEq(adapter.expectedPosition(), 0);
    }

    function test_does_not_sell_at_a_mark_that_was_pushed_away() public {
        _fundPerp(10_000e6);
        _trade(10e4, 2010e8, false);
        _settleLater();
        _tick(200000, 190000, 200000, 190000, 0);
        vm.expectRevert(abi.encodeWithSelector(HyperCorePerp.LimitPriceOutOfReach.selector, 1980e8, 1898.1e8));
        _reduce(10_000);
        vm.expectRevert(HyperCorePerp.EmptyOrder.selector);
        vault.reduce(adapter, 10_000, 0, 10_000);
    }

    function test_larger_sum_moves_first_so_that_a_gift_holds_up_nothing() public {
        _deposit(10_000e6);
        _settleLater();
        _fund(address(adapter), 9_999e6, 0);
        _reduce(10_000); // withdraws the 10,000, not the gift
        _advance(TRANSFER_DELAY);
        _advance(TRANSFER_DELAY);
        _settle();
        assertEq(usdc.balanceOf(address(vault)), WEALTH);
        _reduce(10_000);
        _settleLater();
        assertEq(adapter.coreSpotUsdc(), 9_999e6);
    }

    function test_leaves_dust_and_what_is_held() public {
        _deposit(1e6 - 1);
        _settleLater();
        _reduce(10_000);
        assertEq(core.queueLength(), 0);
        _deposit(1);
        _settleLater();
        vm.mockCall(
            address(0x0801),
            abi.encode(address(adapter), uint64(0)),
            abi.encode(uint64(1e8), uint64(100), uint64(0))
        );
        _reduce(10_000);
        assertEq(core.queueLength(), 0, "a part of it is held");
        vm.clearMockedCalls();
        _reduce(10_000);
        assertEq(core.queueLength(), 1);
    }

    function test_asset_must_be_settled_before_cash_moves() public {
        _deposit(10_000e6);
        _settleLater();
        usdc.mint(address(adapter), 7);
        vm.expectRevert(abi.encodeWithSelector(HyperCoreTransfers.UnexpectedAsset.selector, 7));
        vm.prank(address(vault));
        adapter.reduce(10_000, 2e27, SLIPPAGE_BPS);
        _reduce(10_000); // this vault settles
    }
}
