// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";

import {Limits} from "src/Limits.sol";
import {Action, Mode} from "src/Plan.sol";
import {PriceOracle} from "src/PriceOracle.sol";
import {Vault} from "src/Vault.sol";

import {SharesFixture} from "./helpers/SharesFixture.sol";

/// @notice The ERC-4626 face: who can come and go, when, and how much at most.
contract VaultSharesTest is SharesFixture {
    function _assertEntryShut() private view {
        assertEq(vault.maxDeposit(BOB), 0, "max deposit");
        assertEq(vault.maxMint(BOB), 0, "max mint");
    }

    function _assertExitShut() private view {
        assertEq(vault.maxWithdraw(ALICE), 0, "max withdraw");
        assertEq(vault.maxRedeem(ALICE), 0, "max redeem");
    }

    function _expectEntryRefused(bytes memory reason) private {
        _assertEntryShut();
        vm.startPrank(BOB);
        vm.expectRevert(reason);
        vault.deposit(1, BOB);
        vm.expectRevert(reason);
        vault.mint(1e6, BOB);
        vm.stopPrank();
    }

    function _expectExitRefused(bytes memory reason) private {
        _assertExitShut();
        vm.startPrank(ALICE);
        vm.expectRevert(reason);
        vault.withdraw(1, ALICE, ALICE);
        vm.expectRevert(reason);
        vault.redeem(1, ALICE, ALICE);
        vm.stopPrank();
    }

    function _exceedsDeposit(uint256 assets, uint256 room) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ERC4626.ERC4626ExceededMaxDeposit.selector, BOB, assets, room);
    }

    function _stale(uint256 age, uint256 bound_) private view returns (bytes memory) {
        return abi.encodeWithSelector(PriceOracle.OracleStale.selector, address(weth), age, bound_);
    }

    function test_metadata() public view {
        assertEq(vault.name(), "Ballast");
        assertEq(vault.symbol(), "BAL");
        assertEq(vault.decimals(), 12);
        assertEq(vault.asset(), address(usdc));
        assertEq(vault.balanceOf(ALICE), FUNDS * VIRTUAL_SHARES);
    }

    // ---- modes

    function test_deposits_are_open_in_active_and_reduce_only_and_shut_when_halted() public {
        assertEq(vault.maxDeposit(BOB), type(uint128).max - FUNDS);
        _makeSafer(Mode.ReduceOnly);
        _fund(BOB, 1e6);
        _mint(BOB, 1e12);
        _makeSafer(Mode.Halted);
        _expectEntryRefused(_exceedsDeposit(1, 0));
    }

    function test_redemption_from_idle_cash_works_in_every_mode() public {
        for (uint8 m; m <= uint8(Mode.Halted); ++m) {
            if (m != 0) _makeSafer(Mode(m));
            _withdraw(ALICE, 1_000e6);
            _redeem(ALICE, 1_000e12);
        }
        assertEq(usdc.balanceOf(ALICE), 6_000e6);
    }

    // ---- prices and venues

    function test_a_stale_price_stops_deposits_and_redemptions() public {
        vm.warp(block.timestamp + 3_600);
        assertGt(vault.maxDeposit(BOB), 0, "fresh at the bound");
        assertGt(vault.maxRedeem(ALICE), 0);
        vm.warp(block.timestamp + 1);
        _expectEntryRefused(_stale(3_601, 3_600));
        _expectExitRefused(_stale(3_601, 3_600));
        assertEq(vault.totalAssets(), FUNDS, "still told");
        assertEq(vault.previewRedeem(1e12), 1e6);
    }

    function test_an_invalid_price_stops_deposits_and_redemptions_until_it_is_back() public {
        feed.set(-1);
        bytes memory invalid = abi.encodeWithSelector(PriceOracle.OraclePriceInvalid.selector, address(weth), -1);
        _expectEntryRefused(invalid);
        _expectExitRefused(invalid);
        assertEq(vault.totalAssets(), FUNDS, "still told");
        feed.set(PRICE);
        _redeemAll(ALICE);
    }

    function test_a_guardian_who_tightens_the_price_age_stops_deposits_and_no_exit() public {
        Limits memory limits = _limits();
        limits.maxOracleAgeSeconds = 1;
        vm.prank(GUARDIAN);
        policy.tighten(limits);
        vm.warp(block.timestamp + 3_600);
        _expectEntryRefused(_stale(3_600, 1));
        _redeemAll(ALICE);
    }

    function test_a_touch_of_the_vault_keeps_the_price_for_when_the_feed_fails() public {
        _run(_trade(long, ONE_BPS, 1_000e6, 0));
        _later(1 days);
        feed.set(2 * PRICE);
        vault.checkpoint();
        feed.setBroken(true);
        assertEq(vault.totalAssets(), FUNDS + 10e6);
    }

    function test_a_venue_that_cannot_say_its_value_stops_both_until_it_can() public {
        long.setBroken(true);
        _expectEntryRefused("venue down");
        _expectExitRefused("venue down");
        long.setBroken(false);
        _redeemAll(ALICE);
    }

    function test_max_answers_zero_inside_the_lock() public {
        _run(Action(address(long), 0, long.call(address(this), abi.encodeCall(this.requireAllShut, ()))));
        assertGt(vault.maxRedeem(ALICE), 0, "and opens after it");
    }

    function requireAllShut() external view {
        _assertEntryShut();
        _assertExitShut();
    }

    // ---- the deposit cap

    function _cap(uint128 maxTotalAssets) private {
        Limits memory limits = _limits();
        limits.maxTotalAssets = maxTotalAssets;
        vm.prank(GUARDIAN);
        policy.tighten(limits);
    }

    function test_deposits_and_mints_stop_at_the_cap() public {
        _cap(uint128(FUNDS + 1_000e6));
        assertEq(vault.maxDeposit(BOB), 1_000e6);
        assertEq(vault.maxMint(BOB), 1_000e12);

        _allow(BOB, 2_000e6);
        vm.startPrank(BOB);
        vm.expectRevert(_exceedsDeposit(1_000e6 + 1, 1_000e6));
        vault.deposit(1_000e6 + 1, BOB);
        vm.expectRevert(_exceedsDeposit(1_000e6 + 1, 1_000e6));
        vault.mint(1_000e12 + 1, BOB);
        vault.mint(1_000e12, BOB);
        vm.stopPrank();
        _expectEntryRefused(_exceedsDeposit(1, 0));
    }

    function test_the_cap_counts_what_is_there_and_leaves_exits_open() public {
        _invest(50_000e6);
        _cap(uint128(FUNDS));
        _assertEntryShut();
        _gain(1_000e6);
        _assertEntryShut();
        _redeem(ALICE, 2_000e12);
        assertEq(vault.maxDeposit(BOB), 1_000e6, "2,000 left, 1,000 were gained");
    }

    // ---- how much can leave

    function test_exits_are_limited_to_idle_cash_exactly() public {
        _invest(60_000e6);
        assertEq(vault.maxWithdraw(ALICE), 40_000e6);
        uint256 shares = vault.maxRedeem(ALICE);
        assertLt(shares, vault.balanceOf(ALICE));

        vm.startPrank(ALICE);
        vm.expectRevert(
            abi.encodeWithSelector(ERC4626.ERC4626ExceededMaxWithdraw.selector, ALICE, 40_000e6 + 1, 40_000e6)
        );
        vault.withdraw(40_000e6 + 1, ALICE, ALICE);
        vm.expectRevert(abi.encodeWithSelector(ERC4626.ERC4626ExceededMaxRedeem.selector, ALICE, shares + 1, shares));
        vault.redeem(shares + 1, ALICE, ALICE);
        assertEq(vault.redeem(shares, ALICE, ALICE), 40_000e6);
        vm.stopPrank();
        assertEq(vault.idleAssets(), 0);
        _assertExitShut();
    }

    function test_everybody_leaves_to_the_last_unit() public {
        _fund(BOB, 33_333_333_333);
        _invest(50_000e6);
        _lose(777e6 + 1);
        uint256 left = FUNDS + 33_333_333_333 - 777e6 - 1;
        assertEq(vault.totalAssets(), left);
        _bringHome(50_000e6 - 777e6 - 1);

        uint256 paid = _redeemAll(BOB);
        paid += _redeemAll(ALICE);
        assertEq(vault.totalSupply(), 0);
        assertLe(left - paid, 1, "at most one unit stays behind");
    }

    function test_who_has_nothing_can_take_nothing() public {
        assertEq(vault.maxWithdraw(BOB), 0);
        assertEq(vault.maxRedeem(BOB), 0);
        assertEq(_redeem(BOB, 0), 0);
        assertEq(_withdraw(BOB, 0), 0);
    }

    // ---- in whose name

    function test_shares_and_assets_go_to_the_receiver() public {
        _allow(BOB, 1_000e6);
        vm.startPrank(BOB);
        vault.deposit(500e6, STRANGER);
        vault.mint(500e12, STRANGER);
        vm.stopPrank();
        assertEq(vault.balanceOf(STRANGER), 1_000e12);
        vm.startPrank(STRANGER);
        vault.withdraw(400e6, BOB, STRANGER);
        vault.redeem(600e12, BOB, STRANGER);
        vm.stopPrank();
        assertEq(usdc.balanceOf(BOB), 1_000e6);
    }

    function test_nobody_redeems_the_shares_of_another_without_an_allowance() public {
        bytes memory refused =
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, STRANGER, 0, 1e6);
        vm.startPrank(STRANGER);
        vm.expectRevert(refused);
        vault.redeem(1e6, STRANGER, ALICE);
        vm.expectRevert(refused);
        vault.withdraw(1, STRANGER, ALICE);
        vm.stopPrank();
    }

    function test_an_allowance_falls_by_exactly_the_shares_and_an_infinite_one_stays() public {
        vm.prank(ALICE);
        vault.approve(STRANGER, 3e12);
        vm.startPrank(STRANGER);
        vault.redeem(1e12, STRANGER, ALICE);
        assertEq(vault.allowance(ALICE, STRANGER), 2e12);
        vault.withdraw(2e6, STRANGER, ALICE);
        assertEq(vault.allowance(ALICE, STRANGER), 0);
        vm.stopPrank();

        vm.prank(ALICE);
        vault.approve(STRANGER, type(uint256).max);
        vm.prank(STRANGER);
        vault.redeem(1e12, STRANGER, ALICE);
        assertEq(vault.allowance(ALICE, STRANGER), type(uint256).max);
    }

    function test_a_permit_lets_a_third_party_redeem_once() public {
        (address holder, uint256 key) = makeAddrAndKey("holder");
        uint256 shares = _fund(holder, 1_000e6);
        bytes32 message = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                holder,
                STRANGER,
                shares,
                0,
                block.timestamp
            )
        );
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(key, keccak256(abi.encodePacked(hex"1901", vault.DOMAIN_SEPARATOR(), message)));
        vault.permit(holder, STRANGER, shares, block.timestamp, v, r, s);
        vm.prank(STRANGER);
        assertEq(vault.redeem(shares, STRANGER, holder), 1_000e6);
        vm.expectRevert();
        vault.permit(holder, STRANGER, shares, block.timestamp, v, r, s);
    }
}
