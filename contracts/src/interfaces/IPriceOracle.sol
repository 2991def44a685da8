// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @title The price of one base token in one asset, with the last good price kept.
/// @dev `priceE36` is asset units per 10^36 base units.
interface IPriceOracle {
    function asset() external view returns (address);

    function baseToken() external view returns (address);

    /// @notice Stores the price if it is newer than the one kept, and returns it.
    /// @dev Reverts `OraclePriceInvalid`, `OracleStale`, `OracleDeviates` or `SequencerDown` unless it can be trusted.
    function refresh(uint256 maxAgeSeconds) external returns (uint256 priceE36, uint256 updatedAt);

    /// @notice What `refresh` would return, or revert with, without storing anything.
    function healthy(uint256 maxAgeSeconds) external view returns (uint256 priceE36, uint256 updatedAt);

    /// @notice The feed's price when it is valid, else the last good one; whatever its age. Never reverts.
    function latest() external view returns (uint256 priceE36, uint256 updatedAt);
}
