// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Envelope} from "../Envelope.sol";
import {IAdapter} from "../interfaces/IAdapter.sol";
import {IPriceOracle} from "../interfaces/IPriceOracle.sol";

/// @notice What we call of Uniswap's SwapRouter02 (no deadline: the plan has one).
interface ISwapRouter02 {
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

/// @title The spot leg: one base token, bought and sold in one Uniswap v3 pool.
/// @notice Actions are `abi.encode(uint8 kind, uint256 amountIn, uint256 minAmountOut)`: kind 1 buys base with asset,
/// kind 2 sells base for asset.
/// @dev Between calls it holds base only and has approved nothing. It counts what it bought itself, so base sent to it
/// changes neither value nor hash. Asset left over here after an action, a gift included, goes home to the vault.
contract UniswapV3Spot is IAdapter {
    using SafeERC20 for IERC20;

    uint8 public constant BUY = 1;
    uint8 public constant SELL = 2;

    address public immutable vault;
    IERC20 public immutable asset;
    address public immutable baseToken;
    ISwapRouter02 public immutable router;
    uint24 public immutable poolFee;
    IPriceOracle public immutable oracle;

    /// @notice Base units bought and not sold yet.
    uint256 public heldBase;

    error OnlyVault(address caller);
    error UnknownActionKind(uint8 kind);
    error ZeroAmountIn();
    error HeldBaseTooSmall(uint256 amountIn, uint256 heldBase);
    error AmountOutTooSmall(uint256 amountOut, uint256 minAmountOut);
    error SlippageExceeded(uint256 valueBps, uint256 boundBps);

    modifier onlyVault() {
        if (msg.sender != vault) revert OnlyVault(msg.sender);
        _;
    }

    constructor(
        address vault_,
        IERC20 asset_,
        address baseToken_,
        ISwapRouter02 router_,
        uint24 poolFee_,
        IPriceOracle oracle_
    ) {
        vault = vault_;
        asset = asset_;
        baseToken = baseToken_;
        router = router_;
        poolFee = poolFee_;
        oracle = oracle_;
    }

    /// @inheritdoc IAdapter
    function execute(bytes calldata action, uint256 maxSlippageBps) external onlyVault returns (uint256 notional) {
        (uint8 kind, uint256 amountIn, uint256 minAmountOut) = abi.decode(action, (uint8, uint256, uint256));
        // Zero would make the router spend what it holds itself.
        if (amountIn == 0) revert ZeroAmountIn();
        if (kind == BUY) notional = _buy(amountIn, minAmountOut, maxSlippageBps);
        else if (kind == SELL) notional = _sell(amountIn, minAmountOut, maxSlippageBps);
        else revert UnknownActionKind(kind);

        uint256 unspent = asset.balanceOf(address(this));
        if (unspent != 0) asset.safeTransfer(vault, unspent);
    }

    /// @inheritdoc IAdapter
    /// @dev A swap is complete when it returns: there is nothing to read back.
    function settle() external onlyVault {}

    /// @inheritdoc IAdapter
    function value() external view returns (uint256) {
        return oracle.assetValue(baseToken, heldBase);
    }

    /// @inheritdoc IAdapter
    function exposure() external view returns (int256) {
        return SafeCast.toInt256(heldBase);
    }

    /// @inheritdoc IAdapter
    function pendingLoss() external pure returns (uint256) {
        return 0;
    }

    /// @inheritdoc IAdapter
    function liquidationDistanceBps() external pure returns (uint256) {
        return type(uint256).max;
    }

    /// @inheritdoc IAdapter
    function positionHash() external view returns (bytes32) {
        return keccak256(abi.encode(address(this), heldBase));
    }

    function _buy(uint256 assetIn, uint256 minBaseOut, uint256 maxSlippageBps) private returns (uint256 notional) {
        (uint256 paid, uint256 bought) = _swap(asset, IERC20(baseToken), address(this), assetIn, minBaseOut);
        heldBase += bought;
        notional = oracle.assetValue(baseToken, bought);
        _checkSlippage(notional, Math.saturatingSub(paid, notional), maxSlippageBps);
    }

    function _sell(uint256 baseIn, uint256 minAssetOut, uint256 maxSlippageBps) private returns (uint256 notional) {
        if (baseIn > heldBase) revert HeldBaseTooSmall(baseIn, heldBase);
        (uint256 sold, uint256 received) = _swap(IERC20(baseToken), asset, vault, baseIn, minAssetOut);
        heldBase -= sold;
        notional = oracle.assetValue(baseToken, sold);
        _checkSlippage(notional, Math.saturatingSub(notional, received), maxSlippageBps);
    }

    /// @dev Measures both sides by balances and believes no return value. An empty pool may fill only a part.
    function _swap(IERC20 tokenIn, IERC20 tokenOut, address recipient, uint256 amountIn, uint256 minAmountOut)
        private
        returns (uint256 spent, uint256 received)
    {
        uint256 inBefore = tokenIn.balanceOf(address(this));
        uint256 outBefore = tokenOut.balanceOf(recipient);

        tokenIn.forceApprove(address(router), amountIn);
        router.exactInputSingle(
            ISwapRouter02.ExactInputSingleParams({
                tokenIn: address(tokenIn),
                tokenOut: address(tokenOut),
                fee: poolFee,
                recipient: recipient,
                amountIn: amountIn,
                amountOutMinimum: minAmountOut,
                sqrtPriceLimitX96: 0
            })
        );
        tokenIn.forceApprove(address(router), 0);

        spent = inBefore - tokenIn.balanceOf(address(this));
        received = tokenOut.balanceOf(recipient) - outBefore;
        if (received < minAmountOut) revert AmountOutTooSmall(received, minAmountOut);
    }

    /// @dev slippage = shortfall / value at the oracle's price, rounded up; a fill better than the oracle has none.
    function _checkSlippage(uint256 oracleValue, uint256 shortfall, uint256 maxSlippageBps) private {
        uint256 slippageBps = Envelope.bps(shortfall, oracleValue);
        emit Envelope.LimitChecked("max_slippage", slippageBps, maxSlippageBps);
        if (slippageBps > maxSlippageBps) revert SlippageExceeded(slippageBps, maxSlippageBps);
    }
}
