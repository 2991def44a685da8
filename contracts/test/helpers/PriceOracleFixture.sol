// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Test} from "forge-std/Test.sol";

import {IPriceSource} from "src/interfaces/IPriceSource.sol";
import {Feed, IAggregatorV3, PriceOracle} from "src/PriceOracle.sol";
import {TestToken} from "sim/TestToken.sol";

import {SettableFeed} from "./SettableFeed.sol";

/// @dev An oracle whose feed says `usd` per base token, with `second` held within two percent of it.
function oracleBeside(IPriceSource second, address asset, address baseToken, uint256 usd) returns (PriceOracle) {
    return new PriceOracle(
        Feed({
            asset: asset,
            baseToken: baseToken,
            aggregator: IAggregatorV3(address(new SettableFeed(8, int256(usd * 1e8)))),
            minAnswer: 1e8,
            maxAnswer: 1_000_000e8,
            second: second,
            maxDeviationBps: 200,
            sequencer: IAggregatorV3(address(0)),
            sequencerGraceSeconds: 0
        })
    );
}

/// @notice A second source that a test sets; 1 makes it revert.
contract SettableSource is IPriceSource {
    uint256 private _price;

    function set(uint256 price) external {
        _price = price;
    }

    function priceE36() external view returns (uint256) {
        require(_price != 1, "silent");
        return _price;
    }
}

/// @notice ETH at 3,000 USD in USDC, from a feed, a second source and an uptime feed that all can be set.
abstract contract PriceOracleFixture is Test {
    uint256 internal constant START = 1_795_132_800;
    uint256 internal constant PRICE = 3_000e24; // USDC units per 10^36 wei at 3,000
    uint256 internal constant UNKNOWN = type(uint256).max;

    TestToken internal usdc;
    TestToken internal weth;
    SettableFeed internal feed;
    SettableSource internal second;
    SettableFeed internal uptime;
    PriceOracle internal oracle;

    function setUp() public virtual {
        vm.warp(START);
        usdc = new TestToken("USDC", 6);
        weth = new TestToken("WETH", 18);
        feed = new SettableFeed(8, 3_000e8);
        second = new SettableSource();
        second.set(PRICE);
        uptime = new SettableFeed(0, 0);
        uptime.setStatus(0, START - 1 days);
        oracle = new PriceOracle(_guarded());
    }

    /// @dev With a second source within 200 bps and an uptime feed with an hour of grace.
    function _guarded() internal view returns (Feed memory) {
        return Feed({
            asset: address(usdc),
            baseToken: address(weth),
            aggregator: IAggregatorV3(address(feed)),
            minAnswer: 100e8,
            maxAnswer: 10_000e8,
            second: second,
            maxDeviationBps: 200,
            sequencer: IAggregatorV3(address(uptime)),
            sequencerGraceSeconds: 1 hours
        });
    }

    function _plain() internal view returns (Feed memory given) {
        given = _guarded();
        given.second = IPriceSource(address(0));
        given.maxDeviationBps = 0;
        given.sequencer = IAggregatorV3(address(0));
        given.sequencerGraceSeconds = 0;
    }

    function _expectHealthy(uint256 price) internal {
        (uint256 seen, uint256 updatedAt) = oracle.healthy(0);
        assertEq(seen, price);
        assertEq(updatedAt, block.timestamp);
        (seen, updatedAt) = oracle.refresh(0);
        assertEq(seen, price);
        assertEq(updatedAt, block.timestamp);
        (seen, updatedAt) = oracle.latest();
        assertEq(seen, price);
        assertEq(updatedAt, block.timestamp);
    }

    /// @dev Refused by `refresh` and `healthy`, and the price stored at the start is kept.
    function _expectRefused(bytes memory reason) internal {
        vm.expectRevert(reason);
        oracle.refresh(1 hours);
        vm.expectRevert(reason);
        oracle.healthy(1 hours);
        (uint256 price, uint256 updatedAt) = oracle.latest();
        assertEq(price, PRICE, "the last good price is kept");
        assertEq(updatedAt, START);
    }

    function _expectInvalid(int256 answer) internal {
        _expectRefused(abi.encodeWithSelector(PriceOracle.OraclePriceInvalid.selector, address(weth), answer));
    }

    function _expectDeviates(uint256 deviationBps) internal {
        _expectRefused(
            abi.encodeWithSelector(PriceOracle.OracleDeviates.selector, address(weth), deviationBps, uint256(200))
        );
    }

    function _expectDown(uint256 secondsUp) internal {
        _expectRefused(
            abi.encodeWithSelector(PriceOracle.SequencerDown.selector, address(uptime), secondsUp, uint256(1 hours))
        );
    }

    function _expectSetUpRefused(Feed memory given, bytes memory reason) internal {
        vm.expectRevert(reason);
        new PriceOracle(given);
    }
}
