// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @notice One venue's position at one moment. `asset` amounts are smallest units of the vault's asset, `base` amounts
/// of the adapter's base token.
struct Position {
    uint256 value; // asset; each unit in flight counted once
    int256 exposure; // base, signed; an order that has not been read back counts as filled
    uint256 pendingLoss; // asset; worst execution loss of orders that have not been read back
    uint256 liquidationDistanceBps; // move of the price that would liquidate the position; max uint when none could
    uint256 healthBps; // what secures the position / what the venue asks for; max uint when nothing is owed
    bytes32 fingerprint; // of the quantities held, never of prices or gifts; part of the vault's state hash
}

/// @title One venue's position, held for one vault.
/// @dev `priceE36` is the reference price: asset units per 10^36 base units. Only the vault calls what changes state.
interface IAdapter {
    function vault() external view returns (address);

    function asset() external view returns (address);

    /// @notice The token whose price this position depends on.
    function baseToken() external view returns (address);

    function position(uint256 priceE36) external view returns (Position memory);

    /// @notice `position(priceE36).value` alone, for less gas: deposits and redemptions ask for no more.
    function value(uint256 priceE36) external view returns (uint256);

    /// @notice Reads back what earlier actions came to, sends free asset home, and tells the position after it. Never
    /// changes the fingerprint.
    function settle(uint256 priceE36) external returns (Position memory);

    /// @notice Carries out one typed action; the vault has sent the asset it needs just before.
    /// @param action venue-specific, `abi.encode(kind, ...)`
    /// @param maxSlippageBps bound on every fill or limit price against the reference price
    /// @return tradedNotional notional that changes exposure, in asset units
    /// @return held the position after it
    function execute(bytes calldata action, uint256 priceE36, uint256 maxSlippageBps)
        external
        returns (uint256 tradedNotional, Position memory held);

    /// @notice The next step towards cash, at the best the venue gives within the slippage bound: closes a part of the
    /// position if there is one, else moves what is free one step towards the vault. Takes no asset and no choice of
    /// the caller's but the part, because strangers may call for it once the agent is silent.
    /// @param partBps of the position, 1 to 10,000
    function reduce(uint256 partBps, uint256 priceE36, uint256 maxSlippageBps)
        external
        returns (uint256 tradedNotional, Position memory held);
}
