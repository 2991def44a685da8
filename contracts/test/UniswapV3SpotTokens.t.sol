// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {UniswapV3Spot} from "src/adapters/UniswapV3Spot.sol";
import {UniswapV3Swapper} from "src/adapters/UniswapV3Swapper.sol";
import {TestToken} from "sim/TestToken.sol";

import {UniswapFixture} from "./helpers/UniswapFixture.sol";
import {CallbackToken, FeeOnTransferToken} from "./helpers/UnusualTokens.sol";

/// @notice Its balances shrink by themselves, as those of a rebasing token can.
contract ShrinkingToken is TestToken("SHRINK", 18) {
    function shrink(address holder, uint256 amount) external {
        _burn(holder, amount);
    }
}

/// @notice The spot leg when tokens come as gifts, shrink, take a fee or call back.
contract UniswapV3SpotTokensTest is UniswapFixture {
    function setUp() public {
        _openEtherMarket();
    }

    function test_gifts_change_neither_value_nor_fingerprint() public {
        _buy(1_000e6, 0, 100);
        (uint256 value, bytes32 fingerprint) = (_value(), _fingerprint());
        base.mint(address(spot), 5e18);
        asset.mint(address(spot), 5_000e6);
        assertEq(_value(), value);
        assertEq(_fingerprint(), fingerprint);
        uint256 held = spot.heldBase();
        vm.expectRevert(abi.encodeWithSelector(UniswapV3Spot.HeldBaseTooSmall.selector, held + 1, held));
        _sell(held + 1, 0, 100);
        _sell(held, 0, 100);
        assertEq(_value(), 0);
    }

    function _useShrinkingToken() private returns (ShrinkingToken token) {
        token = new ShrinkingToken();
        base = token;
        _openMarket();
        _buy(10_000e6, 0, 100);
    }

    function test_base_that_shrinks_by_itself_is_a_loss_at_once_and_the_rest_can_be_sold() public {
        ShrinkingToken token = _useShrinkingToken();
        (uint256 held, bytes32 fingerprint) = (spot.heldBase(), _fingerprint());
        token.shrink(address(spot), held / 10);
        uint256 left = held - held / 10;
        assertEq(spot.heldBase(), left);
        assertEq(_value(), left * 2_500e6 / 1e18);
        assertNotEq(_fingerprint(), fingerprint, "a plan made for more is refused");
        vm.expectRevert(abi.encodeWithSelector(UniswapV3Spot.HeldBaseTooSmall.selector, held, left));
        _sell(held, 0, 100);
        spot.reduce(10_000, priceE36, 100);
        assertEq(spot.heldBase(), 0);
    }

    function test_what_shrank_away_is_forgotten_at_the_next_trade() public {
        ShrinkingToken token = _useShrinkingToken();
        for (uint256 i; i < 2; ++i) {
            token.shrink(address(spot), spot.heldBase() / 10);
            if (i == 0) _buy(1_000e6, 0, 100);
            else _sell(1e18, 0, 100);
            uint256 held = spot.heldBase();
            assertEq(held, token.balanceOf(address(spot)));
            token.mint(address(spot), 10e18);
            assertEq(spot.heldBase(), held, "a gift does not bring it back");
            token.shrink(address(spot), 10e18);
        }
    }

    function test_base_with_a_fee_on_transfer_is_refused_at_the_first_purchase() public {
        base = new FeeOnTransferToken();
        _openMarket();
        asset.mint(address(spot), 1_000e6);
        vm.expectPartialRevert(UniswapV3Swapper.ArrivedOtherThanSent.selector);
        spot.execute(abi.encode(uint8(1), 1_000e6, 0), priceE36, 10_000);
    }

    function test_base_that_calls_back_can_neither_take_nor_trade_nor_gift_itself_into_the_position() public {
        CallbackToken hooked = new CallbackToken();
        base = hooked;
        _openMarket();

        hooked.onNextTransfer(address(spot), abi.encodeCall(spot.uniswapV3SwapCallback, (int256(1), -1, "")));
        _buy(1_000e6, 0, 100);
        assertEq(hooked.answer(), abi.encodeWithSelector(UniswapV3Swapper.NoPaymentDue.selector, address(hooked)));

        bytes memory again = abi.encodeCall(spot.execute, (abi.encode(uint8(2), 1, 0), priceE36, 10_000));
        hooked.onNextTransfer(address(spot), again);
        _buy(1_000e6, 0, 100);
        assertEq(hooked.answer(), abi.encodeWithSelector(UniswapV3Spot.OnlyVault.selector, address(hooked)));

        // Even a vault without a guard of its own would find the pool locked.
        hooked.onNextTransfer(address(this), abi.encodeCall(this.callSpot, (again)));
        uint256 held = spot.heldBase();
        _sell(held / 2, 0, 100);
        assertFalse(hooked.succeeded());
        assertEq(spot.heldBase(), held - held / 2);

        hooked.onNextTransfer(address(hooked), abi.encodeCall(hooked.mint, (address(spot), 1e6)));
        asset.mint(address(spot), 1_000e6);
        vm.expectPartialRevert(UniswapV3Swapper.ArrivedOtherThanSent.selector);
        spot.execute(abi.encode(uint8(1), 1_000e6, 0), priceE36, 100);
    }

    function callSpot(bytes calldata call) external {
        (bool succeeded, bytes memory answer) = address(spot).call(call);
        require(succeeded, string(answer));
    }
}
