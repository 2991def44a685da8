// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {HyperCorePerp} from "ballast/adapters/HyperCorePerp.sol";
import {HyperCoreReader} from "ballast/libraries/HyperCoreReader.sol";
import {TestToken} from "sim/TestToken.sol";
import {HyperCorePerpFixture} from "./helpers/HyperCorePerpFixture.sol";

/// @notice What the adapter tells the vault of its position: value, exposure, pending loss, distance, fingerprint.
contract HyperCorePerpRiskTest is HyperCorePerpFixture {
    function test_pending_loss_is_limit_against_mark_plus_the_fee_bound() public {
        _fundPerp(10_000e6);
        _trade(10e4, 2010e8, false);
        assertEq(adapter.pendingLoss(), 100e6 + 20.1e6);
        _setPrice(199000);
        assertEq(adapter.pendingLoss(), 200e6 + 20.1e6);
        _setPrice(202000);
        assertEq(adapter.pendingLoss(), 20.2e6, "limit now better than the mark: only the fee");
        _settleLater();
        _setPrice(ETH_PRICE);
        _trade(-10e4, 1990e8, false);
        assertEq(adapter.pendingLoss(), 100e6 + 20e6);
    }

    function test_liquidation_distance_of_the_published_vectors() public {
        _fundPerp(4_000e6);
        assertEq(adapter.liquidationDistanceBps(), type(uint256).max);
        uint256 state = vm.snapshotState();
        _trade(10e4, 2002e8, false);
        _settleLater();
        assertEq(adapter.liquidationDistanceBps(), 1836); // 2,000 to 1,632.653061
        vm.revertToState(state);
        _trade(-10e4, 1998e8, false);
        _settleLater();
        assertEq(adapter.liquidationDistanceBps(), 1764); // 2,000 to 2,352.941176
    }

    function test_liquidation_distance_counts_what_is_still_to_act() public {
        _deposit(5_000e6);
        _settleLater();
        _toPerp(4_000e6);
        _trade(10e4, 2002e8, false);
        // equity 4,000 less a pending loss of 40.02: (3,959.98 - 400) / (20,000 x 0.98)
        assertEq(adapter.liquidationDistanceBps(), 1816);
        _advance(TRANSFER_DELAY);
        assertEq(adapter.liquidationDistanceBps(), 1816, "acted on: not counted twice");
        usdc.mint(address(adapter), 3_999e6);
        assertEq(adapter.liquidationDistanceBps(), 1816, "nor after a gift");
        _settleLater();
        assertEq(adapter.liquidationDistanceBps(), 1836);
        _fromPerp(1_000e6);
        assertEq(adapter.liquidationDistanceBps(), 1326); // (3,000 - 400) / 19,600, at once
        _advance(TRANSFER_DELAY);
        assertEq(adapter.liquidationDistanceBps(), 1326, "acted on: not counted twice");
    }

    function test_liquidation_distance_is_zero_below_maintenance() public {
        _fundPerp(4_000e6);
        _trade(10e4, 2002e8, false);
        _settleLater();
        // the next tick would liquidate: the price fell within this one without a lower extreme before it
        _markMoves(163300);
        assertEq(adapter.liquidationDistanceBps(), 2);
        _markMoves(163200);
        assertEq(adapter.liquidationDistanceBps(), 0);
    }

    function test_value_of_a_liquidated_account_is_never_negative() public {
        _fundPerp(4_000e6);
        _trade(-40e4, 1998e8, false);
        _settleLater();
        _setPrice(300000);
        assertEq(adapter.value(), 0);
        assertEq(adapter.exposure(), 0);
    }

    function test_position_hash_follows_quantities_and_neither_prices_nor_gifts() public {
        _fundPerp(10_000e6);
        bytes32 flat = adapter.positionHash();
        _fund(address(adapter), 1e6, SPOT);
        usdc.mint(address(adapter), 1e6);
        _setPrice(210000);
        assertEq(adapter.positionHash(), flat);
        vault.settle(adapter);
        assertEq(adapter.positionHash(), flat, "nor settling");

        _trade(1e4, 2121e8, false);
        bytes32 ordered = adapter.positionHash();
        assertTrue(ordered != flat);
        _settleLater();
        bytes32 filled = adapter.positionHash();
        assertTrue(filled != ordered);
        _tick(210000, 210000, 210000, 210000, 1e14);
        assertEq(adapter.positionHash(), filled, "funding is no quantity");
        _fromPerp(1e6);
        assertTrue(adapter.positionHash() != filled);
    }

    function test_funding_and_prices_show_in_value() public {
        _fundPerp(10_000e6);
        _trade(-10e4, 1998e8, false);
        _settleLater();
        assertApproxEqAbs(adapter.value(), 10_000e6, 1);
        _tick(200000, 200000, 200000, 200000, 1e14); // 1 bp of 20,000 received
        assertApproxEqAbs(adapter.value(), 10_002e6, 1);
        _setPrice(205000);
        assertApproxEqAbs(adapter.value(), 9_502e6, 1);
    }

    function test_exposure_is_in_units_of_the_base_token() public {
        _fundPerp(10_000e6);
        uint8[5] memory decimals = [0, 2, 4, 8, 24];
        int256[5] memory expected = [int256(-2), -124, -12_345, -1.2345e8, -1.2345e24];
        for (uint256 i = 0; i < decimals.length; ++i) {
            TestToken base = new TestToken("BASE", decimals[i]);
            HyperCorePerp other = new HyperCorePerp(address(vault), address(usdc), address(base), ETH, ACTION_DELAY);
            core.createAccount(address(other));
            vault.execute(other, 0, _orderAction(-12_345, 1998e8, false), SLIPPAGE_BPS);
            assertEq(other.exposure(), expected[i]);
        }
    }

    /// @dev What the adapter promises while an order is pending is never better than what then is.
    function testFuzz_order_costs_at_most_the_pending_loss(int256 lots, uint256 limit) public {
        _fundPerp(50_000e6);
        lots = bound(lots, 100, 100e4) * (lots % 2 == 0 ? int256(1) : -1);
        limit = lots > 0 ? bound(limit, 2002, 2020) : bound(limit, 1980, 1998);
        uint256 before = adapter.value();
        _trade(int64(lots), uint64(limit * 1e8), false);
        uint256 pendingLoss = adapter.pendingLoss();
        _settleLater();
        assertGe(adapter.value() + pendingLoss, before);
    }

    /// @dev Answers of the precompiles between two ticks, while the stand-in's own price stays.
    function _markMoves(uint64 markPx) private {
        HyperCoreReader.MarginSummary memory summary = adapter.marginSummary();
        summary.accountValue = summary.rawUsd + int64(10e4 * markPx);
        vm.mockCall(address(0x0806), abi.encode(ETH), abi.encode(markPx));
        vm.mockCall(address(0x080f), abi.encode(uint32(0), address(adapter)), abi.encode(summary));
    }
}
