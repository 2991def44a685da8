// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {HyperCorePerp} from "src/adapters/HyperCorePerp.sol";
import {HyperCorePrices} from "src/libraries/HyperCorePrices.sol";
import {HyperCorePerpFixture} from "./helpers/HyperCorePerpFixture.sol";

/// @notice The limit prices an order may carry: within both collars, past the mark, on a tick.
contract HyperCorePerpCollarTest is HyperCorePerpFixture {
    function setUp() public override {
        super.setUp();
        _fundPerp(10_000e6);
    }

    function test_limit_price_lies_between_reach_and_collar() public {
        _expectSent(1e4, 2020e8); // exactly 1 %
        _expectSent(-1e4, 1980e8);
        _expectSent(1e4, 2002e8); // exactly 10 bps
        _expectSent(-1e4, 1998e8);
        _expectOutOfReach(1e4, 2001.9e8, 2002e8);
        _expectOutOfReach(-1e4, 1998.1e8, 1998e8);
        _expectOutOfReach(1e4, 1500e8, 2002e8); // would never fill, and hide a naked leg until it is read back
        _expectOutside(1e4, 2020e8 + 1, 2020e8);
        _expectOutside(-1e4, 1980e8 - 1, 1980e8);
    }

    function test_collar_rounds_against_the_order() public {
        _setPrice(199999);
        // 11 bps of 1,999.99 are 2.199989
        vm.expectRevert(_outside(2002.19e8, 2002.189989e8));
        vault.execute(adapter, 0, _orderAction(1e4, 2002.19e8, false), _priceE36(), 11);
        vm.expectRevert(_outside(1997.7e8, 1997.790011e8));
        vault.execute(adapter, 0, _orderAction(-1e4, 1997.7e8, false), _priceE36(), 11);
        vault.execute(adapter, 0, _orderAction(-1e4, 1997.9e8, false), _priceE36(), 11);
    }

    function test_limit_price_must_be_one_the_venue_takes() public {
        uint64[3] memory bad = [uint64(2003.11e8), 2002.95e8 + 1, 2010.001e8];
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(HyperCorePerp.LimitPriceOffTick.selector, bad[i]));
            _trade(1e4, bad[i], false);
        }
        _setPrice(12_345_600);
        _trade(1e4, 123_601e8, false); // whole prices may have more than five figures
    }

    function test_a_mark_pushed_up_cannot_be_bought_and_may_be_sold() public {
        _tick(200000, 230000, 230000, 200000, 0);
        _expectOutside(1e4, 2302.3e8, 2020e8);
        _expectOutOfReach(1e4, 2020e8, 2302.3e8);
        _expectSent(-1e4, 2277e8); // a sale at 15 % above the reference hurts nobody
        _expectOutside(-1e4, 2276.9e8, 2277e8);
    }

    function test_a_mark_pushed_down_cannot_be_sold_and_may_be_bought() public {
        _tick(200000, 170000, 200000, 170000, 0);
        _expectOutside(-1e4, 1698e8, 1980e8);
        _expectOutOfReach(-1e4, 1980e8, 1698.3e8);
        _expectSent(1e4, 1717e8);
        _expectOutside(1e4, 1717.1e8, 1717e8);
    }

    /// @dev The deviation that honest orders live with: the slippage bound less the reach and a tick.
    function test_orders_pass_while_the_mark_is_within_the_bound_less_the_reach() public {
        _tick(200000, 201700, 201700, 200000, 0); // 85 bps above
        _expectSent(1e4, 2019.1e8);
        _tick(200000, 201800, 201800, 200000, 0); // 90 bps above: reach 2,020.018, bound 2,020
        _expectOutOfReach(1e4, 2020e8, 2020.018e8);
        _tick(200000, 198300, 201800, 198300, 0);
        _expectSent(-1e4, 1981e8);
        _tick(200000, 198100, 198300, 198100, 0);
        _expectOutOfReach(-1e4, 1980e8, 1979.019e8);
    }

    function test_reference_is_rounded_against_the_order() public {
        bytes memory buy = _orderAction(1e4, 2020e8, false);
        bytes memory sale = _orderAction(-1e4, 1980e8, false);
        // a fraction of 10^-8 USD off 2,000
        vm.expectRevert(_outside(2020e8, 2020e8 - 2));
        vault.execute(adapter, 0, buy, 2e27 - 1, SLIPPAGE_BPS);
        vm.expectRevert(_outside(1980e8, 1980e8 + 1));
        vault.execute(adapter, 0, sale, 2e27 + 1, SLIPPAGE_BPS);
    }

    /// @dev Whatever the two prices are, an order that passes keeps both collars.
    function testFuzz_no_order_leaves_either_collar(
        uint64 mark,
        uint64 oracle,
        uint256 limit,
        bool isBuy,
        uint256 slippage
    ) public {
        mark = uint64(bound(mark, 150000, 250000));
        oracle = uint64(bound(oracle, mark * 97 / 100, mark * 103 / 100));
        slippage = bound(slippage, 0, 500);
        limit = bound(limit, mark * 94 / 100, mark * 106 / 100) / 10 * 1e7;
        _tick(oracle, mark, mark, mark, 0);
        bytes memory action = _orderAction(isBuy ? int64(1e4) : -1e4, uint64(limit), false);
        try vault.execute(adapter, 0, action, _priceE36(), slippage) returns (uint256) {
            uint256 least = uint256(mark < oracle ? mark : oracle) * 1e6;
            uint256 most = uint256(mark > oracle ? mark : oracle) * 1e6;
            if (isBuy) assertLe(limit * 10_000, least * (10_000 + slippage));
            else assertGe(limit * 10_000, most * (10_000 - slippage));
        } catch {}
    }

    /// @dev What `reduce` offers: never past the bound, and the nearest to it of the prices that the venue takes.
    function testFuzz_nearest_price_within_a_bound(uint256 bound_, bool isBuy, uint256 szDecimals) public pure {
        uint256 limitScale = 10 ** (2 + bound(szDecimals, 0, 6));
        bound_ = bound(bound_, limitScale, 1e16);
        uint256 limit = HyperCorePrices.nearestWithin(bound_, isBuy, limitScale);
        assertTrue(HyperCorePrices.isWithin(limit, bound_, isBuy));
        assertTrue(HyperCorePrices.isOnTick(limit, limitScale));
        for (uint256 step = limitScale; step <= 1e8; step *= 10) {
            uint256 nearer = isBuy ? bound_ / step * step : (bound_ + step - 1) / step * step;
            if (!HyperCorePrices.isOnTick(nearer, limitScale)) continue;
            assertEq(limit, nearer);
            break;
        }
    }

    function _expectSent(int64 size, uint64 limitPx) private {
        uint256 state = vm.snapshotState();
        _trade(size, limitPx, false);
        vm.revertToState(state);
    }

    function _expectOutOfReach(int64 size, uint64 limitPx, uint256 reach) private {
        vm.expectRevert(abi.encodeWithSelector(HyperCorePerp.LimitPriceOutOfReach.selector, limitPx, reach));
        _trade(size, limitPx, false);
    }

    function _expectOutside(int64 size, uint64 limitPx, uint256 bound_) private {
        vm.expectRevert(_outside(limitPx, bound_));
        _trade(size, limitPx, false);
    }

    function _outside(uint256 limitPx, uint256 bound_) private pure returns (bytes memory) {
        return abi.encodeWithSelector(HyperCorePerp.LimitPriceOutsideCollar.selector, limitPx, bound_);
    }
}
