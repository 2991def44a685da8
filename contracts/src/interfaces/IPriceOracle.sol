// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @title Prices of base tokens in the vault's asset.
interface IPriceOracle {
    /// @notice Asset units that `baseAmount` of `baseToken` is worth, at the last good price, whatever its age.
    function assetValue(address baseToken, uint256 baseAmount) external view returns (uint256 assetAmount);

    /// @notice The last price in the feed's own decimals and when it was set.
    function latest(address baseToken) external view returns (uint256 price, uint8 decimals, uint256 updatedAt);

    /// @notice Reverts `OraclePriceInvalid` or `OracleStale` unless the price is positive, in bounds and at most `maxAge` seconds old.
    function requireHealthy(address baseToken, uint256 maxAge) external view;
}
