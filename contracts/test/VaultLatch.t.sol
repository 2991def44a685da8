// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Action, Mode, Plan, VaultStatus} from "ballast/Plan.sol";
import {PriceOracle} from "ballast/PriceOracle.sol";
import {Vault} from "ballast/Vault.sol";

import {VaultFixture} from "./helpers/VaultFixture.sol";

/// @notice Daily loss and drawdown: how they are marked, and that a breach latches at once and stays.
contract VaultLatchTest is VaultFixture {
    /// @dev Long half the vault's value: 1 % of the token's price is 0.5 % of the share price.
    function setUp() public override {
        super.setUp();
        _run(_trade(long, 5_000 * ONE_BPS, 50_000e6, 0));
        _later(60);
    }

    /// @dev Moves the price so that the vault loses `bps` of the funds it started with.
    function _lose(uint256 bps) private {
        feed.set(PRICE - PRICE * int256(bps) * 2 / 10_000);
    }

    function _marks() private view returns (uint256 high, uint256 day) {
        return (vault.highWaterMarkE18(), vault.dayStartPriceE18());
    }

    function test_starts_at_one_asset_unit_per_share_unit() public view {
        VaultStatus memory s = vault.status();
        assertEq(s.sharePriceE18, 1e6 * 1e18);
        assertEq(s.highWaterMarkE18, 1e6 * 1e18);
        assertEq(s.dayStartPriceE18, 1e6 * 1e18);
    }

    function test_daily_loss_at_its_bound_does_not_latch_and_beyond_it_does() public {
        _lose(299);
        vault.checkpoint();
        assertEq(uint8(vault.mode()), uint8(Mode.Active));
        _lose(301);
        vm.expectEmit();
        emit Vault.ModeLatched(Mode.ReduceOnly, "max_daily_loss", 301, 300);
        vm.prank(STRANGER);
        vault.checkpoint();
        assertEq(uint8(vault.mode()), uint8(Mode.ReduceOnly));
    }

    function test_drawdown_latches_when_no_single_day_does() public {
        for (uint256 lost = 200; lost <= 1_000; lost += 200) {
            _later(1 days);
            vault.checkpoint();
            _lose(lost == 1_000 ? 999 : lost);
            vault.checkpoint();
        }
        assertEq(uint8(vault.mode()), uint8(Mode.Active));
        _later(1 days);
        vault.checkpoint();
        _lose(1_001);
        vm.expectEmit();
        emit Vault.ModeLatched(Mode.ReduceOnly, "max_drawdown", 1_001, 1_000);
        vault.checkpoint();
        assertEq(uint8(vault.mode()), uint8(Mode.ReduceOnly));
    }

    function test_a_latch_stays_when_the_price_comes_back() public {
        _lose(400);
        vault.checkpoint();
        feed.set(PRICE);
        vault.checkpoint();
        assertEq(uint8(vault.mode()), uint8(Mode.ReduceOnly));
    }

    function test_the_high_water_mark_rises_and_never_falls_by_itself() public {
        feed.set(PRICE + PRICE / 100);
        vault.checkpoint();
        uint256 high = vault.highWaterMarkE18();
        assertGt(high, 1e24);
        feed.set(PRICE);
        vault.checkpoint();
        assertEq(vault.highWaterMarkE18(), high);
    }

    function test_the_day_starts_with_its_first_checkpoint_and_keeps_that_price() public {
        _lose(100);
        _later(1 days);
        assertLt(vault.status().dayStartPriceE18, 1e24, "status tells the mark a checkpoint would set");
        assertEq(vault.dayStartPriceE18(), 1e24);
        vault.checkpoint();
        uint256 day = vault.dayStartPriceE18();
        assertLt(day, 1e24);
        _lose(200);
        vault.checkpoint();
        assertEq(vault.dayStartPriceE18(), day);
        assertEq(vault.status().dayStartPriceE18, day);
    }

    function test_checkpoint_refuses_a_stale_or_invalid_price_and_records_nothing() public {
        (uint256 high, uint256 day) = _marks();
        feed.setRound(PRICE / 2, block.timestamp - 3_601);
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.OracleStale.selector, address(weth), 3_601, 3_600));
        vault.checkpoint();
        feed.set(0);
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.OraclePriceInvalid.selector, address(weth), int256(0)));
        vault.checkpoint();
        (uint256 highAfter, uint256 dayAfter) = _marks();
        assertEq(high, highAfter);
        assertEq(day, dayAfter);
    }

    function test_a_plan_that_meets_a_breach_is_skipped_and_its_number_is_spent() public {
        Plan memory plan = _plan(_actions(_trade(long, 1)));
        _lose(400);
        uint64 lastPlanAt = vault.lastPlanAt();
        int256 exposure = long.exposure();
        vm.expectEmit();
        emit Vault.PlanSkipped(2, "max_daily_loss");
        _send(plan);
        assertEq(uint8(vault.mode()), uint8(Mode.ReduceOnly), "latched");
        assertEq(long.exposure(), exposure, "not carried out");
        assertEq(vault.planCount(), 2, "spent");
        assertEq(vault.lastPlanAt(), lastPlanAt, "nothing was executed");
        vm.expectRevert(abi.encodeWithSelector(Vault.PlanNumberWrong.selector, 2, 3));
        _send(plan);
        _run(_trade(long, -ONE_BPS));
    }

    function test_a_loss_made_by_the_plan_latches_without_undoing_it() public {
        _lose(250);
        vault.checkpoint();
        Action memory action = _trade(short, -ONE_BPS, 1_000e6, 600e6);
        vm.expectEmit();
        emit Vault.ModeLatched(Mode.ReduceOnly, "max_daily_loss", 310, 300);
        _run(action);
        assertEq(short.exposure(), -ONE_BPS);
        assertEq(uint8(vault.mode()), uint8(Mode.ReduceOnly));
    }

    function test_a_deposit_or_a_redemption_latches_too_and_goes_through() public {
        uint256 snapshot = vm.snapshotState();
        _lose(400);
        _fund(BOB, 1_000e6);
        assertEq(uint8(vault.mode()), uint8(Mode.ReduceOnly));
        vm.revertToState(snapshot);
        _lose(400);
        vm.prank(ALICE);
        vault.redeem(1e6, ALICE, ALICE);
        assertEq(uint8(vault.mode()), uint8(Mode.ReduceOnly));
    }

    function test_a_breach_does_not_bring_a_halted_vault_back() public {
        _setMode(GUARDIAN, Mode.Halted);
        _lose(400);
        vault.checkpoint();
        assertEq(uint8(vault.mode()), uint8(Mode.Halted));
    }

    function test_the_owner_returns_to_active_and_the_marks_start_anew() public {
        _lose(400);
        vault.checkpoint();
        _setMode(OWNER, Mode.Active);
        (uint256 high, uint256 day) = _marks();
        assertEq(high, vault.status().sharePriceE18);
        assertEq(day, high);
        vault.checkpoint();
        assertEq(uint8(vault.mode()), uint8(Mode.Active), "does not latch again at once");
    }

    function test_the_owner_cannot_return_to_active_on_a_stale_price() public {
        _setMode(GUARDIAN, Mode.Halted);
        vm.warp(block.timestamp + 4_000);
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.OracleStale.selector, address(weth), 4_000, 3_600));
        _setMode(OWNER, Mode.Active);
        _setMode(OWNER, Mode.ReduceOnly);
    }

    function test_an_empty_vault_has_no_loss() public {
        _run(_actions(_trade(long, -5_000 * ONE_BPS), Action(address(long), 0, long.sendHome(50_000e6))));
        vm.startPrank(ALICE);
        vault.redeem(vault.balanceOf(ALICE), ALICE, ALICE);
        vm.stopPrank();
        assertEq(vault.totalSupply(), 0);
        long.setExposure(ONE_BPS);
        feed.set(PRICE * 2);
        vault.checkpoint();
        assertGt(vault.highWaterMarkE18(), 1e24);
        feed.set(PRICE / 2);
        vault.checkpoint();
        assertEq(uint8(vault.mode()), uint8(Mode.Active));
        assertEq(vault.highWaterMarkE18(), vault.status().sharePriceE18);
    }

    /// @dev A gift must not raise the mark from which a drawdown is measured.
    function test_a_gift_raises_no_mark() public {
        (uint256 high,) = _marks();
        usdc.mint(address(vault), 10 * FUNDS);
        vault.checkpoint();
        (uint256 highAfter,) = _marks();
        assertEq(highAfter, high);
    }
}
