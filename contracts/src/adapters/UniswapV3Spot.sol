// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IAdapter, Position} from "../interfaces/IAdapter.sol";
import {Price} from "../libraries/Price.sol";
import {IUniswapV3Pool, UniswapV3Swapper} from "./UniswapV3Swapper.sol";

/// @title The spot leg: one base token, bought and sold in one Uniswap v3 pool.
/// @notice Actions are `abi.encode(uint8 kind, uint256 amountIn, uint256 minAmountOut)`: kind 1 buys base with asset,
/// kind 2 sells base for asset.
/// @dev Between calls it holds base only. It counts what it bought itself, so base sent to it changes neither value nor
/// fingerprint. Asset left over here after an action, a gift included, goes home to the vault.
contract UniswapV3Spot is UniswapV3Swapper {
    using SafeERC20 for IERC20;

    uint8 public constant BUY = 1;
    uint8 public constant SELL = 2;

    uint256 private constant BPS = 10_000;

    address public immutable vault;

    /// @dev Base units bought and not sold yet, as of the last trade.
    uint256 private _countedBase;

    error OnlyVault(address caller);
    error UnknownActionKind(uint8 kind);
    error ZeroAmountIn();
    error HeldBaseTooSmall(uint256 amountIn, uint256 heldBase);
    error SlippageExceeded(uint256 valueBps, uint256 boundBps);

    modifier onlyVault() {
        if (msg.sender != vault) revert OnlyVault(msg.sender);
        _;
    }

    constructor(address vault_, IUniswapV3Pool pool_, IERC20 asset_, address baseToken_)
        UniswapV3Swapper(pool_, asset_, IERC20(baseToken_))
    {
        _requireCode(vault_);
        vault = vault_;
    }

    /// @inheritdoc IAdapter
    function execute(bytes calldata action, uint256 priceE36, uint256 maxSlippageBps)
        external
        onlyVault
        returns (uint256 notional, Position memory held)
    {
        (uint8 kind, uint256 amountIn, uint256 minAmountOut) = abi.decode(action, (uint8, uint256, uint256));
        if (amountIn == 0) revert ZeroAmountIn();
        uint256 received;
        if (kind == BUY) (notional, received) = _buy(amountIn, priceE36, maxSlippageBps);
        else if (kind == SELL) (notional, received) = _sell(amountIn, priceE36, maxSlippageBps);
        else revert UnknownActionKind(kind);
        if (received < minAmountOut) revert AmountOutTooSmall(received, minAmountOut);
        _sendAssetHome();
        held = position(priceE36);
    }

    /// @inheritdoc IAdapter
    function reduce(uint256 partBps, uint256 priceE36, uint256 maxSlippageBps)
        external
        onlyVault
        returns (uint256 notional, Position memory held)
    {
        uint256 amountIn = Math.mulDiv(heldBase(), partBps, BPS, Math.Rounding.Ceil);
        if (amountIn != 0) (notional,) = _sell(amountIn, priceE36, maxSlippageBps);
        _sendAssetHome();
        held = position(priceE36);
    }

    /// @inheritdoc IAdapter
    /// @dev A swap is complete when it returns: there is nothing to read back.
    function settle(uint256 priceE36) external view onlyVault returns (Position memory) {
        return position(priceE36);
    }

    /// @inheritdoc IAdapter
    function position(uint256 priceE36) public view returns (Position memory) {
        uint256 held = heldBase();
        return Position({
            value: Price.assetValue(held, priceE36),
            exposure: SafeCast.toInt256(held),
            pendingLoss: 0,
            liquidationDistanceBps: type(uint256).max,
            healthBps: type(uint256).max,
            fingerprint: keccak256(abi.encode(address(this), held))
        });
    }

    /// @inheritdoc IAdapter
    function value(uint256 priceE36) external view returns (uint256) {
        return Price.assetValue(heldBase(), priceE36);
    }

    /// @notice Base units bought and not sold yet, as far as they are still here: some tokens shrink by themselves.
    function heldBase() public view returns (uint256) {
        return Math.min(_countedBase, IERC20(baseToken).balanceOf(address(this)));
    }

    function _buy(uint256 assetIn, uint256 priceE36, uint256 maxSlippageBps)
        private
        returns (uint256 notional, uint256 bought)
    {
        uint256 held = heldBase();
        uint256 paid;
        (paid, bought) = _swapExactIn(IERC20(asset), assetIn, address(this));
        _countedBase = held + bought;
        notional = Price.assetValue(bought, priceE36);
        _checkSlippage(Math.saturatingSub(paid, notional), notional, maxSlippageBps);
    }

    function _sell(uint256 baseIn, uint256 priceE36, uint256 maxSlippageBps)
        private
        returns (uint256 notional, uint256 received)
    {
        uint256 held = heldBase();
        if (baseIn > held) revert HeldBaseTooSmall(baseIn, held);
        uint256 sold;
        (sold, received) = _swapExactIn(IERC20(baseToken), baseIn, vault);
        _countedBase = held - sold;
        notional = Price.assetValue(sold, priceE36);
        // The pool rounds by up to a unit of each token. That is no slippage, or the last few could never be sold.
        uint256 due = Price.assetValue(Math.saturatingSub(sold, 1), priceE36);
        _checkSlippage(Math.saturatingSub(due, received + 1), notional, maxSlippageBps);
    }

    /// @dev A fill better than the reference price has no slippage.
    function _checkSlippage(uint256 shortfall, uint256 notional, uint256 maxSlippageBps) private pure {
        uint256 slippageBps = Price.shortfallBps(shortfall, notional);
        if (slippageBps > maxSlippageBps) revert SlippageExceeded(slippageBps, maxSlippageBps);
    }

    function _sendAssetHome() private {
        uint256 left = IERC20(asset).balanceOf(address(this));
        if (left != 0) IERC20(asset).safeTransfer(vault, left);
    }
}
