// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

import {Authority} from "src/Authority.sol";
import {IAdapter} from "src/interfaces/IAdapter.sol";
import {IRedemptionQueue} from "src/interfaces/IRedemptionQueue.sol";
import {Cap, Limits} from "src/Limits.sol";
import {Mode} from "src/Plan.sol";
import {Policy} from "src/Policy.sol";
import {Portfolio} from "src/Portfolio.sol";
import {Vault} from "src/Vault.sol";
import {Fees} from "src/VaultBook.sol";
import {VaultShares} from "src/VaultShares.sol";

import {AttackFixture} from "../helpers/AttackFixture.sol";

/// @notice The guardian turns on the vault. He may make it as safe as nothing; he may not take from it or lock it in.
contract RogueGuardianTest is AttackFixture {
    address private constant NEW_GUARDIAN = address(0x2B);

    /// @dev What owner and curator have announced, for him to cancel.
    address[3] private _announcers;
    address[3] private _targets;
    bytes[3] private _announced;

    function setUp() public override {
        super.setUp();
        _openCarry();
        _announce(0, OWNER, address(vault), abi.encodeCall(Vault.setAgent, (address(0x2A))));
        _announce(1, CURATOR, address(policy), abi.encodeCall(Policy.loosen, (_limits())));
        _announce(2, OWNER, address(authority), _revocation());
    }

    function _announce(uint256 i, address who, address target, bytes memory data) private {
        (_announcers[i], _targets[i], _announced[i]) = (who, target, data);
        vm.prank(who);
        authority.schedule(target, data, 0);
    }

    function _revocation() private view returns (bytes memory) {
        return abi.encodeCall(AccessManager.revokeRole, (authority.GUARDIAN(), GUARDIAN));
    }

    function _call(address target, bytes memory data) private returns (bool ok) {
        vm.prank(GUARDIAN);
        (ok,) = target.call(data);
    }

    // ---------------------------------------------------------------- whatever he does

    /// @notice Thirty calls of any kind in any order. After each: no limit, cap or mode is looser, nothing has moved, and
    /// whoever holds shares gets idle cash, may ask for the rest, and may claim.
    /// forge-config: default.fuzz.runs = 12
    /// forge-config: prove.fuzz.runs = 500
    function testFuzz_no_sequence_of_calls_loosens_takes_or_locks_in(uint256 seed) public {
        for (uint256 i; i < 30; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            Limits memory limits = policy.limits();
            bytes32 caps = _caps();
            Mode mode = vault.mode();
            bytes32 held = _held();
            _tryAnything(seed);
            _requireNoLooser(policy.limits(), limits);
            assertTrue(caps == _caps() || seed % 4 == 1, "caps change by tightenCap only");
            assertGe(uint8(vault.mode()), uint8(mode));
            assertEq(_held(), held, "nothing has moved");
            assertTrue(vault.agent() == AGENT || vault.agent() == address(0));
        }
        assertEq(usdc.balanceOf(GUARDIAN) + weth.balanceOf(GUARDIAN) + vault.balanceOf(GUARDIAN), 0);
        _assertEverybodyMayLeave();
        _assertHisRemovalStands();
    }

    function _tryAnything(uint256 seed) private {
        uint256 kind = seed % 4;
        if (kind == 0) {
            _call(address(policy), abi.encodeCall(Policy.tighten, (_anyLimits(seed))));
        } else if (kind == 1) {
            address[3] memory keys = [address(spot), address(perp), address(weth)];
            Cap memory cap = Cap(uint128((seed >> 8) % 30_000_000e6), uint32((seed >> 64) % 20_000));
            Cap memory before = policy.capOf(keys[(seed >> 80) % 3]);
            bool done = _call(address(policy), abi.encodeCall(Policy.tightenCap, (keys[(seed >> 80) % 3], cap)));
            assertTrue(!done || (cap.amount <= before.amount && cap.bps <= before.bps));
        } else if (kind == 2) {
            (address target, bytes memory data) = _ownCall(seed >> 8);
            _call(target, data);
        } else {
            (address target, bytes memory data) = _foreignCall((seed >> 8) % 16);
            assertFalse(_call(target, data), "not his to call");
        }
    }

    /// @dev Some tighter, most not.
    function _anyLimits(uint256 seed) private view returns (Limits memory l) {
        l = policy.limits();
        if (seed & 1 << 8 != 0) l.maxSlippageBps = uint16((seed >> 16) % 120);
        if (seed & 1 << 9 != 0) l.minIdleBps = uint16((seed >> 32) % 5_100);
        if (seed & 1 << 10 != 0) l.emergencyLossBudgetBps = uint16((seed >> 48) % 60);
        if (seed & 1 << 11 != 0) l.maxOracleAgeSeconds = uint32((seed >> 64) % 7_000);
        if (seed & 1 << 12 != 0) l.maxTotalAssets = uint128((seed >> 80) % 60_000_000e6);
        if (seed & 1 << 13 != 0) l.maxDrawdownBps = uint16((seed >> 128) % 1_000);
        if (seed & 1 << 14 != 0) l.latchMode = Mode(1 + (seed >> 144) % 2);
        if (seed & 1 << 15 != 0) l.maxGrowthBps = uint16((seed >> 160) % 5_000);
        if (seed & 1 << 7 != 0) l.flowBufferBps = uint16((seed >> 176) % 100);
        if (seed & 1 << 6 != 0) l.maxSilenceSeconds = uint32((seed >> 192) % 7 days);
    }

    function _ownCall(uint256 seed) private view returns (address, bytes memory) {
        if (seed % 3 == 0) return (address(vault), abi.encodeCall(Vault.makeSafer, (Mode((seed >> 8) % 3))));
        if (seed % 3 == 1) return (address(vault), abi.encodeCall(Vault.removeAgent, ()));
        uint256 i = (seed >> 8) % 3;
        return (address(authority), abi.encodeCall(AccessManager.cancel, (_announcers[i], _targets[i], _announced[i])));
    }

    function _foreignCall(uint256 which) private view returns (address, bytes memory) {
        Limits memory l = _limits();
        uint64 owner = authority.OWNER();
        if (which == 0) return (address(vault), abi.encodeCall(Vault.activate, ()));
        if (which == 1) return (address(vault), abi.encodeCall(Vault.setAgent, (GUARDIAN)));
        if (which == 2) return (address(vault), abi.encodeCall(Vault.setFees, (Fees(500, 3_000, GUARDIAN))));
        if (which == 3) return (address(vault), abi.encodeCall(Vault.setQueue, (IRedemptionQueue(address(0)))));
        if (which == 4) return (address(policy), abi.encodeCall(Policy.loosen, (l)));
        if (which == 5) return (address(policy), abi.encodeCall(Policy.loosenCap, (address(spot), NO_CAP())));
        if (which == 6) return (address(portfolio), abi.encodeCall(Portfolio.abandonAdapter, (address(spot))));
        if (which == 7) return (address(portfolio), abi.encodeCall(Portfolio.acceptAdapter, (GUARDIAN, oracle)));
        if (which == 8) return (address(portfolio), abi.encodeCall(Portfolio.setOracle, (address(spot), oracle)));
        if (which == 9) return (address(authority), abi.encodeCall(AccessManager.grantRole, (owner, GUARDIAN, 0)));
        if (which == 10) return (address(authority), abi.encodeCall(AccessManager.revokeRole, (owner, OWNER)));
        if (which == 11) return (address(authority), abi.encodeCall(AccessManager.setTargetClosed, (address(vault), true)));
        if (which == 12) return (address(authority), abi.encodeCall(AccessManager.setRoleAdmin, (owner, 3)));
        if (which == 13) return (address(authority), abi.encodeCall(Authority.handOver, (vault, _governance())));
        if (which == 14) return (address(vault), abi.encodeCall(VaultShares.redeem, (1e12, GUARDIAN, ALICE)));
        return (address(spot), abi.encodeCall(IAdapter.settle, (0)));
    }

    function _caps() private view returns (bytes32) {
        return keccak256(
            abi.encode(policy.capOf(address(spot)), policy.capOf(address(perp)), policy.capOf(address(weth)))
        );
    }

    /// @dev Everything that has a value and an owner.
    function _held() private view returns (bytes32) {
        return keccak256(
            abi.encode(
                vault.idleAssets(), spot.heldBase(), perp.expectedPosition(), vault.totalSupply(),
                vault.balanceOf(ALICE), vault.balanceOf(BOB), vault.queue(), portfolio.adapters()
            )
        );
    }

    function _requireNoLooser(Limits memory now_, Limits memory before) private {
        // The policy knows best what tighter means: going back is a tightening only if nothing was loosened.
        uint256 snapshot = vm.snapshotState();
        vm.prank(CURATOR);
        (bool ok,) = address(policy).call(abi.encodeCall(Policy.tighten, (now_)));
        assertTrue(ok, "what is in force is in force");
        vm.revertToState(snapshot);
        assertLe(now_.maxSlippageBps, before.maxSlippageBps);
        assertGe(now_.minIdleBps, before.minIdleBps);
        assertLe(now_.emergencyLossBudgetBps, before.emergencyLossBudgetBps);
        assertLe(now_.maxOracleAgeSeconds, before.maxOracleAgeSeconds);
        assertLe(now_.maxTotalAssets, before.maxTotalAssets);
        assertLe(now_.maxDrawdownBps, before.maxDrawdownBps);
        assertGe(uint8(now_.latchMode), uint8(before.latchMode));
        assertEq(now_.maxGrowthBps, before.maxGrowthBps);
        assertEq(now_.flowBufferBps, before.flowBufferBps);
        assertEq(now_.maxSilenceSeconds, before.maxSilenceSeconds);
    }

    function _assertEverybodyMayLeave() private {
        uint256 shares = vault.balanceOf(ALICE) / 50;
        vm.prank(ALICE);
        assertGt(vault.redeem(shares, ALICE, ALICE), 11_000e6, "idle cash");
        _request(BOB, vault.balanceOf(BOB) / 50);
        assertGt(queue.fill(), 0);
        assertGt(_claimAll(BOB), 7_000e6);
    }

    // ---------------------------------------------------------------- getting rid of him

    function _assertHisRemovalStands() private {
        _wait(DELAY);
        vm.prank(OWNER);
        authority.execute(address(authority), _announced[2]);
        assertFalse(_call(address(vault), abi.encodeCall(Vault.removeAgent, ())));
    }

    function test_he_cannot_cancel_his_own_removal() public {
        vm.prank(GUARDIAN);
        vm.expectPartialRevert(IAccessManager.AccessManagerUnauthorizedCancel.selector);
        authority.cancel(OWNER, address(authority), _announced[2]);
    }

    /// @dev At his worst he makes every trade impossible and cancels all that would loosen it. The invested part is then
    /// out of reach, for strangers too, until he is removed: one delay for that, and one more for the looser limits.
    function test_at_his_worst_the_invested_part_is_stuck_for_two_delays() public {
        Limits memory shut = _limits();
        (shut.maxSlippageBps, shut.emergencyLossBudgetBps, shut.maxOracleAgeSeconds) = (0, 1, 1);
        _tighten(shut);
        vm.startPrank(GUARDIAN);
        vault.makeSafer(Mode.Halted);
        vault.removeAgent();
        authority.cancel(OWNER, address(vault), _announced[0]);
        authority.cancel(CURATOR, address(policy), _announced[1]);
        vm.stopPrank();

        _wait(_limits().maxSilenceSeconds + 1);
        uint256 held = spot.heldBase();
        vault.unwind(1_000);
        assertEq(spot.heldBase(), held, "no fill is good enough, so every venue is left out");
        _assertEverybodyMayLeave();

        _assertHisRemovalStands();
        _removeTightener();
        _asCurator(address(policy), abi.encodeCall(Policy.loosen, (_limits())));
        vault.unwind(3_000);
        _wait(ACTION_DELAY);
        _activate();
        _asOwner(address(vault), abi.encodeCall(Vault.setAgent, (AGENT)));
        _run(_sell(1e18));
    }

    /// @dev Tightening is a role of its own, which both he and the curator hold.
    function _removeTightener() private {
        _asOwner(
            address(authority), abi.encodeCall(AccessManager.revokeRole, (authority.TIGHTENER(), GUARDIAN))
        );
    }

    /// @dev His successor's appointment can be announced at once, and he can cancel it only as long as he is guardian.
    function test_his_successor_follows_one_delay_after_him() public {
        bytes memory grant = abi.encodeCall(AccessManager.grantRole, (authority.GUARDIAN(), NEW_GUARDIAN, 0));
        vm.prank(OWNER);
        authority.schedule(address(authority), grant, 0);
        vm.prank(GUARDIAN);
        authority.cancel(OWNER, address(authority), grant);
        _assertHisRemovalStands();
        _asOwner(address(authority), grant);
        vm.prank(NEW_GUARDIAN);
        vault.makeSafer(Mode.ReduceOnly);
    }
}
