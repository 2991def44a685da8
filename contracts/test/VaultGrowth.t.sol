// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {GrowthFixture} from "./helpers/GrowthFixture.sol";

/// @notice The share price rises no faster than the policy allows and falls at once; who comes pays for all there is,
/// who goes gets of what is recognised.
contract VaultGrowthTest is GrowthFixture {
    using Math for uint256;

    function test_a_deposit_pays_for_all_there_is_and_a_redemption_gets_of_what_is_recognised() public {
        _gain(20_000e6);
        assertEq(_real(), 120_000e6);
        assertEq(vault.totalAssets(), 100_000e6);
        uint256 supply = vault.totalSupply() + VIRTUAL_SHARES;
        assertEq(vault.previewDeposit(12_000e6), uint256(12_000e6).mulDiv(supply, 120_000e6 + 1));
        assertEq(vault.previewMint(1e12), uint256(1e12).mulDiv(120_000e6 + 1, supply, Math.Rounding.Ceil));
        assertEq(vault.previewRedeem(1e12), 1e6);
        assertEq(vault.previewWithdraw(1e6), 1e12);
    }

    function test_a_jump_is_recognised_evenly_until_all_of_it_is() public {
        _gain(20_000e6);
        _later(6 hours);
        assertEq(vault.totalAssets(), 102_500e6);
        _later(18 hours);
        assertEq(vault.totalAssets(), 110_000e6);
        _later(1 days);
        assertEq(vault.totalAssets(), 120_000e6);
        _later(30 days);
        assertEq(vault.totalAssets(), 120_000e6);
    }

    /// @dev A day in two steps comes to (1 + 5 %)^2, in many to e^(10 %): never more than 1.052 times the rate.
    function test_every_record_starts_the_growth_anew() public {
        _gain(20_000e6);
        _later(12 hours);
        vault.checkpoint();
        assertEq(vault.totalAssets(), 105_000e6);
        _later(12 hours);
        assertEq(vault.totalAssets(), 110_250e6);
    }

    function test_coming_and_going_is_no_growth() public {
        _gain(20_000e6);
        _fund(BOB, 50_000e6);
        assertEq(vault.totalAssets(), 150_000e6);
        _later(12 hours);
        assertEq(vault.totalAssets(), 157_500e6);
        uint256 paid = _redeem(ALICE, 10_000e12);
        _later(3 hours);
        assertEq(vault.totalAssets(), _grown(157_500e6 - paid, 3 hours));
    }

    function test_a_fall_counts_at_once() public {
        _lose(20_000e6);
        assertEq(_real(), 80_000e6);
        assertEq(vault.totalAssets(), 80_000e6);
    }

    function test_what_came_to_an_empty_vault_is_recognised_at_once() public {
        _bringHome(50_000e6);
        _redeemAll(ALICE);
        _gain(1_000e6);
        assertEq(vault.totalAssets(), 1_000e6);
    }

    // ---- gifts

    function testFuzz_a_gift_to_the_vault_changes_nothing(uint256 gift) public {
        gift = _bound(gift, 1, 1e30);
        uint256 price = _sharePrice();
        usdc.mint(address(vault), gift);
        assertEq(_real(), FUNDS);
        assertEq(_sharePrice(), price);
        vault.checkpoint();
        assertEq(vault.idleAssets(), FUNDS - 50_000e6, "not when the books are opened either");
        _bringHome(50_000e6);
        assertEq(_redeemAll(ALICE), FUNDS);
        assertEq(usdc.balanceOf(address(vault)), gift, "it stays");
    }

    /// @dev A venue whose value can be raised by a gift; the growth bound is what is left then.
    function testFuzz_a_gift_to_a_venue_is_recognised_no_faster_than_any_gain(uint256 gift, uint256 seconds_) public {
        gift = _bound(gift, 1, 1e30);
        seconds_ = _bound(seconds_, 0, 100 days);
        _gain(gift);
        assertEq(vault.totalAssets(), FUNDS, "not in this block");
        _later(seconds_);
        assertEq(vault.totalAssets(), Math.min(_real(), _grown(FUNDS, seconds_)));
    }

    // ---- the first depositor

    function testFuzz_a_first_depositor_gains_nothing_by_a_gift(uint256 seed, uint256 gift, uint256 victimIn) public {
        seed = _bound(seed, 1, 1e12);
        gift = _bound(gift, 1, 1e18);
        victimIn = _bound(victimIn, 1e6, 1e15);
        _bringHome(50_000e6);
        _redeemAll(ALICE);
        _fund(BOB, seed);
        usdc.mint(address(vault), gift);
        _fund(ALICE, victimIn);
        assertGe(_redeemAll(ALICE) + 1, victimIn);
        assertLe(_redeemAll(BOB), seed);
    }

    /// @dev Through a venue that counts gifts: a victim who waits until all is recognised loses less than 1/10,000, or
    /// less than the attacker does.
    function testFuzz_a_first_depositor_who_feeds_a_venue_loses_more_than_his_victim(
        uint256 seed,
        uint256 gift,
        uint256 victimIn
    ) public {
        victimIn = _bound(victimIn, 1e6, 1e12);
        seed = _bound(seed, 1, victimIn);
        gift = _bound(gift, 1, 1_000 * victimIn);
        _bringHome(50_000e6);
        _redeemAll(ALICE);
        _fund(BOB, seed);
        _gain(gift);
        _fund(ALICE, victimIn);
        _later(20_000 days);
        assertEq(vault.totalAssets(), _real(), "all is recognised");
        uint256 victimLoss = Math.saturatingSub(victimIn, vault.previewRedeem(vault.balanceOf(ALICE)));
        uint256 attackerLoss = Math.saturatingSub(seed + gift, vault.previewRedeem(vault.balanceOf(BOB)));
        assertTrue(victimLoss <= Math.max(1, victimIn / 10_000) || attackerLoss >= victimLoss);
    }

    // ---- who sees a jump coming

    function testFuzz_who_comes_before_a_jump_and_leaves_in_the_same_block_earns_nothing(uint256 amount, uint256 jump)
        public
    {
        amount = _bound(amount, 1, 1e15);
        _later(30 days); // what was not grown before is not his
        _fund(BOB, amount);
        _gain(_bound(jump, 1, 1e15));
        assertLe(_redeem(BOB, vault.maxRedeem(BOB)), amount);
    }

    function testFuzz_who_comes_before_a_jump_earns_at_most_the_rate(uint256 amount, uint256 jump, uint256 seconds_)
        public
    {
        amount = _bound(amount, 1e6, 1e15);
        seconds_ = _bound(seconds_, 1, 1 days);
        _fund(BOB, amount);
        _gain(_bound(jump, 1, 1e15));
        _later(seconds_);
        assertLe(_redeem(BOB, vault.maxRedeem(BOB)), _grown(amount, seconds_));
    }

    function testFuzz_who_comes_after_a_jump_earns_nothing_by_its_recognition(uint256 amount, uint256 jump) public {
        amount = _bound(amount, 1e6, 1e15);
        _gain(_bound(jump, 1, 1e12));
        _fund(BOB, amount);
        _later(365 days);
        assertEq(vault.totalAssets(), _real());
        assertLe(vault.previewRedeem(vault.balanceOf(BOB)), amount);
    }

    // ---- where it is not perfect

    /// @dev Who brings as much as there is and waits a day takes half of that day's part of the jump.
    function test_not_perfect_who_comes_before_a_jump_and_stays_shares_in_it() public {
        _fund(BOB, FUNDS);
        _gain(40_000e6);
        _later(1 days);
        assertApproxEqAbs(_redeemAll(BOB), 110_000e6, 1);
    }

    /// @dev Holders bear it together only from the moment the oracle says it. The flow buffer should cover the
    /// deviation that the feed lets pass.
    function test_not_perfect_who_leaves_before_a_fall_is_seen_leaves_it_to_the_others() public {
        _fund(BOB, 50_000e6);
        assertApproxEqAbs(_redeemAll(BOB), 50_000e6, 1);
        _lose(3_000e6);
        assertApproxEqAbs(vault.previewRedeem(vault.balanceOf(ALICE)), 97_000e6, 1);
    }

    /// @dev He paid for all there is and gets of what is recognised; whoever stays gets the difference. It comes back
    /// with time, and both previews tell it before.
    function test_not_perfect_who_comes_after_a_jump_must_stay_until_it_is_recognised() public {
        _gain(25_000e6);
        _fund(BOB, 10_000e6);
        assertApproxEqAbs(vault.previewRedeem(vault.balanceOf(BOB)), 8_148e6, 1e6);
        _later(3 days);
        assertApproxEqAbs(vault.previewRedeem(vault.balanceOf(BOB)), 10_000e6, 1);
    }

    /// @dev A fall that somebody recorded has to be grown back at the same rate, also when it was a flicker.
    function test_not_perfect_a_recovery_is_as_slow_as_any_rise() public {
        _later(60);
        _run(_trade(long, 2_500 * ONE_BPS));
        feed.set(PRICE * 9 / 10);
        vault.checkpoint();
        assertEq(vault.totalAssets(), 97_500e6);
        feed.set(PRICE);
        assertEq(_real(), 100_000e6);
        assertEq(vault.totalAssets(), 97_500e6);
        _later(1 days);
        assertEq(vault.totalAssets(), 100_000e6);
    }

    /// @dev As slow for whoever leaves last: the rest is nobody's.
    function test_not_perfect_the_last_to_leave_leaves_what_is_not_recognised() public {
        _bringHome(50_000e6);
        _gain(5_000e6);
        assertEq(_redeemAll(ALICE), FUNDS);
        assertEq(_real(), 5_000e6);
        assertEq(vault.totalSupply(), 0);
    }
}
