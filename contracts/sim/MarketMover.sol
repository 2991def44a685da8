// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {IHyperCore} from "sim/IHyperCore.sol";

interface IFluxAggregator {
    function latestRound() external view returns (uint256);
    function submit(uint256 roundId, int256 answer) external;
}

interface IPool {
    function token0() external view returns (IERC20);
    function token1() external view returns (IERC20);
    function fee() external view returns (uint24);
    function slot0() external view returns (uint160 sqrtPriceX96, int24, uint16, uint16, uint16, uint8, bool);
    function mint(address owner, int24 lower, int24 upper, uint128 liquidity, bytes calldata data)
        external
        returns (uint256, uint256);
}

interface ISwapRouter {
    struct ExactInputSingleParams {
        address tokenIn;
        address tokenOut;
        uint24 fee;
        address recipient;
        uint256 amountIn;
        uint256 amountOutMinimum;
        uint160 sqrtPriceLimitX96;
    }

    function exactInputSingle(ExactInputSingleParams calldata params) external payable returns (uint256 amountOut);
}

/// @title The rest of the market on the local chain: oracle, HyperCore's price source, liquidity provider, arbitrageur.
/// @dev It holds so much of both tokens that it can move the pool anywhere.
contract MarketMover {
    using SafeERC20 for IERC20;

    struct Hour {
        int256 feedAnswer; // in the feed's decimals; zero: no new round
        uint160 poolSqrtPriceX96; // zero: the pool stays where its traders left it
        bool ticks;
        IHyperCore.Tick tick;
    }

    error OnlyOwner();
    error BlockTimeDiffers(uint256 timestamp, uint256 expected);
    error OnlyPool();
    error PoolStoppedAt(uint160 sqrtPriceX96);

    address public immutable owner = msg.sender;
    IFluxAggregator public immutable feed;
    IHyperCore public immutable core;
    IPool public immutable pool;
    ISwapRouter public immutable router;
    IERC20 public immutable token0;
    IERC20 public immutable token1;
    uint24 public immutable poolFee;

    modifier onlyOwner() {
        if (msg.sender != owner) revert OnlyOwner();
        _;
    }

    /// @dev The node is told the block's time apart from the transaction; nothing moves when that went wrong.
    modifier onlyAt(uint256 expected) {
        if (block.timestamp != expected) revert BlockTimeDiffers(block.timestamp, expected);
        _;
    }

    constructor(IFluxAggregator feed_, IHyperCore core_, IPool pool_, ISwapRouter router_) {
        feed = feed_;
        core = core_;
        pool = pool_;
        router = router_;
        token0 = pool_.token0();
        token1 = pool_.token1();
        poolFee = pool_.fee();
        token0.forceApprove(address(router_), type(uint256).max);
        token1.forceApprove(address(router_), type(uint256).max);
    }

    /// @notice One simulated hour in one transaction: oracle round, perp prices and funding, pool price.
    function step(uint256 at, Hour calldata hour) external onlyOwner onlyAt(at) {
        if (hour.feedAnswer != 0) feed.submit(feed.latestRound() + 1, hour.feedAnswer);
        if (hour.ticks) core.tick(hour.tick);
        if (hour.poolSqrtPriceX96 != 0) _movePool(hour.poolSqrtPriceX96);
    }

    /// @notice HyperCore acts on the queued writes that are due.
    function process(uint256 at) external onlyOwner onlyAt(at) {
        core.process();
    }

    /// @notice Speaks as the mover, which is HyperCore's operator: lists perps, opens accounts.
    function forward(address target, bytes calldata data) external onlyOwner returns (bytes memory) {
        return Address.functionCall(target, data);
    }

    function provideLiquidity(int24 lower, int24 upper, uint128 liquidity) external onlyOwner {
        pool.mint(address(this), lower, upper, liquidity, "");
    }

    function uniswapV3MintCallback(uint256 amount0, uint256 amount1, bytes calldata) external {
        if (msg.sender != address(pool)) revert OnlyPool();
        token0.safeTransfer(msg.sender, amount0);
        token1.safeTransfer(msg.sender, amount1);
    }

    /// @dev Trades whatever it takes; the price limit ends the swap exactly at the target.
    function _movePool(uint160 target) private {
        (uint160 current,,,,,,) = pool.slot0();
        if (current == target) return;
        (IERC20 tokenIn, IERC20 tokenOut) = target < current ? (token0, token1) : (token1, token0);
        router.exactInputSingle(
            ISwapRouter.ExactInputSingleParams({
                tokenIn: address(tokenIn),
                tokenOut: address(tokenOut),
                fee: poolFee,
                recipient: address(this),
                amountIn: tokenIn.balanceOf(address(this)),
                amountOutMinimum: 0,
                sqrtPriceLimitX96: target
            })
        );
        (uint160 reached,,,,,,) = pool.slot0();
        if (reached != target) revert PoolStoppedAt(reached);
    }
}
