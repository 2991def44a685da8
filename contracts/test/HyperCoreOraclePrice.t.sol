// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {HyperCoreReader} from "src/libraries/HyperCoreReader.sol";
import {PriceOracle} from "src/PriceOracle.sol";
import {BoundedDecimals} from "src/sources/BoundedDecimals.sol";
import {HyperCoreOraclePrice} from "src/sources/HyperCoreOraclePrice.sol";
import {IHyperCore} from "sim/IHyperCore.sol";
import {TestToken} from "sim/TestToken.sol";

import {HyperCoreFixture} from "./helpers/HyperCoreFixture.sol";
import {oracleBeside} from "./helpers/PriceOracleFixture.sol";

contract HyperCoreOraclePriceTest is HyperCoreFixture {
    function _source() private returns (HyperCoreOraclePrice) {
        return new HyperCoreOraclePrice(ETH, address(ether_), address(usdc));
    }

    function test_prices_in_asset_units_per_base_unit() public {
        HyperCoreOraclePrice source = _source();
        assertEq(source.priceE36(), 2_000e24);
        assertEq(source.perp(), ETH);
        assertEq(source.baseToken(), address(ether_));
        assertEq(source.asset(), address(usdc));
        // The oracle price, not the mark.
        _tick(2_010_00, 1_990_00, 1_990_00, 1_990_00, 0);
        assertEq(source.priceE36(), 2_010e24);
    }

    function test_prices_for_every_decimals() public {
        uint8[5] memory decimals = [0, 6, 8, 18, 24];
        for (uint32 sizeDecimals; sizeDecimals <= 6; ++sizeDecimals) {
            IHyperCore.PerpTerms memory terms = _terms();
            terms.szDecimals = uint8(sizeDecimals);
            core.listPerp(100 + sizeDecimals, terms);
            uint64 price = uint64(3_000 * 10 ** (6 - sizeDecimals));
            core.tick(IHyperCore.Tick(100 + sizeDecimals, price, price, price, price, 0));
            for (uint256 i; i < 25; ++i) {
                (uint8 ofAsset, uint8 ofBase) = (decimals[i / 5], decimals[i % 5]);
                (TestToken asset, TestToken base) = (new TestToken("A", ofAsset), new TestToken("B", ofBase));
                HyperCoreOraclePrice source =
                    new HyperCoreOraclePrice(100 + sizeDecimals, address(base), address(asset));
                assertEq(source.priceE36(), 3_000 * 10 ** (36 + ofAsset - ofBase));
            }
        }
    }

    function test_an_oracle_beside_it_refuses_when_they_part() public {
        PriceOracle oracle = oracleBeside(_source(), address(usdc), address(ether_), 2_000);
        _setPrice(2_040_00);
        oracle.refresh(0);
        _setPrice(2_041_00);
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.OracleDeviates.selector, address(ether_), 205, 200));
        oracle.refresh(0);
        vm.etch(HyperCoreReader.ORACLE_PX, "");
        vm.expectRevert(
            abi.encodeWithSelector(PriceOracle.OracleDeviates.selector, address(ether_), type(uint256).max, 200)
        );
        oracle.refresh(0);
    }

    function test_has_no_price_before_the_first_and_without_the_precompile() public {
        core.listPerp(7, _terms());
        HyperCoreOraclePrice source = new HyperCoreOraclePrice(7, address(ether_), address(usdc));
        vm.expectRevert(abi.encodeWithSelector(HyperCoreOraclePrice.NoOraclePrice.selector, 7));
        source.priceE36();
        vm.etch(HyperCoreReader.ORACLE_PX, "");
        vm.expectRevert(abi.encodeWithSelector(HyperCoreReader.HyperCoreReadFailed.selector, HyperCoreReader.ORACLE_PX));
        source.priceE36();
    }

    function test_refuses_a_perp_that_is_not_listed() public {
        vm.expectRevert(abi.encodeWithSelector(HyperCoreReader.HyperCoreReadFailed.selector, HyperCoreReader.PERP_INFO));
        new HyperCoreOraclePrice(9, address(ether_), address(usdc));
    }

    /// @dev HyperCore lists no such perp, so its answer is put in by hand.
    function test_refuses_size_decimals_beyond_its_price_scale() public {
        HyperCoreReader.PerpInfo memory info = HyperCoreReader.PerpInfo("ODD", 0, 7, 10, false);
        vm.mockCall(HyperCoreReader.PERP_INFO, abi.encode(ETH), abi.encode(info));
        vm.expectRevert(abi.encodeWithSelector(HyperCoreOraclePrice.SizeDecimalsTooLarge.selector, ETH, 7, 6));
        _source();
    }

    function test_refuses_tokens_that_are_none_or_have_too_many_decimals() public {
        vm.expectRevert(abi.encodeWithSelector(BoundedDecimals.NotAContract.selector, address(0)));
        new HyperCoreOraclePrice(ETH, address(ether_), address(0));
        TestToken fine = new TestToken("FINE", 25);
        vm.expectRevert(abi.encodeWithSelector(BoundedDecimals.DecimalsTooLarge.selector, address(fine), 25, 24));
        new HyperCoreOraclePrice(ETH, address(fine), address(usdc));
    }
}
