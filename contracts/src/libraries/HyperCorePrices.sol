// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Which limit prices an order to HyperCore may carry. Prices are human x 10^8.
library HyperCorePrices {
    uint256 private constant BPS = 10_000;
    uint256 private constant FIVE_FIGURES = 100_000;
    uint256 private constant WHOLE = 1e8;

    /// @notice The worse of two prices for who wants to trade: what both agree on to be worth paying, or selling for.
    function stricter(uint256 one, uint256 other, bool isBuy) internal pure returns (uint256) {
        return isBuy ? Math.min(one, other) : Math.max(one, other);
    }

    /// @notice The highest price a purchase may offer, or the lowest a sale may accept.
    function collar(uint256 price, bool isBuy, uint256 maxSlippageBps) internal pure returns (uint256) {
        if (isBuy) return Math.mulDiv(price, BPS + maxSlippageBps, BPS);
        return Math.mulDiv(price, Math.saturatingSub(BPS, maxSlippageBps), BPS, Math.Rounding.Ceil);
    }

    /// @notice Whether a limit is at the bound or on the safe side of it.
    function isWithin(uint256 limitPx, uint256 bound, bool isBuy) internal pure returns (bool) {
        return isBuy ? limitPx <= bound : limitPx >= bound;
    }

    /// @notice The price HyperCore takes that is nearest to the bound and within it.
    function nearestWithin(uint256 bound, bool isBuy, uint256 limitScale) internal pure returns (uint256) {
        uint256 tick = _tick(bound, limitScale);
        return (isBuy ? bound / tick : Math.ceilDiv(bound, tick)) * tick;
    }

    /// @notice HyperCore silently refuses prices finer than 6 - szDecimals decimals, or than 5 figures unless whole.
    /// @param limitScale 10^(2 + szDecimals), the finest step
    function isOnTick(uint256 limitPx, uint256 limitScale) internal pure returns (bool) {
        return limitPx % _tick(limitPx, limitScale) == 0;
    }

    function _tick(uint256 limitPx, uint256 limitScale) private pure returns (uint256 tick) {
        tick = limitScale;
        while (limitPx / tick >= FIVE_FIGURES && tick < WHOLE) tick *= 10;
    }
}
