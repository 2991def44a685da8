// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IPriceSource} from "../interfaces/IPriceSource.sol";
import {HyperCoreReader} from "../libraries/HyperCoreReader.sol";
import {BoundedDecimals} from "./BoundedDecimals.sol";

/// @title HyperCore's oracle price of one perp: what its validators see on the spot exchanges.
/// @dev The answer is human price x 10^(6 - szDecimals), in USD. The asset is taken as exactly one USD.
contract HyperCoreOraclePrice is IPriceSource {
    uint256 private constant MAX_SIZE_DECIMALS = 6;

    uint32 public immutable perp;
    address public immutable baseToken;
    address public immutable asset;
    uint256 private immutable _scale;

    error SizeDecimalsTooLarge(uint32 perp, uint256 sizeDecimals, uint256 bound);
    error NoOraclePrice(uint32 perp);

    /// @param perp_ index of the perp whose underlying is `baseToken_`
    constructor(uint32 perp_, address baseToken_, address asset_) {
        uint256 sizeDecimals = HyperCoreReader.perpInfo(perp_).szDecimals;
        if (sizeDecimals > MAX_SIZE_DECIMALS) {
            revert SizeDecimalsTooLarge(perp_, sizeDecimals, MAX_SIZE_DECIMALS);
        }
        perp = perp_;
        baseToken = baseToken_;
        asset = asset_;
        // 36 of the result, less the 6 of the answer; token decimals are at most 24.
        _scale = 10 ** (30 + sizeDecimals + BoundedDecimals.read(asset_) - BoundedDecimals.read(baseToken_));
    }

    /// @inheritdoc IPriceSource
    function priceE36() external view returns (uint256) {
        uint256 price = HyperCoreReader.oraclePx(perp);
        if (price == 0) revert NoOraclePrice(perp);
        return price * _scale;
    }
}
