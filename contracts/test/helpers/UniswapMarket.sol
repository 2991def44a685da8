// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {CommonBase} from "forge-std/Base.sol";

import {TestToken} from "sim/TestToken.sol";

interface IUniswapFactory {
    function createPool(address a, address b, uint24 fee) external returns (address);
}

interface IUniswapPool {
    function initialize(uint160 sqrtPriceX96) external;
    function token0() external view returns (address);
    function liquidity() external view returns (uint128);
    function slot0() external view returns (uint160 sqrtPriceX96, int24, uint16, uint16, uint16, uint8, bool);
    function mint(address to, int24 lower, int24 upper, uint128 amount, bytes calldata data) external;
    function swap(address to, bool zeroForOne, int256 amount, uint160 limit, bytes calldata data) external;
}

interface IWETH9 is IERC20 {
    function deposit() external payable;
}

/// @notice The published bytecode of Uniswap v3 with one USDC/WETH pool, and the rest of the market that trades in it.
/// @dev It pays the pool from fresh USDC and ether, so it can move the price wherever a test wants it.
contract UniswapMarket is CommonBase {
    uint24 public constant POOL_FEE = 500;
    int24 private constant WIDEST_TICK = 887_270;

    IWETH9 public immutable weth;
    TestToken public immutable usdc;
    IUniswapPool public immutable pool;
    address public immutable router;

    constructor(TestToken usdc_, uint256 priceE8) {
        usdc = usdc_;
        weth = IWETH9(_deploy("node_modules/canonical-weth/build/contracts/WETH9.json", ""));
        address factory =
            _deploy("node_modules/@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json", "");
        router = _deploy(
            "node_modules/@uniswap/swap-router-contracts/artifacts/contracts/SwapRouter02.sol/SwapRouter02.json",
            abi.encode(address(0), factory, address(0), weth)
        );
        pool = IUniswapPool(IUniswapFactory(factory).createPool(address(usdc), address(weth), POOL_FEE));
        pool.initialize(sqrtPriceX96(priceE8));
    }

    /// @notice Liquidity over the whole range.
    function addLiquidity(uint128 liquidity) external {
        pool.mint(address(this), -WIDEST_TICK, WIDEST_TICK, liquidity, "");
    }

    /// @notice Trades until the pool's price is `priceE8` USD with 8 decimals.
    function moveTo(uint256 priceE8) external {
        uint160 target = sqrtPriceX96(priceE8);
        (uint160 current,,,,,,) = pool.slot0();
        if (target != current) pool.swap(address(this), target < current, type(int128).max, target, "");
    }

    /// @dev Price of token1 in token0 units: USDC units per wei, or the inverse; 10^20 = 10^12 (decimals) x 10^8.
    function sqrtPriceX96(uint256 priceE8) public view returns (uint160) {
        bool wethFirst = address(weth) < address(usdc);
        uint256 squared = wethFirst ? Math.mulDiv(priceE8, 1 << 192, 1e20) : Math.mulDiv(1e20, 1 << 192, priceE8);
        return uint160(Math.sqrt(squared));
    }

    function giveWeth(address to, uint256 amount) public {
        vm.deal(address(this), amount);
        weth.deposit{value: amount}();
        weth.transfer(to, amount);
    }

    function uniswapV3MintCallback(uint256 owed0, uint256 owed1, bytes calldata) external {
        _pay(owed0, owed1);
    }

    function uniswapV3SwapCallback(int256 delta0, int256 delta1, bytes calldata) external {
        _pay(delta0 > 0 ? uint256(delta0) : 0, delta1 > 0 ? uint256(delta1) : 0);
    }

    function _pay(uint256 owed0, uint256 owed1) private {
        (uint256 owedUsdc, uint256 owedWeth) = pool.token0() == address(usdc) ? (owed0, owed1) : (owed1, owed0);
        if (owedUsdc != 0) usdc.mint(address(pool), owedUsdc);
        if (owedWeth != 0) giveWeth(address(pool), owedWeth);
    }

    function _deploy(string memory artefact, bytes memory arguments) private returns (address deployed) {
        bytes memory code = bytes.concat(vm.getCode(artefact), arguments);
        assembly {
            deployed := create(0, add(code, 32), mload(code))
        }
        require(deployed != address(0), artefact);
    }
}
