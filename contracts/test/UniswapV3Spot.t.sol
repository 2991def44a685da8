// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {UniswapV3Spot} from "src/adapters/UniswapV3Spot.sol";
import {IUniswapV3Pool, UniswapV3Swapper} from "src/adapters/UniswapV3Swapper.sol";
import {Position} from "src/interfaces/IAdapter.sol";

import {UniswapFixture} from "./helpers/UniswapFixture.sol";
import {UniswapMarket} from "./helpers/UniswapMarket.sol";

/// @notice The spot leg in the published Uniswap v3 bytecode.
contract UniswapV3SpotTest is UniswapFixture {
    function setUp() public {
        _openEtherMarket();
    }

    // ---- buying and selling

    function test_buys_and_sells_and_leaves_nothing_behind() public {
        uint256 notional = _buy(10_000e6, 3.99e18, 100);
        uint256 held = spot.heldBase();
        assertApproxEqRel(held, 4e18, 0.002e18);
        assertEq(base.balanceOf(address(spot)), held);
        assertEq(notional, _value());
        _assertClean();

        assertEq(_sell(held, 9_980e6, 100), notional);
        assertEq(spot.heldBase(), 0);
        assertEq(_value(), 0);
        assertEq(base.balanceOf(address(spot)), 0);
        assertApproxEqRel(asset.balanceOf(address(this)), 10_000e6, 0.002e18);
        _assertClean();
    }

    function test_the_position_is_what_is_held_at_the_price_given() public {
        bytes32 empty = _fingerprint();
        _buy(10_000e6, 0, 100);
        uint256 held = spot.heldBase();
        Position memory position = spot.position(priceE36);
        assertEq(position.value, held * 2_500e6 / 1e18);
        assertEq(position.exposure, int256(held));
        assertEq(position.pendingLoss, 0);
        assertEq(position.liquidationDistanceBps, type(uint256).max);
        assertEq(position.healthBps, type(uint256).max);
        assertEq(position.fingerprint, keccak256(abi.encode(address(spot), held)));
        assertNotEq(position.fingerprint, empty);

        Position memory dearer = spot.position(2 * priceE36);
        assertEq(dearer.value, held * 5_000e6 / 1e18);
        assertEq(dearer.fingerprint, position.fingerprint, "of quantities, not of prices");
    }

    function test_asset_that_was_not_spent_goes_home() public {
        asset.mint(address(spot), 700e6);
        _buy(1_000e6, 0, 100);
        assertEq(asset.balanceOf(address(this)), 700e6);
        asset.mint(address(spot), 50e6);
        uint256 before = asset.balanceOf(address(this));
        _sell(1e15, 0, 100);
        assertGt(asset.balanceOf(address(this)), before + 52e6, "proceeds and what lay here");
        _assertClean();
    }

    function test_proceeds_go_straight_to_the_vault_and_nothing_else_is_sent_after_them() public {
        _buy(1_000e6, 0, 100);
        vm.expectCall(address(asset), abi.encodeWithSelector(asset.transfer.selector, address(this)), 1);
        vm.expectEmit(true, true, false, false, address(asset));
        emit IERC20.Transfer(address(market.pool()), address(this), 0);
        _sell(0.1e18, 0, 100);
    }

    function test_a_pool_that_runs_dry_buys_a_part_and_sends_the_rest_home() public {
        UniswapMarket shallow = new UniswapMarket(asset, base, PRICE_E8);
        shallow.addLiquidity(DEPTH, 10);
        _useMarket(shallow);
        uint256 notional = _buy(20_000_000e6, 0, 20);
        uint256 spent = 20_000_000e6 - asset.balanceOf(address(this));
        assertLt(spent, 25_000e6);
        assertEq(notional, _value());
        assertApproxEqRel(notional, spent, 0.002e18);
        _assertClean();
    }

    function test_a_pool_that_runs_dry_sells_a_part_and_keeps_the_rest() public {
        UniswapMarket shallow = new UniswapMarket(asset, base, PRICE_E8);
        shallow.addLiquidity(DEPTH, 100);
        _useMarket(shallow);
        _buy(50_000e6, 0, 100);
        uint256 held = spot.heldBase();
        // Others sell first, until hardly any asset is left in the pool.
        market.moveTo(2_478e8);
        uint256 notional = _sell(held, 0, 200);
        uint256 left = spot.heldBase();
        assertGt(left, held / 2);
        assertLt(left, held);
        assertEq(notional, (held - left) * 2_500e6 / 1e18);
        assertEq(base.balanceOf(address(spot)), left);
        _assertClean();
    }

    // ---- refusals

    function test_only_the_vault_acts() public {
        bytes memory reason = abi.encodeWithSelector(UniswapV3Spot.OnlyVault.selector, STRANGER);
        vm.startPrank(STRANGER);
        vm.expectRevert(reason);
        spot.execute(abi.encode(uint8(1), 1, 0), priceE36, 100);
        vm.expectRevert(reason);
        spot.reduce(10_000, priceE36, 100);
        vm.expectRevert(reason);
        spot.settle(priceE36);
        vm.stopPrank();
        spot.settle(priceE36);
    }

    function test_refuses_unknown_kinds_zero_amounts_and_sales_of_more_than_it_holds() public {
        for (uint8 kind = 0; kind < 4; kind += 3) {
            vm.expectRevert(abi.encodeWithSelector(UniswapV3Spot.UnknownActionKind.selector, kind));
            spot.execute(abi.encode(kind, 1, 0), priceE36, 100);
        }
        vm.expectRevert(UniswapV3Spot.ZeroAmountIn.selector);
        spot.execute(abi.encode(uint8(1), 0, 0), priceE36, 100);
        _buy(1_000e6, 0, 100);
        uint256 held = spot.heldBase();
        vm.expectRevert(abi.encodeWithSelector(UniswapV3Spot.HeldBaseTooSmall.selector, held + 1, held));
        _sell(held + 1, 0, 100);
    }

    function test_a_purchase_of_more_than_was_sent_fails_in_the_payment() public {
        asset.mint(address(spot), 999e6);
        vm.expectRevert();
        spot.execute(abi.encode(uint8(1), 1_000e6, 0), priceE36, 100);
    }

    function test_a_minimum_that_is_missed_by_one_unit_reverts() public {
        uint256 snapshot = vm.snapshotState();
        _buy(10_000e6, 0, 100);
        uint256 bought = spot.heldBase();
        vm.revertToState(snapshot);

        asset.mint(address(spot), 10_000e6);
        bytes memory reason = abi.encodeWithSelector(UniswapV3Swapper.AmountOutTooSmall.selector, bought, bought + 1);
        vm.expectRevert(reason);
        spot.execute(abi.encode(uint8(1), 10_000e6, bought + 1), priceE36, 100);
        spot.execute(abi.encode(uint8(1), 10_000e6, bought), priceE36, 100);
        vm.expectPartialRevert(UniswapV3Swapper.AmountOutTooSmall.selector);
        _sell(bought, 10_000e6, 100);
    }

    /// @dev The pool is dearer than the reference price by just over what fee and impact leave of the bound.
    function test_a_purchase_beyond_the_slippage_bound_reverts_and_a_better_fill_is_fine() public {
        market.moveTo(2_525e8);
        asset.mint(address(spot), 2_000e6);
        bytes memory action = abi.encode(uint8(1), 1_000e6, 0);
        vm.expectRevert(abi.encodeWithSelector(UniswapV3Spot.SlippageExceeded.selector, 106, 105));
        spot.execute(action, priceE36, 105);
        spot.execute(action, priceE36, 106);
        market.moveTo(2_000e8);
        _buy(1_000e6, 0, 0);
    }

    function test_a_sale_beyond_the_slippage_bound_reverts_and_a_better_fill_is_fine() public {
        _buy(1_000e6, 0, 100);
        uint256 half = spot.heldBase() / 2;
        market.moveTo(2_475e8);
        vm.expectRevert(abi.encodeWithSelector(UniswapV3Spot.SlippageExceeded.selector, 106, 105));
        _sell(half, 0, 105);
        _sell(half, 0, 106);
        market.moveTo(3_000e8);
        _sell(half, 0, 0);
    }

    function test_a_fill_worth_nothing_is_refused_at_any_bound() public {
        asset.mint(address(spot), 1);
        vm.expectRevert(
            abi.encodeWithSelector(UniswapV3Spot.SlippageExceeded.selector, type(uint256).max, type(uint256).max - 1)
        );
        spot.execute(abi.encode(uint8(1), 1, 0), priceE36, type(uint256).max - 1);
    }

    // ---- reducing

    function test_reduces_by_a_part_rounded_up_straight_to_the_vault() public {
        _buy(10_000e6, 0, 100);
        uint256 held = spot.heldBase();
        uint256 notional = _reduce(2_500, 100);
        uint256 sold = Math.ceilDiv(held, 4);
        assertEq(spot.heldBase(), held - sold);
        assertEq(notional, sold * 2_500e6 / 1e18);
        assertApproxEqRel(asset.balanceOf(address(this)), 2_500e6, 0.002e18);
        spot.reduce(1, priceE36, 100);
        assertEq(spot.heldBase(), held - sold - Math.ceilDiv(held - sold, 10_000));
        spot.reduce(10_000, priceE36, 100);
        assertEq(spot.heldBase(), 0);
        assertEq(base.balanceOf(address(spot)), 0);
        _assertClean();
    }

    /// @dev 4e8 base units are worth one asset unit.
    function test_reduces_the_last_units_although_the_pool_rounds_down() public {
        uint64[4] memory last = [uint64(1), 4e8, 8e8 + 1, 12e8];
        for (uint256 i; i < last.length; ++i) {
            _buy(10_000e6, 0, 100);
            _sell(spot.heldBase() - last[i], 0, 100);
            assertEq(_reduce(10_000, 0), last[i] / 4e8);
            assertEq(spot.heldBase(), 0);
        }
    }

    function test_reduces_nothing_when_nothing_is_held_and_sends_free_asset_home() public {
        base.mint(address(spot), 1e18);
        assertEq(_reduce(10_000, 100), 0);
        assertEq(base.balanceOf(address(spot)), 1e18, "a gift is no position");
        asset.mint(address(spot), 5e6);
        assertEq(_reduce(10_000, 100), 0);
        assertEq(asset.balanceOf(address(this)), 5e6);
    }

    function test_a_reduction_keeps_to_the_slippage_bound_and_to_what_is_held() public {
        _buy(10_000e6, 0, 100);
        uint256 held = spot.heldBase();
        vm.expectRevert(
            abi.encodeWithSelector(
                UniswapV3Spot.HeldBaseTooSmall.selector, Math.mulDiv(held, 10_001, 10_000, Math.Rounding.Ceil), held
            )
        );
        spot.reduce(10_001, priceE36, 100);
        market.moveTo(2_475e8);
        vm.expectRevert(abi.encodeWithSelector(UniswapV3Spot.SlippageExceeded.selector, 106, 105));
        spot.reduce(1_000, priceE36, 105);
        spot.reduce(1_000, priceE36, 106);
    }

    // ---- set-up

    function test_refuses_a_vault_without_code_and_a_pool_of_other_tokens_at_set_up() public {
        IUniswapV3Pool pool = market.pool();
        vm.expectRevert(abi.encodeWithSelector(UniswapV3Swapper.AddressWithoutCode.selector, STRANGER));
        new UniswapV3Spot(STRANGER, pool, asset, address(base));
        vm.expectPartialRevert(UniswapV3Swapper.PoolOfOtherTokens.selector);
        new UniswapV3Spot(address(this), pool, asset, address(asset));
    }

    function test_tells_what_it_is_for() public view {
        assertEq(spot.vault(), address(this));
        assertEq(spot.asset(), address(asset));
        assertEq(spot.baseToken(), address(base));
        assertEq(address(spot.pool()), address(market.pool()));
    }
}
