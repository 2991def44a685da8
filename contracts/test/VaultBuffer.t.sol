// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IRedemptionQueue} from "src/interfaces/IRedemptionQueue.sol";
import {Limits} from "src/Limits.sol";
import {Policy} from "src/Policy.sol";
import {RedemptionQueue} from "src/RedemptionQueue.sol";
import {Vault} from "src/Vault.sol";

import {SharesFixture} from "./helpers/SharesFixture.sol";

/// @notice What coming and going leaves to those who stay, and that nobody is left for whom the last would leave it.
contract VaultBufferTest is SharesFixture {
    using Math for uint256;

    uint16 private constant BUFFER = 20;

    function _limits() internal view override returns (Limits memory limits) {
        limits = super._limits();
        limits.flowBufferBps = BUFFER;
    }

    function _less(uint256 amount) private pure returns (uint256) {
        return amount * (BPS - BUFFER) / BPS;
    }

    // ---- what it costs

    function test_a_deposit_leaves_the_buffer_to_the_holders() public {
        uint256 before = vault.convertToAssets(vault.balanceOf(ALICE));
        uint256 shares = _fund(BOB, 10_000e6);
        assertEq(shares, _less(10_000e6).mulDiv(_less(FUNDS) * 1e6 + VIRTUAL_SHARES, FUNDS + 1));
        assertEq(vault.totalAssets(), FUNDS + 10_000e6, "nothing leaves the vault");
        uint256 earned = vault.convertToAssets(vault.balanceOf(ALICE)) - before;
        uint256 paid = 10_000e6 - vault.convertToAssets(shares);
        assertApproxEqAbs(earned, paid, 2, "what one pays the other gets");
        assertApproxEqAbs(earned, 20e6 * uint256(100_000) / 109_980, 1e3);
    }

    function test_a_redemption_leaves_the_buffer_to_the_holders() public {
        uint256 shares = _fund(BOB, 10_000e6);
        uint256 worth = vault.convertToAssets(shares);
        uint256 before = vault.convertToAssets(vault.balanceOf(ALICE));
        assertEq(_redeem(BOB, shares), _less(worth));
        assertApproxEqAbs(vault.convertToAssets(vault.balanceOf(ALICE)) - before, worth - _less(worth), 2);
    }

    function test_a_round_trip_costs_two_buffers() public {
        uint256 shares = _fund(BOB, 10e6);
        assertApproxEqAbs(_redeem(BOB, shares), _less(_less(10e6)), 100);
    }

    function test_previews_include_the_buffer_and_conversions_do_not() public {
        _fund(BOB, 10_000e6);
        assertApproxEqAbs(vault.previewDeposit(1e6), _less(vault.convertToShares(1e6)), 1e6);
        assertApproxEqAbs(_less(vault.previewMint(1e12)), vault.convertToAssets(1e12), 1);
        assertApproxEqAbs(vault.previewRedeem(1e12), _less(vault.convertToAssets(1e12)), 1);
        assertApproxEqAbs(_less(vault.previewWithdraw(1e6)), vault.convertToShares(1e6), 3e6);
    }

    /// @dev Whatever the buffer, and with a jump that is not recognised yet, to the unit.
    function testFuzz_previews_tell_exactly(uint16 bufferBps, uint256 amount, uint256 jump) public {
        Limits memory limits = _limits();
        limits.flowBufferBps = uint16(_bound(bufferBps, 0, policy.MAX_FLOW_BUFFER_BPS()));
        _asCurator(address(policy), abi.encodeCall(Policy.loosen, (limits)));
        _invest(FUNDS / 2);
        _gain(_bound(jump, 0, FUNDS));
        amount = _bound(amount, 1, FUNDS / 4);

        uint256 shares = vault.previewDeposit(amount);
        assertEq(_fund(BOB, amount), shares);
        _mint(BOB, shares); // tells
        uint256 assets = vault.previewRedeem(shares);
        assertEq(_redeem(BOB, shares), assets);
        assets = vault.maxWithdraw(BOB);
        shares = vault.previewWithdraw(assets);
        assertEq(_withdraw(BOB, assets), shares);
    }

    function test_the_buffer_counts_to_the_deposit_cap() public {
        Limits memory limits = _limits();
        limits.maxTotalAssets = uint128(FUNDS + 1_000e6);
        vm.prank(GUARDIAN);
        policy.tighten(limits);
        assertEq(vault.maxDeposit(BOB), 1_000e6);
        uint256 most = vault.maxMint(BOB);
        assertEq(_mint(BOB, most), 1_000e6);
    }

    /// @dev Rounded against whoever comes; with an asset of few decimals a unit is money.
    function test_a_deposit_of_one_unit_buys_nothing() public view {
        assertEq(vault.previewDeposit(1), 0);
        assertEq(vault.previewMint(1), 2);
    }

    // ---- the last to leave

    function test_whoever_redeems_last_leaves_nothing() public {
        _fund(BOB, 10_000e6);
        uint256 paid = _redeemAll(BOB);
        paid += _redeemAll(ALICE);
        assertEq(vault.totalSupply(), 0);
        assertLe(FUNDS + 10_000e6 - paid, 1, "at most one unit");
    }

    function test_whoever_withdraws_last_leaves_nothing() public {
        uint256 all = vault.maxWithdraw(ALICE);
        assertLe(FUNDS - all, 1, "at most one unit");
        assertEq(vault.previewWithdraw(all), vault.totalSupply());
        _withdraw(ALICE, all);
        assertEq(vault.totalSupply(), 0);
    }

    /// @dev What all shares bring with a buffer is less than what they bring without, and there are no more shares.
    function test_the_last_who_withdraws_within_a_buffer_of_all_pays_with_all_shares() public {
        assertLt(vault.previewWithdraw(_less(FUNDS) - 1), vault.totalSupply());
        assertEq(vault.previewWithdraw(_less(FUNDS) + 1e6), vault.totalSupply());
        assertGt(vault.previewWithdraw(FUNDS + 1), vault.totalSupply(), "more than there is");
        _withdraw(ALICE, _less(FUNDS) + 1e6);
        assertEq(vault.totalSupply(), 0);
    }

    function test_whoever_stays_is_left_the_buffer_even_if_it_is_dust() public {
        vm.prank(ALICE);
        vault.transfer(BOB, 1);
        assertEq(_redeemAll(ALICE), _less(FUNDS - 1), "BOB stays");
        assertEq(vault.totalAssets(), FUNDS - _less(FUNDS - 1));
    }

    /// @dev All shares bring all, which is more than the idle cash; all but one leave a buffer, and bring less. That
    /// buffer is nobody's: what a single share owns beside the virtual ones is nothing.
    function test_all_shares_but_one_can_leave_when_idle_cash_lacks_less_than_the_buffer() public {
        _invest(100e6);
        uint256 most = vault.maxRedeem(ALICE);
        assertEq(most, vault.totalSupply() - 1);
        vm.prank(ALICE);
        vm.expectRevert(
            abi.encodeWithSelector(ERC4626.ERC4626ExceededMaxRedeem.selector, ALICE, vault.totalSupply(), most)
        );
        vault.redeem(most + 1, ALICE, ALICE);
        uint256 snapshot = vm.snapshotState();
        assertApproxEqAbs(_redeem(ALICE, most), _less(FUNDS), 1);

        vm.revertToState(snapshot);
        assertEq(vault.maxWithdraw(ALICE), FUNDS - 100e6);
        _withdraw(ALICE, FUNDS - 100e6);
        assertEq(vault.totalSupply(), 0, "all of them, for more");
    }

    function test_a_queue_that_holds_all_shares_is_filled_with_the_idle_cash() public {
        RedemptionQueue queue = new RedemptionQueue(vault);
        _asOwner(address(vault), abi.encodeCall(Vault.setQueue, (IRedemptionQueue(address(queue)))));
        vm.startPrank(ALICE);
        vault.approve(address(queue), type(uint256).max);
        queue.requestRedeem(vault.balanceOf(ALICE), ALICE, ALICE);
        vm.stopPrank();
        _invest(100e6);
        assertGe(usdc.balanceOf(address(queue)), _less(FUNDS) - 1, "the plan fills it");
        _bringHome(100e6);
        queue.fill();
        assertEq(vault.totalSupply(), 0);
        uint256 all = queue.maxWithdraw(ALICE);
        vm.prank(ALICE);
        queue.withdraw(all, ALICE, ALICE);
        assertGe(usdc.balanceOf(ALICE), _less(FUNDS) - 1);
    }

    function testFuzz_what_max_says_can_be_done_and_one_more_cannot(
        uint256 invested,
        uint256 lost,
        uint256 gained,
        bool alone
    ) public {
        if (!alone) _fund(BOB, 1_000e6);
        invested = _bound(invested, 0, FUNDS);
        _invest(invested);
        _lose(_bound(lost, 0, invested));
        _gain(_bound(gained, 0, FUNDS));
        uint256 snapshot = vm.snapshotState();

        uint256 most = vault.maxWithdraw(ALICE);
        vm.startPrank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(ERC4626.ERC4626ExceededMaxWithdraw.selector, ALICE, most + 1, most));
        vault.withdraw(most + 1, ALICE, ALICE);
        vault.withdraw(most, ALICE, ALICE);

        vm.revertToState(snapshot);
        most = vault.maxRedeem(ALICE);
        vm.startPrank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(ERC4626.ERC4626ExceededMaxRedeem.selector, ALICE, most + 1, most));
        vault.redeem(most + 1, ALICE, ALICE);
        vault.redeem(most, ALICE, ALICE);
        vm.stopPrank();
    }
}
