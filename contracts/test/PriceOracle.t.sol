// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Feed, IAggregatorV3, PriceOracle} from "src/PriceOracle.sol";
import {TestToken} from "sim/TestToken.sol";

import {RawAnswers} from "./helpers/HostileSources.sol";
import {PriceOracleFixture} from "./helpers/PriceOracleFixture.sol";
import {SettableFeed} from "./helpers/SettableFeed.sol";

contract PriceOracleFeedTest is PriceOracleFixture {
    function test_tells_what_it_was_made_from() public view {
        assertEq(oracle.asset(), address(usdc));
        assertEq(oracle.baseToken(), address(weth));
        assertEq(address(oracle.aggregator()), address(feed));
        assertEq(oracle.minAnswer(), 100e8);
        assertEq(oracle.maxAnswer(), 10_000e8);
        assertEq(address(oracle.second()), address(second));
        assertEq(oracle.maxDeviationBps(), 200);
        assertEq(address(oracle.sequencer()), address(uptime));
        assertEq(oracle.sequencerGraceSeconds(), 1 hours);
    }

    function test_prices_in_asset_units_per_base_unit() public {
        _expectHealthy(PRICE);
        vm.warp(START + 10);
        feed.set(3_001.5e8);
        _expectHealthy(3_001.5e24);
    }

    function test_works_without_second_source_and_sequencer() public {
        oracle = new PriceOracle(_plain());
        feed.set(9_999e8);
        _expectHealthy(9_999e24);
    }

    function testFuzz_prices_for_every_decimals(uint8[3] memory picks, uint256 usd) public {
        uint8[5] memory choices = [0, 6, 8, 18, 24];
        (uint8 ofAsset, uint8 ofToken, uint8 ofFeed) =
            (choices[picks[0] % 5], choices[picks[1] % 5], choices[picks[2] % 5]);
        usd = _bound(usd, 2, 10_000_000);
        uint256 answer = usd * 10 ** ofFeed;

        Feed memory given = _plain();
        given.asset = address(new TestToken("A", ofAsset));
        given.baseToken = address(new TestToken("B", ofToken));
        given.aggregator = IAggregatorV3(address(new SettableFeed(ofFeed, int256(answer))));
        given.minAnswer = uint128(answer / 2);
        given.maxAnswer = uint128(answer * 100);
        (uint256 price,) = new PriceOracle(given).latest();
        assertEq(price, usd * 10 ** (36 + ofAsset - ofToken));
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
        oracle = new PriceOracle(_plain());
        feed.set(100e8);
        _expectInvalid(100e8);
        feed.set(10_000e8);
        _expectInvalid(10_000e8);
        feed.set(type(int256).max);
        _expectInvalid(type(int256).max);
        feed.set(100e8 + 1);
        _expectHealthy((100e8 + 1) * 1e16);
        feed.set(10_000e8 - 1);
        _expectHealthy((10_000e8 - 1) * 1e16);
    }

    function test_refuses_an_answer_in_other_decimals() public {
        feed.set(3_000e18);
        _expectInvalid(3_000e18);
        feed.set(3_000);
        _expectInvalid(3_000);
    }

    function test_refuses_a_stamp_in_the_future() public {
        feed.setRound(3_100e8, START + 1);
        _expectInvalid(3_100e8);
        feed.setRound(3_100e8, type(uint256).max);
        _expectInvalid(3_100e8);
    }

    function test_refuses_an_incomplete_round() public {
        feed.setRound(3_001e8, 0);
        _expectInvalid(3_001e8);
        feed.set(3_001e8);
        feed.carryRoundOver();
        _expectInvalid(3_001e8);
    }

    function test_refuses_a_frozen_feed_but_values_at_its_price() public {
        feed.setRound(3_010e8, START + 1);
        vm.warp(START + 3_601);
        oracle.healthy(3_600);
        vm.warp(START + 3_602);
        bytes memory reason = abi.encodeWithSelector(PriceOracle.OracleStale.selector, address(weth), 3_601, 3_600);
        vm.expectRevert(reason);
        oracle.healthy(3_600);
        vm.expectRevert(reason);
        oracle.refresh(3_600);
        (uint256 price, uint256 updatedAt) = oracle.latest();
        assertEq(price, 3_010e24);
        assertEq(updatedAt, START + 1);
    }

    function test_survives_a_feed_that_reverts_or_is_gone() public {
        feed.setBroken(true);
        _expectInvalid(0);
        vm.etch(address(feed), "");
        _expectInvalid(0);
    }

    function test_refuses_too_few_words_and_reads_dirty_ones() public {
        RawAnswers raw = RawAnswers(payable(address(feed)));
        vm.etch(address(feed), type(RawAnswers).runtimeCode);
        raw.set(abi.encode(1, 3_001e8, START, START));
        _expectInvalid(0);
        // A round id above uint80, which a strict decoder would refuse by reverting; and words nobody asked for.
        raw.set(abi.encode(1 << 200, 3_001e8, START, START, 1 << 200, "more"));
        _expectHealthy(3_001e24);
    }

    function test_refresh_stores_a_newer_price_and_it_outlives_a_bad_answer() public {
        vm.warp(START + 10);
        feed.set(3_020e8);
        vm.expectEmit(address(oracle));
        emit PriceOracle.PriceStored(address(weth), 3_020e24, START + 10);
        vm.prank(address(0xbeef));
        oracle.refresh(0);
        feed.set(0);
        (uint256 price, uint256 updatedAt) = oracle.latest();
        assertEq(price, 3_020e24);
        assertEq(updatedAt, START + 10);
    }

    function test_an_older_answer_does_not_replace_a_newer_one() public {
        vm.warp(START + 10);
        feed.set(3_020e8);
        oracle.refresh(0);
        feed.setRound(3_010e8, START + 5);
        vm.recordLogs();
        (uint256 price, uint256 updatedAt) = oracle.refresh(60);
        assertEq(price, 3_010e24);
        assertEq(updatedAt, START + 5);
        assertEq(vm.getRecordedLogs().length, 0);
        feed.setBroken(true);
        (price,) = oracle.latest();
        assertEq(price, 3_020e24);
    }

    function test_healthy_stores_nothing() public {
        vm.warp(START + 10);
        feed.set(3_020e8);
        oracle.healthy(0);
        feed.set(0);
        (uint256 price,) = oracle.latest();
        assertEq(price, PRICE);
    }
}

interface IFluxAggregator {
    function changeOracles(
        address[] calldata removed,
        address[] calldata added,
        address[] calldata addedAdmins,
        uint32 minSubmissions,
        uint32 maxSubmissions,
        uint32 restartDelay
    ) external;
    function submit(uint256 roundId, int256 submission) external;
}

/// @notice Chainlink's own FluxAggregator behind its own EACAggregatorProxy.
contract PriceOracleChainlinkTest is PriceOracleFixture {
    IFluxAggregator private aggregator;

    function setUp() public override {
        super.setUp();
        aggregator = IFluxAggregator(
            deployCode(
                "vendor-out/FluxAggregator.json",
                abi.encode(usdc, uint128(0), uint32(600), address(0), int256(1), int256(1e18), uint8(8), "ETH / USD")
            )
        );
        address[] memory none = new address[](0);
        address[] memory self = new address[](1);
        self[0] = address(this);
        aggregator.changeOracles(none, self, self, 1, 1, 0);
        aggregator.submit(1, 3_000e8);
        Feed memory given = _plain();
        given.aggregator =
            IAggregatorV3(deployCode("vendor-out/EACAggregatorProxy.json", abi.encode(aggregator, address(0))));
        oracle = new PriceOracle(given);
    }

    function test_reads_the_real_aggregator_through_the_real_proxy() public {
        _expectHealthy(PRICE);
        vm.warp(START + 100);
        aggregator.submit(2, 3_333e8);
        _expectHealthy(3_333e24);
        vm.warp(START + 3_701);
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.OracleStale.selector, address(weth), 3_601, 3_600));
        oracle.refresh(3_600);
        aggregator.submit(3, 10_000e8);
        vm.expectRevert(
            abi.encodeWithSelector(PriceOracle.OraclePriceInvalid.selector, address(weth), int256(10_000e8))
        );
        oracle.refresh(3_600);
        (uint256 price,) = oracle.latest();
        assertEq(price, 3_333e24);
    }
}
