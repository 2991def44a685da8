// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {AaveV3} from "src/adapters/AaveV3.sol";
import {IUniswapV3Pool, UniswapV3Swapper} from "src/adapters/UniswapV3Swapper.sol";
import {IAaveV3Pool} from "src/interfaces/IAaveV3.sol";
import {Position} from "src/interfaces/IAdapter.sol";
import {TestToken} from "sim/TestToken.sol";

import {AaveFixture} from "./helpers/AaveFixture.sol";
import {UniswapMarket} from "./helpers/UniswapMarket.sol";

/// @notice The actions of the lending leg, in the published bytecode of Aave v3 and Uniswap v3.
contract AaveV3Test is AaveFixture {
    // ---- actions

    function test_supplies_and_withdraws_collateral() public {
        assertEq(_execute(50_000e6, SUPPLY, 50_000e6, 0), 0, "no trade");
        Position memory p = _position();
        assertApproxEqAbs(p.value, 50_000e6, 1);
        assertEq(p.exposure, 0);
        assertEq(p.pendingLoss, 0);
        assertEq(p.healthBps, ALL);
        assertEq(p.liquidationDistanceBps, ALL);
        assertEq(_execute(0, WITHDRAW, 20_000e6, 0), 0, "no trade");
        assertEq(_cash(), 20_000e6);
        _execute(0, WITHDRAW, ALL, 0);
        assertApproxEqAbs(_cash(), 50_000e6, 1);
        assertEq(_value(), 0);
        _assertClean();
    }

    function test_one_short_opens_the_leg_from_nothing() public {
        uint256 notional = _execute(100_000e6, SHORT, 20e18, 49_850e6);
        assertEq(notional, 50_000e6);
        Position memory p = _position();
        assertApproxEqAbs(p.exposure, -20e18, 1);
        assertEq(p.pendingLoss, 0);
        assertLt(p.value, 100_000e6);
        assertGt(p.value, 100_000e6 - 150e6, "lost the pool's fee and impact");
        assertApproxEqAbs(_collateral(), p.value + 50_000e6, 1, "the proceeds are collateral");
        assertApproxEqRel(p.healthBps, 24_000, 0.001e18, "150,000 x 0.8 / 50,000");
        assertEq(p.liquidationDistanceBps, p.healthBps - 10_000);
        _assertClean();
    }

    /// @dev 10,000 of collateral alone would carry 7,700 of debt; with the proceeds it carries more than three times that.
    function test_proceeds_are_collateral_before_the_base_is_borrowed() public {
        _execute(10_000e6, SHORT, 12e18, 0);
        assertApproxEqAbs(_debt(), 12e18, 1);
        _expectRevert("36", 0, SHORT, 3e18, 0);
    }

    function test_a_short_on_top_needs_no_asset() public {
        _openShort();
        _execute(0, SHORT, 4e18, 9_900e6);
        assertApproxEqAbs(_debt(), 24e18, 1);
        _assertClean();
    }

    function test_a_cover_is_paid_out_of_collateral() public {
        _openShort();
        uint256 collateral = _collateral();
        assertEq(_execute(0, COVER, 5e18, 12_600e6), 12_500e6);
        assertApproxEqAbs(_debt(), 15e18, 1);
        assertApproxEqRel(_collateral(), collateral - 12_500e6, 0.001e18);
        assertEq(_cash(), 0);
        _assertClean();
    }

    function test_asset_sent_along_pays_a_cover_first_and_the_rest_goes_home() public {
        _openShort();
        uint256 collateral = _collateral();
        _execute(20_000e6, COVER, 5e18, ALL);
        assertEq(_collateral(), collateral, "not touched");
        assertApproxEqRel(_cash(), 7_500e6, 0.01e18);
        uint256 cash = _cash();
        _execute(5_000e6, COVER, 5e18, ALL);
        assertEq(_cash(), cash, "all of it used");
        assertApproxEqRel(_collateral(), collateral - 7_500e6, 0.005e18);
        _assertClean();
    }

    function test_a_cover_of_more_than_is_owed_covers_what_is_owed() public {
        _openShort();
        skip(30 days);
        assertApproxEqRel(_execute(0, COVER, ALL, ALL), 50_000e6, 0.01e18);
        assertEq(leg.debtToken().scaledBalanceOf(address(leg)), 0);
        Position memory p = _position();
        assertEq(p.exposure, 0);
        assertEq(p.healthBps, ALL);
        assertEq(_execute(0, COVER, 1e18, 0), 0, "nothing is left to cover");
        assertEq(_position().fingerprint, p.fingerprint);
        _assertClean();
    }

    function test_reduces_to_cash_in_two_steps() public {
        _openShort();
        assertApproxEqAbs(_reduce(10_000), 50_000e6, 1);
        assertEq(_debt(), 0);
        assertEq(_cash(), 0);
        assertEq(_reduce(10_000), 0);
        assertApproxEqRel(_cash(), 100_000e6, 0.002e18);
        assertEq(_value(), 0);
        assertEq(_reduce(10_000), 0, "and then does nothing");
        _assertClean();
    }

    function test_reduces_by_a_part_rounded_up() public {
        _openShort();
        uint256 owed = _debt();
        assertApproxEqAbs(_reduce(2_500), 12_500e6, 1);
        assertApproxEqAbs(_debt(), owed - (owed + 3) / 4, 1);
        assertEq(_cash(), 0);
        _assertClean();
    }

    function test_works_in_both_orders_of_the_pools_tokens() public {
        _open(6, 18, false);
        _execute(100_000e6, SHORT, 20e18, 49_850e6);
        _execute(0, COVER, 5e18, 12_600e6);
        _execute(0, SUPPLY + 1, 1_000e6, 0);
        _reduce(10_000);
        _reduce(10_000);
        assertApproxEqRel(_cash(), 100_000e6, 0.002e18);
        _assertClean();
    }

    // ---- refusals

    function test_only_the_vault_acts() public {
        bytes memory reason = abi.encodeWithSelector(AaveV3.OnlyVault.selector, STRANGER);
        vm.startPrank(STRANGER);
        vm.expectRevert(reason);
        leg.execute(abi.encode(WITHDRAW, ALL, 0), priceE36, 100);
        vm.expectRevert(reason);
        leg.reduce(10_000, priceE36, 100);
        vm.expectRevert(reason);
        leg.settle(priceE36);
    }

    function test_refuses_unknown_kinds_and_empty_amounts() public {
        _expectRevert(abi.encodeWithSelector(AaveV3.UnknownActionKind.selector, 0), 1, 0, 1, 0);
        _expectRevert(abi.encodeWithSelector(AaveV3.UnknownActionKind.selector, 5), 1, 5, 1, 0);
        for (uint8 kind = SUPPLY; kind <= COVER; ++kind) {
            _expectRevert(abi.encodeWithSelector(AaveV3.ZeroAmount.selector), 1, kind, 0, 0);
        }
    }

    function test_refuses_to_supply_more_than_was_sent_or_withdraw_more_than_is_there() public {
        bytes memory reason =
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, address(leg), 1_000e6 - 1, 1_000e6);
        _expectRevert(reason, 1_000e6 - 1, SUPPLY, 1_000e6, 0);
        _execute(1_000e6, SUPPLY, 1_000e6, 0);
        _expectRevert("32", 0, WITHDRAW, 1_000e6 + 2, 0);
    }

    function test_a_minimum_or_maximum_that_is_not_met_reverts() public {
        uint256 snapshot = vm.snapshotState();
        _openShort();
        uint256 proceeds = _collateral() - 100_000e6;
        vm.revertToState(snapshot);
        bytes memory tooLittle =
            abi.encodeWithSelector(UniswapV3Swapper.AmountOutTooSmall.selector, proceeds, proceeds + 1);
        _expectRevert(tooLittle, 100_000e6, SHORT, 20e18, proceeds + 1);
        _execute(100_000e6, SHORT, 20e18, proceeds);

        uint256 cost = _collateral();
        snapshot = vm.snapshotState();
        _execute(0, COVER, 20e18, ALL);
        cost -= _collateral();
        vm.revertToState(snapshot);
        bytes memory tooMuch = abi.encodeWithSelector(UniswapV3Swapper.AmountInTooLarge.selector, cost, cost - 1);
        _expectRevert(tooMuch, 0, COVER, 20e18, cost - 1);
        _execute(0, COVER, 20e18, cost);
    }

    /// @dev The pool is cheaper than the reference by just over and just under what fee and impact leave of the bound.
    function test_a_sale_beyond_the_slippage_bound_reverts_and_a_better_fill_is_fine() public {
        market.moveTo(2_477e8);
        asset.mint(address(leg), 100_000e6);
        bytes memory short = abi.encode(SHORT, uint256(1e18), uint256(0));
        vm.expectRevert(abi.encodeWithSelector(AaveV3.SlippageExceeded.selector, 99, 98));
        leg.execute(short, priceE36, 98);
        leg.execute(short, priceE36, 99);
        market.moveTo(2_510e8);
        leg.execute(short, priceE36, 0);
    }

    function test_a_purchase_beyond_the_slippage_bound_reverts_and_a_better_fill_is_fine() public {
        _openShort();
        market.moveTo(2_523e8);
        vm.expectRevert(abi.encodeWithSelector(AaveV3.SlippageExceeded.selector, 99, 98));
        leg.execute(abi.encode(COVER, 1e18, ALL), priceE36, 98);
        vm.expectRevert(abi.encodeWithSelector(AaveV3.SlippageExceeded.selector, 99, 98));
        leg.reduce(500, priceE36, 98);
        leg.execute(abi.encode(COVER, 1e18, ALL), priceE36, 99);
        market.moveTo(2_490e8);
        leg.reduce(500, priceE36, 0);
    }

    function test_a_pool_that_runs_dry_reverts() public {
        market = new UniswapMarket(asset, base, PRICE_E8);
        market.addLiquidity(1_000_000, 100);
        leg = new AaveV3(address(this), aave, market.pool(), asset, address(base));
        asset.mint(address(leg), 1_000_000e6);
        vm.expectPartialRevert(AaveV3.SoldOtherThanAsked.selector);
        leg.execute(abi.encode(SHORT, 100e18, 0), priceE36, 100);
        leg.execute(abi.encode(SHORT, 1e18, 0), priceE36, 100);
        market.moveTo(2_510e8);
        market.moveTo(2_525e8);
        vm.expectPartialRevert(UniswapV3Swapper.AmountOutTooSmall.selector);
        leg.execute(abi.encode(COVER, 1e18, ALL), priceE36, 100);
    }

    // ---- set-up

    function _refuses(bytes memory reason, address vault, address pool, IUniswapV3Pool swaps) private {
        (address token0, address token1) = (swaps.token0(), swaps.token1());
        address assetOfPool = token0 == address(base) ? token1 : token0;
        vm.expectRevert(reason);
        new AaveV3(vault, IAaveV3Pool(pool), swaps, IERC20(assetOfPool), address(base));
    }

    function test_refuses_addresses_without_code_at_set_up() public {
        address[2] memory accounts = [address(0), STRANGER];
        for (uint256 i; i < accounts.length; ++i) {
            bytes memory reason = abi.encodeWithSelector(UniswapV3Swapper.AddressWithoutCode.selector, accounts[i]);
            _refuses(reason, accounts[i], address(aave), market.pool());
            _refuses(reason, address(this), accounts[i], market.pool());
        }
    }

    function test_refuses_tokens_that_aave_does_not_list_at_set_up() public {
        TestToken other = new TestToken("DAI", 18);
        IUniswapV3Pool pool = new UniswapMarket(other, base, PRICE_E8).pool();
        bytes memory reason = abi.encodeWithSelector(AaveV3.NotListed.selector, address(other));
        _refuses(reason, address(this), address(aave), pool);
        vm.expectRevert(reason);
        new AaveV3(address(this), aave, pool, base, address(other));
    }

    function test_refuses_an_asset_that_cannot_be_collateral_at_set_up() public {
        lending.configurator().configureReserveAsCollateral(address(asset), 0, 8_000, 10_450);
        bytes memory reason = abi.encodeWithSelector(AaveV3.NotCollateral.selector, address(asset));
        _refuses(reason, address(this), address(aave), market.pool());
    }

    function test_refuses_an_asset_that_is_isolated_at_set_up() public {
        TestToken isolated = new TestToken("ISO", 6);
        lending.list(isolated, 1e8);
        lending.configurator().setDebtCeiling(address(isolated), 1);
        IUniswapV3Pool pool = new UniswapMarket(isolated, base, PRICE_E8).pool();
        bytes memory reason = abi.encodeWithSelector(AaveV3.NotCollateral.selector, address(isolated));
        _refuses(reason, address(this), address(aave), pool);
    }

    function test_refuses_a_base_that_cannot_be_borrowed_at_set_up() public {
        lending.configurator().setReserveBorrowing(address(base), false);
        bytes memory reason = abi.encodeWithSelector(AaveV3.BorrowingDisabled.selector, address(base));
        _refuses(reason, address(this), address(aave), market.pool());
    }

    function test_tells_what_it_works_with() public view {
        assertEq(leg.vault(), address(this));
        assertEq(leg.asset(), address(asset));
        assertEq(leg.baseToken(), address(base));
        assertEq(address(leg.aave()), address(aave));
        assertEq(address(leg.pool()), address(market.pool()));
        assertEq(address(leg.aToken()), aave.getReserveData(address(asset)).aTokenAddress);
        assertEq(address(leg.debtToken()), aave.getReserveData(address(base)).variableDebtTokenAddress);
    }
}
