// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @title What the vault asks of its redemption queue.
interface IRedemptionQueue {
    /// @notice The vault whose shares wait here.
    function share() external view returns (address);

    /// @notice Shares that wait for cash.
    function pendingShares() external view returns (uint256);

    /// @notice When the oldest of them came; 0 when none waits.
    function oldestPendingSince() external view returns (uint256);

    /// @notice Redeems as many of them as the vault's idle cash allows.
    function fill() external returns (uint256 shares);
}
