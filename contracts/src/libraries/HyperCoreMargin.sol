// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @title How far a cross-margined HyperCore position is from liquidation.
/// @dev Maintenance margin is notional / (2 x maximum leverage). USD has 6 decimals, and so has lots x mark price.
/// A perp that has been given no leverage at all is as good as liquidated.
library HyperCoreMargin {
    uint256 private constant BPS = 10_000;

    /// @notice equity / maintenance margin, in basis points; 10,000 is liquidation.
    function healthBps(int256 equity, uint256 notional, uint256 maxLeverage) internal pure returns (uint256) {
        return equity <= 0 ? 0 : uint256(equity) * 2 * maxLeverage * BPS / notional;
    }

    /// @notice Move of the mark price that makes equity equal to the maintenance margin, in basis points of it.
    /// @dev With l = 1 / (2 x maximum leverage) and side = +1 long, -1 short:
    ///     distance / mark = (equity - l x notional) / (notional x (1 - l x side))
    function liquidationDistanceBps(int256 equity, uint256 notional, uint256 maxLeverage, bool isLong)
        internal
        pure
        returns (uint256)
    {
        int256 excess = equity * int256(2 * maxLeverage) - int256(notional);
        if (excess <= 0) return 0;
        uint256 twiceLeverageLessSide = isLong ? 2 * maxLeverage - 1 : 2 * maxLeverage + 1;
        return uint256(excess) * BPS / (notional * twiceLeverageLessSide);
    }
}
