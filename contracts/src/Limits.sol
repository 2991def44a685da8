// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Mode} from "./Plan.sol";

/// @notice The hard limits of one vault, in three storage slots. Every field is required; zero never means "no limit".
/// @dev Basis points are of net asset value unless said otherwise.
struct Limits {
    // where positions may be after a plan
    uint16 maxGrossLeverageBps;
    uint16 maxNetDeltaBps; // of each base token
    uint16 minLiquidationDistanceBps; // of the mark price
    uint16 minHealthBps; // security / what the venue asks for; 10,000 is liquidation
    uint16 minIdleBps; // cash left by a plan that does not only reduce
    // what trading may cost
    uint16 maxSlippageBps; // of the reference price, per fill
    uint16 maxLossPerPlanBps;
    uint16 lossBudgetBps; // execution losses of plans that do not only reduce; a full budget drains in a week
    uint16 emergencyLossBudgetBps; // the same of plans that only reduce
    uint32 maxTurnoverBps; // notional traded; a full budget drains in a day
    // when the vault stops by itself
    uint16 maxDailyLossBps; // of the share price at the start of the UTC day
    uint16 maxWeeklyLossBps; // of the share price at the start of the week
    uint16 maxDrawdownBps; // of the highest share price
    // shares
    uint16 maxGrowthBps; // rise of the share price in a day
    uint16 flowBufferBps; // of what is deposited and of what is redeemed; stays with the holders
    // second slot
    uint128 maxTradeNotional; // asset units, per plan
    uint32 cooldownSeconds;
    uint32 maxOracleAgeSeconds;
    uint32 maxSilenceSeconds; // without a plan or heartbeat, before anybody may unwind
    Mode latchMode; // ReduceOnly or Halted
    // third slot
    uint128 maxTotalAssets; // asset units, after a deposit
}

/// @notice The most that may be held at one venue, or in one base token, after a plan that grows it. Nothing, at first.
struct Cap {
    uint128 amount; // asset units
    uint32 bps; // of net asset value at the start of the plan
}
