// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Bucket} from "./Bucket.sol";
import {Position} from "./interfaces/IAdapter.sol";
import {Price} from "./libraries/Price.sol";
import {Cap, Limits} from "./Limits.sol";
import {Measure, Snapshot} from "./Measure.sol";

/// @notice One venue before and after a plan, at one price.
struct Leg {
    address adapter;
    address token; // its base token
    uint256 priceE36; // asset units per 10^36 base units; one price for one token
    Position start;
    Position end;
}

/// @notice What a plan did: how it traded, and its venues and the idle cash before and after.
struct Change {
    uint64 number;
    bool reducing; // no exposure grew, in any action
    uint256 traded; // sum of the notionals that changed exposure
    uint256 nav; // net asset value that limits count against: at the start of the block, or of the plan if smaller
    uint256 elapsed; // seconds since the last plan
    uint256 idleAtStart;
    uint256 idleAtEnd;
    Leg[] legs;
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

    /// @dev What a plan is judged by.
    struct Findings {
        uint256 nav;
        Snapshot start;
        Snapshot end;
        uint256[13] checks;
    }

    /// @notice What is held now against the cap of one venue or base token.
    function capOf(address key) public view virtual returns (Cap memory);

    /// @dev A reducing plan waits for nothing, may leave a position outside its bound if it did not make it worse, and
    /// pays from a loss budget of its own: trading that used up the other cannot keep a vault from unwinding, and a thief
    /// who churns reducing plans meets a bound too. Its turnover counts and stops only others.
    function _enforce(Limits storage l, Change calldata plan, Budgets memory used)
        internal
        returns (Budgets memory left, uint256 navBefore, uint256 navAfter)
    {
        Findings memory f;
        Leg[] calldata legs = plan.legs;
        _measure(plan, legs, f.start, f.end);
        (navBefore, navAfter) = (Measure.netAssets(f.start), Measure.netAssets(f.end));
        f.nav = Math.min(plan.nav, navBefore);
        _checkPositions(l, plan.reducing, legs, f);
        _checkVenueCaps(legs, f);
        _checkTokenCaps(legs, f);
        if (!plan.reducing) _checkPace(l, plan, f);
        left = _charge(l, plan, f, _budgetsAfter(l, used, plan.elapsed));
        emit LimitsChecked(msg.sender, plan.number, f.checks);
    }

    /// @dev The levels `elapsed` seconds after the last plan.
    function _budgetsAfter(Limits storage l, Budgets memory used, uint256 elapsed)
        internal
        view
        returns (Budgets memory)
    {
        return Budgets({
            turnover: used.turnover.drained(l.maxTurnoverBps, TURNOVER_WINDOW, elapsed),
            loss: used.loss.drained(l.lossBudgetBps, LOSS_WINDOW, elapsed),
            emergencyLoss: used.emergencyLoss.drained(l.emergencyLossBudgetBps, LOSS_WINDOW, elapsed)
        });
    }

    function _measure(Change calldata plan, Leg[] calldata legs, Snapshot memory start, Snapshot memory end)
        private
        pure
    {
        Measure.begin(start, plan.idleAtStart, legs.length);
        Measure.begin(end, plan.idleAtEnd, legs.length);
        for (uint256 i; i < legs.length; ++i) {
            Leg calldata leg = legs[i];
            uint256 first;
            while (legs[first].token != leg.token) ++first;
            Measure.add(start, leg.start, leg.priceE36, i, first);
            Measure.add(end, leg.end, leg.priceE36, i, first);
        }
    }

    function _checkPositions(Limits storage l, bool reducing, Leg[] calldata legs, Findings memory f) private view {
        uint256 gross = _bps(f.end.gross, f.nav);
        uint256 bound = l.maxGrossLeverageBps;
        _note(f, Limit.MaxGrossLeverage, gross, bound);
        // Where no exposure grew, the gross cannot have.
        if (gross > bound && !reducing) revert GrossLeverageExceeded(gross, bound);

        _checkNetDelta(l.maxNetDeltaBps, reducing, legs, f);

        uint256 distance = f.end.liquidationDistanceBps;
        bound = l.minLiquidationDistanceBps;
        _note(f, Limit.MinLiquidationDistance, distance, bound);
        if (distance < bound && !(reducing && distance >= f.start.liquidationDistanceBps)) {
            revert LiquidationTooClose(distance, bound);
        }

        uint256 health = f.end.healthBps;
        bound = l.minHealthBps;
        _note(f, Limit.MinHealth, health, bound);
        if (health < bound && !(reducing && health >= f.start.healthBps)) revert HealthTooLow(health, bound);
    }

    function _checkNetDelta(uint256 bound, bool reducing, Leg[] calldata legs, Findings memory f) private pure {
        uint256 largest;
        for (uint256 i; i < f.end.nets.length; ++i) {
            int256 atEnd = f.end.nets[i];
            if (atEnd == 0) continue;
            uint256 price = legs[i].priceE36;
            uint256 net = Price.notional(atEnd, price);
            uint256 netBps = _bps(net, f.nav);
            if (netBps > largest) largest = netBps;
            if (netBps > bound && !(reducing && net <= Price.notional(f.start.nets[i], price))) {
                revert NetDeltaExceeded(netBps, bound);
            }
        }
        _note(f, Limit.MaxNetDelta, largest, bound);
    }

    function _checkVenueCaps(Leg[] calldata legs, Findings memory f) private view {
        for (uint256 i; i < f.end.venues.length; ++i) {
            uint256 held = f.end.venues[i];
            if (held <= f.start.venues[i]) continue;
            address venue = legs[i].adapter;
            uint256 bound = _checkCap(venue, held, f, Limit.VenueCap);
            if (held > bound) revert VenueCapExceeded(venue, held, bound);
        }
    }

    function _checkTokenCaps(Leg[] calldata legs, Findings memory f) private view {
        for (uint256 i; i < f.end.tokens.length; ++i) {
            uint256 held = f.end.tokens[i];
            if (held <= f.start.tokens[i]) continue;
            address token = legs[i].token;
            uint256 bound = _checkCap(token, held, f, Limit.AssetCap);
            if (held > bound) revert AssetCapExceeded(token, held, bound);
        }
    }

    /// @dev Only what grew is checked: a price that carried a holding over its cap, or a cap set to nothing, forces no
    /// trade, and cash that comes home from a venue is free to do so. Of several the largest is told.
    function _checkCap(address key, uint256 held, Findings memory f, Limit limit) private view returns (uint256 bound) {
        Cap memory cap = capOf(key);
        bound = Math.min(cap.amount, f.nav * cap.bps / BPS);
        uint256 told = f.checks[uint256(limit)];
        if (told >> 128 <= held) _note(f, limit, held, bound);
    }

    function _checkPace(Limits storage l, Change calldata plan, Findings memory f) private view {
        uint256 bound = l.cooldownSeconds;
        _note(f, Limit.Cooldown, plan.elapsed, bound);
        if (plan.elapsed < bound) revert CooldownActive(plan.elapsed, bound);

        bound = l.maxTradeNotional;
        _note(f, Limit.MaxTrade, plan.traded, bound);
        if (plan.traded > bound) revert TradeTooLarge(plan.traded, bound);

        // Cash for redemptions that a plan must leave, unless it found less and took none of it.
        bound = l.minIdleBps;
        uint256 idle = f.nav == 0 ? type(uint256).max : plan.idleAtEnd * BPS / f.nav;
        _note(f, Limit.MinIdle, idle, bound);
        if (idle < bound && plan.idleAtEnd < plan.idleAtStart) revert IdleBelowMinimum(idle, bound);
    }

    /// @dev Fills the buckets by what the plan traded and lost; what it gained gives nothing back.
    function _charge(Limits storage l, Change calldata plan, Findings memory f, Budgets memory used)
        private
        view
        returns (Budgets memory)
    {
        uint256 loss = _lossOf(f.start, f.end);
        uint256 lossBps = _bps(loss, f.nav);
        uint256 bound = l.maxLossPerPlanBps;
        _note(f, Limit.MaxLossPerPlan, lossBps, bound);
        if (lossBps > bound) revert PlanLossExceeded(lossBps, bound);

        used.turnover = used.turnover.filled(TURNOVER_WINDOW, plan.traded, f.nav);
        if (plan.reducing) {
            used.turnover = used.turnover.capped(l.maxTurnoverBps, TURNOVER_WINDOW);
            used.emergencyLoss = used.emergencyLoss.filled(LOSS_WINDOW, loss, f.nav);
            uint256 emergency = used.emergencyLoss.usedBps(LOSS_WINDOW);
            bound = l.emergencyLossBudgetBps;
            _note(f, Limit.EmergencyLossBudget, emergency, bound);
            if (emergency > bound) revert EmergencyLossBudgetExceeded(emergency, bound);
            return used;
        }
        uint256 turnover = used.turnover.usedBps(TURNOVER_WINDOW);
        bound = l.maxTurnoverBps;
        _note(f, Limit.MaxTurnover, turnover, bound);
        if (turnover > bound) revert TurnoverExceeded(turnover, bound);

        used.loss = used.loss.filled(LOSS_WINDOW, loss, f.nav);
        uint256 lost = used.loss.usedBps(LOSS_WINDOW);
        bound = l.lossBudgetBps;
        _note(f, Limit.LossBudget, lost, bound);
        if (lost > bound) revert LossBudgetExceeded(lost, bound);
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
        return Math.ceilDiv(amount * BPS, whole);
    }

    function _note(Findings memory f, Limit limit, uint256 value, uint256 bound) private pure {
        if (value > type(uint128).max) value = type(uint128).max;
        f.checks[uint256(limit)] = value << 128 | bound;
    }
}
