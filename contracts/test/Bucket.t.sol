// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Test} from "forge-std/Test.sol";

import {Bucket} from "src/Bucket.sol";

/// @notice The arithmetic of a bucket that fills by use and drains a full one in its window: a day, or a week.
contract BucketTest is Test {
    using Bucket for uint256;

    uint256 private constant NAV = 1_000_000e6;

    function _limit(uint256 seed) private pure returns (uint256) {
        return bound(seed, 1, 200_000);
    }

    function _window(uint256 seed) private pure returns (uint256) {
        return seed % 2 == 0 ? 1 days : 7 days;
    }

    function test_a_full_bucket_is_half_empty_after_half_its_window_and_empty_after_it_and_after_a_year() public pure {
        for (uint256 i; i < 2; ++i) {
            uint256 window = _window(i);
            uint256 full = uint256(0).filled(window, NAV / 100, NAV);
            assertEq(full.usedBps(window), 100);
            assertEq(full.drained(100, window, window / 2).usedBps(window), 50);
            assertEq(full.drained(100, window, window - 1).usedBps(window), 1);
            assertEq(full.drained(100, window, window), 0);
            assertEq(full.drained(100, window, 365 days), 0);
        }
    }

    function test_a_part_of_nothing_is_without_bound_and_nothing_is_no_part_of_it() public pure {
        assertEq(uint256(0).filled(1 days, 1, 0), type(uint256).max);
        assertEq(uint256(7).filled(1 days, 0, 0), 7);
        assertEq(type(uint256).max.capped(100, 1 days), 100 days);
        assertEq(type(uint256).max.usedBps(1 days), type(uint256).max / 1 days + 1);
    }

    function test_a_bucket_above_a_tightened_limit_is_full() public pure {
        assertEq(uint256(500 days).drained(100, 1 days, 0).usedBps(1 days), 100);
        assertEq(uint256(500 days).drained(100, 1 days, 6 hours).usedBps(1 days), 75);
        assertEq(uint256(3_500 days).drained(100, 7 days, 42 hours).usedBps(7 days), 75);
    }

    function testFuzz_the_smallest_use_counts(uint256 nav, uint256 seed) public pure {
        nav = bound(nav, 1, 1e30);
        assertGt(uint256(0).filled(_window(seed), 1, nav), 0);
    }

    function testFuzz_counts_a_use_never_too_small_and_at_most_a_unit_too_large(uint96 amount, uint96 nav, uint256 seed)
        public
        pure
    {
        vm.assume(nav != 0);
        uint256 window = _window(seed);
        uint256 level = uint256(0).filled(window, amount, nav);
        assertGe(level * nav, uint256(amount) * 10_000 * window);
        if (amount != 0) assertLt((level - 1) * nav, uint256(amount) * 10_000 * window);
    }

    function testFuzz_drains_the_same_however_the_time_is_divided(uint64 level, uint256 seed, uint32 a, uint32 b)
        public
        pure
    {
        (uint256 limit, uint256 window) = (_limit(seed), _window(seed));
        uint256 parts = uint256(level).drained(limit, window, a).drained(limit, window, b);
        assertEq(parts, uint256(level).drained(limit, window, uint256(a) + b));
    }

    function testFuzz_never_rises_by_waiting(uint64 level, uint256 seed, uint64 elapsed) public pure {
        assertLe(uint256(level).drained(_limit(seed), _window(seed), elapsed), level);
    }

    function testFuzz_adding_up_is_never_smaller_than_adding_at_once(uint64 a, uint64 b, uint96 nav) public pure {
        vm.assume(nav != 0);
        uint256 parts = uint256(0).filled(7 days, a, nav).filled(7 days, b, nav);
        assertGe(parts, uint256(0).filled(7 days, uint256(a) + b, nav));
    }

    /// @dev The bound of docs/threat-model.md: from any level, whatever a bucket accepts within t seconds is at most
    /// limit x (1 + t / window); over a window that is twice the limit. The user is greedy and lucky: at random moments
    /// it uses all that is left, or a part.
    function testFuzz_accepts_at_most_twice_the_limit_in_any_window(uint256 seed, uint64 startLevel) public pure {
        (uint256 limit, uint256 window) = (_limit(seed), _window(seed));
        uint256 level = uint256(startLevel).drained(limit, window, 0);
        uint256[24] memory at;
        uint256[24] memory accepted;
        uint256 time;
        for (uint256 i; i < 24; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 elapsed = seed % 3 == 0 ? 0 : (seed >> 8) % (seed % 3 == 1 ? window / 12 : 2 * window);
            time += elapsed;
            level = level.drained(limit, window, elapsed);
            // In basis points times seconds, so that nav = 10,000 windows makes an amount a level.
            uint256 left = limit * window - level;
            uint256 amount = (seed >> 64) % 2 == 0 ? left : (seed >> 65) % (left + 1);
            level = level.filled(window, amount, 10_000 * window);
            assertLe(level.usedBps(window), limit);
            (at[i], accepted[i]) = (time, amount);
        }
        for (uint256 first; first < 24; ++first) {
            uint256 sum;
            for (uint256 last = first; last < 24; ++last) {
                sum += accepted[last];
                assertLe(sum, limit * (window + at[last] - at[first]));
                if (at[last] - at[first] <= window) assertLe(sum, 2 * limit * window);
            }
        }
    }

    function test_the_worst_window_is_reached_from_an_empty_bucket_only() public pure {
        uint256 accepted;
        uint256 level;
        for (uint256 day; day <= 7; ++day) {
            level = level.drained(100, 7 days, day == 0 ? 0 : 1 days);
            accepted += 700 days - level;
            level = 700 days;
        }
        assertEq(accepted, 1_400 days);
    }
}
