// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @notice One step of a plan: the vault sends `assetIn` to `adapter`, then asks it to carry out `data`.
struct Action {
    address adapter;
    uint256 assetIn;
    bytes data;
}

/// @notice What the agent asks for. It is valid once, here, until the deadline, and only from the state it was made for.
struct Plan {
    uint256 chainId;
    address vault;
    uint64 number;
    uint64 deadline;
    bytes32 stateHash;
    Action[] actions;
}

/// @notice From free to stopped; a higher mode is always safer.
enum Mode {
    Active,
    ReduceOnly,
    Halted
}

/// @notice Everything the agent reads of the vault, taken in one call.
/// @dev Amounts in asset units; prices per whole share in asset units scaled by 1e18 (`sharePriceE18`);
/// notionals signed where delta is signed; `liquidationDistanceBps` is the least over the adapters.
struct VaultStatus {
    uint256 totalAssets;
    uint256 idleAssets;
    uint256 totalSupply;
    uint256 sharePriceE18;
    uint256 highWaterMarkE18;
    uint256 dayStartPriceE18;
    uint256 grossExposure;
    int256 netDelta;
    uint256 pendingLoss;
    uint256 liquidationDistanceBps;
    Mode mode;
    uint64 planCount;
    uint64 lastPlanAt;
    bytes32 stateHash;
    uint256 turnoverUsedBps; // of the three buckets, as of now
    uint256 lossUsedBps;
    uint256 emergencyLossUsedBps;
}
