// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {Vault} from "src/Vault.sol";
import {VaultShares} from "src/VaultShares.sol";
import {TestToken} from "sim/TestToken.sol";

import {SharesFixture} from "./helpers/SharesFixture.sol";
import {FeeOnTransferToken, RefusingToken, ShrinkingToken, SilentToken} from "./helpers/UnusualTokens.sol";

/// @notice Assets that do not behave: refused at the door, or shared exactly. What they do to plans is in VaultTokens.
contract VaultAssetsTest is SharesFixture {
    /// @dev A vault of its own, without venues.
    function _use(TestToken token) private {
        usdc = token;
        vault = _newVault(token);
    }

    function test_a_token_that_takes_a_fee_is_refused() public {
        _use(new FeeOnTransferToken());
        _allow(BOB, 200);
        vm.startPrank(BOB);
        vm.expectRevert(abi.encodeWithSelector(VaultShares.TransferInexact.selector, 99, 100));
        vault.deposit(100, BOB);
        vm.expectRevert(abi.encodeWithSelector(VaultShares.TransferInexact.selector, 99, 100));
        vault.mint(100e6, BOB);
        vm.stopPrank();
    }

    function test_a_token_that_answers_false_buys_and_brings_nothing() public {
        RefusingToken token = new RefusingToken();
        _use(token);
        _fund(BOB, 100);
        token.setRefuses(true);
        bytes memory failed = abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(token));
        _allow(ALICE, 100);
        vm.prank(ALICE);
        vm.expectRevert(failed);
        vault.deposit(100, ALICE);
        vm.startPrank(BOB);
        vm.expectRevert(failed);
        vault.redeem(100e6, BOB, BOB);
        vm.expectRevert(failed);
        vault.withdraw(100, BOB, BOB);
        vm.stopPrank();
        assertEq(vault.totalAssets(), 100);
        token.setRefuses(false);
        assertEq(_redeemAll(BOB), 100);
    }

    function test_a_token_that_answers_nothing_serves() public {
        _use(new SilentToken());
        _fund(BOB, 100);
        assertEq(_redeemAll(BOB), 100);
        assertEq(usdc.balanceOf(BOB), 100);
    }

    function test_what_a_token_adds_by_itself_is_nobodys() public {
        _use(new ShrinkingToken());
        _fund(ALICE, 300e6);
        _fund(BOB, 100e6);
        usdc.mint(address(vault), 40e6);
        vault.checkpoint();
        assertEq(vault.totalAssets(), 400e6);
        assertEq(_redeemAll(ALICE), 300e6);
        assertEq(_redeemAll(BOB), 100e6);
    }

    function test_what_a_token_takes_by_itself_is_shared_before_anybody_leaves() public {
        ShrinkingToken token = new ShrinkingToken();
        _use(token);
        _fund(ALICE, 300e6);
        _fund(BOB, 100e6);
        token.shrink(address(vault), 40e6);
        // No checkpoint in between: his own call opens the books first.
        assertApproxEqAbs(_redeemAll(BOB), 90e6, 1);
        assertApproxEqAbs(_redeemAll(ALICE), 270e6, 1);
    }

    function test_up_to_24_decimals_are_accepted() public {
        _use(new TestToken("BIG", 24));
        assertEq(vault.decimals(), 30);
        TestToken tooBig = new TestToken("BIGGER", 25);
        vm.expectRevert(abi.encodeWithSelector(Vault.AssetDecimalsTooLarge.selector, 31));
        _newVault(tooBig);
    }
}
