// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";

import {Cap, Limits} from "src/Limits.sol";
import {Price} from "src/libraries/Price.sol";
import {Figures, Mode} from "src/Plan.sol";
import {Holdings} from "src/Portfolio.sol";

import {VaultHolders} from "./VaultHolders.sol";

/// @notice Whether what a plan did keeps every limit, measured from the outside.
abstract contract VaultPlanJudge is VaultHolders {
    /// @dev The vault as it was, or is.
    struct Picture {
        Figures figures;
        Holdings holdings;
        Mode mode;
        uint256 idle;
        uint256 planCount;
        uint256 lastPlanAt;
    }

    /// @dev What an executed plan lost and traded, as parts of net asset value.
    struct Use {
        uint256 at;
        bool reducing;
        uint256 lostE18;
        uint256 tradedE18;
    }

    Use[] private _uses;

    /// @dev Limits are taken of all that was there before, which is never less than what the vault takes them of.
    function _judgePlan(Picture memory before, Picture memory afterwards) internal {
        Limits memory l = policy.limits();
        uint256 nav = before.figures.real;
        uint256 left = afterwards.figures.real + told.paidOut; // what the queue was paid out of it is no loss
        bool reducing = told.reducing;

        (uint256 gross, uint256 net) = _exposures(afterwards.holdings);
        (uint256 grossBefore, uint256 netBefore) = _exposures(before.holdings);
        if (gross > l.maxGrossLeverageBps * nav / BPS && !(reducing && gross <= grossBefore)) violation = "leverage";
        if (net > l.maxNetDeltaBps * nav / BPS && !(reducing && net <= netBefore)) violation = "net delta";
        if (before.mode != Mode.Active && !reducing) violation = "growth outside Active";
        if (before.mode == Mode.Halted && vault.planCount() != before.planCount) violation = "a plan while halted";
        _judgeVenues(l, before.holdings, afterwards.holdings, nav, reducing);
        Cap memory cap = policy.capOf(oracle.baseToken());
        if (gross > grossBefore && gross > Math.min(cap.amount, nav * cap.bps / BPS)) violation = "token cap";

        uint256 lost = Math.saturatingSub(nav + _pending(afterwards.holdings), left + _pending(before.holdings));
        if (lost > l.maxLossPerPlanBps * nav / BPS) violation = "loss of a plan";
        if (!reducing) _judgePace(l, before, afterwards, nav);
        _judgeBudgets(before.holdings, afterwards.holdings, nav, lost, reducing);
    }

    function _judgeVenues(Limits memory l, Holdings memory from, Holdings memory to, uint256 nav, bool reducing)
        private
    {
        uint256 distance = type(uint256).max;
        uint256 distanceBefore = type(uint256).max;
        for (uint256 i; i < to.adapters.length; ++i) {
            uint256 had = _size(from, i);
            uint256 has = _size(to, i);
            Cap memory cap = policy.capOf(to.adapters[i]);
            if (has > had && has > Math.min(cap.amount, nav * cap.bps / BPS)) violation = "venue cap";
            distance = Math.min(distance, to.positions[i].liquidationDistanceBps);
            distanceBefore = Math.min(distanceBefore, from.positions[i].liquidationDistanceBps);
            if (reducing && SignedMath.abs(to.positions[i].exposure) > SignedMath.abs(from.positions[i].exposure)) {
                violation = "a reducing plan grew a position";
            }
        }
        bool worse = !reducing || distance < distanceBefore;
        if (distance < l.minLiquidationDistanceBps && worse) violation = "liquidation distance";
    }

    function _judgePace(Limits memory l, Picture memory before, Picture memory afterwards, uint256 nav) private {
        if (block.timestamp < before.lastPlanAt + l.cooldownSeconds) violation = "cooldown";
        if (_traded(before.holdings, afterwards.holdings) > l.maxTradeNotional) violation = "trade";
        if (openingUnknown) return;
        uint256 cash = afterwards.idle + told.paidOut;
        uint256 least = l.minIdleBps * Math.saturatingSub(nav, _pending(before.holdings)) / BPS;
        if (cash < before.idle && cash < least) violation = "idle cash";
    }

    /// @dev A bucket of size B that drains in a time T lets through at most 2 B within T.
    function _judgeBudgets(Holdings memory from, Holdings memory to, uint256 nav, uint256 lost, bool reducing) private {
        if (nav == 0) return;
        _uses.push(Use(block.timestamp, reducing, lost * 1e18 / nav, reducing ? 0 : _traded(from, to) * 1e18 / nav));
        uint256[2] memory lostE18;
        uint256 tradedE18;
        for (uint256 i = _uses.length; i > 0 && _uses[i - 1].at + 7 days >= block.timestamp; --i) {
            Use memory use = _uses[i - 1];
            lostE18[use.reducing ? 1 : 0] += use.lostE18;
            if (use.at + 1 days >= block.timestamp) tradedE18 += use.tradedE18;
        }
        if (lostE18[0] > 2 * uint256(atStart.lossBudgetBps) * 1e14) violation = "loss budget";
        if (lostE18[1] > 2 * uint256(atStart.emergencyLossBudgetBps) * 1e14) violation = "emergency loss budget";
        if (tradedE18 > 2 * uint256(atStart.maxTurnoverBps) * 1e14) violation = "turnover";
    }

    // ---------------------------------------------------------------- parts

    function _picture() internal view returns (Picture memory p) {
        p.figures = vault.figures();
        p.holdings = portfolio.latest();
        p.mode = vault.mode();
        p.idle = vault.idleAssets();
        p.planCount = vault.planCount();
        p.lastPlanAt = vault.lastPlanAt();
    }

    function _size(Holdings memory h, uint256 i) private pure returns (uint256) {
        return Math.max(h.positions[i].value, Price.notional(h.positions[i].exposure, h.prices[i]));
    }

    /// @dev All venues here have one base token.
    function _exposures(Holdings memory h) private pure returns (uint256 gross, uint256 net) {
        int256 held; // of the one base token: rounding each leg would make a difference where there is none
        for (uint256 i; i < h.positions.length; ++i) {
            gross += Price.notional(h.positions[i].exposure, h.prices[i]);
            held += h.positions[i].exposure;
        }
        if (h.positions.length > 0) net = Price.notional(held, h.prices[0]);
    }

    function _pending(Holdings memory h) private pure returns (uint256 sum) {
        for (uint256 i; i < h.positions.length; ++i) {
            sum += h.positions[i].pendingLoss;
        }
    }

    /// @dev Less what rounding in each of three adapters can add.
    function _traded(Holdings memory from, Holdings memory to) private pure returns (uint256 sum) {
        for (uint256 i; i < to.positions.length; ++i) {
            sum += Price.notional(to.positions[i].exposure - from.positions[i].exposure, to.prices[i]);
        }
        return Math.saturatingSub(sum, 3);
    }
}
