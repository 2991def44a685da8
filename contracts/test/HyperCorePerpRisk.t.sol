// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {HyperCoreReader} from "src/libraries/HyperCoreReader.sol";
import {HyperCorePerpFixture} from "./helpers/HyperCorePerpFixture.sol";

/// @notice What the adapter tells the vault of its position: value, pending loss, distance, health, fingerprint.
contract HyperCorePerpRiskTest is HyperCorePerpFixture {
    function test_pending_loss_is_limit_against_mark_plus_the_fee_bound() public {
        _fundPerp(10_000e6);
        _trade(10e4, 2010e8, false);
        assertEq(_told().pendingLoss, 100e6 + 20.1e6);
        _setPrice(199000);
        assertEq(_told().pendingLoss, 200e6 + 20.1e6);
        _setPrice(202000);
        assertEq(_told().pendingLoss, 20.2e6, "limit now better than the mark: only the fee");
        _settleLater();
        _setPrice(ETH_PRICE);
        _trade(-10e4, 1990e8, false);
        assertEq(_told().pendingLoss, 100e6 + 20e6);
    }

    function test_pending_loss_is_measured_at_the_worse_of_mark_and_reference() public {
        _fundPerp(10_000e6);
        _trade(10e4, 2010e8, false);
        assertEq(adapter.position(1.99e27).pendingLoss, 200e6 + 20.1e6, "reference below the mark");
        assertEq(adapter.position(2.01e27).pendingLoss, 100e6 + 20.1e6, "reference above the mark");
        _settleLater();
        _trade(-20e4, 1990e8, false);
        assertEq(adapter.position(2.01e27).pendingLoss, 400e6 + 40e6, "reference above the mark");
        assertEq(adapter.position(1.99e27).pendingLoss, 200e6 + 40e6, "reference below the mark");
        assertEq(adapter.position(2e27 + 1).pendingLoss, 240e6 + 1, "rounded up");
    }

    function test_health_is_equity_over_maintenance_margin() public {
        _fundPerp(4_000e6);
        assertEq(_told().healthBps, type(uint256).max, "no position");
        _trade(10e4, 2002e8, false);
        assertEq(_told().healthBps, 98_999, "4,000 less a pending loss of 40.02 over 400");
        _settleLater();
        assertApproxEqAbs(_told().healthBps, 100_000, 1);
        _fromPerp(1_000e6);
        assertApproxEqAbs(_told().healthBps, 75_000, 1, "at once");
        _settleLater();
        assertApproxEqAbs(_told().healthBps, 75_000, 1);
        _trade(-5e4, 1998e8, true);
        assertApproxEqAbs(_told().healthBps, 149_000, 10, "of the expected position");
        _settleLater();
        _trade(-5e4, 1998e8, true);
        assertEq(_told().healthBps, type(uint256).max, "expected to be gone");
        assertGt(_told().pendingLoss, 0);
    }

    function test_health_is_10000_where_the_venue_liquidates_and_0_without_equity() public {
        _fundPerp(4_000e6);
        _trade(-10e4, 1998e8, false);
        _settleLater();
        _markMoves(235294); // 2,352.94, just below the published 2,352.941176
        assertApproxEqAbs(_told().healthBps, 10_000, 1);
        assertEq(_told().liquidationDistanceBps, 0);
        _markMoves(239900);
        assertEq(_told().healthBps, 208, "10 over 479.80");
        _markMoves(240000);
        assertEq(_told().healthBps, 0);
        _markMoves(250000);
        assertEq(_told().healthBps, 0);
        assertEq(_told().liquidationDistanceBps, 0);
        assertEq(_told().value, 0);
    }

    function test_maximum_leverage_is_read_anew_because_the_venue_may_change_it() public {
        _fundPerp(4_000e6);
        _trade(10e4, 2002e8, false);
        _settleLater();
        _maxLeverageBecomes(10);
        assertEq(_told().liquidationDistanceBps, 1578); // (4,000 - 1,000) / (20,000 x 0.95)
        assertEq(_told().healthBps, 39_999);
        _maxLeverageBecomes(0); // delisted
        assertEq(_told().liquidationDistanceBps, 0);
        assertEq(_told().healthBps, 0);
    }

    function test_without_a_position_neither_mark_nor_perp_info_is_read() public {
        _fundPerp(4_000e6);
        _expectReads(0);
        _told();
    }

    function test_with_a_position_everything_is_read_once() public {
        _fundPerp(4_000e6);
        _trade(10e4, 2002e8, false);
        _expectReads(1);
        _told();
    }

    function test_liquidation_distance_of_the_published_vectors() public {
        _fundPerp(4_000e6);
        assertEq(_told().liquidationDistanceBps, type(uint256).max);
        uint256 state = vm.snapshotState();
        _trade(10e4, 2002e8, false);
        _settleLater();
        assertEq(_told().liquidationDistanceBps, 1836); // 2,000 to 1,632.653061
        vm.revertToState(state);
        _trade(-10e4, 1998e8, false);
        _settleLater();
        assertEq(_told().liquidationDistanceBps, 1764); // 2,000 to 2,352.941176
    }

    function test_liquidation_distance_counts_what_is_still_to_act() public {
        _deposit(5_000e6);
        _settleLater();
        _toPerp(4_000e6);
        _trade(10e4, 2002e8, false);
        // equity 4,000 less a pending loss of 40.02: (3,959.98 - 400) / (20,000 x 0.98)
        assertEq(_told().liquidationDistanceBps, 1816);
        _advance(TRANSFER_DELAY);
        assertEq(_told().liquidationDistanceBps, 1816, "acted on: not counted twice");
        usdc.mint(address(adapter), 3_999e6);
        assertEq(_told().liquidationDistanceBps, 1816, "nor after a gift");
        _settleLater();
        assertEq(_told().liquidationDistanceBps, 1836);
        _fromPerp(1_000e6);
        assertEq(_told().liquidationDistanceBps, 1326); // (3,000 - 400) / 19,600, at once
        _advance(TRANSFER_DELAY);
        assertEq(_told().liquidationDistanceBps, 1326, "acted on: not counted twice");
    }

    function test_margin_that_may_come_is_believed_for_the_delay_and_margin_that_may_go_until_it_was_refused() public {
        _fundPerp(4_000e6);
        _trade(10e4, 2002e8, false);
        _settleLater();
        _fromPerp(1_000e6);
        vm.warp(block.timestamp + 30 minutes - 1); // HyperCore does not act
        assertEq(_told().liquidationDistanceBps, 1326);
        vm.warp(block.timestamp + 1);
        assertEq(_told().liquidationDistanceBps, 1836);
        core.refuseNext(address(adapter), 1);
        core.process();

        _deposit(1_000e6);
        _settleLater();
        _toPerp(1_000e6);
        vm.warp(block.timestamp + ACTION_DELAY - 1);
        assertEq(_told().liquidationDistanceBps, 2346); // (5,000 - 400) / 19,600
        vm.warp(block.timestamp + 1);
        assertEq(_told().liquidationDistanceBps, 1836);
        core.process();
        assertEq(_told().liquidationDistanceBps, 2346);
    }

    function test_liquidation_distance_is_zero_below_maintenance() public {
        _fundPerp(4_000e6);
        _trade(10e4, 2002e8, false);
        _settleLater();
        // the next tick would liquidate: the price fell within this one without a lower extreme before it
        _markMoves(163300);
        assertEq(_told().liquidationDistanceBps, 2);
        _markMoves(163200);
        assertEq(_told().liquidationDistanceBps, 0);
    }

    function test_value_of_a_liquidated_account_is_never_negative() public {
        _fundPerp(4_000e6);
        _trade(-40e4, 1998e8, false);
        _settleLater();
        _setPrice(300000);
        assertEq(_told().value, 0);
        assertEq(_told().exposure, 0);
    }

    function test_position_hash_follows_quantities_and_neither_prices_nor_gifts() public {
        _fundPerp(10_000e6);
        bytes32 flat = _told().fingerprint;
        _fund(address(adapter), 1e6, SPOT);
        usdc.mint(address(adapter), 1e6);
        _setPrice(210000);
        assertEq(_told().fingerprint, flat);
        _settle();
        assertEq(_told().fingerprint, flat, "nor settling");

        _trade(1e4, 2121e8, false);
        bytes32 ordered = _told().fingerprint;
        assertTrue(ordered != flat);
        _settleLater();
        bytes32 filled = _told().fingerprint;
        assertTrue(filled != ordered);
        _tick(210000, 210000, 210000, 210000, 1e14);
        assertEq(_told().fingerprint, filled, "funding is no quantity");
        _fromPerp(1e6);
        assertTrue(_told().fingerprint != filled);
    }

    function test_funding_and_prices_show_in_value() public {
        _fundPerp(10_000e6);
        _trade(-10e4, 1998e8, false);
        _settleLater();
        assertApproxEqAbs(_told().value, 10_000e6, 1);
        _tick(200000, 200000, 200000, 200000, 1e14); // 1 bp of 20,000 received
        assertApproxEqAbs(_told().value, 10_002e6, 1);
        _setPrice(205000);
        assertApproxEqAbs(_told().value, 9_502e6, 1);
    }

    /// @dev What the adapter promises while an order is pending is never better than what then is.
    function testFuzz_order_costs_at_most_the_pending_loss(int256 lots, uint256 limit) public {
        _fundPerp(50_000e6);
        lots = bound(lots, 100, 100e4) * (lots % 2 == 0 ? int256(1) : -1);
        limit = lots > 0 ? bound(limit, 2002, 2020) : bound(limit, 1980, 1998);
        uint256 before = _told().value;
        _trade(int64(lots), uint64(limit * 1e8), false);
        uint256 pendingLoss = _told().pendingLoss;
        _settleLater();
        assertGe(_told().value + pendingLoss, before);
    }

    function _expectReads(uint64 ofMarkAndPerpInfo) private {
        vm.expectCall(address(0x0801), abi.encode(address(adapter), uint64(0)), 1);
        vm.expectCall(address(0x080f), abi.encode(uint32(0), address(adapter)), 1);
        vm.expectCall(address(0x0813), abi.encode(address(adapter), ETH), 1);
        vm.expectCall(address(0x0806), abi.encode(ETH), ofMarkAndPerpInfo);
        vm.expectCall(address(0x080a), abi.encode(ETH), ofMarkAndPerpInfo);
    }

    function _maxLeverageBecomes(uint8 maxLeverage) private {
        HyperCoreReader.PerpInfo memory info = HyperCoreReader.PerpInfo("ETH", 1, 4, maxLeverage, false);
        vm.mockCall(address(0x080a), abi.encode(ETH), abi.encode(info));
    }

    /// @dev Answers of the precompiles between two ticks, while the stand-in's own price stays.
    function _markMoves(uint64 markPx) private {
        HyperCoreReader.MarginSummary memory summary = adapter.marginSummary();
        summary.accountValue = summary.rawUsd + _position(address(adapter)) * int64(markPx);
        vm.mockCall(address(0x0806), abi.encode(ETH), abi.encode(markPx));
        vm.mockCall(address(0x080f), abi.encode(uint32(0), address(adapter)), abi.encode(summary));
    }
}
