// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Test} from "forge-std/Test.sol";

import {Feed, IAggregatorV3, PriceOracle} from "ballast/PriceOracle.sol";
import {TestToken} from "sim/TestToken.sol";

import {SettableFeed} from "./helpers/SettableFeed.sol";

contract DirtyFeed {
    /// @dev A round id above uint80, which a strict decoder would refuse by reverting.
    function latestRoundData() external view returns (uint256, int256, uint256, uint256, uint256) {
        return (1 << 200, 3_000e8, block.timestamp, block.timestamp, 1 << 200);
    }

    function decimals() external pure returns (uint8) {
        return 8;
    }
}

contract ShortFeed {
    function latestRoundData() external pure returns (uint256, int256) {
        return (1, 3_000e8);
    }

    function decimals() external pure returns (uint8) {
        return 8;
    }
}

contract PriceOracleTest is Test {
    TestToken private usdc;
    TestToken private weth;
    SettableFeed private feed;
    PriceOracle private oracle;

    function setUp() public {
        vm.warp(1_795_132_800);
        usdc = new TestToken("USDC", 6);
        weth = new TestToken("WETH", 18);
        feed = new SettableFeed(8, 3_000e8);
        oracle = _oracle(address(usdc), address(weth), address(feed));
    }

    function _oracle(address asset, address token, address aggregator) private returns (PriceOracle) {
        return new PriceOracle(asset, _one(token, aggregator, 100e8, 10_000e8));
    }

    function _one(address token, address aggregator, uint128 min, uint128 max)
        private
        pure
        returns (Feed[] memory feeds)
    {
        feeds = new Feed[](1);
        feeds[0] = Feed(token, IAggregatorV3(aggregator), min, max);
    }

    function _expectInvalid(int256 answer) private {
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.OraclePriceInvalid.selector, address(weth), answer));
        oracle.requireHealthy(address(weth), 3_600);
        (uint256 price,, uint256 updatedAt) = oracle.latest(address(weth));
        assertEq(price, 3_000e8, "the last good price is kept");
        assertEq(updatedAt, 1_795_132_800);
        assertEq(oracle.assetValue(address(weth), 1e18), 3_000e6);
    }

    function test_values_base_in_asset_units() public view {
        assertEq(oracle.assetValue(address(weth), 2.5e18), 7_500e6);
        assertEq(oracle.assetValue(address(weth), 0), 0);
        assertEq(oracle.assetValue(address(weth), 1), 0, "rounded down");
    }

    function test_values_base_for_every_pair_of_decimals() public {
        uint8[5] memory decimals = [0, 6, 8, 18, 24];
        for (uint256 i; i < 5; ++i) {
            for (uint256 j; j < 5; ++j) {
                for (uint256 k; k < 5; ++k) {
                    TestToken asset = new TestToken("A", decimals[i]);
                    TestToken base = new TestToken("B", decimals[j]);
                    SettableFeed source = new SettableFeed(decimals[k], int256(3_000 * 10 ** decimals[k]));
                    PriceOracle any =
                        new PriceOracle(address(asset), _one(address(base), address(source), 1, type(uint128).max));
                    assertEq(any.assetValue(address(base), 7 * 10 ** decimals[j]), 21_000 * 10 ** decimals[i]);
                }
            }
        }
    }

    function test_refuses_an_answer_of_zero_or_less() public {
        feed.set(0);
        _expectInvalid(0);
        feed.set(-1);
        _expectInvalid(-1);
        feed.set(type(int256).min);
        _expectInvalid(type(int256).min);
    }

    function test_refuses_an_answer_at_a_bound_and_takes_one_inside() public {
        feed.set(100e8);
        _expectInvalid(100e8);
        feed.set(10_000e8);
        _expectInvalid(10_000e8);
        feed.set(type(int256).max);
        _expectInvalid(type(int256).max);
        feed.set(100e8 + 1);
        oracle.requireHealthy(address(weth), 0);
        feed.set(10_000e8 - 1);
        oracle.requireHealthy(address(weth), 0);
    }

    function test_refuses_a_stamp_in_the_future() public {
        feed.setRound(3_100e8, block.timestamp + 1);
        _expectInvalid(3_100e8);
    }

    function test_refuses_an_incomplete_round() public {
        feed.setRound(3_100e8, 0);
        _expectInvalid(3_100e8);
        feed.set(3_100e8);
        feed.carryRoundOver();
        _expectInvalid(3_100e8);
    }

    function test_survives_a_feed_that_reverts() public {
        feed.setBroken(true);
        _expectInvalid(0);
        oracle.poke(address(weth));
    }

    function test_refuses_at_set_up_a_feed_that_answers_too_few_words() public {
        ShortFeed short = new ShortFeed();
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.OraclePriceInvalid.selector, address(weth), int256(0)));
        _oracle(address(usdc), address(weth), address(short));
    }

    function test_reads_a_feed_with_dirty_round_ids() public {
        PriceOracle any = _oracle(address(usdc), address(weth), address(new DirtyFeed()));
        any.requireHealthy(address(weth), 0);
    }

    function test_age_at_the_bound_is_fresh_and_one_second_more_is_stale() public {
        vm.warp(block.timestamp + 3_600);
        oracle.requireHealthy(address(weth), 3_600);
        vm.warp(block.timestamp + 1);
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.OracleStale.selector, address(weth), 3_601, 3_600));
        oracle.requireHealthy(address(weth), 3_600);
        assertEq(oracle.assetValue(address(weth), 1e18), 3_000e6, "still valued");
    }

    function test_anyone_pokes_and_the_poked_price_outlives_a_bad_answer() public {
        vm.warp(block.timestamp + 10);
        feed.set(3_100e8);
        vm.expectEmit();
        emit PriceOracle.PriceStored(address(weth), 3_100e8, block.timestamp);
        vm.prank(address(0xbeef));
        oracle.poke(address(weth));
        feed.set(0);
        oracle.poke(address(weth));
        (uint256 price, uint8 decimals, uint256 updatedAt) = oracle.latest(address(weth));
        assertEq(price, 3_100e8);
        assertEq(decimals, 8);
        assertEq(updatedAt, block.timestamp);
    }

    function test_an_older_answer_does_not_replace_a_newer_one() public {
        vm.warp(block.timestamp + 10);
        feed.set(3_100e8);
        oracle.poke(address(weth));
        feed.setRound(3_200e8, block.timestamp - 5);
        oracle.poke(address(weth));
        feed.setBroken(true);
        (uint256 price,,) = oracle.latest(address(weth));
        assertEq(price, 3_100e8);
    }

    function test_an_unknown_token_has_no_price() public {
        bytes memory reason = abi.encodeWithSelector(PriceOracle.UnknownToken.selector, address(usdc));
        vm.expectRevert(reason);
        oracle.latest(address(usdc));
        vm.expectRevert(reason);
        oracle.assetValue(address(usdc), 1);
        vm.expectRevert(reason);
        oracle.requireHealthy(address(usdc), 1);
        vm.expectRevert(reason);
        oracle.poke(address(usdc));
    }

    function test_set_up_refuses_bad_bounds_repeats_bad_answers_and_many_decimals() public {
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.FeedBoundsInvalid.selector, address(weth), 0, 1));
        new PriceOracle(address(usdc), _one(address(weth), address(feed), 0, 1));
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.FeedBoundsInvalid.selector, address(weth), 5, 5));
        new PriceOracle(address(usdc), _one(address(weth), address(feed), 5, 5));

        Feed[] memory twice = new Feed[](2);
        twice[0] = Feed(address(weth), IAggregatorV3(address(feed)), 1, type(uint128).max);
        twice[1] = twice[0];
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.FeedRepeated.selector, address(weth)));
        new PriceOracle(address(usdc), twice);

        feed.set(0);
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.OraclePriceInvalid.selector, address(weth), int256(0)));
        _oracle(address(usdc), address(weth), address(feed));

        TestToken fine = new TestToken("FINE", 37);
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.DecimalsTooLarge.selector, address(fine), 37, 36));
        new PriceOracle(address(fine), new Feed[](0));
    }

    /// @dev Valuation never reverts whatever the feed says, and uses the feed only when it is believed.
    function testFuzz_valuation_survives_any_answer(int256 answer, uint256 stamp, uint80 age) public {
        feed.setRound(answer, age % 2 == 0 ? stamp : block.timestamp - _bound(age, 0, 1_000_000));
        (uint256 price,,) = oracle.latest(address(weth));
        if (price != 3_000e8) {
            assertEq(int256(price), answer);
            assertTrue(price > 100e8 && price < 10_000e8 && feed.updatedAt() <= block.timestamp);
        }
        oracle.assetValue(address(weth), 1e30);
    }
}
