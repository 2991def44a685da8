// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Vm} from "forge-std/Vm.sol";
import {HyperCorePerp} from "ballast/adapters/HyperCorePerp.sol";
import {HyperCoreTransfers} from "ballast/adapters/HyperCoreTransfers.sol";
import {HyperCoreReader} from "ballast/libraries/HyperCoreReader.sol";
import {HyperCorePerpFixture} from "./helpers/HyperCorePerpFixture.sol";

/// @notice What the adapter sends to HyperCore, and what it refuses to send.
contract HyperCorePerpTest is HyperCorePerpFixture {
    function test_writes_are_byte_for_byte_what_core_writer_expects() public {
        _deposit(10_000e6);
        _settleLater();
        vm.recordLogs();
        _toPerp(9_000e6);
        _trade(-12_345, 1998e8, false);
        _settleLater();
        _fromPerp(1e6);
        _settleLater();
        _withdraw(2e6);
        bytes[] memory written = _writtenActions();
        assertEq(written.length, 4);
        assertEq(written[0], abi.encodePacked(hex"01000007", uint256(9_000e6), uint256(1)));
        assertEq(
            written[1],
            abi.encodePacked(
                hex"01000001",
                uint256(4), // asset
                uint256(0), // sell
                uint256(199_800_000_000), // 1,998
                uint256(123_450_000), // 1.2345
                uint256(0), // not reduce only
                uint256(3), // immediate or cancel
                uint256(0) // no client id
            )
        );
        assertEq(written[2], abi.encodePacked(hex"01000007", uint256(1e6), uint256(0)));
        assertEq(
            written[3],
            abi.encodePacked(
                hex"0100000d",
                uint256(uint160(0x2000000000000000000000000000000000000000)),
                uint256(0), // no sub-account
                uint256(0xffffffff), // from spot
                uint256(0xffffffff), // to spot
                uint256(0), // USDC
                uint256(2e8)
            )
        );
    }

    function test_margin_and_order_of_one_plan_act_in_turn() public {
        _deposit(10_000e6);
        _settleLater();
        _toPerp(10_000e6);
        assertEq(_trade(-50e4, 1990e8, false), 100_000e6);
        assertEq(adapter.coreSpotUsdc(), 10_000e6, "nothing shows in the same block");
        assertEq(_position(address(adapter)), 0);
        _settleLater();
        assertEq(_position(address(adapter)), -50e4);
        assertEq(adapter.exposure(), -50 ether);
        assertEq(core.ledgerOf(address(adapter)).rejections, 0);
    }

    function test_order_counts_as_filled_until_it_can_be_read_back() public {
        _fundPerp(10_000e6);
        _trade(200e4, 2020e8, false); // needs more margin than there is: will be refused
        assertEq(adapter.exposure(), 200 ether);
        assertEq(adapter.expectedPosition(), 200e4);
        assertEq(adapter.pendingUntil(), block.timestamp + ACTION_DELAY);
        _advance(ACTION_DELAY - 1);
        assertEq(adapter.exposure(), 200 ether);
        _advance(1);
        assertEq(adapter.exposure(), 0);
        assertEq(adapter.expectedPosition(), 0);
        assertEq(adapter.pendingLoss(), 0);
    }

    function test_expected_position_adds_to_the_one_before() public {
        _fundPerp(10_000e6);
        _trade(10e4, 2020e8, false);
        _settleLater();
        _trade(-25e4, 1980e8, false);
        assertEq(adapter.exposure(), -15 ether);
        _settleLater();
        assertEq(adapter.exposure(), -15 ether);
    }

    function test_second_order_waits_for_the_first_to_be_read_back() public {
        _fundPerp(10_000e6);
        _trade(1e4, 2020e8, false);
        vm.expectRevert(HyperCorePerp.OrderOutstanding.selector);
        _trade(1e4, 2020e8, false);
        _advance(ACTION_DELAY - 1);
        vm.expectRevert(HyperCorePerp.OrderOutstanding.selector);
        _trade(1e4, 2020e8, false);
        _advance(1);
        _trade(1e4, 2020e8, false);
    }

    function test_limit_price_lies_between_reach_and_collar() public {
        _fundPerp(10_000e6);
        uint256 state = vm.snapshotState();
        _trade(1e4, 2020e8, false); // exactly 1 %
        vm.revertToState(state);
        _trade(-1e4, 1980e8, false);
        vm.revertToState(state);
        _trade(1e4, 2002e8, false); // exactly 10 bps
        vm.revertToState(state);
        _trade(-1e4, 1998e8, false);
        vm.revertToState(state);
        _expectOutOfReach(2001.9e8, 2002e8);
        _trade(1e4, 2001.9e8, false);
        _expectOutOfReach(1998.1e8, 1998e8);
        _trade(-1e4, 1998.1e8, false);
        _expectOutOfReach(1500e8, 2002e8); // would never fill, and hide a naked leg until it is read back
        _trade(1e4, 1500e8, false);
        _expectOutside(2020e8 + 1, 2020e8);
        _trade(1e4, 2020e8 + 1, false);
        _expectOutside(1980e8 - 1, 1980e8);
        _trade(-1e4, 1980e8 - 1, false);
    }

    function test_collar_rounds_against_the_order() public {
        _fundPerp(10_000e6);
        _setPrice(199999);
        // 11 bps of 1,999.99 are 2.199989
        _expectOutside(2002.19e8, 2002.189989e8);
        vault.execute(adapter, 0, _orderAction(1e4, 2002.19e8, false), 11);
        _expectOutside(1997.7e8, 1997.790011e8);
        vault.execute(adapter, 0, _orderAction(-1e4, 1997.7e8, false), 11);
        vault.execute(adapter, 0, _orderAction(-1e4, 1997.9e8, false), 11);
    }

    function test_limit_price_must_be_one_the_venue_takes() public {
        _fundPerp(10_000e6);
        uint64[3] memory bad = [uint64(2003.11e8), 2002.95e8 + 1, 2010.001e8];
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(HyperCorePerp.LimitPriceOffTick.selector, bad[i]));
            _trade(1e4, bad[i], false);
        }
        _setPrice(12_345_600);
        _trade(1e4, 123_601e8, false); // whole prices may have more than five figures
    }

    function test_reduce_only_order_must_reduce() public {
        _fundPerp(10_000e6);
        _expectWouldNotReduce(1e4, 0);
        _trade(1e4, 2020e8, true);
        _trade(10e4, 2020e8, false);
        _settleLater();
        _expectWouldNotReduce(1e4, 10e4);
        _trade(1e4, 2020e8, true);
        _expectWouldNotReduce(-10e4 - 1, 10e4);
        _trade(-10e4 - 1, 1980e8, true);
        _trade(-10e4, 1980e8, true);
        _settleLater();
        assertEq(adapter.exposure(), 0);
    }

    function test_only_the_vault_acts() public {
        vm.expectRevert(HyperCorePerp.OnlyVault.selector);
        adapter.execute(_orderAction(1, 2000e8, false), 0);
        vm.expectRevert(HyperCorePerp.OnlyVault.selector);
        adapter.settle();
    }

    function test_refuses_what_it_does_not_know() public {
        uint8[3] memory kinds = [0, 6, 255];
        for (uint256 i = 0; i < kinds.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(HyperCorePerp.UnknownAction.selector, kinds[i]));
            vault.execute(adapter, 0, abi.encode(kinds[i], uint256(1)), 0);
        }
        vm.expectRevert(HyperCorePerp.EmptyOrder.selector);
        _trade(0, 2000e8, false);
        vm.expectRevert(HyperCorePerp.EmptyOrder.selector);
        _trade(-1, 0, false);
        vm.expectRevert();
        _trade(type(int64).max, 2000e8, false);
    }

    function test_acts_only_with_an_account_on_core() public {
        HyperCorePerp homeless = new HyperCorePerp(address(vault), address(usdc), address(ether_), ETH, ACTION_DELAY);
        vm.expectRevert(HyperCorePerp.AccountNotOnCore.selector);
        vault.execute(homeless, 1e6, abi.encode(uint8(1), uint256(1e6)), 0);
        assertEq(homeless.value(), 0);
    }

    function test_failed_reads_revert() public {
        vm.etch(address(0x080f), "");
        vm.expectRevert(abi.encodeWithSelector(HyperCoreReader.HyperCoreReadFailed.selector, address(0x080f)));
        adapter.value();
        vm.mockCallRevert(address(0x0813), abi.encode(address(adapter), ETH), "");
        vm.expectRevert(abi.encodeWithSelector(HyperCoreReader.HyperCoreReadFailed.selector, address(0x0813)));
        adapter.exposure();
    }

    function test_set_up_is_checked() public {
        vm.expectRevert(abi.encodeWithSelector(HyperCoreTransfers.AssetDecimalsNotSix.selector, 18));
        new HyperCorePerp(address(vault), address(ether_), address(ether_), ETH, 1);
        vm.expectRevert(abi.encodeWithSelector(HyperCoreTransfers.ActionDelayInvalid.selector, 0));
        new HyperCorePerp(address(vault), address(usdc), address(ether_), ETH, 0);
        vm.expectRevert(abi.encodeWithSelector(HyperCoreTransfers.ActionDelayInvalid.selector, 1 days));
        new HyperCorePerp(address(vault), address(usdc), address(ether_), ETH, 1 days);
        vm.expectRevert(abi.encodeWithSelector(HyperCoreReader.HyperCoreReadFailed.selector, address(0x080a)));
        new HyperCorePerp(address(vault), address(usdc), address(ether_), 99, 1);

        HyperCoreReader.PerpInfo memory isolated = HyperCoreReader.PerpInfo("ETH", 1, 4, 25, true);
        vm.mockCall(address(0x080a), abi.encode(ETH), abi.encode(isolated));
        vm.expectRevert(abi.encodeWithSelector(HyperCorePerp.PerpNotSupported.selector, ETH));
        new HyperCorePerp(address(vault), address(usdc), address(ether_), ETH, 1);
    }

    function _writtenActions() private returns (bytes[] memory actions) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        actions = new bytes[](4);
        uint256 count = 0;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter != address(coreWriter)) continue;
            assertEq(logs[i].topics[0], keccak256("RawAction(address,bytes)"));
            assertEq(logs[i].topics[1], bytes32(uint256(uint160(address(adapter)))));
            actions[count++] = abi.decode(logs[i].data, (bytes));
        }
        assertEq(count, 4);
    }

    function _expectOutOfReach(uint256 limitPx, uint256 bound) private {
        vm.expectRevert(abi.encodeWithSelector(HyperCorePerp.LimitPriceOutOfReach.selector, limitPx, bound));
    }

    function _expectOutside(uint256 limitPx, uint256 bound_) private {
        vm.expectRevert(abi.encodeWithSelector(HyperCorePerp.LimitPriceOutsideCollar.selector, limitPx, bound_));
    }

    function _expectWouldNotReduce(int64 size, int64 position) private {
        vm.expectRevert(abi.encodeWithSelector(HyperCorePerp.WouldNotReduce.selector, size, position));
    }
}
