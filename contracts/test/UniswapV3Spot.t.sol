// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {ISwapRouter02, UniswapV3Spot} from "ballast/adapters/UniswapV3Spot.sol";
import {Envelope} from "ballast/Envelope.sol";
import {Action, Mode} from "ballast/Plan.sol";
import {Vault} from "ballast/Vault.sol";

import {UniswapFixture} from "./helpers/UniswapFixture.sol";

/// @notice Takes half of what it was given and pays 1 base unit, whatever minimum was asked for.
contract DishonestRouter {
    function exactInputSingle(ISwapRouter02.ExactInputSingleParams calldata p) external returns (uint256) {
        IERC20(p.tokenIn).transferFrom(msg.sender, address(this), p.amountIn / 2);
        IERC20(p.tokenOut).transfer(p.recipient, 1);
        return p.amountOutMinimum;
    }
}

/// @notice The spot leg in the published Uniswap v3 bytecode; this contract plays the vault where no vault is needed.
contract UniswapV3SpotTest is UniswapFixture {
    UniswapV3Spot private own;

    function setUp() public override {
        super.setUp();
        own = _newSpot(address(this));
    }

    function _ownBuy(uint256 amountIn, uint256 minOut, uint256 maxSlippageBps) private returns (uint256) {
        usdc.mint(address(own), amountIn);
        return own.execute(abi.encode(uint8(1), amountIn, minOut), maxSlippageBps);
    }

    function _ownSell(uint256 amountIn, uint256 minOut, uint256 maxSlippageBps) private returns (uint256) {
        return own.execute(abi.encode(uint8(2), amountIn, minOut), maxSlippageBps);
    }

    function _assertClean() private view {
        assertEq(usdc.balanceOf(address(own)), 0, "asset left");
        assertEq(usdc.allowance(address(own), address(own.router())), 0, "asset allowance left");
        assertEq(weth.allowance(address(own), address(own.router())), 0, "base allowance left");
        assertEq(weth.balanceOf(address(own)), own.heldBase(), "base uncounted");
    }

    function test_buys_and_sells_and_leaves_nothing_approved() public {
        uint256 notional = _ownBuy(10_000e6, 3.99e18, 100);
        assertApproxEqRel(own.heldBase(), 4e18, 0.002e18);
        assertEq(notional, own.value());
        assertEq(own.exposure(), int256(own.heldBase()));
        assertEq(own.pendingLoss(), 0);
        assertEq(own.liquidationDistanceBps(), type(uint256).max);
        _assertClean();

        uint256 value = own.value();
        assertEq(_ownSell(own.heldBase(), 9_980e6, 100), value);
        assertEq(own.heldBase(), 0);
        assertEq(own.value(), 0);
        assertApproxEqRel(usdc.balanceOf(address(this)), 10_000e6, 0.002e18);
        _assertClean();
    }

    function test_only_the_vault_acts() public {
        vm.startPrank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(UniswapV3Spot.OnlyVault.selector, STRANGER));
        own.execute(abi.encode(uint8(1), 1, 0), 100);
        vm.expectRevert(abi.encodeWithSelector(UniswapV3Spot.OnlyVault.selector, STRANGER));
        own.settle();
        vm.stopPrank();
        own.settle();
    }

    function test_refuses_unknown_kinds_zero_amounts_and_sales_of_more_than_it_holds() public {
        vm.expectRevert(abi.encodeWithSelector(UniswapV3Spot.UnknownActionKind.selector, 3));
        own.execute(abi.encode(uint8(3), 1, 0), 100);
        vm.expectRevert(UniswapV3Spot.ZeroAmountIn.selector);
        own.execute(abi.encode(uint8(1), 0, 0), 100);
        _ownBuy(1_000e6, 0, 100);
        uint256 held = own.heldBase();
        vm.expectRevert(abi.encodeWithSelector(UniswapV3Spot.HeldBaseTooSmall.selector, held + 1, held));
        _ownSell(held + 1, 0, 100);
    }

    function test_a_minimum_that_is_not_met_reverts() public {
        usdc.mint(address(own), 10_000e6);
        vm.expectRevert("Too little received");
        own.execute(abi.encode(uint8(1), 10_000e6, 4e18), 100);
    }

    /// @dev The pool is dearer than the oracle by just over and just under what fee and impact leave of the bound.
    function test_a_purchase_beyond_the_slippage_bound_reverts_and_a_better_fill_is_fine() public {
        market.moveTo(2_525e8);
        usdc.mint(address(own), 1_000e6);
        vm.expectRevert(abi.encodeWithSelector(UniswapV3Spot.SlippageExceeded.selector, 106, 105));
        own.execute(abi.encode(uint8(1), 1_000e6, 0), 105);
        own.execute(abi.encode(uint8(1), 1_000e6, 0), 106);
        market.moveTo(2_000e8);
        usdc.mint(address(own), 1_000e6);
        vm.expectEmit(address(own));
        emit Envelope.LimitChecked("max_slippage", 0, 0);
        own.execute(abi.encode(uint8(1), 1_000e6, 0), 0);
    }

    function test_a_sale_beyond_the_slippage_bound_reverts_and_a_better_fill_is_fine() public {
        _ownBuy(1_000e6, 0, 100);
        uint256 held = own.heldBase();
        market.moveTo(2_475e8);
        vm.expectRevert(abi.encodeWithSelector(UniswapV3Spot.SlippageExceeded.selector, 106, 105));
        _ownSell(held, 0, 105);
        uint256 snapshot = vm.snapshotState();
        _ownSell(held, 0, 106);
        vm.revertToState(snapshot);
        market.moveTo(3_000e8);
        _ownSell(held, 0, 0);
    }

    function test_a_fill_worth_nothing_is_refused_at_any_bound() public {
        usdc.mint(address(own), 1);
        vm.expectRevert(
            abi.encodeWithSelector(UniswapV3Spot.SlippageExceeded.selector, type(uint256).max, type(uint256).max - 1)
        );
        own.execute(abi.encode(uint8(1), 1, 0), type(uint256).max - 1);
    }

    function test_believes_balances_and_not_the_router() public {
        DishonestRouter router = new DishonestRouter();
        market.giveWeth(address(router), 1);
        own = new UniswapV3Spot(address(this), usdc, address(weth), ISwapRouter02(address(router)), 500, oracle);
        usdc.mint(address(own), 1_000e6);
        vm.expectRevert(abi.encodeWithSelector(UniswapV3Spot.AmountOutTooSmall.selector, 1, 2));
        own.execute(abi.encode(uint8(1), 1_000e6, 2), type(uint256).max);
        own.execute(abi.encode(uint8(1), 1_000e6, 1), type(uint256).max);
        assertEq(own.heldBase(), 1);
        assertEq(usdc.balanceOf(address(this)), 500e6, "what was not spent is home");
        _assertClean();
    }

    function test_gifts_change_neither_value_nor_hash() public {
        _ownBuy(1_000e6, 0, 100);
        uint256 value = own.value();
        bytes32 hash = own.positionHash();
        market.giveWeth(address(own), 5e18);
        usdc.mint(address(own), 5_000e6);
        assertEq(own.value(), value);
        assertEq(own.positionHash(), hash);
        uint256 held = own.heldBase();
        vm.expectRevert(abi.encodeWithSelector(UniswapV3Spot.HeldBaseTooSmall.selector, held + 1, held));
        _ownSell(held + 1, 0, 100);
    }

    function test_unspent_asset_goes_home() public {
        usdc.mint(address(own), 700e6);
        _ownBuy(1_000e6, 0, 100);
        assertEq(usdc.balanceOf(address(this)), 700e6);
        assertEq(usdc.balanceOf(address(own)), 0);
    }

    function test_hash_and_value_follow_what_is_held_and_the_price() public {
        bytes32 empty = own.positionHash();
        _ownBuy(1_000e6, 0, 100);
        assertNotEq(own.positionHash(), empty);
        bytes32 hash = own.positionHash();
        uint256 value = own.value();
        feed.set(2 * PRICE);
        assertEq(own.value(), 2 * value);
        assertEq(own.positionHash(), hash);
    }

    // ---- through the vault

    function test_a_plan_buys_hedges_and_unwinds() public {
        _run(_actions(_buy(40_000e6), _trade(short, -16e18, 30_000e6, 10e6)));
        assertEq(vault.idleAssets(), 30_000e6);
        assertApproxEqRel(vault.status().grossExposure, 80_000e6, 0.003e18);
        assertLt(vault.totalAssets(), FUNDS);
        assertGt(vault.totalAssets(), FUNDS - 150e6);
        _later(60);
        _run(_actions(_sell(spot.heldBase()), _trade(short, 16e18)));
        assertEq(vault.status().grossExposure, 0);
        assertEq(usdc.balanceOf(address(vault)), vault.idleAssets());
    }

    function test_the_vault_passes_the_policys_slippage_on() public {
        market.moveTo(2_525e8);
        _expectRevert(_buy(1_000e6), abi.encodeWithSelector(UniswapV3Spot.SlippageExceeded.selector, 106, 100));
    }

    function test_a_purchase_that_asks_for_more_than_it_was_sent_reverts() public {
        _expectRevert(Action(address(spot), 999e6, abi.encode(uint8(1), 1_000e6, 0)), "STF");
    }

    /// @dev A stolen key in ReduceOnly may sell what there is, once; it cannot buy back and sell again.
    function test_a_stolen_key_cannot_churn_in_reduce_only() public {
        _run(_buy(40_000e6));
        _setMode(GUARDIAN, Mode.ReduceOnly);
        _later(60);
        _expectRevert(_buy(1_000e6), abi.encodeWithSelector(Vault.OnlyReducingAllowed.selector));
        _expectRevert(_actions(_sell(1e18), _buy(2_000e6)), abi.encodeWithSelector(Vault.OnlyReducingAllowed.selector));
        uint256 before = vault.totalAssets();
        market.moveTo(2_490e8);
        _run(_sell(spot.heldBase()));
        assertGt(vault.totalAssets(), before - 40_000e6 / 100, "at most max_slippage of what it held");
    }
}
