// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {HyperCorePrices} from "src/libraries/HyperCorePrices.sol";
import {HyperCoreMargin} from "src/libraries/HyperCoreMargin.sol";
import {Price} from "src/libraries/Price.sol";

/// @notice Proofs of the price arithmetic that slippage, exposure and order limits are measured with.
contract PricesProof {
    function check_a_long_counts_as_much_as_a_short(int256 exposure, uint256 priceE36) public pure {
        if (exposure == type(int256).min) return; // its own opposite
        assert(Price.notional(exposure, priceE36) == Price.notional(-exposure, priceE36));
    }

    function check_no_exposure_and_no_price_are_worth_nothing(int256 exposure, uint256 priceE36) public pure {
        assert(Price.notional(0, priceE36) == 0);
        assert(Price.notional(exposure, 0) == 0);
    }

    function check_a_shortfall_is_never_free(uint256 shortfall) public pure {
        assert(Price.shortfallBps(0, shortfall) == 0);
        if (shortfall != 0) assert(Price.shortfallBps(shortfall, 0) == type(uint256).max);
    }

    function check_the_stricter_price_satisfies_both(uint256 one, uint256 other, uint256 limit, bool isBuy) public pure {
        uint256 price = HyperCorePrices.stricter(one, other, isBuy);
        bool both = HyperCorePrices.isWithin(limit, one, isBuy) && HyperCorePrices.isWithin(limit, other, isBuy);
        assert(HyperCorePrices.isWithin(limit, price, isBuy) == both);
    }

    /// @dev As a call, because a revert would be no counterexample.
    function check_without_equity_there_is_no_health(int256 equity, uint128 notional, uint8 maxLeverage) public view {
        if (equity > 0) return;
        (bool done, bytes memory told) =
            address(this).staticcall(abi.encodeCall(this.health, (equity, notional, maxLeverage)));
        assert(done && abi.decode(told, (uint256)) == 0);
    }

    function health(int256 equity, uint128 notional, uint8 maxLeverage) external pure returns (uint256) {
        return HyperCoreMargin.healthBps(equity, notional, maxLeverage);
    }
}
