// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {Bucket} from "./Bucket.sol";
import {Budgets, Change, Envelope} from "./Envelope.sol";
import {Cap, Limits} from "./Limits.sol";
import {Mode} from "./Plan.sol";

/// @notice The limits that the vault applies by itself; one word each, which is the cheapest to hand over.
struct VaultLimits {
    uint256 maxSlippageBps;
    uint256 maxDailyLossBps;
    uint256 maxWeeklyLossBps;
    uint256 maxDrawdownBps;
    uint256 maxGrowthBps;
    uint256 flowBufferBps;
    uint256 maxOracleAgeSeconds;
    uint256 exitOracleAgeSeconds;
    uint256 maxSilenceSeconds;
    Mode latchMode;
}

/// @title The limits that hold whatever the agent's key does, and the check of a plan against them.
/// @notice Limits stay inside ceilings fixed in this code. They become tighter at once, and looser only through the
/// authority's delay, for exactly the limits that were announced.
contract Policy is Envelope, AccessManaged {
    using Bucket for uint256;

    uint256 public constant MAX_GROSS_LEVERAGE_BPS = 30_000;
    uint256 public constant MAX_NET_DELTA_BPS = 10_000;
    uint256 public constant MIN_LIQUIDATION_DISTANCE_BPS = 300;
    uint256 public constant MAX_LIQUIDATION_DISTANCE_BPS = 10_000;
    uint256 public constant MIN_HEALTH_BPS = 10_500;
    uint256 public constant MAX_HEALTH_BPS = 60_000;
    uint256 public constant MAX_MIN_IDLE_BPS = 5_000;
    uint256 public constant MAX_SLIPPAGE_BPS = 500;
    uint256 public constant MAX_LOSS_PER_PLAN_BPS = 500;
    uint256 public constant MAX_LOSS_BUDGET_BPS = 500;
    uint256 public constant MAX_EMERGENCY_LOSS_BUDGET_BPS = 500;
    uint256 public constant MAX_TURNOVER_BPS = 200_000;
    uint256 public constant MAX_DAILY_LOSS_BPS = 2_000;
    uint256 public constant MAX_WEEKLY_LOSS_BPS = 3_000;
    uint256 public constant MAX_DRAWDOWN_BPS = 5_000;
    uint256 public constant MAX_GROWTH_BPS = 10_000;
    uint256 public constant MAX_FLOW_BUFFER_BPS = 100;
    uint256 public constant MIN_COOLDOWN = 30 seconds;
    uint256 public constant MAX_COOLDOWN = 1 days;
    uint256 public constant MAX_ORACLE_AGE = 1 days;
    uint256 public constant MIN_SILENCE = 1 hours;
    uint256 public constant MAX_SILENCE = 7 days;

    /// @notice The price age that redemptions accept: the one holders were promised at the start.
    /// @dev A guardian who tightens `maxOracleAgeSeconds` to nothing stops plans and deposits, never an exit.
    uint32 public immutable exitOracleAgeSeconds;

    /// @notice Starts at 1 and counts the changes; part of the vault's state hash.
    uint64 public version = 1;

    Limits private _limits;
    mapping(address venueOrToken => Cap) private _caps;

    event LimitsSet(uint64 indexed version, Limits limits);
    event CapSet(uint64 indexed version, address indexed venueOrToken, Cap cap);

    /// @param bound the ceiling, or the floor, that `value` is on the wrong side of
    error LimitOutOfBounds(bytes32 name, uint256 value, uint256 bound);
    /// @param bound the limit in force, which `value` would loosen
    error LimitLoosened(bytes32 name, uint256 value, uint256 bound);

    constructor(address authority, Limits memory limits_) AccessManaged(authority) {
        _requireInsideCeilings(limits_);
        exitOracleAgeSeconds = limits_.maxOracleAgeSeconds;
        _limits = limits_;
        emit LimitsSet(1, limits_);
    }

    // ---------------------------------------------------------------- reading

    function limits() external view returns (Limits memory) {
        return _limits;
    }

    /// @notice What the vault asks for at the beginning of every call. It leaves the third slot of the limits alone.
    function current() external view returns (VaultLimits memory) {
        return VaultLimits({
            maxSlippageBps: _limits.maxSlippageBps,
            maxDailyLossBps: _limits.maxDailyLossBps,
            maxWeeklyLossBps: _limits.maxWeeklyLossBps,
            maxDrawdownBps: _limits.maxDrawdownBps,
            maxGrowthBps: _limits.maxGrowthBps,
            flowBufferBps: _limits.flowBufferBps,
            maxOracleAgeSeconds: _limits.maxOracleAgeSeconds,
            exitOracleAgeSeconds: exitOracleAgeSeconds,
            maxSilenceSeconds: _limits.maxSilenceSeconds,
            latchMode: _limits.latchMode
        });
    }

    function maxTotalAssets() external view returns (uint256) {
        return _limits.maxTotalAssets;
    }

    /// @inheritdoc Envelope
    function capOf(address venueOrToken) public view override returns (Cap memory) {
        return _caps[venueOrToken];
    }

    /// @notice What is used of the three buckets `elapsed` seconds after the last plan, in basis points, rounded up.
    function usedBps(Budgets calldata used, uint256 elapsed)
        external
        view
        returns (uint256 turnover, uint256 loss, uint256 emergencyLoss)
    {
        Budgets memory now_ = _budgetsAfter(_limits, used, elapsed);
        turnover = now_.turnover.usedBps(TURNOVER_WINDOW);
        loss = now_.loss.usedBps(LOSS_WINDOW);
        emergencyLoss = now_.emergencyLoss.usedBps(LOSS_WINDOW);
    }

    // ---------------------------------------------------------------- checking

    /// @notice Reverts with the limit's name unless a plan keeps every limit.
    /// @return left the levels of the buckets after it
    /// @return navBefore assets with the orders in flight at their worst fill, and after the plan `navAfter`
    function enforce(Change calldata plan, Budgets calldata used)
        external
        returns (Budgets memory left, uint256 navBefore, uint256 navAfter)
    {
        return _enforce(_limits, plan, used);
    }

    // ---------------------------------------------------------------- changing

    /// @notice Replaces the limits by ones of which every component is at most as loose.
    /// @dev The limits in force again are no change: the version stays, and plans made for it stay valid.
    function tighten(Limits calldata tighter) external restricted {
        Limits memory now_ = _limits;
        _requireNoLooser(tighter, now_);
        _requireInsideCeilings(tighter);
        if (keccak256(abi.encode(tighter)) == keccak256(abi.encode(now_))) return;
        _setLimits(tighter);
    }

    /// @notice Replaces the limits by any inside the ceilings. The authority makes the curator wait.
    function loosen(Limits calldata looser) external restricted {
        _requireInsideCeilings(looser);
        _setLimits(looser);
    }

    /// @notice Lowers what may be held at a venue or in a base token; nothing disables it.
    function tightenCap(address venueOrToken, Cap calldata tighter) external restricted {
        Cap memory now_ = _caps[venueOrToken];
        _noHigher("cap_amount", tighter.amount, now_.amount);
        _noHigher("cap", tighter.bps, now_.bps);
        _setCap(venueOrToken, tighter);
    }

    /// @notice Sets any cap. The authority makes the curator wait.
    function loosenCap(address venueOrToken, Cap calldata looser) external restricted {
        _setCap(venueOrToken, looser);
    }

    function _setLimits(Limits memory limits_) private {
        _limits = limits_;
        emit LimitsSet(++version, limits_);
    }

    function _setCap(address venueOrToken, Cap memory cap) private {
        _caps[venueOrToken] = cap;
        emit CapSet(++version, venueOrToken, cap);
    }

    function _requireInsideCeilings(Limits memory l) private pure {
        _atMost("max_gross_leverage", l.maxGrossLeverageBps, MAX_GROSS_LEVERAGE_BPS);
        _atMost("max_net_delta", l.maxNetDeltaBps, MAX_NET_DELTA_BPS);
        _within("min_liquidation_distance", l.minLiquidationDistanceBps, MIN_LIQUIDATION_DISTANCE_BPS, MAX_LIQUIDATION_DISTANCE_BPS);
        _within("min_health", l.minHealthBps, MIN_HEALTH_BPS, MAX_HEALTH_BPS);
        _within("min_idle", l.minIdleBps, 1, MAX_MIN_IDLE_BPS);
        _atMost("max_slippage", l.maxSlippageBps, MAX_SLIPPAGE_BPS);
        _atMost("max_loss_per_plan", l.maxLossPerPlanBps, MAX_LOSS_PER_PLAN_BPS);
        // Never nothing: a vault that may lose nothing can neither trade nor unwind.
        _within("loss_budget", l.lossBudgetBps, 1, MAX_LOSS_BUDGET_BPS);
        _within("emergency_loss_budget", l.emergencyLossBudgetBps, 1, MAX_EMERGENCY_LOSS_BUDGET_BPS);
        _atMost("max_turnover", l.maxTurnoverBps, MAX_TURNOVER_BPS);
        _atMost("max_daily_loss", l.maxDailyLossBps, MAX_DAILY_LOSS_BPS);
        _atMost("max_weekly_loss", l.maxWeeklyLossBps, MAX_WEEKLY_LOSS_BPS);
        _atMost("max_drawdown", l.maxDrawdownBps, MAX_DRAWDOWN_BPS);
        _within("max_growth", l.maxGrowthBps, 1, MAX_GROWTH_BPS);
        _atMost("flow_buffer", l.flowBufferBps, MAX_FLOW_BUFFER_BPS);
        _atLeast("max_trade_usd", l.maxTradeNotional, 1);
        _within("cooldown_s", l.cooldownSeconds, MIN_COOLDOWN, MAX_COOLDOWN);
        _within("max_oracle_age_s", l.maxOracleAgeSeconds, 1, MAX_ORACLE_AGE);
        _within("max_silence_s", l.maxSilenceSeconds, MIN_SILENCE, MAX_SILENCE);
        _atLeast("latch_mode", uint256(l.latchMode), uint256(Mode.ReduceOnly));
    }

    /// @dev What protects one side of holders at the cost of the other may not change at once, in either direction.
    function _requireNoLooser(Limits memory next, Limits memory now_) private pure {
        _noHigher("max_gross_leverage", next.maxGrossLeverageBps, now_.maxGrossLeverageBps);
        _noHigher("max_net_delta", next.maxNetDeltaBps, now_.maxNetDeltaBps);
        _noLower("min_liquidation_distance", next.minLiquidationDistanceBps, now_.minLiquidationDistanceBps);
        _noLower("min_health", next.minHealthBps, now_.minHealthBps);
        _noLower("min_idle", next.minIdleBps, now_.minIdleBps);
        _noHigher("max_slippage", next.maxSlippageBps, now_.maxSlippageBps);
        _noHigher("max_loss_per_plan", next.maxLossPerPlanBps, now_.maxLossPerPlanBps);
        _noHigher("loss_budget", next.lossBudgetBps, now_.lossBudgetBps);
        _noHigher("emergency_loss_budget", next.emergencyLossBudgetBps, now_.emergencyLossBudgetBps);
        _noHigher("max_turnover", next.maxTurnoverBps, now_.maxTurnoverBps);
        _noHigher("max_daily_loss", next.maxDailyLossBps, now_.maxDailyLossBps);
        _noHigher("max_weekly_loss", next.maxWeeklyLossBps, now_.maxWeeklyLossBps);
        _noHigher("max_drawdown", next.maxDrawdownBps, now_.maxDrawdownBps);
        _unchanged("max_growth", next.maxGrowthBps, now_.maxGrowthBps);
        _unchanged("flow_buffer", next.flowBufferBps, now_.flowBufferBps);
        _noHigher("max_trade_usd", next.maxTradeNotional, now_.maxTradeNotional);
        _noLower("cooldown_s", next.cooldownSeconds, now_.cooldownSeconds);
        _noHigher("max_oracle_age_s", next.maxOracleAgeSeconds, now_.maxOracleAgeSeconds);
        _unchanged("max_silence_s", next.maxSilenceSeconds, now_.maxSilenceSeconds);
        _noLower("latch_mode", uint256(next.latchMode), uint256(now_.latchMode));
        _noHigher("max_total_assets_usd", next.maxTotalAssets, now_.maxTotalAssets);
    }

    function _atMost(bytes32 name, uint256 value, uint256 ceiling) private pure {
        if (value > ceiling) revert LimitOutOfBounds(name, value, ceiling);
    }

    function _atLeast(bytes32 name, uint256 value, uint256 floor) private pure {
        if (value < floor) revert LimitOutOfBounds(name, value, floor);
    }

    function _within(bytes32 name, uint256 value, uint256 floor, uint256 ceiling) private pure {
        _atLeast(name, value, floor);
        _atMost(name, value, ceiling);
    }

    function _noHigher(bytes32 name, uint256 value, uint256 now_) private pure {
        if (value > now_) revert LimitLoosened(name, value, now_);
    }

    function _noLower(bytes32 name, uint256 value, uint256 now_) private pure {
        if (value < now_) revert LimitLoosened(name, value, now_);
    }

    function _unchanged(bytes32 name, uint256 value, uint256 now_) private pure {
        if (value != now_) revert LimitLoosened(name, value, now_);
    }
}
