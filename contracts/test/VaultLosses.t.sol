// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Portfolio} from "src/Portfolio.sol";

import {GrowthFixture} from "./helpers/GrowthFixture.sol";

/// @notice Losses: shared pro rata and at once; even a total one stops nothing but new deposits.
contract VaultLossesTest is GrowthFixture {
    using Math for uint256;

    function _assetDecimals() internal pure override returns (uint8) {
        return 18;
    }

    function testFuzz_a_loss_is_shared_pro_rata_and_at_once(uint256 bobIn, uint256 lost) public {
        bobIn = _bound(bobIn, 1e18, 1e24);
        lost = _bound(lost, 0, 50_000e18);
        _fund(BOB, bobIn);
        uint256 all = 100_000e18 + bobIn;
        _lose(lost);
        // Nobody has touched the vault since; nobody leaves at the price before.
        assertApproxEqAbs(vault.previewRedeem(vault.balanceOf(BOB)), bobIn.mulDiv(all - lost, all), 1e6);
        assertApproxEqAbs(
            vault.previewRedeem(vault.balanceOf(ALICE)), uint256(100_000e18).mulDiv(all - lost, all), 1e6
        );
        uint256 told = vault.previewRedeem(vault.maxRedeem(ALICE));
        assertEq(_redeem(ALICE, vault.maxRedeem(ALICE)), told, "what is told is what is paid");
    }

    function test_what_is_written_off_with_a_venue_is_borne_alike() public {
        _fund(BOB, 100_000e18);
        long.setBroken(true);
        _asOwner(address(portfolio), abi.encodeCall(Portfolio.abandonAdapter, (address(long))));
        assertEq(vault.totalAssets(), 150_000e18);
        assertApproxEqAbs(_redeemAll(BOB), 75_000e18, 1);
        assertApproxEqAbs(_redeemAll(ALICE), 75_000e18, 1);
    }

    function _ruin() private {
        _invest(50_000e18);
        _lose(100_000e18);
        vault.checkpoint();
        assertEq(vault.totalAssets(), 0);
    }

    /// @dev The share price is below its smallest unit then, and a mark of 0 would be divided by on the next day.
    function test_a_total_loss_stops_nothing() public {
        _ruin();
        _later(8 days);
        vault.checkpoint();
        assertEq(_sharePrice(), 1);
        _later(1 days);
        vault.checkpoint();
        assertEq(_redeemAll(ALICE), 0);
        // Nobody is left whose shares could be diluted: it begins anew.
        _fund(BOB, 1e18);
        assertApproxEqAbs(_redeemAll(BOB), 1e18, 1);
    }

    /// @dev For a unit of the asset he would get more shares than all others have, and with them what comes back.
    function test_nobody_enters_a_vault_whose_shares_lost_more_than_999_parts_of_1000() public {
        _invest(50_000e18);
        _lose(99_901e18);
        assertEq(vault.maxDeposit(BOB), 0);
        assertEq(vault.maxMint(BOB), 0);
        _allow(BOB, 1e18);
        vm.expectRevert(abi.encodeWithSelector(ERC4626.ERC4626ExceededMaxDeposit.selector, BOB, 1, 0));
        vm.prank(BOB);
        vault.deposit(1, BOB);
        vm.expectRevert(abi.encodeWithSelector(ERC4626.ERC4626ExceededMaxDeposit.selector, BOB, 1, 0));
        vm.prank(BOB);
        vault.mint(1, BOB);

        _gain(2e18);
        _later(1 days);
        assertGt(vault.maxDeposit(BOB), 0);
        _fund(BOB, 1e18);
        assertApproxEqAbs(vault.previewRedeem(vault.balanceOf(BOB)), 1e18, 1e10);
    }

    /// @dev Nothing grows from nothing; without this what comes back could never be redeemed.
    function test_what_comes_back_after_a_total_loss_is_the_holders_again() public {
        _ruin();
        _later(1 days);
        _gain(40_000e18);
        assertEq(vault.totalAssets(), 40_000e18);
        _later(60);
        _bringHome(40_000e18);
        assertApproxEqAbs(_redeemAll(ALICE), 40_000e18, 1);
    }

    /// @dev The share price is above what a mark can hold then.
    function test_a_windfall_into_an_empty_vault_stops_nothing() public {
        _bringHome(50_000e18);
        _redeemAll(ALICE);
        _gain(1_000_000e18);
        vault.checkpoint();
        assertEq(_sharePrice(), type(uint128).max);
        _fund(BOB, 500_000e18);
        _later(1 days);
        vault.checkpoint();
        assertApproxEqAbs(_redeemAll(BOB), 500_000e18, 1e18, "a share is worth a whole one now");
    }
}
