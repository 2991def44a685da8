// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @title A second opinion on the price of one base token, to hold a feed against.
interface IPriceSource {
    /// @notice Asset units per 10^36 base units. Reverts when the source has no price.
    function priceE36() external view returns (uint256);
}
