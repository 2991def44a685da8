// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {TestToken} from "sim/TestToken.sol";

import {UniswapFixture} from "./helpers/UniswapFixture.sol";
import {UniswapMarket} from "./helpers/UniswapMarket.sol";

/// @notice The spot leg over assets and base tokens of 6, 8 and 18 decimals, in both orders of their addresses.
contract UniswapV3SpotDecimalsTest is UniswapFixture {
    uint256 private constant MAX_SLIPPAGE_BPS = 500;

    UniswapMarket[] private markets;

    function setUp() public {
        uint8[3] memory decimals = [6, 8, 18];
        for (uint256 i; i < 18; ++i) {
            asset = new TestToken("ASSET", decimals[i % 3]);
            base = _newBase(decimals[i / 3 % 3], i < 9);
            _openMarket();
            markets.push(market);
        }
    }

    function test_buys_and_sells_the_same_in_every_market() public {
        for (uint256 i; i < markets.length; ++i) {
            _useMarket(markets[i]);
            uint256 asset1 = 10 ** asset.decimals();
            uint256 cash = asset.balanceOf(address(this));
            uint256 notional = _buy(10_000 * asset1, 0, 20);
            assertApproxEqRel(spot.heldBase(), 4 * 10 ** base.decimals(), 0.002e18);
            assertApproxEqRel(notional, 10_000 * asset1, 0.002e18);
            spot.reduce(10_000, priceE36, 20);
            assertEq(spot.heldBase(), 0);
            assertApproxEqRel(asset.balanceOf(address(this)) - cash, 10_000 * asset1, 0.002e18);
            _assertClean();
        }
    }

    /// @dev Every trade starts with the pool at the reference price, so that none can gain by chance.
    function testFuzz_trading_creates_no_value_and_loses_no_more_than_the_bound(
        uint256 index,
        uint256[6] memory kinds,
        uint256[6] memory amounts
    ) public {
        _useMarket(markets[index % markets.length]);
        asset.mint(address(this), 2_000_000 * 10 ** asset.decimals());
        for (uint256 i; i < amounts.length; ++i) {
            market.moveTo(PRICE_E8);
            uint256 before = asset.balanceOf(address(this)) + _value();
            uint256 traded = _tradeSomething(kinds[i] % 3, amounts[i]);
            uint256 afterwards = asset.balanceOf(address(this)) + _value();
            assertLe(afterwards, before + 1, "value from nothing");
            uint256 rounding = 2 + priceE36 / 1e36;
            assertLe(before, afterwards + traded * MAX_SLIPPAGE_BPS / 10_000 + rounding, "lost too much");
            assertEq(spot.heldBase(), base.balanceOf(address(spot)), "counts other than there is");
            _assertClean();
        }
    }

    function _tradeSomething(uint256 kind, uint256 amount) private returns (uint256) {
        uint256 held = spot.heldBase();
        if (kind == 0) {
            // Too little to buy anything worth a unit with is refused.
            try this.buy(bound(amount, 1, 200_000 * 10 ** asset.decimals())) returns (uint256 traded) {
                return traded;
            } catch {
                return 0;
            }
        }
        if (kind == 1 && held != 0) return _sell(bound(amount, 1, held), 0, MAX_SLIPPAGE_BPS);
        return _reduce(bound(amount, 1, 10_000), MAX_SLIPPAGE_BPS);
    }

    /// @dev In a call of its own, so that a refusal brings the asset back, as it does in the vault.
    function buy(uint256 amountIn) external returns (uint256 notional) {
        asset.transfer(address(spot), amountIn);
        (notional,) = spot.execute(abi.encode(BUY, amountIn, 0), priceE36, MAX_SLIPPAGE_BPS);
    }
}
