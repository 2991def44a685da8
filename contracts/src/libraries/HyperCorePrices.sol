// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Which limit prices an order to HyperCore may carry. Prices are human x 10^8.
library HyperCorePrices {
    uint256 private constant BPS = 10_000;
    uint256 private constant FIVE_FIGURES = 100_000;
    uint256 private constant WHOLE = 1e8;

    /// @notice The highest price a purchase may offer, or the lowest a sale may accept.
    function collar(uint256 markPrice, bool isBuy, uint256 maxSlippageBps) internal pure returns (uint256) {
        if (isBuy) return Math.mulDiv(markPrice, BPS + maxSlippageBps, BPS);
        return Math.mulDiv(markPrice, Math.saturatingSub(BPS, maxSlippageBps), BPS, Math.Rounding.Ceil);
    }

    /// @notice HyperCore silently refuses prices finer than 6 - szDecimals decimals, or than 5 figures unless whole.
    /// @param limitScale 10^(2 + szDecimals), the finest step
    function isOnTick(uint256 limitPx, uint256 limitScale) internal pure returns (bool) {
        if (limitPx % limitScale != 0) return false;
        uint256 tick = 1;
        while (limitPx / tick >= FIVE_FIGURES && tick < WHOLE) tick *= 10;
        return limitPx % tick == 0;
    }
}
