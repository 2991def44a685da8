// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {ISwapRouter02, UniswapV3Spot} from "ballast/adapters/UniswapV3Spot.sol";
import {Action} from "ballast/Plan.sol";
import {TestToken} from "sim/TestToken.sol";

import {UniswapMarket} from "./UniswapMarket.sol";
import {VaultFixture} from "./VaultFixture.sol";

/// @notice The funded vault with a real Uniswap v3 pool for its spot leg and a perp-like short leg.
abstract contract UniswapFixture is VaultFixture {
    /// @dev About 20 million USD on each side at 2,500.
    uint128 internal constant LIQUIDITY = 4e17;

    UniswapMarket internal market;
    UniswapV3Spot internal spot;

    function setUp() public virtual override {
        vm.warp(1_795_132_800);
        vm.roll(1_000);
        usdc = new TestToken("USDC", 6);
        market = new UniswapMarket(usdc, uint256(PRICE));
        market.addLiquidity(LIQUIDITY);
        weth = TestToken(address(market.weth()));
        _deployVault(address(weth));
        spot = _newSpot(address(vault));
        _accept(address(spot));
        short = _newLeg();
        _fund(ALICE, FUNDS);
        _later(60);
    }

    function _newSpot(address owner) internal returns (UniswapV3Spot) {
        return new UniswapV3Spot(owner, usdc, address(weth), ISwapRouter02(market.router()), market.POOL_FEE(), oracle);
    }

    function _buy(uint256 amountIn) internal view returns (Action memory) {
        return Action(address(spot), amountIn, abi.encode(spot.BUY(), amountIn, uint256(0)));
    }

    function _sell(uint256 amountIn) internal view returns (Action memory) {
        return Action(address(spot), 0, abi.encode(spot.SELL(), amountIn, uint256(0)));
    }
}
