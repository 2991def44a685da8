// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @notice The hard limits of one vault. Every field is required; zero never means "no limit".
/// @dev Basis points are of net asset value unless said otherwise.
struct Limits {
    uint32 maxGrossLeverageBps;
    uint32 maxNetDeltaBps;
    uint128 maxTradeNotional; // asset units, per plan
    uint32 maxSlippageBps; // of the reference price, per fill
    uint32 maxLossPerPlanBps;
    uint32 maxDailyLossBps; // of the share price at the start of the UTC day
    uint32 maxDrawdownBps; // of the highest share price
    uint32 minLiquidationDistanceBps; // of the mark price
    uint32 cooldownSeconds;
    uint32 maxOracleAgeSeconds;
}
