// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {PriceOracle} from "src/PriceOracle.sol";
import {BoundedDecimals} from "src/sources/BoundedDecimals.sol";
import {UniswapV3Twap} from "src/sources/UniswapV3Twap.sol";
import {TestToken} from "sim/TestToken.sol";

import {IObservedPool, ObservedPoolFixture} from "./helpers/ObservedPoolFixture.sol";
import {oracleBeside} from "./helpers/PriceOracleFixture.sol";

contract UniswapV3TwapTest is ObservedPoolFixture {
    uint32 private constant WINDOW = 1_800;
    uint32 private constant BLOCK = 12;
    uint16 private constant ENOUGH = 151;

    TestToken private usdc;
    TestToken private weth;
    IObservedPool private pool;

    function setUp() public override {
        super.setUp();
        _open(true);
    }

    /// @dev A pool at 3,000 with a whole window of record.
    function _open(bool assetFirst) private {
        (usdc, weth) = _tokens(6, 18, assetFirst);
        pool = _newPool(address(usdc), address(weth), _sqrtPriceX96(3_000));
        _lengthenRecord(pool, ENOUGH);
        vm.warp(block.timestamp + WINDOW);
    }

    function _twap() private returns (UniswapV3Twap) {
        return new UniswapV3Twap(pool, address(weth), address(usdc), WINDOW, BLOCK);
    }

    function _tokens(uint8 ofAsset, uint8 ofBase, bool assetFirst) private returns (TestToken asset, TestToken base) {
        asset = new TestToken("USDC", ofAsset);
        do {
            base = new TestToken("WETH", ofBase);
        } while ((asset < base) != assetFirst);
    }

    function _sqrtPriceX96(uint256 usd) private view returns (uint160) {
        return _sqrtPriceX96(usdc, weth, usd);
    }

    /// @dev Of whole asset tokens per whole base token, for any decimals up to 24.
    function _sqrtPriceX96(TestToken asset, TestToken base, uint256 price) private view returns (uint160) {
        (uint256 assets, uint256 bases) = (price * 10 ** asset.decimals(), 10 ** base.decimals());
        (uint256 top, uint256 bottom) = asset < base ? (bases, assets) : (assets, bases);
        return uint160(Math.sqrt(Math.mulDiv(top, 1 << 160, bottom)) << 16);
    }

    function test_tells_what_it_was_made_from() public {
        UniswapV3Twap twap = _twap();
        assertEq(address(twap.pool()), address(pool));
        assertEq(twap.baseToken(), address(weth));
        assertEq(twap.asset(), address(usdc));
        assertEq(twap.windowSeconds(), WINDOW);
    }

    function test_a_steady_price_is_the_pools_own() public {
        UniswapV3Twap twap = _twap();
        assertEq(twap.meanTick(), _tick(pool));
        assertApproxEqRel(twap.priceE36(), 3_000e24, 0.0001e18);
    }

    function test_prices_for_every_decimals_and_both_orders() public {
        uint8[5] memory decimals = [0, 6, 8, 18, 24];
        for (uint256 i; i < 25; ++i) {
            (uint8 ofAsset, uint8 ofBase) = (decimals[i / 5], decimals[i % 5]);
            _expectPrice(ofAsset, ofBase, true);
            _expectPrice(ofAsset, ofBase, false);
        }
    }

    function _expectPrice(uint8 ofAsset, uint8 ofBase, bool assetFirst) private {
        (TestToken asset, TestToken base) = _tokens(ofAsset, ofBase, assetFirst);
        IObservedPool any = _newPool(address(asset), address(base), _sqrtPriceX96(asset, base, 3_000));
        _lengthenRecord(any, 26);
        vm.warp(block.timestamp + 300);
        UniswapV3Twap twap = new UniswapV3Twap(any, address(base), address(asset), 300, BLOCK);
        assertApproxEqRel(twap.priceE36(), 3_000 * 10 ** (36 + ofAsset - ofBase), 0.0001e18);
    }

    function test_is_the_geometric_mean_over_the_window() public {
        UniswapV3Twap twap = _twap();
        int256 first = _tick(pool);
        _tradeTo(pool, _sqrtPriceX96(3_300));
        int256 later = _tick(pool);
        vm.warp(block.timestamp + 600);
        assertEq(twap.meanTick(), _floor(1_200 * first + 600 * later, 1_800));
        // 3,000^(2/3) x 3,300^(1/3)
        assertApproxEqRel(twap.priceE36(), 3_096.84e24, 0.0001e18);
        vm.warp(block.timestamp + 1_200);
        assertEq(twap.meanTick(), later);
    }

    function testFuzz_rounds_the_mean_tick_down(uint256 usd, uint256 secondsHeld, bool assetFirst) public {
        _open(assetFirst);
        UniswapV3Twap twap = _twap();
        int256 first = _tick(pool);
        _tradeTo(pool, _sqrtPriceX96(_bound(usd, 3_001, 30_000)));
        secondsHeld = _bound(secondsHeld, 1, WINDOW);
        vm.warp(block.timestamp + secondsHeld);
        int256 sum = first * int256(WINDOW - secondsHeld) + int256(_tick(pool)) * int256(secondsHeld);
        assertEq(twap.meanTick(), _floor(sum, 1_800));
    }

    function _floor(int256 sum, int256 count) private pure returns (int256) {
        return sum >= 0 ? sum / count : -((-sum + count - 1) / count);
    }

    function test_a_move_within_one_block_is_not_seen() public {
        UniswapV3Twap twap = _twap();
        PriceOracle oracle = oracleBeside(twap, address(usdc), address(weth), 3_000);
        uint256 before = twap.priceE36();
        _tradeTo(pool, _sqrtPriceX96(30_000));
        assertEq(twap.priceE36(), before);
        oracle.refresh(0);
        _tradeTo(pool, _sqrtPriceX96(3_000));
        assertEq(twap.priceE36(), before);
    }

    function test_the_oracle_refuses_while_feed_and_pool_are_apart_for_long() public {
        PriceOracle oracle = oracleBeside(_twap(), address(usdc), address(weth), 3_000);
        _tradeTo(pool, _sqrtPriceX96(3_300));
        vm.warp(block.timestamp + 360); // 1.1^(360 / 1,800) is 1.92 % more
        oracle.healthy(1 hours);
        vm.warp(block.timestamp + 36);
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.OracleDeviates.selector, address(weth), 213, 200));
        oracle.healthy(1 hours);
    }

    /// @dev Trades faster than a block allows; the record then no longer reaches back to the window's start.
    function test_has_no_price_without_a_whole_window_of_record() public {
        UniswapV3Twap twap = _twap();
        PriceOracle oracle = oracleBeside(twap, address(usdc), address(weth), 3_000);
        for (uint256 i; i < ENOUGH; ++i) {
            vm.warp(block.timestamp + 1);
            _tradeTo(pool, _sqrtPriceX96(i % 2 == 0 ? 3_001 : 3_000));
        }
        vm.expectRevert(bytes("OLD"));
        twap.priceE36();
        vm.expectRevert(
            abi.encodeWithSelector(PriceOracle.OracleDeviates.selector, address(weth), type(uint256).max, 200)
        );
        oracle.refresh(1 hours);
    }

    function test_a_trade_in_every_block_does_not_erase_the_window() public {
        UniswapV3Twap twap = _twap();
        for (uint256 i; i < 2 * ENOUGH; ++i) {
            vm.warp(block.timestamp + BLOCK);
            _tradeTo(pool, _sqrtPriceX96(i % 2 == 0 ? 3_001 : 3_000));
            twap.priceE36();
        }
    }

    function test_refuses_a_window_too_short_or_too_long() public {
        bytes4 selector = UniswapV3Twap.WindowInvalid.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, 299, 300, 86_400));
        new UniswapV3Twap(pool, address(weth), address(usdc), 299, BLOCK);
        vm.expectRevert(abi.encodeWithSelector(selector, 86_401, 300, 86_400));
        new UniswapV3Twap(pool, address(weth), address(usdc), 86_401, BLOCK);
    }

    function test_refuses_a_pool_of_other_tokens_or_none() public {
        vm.expectRevert(abi.encodeWithSelector(BoundedDecimals.NotAContract.selector, address(0)));
        new UniswapV3Twap(IObservedPool(address(0)), address(weth), address(usdc), WINDOW, BLOCK);

        address[2][4] memory pairs = [
            [address(weth), address(this)],
            [address(this), address(usdc)],
            [address(weth), address(weth)],
            [address(usdc), address(usdc)]
        ];
        bytes memory reason =
            abi.encodeWithSelector(UniswapV3Twap.PoolTokensDiffer.selector, pool.token0(), pool.token1());
        for (uint256 i; i < pairs.length; ++i) {
            vm.expectRevert(reason);
            new UniswapV3Twap(pool, pairs[i][0], pairs[i][1], WINDOW, BLOCK);
        }
    }

    function test_refuses_a_pool_whose_record_is_too_short() public {
        bytes4 selector = UniswapV3Twap.ObservationsTooFew.selector;
        new UniswapV3Twap(pool, address(weth), address(usdc), 1_800, BLOCK);
        vm.expectRevert(abi.encodeWithSelector(selector, 1_800, 1_801));
        new UniswapV3Twap(pool, address(weth), address(usdc), 1_801, BLOCK);
        vm.expectRevert(abi.encodeWithSelector(selector, 150, 300));
        new UniswapV3Twap(pool, address(weth), address(usdc), 300, 1);
        vm.expectRevert(abi.encodeWithSelector(selector, 0, 1_800));
        new UniswapV3Twap(pool, address(weth), address(usdc), WINDOW, 0);

        TestToken other = new TestToken("OTHER", 18);
        IObservedPool unused = IObservedPool(factory.createPool(address(other), address(usdc), 500));
        vm.expectRevert(abi.encodeWithSelector(selector, 0, 1_800));
        new UniswapV3Twap(unused, address(other), address(usdc), WINDOW, BLOCK);
    }
}
