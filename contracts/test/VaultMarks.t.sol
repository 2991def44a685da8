// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Mode} from "src/Plan.sol";

import {LatchFixture} from "./helpers/LatchFixture.sol";
import {PlanLogs} from "./helpers/PlanLogs.sol";

/// @notice The prices from which losses are measured: high-water mark, day's and week's start, and how fast they rise.
contract VaultMarksTest is LatchFixture {
    // ---------------------------------------------------------------- marks

    function test_the_high_water_mark_rises_and_never_falls_by_itself() public {
        feed.set(PRICE + PRICE / 1_000);
        vault.checkpoint();
        uint256 high = _high();
        assertGt(high, 1e18);
        feed.set(PRICE);
        vault.checkpoint();
        assertEq(_high(), high);
        _nextDay();
        assertEq(_high(), high);
    }

    function test_the_day_starts_with_its_first_checkpoint_and_keeps_that_price() public {
        _fallTo(100);
        _later(1 days);
        assertLt(_status().dayStartPriceE18, 1e18, "status tells the mark a checkpoint would set");
        _fallTo(150);
        vault.checkpoint();
        uint256 day = _status().dayStartPriceE18;
        assertApproxEqAbs(day, 0.985e18, 1e9);
        _fallTo(200);
        vault.checkpoint();
        assertEq(_status().dayStartPriceE18, day);
        _fallTo(140);
        vault.checkpoint();
        assertEq(_status().dayStartPriceE18, day);
    }

    function test_the_week_starts_on_monday_with_its_first_checkpoint() public {
        uint256 monday = block.timestamp / 1 days * 1 days;
        _fallTo(200);
        vm.warp(monday + 7 days - 2);
        _later(1); // the last second of Sunday
        vault.checkpoint();
        assertEq(_status().weekStartPriceE18, 1e18);
        _later(1);
        assertEq(_status().weekStartPriceE18, _status().sharePriceE18);
        vault.checkpoint();
        uint256 week = _status().weekStartPriceE18;
        assertApproxEqAbs(week, 0.98e18, 1e9);
        _later(6 days);
        _fallTo(300);
        vault.checkpoint();
        assertEq(_status().weekStartPriceE18, week);
    }

    /// @dev A gift must not raise the mark from which a drawdown is measured.
    function test_a_gift_raises_no_mark() public {
        uint256 high = _high();
        usdc.mint(address(vault), 10 * FUNDS);
        vault.checkpoint();
        assertEq(_high(), high);
    }

    // ---------------------------------------------------------------- bounded growth

    /// @dev 100 % a day; a jump of 10 % of the vault within a minute.
    function test_a_jump_raises_the_marks_no_faster_than_shares_may_grow() public {
        feed.set(PRICE * 12 / 10);
        vault.checkpoint();
        assertApproxEqAbs(_high(), 1e18 + uint256(1e18) * 60 / 1 days, 1e8);
        assertEq(_status().sharePriceE18, _high());
        vault.checkpoint();
        assertApproxEqAbs(_high(), 1e18 + uint256(1e18) * 60 / 1 days, 1e8, "no time, no growth");
        _later(1 days);
        assertApproxEqAbs(_status().sharePriceE18, 1.1e18, 1e8, "recognised in the end");
    }

    function test_many_checkpoints_raise_the_mark_hardly_faster_than_one() public {
        feed.set(PRICE * 13 / 10);
        vault.checkpoint();
        uint256 before = _high();
        for (uint256 i; i < 60; ++i) {
            _later(60);
            vault.checkpoint();
        }
        // An hour of 100 % a day: 4.17 % once, 4.26 % compounded.
        assertGt(_high(), before * 10_416 / 10_000);
        assertLt(_high(), before * 10_426 / 10_000);
    }

    function test_a_spike_leaves_no_mark_that_its_end_could_break() public {
        feed.set(PRICE * 13 / 10); // 15 % of the vault, more than the drawdown limit
        vault.checkpoint();
        feed.set(PRICE);
        vault.checkpoint();
        _assertMode(Mode.Active);
        vm.recordLogs();
        vault.checkpoint();
        (, uint256[3] memory losses) = PlanLogs.checkpoint(vm.getRecordedLogs());
        _assertLoss(losses[2], 7, 1_000);
    }

    function test_a_plans_gain_is_not_recognised_at_once() public {
        usdc.mint(address(long), 1_000e6); // a trade that was very good
        _run(_trade(long, -ONE_BPS));
        assertLt(_status().sharePriceE18, 1.001e18);
        assertEq(_status().realAssets, FUNDS + 1_000e6);
    }
}
