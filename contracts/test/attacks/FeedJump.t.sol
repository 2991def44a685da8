// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Mode, Plan} from "src/Plan.sol";
import {PriceOracle} from "src/PriceOracle.sol";
import {Vault} from "src/Vault.sol";

import {AttackFixture} from "../helpers/AttackFixture.sol";

/// @notice The feed is wrong by a part of the price, while the market stands still. Held against a second source.
contract FeedJumpTest is AttackFixture {
    function setUp() public override {
        super.setUp();
        _openCarry();
    }

    function test_an_error_beyond_the_bound_between_the_sources_stops_everything_and_changes_nothing() public {
        uint256 before = _sharePriceE18();
        Plan memory plan = _plan(_actions(_sell(1e18)));
        int256[2] memory wrong = [PRICE * 1_031 / 1_000, PRICE * 969 / 1_000];
        for (uint256 i; i < 2; ++i) {
            feed.set(wrong[i]);
            vm.expectPartialRevert(PriceOracle.OracleDeviates.selector);
            vault.checkpoint();
            vm.prank(AGENT);
            vm.expectPartialRevert(PriceOracle.OracleDeviates.selector);
            vault.rebalance(plan);
            assertEq(vault.maxDeposit(BOB) + vault.maxRedeem(BOB), 0);
            assertEq(_sharePriceE18(), before, "the last good price is kept");
        }
        feed.set(PRICE);
        vault.checkpoint();
        _send(plan);
    }

    /// @dev Within the bound a thief sells spot at the feed's price, too low by the error and by the slippage bound. He
    /// cannot buy the short back at that price, so the net delta stops him.
    function test_a_thief_with_an_error_within_the_bound_takes_it_on_what_the_net_delta_lets_him_sell() public {
        int256 wrong = PRICE * 972 / 1_000;
        feed.set(wrong);
        uint256 held = spot.heldBase();
        for (uint256 base = held; base >= 0.1e18;) {
            market.moveTo(uint256(wrong) * 9_910 / 10_000);
            bytes memory plan = abi.encodeCall(Vault.rebalance, (_plan(_actions(_sell(base)))));
            vm.prank(AGENT);
            (bool sold,) = address(vault).call(plan);
            if (!sold) base /= 2;
        }
        market.moveTo(uint256(PRICE));
        feed.set(PRICE);
        uint256 sold_ = held - spot.heldBase();
        assertLe(sold_ * uint256(PRICE) / 1e20, 55_000e6, "5 % of the vault, and what it was out of balance before");
        uint256 lost = 0.9975e18 - Math.min(0.9975e18, _status().realAssets * 1e24 / vault.totalSupply());
        assertLe(lost, 0.055e18 * 380 / BPS, "3.8 % of that");
    }
}

/// @notice The same without a second source, in the vault that holds spot only: nothing says that the feed is wrong.
contract FeedJumpAloneTest is AttackFixture {
    function _hasPerp() internal pure override returns (bool) {
        return false;
    }

    function setUp() public override {
        super.setUp();
        _openSpot(800_000e6);
    }

    /// @dev An error upwards cannot be cashed in at once.
    /// forge-config: default.fuzz.runs = 32
    /// forge-config: prove.fuzz.runs = 10000
    function testFuzz_who_leaves_at_a_price_too_high_gets_at_most_the_growth_bound(uint256 error, uint256 seconds_) public {
        seconds_ = _bound(seconds_, 0, 6 hours);
        error = _bound(error, 1, 9 * BPS);
        vault.checkpoint();
        uint256 shares = vault.balanceOf(BOB) / 4;
        uint256 before = vault.previewRedeem(shares);
        _wait(seconds_);
        feed.set(PRICE * int256(BPS + error) / 10_000);
        vm.prank(BOB);
        uint256 out = vault.redeem(shares, BOB, BOB);
        assertLe(out, before + before * _limits().maxGrowthBps * seconds_ / BPS / 1 days + 1);
    }

    /// @dev An error downwards counts at once, and lets in whoever sees it. What he gains is the others'; it takes him
    /// the time in which a share may grow so much, and he pays the buffer twice.
    /// forge-config: default.fuzz.runs = 32
    /// forge-config: prove.fuzz.runs = 10000
    function testFuzz_who_enters_at_a_price_too_low_gains_at_most_the_error_and_must_wait_for_it(uint256 error) public {
        error = _bound(error, 1, 700);
        uint256 assets = 1_000_000e6;
        feed.set(PRICE * int256(BPS - error) / 10_000);
        uint256 shares = _fund(THIEF, assets);
        feed.set(PRICE);
        assertLe(vault.previewRedeem(shares), assets, "not at once");
        _wait(30 minutes);
        uint256 inHalfAnHour = assets + assets * _limits().maxGrowthBps * 30 minutes / BPS / 1 days;
        assertLe(vault.previewRedeem(shares), inHalfAnHour);
        for (uint256 i; i < 4; ++i) {
            _wait(1 hours);
            vault.checkpoint();
        }
        // 80 % of the old million is held; half of the gain stays with the old holders.
        assertLe(vault.previewRedeem(shares), assets + assets * error * 80 / 100 / BPS);
    }

    /// @dev A feed that swings by a part e around the market, and a thief who buys when it is high and sells when it is
    /// low, all at a counted loss of next to nothing. What he trades is bounded by `max_turnover`, what he sells by what
    /// he holds and buys; and the loss shows when the feed swings back, so that the daily limit latches.
    function test_a_thief_with_a_feed_that_swings_is_bounded_by_turnover_and_the_latch() public {
        uint256 start = _worth();
        uint256 traded;
        for (uint256 i; i < 48 && vault.mode() == Mode.Active; ++i) {
            traded += _tradeAt(PRICE * 1_010 / 1_000, true);
            _wait(15 minutes);
            traded += _tradeAt(PRICE * 990 / 1_000, false);
            _wait(15 minutes);
        }
        uint256 lost = start - _worth();
        emit log_named_decimal_uint("traded, parts of the vault", traded * 1e18 / start, 18);
        emit log_named_decimal_uint("lost, %", lost * 1e18 / start, 16);
        // In a day: twice the turnover by plans that widen, and as much by plans that reduce, and what was held.
        assertLe(traded, start * (2 * 2 * uint256(_limits().maxTurnoverBps) + 8_000) / BPS);
        assertLe(lost, traded * 130 / BPS, "1 % of each trade by the feed's error, the rest by fee and impact");
    }

    function _tradeAt(int256 price, bool buys) private returns (uint256 notional) {
        feed.set(price);
        market.moveTo(uint256(price));
        uint256 cash = vault.idleAssets();
        uint256 before = spot.heldBase();
        Plan memory plan = _plan(buys ? _actions(_buy(cash * 9 / 10)) : _actions(_sell(before * 9 / 10)));
        vm.prank(AGENT);
        try vault.rebalance(plan) {} catch {}
        uint256 after_ = spot.heldBase();
        notional = (after_ > before ? after_ - before : before - after_) * uint256(PRICE) / 1e20;
        feed.set(PRICE);
        market.moveTo(uint256(PRICE));
    }

    function _worth() private view returns (uint256) {
        return _status().realAssets;
    }
}
