// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Mode} from "src/Plan.sol";
import {Vault} from "src/Vault.sol";
import {TestToken} from "sim/TestToken.sol";

import {CoreFixture} from "./helpers/CoreFixture.sol";
import {ShrinkingToken} from "./helpers/UnusualTokens.sol";

/// @notice Idle cash is counted, not read: gifts change nothing, and what the token takes by itself is a loss.
contract VaultTokensTest is CoreFixture {
    function _newAsset() internal override returns (TestToken) {
        return new ShrinkingToken();
    }

    function _shrink(uint256 amount) private {
        ShrinkingToken(address(usdc)).shrink(address(vault), amount);
    }

    function test_what_the_token_takes_is_a_loss_as_soon_as_the_books_are_opened() public {
        _shrink(1_000e6);
        vault.checkpoint();
        assertEq(vault.idleAssets(), FUNDS - 1_000e6);
        assertEq(vault.totalAssets(), FUNDS - 1_000e6);
        assertApproxEqAbs(_status().sharePriceE18, 0.99e18, 1e8);
    }

    function test_a_loss_by_the_token_latches_like_any_other() public {
        _shrink(3_010e6);
        vault.checkpoint();
        _assertMode(Mode.ReduceOnly);
    }

    function test_a_loss_by_the_token_is_none_of_a_plans() public {
        _shrink(2_000e6);
        _run(_pair(100));
        assertEq(_status().lossUsedBps, 0);
    }

    function test_a_token_that_shrinks_does_not_stop_the_vault() public {
        _shrink(1_000e6);
        _run(_trade(long, 0, 50_000e6, 0));
        _shrink(500e6);
        _fund(BOB, 1_000e6);
        _shrink(500e6);
        _redeemEverything(BOB);
        _shrink(vault.idleAssets());
        vault.checkpoint();
        assertEq(vault.idleAssets(), 0);
        assertEq(vault.totalAssets(), 50_000e6);
    }

    function test_a_plan_spends_only_what_the_token_left() public {
        _shrink(1_000e6);
        _expectRevert(
            _trade(long, 0, FUNDS, 0), abi.encodeWithSelector(Vault.IdleTooSmall.selector, FUNDS, FUNDS - 1_000e6)
        );
        _run(_trade(long, 0, FUNDS - 1_000e6, 0));
        assertEq(vault.totalAssets(), FUNDS - 1_000e6);
    }

    function test_a_gift_is_lost_before_the_holders_lose() public {
        usdc.mint(address(vault), 500e6);
        _shrink(500e6);
        vault.checkpoint();
        assertEq(vault.totalAssets(), FUNDS);
        _shrink(1);
        vault.checkpoint();
        assertEq(vault.totalAssets(), FUNDS - 1);
    }

    function test_a_gift_between_plans_stays_outside_the_books() public {
        usdc.mint(address(vault), 500e6);
        _run(_trade(long, 0, 50_000e6, 0));
        usdc.mint(address(vault), 500e6);
        long.setSettle(10_000e6, false);
        _later(60);
        _run(_trade(long, 1));
        assertEq(vault.idleAssets(), 60_000e6);
        assertEq(vault.totalAssets(), FUNDS);
        assertEq(usdc.balanceOf(address(vault)), 61_000e6);
    }
}
