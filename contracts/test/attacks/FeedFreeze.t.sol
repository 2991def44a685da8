// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Plan} from "src/Plan.sol";
import {PriceOracle} from "src/PriceOracle.sol";
import {Vault} from "src/Vault.sol";

import {AttackFixture} from "../helpers/AttackFixture.sol";

/// @notice The feed stands still while the market moves.
contract FeedFreezeTest is AttackFixture {
    function setUp() public override {
        super.setUp();
        _openCarry();
    }

    /// @dev Time passes, the feed says nothing; HyperCore goes on.
    function _freeze(uint256 seconds_) private {
        vm.warp(block.timestamp + seconds_);
        vm.roll(block.number + 1);
        core.process();
    }

    /// @dev The market without the feed.
    function _moveMarketOnly(int256 price) private {
        market.moveTo(uint256(price));
        _tick(price, price, 0);
    }

    function test_nothing_is_traded_or_priced_once_the_feed_is_too_old() public {
        _freeze(_limits().maxOracleAgeSeconds + 1);
        Plan memory plan = _plan(_actions(_sell(1e18)));
        vm.prank(AGENT);
        _expectStale();
        vault.rebalance(plan);
        _expectStale();
        vault.checkpoint();
        vm.prank(BOB);
        _expectStale();
        vault.redeem(1, BOB, BOB);
        vm.prank(BOB);
        _expectStale();
        vault.deposit(1, BOB);
        assertEq(vault.maxDeposit(BOB) + vault.maxRedeem(BOB), 0);

        _freeze(_limits().maxSilenceSeconds);
        _expectStale();
        vault.unwind(BPS);
    }

    function _expectStale() private {
        vm.expectPartialRevert(PriceOracle.OracleStale.selector);
    }

    function test_requests_and_claims_go_on_and_are_paid_when_the_feed_is_back() public {
        _request(ALICE, vault.balanceOf(ALICE) / 20);
        queue.fill();
        _freeze(3 days);
        uint256 requestId = _request(BOB, vault.balanceOf(BOB) / 20);
        assertEq(queue.fill(), 0, "no price, no fill");
        assertGt(_claimAll(ALICE), 29_000e6, "what was filled before is paid out");
        feed.set(PRICE);
        assertGt(queue.fill(), 0);
        assertEq(queue.pendingRedeemRequest(requestId, BOB), 0);
        assertGt(_claimAll(BOB), 19_000e6);
    }

    /// @dev The books keep the last good price for looking at; nothing is latched by it.
    function test_a_frozen_feed_latches_nothing() public {
        uint256 before = _sharePriceE18();
        _freeze(10 days);
        assertEq(_sharePriceE18(), before);
        assertEq(uint8(vault.mode()), 0);
    }

    /// @dev Before it is too old, the second source stops what has gone further than the bound between the two.
    function test_the_second_source_stops_a_frozen_feed_that_the_market_has_left() public {
        _freeze(30 minutes);
        _moveMarketOnly(PRICE * 1_031 / 1_000);
        vm.prank(BOB);
        vm.expectPartialRevert(PriceOracle.OracleDeviates.selector);
        vault.redeem(1, BOB, BOB);
        vm.expectPartialRevert(PriceOracle.OracleDeviates.selector);
        vault.checkpoint();
        assertEq(vault.maxDeposit(BOB), 0);
    }

    /// @dev Within that bound the two legs disagree: spot is worth the feed's price, the perp its mark. While the market
    /// rises, the vault looks cheaper than it is by size x rise, and a depositor gets that part. It is recognised at the
    /// pace of any gain, and both buffers are paid.
    /// forge-config: default.fuzz.runs = 32
    /// forge-config: prove.fuzz.runs = 10000
    function testFuzz_who_deposits_into_a_frozen_feed_gains_at_most_size_times_deviation(uint256 rise, uint256 assets) public {
        rise = _bound(rise, 0, 295);
        assets = _bound(assets, 1_000e6, 2_000_000e6);
        int256 risen = PRICE * int256(BPS + rise) / 10_000;
        _freeze(30 minutes);
        _moveMarketOnly(risen);
        uint256 shares = _fund(THIEF, assets);
        feed.set(risen);
        uint256 out = vault.previewRedeem(shares);
        assertLe(out, assets, "nothing at once");
        for (uint256 hour; hour < 4; ++hour) {
            _wait(1 hours);
            vault.checkpoint();
        }
        out = vault.previewRedeem(shares);
        uint256 most = assets * rise * 66 / 100 / BPS;
        // Of the buffer at his entry he gets back his part; the one at his exit is lost.
        assertLe(out + assets * _limits().flowBufferBps / BPS, assets + most + 1);
    }

    /// @dev The other way round the vault looks dearer than it is, and who leaves gets no more than the growth bound.
    /// forge-config: default.fuzz.runs = 32
    /// forge-config: prove.fuzz.runs = 10000
    function testFuzz_who_leaves_a_frozen_feed_gains_at_most_the_growth_bound(uint256 fall) public {
        fall = _bound(fall, 0, 285);
        vault.checkpoint();
        uint256 shares = vault.balanceOf(BOB) / 10;
        uint256 before = vault.previewRedeem(shares);
        _freeze(30 minutes);
        _moveMarketOnly(PRICE * int256(BPS - fall) / 10_000);
        vm.prank(BOB);
        uint256 out = vault.redeem(shares, BOB, BOB);
        assertLe(out, before + before * _limits().maxGrowthBps * 30 minutes / BPS / 1 days + 1);
    }
}
