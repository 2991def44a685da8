// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Test} from "forge-std/Test.sol";

import {IUniswapV3Observations} from "src/sources/UniswapV3Twap.sol";
import {TestToken} from "sim/TestToken.sol";

interface IPoolFactory {
    function createPool(address a, address b, uint24 fee) external returns (address);
}

interface IObservedPool is IUniswapV3Observations {
    function initialize(uint160 sqrtPriceX96) external;
    function increaseObservationCardinalityNext(uint16 next) external;
    function mint(address to, int24 lower, int24 upper, uint128 amount, bytes calldata data) external;
    function swap(address to, bool zeroForOne, int256 amount, uint160 limit, bytes calldata data) external;
}

/// @notice Pools in the published bytecode of Uniswap v3, at any price whatever; the test trades in them.
abstract contract ObservedPoolFixture is Test {
    int24 private constant WIDEST_TICK = 887_270;

    IPoolFactory internal factory;

    function setUp() public virtual {
        vm.warp(1_795_132_800);
        factory = IPoolFactory(
            deployCode("node_modules/@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json")
        );
    }

    function _newPool(address a, address b, uint160 sqrtPriceX96) internal returns (IObservedPool pool) {
        pool = IObservedPool(factory.createPool(a, b, 500));
        pool.initialize(sqrtPriceX96);
    }

    /// @dev The pool uses the longer record from the next trade or deposit on.
    function _lengthenRecord(IObservedPool pool, uint16 cardinality) internal {
        pool.increaseObservationCardinalityNext(cardinality);
        vm.warp(block.timestamp + 1);
        pool.mint(address(this), -WIDEST_TICK, WIDEST_TICK, 1e18, "");
    }

    function _tradeTo(IObservedPool pool, uint160 sqrtPriceX96) internal {
        (uint160 current,,,,,,) = pool.slot0();
        pool.swap(address(this), sqrtPriceX96 < current, type(int128).max, sqrtPriceX96, "");
    }

    function _tick(IObservedPool pool) internal view returns (int24 tick) {
        (, tick,,,,,) = pool.slot0();
    }

    function uniswapV3MintCallback(uint256 owed0, uint256 owed1, bytes calldata) external {
        TestToken(IObservedPool(msg.sender).token0()).mint(msg.sender, owed0);
        TestToken(IObservedPool(msg.sender).token1()).mint(msg.sender, owed1);
    }

    function uniswapV3SwapCallback(int256 delta0, int256 delta1, bytes calldata) external {
        if (delta0 > 0) TestToken(IObservedPool(msg.sender).token0()).mint(msg.sender, uint256(delta0));
        if (delta1 > 0) TestToken(IObservedPool(msg.sender).token1()).mint(msg.sender, uint256(delta1));
    }
}
