// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title The stand-in's order book in closed form, and the venue's rules for prices.
/// @dev Around the mid (= mark) price, `depthUsd` of notional moves the price by 1 %:
///     marginal(q) = mid x (1 + half spread + q / (100 x depth))     for a buy of notional q; minus for a sell
///     average(q)  = mid x (1 + half spread + q / (200 x depth))
/// Prices are human x 10^(6 - szDecimals), sizes whole lots, so lots x price is USD with 6 decimals.
/// Limit prices stay as they came, human x 10^8, which is price x 10^(2 + szDecimals).
library HyperCoreMath {
    uint256 private constant ONE = 1e18;

    struct Book {
        uint256 mid;
        uint256 limitScale; // limit price units per mark price unit, 10^(2 + szDecimals)
        uint256 halfSpreadPpm;
        uint256 depthUsd;
    }

    /// @notice Lots that trade before the marginal price passes the limit.
    function fillableLots(Book memory book, bool isBuy, uint256 limitPx) internal pure returns (uint256) {
        Math.Rounding rounding = isBuy ? Math.Rounding.Floor : Math.Rounding.Ceil;
        uint256 limitToMid = Math.mulDiv(limitPx, ONE, book.mid * book.limitScale, rounding);
        uint256 spread = book.halfSpreadPpm * 1e12;
        (uint256 far, uint256 near) = isBuy ? (limitToMid, ONE + spread) : (ONE, limitToMid + spread);
        if (far <= near) return 0;
        return book.depthUsd * 100 * (far - near) / 1e12 / book.mid;
    }

    /// @notice USD paid (buy, rounded up) or received (sell, rounded down) for `lots` at the average price.
    function takerNotional(Book memory book, bool isBuy, uint256 lots) internal pure returns (uint256) {
        uint256 notionalAtMid = lots * book.mid;
        uint256 away = book.halfSpreadPpm * 1e12 + notionalAtMid * 1e12 / (200 * book.depthUsd);
        return isBuy
            ? Math.mulDiv(notionalAtMid, ONE + away, ONE, Math.Rounding.Ceil)
            : Math.mulDiv(notionalAtMid, ONE - away, ONE);
    }

    /// @notice USD paid or received for `lots` exactly at the limit price, as a resting order trades.
    function makerNotional(Book memory book, bool isBuy, uint256 lots, uint256 limitPx) internal pure returns (uint256) {
        return Math.mulDiv(lots, limitPx, book.limitScale, isBuy ? Math.Rounding.Ceil : Math.Rounding.Floor);
    }

    /// @notice At most 6 - szDecimals decimals, and at most 5 significant figures unless the price is whole.
    function isOnTick(uint256 limitPx, uint256 limitScale) internal pure returns (bool) {
        if (limitPx % limitScale != 0) return false;
        if (limitPx % 1e8 == 0) return true;
        while (limitPx % 10 == 0) limitPx /= 10;
        return limitPx < 100_000;
    }

    /// @notice More than 95 % above or below the mark price.
    function isFarFromMark(Book memory book, uint256 limitPx) internal pure returns (bool) {
        uint256 mark = book.mid * book.limitScale;
        return limitPx * 100 > mark * 195 || limitPx * 100 < mark * 5;
    }
}
