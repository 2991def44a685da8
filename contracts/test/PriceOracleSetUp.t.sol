// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IPriceSource} from "src/interfaces/IPriceSource.sol";
import {Feed, IAggregatorV3, PriceOracle} from "src/PriceOracle.sol";
import {BoundedDecimals} from "src/sources/BoundedDecimals.sol";
import {TestToken} from "sim/TestToken.sol";

import {PriceOracleFixture} from "./helpers/PriceOracleFixture.sol";

contract PriceOracleSetUpTest is PriceOracleFixture {
    function test_refuses_what_is_no_contract() public {
        Feed memory given = _guarded();
        given.asset = address(0);
        _expectSetUpRefused(given, abi.encodeWithSelector(BoundedDecimals.NotAContract.selector, address(0)));
        given = _guarded();
        given.baseToken = address(0xbeef);
        _expectSetUpRefused(given, abi.encodeWithSelector(BoundedDecimals.NotAContract.selector, address(0xbeef)));
        given = _guarded();
        given.aggregator = IAggregatorV3(address(0));
        _expectSetUpRefused(given, abi.encodeWithSelector(BoundedDecimals.NotAContract.selector, address(0)));
        given = _guarded();
        given.second = IPriceSource(address(0xbeef));
        _expectSetUpRefused(
            given, abi.encodeWithSelector(PriceOracle.OracleDeviates.selector, address(weth), UNKNOWN, 200)
        );
        given = _guarded();
        given.sequencer = IAggregatorV3(address(0xbeef));
        _expectSetUpRefused(
            given, abi.encodeWithSelector(PriceOracle.SequencerDown.selector, address(0xbeef), 0, 1 hours)
        );
    }

    function test_refuses_more_than_24_decimals() public {
        TestToken fine = new TestToken("FINE", 25);
        bytes memory reason = abi.encodeWithSelector(BoundedDecimals.DecimalsTooLarge.selector, address(fine), 25, 24);
        Feed memory given = _guarded();
        given.asset = address(fine);
        _expectSetUpRefused(given, reason);
        given = _guarded();
        given.baseToken = address(fine);
        _expectSetUpRefused(given, reason);
        given = _guarded();
        given.aggregator = IAggregatorV3(address(fine));
        _expectSetUpRefused(given, reason);
    }

    function test_refuses_bounds_between_which_nothing_lies() public {
        Feed memory given = _guarded();
        given.minAnswer = 0;
        _expectSetUpRefused(
            given, abi.encodeWithSelector(PriceOracle.FeedBoundsInvalid.selector, address(weth), 0, 10_000e8)
        );
        given.minAnswer = 10_000e8;
        _expectSetUpRefused(
            given, abi.encodeWithSelector(PriceOracle.FeedBoundsInvalid.selector, address(weth), 10_000e8, 10_000e8)
        );
    }

    function test_refuses_bounds_whose_prices_are_too_coarse_or_too_large() public {
        Feed memory given = _plain();
        given.asset = address(new TestToken("WHOLE", 0));
        given.baseToken = address(new TestToken("FINE", 24));
        given.minAnswer = 100;
        given.maxAnswer = type(uint128).max;
        new PriceOracle(given); // each answer is 10^4
        given.minAnswer = 99;
        _expectSetUpRefused(given, _outOfRange(99e4));

        given = _plain();
        given.asset = address(new TestToken("FINE", 24));
        given.baseToken = address(new TestToken("WHOLE", 0));
        given.maxAnswer = uint128(uint256(type(uint240).max) / 1e52);
        new PriceOracle(given);
        given.maxAnswer += 1;
        _expectSetUpRefused(given, _outOfRange(uint256(given.maxAnswer) * 1e52));
        given.maxAnswer = type(uint128).max;
        _expectSetUpRefused(given, _outOfRange(type(uint256).max));
    }

    function _outOfRange(uint256 price) private pure returns (bytes memory) {
        return
            abi.encodeWithSelector(
                PriceOracle.PriceOutOfRange.selector, price, uint256(1e6), uint256(type(uint240).max)
            );
    }

    function test_refuses_a_deviation_of_nothing_or_too_much() public {
        Feed memory given = _guarded();
        given.maxDeviationBps = 0;
        _expectSetUpRefused(given, abi.encodeWithSelector(PriceOracle.DeviationBoundInvalid.selector, 0, 1, 1_000));
        given.maxDeviationBps = 1_001;
        _expectSetUpRefused(given, abi.encodeWithSelector(PriceOracle.DeviationBoundInvalid.selector, 1_001, 1, 1_000));
        given.maxDeviationBps = 1_000;
        new PriceOracle(given);
        given = _plain();
        given.maxDeviationBps = 1;
        _expectSetUpRefused(given, abi.encodeWithSelector(PriceOracle.DeviationBoundInvalid.selector, 1, 0, 0));
    }

    function test_refuses_a_grace_of_nothing_or_too_much() public {
        Feed memory given = _guarded();
        given.sequencerGraceSeconds = 0;
        _expectSetUpRefused(given, abi.encodeWithSelector(PriceOracle.SequencerGraceInvalid.selector, 0, 1, 86_400));
        given.sequencerGraceSeconds = 86_401;
        _expectSetUpRefused(
            given, abi.encodeWithSelector(PriceOracle.SequencerGraceInvalid.selector, 86_401, 1, 86_400)
        );
        given.sequencerGraceSeconds = 86_400;
        new PriceOracle(given);
        given = _plain();
        given.sequencerGraceSeconds = 1;
        _expectSetUpRefused(given, abi.encodeWithSelector(PriceOracle.SequencerGraceInvalid.selector, 1, 0, 0));
    }

    function test_refuses_to_start_without_a_price_it_trusts() public {
        feed.set(0);
        _expectSetUpRefused(
            _guarded(), abi.encodeWithSelector(PriceOracle.OraclePriceInvalid.selector, address(weth), int256(0))
        );
        feed.set(3_000e8);
        second.set(PRICE * 2);
        _expectSetUpRefused(
            _guarded(), abi.encodeWithSelector(PriceOracle.OracleDeviates.selector, address(weth), 10_000, 200)
        );
        second.set(PRICE);
        uptime.setStatus(0, START - 10);
        _expectSetUpRefused(
            _guarded(), abi.encodeWithSelector(PriceOracle.SequencerDown.selector, address(uptime), 10, 1 hours)
        );
    }

    function test_starts_from_the_feeds_price_whatever_its_age() public {
        feed.setRound(2_999e8, START - 30 days);
        vm.expectEmit();
        emit PriceOracle.PriceStored(address(weth), 2_999e24, START - 30 days);
        oracle = new PriceOracle(_guarded());
        (uint256 price, uint256 updatedAt) = oracle.latest();
        assertEq(price, 2_999e24);
        assertEq(updatedAt, START - 30 days);
    }
}
