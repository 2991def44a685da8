// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IAdapter} from "../interfaces/IAdapter.sol";

/// @notice What we call of a Uniswap v3 pool. Amounts are seen from the pool: positive is what it is owed.
interface IUniswapV3Pool {
    function token0() external view returns (address);

    function token1() external view returns (address);

    function swap(
        address recipient,
        bool zeroForOne,
        int256 amountSpecified,
        uint160 sqrtPriceLimitX96,
        bytes calldata data
    ) external returns (int256 amount0, int256 amount1);
}

/// @title The part of an adapter that swaps between its asset and its base token, straight in one Uniswap v3 pool.
/// @dev It approves nothing: the pool calls back for its payment, and is answered only while a swap of ours is under
/// way. There is no price limit in here: the caller bounds what a swap may cost, and a pool that runs dry fills a part.
abstract contract UniswapV3Swapper is IAdapter {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    /// @dev The outermost prices that a pool accepts as a limit.
    uint160 private constant LOWEST_SQRT_PRICE_X96 = 4_295_128_740;
    uint160 private constant HIGHEST_SQRT_PRICE_X96 = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_341;

    IUniswapV3Pool public immutable pool;
    address public immutable asset;
    address public immutable baseToken;
    bool private immutable _assetIsToken0;

    /// @dev What the pool may be paid in; zero unless a swap is under way.
    IERC20 private transient _tokenIn;
    /// @dev What it was paid in the last swap, however often it asked.
    uint256 internal transient _spent;

    error AddressWithoutCode(address account);
    error PoolOfOtherTokens(address token0, address token1);
    error NoPaymentDue(address caller);
    error AmountInTooLarge(uint256 amountIn, uint256 maxAmountIn);
    error AmountOutTooSmall(uint256 amountOut, uint256 minAmountOut);
    error ArrivedOtherThanSent(uint256 received, uint256 sent);

    constructor(IUniswapV3Pool pool_, IERC20 asset_, IERC20 baseToken_) {
        _requireCode(address(pool_));
        _requireCode(address(asset_));
        _requireCode(address(baseToken_));
        (address token0, address token1) = (pool_.token0(), pool_.token1());
        _assetIsToken0 = address(asset_) < address(baseToken_);
        (address lower, address higher) =
            _assetIsToken0 ? (address(asset_), address(baseToken_)) : (address(baseToken_), address(asset_));
        if (token0 != lower || token1 != higher) revert PoolOfOtherTokens(token0, token1);

        pool = pool_;
        asset = address(asset_);
        baseToken = address(baseToken_);
    }

    /// @notice Pays the pool what our swap owes it.
    function uniswapV3SwapCallback(int256 amount0, int256 amount1, bytes calldata) external {
        IERC20 tokenIn = _tokenIn;
        if (msg.sender != address(pool) || address(tokenIn) == address(0)) revert NoPaymentDue(msg.sender);
        (int256 owed, int256 bought) = amount0 > 0 ? (amount0, -amount1) : (amount1, -amount0);
        _spent += uint256(owed);
        _pay(tokenIn, uint256(owed), uint256(bought));
    }

    /// @dev The pool has sent what was bought before it asks, so an adapter may use that to find what it owes.
    function _pay(IERC20 tokenIn, uint256 owed, uint256) internal virtual {
        tokenIn.safeTransfer(address(pool), owed);
    }

    /// @notice Swaps `amountIn` of `tokenIn`, or the part of it that the pool can fill, for the other token.
    /// @dev What is kept here has to arrive whole: a pool refuses to be paid in a token that arrives short, as one with
    /// a fee on transfer does, so it could be bought and never sold.
    function _swapExactIn(IERC20 tokenIn, uint256 amountIn, address recipient)
        internal
        returns (uint256 spent, uint256 received)
    {
        IERC20 tokenOut = IERC20(address(tokenIn) == asset ? baseToken : asset);
        uint256 outBefore = tokenOut.balanceOf(recipient);
        uint256 sent = _swapInPool(tokenIn, amountIn.toInt256(), recipient);
        spent = _spent;
        if (spent > amountIn) revert AmountInTooLarge(spent, amountIn);
        received = tokenOut.balanceOf(recipient) - outBefore;
        if (recipient == address(this) && received != sent) revert ArrivedOtherThanSent(received, sent);
    }

    function _requireCode(address account) internal view {
        if (account.code.length == 0) revert AddressWithoutCode(account);
    }

    /// @dev The swap alone: what it brought is for the caller to measure. `sent` is what the pool says, for comparison only.
    function _swapInPool(IERC20 tokenIn, int256 amountSpecified, address recipient) internal returns (uint256 sent) {
        bool zeroForOne = (address(tokenIn) == asset) == _assetIsToken0;
        uint160 limit = zeroForOne ? LOWEST_SQRT_PRICE_X96 : HIGHEST_SQRT_PRICE_X96;
        (_tokenIn, _spent) = (tokenIn, 0);
        (int256 amount0, int256 amount1) = pool.swap(recipient, zeroForOne, amountSpecified, limit, "");
        _tokenIn = IERC20(address(0));
        return uint256(-(zeroForOne ? amount1 : amount0));
    }
}
