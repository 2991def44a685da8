// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Test} from "forge-std/Test.sol";

import {Position} from "src/interfaces/IAdapter.sol";
import {Price} from "src/libraries/Price.sol";
import {Measure, Snapshot} from "src/Measure.sol";

/// @notice What holdings come to: sums, the least of the risks, and each token where it comes first.
contract MeasureTest is Test {
    uint256 private constant PRICE = 2.5e27; // 2,500 units of 10^6 for 10^18

    address private constant TOKEN = address(0x71);
    address private constant OTHER = address(0x72);

    address[] private _tokens;
    Position[] private _positions;

    function _hold(address token, uint256 value, int256 exposure) private {
        _add(token, Position(value, exposure, 0, type(uint256).max, type(uint256).max, 0));
    }

    function _add(address token, Position memory position) private {
        _tokens.push(token);
        _positions.push(position);
    }

    function _snapshot(uint256 idle) private view returns (Snapshot memory) {
        return this.snapshot(_positions, idle);
    }

    /// @dev Measure reads positions where the policy has them, in the calldata.
    function snapshot(Position[] calldata positions, uint256 idle) external view returns (Snapshot memory s) {
        Measure.begin(s, idle, positions.length);
        for (uint256 i; i < positions.length; ++i) {
            uint256 first;
            while (_tokens[first] != _tokens[i]) ++first;
            Measure.add(s, positions[i], PRICE, i, first);
        }
    }

    function test_without_venues_there_is_only_cash_and_no_risk() public view {
        Snapshot memory s = _snapshot(7);
        assertEq(s.assets, 7);
        assertEq(s.idle, 7);
        assertEq(s.gross, 0);
        assertEq(s.liquidationDistanceBps, type(uint256).max);
        assertEq(s.healthBps, type(uint256).max);
        assertEq(Measure.netAssets(s), 7);
    }

    function test_adds_up_values_and_absolute_notionals() public {
        _hold(TOKEN, 100, 2e18);
        _hold(TOKEN, 50, -1e18);
        Snapshot memory s = _snapshot(7);
        assertEq(s.assets, 157);
        assertEq(s.idle, 7);
        assertEq(s.gross, 7_500e6);
    }

    function test_a_venue_counts_its_notional_or_its_value_whichever_is_larger() public {
        _hold(TOKEN, 2_499e6, -1e18);
        _hold(TOKEN, 2_501e6, 1e18);
        Snapshot memory s = _snapshot(0);
        assertEq(s.venues[0], 2_500e6);
        assertEq(s.venues[1], 2_501e6);
    }

    function test_a_token_is_summed_up_where_it_comes_first() public {
        _hold(TOKEN, 0, 2e18);
        _hold(OTHER, 0, -4e18);
        _hold(TOKEN, 0, -3e18);
        Snapshot memory s = _snapshot(0);
        assertEq(s.tokens[0], 12_500e6);
        assertEq(s.nets[0], -1e18);
        assertEq(s.tokens[1], 10_000e6);
        assertEq(s.nets[1], -4e18);
        assertEq(s.tokens[2], 0);
        assertEq(s.nets[2], 0);
    }

    function test_takes_the_least_of_the_risks_each_by_itself() public {
        _add(TOKEN, Position(0, 0, 3, 2_000, 20_000, 0));
        _add(TOKEN, Position(0, 0, 4, 3_000, 15_000, 0));
        Snapshot memory s = _snapshot(10);
        assertEq(s.liquidationDistanceBps, 2_000);
        assertEq(s.healthBps, 15_000);
        assertEq(s.pendingLoss, 7);
        assertEq(Measure.netAssets(s), 3);
    }

    function test_orders_at_their_worst_leave_nothing_rather_than_less() public {
        _add(TOKEN, Position(0, 0, 11, 0, 0, 0));
        assertEq(Measure.netAssets(_snapshot(10)), 0);
    }

    function testFuzz_opposite_legs_cancel_in_the_net_and_add_in_the_gross(int128 exposure) public {
        vm.assume(exposure != type(int128).min);
        _hold(TOKEN, 0, exposure);
        _hold(TOKEN, 0, -exposure);
        Snapshot memory s = _snapshot(0);
        assertEq(s.nets[0], 0);
        assertEq(s.gross, 2 * Price.notional(exposure, PRICE));
        assertEq(s.tokens[0], s.gross);
    }

    function testFuzz_tokens_share_out_the_gross(uint256 seed) public {
        address[3] memory tokens = [TOKEN, OTHER, address(0x73)];
        for (uint256 i; i < 8; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            _hold(tokens[seed % 3], (seed >> 8) % 1e12, int256((seed >> 64) % 1e24) - 0.5e24);
        }
        Snapshot memory s = _snapshot(0);
        uint256 sum;
        for (uint256 i; i < 8; ++i) {
            sum += s.tokens[i];
            assertLe(Price.notional(s.nets[i], PRICE), s.tokens[i] + 8);
        }
        assertEq(sum, s.gross);
    }
}
