// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Feed, PriceOracle} from "src/PriceOracle.sol";

import {GasGuzzler, ReturnBomb} from "./helpers/HostileSources.sol";
import {PriceOracleFixture} from "./helpers/PriceOracleFixture.sol";

contract PriceOracleSecondTest is PriceOracleFixture {
    function test_refuses_more_than_the_deviation_either_way() public {
        second.set(2_941.17648e24); // 199.9999 bps
        _expectHealthy(PRICE);
        second.set(2_941.1764e24); // 200.0003 bps, rounded up
        _expectDeviates(201);
        second.set(3_060e24);
        _expectHealthy(PRICE);
        second.set(3_060e24 + 1);
        _expectDeviates(201);
    }

    function test_a_jump_of_the_feed_inside_its_bounds_is_refused() public {
        vm.warp(START + 10);
        feed.set(6_000e8);
        _expectDeviates(10_000);
        feed.set(1_500e8);
        _expectDeviates(10_000);
        second.set(1_500e24);
        _expectHealthy(1_500e24);
    }

    function test_refuses_when_the_second_source_is_silent() public {
        second.set(1);
        _expectDeviates(UNKNOWN);
        second.set(0);
        _expectDeviates(UNKNOWN);
        vm.etch(address(second), "");
        _expectDeviates(UNKNOWN);
        vm.etch(address(second), type(GasGuzzler).runtimeCode);
        _expectDeviates(UNKNOWN);
        vm.etch(address(second), type(ReturnBomb).runtimeCode);
        vm.warp(START + 1);
        _expectDeviates(UNKNOWN);
    }

    function test_a_second_price_in_other_decimals_or_beyond_the_range_is_refused() public {
        second.set(PRICE * 1e12);
        _expectDeviates((1e12 - 1) * 10_000);
        second.set(type(uint240).max);
        _expectDeviates(Math.ceilDiv((type(uint240).max - PRICE) * 10_000, PRICE));
        second.set(uint256(type(uint240).max) + 1);
        _expectDeviates(UNKNOWN);
        second.set(UNKNOWN);
        _expectDeviates(UNKNOWN);
    }

    function testFuzz_agrees_exactly_when_the_difference_is_within_the_bound(
        uint256 answer,
        uint256 other,
        uint16 bound
    ) public {
        answer = _bound(answer, 101e8, 9_999e8);
        uint256 price = answer * 1e16;
        other = _bound(other, price * 8 / 10, price * 12 / 10);
        Feed memory given = _guarded();
        given.maxDeviationBps = uint16(_bound(bound, 1, 1_000));
        oracle = new PriceOracle(given);

        vm.warp(START + 1);
        feed.set(int256(answer));
        second.set(other);
        uint256 difference = other > price ? other - price : price - other;
        bool agrees = difference * 10_000 <= given.maxDeviationBps * Math.min(other, price);
        (uint256 latest,) = oracle.latest();
        assertEq(latest, agrees ? price : PRICE);
        try oracle.healthy(0) returns (uint256 seen, uint256) {
            assertTrue(agrees);
            assertEq(seen, price);
        } catch {
            assertFalse(agrees);
        }
    }
}

contract PriceOracleSequencerTest is PriceOracleFixture {
    function test_refuses_while_the_sequencer_is_down() public {
        vm.warp(START + 10);
        feed.set(3_010e8);
        uptime.setStatus(1, START - 2 hours);
        _expectDown(0);
        uptime.setStatus(-1, START - 2 hours);
        _expectDown(0);
    }

    function test_refuses_until_the_sequencer_has_been_up_for_the_grace() public {
        uptime.setStatus(0, START);
        vm.warp(START + 3_599);
        feed.set(3_010e8);
        _expectDown(3_599);
        vm.warp(START + 3_600);
        feed.set(3_010e8);
        _expectHealthy(3_010e24);
    }

    function test_refuses_an_uptime_feed_that_says_nothing_useful() public {
        vm.warp(START + 10);
        feed.set(3_010e8);
        uptime.setStatus(0, 0);
        _expectDown(0);
        uptime.setStatus(0, START + 11);
        _expectDown(0);
        uptime.setStatus(0, START - 2 hours);
        uptime.setBroken(true);
        _expectDown(0);
        vm.etch(address(uptime), type(GasGuzzler).runtimeCode);
        _expectDown(0);
        vm.etch(address(uptime), "");
        _expectDown(0);
    }
}
