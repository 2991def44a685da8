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
    uint32 maxTurnoverBps; // notional traded in a rolling day
    uint32 lossBudgetBps; // execution losses in a rolling day, of plans that do not only reduce
    uint32 emergencyLossBudgetBps; // the same of plans that only reduce
    uint32 minIdleBps; // cash left by a plan that does not only reduce
}

/// @title The limits that hold whatever the agent's key does.
/// @notice Limits start inside ceilings fixed in this code and can only become tighter, at once.
contract Policy {
    uint256 public constant MAX_GROSS_LEVERAGE_BPS = 30_000;
    uint256 public constant MAX_NET_DELTA_BPS = 10_000;
    uint256 public constant MAX_SLIPPAGE_BPS = 500;
    uint256 public constant MAX_LOSS_PER_PLAN_BPS = 500;
    uint256 public constant MAX_DAILY_LOSS_BPS = 2_000;
    uint256 public constant MAX_DRAWDOWN_BPS = 5_000;
    uint256 public constant MIN_LIQUIDATION_DISTANCE_BPS = 300;
    uint256 public constant MAX_LIQUIDATION_DISTANCE_BPS = 10_000;
    uint256 public constant MIN_COOLDOWN = 30 seconds;
    uint256 public constant MAX_COOLDOWN = 1 days;
    uint256 public constant MAX_ORACLE_AGE = 1 days;
    uint256 public constant MAX_TURNOVER_BPS = 200_000;
    uint256 public constant MAX_LOSS_BUDGET_BPS = 500;
    uint256 public constant MAX_EMERGENCY_LOSS_BUDGET_BPS = 500;
    uint256 public constant MAX_MIN_IDLE_BPS = 5_000;

    address public immutable owner;
    address public immutable guardian;

    /// @notice The price age that redemptions accept: the one holders were promised at the start.
    /// @dev A guardian who tightens `maxOracleAgeSeconds` to nothing stops plans and deposits, never an exit.
    uint32 public immutable exitOracleAgeSeconds;

    /// @notice Starts at 1 and counts the changes; part of the vault's state hash.
    uint64 public version = 1;

    Limits private _limits;

    event LimitsSet(uint64 indexed version, Limits limits);

    error ZeroAddress();
    error NotOwnerOrGuardian(address caller);
    /// @param bound the ceiling, or the floor, that `value` is on the wrong side of
    error LimitOutOfBounds(bytes32 name, uint256 value, uint256 bound);
    /// @param bound the limit in force, which `value` would loosen
    error LimitLoosened(bytes32 name, uint256 value, uint256 bound);

    constructor(address owner_, address guardian_, Limits memory limits_) {
        if (owner_ == address(0) || guardian_ == address(0)) revert ZeroAddress();
        _requireInsideCeilings(limits_);
        owner = owner_;
        guardian = guardian_;
        exitOracleAgeSeconds = limits_.maxOracleAgeSeconds;
        _limits = limits_;
        emit LimitsSet(1, limits_);
    }

    function limits() external view returns (Limits memory) {
        return _limits;
    }

    /// @notice Replaces the limits by ones of which every component is at most as loose.
    /// @dev The limits in force again are no change: the version stays, and plans made for it stay valid.
    function tighten(Limits calldata tighter) external {
        if (msg.sender != owner && msg.sender != guardian) revert NotOwnerOrGuardian(msg.sender);
        Limits memory current = _limits;
        _requireNoLooser(tighter, current);
        _requireInsideCeilings(tighter);
        if (keccak256(abi.encode(tighter)) == keccak256(abi.encode(current))) return;
        _limits = tighter;
        emit LimitsSet(++version, tighter);
    }

    function _requireInsideCeilings(Limits memory l) private pure {
        _atMost("max_gross_leverage", l.maxGrossLeverageBps, MAX_GROSS_LEVERAGE_BPS);
        _atMost("max_net_delta", l.maxNetDeltaBps, MAX_NET_DELTA_BPS);
        _atLeast("max_trade_usd", l.maxTradeNotional, 1);
        _atMost("max_slippage", l.maxSlippageBps, MAX_SLIPPAGE_BPS);
        _atMost("max_loss_per_plan", l.maxLossPerPlanBps, MAX_LOSS_PER_PLAN_BPS);
        _atMost("max_daily_loss", l.maxDailyLossBps, MAX_DAILY_LOSS_BPS);
        _atMost("max_drawdown", l.maxDrawdownBps, MAX_DRAWDOWN_BPS);
        _atLeast("min_liquidation_distance", l.minLiquidationDistanceBps, MIN_LIQUIDATION_DISTANCE_BPS);
        _atMost("min_liquidation_distance", l.minLiquidationDistanceBps, MAX_LIQUIDATION_DISTANCE_BPS);
        _atLeast("cooldown_s", l.cooldownSeconds, MIN_COOLDOWN);
        _atMost("cooldown_s", l.cooldownSeconds, MAX_COOLDOWN);
        _atLeast("max_oracle_age_s", l.maxOracleAgeSeconds, 1);
        _atMost("max_oracle_age_s", l.maxOracleAgeSeconds, MAX_ORACLE_AGE);
        _atMost("max_turnover", l.maxTurnoverBps, MAX_TURNOVER_BPS);
        // Never nothing: a vault that may lose nothing can neither trade nor unwind.
        _atLeast("loss_budget", l.lossBudgetBps, 1);
        _atMost("loss_budget", l.lossBudgetBps, MAX_LOSS_BUDGET_BPS);
        _atLeast("emergency_loss_budget", l.emergencyLossBudgetBps, 1);
        _atMost("emergency_loss_budget", l.emergencyLossBudgetBps, MAX_EMERGENCY_LOSS_BUDGET_BPS);
        _atLeast("min_idle", l.minIdleBps, 1);
        _atMost("min_idle", l.minIdleBps, MAX_MIN_IDLE_BPS);
    }

    function _requireNoLooser(Limits memory next, Limits memory current) private pure {
        _noHigher("max_gross_leverage", next.maxGrossLeverageBps, current.maxGrossLeverageBps);
        _noHigher("max_net_delta", next.maxNetDeltaBps, current.maxNetDeltaBps);
        _noHigher("max_trade_usd", next.maxTradeNotional, current.maxTradeNotional);
        _noHigher("max_slippage", next.maxSlippageBps, current.maxSlippageBps);
        _noHigher("max_loss_per_plan", next.maxLossPerPlanBps, current.maxLossPerPlanBps);
        _noHigher("max_daily_loss", next.maxDailyLossBps, current.maxDailyLossBps);
        _noHigher("max_drawdown", next.maxDrawdownBps, current.maxDrawdownBps);
        _noLower("min_liquidation_distance", next.minLiquidationDistanceBps, current.minLiquidationDistanceBps);
        _noLower("cooldown_s", next.cooldownSeconds, current.cooldownSeconds);
        _noHigher("max_oracle_age_s", next.maxOracleAgeSeconds, current.maxOracleAgeSeconds);
        _noHigher("max_turnover", next.maxTurnoverBps, current.maxTurnoverBps);
        _noHigher("loss_budget", next.lossBudgetBps, current.lossBudgetBps);
        _noHigher("emergency_loss_budget", next.emergencyLossBudgetBps, current.emergencyLossBudgetBps);
        _noLower("min_idle", next.minIdleBps, current.minIdleBps);
    }

    function _atMost(bytes32 name, uint256 value, uint256 ceiling) private pure {
        if (value > ceiling) revert LimitOutOfBounds(name, value, ceiling);
    }

    function _atLeast(bytes32 name, uint256 value, uint256 floor) private pure {
        if (value < floor) revert LimitOutOfBounds(name, value, floor);
    }

    function _noHigher(bytes32 name, uint256 value, uint256 current) private pure {
        if (value > current) revert LimitLoosened(name, value, current);
    }

    function _noLower(bytes32 name, uint256 value, uint256 current) private pure {
        if (value < current) revert LimitLoosened(name, value, current);
    }
}
