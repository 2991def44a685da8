// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Vm} from "forge-std/Vm.sol";
import {HyperCorePerp} from "src/adapters/HyperCorePerp.sol";
import {HyperCoreTransfers} from "src/adapters/HyperCoreTransfers.sol";
import {HyperCoreReader} from "src/libraries/HyperCoreReader.sol";
import {TestToken} from "sim/TestToken.sol";
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
        assertEq(_told().exposure, -50 ether);
        assertEq(core.ledgerOf(address(adapter)).rejections, 0);
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
        assertEq(_told().exposure, 0);
    }

    function test_only_the_vault_acts() public {
        vm.expectRevert(HyperCoreTransfers.OnlyVault.selector);
        adapter.execute(_orderAction(1, 2000e8, false), 2e27, 0);
        vm.expectRevert(HyperCoreTransfers.OnlyVault.selector);
        adapter.reduce(10_000, 2e27, 0);
        vm.expectRevert(HyperCoreTransfers.OnlyVault.selector);
        adapter.settle(2e27);
    }

    function test_refuses_what_it_does_not_know() public {
        uint8[3] memory kinds = [0, 6, 255];
        for (uint256 i = 0; i < kinds.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(HyperCorePerp.UnknownAction.selector, kinds[i]));
            _execute(0, abi.encode(kinds[i], uint256(1)));
        }
        vm.expectRevert(HyperCorePerp.EmptyOrder.selector);
        _trade(0, 2000e8, false);
        vm.expectRevert(HyperCorePerp.EmptyOrder.selector);
        _trade(-1, 0, false);
        vm.expectRevert();
        _trade(type(int64).max, 2010e8, false);
        vm.expectRevert();
        _trade(type(int64).min, 1990e8, false);
    }

    function test_sends_no_money_to_an_account_that_does_not_exist() public {
        adapter = new HyperCorePerp(address(vault), address(usdc), address(ether_), ETH, ACTION_DELAY);
        vm.expectRevert(HyperCoreTransfers.AccountNotOnCore.selector);
        _deposit(1e6);
        assertEq(_told().value, 0);
    }

    function test_failed_reads_revert() public {
        vm.etch(address(0x080f), "");
        _expectReadFailed(0x080f);
        adapter.position(2e27);
        vm.mockCallRevert(address(0x0813), abi.encode(address(adapter), ETH), "");
        _expectReadFailed(0x0813);
        adapter.expectedPosition();
        vm.mockCall(address(0x0801), abi.encode(address(adapter), uint64(0)), abi.encode(uint64(1e8), uint64(0)));
        _expectReadFailed(0x0801); // a word short
        adapter.coreSpotUsdc();
    }

    function test_set_up_is_checked() public {
        address nobody = makeAddr("no contract");
        bytes memory zero = abi.encodePacked(HyperCoreTransfers.ZeroAddress.selector);
        _expectRefused(address(0), address(usdc), address(ether_), zero);
        _expectRefused(address(vault), address(0), address(ether_), zero);
        _expectRefused(address(vault), address(usdc), address(0), zero);
        bytes memory notAContract = abi.encodeWithSelector(HyperCoreTransfers.NotAContract.selector, nobody);
        _expectRefused(address(vault), nobody, address(ether_), notAContract);
        _expectRefused(address(vault), address(usdc), nobody, notAContract);
        bytes memory notSix = abi.encodeWithSelector(HyperCoreTransfers.AssetDecimalsNotSix.selector, 18);
        _expectRefused(address(vault), address(ether_), address(ether_), notSix);

        uint256[2] memory delays = [uint256(0), 30 minutes];
        for (uint256 i = 0; i < delays.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(HyperCoreTransfers.ActionDelayInvalid.selector, delays[i]));
            new HyperCorePerp(address(vault), address(usdc), address(ether_), ETH, delays[i]);
        }
        new HyperCorePerp(address(vault), address(usdc), address(ether_), ETH, 30 minutes - 1);
    }

    function test_set_up_refuses_a_perp_that_is_not_supported() public {
        _expectReadFailed(0x080a);
        new HyperCorePerp(address(vault), address(usdc), address(ether_), 99, 1);

        HyperCoreReader.PerpInfo[3] memory bad = [
            HyperCoreReader.PerpInfo("ETH", 1, 4, 25, true), // isolated only
            HyperCoreReader.PerpInfo("ETH", 1, 7, 25, false), // prices below one unit
            HyperCoreReader.PerpInfo("ETH", 1, 4, 0, false) // delisted
        ];
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.mockCall(address(0x080a), abi.encode(ETH), abi.encode(bad[i]));
            vm.expectRevert(abi.encodeWithSelector(HyperCorePerp.PerpNotSupported.selector, ETH));
            new HyperCorePerp(address(vault), address(usdc), address(ether_), ETH, 1);
        }
    }

    function test_tells_whom_it_serves() public view {
        assertEq(adapter.vault(), address(vault));
        assertEq(adapter.asset(), address(usdc));
        assertEq(adapter.baseToken(), address(ether_));
        assertEq(adapter.perpIndex(), ETH);
        assertEq(adapter.actionDelaySeconds(), ACTION_DELAY);
    }

    function test_exposure_is_in_units_of_the_base_token() public {
        uint8[5] memory decimals = [0, 2, 4, 8, 24];
        int256[5] memory expected = [int256(-2), -124, -12_345, -1.2345e8, -1.2345e24];
        for (uint256 i = 0; i < decimals.length; ++i) {
            TestToken base = new TestToken("BASE", decimals[i]);
            adapter = new HyperCorePerp(address(vault), address(usdc), address(base), ETH, ACTION_DELAY);
            uint256 priceE36 = 2_000e6 * 1e36 / 10 ** decimals[i];
            bytes memory action = _orderAction(-12_345, 1980e8, false);
            vault.execute(adapter, 0, action, priceE36, SLIPPAGE_BPS);
            assertEq(adapter.position(priceE36).exposure, expected[i]);
            _advance(ACTION_DELAY);
            action = _orderAction(12_345, 2020e8, false);
            vault.execute(adapter, 0, action, priceE36, SLIPPAGE_BPS);
            assertEq(adapter.position(priceE36).exposure, -expected[i]);
            // the reference has the same scale as the mark
            assertEq(adapter.position(priceE36).pendingLoss, 24.69e6 + 2.49369e6);
        }
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

    function _expectReadFailed(uint160 precompile) private {
        vm.expectRevert(abi.encodeWithSelector(HyperCoreReader.HyperCoreReadFailed.selector, address(precompile)));
    }

    function _expectRefused(address vault_, address asset, address baseToken, bytes memory reason) private {
        vm.expectRevert(reason);
        new HyperCorePerp(vault_, asset, baseToken, ETH, 1);
    }

    function _expectWouldNotReduce(int64 size, int64 position) private {
        vm.expectRevert(abi.encodeWithSelector(HyperCorePerp.WouldNotReduce.selector, size, position));
    }
}
