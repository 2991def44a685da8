// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {CommonBase} from "forge-std/Base.sol";

import {IUniswapV3Pool} from "src/adapters/UniswapV3Swapper.sol";
import {TestToken} from "sim/TestToken.sol";

interface IUniswapFactory {
    function createPool(address a, address b, uint24 fee) external returns (address);
}

interface IPoolOfMarket is IUniswapV3Pool {
    function initialize(uint160 sqrtPriceX96) external;
    function slot0() external view returns (uint160 sqrtPriceX96, int24 tick, uint16, uint16, uint16, uint8, bool);
    function mint(address to, int24 lower, int24 upper, uint128 amount, bytes calldata data) external;
}

/// @notice One pool in the published bytecode of Uniswap v3, and the rest of the market that trades in it.
/// @dev It pays the pool with tokens that it mints, so it can move the price wherever a test wants it. Prices named E8
/// are whole asset tokens per whole base token, with 8 decimals.
contract UniswapMarket is CommonBase {
    uint24 public constant POOL_FEE = 500;
    int24 public constant WIDEST_TICK = 887_270;
    int24 private constant TICK_SPACING = 10;

    TestToken public immutable asset;
    TestToken public immutable base;
    address public immutable factory;
    IPoolOfMarket public immutable pool;

    constructor(TestToken asset_, TestToken base_, uint256 priceE8) {
        (asset, base) = (asset_, base_);
        factory = _deploy("@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json", "");
        pool = IPoolOfMarket(IUniswapFactory(factory).createPool(address(asset), address(base), POOL_FEE));
        pool.initialize(sqrtPriceX96(priceE8));
    }

    /// @notice As deep as a pool that holds `wholeAssets` of asset, and base of the same worth, over the whole range.
    /// @param halfWidth ticks around the current price that get this depth
    function addLiquidity(uint256 wholeAssets, int24 halfWidth) external {
        (uint160 current, int24 tick,,,,,) = pool.slot0();
        uint256 assets = wholeAssets * 10 ** asset.decimals();
        uint256 liquidity =
            _assetFirst() ? Math.mulDiv(assets, current, 1 << 96) : Math.mulDiv(assets, 1 << 96, current);
        int24 middle = halfWidth == WIDEST_TICK ? int24(0) : tick / TICK_SPACING * TICK_SPACING;
        pool.mint(address(this), middle - halfWidth, middle + halfWidth, uint128(liquidity), "");
    }

    /// @notice Trades until the pool's price is `priceE8`.
    function moveTo(uint256 priceE8) external {
        uint160 target = sqrtPriceX96(priceE8);
        (uint160 current,,,,,,) = pool.slot0();
        if (target != current) pool.swap(address(this), target < current, type(int128).max, target, "");
    }

    /// @notice Asset units per 10^36 base units.
    function priceE36(uint256 priceE8) public view returns (uint256) {
        return priceE8 * 10 ** (28 + asset.decimals()) / 10 ** base.decimals();
    }

    function sqrtPriceX96(uint256 priceE8) public view returns (uint160) {
        uint256 price = priceE36(priceE8);
        return
            uint160(Math.sqrt(_assetFirst() ? Math.mulDiv(1e36, 1 << 192, price) : Math.mulDiv(price, 1 << 192, 1e36)));
    }

    /// @notice SwapRouter02 for the same factory, for comparison.
    function newRouter() external returns (address) {
        return _deploy(
            "@uniswap/swap-router-contracts/artifacts/contracts/SwapRouter02.sol/SwapRouter02.json",
            abi.encode(address(0), factory, address(0), address(0))
        );
    }

    function uniswapV3MintCallback(uint256 owed0, uint256 owed1, bytes calldata) external {
        TestToken(pool.token0()).mint(address(pool), owed0);
        TestToken(pool.token1()).mint(address(pool), owed1);
    }

    function uniswapV3SwapCallback(int256 delta0, int256 delta1, bytes calldata) external {
        if (delta0 > 0) TestToken(pool.token0()).mint(address(pool), uint256(delta0));
        if (delta1 > 0) TestToken(pool.token1()).mint(address(pool), uint256(delta1));
    }

    function _assetFirst() private view returns (bool) {
        return address(asset) < address(base);
    }

    function _deploy(string memory artefact, bytes memory arguments) private returns (address deployed) {
        bytes memory code = bytes.concat(vm.getCode(string.concat("node_modules/", artefact)), arguments);
        assembly {
            deployed := create(0, add(code, 32), mload(code))
        }
        require(deployed != address(0), artefact);
    }
}
