// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IPriceSource} from "src/interfaces/IPriceSource.sol";
import {Feed, IAggregatorV3, PriceOracle} from "src/PriceOracle.sol";

import {Forwarder, GasGuzzler, RawAnswers, ReturnBomb, SlowSource} from "./helpers/HostileSources.sol";
import {PriceOracleFixture} from "./helpers/PriceOracleFixture.sol";

contract PriceOracleHostileTest is PriceOracleFixture {
    function test_survives_a_feed_that_burns_all_gas() public {
        vm.etch(address(feed), type(GasGuzzler).runtimeCode);
        _expectInvalid(0);
        uint256 before = gasleft();
        oracle.latest();
        assertLt(before - gasleft(), 175_000);
    }

    function test_survives_a_feed_that_answers_or_reverts_with_a_bomb() public {
        vm.etch(address(feed), type(ReturnBomb).runtimeCode);
        for (uint256 i; i < 2; ++i) {
            vm.warp(START + i);
            (bool success, bytes memory bomb) = address(feed).staticcall{gas: 150_000}("");
            assertEq(success, block.timestamp % 2 == 0);
            assertGt(bomb.length, 200_000, "the bomb goes off");
            uint256 before = gasleft();
            (uint256 price,) = oracle.latest();
            assertLt(before - gasleft(), 190_000);
            assertEq(price, PRICE);
        }
    }
}

contract PriceOracleGasTest is PriceOracleFixture {
    /// @dev Whatever gas a caller gives, it gets the feed's price or nothing, never the last good price.
    function _expectNoPriceByGas() private {
        vm.warp(START + 10);
        (uint256 price,) = oracle.latest();
        assertEq(price, 3_010e24);
        bool refused;
        bool answered;
        for (uint256 gasGiven = 5_000; gasGiven < 700_000; gasGiven += 1_499) {
            try oracle.latest{gas: gasGiven}() returns (uint256 seen, uint256) {
                assertEq(seen, 3_010e24);
                answered = true;
            } catch (bytes memory reason) {
                if (bytes4(reason) == PriceOracle.GasTooLow.selector) refused = true;
                assertFalse(answered, "more gas is never worse");
            }
        }
        assertTrue(refused && answered);
    }

    function _slow(uint256 work, bytes memory answer) private returns (address) {
        return address(new Forwarder(address(new Forwarder(address(new SlowSource(work, answer))))));
    }

    function test_a_caller_cannot_silence_a_slow_feed_with_little_gas() public {
        Feed memory given = _guarded();
        given.aggregator = IAggregatorV3(_slow(100_000, abi.encode(1, 3_000e8, START, START, 1)));
        vm.mockCall(address(given.aggregator), abi.encodeCall(IAggregatorV3.decimals, ()), abi.encode(8));
        oracle = new PriceOracle(given);
        vm.clearMockedCalls();
        vm.etch(address(given.aggregator), _slow(100_000, abi.encode(2, 3_010e8, START + 10, START + 10, 2)).code);
        _expectNoPriceByGas();
    }

    function test_a_caller_cannot_silence_a_slow_second_source_with_little_gas() public {
        Feed memory given = _guarded();
        given.second = IPriceSource(_slow(250_000, abi.encode(PRICE)));
        oracle = new PriceOracle(given);
        vm.warp(START + 10);
        feed.set(3_010e8);
        _expectNoPriceByGas();
    }

    function test_a_caller_cannot_silence_a_slow_uptime_feed_with_little_gas() public {
        Feed memory given = _guarded();
        given.sequencer = IAggregatorV3(_slow(100_000, abi.encode(1, 0, START - 1 days, START, 1)));
        oracle = new PriceOracle(given);
        vm.warp(START + 10);
        feed.set(3_010e8);
        _expectNoPriceByGas();
    }
}

contract PriceOracleAnyAnswerTest is PriceOracleFixture {
    RawAnswers private rawFeed;
    RawAnswers private rawSecond;
    RawAnswers private rawUptime;

    function setUp() public override {
        super.setUp();
        (address a, address b, address c) = (address(feed), address(second), address(uptime));
        vm.etch(a, type(RawAnswers).runtimeCode);
        vm.etch(b, type(RawAnswers).runtimeCode);
        vm.etch(c, type(RawAnswers).runtimeCode);
        (rawFeed, rawSecond, rawUptime) = (RawAnswers(payable(a)), RawAnswers(payable(b)), RawAnswers(payable(c)));
    }

    /// @dev Valuation never reverts whatever three sources say, and leaves the last good price only for a price that
    /// all of them support.
    function testFuzz_latest_survives_any_words(
        uint256[5] memory round,
        uint256 other,
        uint256[5] memory up,
        uint8 tame
    ) public {
        // Half of the words, each in half of the runs, are made plausible, so that every depth is reached.
        if (tame & 1 != 0) (round[0], round[4]) = (1, 1);
        if (tame & 2 != 0) round[1] = _bound(round[1], 99e8, 10_001e8);
        if (tame & 4 != 0) round[3] = _bound(round[3], 0, START + 1);
        if (tame & 8 != 0) other = _bound(other, round[1] % 1e30 * 1e16 / 2, round[1] % 1e30 * 2e16);
        if (tame & 16 != 0) up[1] = 0;
        if (tame & 32 != 0) up[2] = _bound(up[2], 0, START + 1);
        if (tame & 64 != 0) other = round[1] % 1e30 * 1e16;
        rawFeed.set(abi.encode(round));
        rawSecond.set(abi.encode(other));
        rawUptime.set(abi.encode(up));

        (uint256 price, uint256 updatedAt) = oracle.latest();
        try oracle.healthy(type(uint256).max) returns (uint256 seen, uint256 seenAt) {
            assertEq(price, seen);
            assertEq(updatedAt, seenAt);
            assertEq(price, round[1] * 1e16);
            assertTrue(round[1] > 100e8 && round[1] < 10_000e8 && round[4] >= round[0]);
            assertTrue(updatedAt == round[3] && updatedAt != 0 && updatedAt <= START);
            assertTrue(up[1] == 0 && up[2] != 0 && up[2] <= START - 1 hours);
            assertApproxEqRel(other, price, 0.021e18);
        } catch {
            assertEq(price, PRICE);
            assertEq(updatedAt, START);
        }
    }
}
