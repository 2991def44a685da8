// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {TickPrice} from "src/sources/TickPrice.sol";

import {ObservedPoolFixture} from "./helpers/ObservedPoolFixture.sol";

contract TickPriceCaller {
    function priceE36(int24 tick) external pure returns (uint256) {
        return TickPrice.priceE36(tick);
    }
}

/// @notice Our tick maths against the published pool's own.
contract TickPriceTest is ObservedPoolFixture {
    uint160 private _pools;

    /// @dev A pool finds the tick of a price; ours must be the first price of its tick.
    function _expectFirstPriceOf(int24 tick) private {
        uint160 price = _sqrtPriceX96(tick);
        assertEq(_tickOf(price), tick);
        assertEq(_tickOf(price - 1), tick - 1);
    }

    function _tickOf(uint160 sqrtPriceX96) private returns (int24) {
        return _tick(_newPool(address(1), address(++_pools + 1), sqrtPriceX96));
    }

    function _sqrtPriceX96(int24 tick) private pure returns (uint160) {
        return uint160(Math.ceilDiv(TickPrice.sqrtPriceX128(tick), 1 << 32));
    }

    function test_agrees_with_the_pool_at_every_power_of_two() public {
        _expectFirstPriceOf(0);
        for (uint256 i; i < 20; ++i) {
            int24 tick = int24(uint24(1 << i));
            _expectFirstPriceOf(tick);
            _expectFirstPriceOf(-tick);
        }
    }

    function test_agrees_with_the_pool_at_both_ends() public {
        assertEq(_sqrtPriceX96(-887_272), 4_295_128_739);
        assertEq(_sqrtPriceX96(887_272), 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_342);
        _expectFirstPriceOf(887_271);
        _expectFirstPriceOf(-887_271);
    }

    /// forge-config: default.fuzz.runs = 200
    /// forge-config: prove.fuzz.runs = 10000
    function testFuzz_agrees_with_the_pool_at_any_tick(int24 tick) public {
        _expectFirstPriceOf(int24(_bound(int256(tick), -887_271, 887_271)));
    }

    /// @dev Expected values computed apart, with a hundred digits.
    function test_gives_the_right_prices() public pure {
        assertEq(TickPrice.priceE36(0), 1e36);
        _expectPrice(1, 1000100000000000000000000000000000000);
        _expectPrice(-1, 999900009999000099990000999900009999);
        _expectPrice(80_067, 2999796379020818450736455234043272635686);
        _expectPrice(-80_067, 333355959422291190578526683676431);
        _expectPrice(200_000, 484680305025733588332716006350490071733034235);
        _expectPrice(-200_000, 2063215669444018480018325814);
        _expectPrice(650_000, 16893901618176792937959418182271021000731921113006274250145421354);
        _expectPrice(887_272, 340256786836388094050805785052946541066751507546701582068884050462948821114);
        assertEq(TickPrice.priceE36(-650_000), 59_192_957);
        assertEq(TickPrice.priceE36(-887_272), 0, "less than a unit");
    }

    /// @dev To fifteen digits.
    function _expectPrice(int24 tick, uint256 expected) private pure {
        assertApproxEqRel(TickPrice.priceE36(tick), expected, 1e3);
    }

    function testFuzz_a_tick_more_is_a_basis_point_more(int24 tick) public pure {
        tick = int24(_bound(int256(tick), -640_000, 640_000));
        uint256 price = TickPrice.priceE36(tick);
        assertApproxEqRel(TickPrice.priceE36(tick + 1), price + price / 10_000, 1e10);
        assertApproxEqRel(Math.mulDiv(price, TickPrice.priceE36(-tick), 1e36), 1e36, 1e10);
    }

    function test_refuses_a_tick_that_does_not_exist() public {
        TickPriceCaller caller = new TickPriceCaller();
        vm.expectRevert(abi.encodeWithSelector(TickPrice.TickOutOfRange.selector, int24(887_273), int24(887_272)));
        caller.priceE36(887_273);
        vm.expectRevert(abi.encodeWithSelector(TickPrice.TickOutOfRange.selector, int24(-887_273), int24(887_272)));
        caller.priceE36(-887_273);
    }
}
