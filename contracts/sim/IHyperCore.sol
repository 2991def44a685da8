// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @title The controls of the HyperCore stand-in that tests and the local chain use; a real chain has none of them.
/// @dev Prices are human price x 10^(6 - szDecimals), as the precompiles answer. Rates are decimals x 1e18 for one hour.
interface IHyperCore {
    struct PerpTerms {
        string coin;
        uint8 szDecimals;
        uint8 maxLeverage;
        uint32 halfSpreadPpm; // of mid, one side
        uint64 depthUsd; // whole USD of notional that moves the price by 1 %
        uint32 takerFeePpm; // of notional
    }

    struct Tick {
        uint32 perp;
        uint64 oraclePx;
        uint64 markPx;
        uint64 highPx; // highest mark since the last tick: shorts are checked for liquidation there
        uint64 lowPx; // lowest mark since the last tick: longs are checked for liquidation there
        int64 fundingRateE18; // paid by longs to shorts on size x oracle price, for the hour that ends now
    }

    /// @notice Lifetime sums per account, as Hyperliquid's public REST API tells them (fills and cumulative funding).
    /// @dev USD with 6 decimals; `fundingReceived` is positive when the account was paid.
    struct AccountLedger {
        int256 fundingReceived;
        uint256 feesPaid;
        int256 realisedPnl;
        uint256 tradedNotional;
        uint64 fills;
        uint64 rejections;
        uint64 liquidations;
    }

    function initialise(address usdc, address coreDepositWallet, uint64 orderDelaySeconds, uint64 transferDelaySeconds) external;
    function listPerp(uint32 perp, PerpTerms calldata terms) external;
    function createAccount(address user) external;

    /// @notice New prices and one hour's funding, after liquidation checks at the extremes; then acts on what is due.
    function tick(Tick calldata t) external;

    /// @notice Acts on every queued write whose delay has passed, oldest first.
    function process() external;

    /// @notice Auto-deleveraging: closes `lots` of a position at `price` against its owner's will, without a fee.
    function autoDeleverage(address user, uint32 perp, uint64 lots, uint64 price) external;

    /// @notice The next `count` actions of `user` are refused when they are due, whatever they are.
    function refuseNext(address user, uint256 count) external;

    function ledgerOf(address user) external view returns (AccountLedger memory);

    /// @notice USDC (6 decimals) on its way to `user`'s core account or to their EVM balance, in neither of the two.
    function inTransitTo(address user) external view returns (uint256);
}
