// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";

import {Bucket} from "./Bucket.sol";
import {Limits} from "./Policy.sol";

/// @notice What the envelope is measured on, all at the same prices. Amounts in asset units.
struct Snapshot {
    uint256 assets; // total assets
    uint256 idle; // of them cash in the vault
    uint256 pendingLoss; // worst loss of orders in flight, not yet in `assets`
    uint256 gross; // sum of the absolute notionals
    uint256 liquidationDistanceBps; // least over the adapters
    int256[] deltas; // signed notional of each adapter
    address[] baseTokens; // the token of each of these
}

/// @notice The levels of the three buckets that outlast a plan; see Bucket.
struct Budgets {
    uint256 turnover;
    uint256 loss;
    uint256 emergencyLoss;
}

/// @title The envelope: what must hold once a plan's actions are done.
/// @dev Every limit that is checked is told in an event, so that headroom can be charted from logs alone.
library Envelope {
    using Bucket for uint256;
    using Math for uint256;

    uint256 private constant BPS = 10_000;

    /// @param limit the limit's name in the policy file
    event LimitChecked(bytes32 indexed limit, uint256 value, uint256 bound);

    error CooldownActive(uint256 elapsed, uint256 bound);
    error TradeTooLarge(uint256 value, uint256 bound);
    error GrossLeverageExceeded(uint256 value, uint256 bound);
    error NetDeltaExceeded(uint256 value, uint256 bound);
    error PlanLossExceeded(uint256 value, uint256 bound);
    error LiquidationTooClose(uint256 value, uint256 bound);
    error TurnoverExceeded(uint256 value, uint256 bound);
    error LossBudgetExceeded(uint256 value, uint256 bound);
    error EmergencyLossBudgetExceeded(uint256 value, uint256 bound);
    error IdleBelowMinimum(uint256 value, uint256 bound);

    /// @notice The two limits that a reducing plan need not wait for.
    function checkPace(Limits memory limits, uint256 elapsed, uint256 tradedNotional) internal {
        emit LimitChecked("cooldown_s", elapsed, limits.cooldownSeconds);
        if (elapsed < limits.cooldownSeconds) revert CooldownActive(elapsed, limits.cooldownSeconds);

        emit LimitChecked("max_trade_usd", tradedNotional, limits.maxTradeNotional);
        if (tradedNotional > limits.maxTradeNotional) revert TradeTooLarge(tradedNotional, limits.maxTradeNotional);
    }

    /// @notice The limits on positions and on the plan's own loss, as parts of `nav`.
    /// @dev A reducing plan may leave a position outside its bound if it did not make it worse; its loss is bounded
    /// like any other's.
    function check(Limits memory limits, Snapshot memory start, Snapshot memory end, uint256 nav, bool reducing)
        internal
    {
        uint256 gross = bps(end.gross, nav);
        emit LimitChecked("max_gross_leverage", gross, limits.maxGrossLeverageBps);
        if (gross > limits.maxGrossLeverageBps && !(reducing && end.gross <= start.gross)) {
            revert GrossLeverageExceeded(gross, limits.maxGrossLeverageBps);
        }

        for (uint256 i; i < end.deltas.length; ++i) {
            if (!_isFirstOfToken(end, i)) continue;
            uint256 net = _absoluteNetDelta(end, i);
            uint256 netBps = bps(net, nav);
            emit LimitChecked("max_net_delta", netBps, limits.maxNetDeltaBps);
            if (netBps > limits.maxNetDeltaBps && !(reducing && net <= _absoluteNetDelta(start, i))) {
                revert NetDeltaExceeded(netBps, limits.maxNetDeltaBps);
            }
        }

        uint256 loss = bps(lossOf(start, end), nav);
        emit LimitChecked("max_loss_per_plan", loss, limits.maxLossPerPlanBps);
        if (loss > limits.maxLossPerPlanBps) revert PlanLossExceeded(loss, limits.maxLossPerPlanBps);

        uint256 distance = end.liquidationDistanceBps;
        emit LimitChecked("min_liquidation_distance", distance, limits.minLiquidationDistanceBps);
        if (distance < limits.minLiquidationDistanceBps && !(reducing && distance >= start.liquidationDistanceBps)) {
            revert LiquidationTooClose(distance, limits.minLiquidationDistanceBps);
        }
    }

    /// @notice Fills the buckets by what the plan traded and lost; what it gained gives nothing back.
    /// @dev A reducing plan has a loss budget of its own: trading that used up the other cannot keep a vault from
    /// unwinding, and a thief who churns reducing plans meets a bound too. Its turnover counts and stops only others.
    function charge(Limits memory limits, Budgets memory used, uint256 traded, uint256 loss, uint256 nav, bool reducing)
        internal
    {
        used.turnover = used.turnover.filled(traded, nav);
        if (reducing) {
            used.turnover = used.turnover.capped(limits.maxTurnoverBps);
            used.emergencyLoss = used.emergencyLoss.filled(loss, nav);
            uint256 emergency = used.emergencyLoss.usedBps();
            emit LimitChecked("emergency_loss_budget", emergency, limits.emergencyLossBudgetBps);
            if (emergency > limits.emergencyLossBudgetBps) {
                revert EmergencyLossBudgetExceeded(emergency, limits.emergencyLossBudgetBps);
            }
            return;
        }
        uint256 turnover = used.turnover.usedBps();
        emit LimitChecked("max_turnover", turnover, limits.maxTurnoverBps);
        if (turnover > limits.maxTurnoverBps) revert TurnoverExceeded(turnover, limits.maxTurnoverBps);

        used.loss = used.loss.filled(loss, nav);
        uint256 lost = used.loss.usedBps();
        emit LimitChecked("loss_budget", lost, limits.lossBudgetBps);
        if (lost > limits.lossBudgetBps) revert LossBudgetExceeded(lost, limits.lossBudgetBps);
    }

    /// @notice Cash for redemptions that a plan must leave, unless it found less and took none of it.
    function checkIdle(Limits memory limits, Snapshot memory start, Snapshot memory end, uint256 nav) internal {
        uint256 idle = nav == 0 ? type(uint256).max : end.idle.mulDiv(BPS, nav);
        emit LimitChecked("min_idle", idle, limits.minIdleBps);
        if (idle < limits.minIdleBps && end.idle < start.idle) revert IdleBelowMinimum(idle, limits.minIdleBps);
    }

    /// @notice Fall of assets less pending loss at the same prices; a rise is no loss.
    function lossOf(Snapshot memory start, Snapshot memory end) internal pure returns (uint256) {
        // Written without a difference that could be negative.
        return (start.assets + end.pendingLoss).saturatingSub(end.assets + start.pendingLoss);
    }

    /// @notice Net asset value with the orders in flight at their worst fill.
    function netAssets(Snapshot memory s) internal pure returns (uint256) {
        return s.assets.saturatingSub(s.pendingLoss);
    }

    /// @notice Whether an exposure is no larger than before and not on the other side of zero.
    function isNoLarger(int256 exposureAfter, int256 exposureBefore) internal pure returns (bool) {
        if (exposureBefore >= 0) return exposureAfter >= 0 && exposureAfter <= exposureBefore;
        return exposureAfter <= 0 && exposureAfter >= exposureBefore;
    }

    /// @notice amount / whole in basis points, rounded up; a part of nothing is without bound.
    function bps(uint256 amount, uint256 whole) internal pure returns (uint256) {
        if (amount == 0) return 0;
        if (whole == 0) return type(uint256).max;
        return amount.mulDiv(BPS, whole, Math.Rounding.Ceil);
    }

    /// @dev |sum of the signed notionals| in the base token of adapter `index`.
    function _absoluteNetDelta(Snapshot memory s, uint256 index) private pure returns (uint256) {
        int256 net;
        for (uint256 j; j < s.deltas.length; ++j) {
            if (s.baseTokens[j] == s.baseTokens[index]) net += s.deltas[j];
        }
        return SignedMath.abs(net);
    }

    function _isFirstOfToken(Snapshot memory s, uint256 index) private pure returns (bool) {
        for (uint256 j; j < index; ++j) {
            if (s.baseTokens[j] == s.baseTokens[index]) return false;
        }
        return true;
    }
}
