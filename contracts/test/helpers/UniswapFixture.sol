// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Test} from "forge-std/Test.sol";

import {UniswapV3Spot} from "src/adapters/UniswapV3Spot.sol";
import {Position} from "src/interfaces/IAdapter.sol";
import {TestToken} from "sim/TestToken.sol";

import {UniswapMarket} from "./UniswapMarket.sol";

/// @notice A real Uniswap v3 pool and a spot adapter in it. The test contract plays the vault.
abstract contract UniswapFixture is Test {
    address internal constant STRANGER = address(0x0F);

    uint8 internal constant BUY = 1;
    uint8 internal constant SELL = 2;

    uint256 internal constant PRICE_E8 = 2_500e8;
    uint256 internal constant DEPTH = 20_000_000;

    TestToken internal asset;
    TestToken internal base;
    UniswapMarket internal market;
    UniswapV3Spot internal spot;
    uint256 internal priceE36;

    /// @dev Base tokens are made until one has an address on the wanted side of the asset's.
    function _newBase(uint8 decimals, bool assetFirst) internal returns (TestToken token) {
        do {
            token = new TestToken("WETH", decimals);
        } while ((address(asset) < address(token)) != assetFirst);
    }

    /// @dev A deep pool at `PRICE_E8` with what is in `asset` and `base`.
    function _openMarket() internal {
        market = new UniswapMarket(asset, base, PRICE_E8);
        market.addLiquidity(DEPTH, market.WIDEST_TICK());
        _useMarket(market);
    }

    /// @dev The usual one: WETH for USDC.
    function _openEtherMarket() internal {
        asset = new TestToken("USDC", 6);
        base = _newBase(18, true);
        _openMarket();
    }

    function _useMarket(UniswapMarket market_) internal {
        market = market_;
        (asset, base) = (market.asset(), market.base());
        priceE36 = market.priceE36(PRICE_E8);
        spot = new UniswapV3Spot(address(this), market.pool(), asset, address(base));
    }

    /// @dev As the vault does: sends the asset, then has the action carried out.
    function _buy(uint256 amountIn, uint256 minAmountOut, uint256 maxSlippageBps) internal returns (uint256) {
        asset.mint(address(spot), amountIn);
        return _execute(abi.encode(BUY, amountIn, minAmountOut), maxSlippageBps);
    }

    function _sell(uint256 amountIn, uint256 minAmountOut, uint256 maxSlippageBps) internal returns (uint256) {
        return _execute(abi.encode(SELL, amountIn, minAmountOut), maxSlippageBps);
    }

    function _reduce(uint256 partBps, uint256 maxSlippageBps) internal returns (uint256 notional) {
        Position memory told;
        (notional, told) = spot.reduce(partBps, priceE36, maxSlippageBps);
        _assertTold(told);
    }

    function _execute(bytes memory action, uint256 maxSlippageBps) private returns (uint256 notional) {
        Position memory told;
        (notional, told) = spot.execute(action, priceE36, maxSlippageBps);
        _assertTold(told);
    }

    /// @dev Nothing is told where a refusal was expected.
    function _assertTold(Position memory told) private view {
        if (told.fingerprint == 0) return;
        assertEq(abi.encode(told), abi.encode(spot.position(priceE36)), "tells what it holds");
    }

    function _value() internal view returns (uint256) {
        return spot.position(priceE36).value;
    }

    function _fingerprint() internal view returns (bytes32) {
        return spot.position(priceE36).fingerprint;
    }

    function _assertClean() internal view {
        assertEq(asset.balanceOf(address(spot)), 0, "asset left");
        assertEq(asset.allowance(address(spot), address(spot.pool())), 0, "asset approved");
        assertEq(base.allowance(address(spot), address(spot.pool())), 0, "base approved");
        assertLe(spot.heldBase(), base.balanceOf(address(spot)), "counts more than there is");
    }
}
