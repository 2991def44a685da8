// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title A leaky bucket for one limit in basis points: what is used fills it, and `window` seconds drain a full one.
/// @dev A level counts basis points of net asset value times the window, so that draining is exact to the second however
/// it is divided. With limit B, whatever is accepted within t seconds adds up to at most
///     B x (1 + t / window)
/// because what went in is what is still there (at most B) and what drained meanwhile. It holds after a year of silence
/// too: a bucket never drains below empty.
library Bucket {
    using Math for uint256;

    uint256 private constant BPS = 10_000;

    /// @notice The level `elapsed` seconds later. A bucket above its limit (which was tightened) counts as full.
    function drained(uint256 level, uint256 limitBps, uint256 window, uint256 elapsed) internal pure returns (uint256) {
        return capped(level, limitBps, window).saturatingSub(limitBps * elapsed);
    }

    /// @notice The level once `amount` of `nav` is added, rounded up; a part of nothing is without bound.
    function filled(uint256 level, uint256 window, uint256 amount, uint256 nav) internal pure returns (uint256) {
        if (amount == 0) return level;
        if (nav == 0) return type(uint256).max;
        return level + amount.mulDiv(BPS * window, nav, Math.Rounding.Ceil);
    }

    /// @notice The level, at most a full bucket.
    function capped(uint256 level, uint256 limitBps, uint256 window) internal pure returns (uint256) {
        return Math.min(level, limitBps * window);
    }

    /// @notice What of the limit is used, in basis points, rounded up.
    function usedBps(uint256 level, uint256 window) internal pure returns (uint256) {
        return Math.ceilDiv(level, window);
    }
}
