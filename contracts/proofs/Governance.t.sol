// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Authority, Governance} from "src/Authority.sol";
import {Cap, Limits} from "src/Limits.sol";
import {Mode} from "src/Plan.sol";
import {Policy} from "src/Policy.sol";
import {Portfolio} from "src/Portfolio.sol";
import {Vault} from "src/Vault.sol";
import {TestToken} from "sim/TestToken.sol";
import {Test} from "forge-std/Test.sol";

/// @notice A vault that was handed over; nobody is special but the three of `Governance`.
abstract contract HandedOver is Test {
    address internal constant OWNER = address(0x0A);
    address internal constant CURATOR = address(0x0B);
    address internal constant GUARDIAN = address(0x0C);
    address internal constant AGENT = address(0x0D);
    uint32 internal constant DELAY = 2 days;

    Authority internal authority;
    Policy internal policy;
    Vault internal vault;
    Portfolio internal portfolio;

    function setUp() public virtual {
        vm.warp(1_795_392_000);
        authority = new Authority();
        policy = new Policy(address(authority), _limits());
        vault = new Vault(new TestToken("USDC", 6), "Ballast", "BAL", policy, AGENT);
        portfolio = vault.portfolio();
        authority.handOver(vault, Governance(OWNER, CURATOR, GUARDIAN, DELAY));
    }

    function _limits() internal pure returns (Limits memory) {
        return Limits({
            maxGrossLeverageBps: 15_000,
            maxNetDeltaBps: 6_000,
            minLiquidationDistanceBps: 1_500,
            minHealthBps: 15_000,
            minIdleBps: 1,
            maxSlippageBps: 100,
            maxLossPerPlanBps: 100,
            lossBudgetBps: 400,
            emergencyLossBudgetBps: 400,
            maxTurnoverBps: 100_000,
            maxDailyLossBps: 300,
            maxWeeklyLossBps: 600,
            maxDrawdownBps: 1_000,
            maxGrowthBps: 1_000,
            flowBufferBps: 10,
            maxTradeNotional: 200_000e6,
            cooldownSeconds: 60,
            maxOracleAgeSeconds: 3_600,
            maxSilenceSeconds: 2 days,
            latchMode: Mode.ReduceOnly,
            maxTotalAssets: 1e15
        });
    }

    function _hasARole(address who) internal pure returns (bool) {
        return who == OWNER || who == CURATOR || who == GUARDIAN;
    }
}

/// @notice Proofs of who may do what once the vault is handed over, for every account, function and later time.
contract GovernanceProof is HandedOver {
    /// @dev The authority itself acts only as the arm of somebody whose announced call it carries out.
    function _stranger(address who) private view {
        vm.assume(!_hasARole(who) && who != address(authority));
    }

    function check_nobody_is_admin(address account, uint32 later) public {
        vm.warp(block.timestamp + later);
        (bool isMember,) = authority.hasRole(0, account);
        assert(!isMember);
    }

    function check_a_stranger_has_no_role(address account, uint64 role, uint32 later) public {
        _stranger(account);
        vm.assume(role != type(uint64).max); // the public role, which no function of ours is given
        vm.warp(block.timestamp + later);
        (bool isMember,) = authority.hasRole(role, account);
        assert(!isMember);
    }

    function check_a_stranger_may_call_nothing(address caller, address target, bytes4 selector, uint32 later) public {
        _stranger(caller);
        vm.warp(block.timestamp + later);
        (bool immediate, uint32 delay) = authority.canCall(caller, target, selector);
        assert(!immediate && delay == 0);
    }

    function check_the_owner_may_call_nothing_at_once(address target, bytes4 selector, uint32 later) public {
        vm.warp(block.timestamp + later);
        (bool immediate, uint32 delay) = authority.canCall(OWNER, target, selector);
        assert(!immediate && (delay == 0 || delay == DELAY));
    }

    function check_the_curator_may_only_tighten_at_once(address target, bytes4 selector, uint32 later) public {
        vm.warp(block.timestamp + later);
        (bool immediate, uint32 delay) = authority.canCall(CURATOR, target, selector);
        assert(delay == 0 || delay == DELAY);
        if (immediate) assert(_isTightening(target, selector));
    }

    function check_the_guardian_may_only_tighten_and_stop(address target, bytes4 selector, uint32 later) public {
        vm.warp(block.timestamp + later);
        (bool immediate, uint32 delay) = authority.canCall(GUARDIAN, target, selector);
        assert(delay == 0);
        bool stops = target == address(vault)
            && (selector == Vault.makeSafer.selector || selector == Vault.removeAgent.selector);
        if (immediate) assert(stops || _isTightening(target, selector));
    }

    function check_a_stranger_cannot_tighten(address caller, Limits calldata limits) public {
        _stranger(caller);
        vm.prank(caller);
        (bool done,) = address(policy).call(abi.encodeCall(Policy.tighten, (limits)));
        assert(!done);
    }

    function check_nobody_loosens_without_an_announcement(address caller, Limits calldata limits) public {
        vm.assume(caller != address(authority));
        vm.prank(caller);
        (bool done,) = address(policy).call(abi.encodeCall(Policy.loosen, (limits)));
        assert(!done);
    }

    function check_nobody_loosens_a_cap_without_an_announcement(address caller, address key, Cap calldata cap) public {
        vm.assume(caller != address(authority));
        vm.prank(caller);
        (bool done,) = address(policy).call(abi.encodeCall(Policy.loosenCap, (key, cap)));
        assert(!done);
    }

    function check_nobody_activates_without_an_announcement(address caller) public {
        vm.assume(caller != address(authority));
        vm.prank(caller);
        (bool done,) = address(vault).call(abi.encodeCall(Vault.activate, ()));
        assert(!done);
    }

    function check_nobody_grants_a_role_without_an_announcement(address caller, uint64 role, address to, uint32 delay)
        public
    {
        vm.assume(caller != address(authority));
        vm.prank(caller);
        (bool done,) = address(authority).call(abi.encodeCall(authority.grantRole, (role, to, delay)));
        assert(!done);
    }

    function check_only_the_agent_beats_its_heart(address caller) public {
        vm.prank(caller);
        (bool done,) = address(vault).call(abi.encodeCall(Vault.heartbeat, ()));
        assert(done == (caller == AGENT));
    }

    function _isTightening(address target, bytes4 selector) private view returns (bool) {
        return target == address(policy)
            && (selector == Policy.tighten.selector || selector == Policy.tightenCap.selector);
    }
}
