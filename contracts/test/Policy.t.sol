// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Test} from "forge-std/Test.sol";

import {Limits, Policy} from "ballast/Policy.sol";

contract PolicyTest is Test {
    address private constant OWNER = address(0x0A);
    address private constant GUARDIAN = address(0x0B);

    /// @dev The words of the struct in order; every field is one word when encoded.
    bytes32[14] private _names = [
        bytes32("max_gross_leverage"),
        "max_net_delta",
        "max_trade_usd",
        "max_slippage",
        "max_loss_per_plan",
        "max_daily_loss",
        "max_drawdown",
        "min_liquidation_distance",
        "cooldown_s",
        "max_oracle_age_s",
        "max_turnover",
        "loss_budget",
        "emergency_loss_budget",
        "min_idle"
    ];
    uint256[14] private _ceilings = [
        uint256(30_000),
        10_000,
        type(uint128).max,
        500,
        500,
        2_000,
        5_000,
        10_000,
        1 days,
        1 days,
        200_000,
        500,
        500,
        5_000
    ];
    uint256[14] private _floors = [uint256(0), 0, 1, 0, 0, 0, 0, 300, 30, 1, 0, 1, 1, 1];

    function _limits() private pure returns (Limits memory) {
        return Limits(20_000, 1_000, 1_000e6, 100, 100, 300, 1_000, 1_000, 60, 3_600, 40_000, 100, 100, 200);
    }

    function _with(uint256 field, uint256 value) private pure returns (Limits memory) {
        uint256[14] memory words = abi.decode(abi.encode(_limits()), (uint256[14]));
        words[field] = value;
        return abi.decode(abi.encode(words), (Limits));
    }

    function _valueOf(uint256 field) private pure returns (uint256) {
        return abi.decode(abi.encode(_limits()), (uint256[14]))[field];
    }

    function _isFloor(uint256 field) private pure returns (bool) {
        return field == 7 || field == 8 || field == 13;
    }

    function test_accepts_every_limit_at_its_ceiling_and_at_its_floor() public {
        for (uint256 i; i < 14; ++i) {
            new Policy(OWNER, GUARDIAN, _with(i, _ceilings[i]));
            new Policy(OWNER, GUARDIAN, _with(i, _floors[i]));
        }
    }

    function test_refuses_every_limit_one_beyond_its_ceiling() public {
        for (uint256 i; i < 14; ++i) {
            if (_ceilings[i] == type(uint128).max) continue;
            Limits memory limits = _with(i, _ceilings[i] + 1);
            vm.expectRevert(
                abi.encodeWithSelector(Policy.LimitOutOfBounds.selector, _names[i], _ceilings[i] + 1, _ceilings[i])
            );
            new Policy(OWNER, GUARDIAN, limits);
        }
    }

    function test_refuses_every_limit_one_below_its_floor() public {
        for (uint256 i; i < 14; ++i) {
            if (_floors[i] == 0) continue;
            Limits memory limits = _with(i, _floors[i] - 1);
            vm.expectRevert(
                abi.encodeWithSelector(Policy.LimitOutOfBounds.selector, _names[i], _floors[i] - 1, _floors[i])
            );
            new Policy(OWNER, GUARDIAN, limits);
        }
    }

    function test_refuses_a_missing_owner_or_guardian() public {
        vm.expectRevert(Policy.ZeroAddress.selector);
        new Policy(address(0), GUARDIAN, _limits());
        vm.expectRevert(Policy.ZeroAddress.selector);
        new Policy(OWNER, address(0), _limits());
    }

    function test_tells_limits_and_version() public {
        Policy policy = new Policy(OWNER, GUARDIAN, _limits());
        assertEq(abi.encode(policy.limits()), abi.encode(_limits()));
        assertEq(policy.version(), 1);
        assertEq(policy.owner(), OWNER);
        assertEq(policy.guardian(), GUARDIAN);
        assertEq(policy.exitOracleAgeSeconds(), 3_600);
    }

    function test_owner_and_guardian_tighten_every_limit_at_once() public {
        for (uint256 i; i < 14; ++i) {
            Policy policy = new Policy(OWNER, GUARDIAN, _limits());
            Limits memory tighter = _with(i, _isFloor(i) ? _valueOf(i) + 1 : _valueOf(i) - 1);
            vm.expectEmit();
            emit Policy.LimitsSet(2, tighter);
            vm.prank(i % 2 == 0 ? OWNER : GUARDIAN);
            policy.tighten(tighter);
            assertEq(abi.encode(policy.limits()), abi.encode(tighter));
            assertEq(policy.version(), 2);
        }
    }

    function test_nobody_loosens_any_limit() public {
        Policy policy = new Policy(OWNER, GUARDIAN, _limits());
        for (uint256 i; i < 14; ++i) {
            uint256 looser = _isFloor(i) ? _valueOf(i) - 1 : _valueOf(i) + 1;
            Limits memory limits = _with(i, looser);
            vm.expectRevert(abi.encodeWithSelector(Policy.LimitLoosened.selector, _names[i], looser, _valueOf(i)));
            vm.prank(i % 2 == 0 ? OWNER : GUARDIAN);
            policy.tighten(limits);
        }
        assertEq(policy.version(), 1);
    }

    function test_nobody_else_tightens(address caller) public {
        vm.assume(caller != OWNER && caller != GUARDIAN);
        Policy policy = new Policy(OWNER, GUARDIAN, _limits());
        vm.expectRevert(abi.encodeWithSelector(Policy.NotOwnerOrGuardian.selector, caller));
        vm.prank(caller);
        policy.tighten(_with(0, 1));
    }

    function test_tightening_stays_inside_the_ceilings() public {
        Policy policy = new Policy(OWNER, GUARDIAN, _limits());
        vm.expectRevert(
            abi.encodeWithSelector(Policy.LimitOutOfBounds.selector, bytes32("cooldown_s"), 1 days + 1, 1 days)
        );
        vm.prank(GUARDIAN);
        policy.tighten(_with(8, 1 days + 1));
    }

    function test_the_same_limits_again_are_no_new_version() public {
        Policy policy = new Policy(OWNER, GUARDIAN, _limits());
        vm.prank(GUARDIAN);
        policy.tighten(_limits());
        assertEq(policy.version(), 1);
    }

    function test_a_tightened_oracle_age_leaves_the_age_for_exits() public {
        Policy policy = new Policy(OWNER, GUARDIAN, _limits());
        vm.prank(GUARDIAN);
        policy.tighten(_with(9, 1));
        assertEq(policy.limits().maxOracleAgeSeconds, 1);
        assertEq(policy.exitOracleAgeSeconds(), 3_600);
    }

    /// @dev Whatever sequence the two roles send, no component ever gets looser.
    function testFuzz_limits_never_get_looser(uint256[14] memory first, uint256[14] memory second) public {
        Policy policy = new Policy(OWNER, GUARDIAN, _limits());
        uint256[14] memory before = abi.decode(abi.encode(policy.limits()), (uint256[14]));
        for (uint256 round; round < 2; ++round) {
            uint256[14] memory words = round == 0 ? first : second;
            for (uint256 i; i < 14; ++i) {
                // Mostly tighter, sometimes one step looser.
                words[i] = _isFloor(i)
                    ? _bound(words[i], before[i] - 1, before[i] + 50)
                    : _bound(words[i], before[i] > 50 ? before[i] - 50 : 1, before[i] + (words[i] % 64 == 0 ? 1 : 0));
            }
            vm.prank(GUARDIAN);
            try policy.tighten(abi.decode(abi.encode(words), (Limits))) {} catch {}
            uint256[14] memory now_ = abi.decode(abi.encode(policy.limits()), (uint256[14]));
            for (uint256 i; i < 14; ++i) {
                if (_isFloor(i)) assertGe(now_[i], before[i]);
                else assertLe(now_[i], before[i]);
            }
            before = now_;
        }
    }
}
