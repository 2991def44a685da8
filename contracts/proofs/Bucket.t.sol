// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Bucket} from "src/Bucket.sol";

/// @notice Proofs of the leaky bucket that bounds turnover and losses: for every level and time, at limits that are powers
/// of two. (At others the checked multiplication makes the solver divide 256 bits; the fuzz tests vary the limit.)
contract BucketProof {
    using Bucket for uint256;

    uint256 private constant DAY = 1 days;
    uint256 private constant WEEK = 7 days;
    uint256 private constant LOSS_LIMIT = 256;
    uint256 private constant TURNOVER_LIMIT = 131_072;

    function check_draining_never_raises_a_level_nor_leaves_more_than_full(uint40 stored, uint40 elapsed) public pure {
        uint256 level = stored;
        uint256 left = level.drained(LOSS_LIMIT, WEEK, elapsed);
        assert(left <= level && left <= LOSS_LIMIT * WEEK);
    }

    function check_draining_never_raises_a_turnover(uint256 level, uint40 elapsed) public pure {
        uint256 left = level.drained(TURNOVER_LIMIT, DAY, elapsed);
        assert(left <= level && left <= TURNOVER_LIMIT * DAY);
    }

    function check_waiting_longer_never_leaves_more(uint40 stored, uint24 elapsed, uint24 longer) public pure {
        uint256 level = stored;
        uint256 left = level.drained(LOSS_LIMIT, WEEK, elapsed);
        assert(level.drained(LOSS_LIMIT, WEEK, uint256(elapsed) + longer) <= left);
    }

    function check_dividing_the_time_changes_nothing(uint40 stored, uint24 first, uint24 second) public pure {
        uint256 level = stored;
        uint256 inTwo = level.drained(LOSS_LIMIT, WEEK, first).drained(LOSS_LIMIT, WEEK, second);
        assert(inTwo == level.drained(LOSS_LIMIT, WEEK, uint256(first) + second));
    }

    function check_a_window_empties_any_bucket(uint256 level) public pure {
        assert(level.drained(LOSS_LIMIT, WEEK, WEEK) == 0);
        assert(level.drained(TURNOVER_LIMIT, DAY, DAY) == 0);
    }

    function check_capping_leaves_the_smaller_of_level_and_full(uint256 level, uint32 limit) public pure {
        uint256 capped = level.capped(limit, DAY);
        assert(capped <= level && capped <= limit * DAY);
        assert(capped == level || capped == limit * DAY);
    }

    function check_filling_never_lowers_a_level(uint256 level, uint256 amount, uint256 nav) public pure {
        assert(level.filled(DAY, amount, nav) >= level);
    }

    function check_a_part_of_nothing_is_without_bound(uint256 level, uint256 amount) public pure {
        if (amount == 0) assert(level.filled(DAY, amount, 0) == level);
        else assert(level.filled(DAY, amount, 0) == type(uint256).max);
    }

    /// @dev Of a bucket that the first plan left at `stored`, which is at least what it used itself, the second plan
    /// `elapsed` later can use `second`. Both together: limit x window x (1 + elapsed / window).
    function check_two_uses_stay_within_full_and_what_drained(uint40 stored, uint40 second, uint16 elapsed) public pure {
        uint256 drainable = LOSS_LIMIT * uint256(elapsed);
        uint256 left = uint256(stored).drained(LOSS_LIMIT, WEEK, elapsed);
        if (stored > LOSS_LIMIT * WEEK || left + second > LOSS_LIMIT * WEEK) return;
        assert(uint256(stored) + second <= LOSS_LIMIT * WEEK + drainable);
    }

    /// @dev Comparing `usedBps` with the limit, as the envelope does, is comparing the level with a full bucket.
    function check_used_within_the_limit_is_a_level_within_a_full_bucket(uint40 level) public pure {
        assert((uint256(level).usedBps(WEEK) <= LOSS_LIMIT) == (level <= LOSS_LIMIT * WEEK));
    }
}
