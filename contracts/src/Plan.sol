// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Budgets} from "./Envelope.sol";

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

/// @notice The vault's own books at the last good prices. Amounts in asset units, share prices 1e18 at the start.
struct Figures {
    uint256 real; // idle cash and positions
    uint256 bounded; // the same, risen no faster than the policy allows: what shares are worth
    uint256 supply; // with the shares that fees are owed
    uint256 sharePriceE18;
    uint256 highWaterMarkE18; // this and the next two as a checkpoint now would set them
    uint256 dayStartPriceE18;
    uint256 weekStartPriceE18;
    Budgets budgets; // when the last plan was carried out; they have drained since
    bytes32 stateHash; // what a plan must have been made for
}

/// @notice Everything the agent reads of the vault, taken in one call.
/// @dev Amounts in asset units; share prices are 1e18 at the start; a net delta per base token, signed.
struct VaultStatus {
    uint256 realAssets; // idle cash and positions at the last good prices
    uint256 totalAssets; // the same, risen no faster than the policy allows
    uint256 idleAssets;
    uint256 totalSupply;
    uint256 sharePriceE18;
    uint256 highWaterMarkE18; // this and the next two as a checkpoint now would set them
    uint256 dayStartPriceE18;
    uint256 weekStartPriceE18;
    uint256 grossExposure;
    int256 netDelta; // over all base tokens
    uint256 pendingLoss;
    uint256 liquidationDistanceBps; // least over the adapters
    uint256 healthBps; // least over the adapters
    Mode mode;
    uint64 planCount;
    uint64 lastPlanAt;
    uint64 lastSignAt; // last plan or heartbeat
    bytes32 stateHash;
    uint256 turnoverUsedBps; // of the three buckets, as of now
    uint256 lossUsedBps;
    uint256 emergencyLossUsedBps;
    uint256 queuedAssets; // what the shares waiting in the redemption queue are worth
    uint256 queuedSince; // when the oldest of them came; 0 when none waits
}
