// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IUniswapV3Pool, UniswapV3Swapper} from "src/adapters/UniswapV3Swapper.sol";
import {Position} from "src/interfaces/IAdapter.sol";
import {TestToken} from "sim/TestToken.sol";

import {UniswapFixture} from "./helpers/UniswapFixture.sol";
import {UniswapMarket} from "./helpers/UniswapMarket.sol";
import {CallbackToken, FeeOnTransferToken} from "./helpers/UnusualTokens.sol";

/// @notice Lets everybody swap; its position is of no interest here.
contract OpenSwapper is UniswapV3Swapper {
    address public vault;

    constructor(IUniswapV3Pool pool_, IERC20 asset_, IERC20 base_) UniswapV3Swapper(pool_, asset_, base_) {}

    function swapExactIn(IERC20 tokenIn, uint256 amountIn, address recipient) external returns (uint256, uint256) {
        return _swapExactIn(tokenIn, amountIn, recipient);
    }

    function position(uint256) external view returns (Position memory) {}

    function value(uint256) external view returns (uint256) {}

    function settle(uint256) external returns (Position memory) {}

    function execute(bytes calldata, uint256, uint256) external returns (uint256, Position memory) {}

    function reduce(uint256, uint256, uint256) external returns (uint256, Position memory) {}
}

/// @notice Asks for as much as it likes, as often as it likes, pays what it likes and reports what it likes.
contract HostilePool {
    address public immutable token0;
    address public immutable token1;
    uint256 private _asks;
    uint256 private _times;
    uint256 private _pays;
    uint256 private _claims;

    constructor(IERC20 a, IERC20 b) {
        (token0, token1) = a < b ? (address(a), address(b)) : (address(b), address(a));
    }

    function plan(uint256 asks, uint256 times, uint256 pays, uint256 claims) external {
        (_asks, _times, _pays, _claims) = (asks, times, pays, claims);
    }

    function ask(UniswapV3Swapper swapper) public {
        swapper.uniswapV3SwapCallback(int256(_asks), 0, "");
    }

    function swap(address recipient, bool zeroForOne, int256, uint160, bytes calldata)
        external
        returns (int256 amount0, int256 amount1)
    {
        for (uint256 i; i < _times; ++i) {
            ask(UniswapV3Swapper(msg.sender));
        }
        TestToken(zeroForOne ? token1 : token0).transfer(recipient, _pays);
        return zeroForOne ? (int256(0), -int256(_claims)) : (-int256(_claims), int256(0));
    }
}

/// @notice Uniswap's own router, whose figures a swap of ours must meet to the unit.
interface IRouter {
    struct Swap {
        address tokenIn;
        address tokenOut;
        uint24 fee;
        address recipient;
        uint256 amount;
        uint256 bound;
        uint160 sqrtPriceLimitX96;
    }

    function exactInputSingle(Swap calldata swap) external returns (uint256 amountOut);
}

/// @notice Swaps straight in the published pool bytecode, in both directions and both orders of the tokens.
contract UniswapV3SwapperTest is UniswapFixture {
    address private constant RECIPIENT = address(0x0E);

    OpenSwapper private swapper;

    function setUp() public {
        _openEtherMarket();
        swapper = _newSwapper();
    }

    function _newSwapper() private returns (OpenSwapper) {
        return new OpenSwapper(market.pool(), asset, base);
    }

    function _assetAsToken1() private {
        base = _newBase(18, false);
        _openMarket();
        swapper = _newSwapper();
    }

    function _router(TestToken tokenIn, TestToken tokenOut, uint256 amount) private returns (uint256) {
        IRouter router = IRouter(market.newRouter());
        tokenIn.mint(address(this), 1e30);
        tokenIn.approve(address(router), 1e30);
        IRouter.Swap memory swap = IRouter.Swap(
            address(tokenIn), address(tokenOut), 500, address(this), amount, 0, 0
        );
        return router.exactInputSingle(swap);
    }

    // ---- exact amounts

    function _checkExactIn(TestToken tokenIn, TestToken tokenOut, uint256 amountIn) private {
        uint256 snapshot = vm.snapshotState();
        uint256 expected = _router(tokenIn, tokenOut, amountIn);
        vm.revertToState(snapshot);

        deal(address(tokenIn), address(swapper), 2 * amountIn);
        uint256 before = tokenOut.balanceOf(RECIPIENT);
        (uint256 spent, uint256 received) = swapper.swapExactIn(tokenIn, amountIn, RECIPIENT);
        assertEq(spent, amountIn);
        assertEq(received, expected, "as through the router");
        assertEq(tokenOut.balanceOf(RECIPIENT) - before, received);
        assertEq(tokenIn.balanceOf(address(swapper)), amountIn);
        assertEq(tokenIn.allowance(address(swapper), address(market.pool())), 0);
    }

    function test_exact_in_matches_the_router_in_both_directions_and_orders() public {
        _checkExactIn(asset, base, 10_000e6);
        _checkExactIn(base, asset, 4e18);
        _assetAsToken1();
        _checkExactIn(asset, base, 10_000e6);
        _checkExactIn(base, asset, 4e18);
    }

    function test_an_amount_that_would_read_as_its_negative_is_refused() public {
        uint256 amount = uint256(type(int256).max) + 1;
        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintToInt.selector, amount));
        swapper.swapExactIn(asset, amount, RECIPIENT);
    }

    function test_the_pool_refuses_to_swap_nothing() public {
        vm.expectRevert(bytes("AS"));
        swapper.swapExactIn(asset, 0, RECIPIENT);
    }

    // ---- a pool that runs dry

    function _openShallowMarket() private {
        market = new UniswapMarket(asset, base, PRICE_E8);
        market.addLiquidity(DEPTH, 100);
        swapper = _newSwapper();
    }

    function _checkDry(TestToken tokenIn, TestToken tokenOut, uint256 amountIn) private {
        tokenIn.mint(address(swapper), amountIn);
        uint256 inPool = tokenOut.balanceOf(address(market.pool()));
        (uint256 spent, uint256 received) = swapper.swapExactIn(tokenIn, amountIn, RECIPIENT);
        assertGt(spent, 0);
        assertLt(spent, amountIn);
        assertEq(tokenIn.balanceOf(address(swapper)), amountIn - spent, "the rest is still here");
        assertApproxEqAbs(received, inPool, 1);

        vm.expectRevert(bytes("SPL"));
        swapper.swapExactIn(tokenIn, 1, RECIPIENT);
    }

    function test_a_pool_that_runs_dry_fills_a_part() public {
        for (uint256 order; order < 2; ++order) {
            _openShallowMarket();
            _checkDry(asset, base, 1_000_000e6);
            _openShallowMarket();
            _checkDry(base, asset, 400e18);
            base = _newBase(18, false);
        }
    }

    // ---- callbacks

    function test_nobody_makes_it_pay_outside_of_its_own_swap() public {
        asset.mint(address(swapper), 1_000e6);
        base.mint(address(swapper), 1e18);
        for (uint256 i; i < 2; ++i) {
            address caller = i == 0 ? STRANGER : address(market.pool());
            vm.startPrank(caller);
            vm.expectRevert(abi.encodeWithSelector(UniswapV3Swapper.NoPaymentDue.selector, caller));
            swapper.uniswapV3SwapCallback(1, -1, "");
            vm.expectRevert(abi.encodeWithSelector(UniswapV3Swapper.NoPaymentDue.selector, caller));
            swapper.uniswapV3SwapCallback(-1, 1, "");
            vm.stopPrank();
        }
    }

    function test_the_pool_is_owed_nothing_after_a_swap_that_went_well_or_failed() public {
        asset.mint(address(swapper), 3_000e6);
        swapper.swapExactIn(asset, 1_000e6, RECIPIENT);
        vm.expectRevert(bytes("AS"));
        swapper.swapExactIn(asset, 0, RECIPIENT);
        address pool = address(market.pool());
        vm.prank(pool);
        vm.expectRevert(abi.encodeWithSelector(UniswapV3Swapper.NoPaymentDue.selector, pool));
        swapper.uniswapV3SwapCallback(1, -1, "");
    }

    function test_a_token_that_calls_back_in_the_midst_of_a_swap_gets_nothing() public {
        CallbackToken hooked = new CallbackToken();
        base = hooked;
        _openMarket();
        swapper = _newSwapper();
        asset.mint(address(swapper), 2_000e6);

        hooked.onNextTransfer(address(swapper), abi.encodeCall(swapper.uniswapV3SwapCallback, (int256(1), -1, "")));
        (uint256 spent,) = swapper.swapExactIn(asset, 1_000e6, RECIPIENT);
        assertFalse(hooked.succeeded());
        assertEq(hooked.answer(), abi.encodeWithSelector(UniswapV3Swapper.NoPaymentDue.selector, address(hooked)));
        assertEq(spent, 1_000e6);

        hooked.onNextTransfer(address(swapper), abi.encodeCall(swapper.swapExactIn, (asset, 1_000e6, STRANGER)));
        swapper.swapExactIn(asset, 500e6, RECIPIENT);
        assertFalse(hooked.succeeded());
        assertEq(hooked.answer(), abi.encodeWithSignature("Error(string)", "LOK"));
        assertEq(asset.balanceOf(address(swapper)), 500e6);
    }

    function _hostile() private returns (HostilePool pool) {
        pool = new HostilePool(asset, base);
        swapper = new OpenSwapper(IUniswapV3Pool(address(pool)), asset, base);
        asset.mint(address(swapper), 1_000e6);
        base.mint(address(pool), 1e18);
    }

    function test_a_hostile_pool_takes_no_more_than_the_swap_allows() public {
        HostilePool pool = _hostile();
        pool.plan(101e6, 1, 1e18, 1e18);
        vm.expectRevert(abi.encodeWithSelector(UniswapV3Swapper.AmountInTooLarge.selector, 101e6, 100e6));
        swapper.swapExactIn(asset, 100e6, RECIPIENT);
        pool.plan(60e6, 2, 1e18, 1e18);
        vm.expectRevert(abi.encodeWithSelector(UniswapV3Swapper.AmountInTooLarge.selector, 120e6, 100e6));
        swapper.swapExactIn(asset, 100e6, RECIPIENT);
        pool.plan(100e6, 0, 1e18, 1e18);
        swapper.swapExactIn(asset, 100e6, RECIPIENT);
        vm.expectRevert(abi.encodeWithSelector(UniswapV3Swapper.NoPaymentDue.selector, address(pool)));
        pool.ask(swapper);
        assertEq(asset.balanceOf(address(swapper)), 1_000e6);
    }

    function test_a_hostile_pools_report_is_not_believed() public {
        HostilePool pool = _hostile();
        pool.plan(100e6, 1, 1, 1e18);
        (uint256 spent, uint256 received) = swapper.swapExactIn(asset, 100e6, RECIPIENT);
        assertEq(spent, 100e6);
        assertEq(received, 1);
        vm.expectRevert(abi.encodeWithSelector(UniswapV3Swapper.ArrivedOtherThanSent.selector, 1, 1e18));
        swapper.swapExactIn(asset, 100e6, address(swapper));
    }

    // ---- unusual tokens

    function test_a_token_with_a_fee_on_transfer_is_not_bought_to_be_kept_because_no_pool_would_take_it_back() public {
        base = new FeeOnTransferToken();
        _openMarket();
        swapper = _newSwapper();
        asset.mint(address(swapper), 3_000e6);
        vm.expectPartialRevert(UniswapV3Swapper.ArrivedOtherThanSent.selector);
        swapper.swapExactIn(asset, 1_000e6, address(swapper));

        base.mint(address(swapper), 1e6);
        vm.expectRevert(bytes("IIA"));
        swapper.swapExactIn(base, 1e6, RECIPIENT);
    }

    function test_what_arrives_elsewhere_is_counted_net_of_a_fee() public {
        asset = new FeeOnTransferToken();
        base = _newBase(18, true);
        _openMarket();
        swapper = _newSwapper();
        base.mint(address(swapper), 1e18);
        (, uint256 received) = swapper.swapExactIn(base, 1e18, RECIPIENT);
        assertEq(received, asset.balanceOf(RECIPIENT));
        assertApproxEqRel(received, 2_475e6, 0.001e18);
    }

    function test_a_payment_that_the_token_refuses_fails_the_swap() public {
        asset.mint(address(swapper), 1_000e6);
        vm.mockCall(address(asset), abi.encodeWithSelector(IERC20.transfer.selector), abi.encode(false));
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(asset)));
        swapper.swapExactIn(asset, 1_000e6, RECIPIENT);
    }

    // ---- set-up

    function _refuses(IUniswapV3Pool pool, IERC20 asset_, IERC20 base_, bytes memory reason) private {
        vm.expectRevert(reason);
        new OpenSwapper(pool, asset_, base_);
    }

    function test_refuses_addresses_without_code_at_set_up() public {
        address[2] memory accounts = [address(0), STRANGER];
        for (uint256 i; i < accounts.length; ++i) {
            bytes memory reason = abi.encodeWithSelector(UniswapV3Swapper.AddressWithoutCode.selector, accounts[i]);
            _refuses(IUniswapV3Pool(accounts[i]), asset, base, reason);
            _refuses(market.pool(), IERC20(accounts[i]), base, reason);
            _refuses(market.pool(), asset, IERC20(accounts[i]), reason);
        }
    }

    function test_refuses_a_pool_of_other_tokens_at_set_up() public {
        bytes memory reason =
            abi.encodeWithSelector(UniswapV3Swapper.PoolOfOtherTokens.selector, address(asset), address(base));
        IUniswapV3Pool pool = market.pool();
        TestToken lowest = new TestToken("LOW", 6);
        while (lowest > asset) lowest = new TestToken("LOW", 6);
        _refuses(pool, asset, _newBase(18, true), reason);
        _refuses(pool, asset, lowest, reason);
        _refuses(pool, lowest, base, reason);
        _refuses(pool, asset, asset, reason);
        _refuses(pool, base, base, reason);
    }

    function test_tells_what_it_trades() public {
        for (uint256 order; order < 2; ++order) {
            assertEq(address(swapper.pool()), address(market.pool()));
            assertEq(swapper.asset(), address(asset));
            assertEq(swapper.baseToken(), address(base));
            _assetAsToken1();
        }
    }
}
