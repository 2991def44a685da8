// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";

import {Cap, Limits} from "ballast/Limits.sol";
import {Action, Figures, Mode, Plan} from "ballast/Plan.sol";
import {Holdings} from "ballast/Portfolio.sol";
import {Price} from "ballast/libraries/Price.sol";
import {Vault} from "ballast/Vault.sol";

import {LeveragedTestAdapter} from "../helpers/LeveragedTestAdapter.sol";
import {VaultHolders} from "./VaultHolders.sol";

/// @notice The agent, honest or stolen, and the judgement of what its plans did.
abstract contract VaultAgent is VaultHolders {
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

    uint256 public plansRefused;
    uint256 public unwindings;
    Plan private _lastPlan;
    Use[] private _uses;

    // ---------------------------------------------------------------- plans

    /// @notice Buys spot and shorts as much, sometimes more than the limits allow.
    function openHedge(uint256 size, uint256 wait) external watched {
        _waitForPlan(wait);
        uint256 amount = Math.min(_bound(size, unit, 80_000 * unit), vault.idleAssets() / 2);
        if (amount == 0) return;
        _send(_plan(_two(_buy(amount), _trade(short, -_base(amount), amount / 2, 0))));
    }

    /// @notice One leg without the other, so that prices make profits and losses.
    function openNaked(uint256 size, uint256 wait) external watched {
        _waitForPlan(wait);
        uint256 amount = _bound(size, 1, vault.idleAssets() / 2 + 1);
        LeveragedTestAdapter leg = size % 2 == 0 ? short : long;
        _send(_plan(_one(_trade(leg, leg == long ? _base(amount) : -_base(amount), amount / 2, 0))));
    }

    function reduceAll(uint256 part, uint256 wait) external watched {
        _waitForPlan(wait);
        part = _bound(part, 1, 100);
        uint256 base = spot.heldBase() * part / 100;
        Action memory cut = _trade(short, -short.exposure() * int256(part) / 100, 0, 0);
        _send(_plan(base == 0 ? _one(cut) : _two(cut, _sell(base))));
    }

    /// @notice Cash from the legs, as far as it is not needed there.
    function bringHome(uint256 part, uint256 wait) external watched {
        _waitForPlan(wait);
        LeveragedTestAdapter leg = part % 2 == 0 ? short : long;
        uint256 amount = _part(asset.balanceOf(address(leg)), part);
        _send(_plan(_one(Action(address(leg), 0, leg.sendHome(amount)))));
    }

    /// @notice Three actions of a thief: any trade, any amount, fees to himself, cash to and fro, any risk.
    function stolenKey(uint256 seed, uint256 wait) external watched {
        _waitForPlan(wait);
        Action[] memory actions = new Action[](3);
        for (uint256 i; i < 3; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            actions[i] = _theft(seed % 8, seed >> 8);
        }
        _send(_plan(actions));
    }

    function _theft(uint256 kind, uint256 seed) private view returns (Action memory) {
        uint256 amount = 1 + seed % (vault.idleAssets() / 3 + 1);
        LeveragedTestAdapter leg = seed % 2 == 0 ? short : long;
        if (kind == 0) return _buy(amount);
        if (kind == 1) return _sell(seed % (spot.heldBase() + 1) + 1);
        if (kind == 2) return _trade(leg, _base(amount) * 2, amount, amount / 100);
        if (kind == 3) return _trade(leg, -_base(amount) * 2, amount, amount / 100);
        if (kind == 4) return _trade(leg, 0, amount, amount / 20);
        if (kind == 5) return Action(address(leg), 0, leg.sendHome(seed % (1_000 * unit)));
        if (kind == 6) return _trade(leg, 0, amount / 100, amount / 100);
        return Action(address(leg), amount, leg.setRisk(seed % (500 * unit), seed % 20_000));
    }

    function replayLastPlan() external watched {
        if (_lastPlan.number == 0) return;
        _mustFail(agent, address(vault), abi.encodeCall(vault.rebalance, (_lastPlan)));
    }

    /// @notice Plans that are wrong in one field, and calls that are not the agent's. None of it may succeed.
    function overreach(uint256 seed) external watched {
        Plan memory plan = _plan(new Action[](0));
        if (seed % 7 == 0) plan.number += 1;
        else if (seed % 7 == 1) plan.number -= 1;
        else if (seed % 7 == 2) plan.deadline = uint64(block.timestamp - 1);
        else if (seed % 7 == 3) plan.vault = address(this);
        else if (seed % 7 == 4) plan.chainId += 1;
        else if (seed % 7 == 5) plan.stateHash = bytes32(seed);
        else plan.actions = _one(Action(address(market), 0, ""));
        bool done = _try(agent, address(vault), abi.encodeCall(vault.rebalance, (plan)));
        if (done && !told.skipped) violation = "a wrong plan was carried out";
        _mustFail(guardian, address(vault), abi.encodeCall(vault.rebalance, (_plan(new Action[](0)))));
        _mustFail(agent, address(vault), abi.encodeCall(Vault.setAgent, (agent)));
        _mustFail(agent, address(vault), abi.encodeCall(Vault.activate, ()));
        _mustFail(owner, address(vault), abi.encodeCall(Vault.activate, ()));
        _mustFail(curator, address(vault), abi.encodeCall(Vault.makeSafer, (Mode.Halted)));
    }

    function heartbeat() external watched {
        bool done = _try(agent, address(vault), abi.encodeCall(vault.heartbeat, ()));
        if (done != (vault.agent() == agent)) violation = "a heartbeat";
    }

    // ---------------------------------------------------------------- anybody

    function unwind(uint256 part) external watched {
        if (part % 2 == 0) {
            openingUnknown = false;
            _passFresh(atStart.maxSilenceSeconds + 1);
        }
        if (!_venuesAnswer()) return;
        bool silent = block.timestamp - vault.lastSignAt() > atStart.maxSilenceSeconds;
        Picture memory before = _picture();
        if (!_try(address(this), address(vault), abi.encodeCall(vault.unwind, (_bound(part, 1, 10_000))))) return;
        ++unwindings;
        if (!silent) violation = "unwound while the agent was alive";
        if (!told.reducing) violation = "an unwinding grew a position";
        _judgePlan(before, _picture());
    }

    // ---------------------------------------------------------------- sending and judging

    function _send(Plan memory plan) private {
        bytes memory data = abi.encodeCall(vault.rebalance, (plan));
        if (!_venuesAnswer()) return _mustFail(agent, address(vault), data);
        bool healthy = _priceIsHealthy(policy.limits().maxOracleAgeSeconds);
        Picture memory before = _picture();
        bytes32 positions = _positions();
        if (!_try(agent, address(vault), data)) {
            ++plansRefused;
            if (vault.planCount() != before.planCount) violation = "a refused plan spent a number";
            return;
        }
        _remember(plan);
        Picture memory afterwards = _picture();
        if (!healthy) violation = "a plan without a price to trust";
        if (afterwards.planCount != before.planCount + 1) violation = "a plan number was not spent";
        if (vault.totalSupply() + told.burned != before.figures.supply) violation = "a plan changed the supply";
        if (told.skipped) {
            if (_positions() != positions || vault.mode() == Mode.Active) violation = "a skipped plan did something";
            return;
        }
        ++plansExecuted;
        if (told.reducing) ++plansReducing;
        _judgePlan(before, afterwards);
    }

    /// @dev Limits are taken of all that was there before, which is never less than what the vault takes them of.
    function _judgePlan(Picture memory before, Picture memory afterwards) private {
        Limits memory l = policy.limits();
        uint256 nav = before.figures.real;
        uint256 left = afterwards.figures.real + told.paidOut; // what the queue was paid out of it is no loss
        bool reducing = told.reducing;

        (uint256 gross, uint256 net) = _exposures(afterwards.holdings);
        (uint256 grossBefore, uint256 netBefore) = _exposures(before.holdings);
        if (gross > l.maxGrossLeverageBps * nav / BPS && !(reducing && gross <= grossBefore)) violation = "gross leverage";
        if (net > l.maxNetDeltaBps * nav / BPS && !(reducing && net <= netBefore)) violation = "net delta";
        if (before.mode != Mode.Active && !reducing) violation = "growth outside Active";
        if (before.mode == Mode.Halted && told.executed && vault.planCount() != before.planCount) violation = "plan while halted";
        _judgeVenues(l, before.holdings, afterwards.holdings, nav, reducing);
        Cap memory cap = policy.capOf(oracle.baseToken());
        if (gross > grossBefore && gross > Math.min(cap.amount, nav * cap.bps / BPS)) violation = "token cap";

        uint256 lost = Math.saturatingSub(
            nav + _pending(afterwards.holdings), left + _pending(before.holdings)
        );
        if (lost > l.maxLossPerPlanBps * nav / BPS) violation = "loss of a plan";
        if (!reducing) _judgePace(l, before, afterwards, nav);
        _judgeBudgets(before.holdings, afterwards.holdings, nav, lost, reducing);
    }

    function _judgeVenues(Limits memory l, Holdings memory from, Holdings memory to, uint256 nav, bool reducing) private {
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

    function _waitForPlan(uint256 wait) private {
        if (wait % 4 == 0) return;
        openingUnknown = false;
        _passFresh(61);
    }

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
        int256 sum;
        for (uint256 i; i < h.positions.length; ++i) {
            int256 notional = int256(Price.notional(h.positions[i].exposure, h.prices[i]));
            gross += uint256(notional);
            sum += h.positions[i].exposure < 0 ? -notional : notional;
        }
        net = SignedMath.abs(sum);
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

    /// @dev Base units that are worth so much.
    function _base(uint256 amount) private view returns (int256) {
        (uint256 priceE36,) = oracle.latest();
        return int256(amount * 1e36 / priceE36);
    }

    function _buy(uint256 amountIn) private view returns (Action memory) {
        return Action(address(spot), amountIn, abi.encode(spot.BUY(), amountIn, uint256(0)));
    }

    function _sell(uint256 amountIn) private view returns (Action memory) {
        return Action(address(spot), 0, abi.encode(spot.SELL(), amountIn, uint256(0)));
    }

    function _trade(LeveragedTestAdapter leg, int256 baseDelta, uint256 assetIn, uint256 fee)
        private
        pure
        returns (Action memory)
    {
        return Action(address(leg), assetIn, leg.trade(baseDelta, fee));
    }

    function _one(Action memory a) private pure returns (Action[] memory list) {
        list = new Action[](1);
        list[0] = a;
    }

    function _two(Action memory a, Action memory b) private pure returns (Action[] memory list) {
        list = new Action[](2);
        (list[0], list[1]) = (a, b);
    }

    function _plan(Action[] memory actions) private view returns (Plan memory) {
        return Plan({
            chainId: block.chainid,
            vault: address(vault),
            number: vault.planCount() + 1,
            deadline: uint64(block.timestamp),
            stateHash: _venuesAnswer() ? vault.figures().stateHash : bytes32(0),
            actions: actions
        });
    }

    function _remember(Plan memory plan) private {
        (_lastPlan.chainId, _lastPlan.vault, _lastPlan.number) = (plan.chainId, plan.vault, plan.number);
        (_lastPlan.deadline, _lastPlan.stateHash) = (type(uint64).max, plan.stateHash);
        delete _lastPlan.actions;
        for (uint256 i; i < plan.actions.length; ++i) {
            _lastPlan.actions.push(plan.actions[i]);
        }
    }
}
