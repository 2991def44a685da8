// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Bucket} from "./Bucket.sol";
import {Position} from "./interfaces/IAdapter.sol";
import {Price} from "./libraries/Price.sol";
import {Cap, Limits} from "./Limits.sol";
import {Holding, Measure, Snapshot} from "./Measure.sol";

/// @notice What a plan did: how it traded, and its venues and the idle cash before and after, at the same prices.
struct Change {
    uint64 number;
    bool reducing; // no exposure grew, in any action
    uint256 traded; // sum of the notionals that changed exposure
    uint256 nav; // net asset value that limits count against: at the start of the block, or of the plan if smaller
    uint256 elapsed; // seconds since the last plan
    address[] adapters;
    address[] tokens;
    uint256[] prices;
    Position[] start;
    Position[] end;
    uint256 idleAtStart;
    uint256 idleAtEnd;
}

/// @notice The levels of the three buckets that outlast a plan, as of the last plan; see Bucket.
struct Budgets {
    uint256 turnover;
    uint256 loss;
    uint256 emergencyLoss;
}

/// @notice The limits in the order in which `LimitsChecked` tells them.
enum Limit {
    MaxGrossLeverage,
    MaxNetDelta,
    MinLiquidationDistance,
    MinHealth,
    MinIdle,
    MaxLossPerPlan,
    LossBudget,
    EmergencyLossBudget,
    MaxTurnover,
    MaxTrade,
    Cooldown,
    VenueCap,
    AssetCap
}

/// @title The envelope: what must hold once a plan's actions are done.
abstract contract Envelope {
    using Bucket for uint256;
    using Math for uint256;

    uint256 public constant TURNOVER_WINDOW = 1 days;
    uint256 public constant LOSS_WINDOW = 7 days;

    uint256 internal constant BPS = 10_000;

    /// @notice Value and bound of every limit that a plan was checked against, so that headroom can be charted from logs.
    /// @param checks indexed by `Limit`: value in the upper, bound in the lower 128 bits, in the limit's own unit; the
    /// largest value where several were checked; 0 where the plan had not to be checked
    event LimitsChecked(address indexed vault, uint64 indexed planNumber, uint256[13] checks);

    error CooldownActive(uint256 elapsed, uint256 bound);
    error TradeTooLarge(uint256 value, uint256 bound);
    error GrossLeverageExceeded(uint256 value, uint256 bound);
    error NetDeltaExceeded(uint256 value, uint256 bound);
    error VenueCapExceeded(address venue, uint256 value, uint256 bound);
    error AssetCapExceeded(address token, uint256 value, uint256 bound);
    error PlanLossExceeded(uint256 value, uint256 bound);
    error LiquidationTooClose(uint256 value, uint256 bound);
    error HealthTooLow(uint256 value, uint256 bound);
    error TurnoverExceeded(uint256 value, uint256 bound);
    error LossBudgetExceeded(uint256 value, uint256 bound);
    error EmergencyLossBudgetExceeded(uint256 value, uint256 bound);
    error IdleBelowMinimum(uint256 value, uint256 bound);

    /// @notice What is held now against the cap of one venue or base token.
    function capOf(address key) public view virtual returns (Cap memory);

    /// @dev A reducing plan waits for nothing, may leave a position outside its bound if it did not make it worse, and
    /// pays from a loss budget of its own: trading that used up the other cannot keep a vault from unwinding, and a thief
    /// who churns reducing plans meets a bound too. Its turnover counts and stops only others.
    function _enforce(Limits memory l, Change memory plan, Budgets memory used)
        internal
        returns (Budgets memory left, uint256 navBefore, uint256 navAfter)
    {
        Snapshot memory start = Measure.snapshot(plan.adapters, plan.tokens, plan.prices, plan.start, plan.idleAtStart);
        Snapshot memory end = Measure.snapshot(plan.adapters, plan.tokens, plan.prices, plan.end, plan.idleAtEnd);
        (navBefore, navAfter) = (Measure.netAssets(start), Measure.netAssets(end));
        plan.nav = Math.min(plan.nav, navBefore);
        uint256[13] memory checks;
        _checkPositions(l, start, end, plan, checks);
        _checkCaps(start.venues, end.venues, plan, checks, Limit.VenueCap);
        _checkCaps(start.tokens, end.tokens, plan, checks, Limit.AssetCap);
        if (!plan.reducing) _checkPace(l, start, end, plan, checks);
        left = _charge(l, _lossOf(start, end), plan, _budgetsAfter(l, used, plan.elapsed), checks);
        emit LimitsChecked(msg.sender, plan.number, checks);
    }

    /// @dev The levels `elapsed` seconds after the last plan.
    function _budgetsAfter(Limits memory l, Budgets memory used, uint256 elapsed) internal pure returns (Budgets memory) {
        return Budgets({
            turnover: used.turnover.drained(l.maxTurnoverBps, TURNOVER_WINDOW, elapsed),
            loss: used.loss.drained(l.lossBudgetBps, LOSS_WINDOW, elapsed),
            emergencyLoss: used.emergencyLoss.drained(l.emergencyLossBudgetBps, LOSS_WINDOW, elapsed)
        });
    }

    function _checkPositions(
        Limits memory l,
        Snapshot memory start,
        Snapshot memory end,
        Change memory plan,
        uint256[13] memory checks
    ) private pure {
        uint256 gross = _bps(end.gross, plan.nav);
        _note(checks, Limit.MaxGrossLeverage, gross, l.maxGrossLeverageBps);
        // Where no exposure grew, the gross cannot have.
        if (gross > l.maxGrossLeverageBps && !plan.reducing) {
            revert GrossLeverageExceeded(gross, l.maxGrossLeverageBps);
        }

        uint256 largest;
        for (uint256 i; i < end.tokens.length; ++i) {
            uint256 net = Price.notional(end.tokens[i].net, plan.prices[i]);
            uint256 netBps = _bps(net, plan.nav);
            largest = Math.max(largest, netBps);
            if (netBps > l.maxNetDeltaBps && !(plan.reducing && net <= Price.notional(start.tokens[i].net, plan.prices[i]))) {
                revert NetDeltaExceeded(netBps, l.maxNetDeltaBps);
            }
        }
        _note(checks, Limit.MaxNetDelta, largest, l.maxNetDeltaBps);

        uint256 distance = end.liquidationDistanceBps;
        _note(checks, Limit.MinLiquidationDistance, distance, l.minLiquidationDistanceBps);
        if (distance < l.minLiquidationDistanceBps && !(plan.reducing && distance >= start.liquidationDistanceBps)) {
            revert LiquidationTooClose(distance, l.minLiquidationDistanceBps);
        }

        _note(checks, Limit.MinHealth, end.healthBps, l.minHealthBps);
        if (end.healthBps < l.minHealthBps && !(plan.reducing && end.healthBps >= start.healthBps)) {
            revert HealthTooLow(end.healthBps, l.minHealthBps);
        }
    }

    /// @dev Only what grew is checked: a price that carried a holding over its cap, or a cap set to nothing, forces no
    /// trade, and cash that comes home from a venue is free to do so.
    function _checkCaps(
        Holding[] memory start,
        Holding[] memory end,
        Change memory plan,
        uint256[13] memory checks,
        Limit limit
    ) private view {
        for (uint256 i; i < end.length; ++i) {
            if (end[i].amount <= start[i].amount) continue;
            Cap memory cap = capOf(end[i].key);
            uint256 bound = Math.min(cap.amount, plan.nav.mulDiv(cap.bps, BPS));
            _note(checks, limit, end[i].amount, bound);
            if (end[i].amount <= bound) continue;
            if (limit == Limit.VenueCap) revert VenueCapExceeded(end[i].key, end[i].amount, bound);
            revert AssetCapExceeded(end[i].key, end[i].amount, bound);
        }
    }

    function _checkPace(
        Limits memory l,
        Snapshot memory start,
        Snapshot memory end,
        Change memory plan,
        uint256[13] memory checks
    ) private pure {
        _note(checks, Limit.Cooldown, plan.elapsed, l.cooldownSeconds);
        if (plan.elapsed < l.cooldownSeconds) revert CooldownActive(plan.elapsed, l.cooldownSeconds);

        _note(checks, Limit.MaxTrade, plan.traded, l.maxTradeNotional);
        if (plan.traded > l.maxTradeNotional) revert TradeTooLarge(plan.traded, l.maxTradeNotional);

        // Cash for redemptions that a plan must leave, unless it found less and took none of it.
        uint256 idle = plan.nav == 0 ? type(uint256).max : end.idle.mulDiv(BPS, plan.nav);
        _note(checks, Limit.MinIdle, idle, l.minIdleBps);
        if (idle < l.minIdleBps && end.idle < start.idle) revert IdleBelowMinimum(idle, l.minIdleBps);
    }

    /// @dev Fills the buckets by what the plan traded and lost; what it gained gives nothing back.
    function _charge(
        Limits memory l,
        uint256 loss,
        Change memory plan,
        Budgets memory used,
        uint256[13] memory checks
    ) private pure returns (Budgets memory) {
        uint256 lossBps = _bps(loss, plan.nav);
        _note(checks, Limit.MaxLossPerPlan, lossBps, l.maxLossPerPlanBps);
        if (lossBps > l.maxLossPerPlanBps) revert PlanLossExceeded(lossBps, l.maxLossPerPlanBps);

        used.turnover = used.turnover.filled(TURNOVER_WINDOW, plan.traded, plan.nav);
        if (plan.reducing) {
            used.turnover = used.turnover.capped(l.maxTurnoverBps, TURNOVER_WINDOW);
            used.emergencyLoss = used.emergencyLoss.filled(LOSS_WINDOW, loss, plan.nav);
            uint256 emergency = used.emergencyLoss.usedBps(LOSS_WINDOW);
            _note(checks, Limit.EmergencyLossBudget, emergency, l.emergencyLossBudgetBps);
            if (emergency > l.emergencyLossBudgetBps) {
                revert EmergencyLossBudgetExceeded(emergency, l.emergencyLossBudgetBps);
            }
            return used;
        }
        uint256 turnover = used.turnover.usedBps(TURNOVER_WINDOW);
        _note(checks, Limit.MaxTurnover, turnover, l.maxTurnoverBps);
        if (turnover > l.maxTurnoverBps) revert TurnoverExceeded(turnover, l.maxTurnoverBps);

        used.loss = used.loss.filled(LOSS_WINDOW, loss, plan.nav);
        uint256 lost = used.loss.usedBps(LOSS_WINDOW);
        _note(checks, Limit.LossBudget, lost, l.lossBudgetBps);
        if (lost > l.lossBudgetBps) revert LossBudgetExceeded(lost, l.lossBudgetBps);
        return used;
    }

    /// @dev Fall of assets less pending loss at the same prices; a rise is no loss.
    function _lossOf(Snapshot memory start, Snapshot memory end) private pure returns (uint256) {
        // Written without a difference that could be negative.
        return (start.assets + end.pendingLoss).saturatingSub(end.assets + start.pendingLoss);
    }

    /// @dev amount / whole in basis points, rounded up; a part of nothing is without bound.
    function _bps(uint256 amount, uint256 whole) private pure returns (uint256) {
        if (amount == 0) return 0;
        if (whole == 0) return type(uint256).max;
        return amount.mulDiv(BPS, whole, Math.Rounding.Ceil);
    }

    /// @dev Of the caps, which are checked several times, the largest holding is kept.
    function _note(uint256[13] memory checks, Limit limit, uint256 value, uint256 bound) private pure {
        uint256 check = Math.min(value, type(uint128).max) << 128 | bound;
        if (uint256(limit) < uint256(Limit.VenueCap) || checks[uint256(limit)] < check) checks[uint256(limit)] = check;
    }
}
