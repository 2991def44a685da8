// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {Cap, Limits} from "src/Limits.sol";
import {Policy} from "src/Policy.sol";

import {HandedOver} from "./Governance.t.sol";

/// @notice Proofs of what the policy takes, for every set of limits that could be asked for.
contract PolicyProof is HandedOver {
    Policy private _free;

    /// @dev This contract is the admin of `_free`, as the curator is after the delay.
    function setUp() public override {
        super.setUp();
        _free = new Policy(address(new AccessManager(address(this))), _limits());
    }

    function check_what_cannot_lose_more_was_tightened(Limits calldata asked) public {
        Limits memory was = policy.limits();
        Limits memory now_ = _tightened(asked);
        assert(now_.maxGrossLeverageBps <= was.maxGrossLeverageBps);
        assert(now_.maxNetDeltaBps <= was.maxNetDeltaBps);
        assert(now_.minLiquidationDistanceBps >= was.minLiquidationDistanceBps);
        assert(now_.minHealthBps >= was.minHealthBps);
        assert(now_.minIdleBps >= was.minIdleBps);
        assert(now_.maxSlippageBps <= was.maxSlippageBps);
        assert(now_.maxLossPerPlanBps <= was.maxLossPerPlanBps);
        assert(now_.lossBudgetBps <= was.lossBudgetBps);
        assert(now_.emergencyLossBudgetBps <= was.emergencyLossBudgetBps);
        assert(now_.maxTurnoverBps <= was.maxTurnoverBps);
    }

    function check_what_stops_earlier_was_tightened(Limits calldata asked) public {
        Limits memory was = policy.limits();
        Limits memory now_ = _tightened(asked);
        assert(now_.maxDailyLossBps <= was.maxDailyLossBps);
        assert(now_.maxWeeklyLossBps <= was.maxWeeklyLossBps);
        assert(now_.maxDrawdownBps <= was.maxDrawdownBps);
        assert(now_.maxTradeNotional <= was.maxTradeNotional);
        assert(now_.cooldownSeconds >= was.cooldownSeconds);
        assert(now_.maxOracleAgeSeconds <= was.maxOracleAgeSeconds);
        assert(now_.latchMode >= was.latchMode);
        assert(now_.maxTotalAssets <= was.maxTotalAssets);
    }

    function check_what_takes_from_one_side_of_holders_cannot_change_at_once(Limits calldata asked) public {
        Limits memory was = policy.limits();
        Limits memory now_ = _tightened(asked);
        assert(now_.maxGrowthBps == was.maxGrowthBps);
        assert(now_.flowBufferBps == was.flowBufferBps);
        assert(now_.maxSilenceSeconds == was.maxSilenceSeconds);
    }

    function check_limits_never_leave_their_ceilings(Limits calldata asked) public {
        _try(address(_free), abi.encodeCall(Policy.loosen, (asked)));
        Limits memory l = _free.limits();
        assert(l.maxGrossLeverageBps <= 30_000 && l.maxNetDeltaBps <= 10_000);
        assert(l.minLiquidationDistanceBps >= 300 && l.minHealthBps >= 10_500);
        assert(l.minIdleBps >= 1 && l.minIdleBps <= 5_000);
        assert(l.maxSlippageBps <= 500 && l.maxLossPerPlanBps <= 500);
        assert(l.lossBudgetBps >= 1 && l.lossBudgetBps <= 500);
        assert(l.emergencyLossBudgetBps >= 1 && l.emergencyLossBudgetBps <= 500);
        assert(l.maxTurnoverBps <= 200_000);
        assert(l.maxDailyLossBps <= 2_000 && l.maxWeeklyLossBps <= 3_000 && l.maxDrawdownBps <= 5_000);
        assert(l.maxGrowthBps >= 1 && l.maxGrowthBps <= 10_000 && l.flowBufferBps <= 100);
        assert(l.cooldownSeconds >= 30 && l.cooldownSeconds <= 1 days);
        assert(l.maxOracleAgeSeconds >= 1 && l.maxOracleAgeSeconds <= 1 days);
        assert(l.maxSilenceSeconds >= 1 hours && l.maxSilenceSeconds <= 7 days);
        assert(uint8(l.latchMode) >= 1);
    }

    function check_every_change_is_counted(Limits calldata asked) public {
        bytes32 was = keccak256(abi.encode(_free.limits()));
        uint64 version = _free.version();
        _try(address(_free), abi.encodeCall(Policy.tighten, (asked)));
        bool changed = keccak256(abi.encode(_free.limits())) != was;
        assert(_free.version() == (changed ? version + 1 : version));
    }

    function check_a_cap_is_only_lowered_at_once(address key, Cap calldata first, Cap calldata asked) public {
        _free.loosenCap(key, first);
        _try(address(_free), abi.encodeCall(Policy.tightenCap, (key, asked)));
        Cap memory now_ = _free.capOf(key);
        assert(now_.amount <= first.amount && now_.bps <= first.bps);
    }

    function check_a_cap_of_one_is_no_cap_of_another(address key, address other, Cap calldata asked) public {
        if (key == other) return;
        _free.loosenCap(key, asked);
        Cap memory untouched = _free.capOf(other);
        assert(untouched.amount == 0 && untouched.bps == 0);
    }

    /// @dev What the guardian's try leaves in force.
    function _tightened(Limits calldata asked) private returns (Limits memory) {
        vm.prank(GUARDIAN);
        _try(address(policy), abi.encodeCall(Policy.tighten, (asked)));
        return policy.limits();
    }

    /// @dev Refusing is always safe: what is proven is what holds afterwards either way.
    function _try(address target, bytes memory data) private {
        (bool done,) = target.call(data);
        done;
    }
}
