// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @title One venue's position, held for one vault.
/// @dev Amounts named `asset` are smallest units of the vault's asset; `base` are smallest units of `baseToken`.
interface IAdapter {
    /// @notice The token whose price this position depends on.
    function baseToken() external view returns (address);

    /// @notice What the position is worth now, in asset units, each unit in flight counted once.
    function value() external view returns (uint256 assetAmount);

    /// @notice Signed exposure in base units; an order that has not been read back counts as filled.
    function exposure() external view returns (int256 baseAmount);

    /// @notice Worst execution loss of orders that have not been read back yet, in asset units.
    function pendingLoss() external view returns (uint256 assetAmount);

    /// @notice Move of the mark price, in bps of it, that would liquidate the position; max uint when none could.
    function liquidationDistanceBps() external view returns (uint256);

    /// @notice Fingerprint of the quantities held (never of prices or gifts), part of the vault's state hash.
    function positionHash() external view returns (bytes32);

    /// @notice Reads back what earlier actions came to and sends free asset home. Only the vault calls it.
    function settle() external;

    /// @notice Carries out one typed action; the vault has sent the asset it needs just before. Only the vault calls it.
    /// @param action venue-specific, `abi.encode(kind, ...)`
    /// @param maxSlippageBps bound on every fill or limit price against the reference price
    /// @return tradedNotional notional that changes exposure, in asset units
    function execute(bytes calldata action, uint256 maxSlippageBps) external returns (uint256 tradedNotional);
}
