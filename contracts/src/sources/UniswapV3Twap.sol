// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IPriceSource} from "../interfaces/IPriceSource.sol";
import {BoundedDecimals} from "./BoundedDecimals.sol";
import {TickPrice} from "./TickPrice.sol";

/// @notice What we read of a Uniswap v3 pool.
interface IUniswapV3Observations {
    function token0() external view returns (address);
    function token1() external view returns (address);
    function slot0()
        external
        view
        returns (
            uint160 sqrtPriceX96,
            int24 tick,
            uint16 observationIndex,
            uint16 observationCardinality,
            uint16 observationCardinalityNext,
            uint8 feeProtocol,
            bool unlocked
        );
    function observe(uint32[] calldata secondsAgos)
        external
        view
        returns (int56[] memory tickCumulatives, uint160[] memory secondsPerLiquidityCumulativeX128s);
}

/// @title The geometric mean price of one Uniswap v3 pool over the last seconds.
/// @notice price = 1.0001^t, t = (cumulative tick now - cumulative tick a window ago) / window. Ticks and their mean are
/// rounded down, which is up to two basis points of the price.
/// @dev It quotes the asset itself, so held against a feed in USD it also shows a depeg of the asset. Who can hold the
/// pool off the market for a large part of the window can move it: use it only beside a feed.
contract UniswapV3Twap is IPriceSource {
    uint256 private constant MIN_WINDOW_SECONDS = 300;
    uint256 private constant MAX_WINDOW_SECONDS = 1 days;

    IUniswapV3Observations public immutable pool;
    address public immutable baseToken;
    address public immutable asset;
    uint32 public immutable windowSeconds;
    bool private immutable _baseIsToken0;

    error WindowInvalid(uint256 windowSeconds, uint256 min, uint256 max);
    error PoolTokensDiffer(address token0, address token1);
    error ObservationsTooFew(uint256 coveredSeconds, uint256 bound);

    /// @param secondsPerBlock least distance of two blocks' timestamps on this chain. A pool keeps at most one
    /// observation per timestamp; with fewer of them than the window has blocks, a trade in every block would erase the
    /// window's start and with it the price.
    constructor(
        IUniswapV3Observations pool_,
        address baseToken_,
        address asset_,
        uint32 windowSeconds_,
        uint32 secondsPerBlock
    ) {
        if (windowSeconds_ < MIN_WINDOW_SECONDS || windowSeconds_ > MAX_WINDOW_SECONDS) {
            revert WindowInvalid(windowSeconds_, MIN_WINDOW_SECONDS, MAX_WINDOW_SECONDS);
        }
        if (address(pool_).code.length == 0) revert BoundedDecimals.NotAContract(address(pool_));
        (address token0, address token1) = (pool_.token0(), pool_.token1());
        bool baseFirst = token0 == baseToken_;
        if ((baseFirst ? token1 : token0) != asset_ || (baseFirst ? token0 : token1) != baseToken_) {
            revert PoolTokensDiffer(token0, token1);
        }
        (,,, uint256 cardinality,,,) = pool_.slot0();
        uint256 coveredSeconds = Math.saturatingSub(cardinality, 1) * secondsPerBlock;
        if (coveredSeconds < windowSeconds_) revert ObservationsTooFew(coveredSeconds, windowSeconds_);

        pool = pool_;
        baseToken = baseToken_;
        asset = asset_;
        windowSeconds = windowSeconds_;
        _baseIsToken0 = baseFirst;
    }

    /// @inheritdoc IPriceSource
    /// @dev The pool reverts when its oldest observation is younger than the window.
    function priceE36() external view returns (uint256) {
        int24 tick = meanTick();
        return TickPrice.priceE36(_baseIsToken0 ? tick : -tick);
    }

    /// @notice Of token1 per token0, rounded down.
    function meanTick() public view returns (int24 tick) {
        uint32[] memory secondsAgos = new uint32[](2);
        secondsAgos[0] = windowSeconds;
        (int56[] memory cumulatives,) = pool.observe(secondsAgos);
        int256 sum = int256(cumulatives[1]) - cumulatives[0];
        int256 window = int256(uint256(windowSeconds));
        int256 mean = sum / window;
        // Division truncates towards zero.
        if (sum % window < 0) --mean;
        // A mean of ticks is a tick.
        return int24(mean);
    }
}
