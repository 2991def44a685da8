// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Action, Mode, Plan} from "src/Plan.sol";
import {Vault} from "src/Vault.sol";

import {LeveragedTestAdapter} from "../helpers/LeveragedTestAdapter.sol";
import {VaultPlanJudge} from "./VaultPlanJudge.sol";

/// @notice The agent, honest or stolen, and whoever unwinds when it is silent.
abstract contract VaultAgent is VaultPlanJudge {
    uint256 public plansRefused;
    uint256 public unwindings;
    Plan private _lastPlan;

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

    // ---------------------------------------------------------------- sending

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

    // ---------------------------------------------------------------- parts

    function _waitForPlan(uint256 wait) private {
        if (wait % 4 == 0) return;
        openingUnknown = false;
        _passFresh(61);
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
