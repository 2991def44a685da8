// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {Test} from "forge-std/Test.sol";

import {Authority} from "src/Authority.sol";
import {Limits} from "src/Limits.sol";
import {Mode} from "src/Plan.sol";
import {Policy, VaultLimits} from "src/Policy.sol";

/// @notice Every limit against its ceiling and floor, and what may change at once. Who may change it: Authority.t.sol.
contract PolicyTest is Test {
    uint256 private constant COUNT = 21;
    uint256 private constant LATCH_MODE = 19;

    /// @dev What tightening may do to a limit.
    enum Way {
        Down,
        Up,
        Neither
    }

    struct Row {
        bytes32 name;
        uint256 floor;
        uint256 ceiling;
        Way tighter;
    }

    Row[] private _rows;
    Policy private _policy;

    /// @dev In the order of the struct; every field is one word when encoded.
    function setUp() public {
        _row("max_gross_leverage", 0, 30_000, Way.Down);
        _row("max_net_delta", 0, 10_000, Way.Down);
        _row("min_liquidation_distance", 300, 10_000, Way.Up);
        _row("min_health", 10_500, 60_000, Way.Up);
        _row("min_idle", 1, 5_000, Way.Up);
        _row("max_slippage", 0, 500, Way.Down);
        _row("max_loss_per_plan", 0, 500, Way.Down);
        _row("loss_budget", 1, 500, Way.Down);
        _row("emergency_loss_budget", 1, 500, Way.Down);
        _row("max_turnover", 0, 200_000, Way.Down);
        _row("max_daily_loss", 0, 2_000, Way.Down);
        _row("max_weekly_loss", 0, 3_000, Way.Down);
        _row("max_drawdown", 0, 5_000, Way.Down);
        _row("max_growth", 1, 10_000, Way.Neither);
        _row("flow_buffer", 0, 100, Way.Neither);
        _row("max_trade_usd", 1, type(uint128).max, Way.Down);
        _row("cooldown_s", 30, 1 days, Way.Up);
        _row("max_oracle_age_s", 1, 1 days, Way.Down);
        _row("max_silence_s", 1 hours, 7 days, Way.Neither);
        _row("latch_mode", 1, 2, Way.Up);
        _row("max_total_assets_usd", 0, type(uint128).max, Way.Down);
        assertEq(_rows.length, COUNT);
        _policy = _newPolicy(_limits());
    }

    function _row(bytes32 name, uint256 floor, uint256 ceiling, Way tighter) private {
        _rows.push(Row(name, floor, ceiling, tighter));
    }

    function _limits() private pure returns (Limits memory) {
        return Limits({
            maxGrossLeverageBps: 20_000,
            maxNetDeltaBps: 1_000,
            minLiquidationDistanceBps: 1_000,
            minHealthBps: 15_000,
            minIdleBps: 200,
            maxSlippageBps: 100,
            maxLossPerPlanBps: 100,
            lossBudgetBps: 100,
            emergencyLossBudgetBps: 100,
            maxTurnoverBps: 40_000,
            maxDailyLossBps: 300,
            maxWeeklyLossBps: 600,
            maxDrawdownBps: 1_000,
            maxGrowthBps: 100,
            flowBufferBps: 10,
            maxTradeNotional: 1_000e6,
            cooldownSeconds: 60,
            maxOracleAgeSeconds: 3_600,
            maxSilenceSeconds: 2 days,
            latchMode: Mode.ReduceOnly,
            maxTotalAssets: 1e12
        });
    }

    /// @dev Under an authority that was not handed over, so that this test may do all.
    function _newPolicy(Limits memory limits) private returns (Policy) {
        return new Policy(address(new Authority()), limits);
    }

    function _words(Limits memory limits) private pure returns (uint256[COUNT] memory) {
        return abi.decode(abi.encode(limits), (uint256[21]));
    }

    function _with(uint256 field, uint256 value) private pure returns (Limits memory) {
        uint256[COUNT] memory words = _words(_limits());
        words[field] = value;
        return abi.decode(abi.encode(words), (Limits));
    }

    function _valueOf(uint256 field) private pure returns (uint256) {
        return _words(_limits())[field];
    }

    function _outOfBounds(uint256 field, uint256 value, uint256 bound_) private view returns (bytes memory) {
        return abi.encodeWithSelector(Policy.LimitOutOfBounds.selector, _rows[field].name, value, bound_);
    }

    function _loosened(uint256 field, uint256 value) private view returns (bytes memory) {
        return abi.encodeWithSelector(Policy.LimitLoosened.selector, _rows[field].name, value, _valueOf(field));
    }

    function _assertLimits(Limits memory expected, uint256 version) private view {
        assertEq(abi.encode(_policy.limits()), abi.encode(expected));
        assertEq(_policy.version(), version);
        VaultLimits memory current = _policy.current();
        assertEq(current.maxSlippageBps, expected.maxSlippageBps);
        assertEq(current.maxDailyLossBps, expected.maxDailyLossBps);
        assertEq(current.maxWeeklyLossBps, expected.maxWeeklyLossBps);
        assertEq(current.maxDrawdownBps, expected.maxDrawdownBps);
        assertEq(current.maxGrowthBps, expected.maxGrowthBps);
        assertEq(current.flowBufferBps, expected.flowBufferBps);
        assertEq(current.maxOracleAgeSeconds, expected.maxOracleAgeSeconds);
        assertEq(current.exitOracleAgeSeconds, 3_600);
        assertEq(current.maxSilenceSeconds, expected.maxSilenceSeconds);
        assertEq(uint8(current.latchMode), uint8(expected.latchMode));
        assertEq(_policy.maxTotalAssets(), expected.maxTotalAssets);
    }

    // ---------------------------------------------------------------- ceilings and floors

    function test_tells_limits_and_version_from_the_start() public {
        Authority authority = new Authority();
        vm.expectEmit();
        emit Policy.LimitsSet(1, _limits());
        _policy = new Policy(address(authority), _limits());
        assertEq(_policy.authority(), address(authority));
        _assertLimits(_limits(), 1);
    }

    function test_accepts_every_limit_at_its_ceiling_and_at_its_floor() public {
        for (uint256 i; i < COUNT; ++i) {
            _newPolicy(_with(i, _rows[i].ceiling));
            _newPolicy(_with(i, _rows[i].floor));
        }
    }

    function test_refuses_every_limit_one_beyond_its_ceiling() public {
        Authority authority = new Authority();
        for (uint256 i; i < COUNT; ++i) {
            uint256 ceiling = _rows[i].ceiling;
            if (i == LATCH_MODE || ceiling == type(uint128).max) continue; // the type holds no more
            Limits memory limits = _with(i, ceiling + 1);
            bytes memory reason = _outOfBounds(i, ceiling + 1, ceiling);
            vm.expectRevert(reason);
            new Policy(address(authority), limits);
            vm.expectRevert(reason);
            _policy.loosen(limits);
        }
    }

    function test_refuses_every_limit_one_below_its_floor() public {
        Authority authority = new Authority();
        for (uint256 i; i < COUNT; ++i) {
            uint256 floor = _rows[i].floor;
            if (floor == 0) continue;
            Limits memory limits = _with(i, floor - 1);
            bytes memory reason = _outOfBounds(i, floor - 1, floor);
            vm.expectRevert(reason);
            new Policy(address(authority), limits);
            vm.expectRevert(reason);
            _policy.loosen(limits);
        }
    }

    function test_tightening_stays_inside_the_ceilings_too() public {
        for (uint256 i; i < COUNT; ++i) {
            Row memory row = _rows[i];
            if (row.tighter == Way.Neither || i == LATCH_MODE) continue;
            bool up = row.tighter == Way.Up;
            if (!up && row.floor == 0) continue; // nothing is tighter than nothing
            uint256 bound_ = up ? row.ceiling : row.floor;
            uint256 beyond = up ? bound_ + 1 : bound_ - 1;
            vm.expectRevert(_outOfBounds(i, beyond, bound_));
            _policy.tighten(_with(i, beyond));
        }
    }

    // ---------------------------------------------------------------- tightening

    function test_tightens_every_limit_at_once() public {
        for (uint256 i; i < COUNT; ++i) {
            Way way = _rows[i].tighter;
            if (way == Way.Neither) continue;
            _policy = _newPolicy(_limits());
            Limits memory tighter = _with(i, way == Way.Up ? _valueOf(i) + 1 : _valueOf(i) - 1);
            vm.expectEmit(address(_policy));
            emit Policy.LimitsSet(2, tighter);
            _policy.tighten(tighter);
            _assertLimits(tighter, 2);
        }
    }

    function test_tightening_loosens_no_limit() public {
        for (uint256 i; i < COUNT; ++i) {
            uint256 looser = _rows[i].tighter == Way.Up ? _valueOf(i) - 1 : _valueOf(i) + 1;
            vm.expectRevert(_loosened(i, looser));
            _policy.tighten(_with(i, looser));
        }
        _assertLimits(_limits(), 1);
    }

    function test_one_looser_limit_spoils_many_tighter_ones() public {
        Limits memory limits = _limits();
        limits.maxGrossLeverageBps = 1;
        limits.maxSlippageBps = 1;
        limits.maxTotalAssets += 1;
        vm.expectRevert(_loosened(20, 1e12 + 1));
        _policy.tighten(limits);
    }

    function test_tightening_leaves_growth_buffer_and_silence_as_they_are() public {
        for (uint256 i; i < COUNT; ++i) {
            if (_rows[i].tighter != Way.Neither) continue;
            vm.expectRevert(_loosened(i, _valueOf(i) - 1));
            _policy.tighten(_with(i, _valueOf(i) - 1));
            vm.expectRevert(_loosened(i, _valueOf(i) + 1));
            _policy.tighten(_with(i, _valueOf(i) + 1));
        }
    }

    function test_the_same_limits_again_are_no_new_version() public {
        _policy.tighten(_limits());
        _assertLimits(_limits(), 1);
    }

    function test_a_tightened_oracle_age_leaves_the_age_for_exits() public {
        _policy.tighten(_with(17, 1));
        assertEq(_policy.limits().maxOracleAgeSeconds, 1);
        assertEq(_policy.exitOracleAgeSeconds(), 3_600);
    }

    // ---------------------------------------------------------------- loosening

    function test_loosens_every_limit_and_counts_the_versions() public {
        for (uint256 i; i < COUNT; ++i) {
            uint256 value = i == LATCH_MODE ? 2 : _rows[i].tighter == Way.Up ? _valueOf(i) - 1 : _valueOf(i) + 1;
            Limits memory looser = _with(i, value);
            vm.expectEmit(address(_policy));
            emit Policy.LimitsSet(uint64(i + 2), looser);
            _policy.loosen(looser);
            _assertLimits(looser, i + 2);
        }
    }

    function test_loosening_brings_the_latch_mode_back_to_reduce_only() public {
        _policy.tighten(_with(LATCH_MODE, 2));
        _policy.loosen(_limits());
        _assertLimits(_limits(), 3);
    }

    function test_a_longer_oracle_age_leaves_the_age_for_exits() public {
        _policy.loosen(_with(17, 1 days));
        assertEq(_policy.exitOracleAgeSeconds(), 3_600);
    }

    // ---------------------------------------------------------------- properties

    function test_nobody_without_a_role_changes_anything(address caller) public {
        vm.assume(caller != address(this) && caller != _policy.authority());
        bytes memory reason = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(reason);
        _policy.tighten(_limits());
        vm.expectRevert(reason);
        _policy.loosen(_limits());
    }

    /// @dev Whatever is sent to `tighten`, no limit ever gets looser, and three never change.
    function testFuzz_tightening_never_loosens(uint256[21] memory first, uint256[21] memory second) public {
        uint256[COUNT] memory before = _words(_policy.limits());
        for (uint256 round; round < 2; ++round) {
            uint256[COUNT] memory words = round == 0 ? first : second;
            for (uint256 i; i < COUNT; ++i) {
                // Mostly tighter, sometimes one step looser.
                uint256 looserBy = words[i] % 64 == 0 ? 1 : 0;
                if (_rows[i].tighter == Way.Neither) words[i] = before[i] + looserBy;
                else if (i == LATCH_MODE) words[i] = bound(words[i], before[i] - looserBy, 2);
                else if (_rows[i].tighter == Way.Up) words[i] = bound(words[i], before[i] - looserBy, before[i] + 50);
                else words[i] = bound(words[i], before[i] > 50 ? before[i] - 50 : 1, before[i] + looserBy);
            }
            try _policy.tighten(abi.decode(abi.encode(words), (Limits))) {} catch {}
            uint256[COUNT] memory now_ = _words(_policy.limits());
            for (uint256 i; i < COUNT; ++i) {
                if (_rows[i].tighter == Way.Up) assertGe(now_[i], before[i]);
                else if (_rows[i].tighter == Way.Down) assertLe(now_[i], before[i]);
                else assertEq(now_[i], before[i]);
            }
            before = now_;
        }
    }
}
