// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";

/// @title Amounts of a base token in asset units, at a price of asset units per 10^36 base units.
library Price {
    uint256 internal constant SCALE = 1e36;

    /// @notice Rounded down.
    function assetValue(uint256 baseAmount, uint256 priceE36) internal pure returns (uint256) {
        return Math.mulDiv(baseAmount, priceE36, SCALE);
    }

    /// @notice Absolute value, rounded down.
    function notional(int256 exposure, uint256 priceE36) internal pure returns (uint256) {
        return assetValue(SignedMath.abs(exposure), priceE36);
    }

    /// @notice shortfall / notional in basis points, rounded up; a shortfall of nothing is without bound.
    function shortfallBps(uint256 shortfall, uint256 notional_) internal pure returns (uint256) {
        if (shortfall == 0) return 0;
        if (notional_ == 0) return type(uint256).max;
        return Math.mulDiv(shortfall, 10_000, notional_, Math.Rounding.Ceil);
    }
}
