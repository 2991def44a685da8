// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Vm} from "forge-std/Vm.sol";
import {IHyperCore} from "sim/IHyperCore.sol";
import {HyperCorePerp} from "src/adapters/HyperCorePerp.sol";
import {Position} from "src/interfaces/IAdapter.sol";
import {HyperCorePerpFixture} from "./helpers/HyperCorePerpFixture.sol";

abstract contract ReadBackFixture is HyperCorePerpFixture {
    function setUp() public override {
        super.setUp();
        _fundPerp(10_000e6);
    }

    function _expectReadBack(int64 expected, int64 actual) internal {
        _advance(ACTION_DELAY);
        vm.expectEmit(address(adapter));
        emit HyperCorePerp.OrderReadBack(expected, actual);
        _settle();
    }
}

/// @notice An order counts as filled until it can be read back; then only what HyperCore tells counts.
contract HyperCorePerpReadBackTest is ReadBackFixture {
    function test_order_counts_as_filled_until_it_can_be_read_back() public {
        _trade(200e4, 2020e8, false); // needs more margin than there is: will be refused
        assertEq(_told().exposure, 200 ether);
        assertEq(adapter.expectedPosition(), 200e4);
        assertEq(adapter.pendingUntil(), block.timestamp + ACTION_DELAY);
        _advance(ACTION_DELAY - 1);
        assertEq(_told().exposure, 200 ether);
        _advance(1);
        assertEq(_told().exposure, 0);
        assertEq(adapter.expectedPosition(), 0);
        assertEq(_told().pendingLoss, 0);
    }

    function test_second_order_waits_for_the_first_to_be_read_back() public {
        _trade(1e4, 2020e8, false);
        vm.expectRevert(HyperCorePerp.OrderOutstanding.selector);
        _trade(1e4, 2020e8, false);
        _advance(ACTION_DELAY - 1);
        vm.expectRevert(HyperCorePerp.OrderOutstanding.selector);
        _trade(-1e4, 1980e8, true);
        _advance(1);
        _trade(1e4, 2020e8, false);
    }

    function test_reading_back_is_told_once_and_changes_no_fingerprint() public {
        _trade(10e4, 2020e8, false);
        _advance(ACTION_DELAY - 1);
        _expectNotToldYet();
        _advance(1);
        bytes32 fingerprint = _told().fingerprint;
        vm.expectEmit(address(adapter));
        emit HyperCorePerp.OrderReadBack(10e4, 10e4);
        _settle();
        assertEq(_told().fingerprint, fingerprint);
        _expectNotToldYet();
    }

    function test_refused_order_is_told_as_not_having_happened() public {
        core.refuseNext(address(adapter), 1);
        _trade(10e4, 2020e8, false);
        _expectReadBack(10e4, 0);
    }

    function test_liquidation_and_deleveraging_show_when_the_order_is_read_back() public {
        _trade(40e4, 2020e8, false);
        _advance(ORDER_DELAY);
        _tick(200000, 200000, 200000, 170000, 0);
        assertEq(core.ledgerOf(address(adapter)).liquidations, 1);
        _expectReadBack(40e4, 0);
    }

    function test_position_closed_against_its_owner_is_told_with_its_cash() public {
        _trade(-10e4, 1980e8, false);
        _settleLater();
        Position memory before = _told();
        _setPrice(180000);
        core.autoDeleverage(address(adapter), ETH, 4e4, 181000);
        assertEq(adapter.expectedPosition(), -6e4);
        assertEq(_told().exposure, -6 ether);
        // 10 ETH gained 200 each, 4 of them bought back 10 higher
        assertApproxEqAbs(_told().value, before.value + 2_000e6 - 40e6, 1);
        assertTrue(_told().fingerprint != before.fingerprint, "a plan made for the old position is refused");
        core.autoDeleverage(address(adapter), ETH, 6e4, 181000);
        assertEq(_told().exposure, 0);
        assertEq(_told().healthBps, type(uint256).max);
        assertApproxEqAbs(_told().value, before.value + 2_000e6 - 100e6, 2);
        assertEq(int256(_told().value), adapter.marginSummary().accountValue);
    }

    function test_deleveraging_under_a_pending_order_is_told_when_that_is_read_back() public {
        _trade(-10e4, 1980e8, false);
        _settleLater();
        _trade(-5e4, 1980e8, false);
        core.autoDeleverage(address(adapter), ETH, 10e4, 200000);
        assertEq(_told().exposure, -15 ether, "until then the worst is told");
        _expectReadBack(-15e4, -5e4);
        assertEq(_told().exposure, -5 ether);
    }

    function test_expected_position_adds_to_the_one_before() public {
        _trade(10e4, 2020e8, false);
        _settleLater();
        _trade(-25e4, 1980e8, false);
        assertEq(_told().exposure, -15 ether);
        _settleLater();
        assertEq(_told().exposure, -15 ether);
    }

    /// @dev Trust in the delay broken: HyperCore acts after an order was given up. It is then told, late.
    function test_order_that_acts_too_late_shows_as_soon_as_it_has_acted() public {
        _trade(10e4, 2020e8, false);
        vm.warp(block.timestamp + 1 hours); // HyperCore does not act
        vm.expectEmit(address(adapter));
        emit HyperCorePerp.OrderReadBack(10e4, 0);
        _settle();
        bytes32 fingerprint = _told().fingerprint;
        uint256 value = _told().value;
        core.process();
        assertEq(_told().exposure, 10 ether);
        assertApproxEqAbs(_told().value, value, 1);
        assertTrue(_told().fingerprint != fingerprint);
    }

    function _expectNotToldYet() private {
        vm.recordLogs();
        _settle();
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            assertTrue(logs[i].topics[0] != HyperCorePerp.OrderReadBack.selector);
        }
    }
}

/// @notice The same in a book that is 5,000 USD deep within 10 bps of the mark.
contract HyperCorePerpThinBookTest is ReadBackFixture {
    function _terms() internal pure override returns (IHyperCore.PerpTerms memory terms) {
        terms = _frictionless();
        terms.depthUsd = 50_000;
    }

    function test_partly_filled_order_is_told_with_what_it_got() public {
        // 10 bps past the mark are 5,000 USD deep
        _trade(10e4, 2002e8, false);
        _expectReadBack(10e4, 2.5e4);
        _trade(-2.5e4, 1998e8, true);
        _expectReadBack(0, 0);
    }

    /// @dev Why no record of the reading back is needed: whatever became of the last order, the next one starts from
    /// the position that HyperCore tells in the same block, and never from the one that was hoped for.
    /// forge-config: default.fuzz.runs = 256
    /// forge-config: prove.fuzz.runs = 10000
    function testFuzz_every_order_builds_on_what_was_read_back(int64[6] memory sizes, uint256 fate) public {
        for (uint256 i = 0; i < sizes.length; ++i) {
            int64 size = int64(bound(sizes[i], -10e4, 10e4));
            if (size == 0) continue;
            fate = uint256(keccak256(abi.encode(fate)));
            int64 actual = _position(address(adapter));
            if (fate % 4 == 0) core.refuseNext(address(adapter), 1);
            _trade(size, size > 0 ? 2002e8 : 1998e8, false); // fills partly when it is large
            assertEq(adapter.expectedPosition(), actual + size);
            _advance(ACTION_DELAY);
            uint64 held = uint64(_magnitude(_position(address(adapter))));
            if (fate % 3 == 0 && held != 0) core.autoDeleverage(address(adapter), ETH, 1 + uint64(fate % held), 200000);
            assertEq(adapter.expectedPosition(), _position(address(adapter)));
        }
    }

    function _magnitude(int64 signed) private pure returns (uint256) {
        return uint256(int256(signed < 0 ? -signed : signed));
    }
}
