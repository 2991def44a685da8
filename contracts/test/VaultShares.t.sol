// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";

import {Action, Mode} from "ballast/Plan.sol";
import {Limits, Policy} from "ballast/Policy.sol";
import {Feed, IAggregatorV3, PriceOracle} from "ballast/PriceOracle.sol";
import {Vault} from "ballast/Vault.sol";
import {TestToken} from "sim/TestToken.sol";

import {FeeOnTransferToken} from "./helpers/UnusualTokens.sol";
import {VaultFixture} from "./helpers/VaultFixture.sol";

/// @notice The ERC-4626 face: who can come and go when, at which price, rounded for whom.
contract VaultSharesTest is VaultFixture {
    function _expectDepositRefused() private {
        assertEq(vault.maxDeposit(BOB), 0);
        assertEq(vault.maxMint(BOB), 0);
        vm.startPrank(BOB);
        vm.expectRevert(abi.encodeWithSelector(ERC4626.ERC4626ExceededMaxDeposit.selector, BOB, 1, 0));
        vault.deposit(1, BOB);
        vm.expectRevert(abi.encodeWithSelector(ERC4626.ERC4626ExceededMaxMint.selector, BOB, 1, 0));
        vault.mint(1, BOB);
        vm.stopPrank();
    }

    function _expectExitRefused() private {
        assertEq(vault.maxWithdraw(ALICE), 0);
        assertEq(vault.maxRedeem(ALICE), 0);
        vm.startPrank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(ERC4626.ERC4626ExceededMaxWithdraw.selector, ALICE, 1, 0));
        vault.withdraw(1, ALICE, ALICE);
        vm.expectRevert(abi.encodeWithSelector(ERC4626.ERC4626ExceededMaxRedeem.selector, ALICE, 1, 0));
        vault.redeem(1, ALICE, ALICE);
        vm.stopPrank();
    }

    function _redeemAll(address who) private returns (uint256 assets) {
        uint256 shares = vault.balanceOf(who);
        vm.prank(who);
        assets = vault.redeem(shares, who, who);
    }

    function test_metadata() public view {
        assertEq(vault.name(), "Ballast");
        assertEq(vault.symbol(), "BAL");
        assertEq(vault.decimals(), 12);
        assertEq(vault.asset(), address(usdc));
    }

    function test_deposits_and_redeems_in_full() public {
        assertEq(_redeemAll(ALICE), FUNDS);
        assertEq(vault.totalSupply(), 0);
        assertEq(vault.totalAssets(), 0);
    }

    function test_deposits_are_open_in_active_and_reduce_only_and_shut_when_halted() public {
        assertEq(vault.maxDeposit(BOB), type(uint256).max);
        assertEq(vault.maxMint(BOB), type(uint256).max);
        _setMode(GUARDIAN, Mode.ReduceOnly);
        _fund(BOB, 1e6);
        _setMode(GUARDIAN, Mode.Halted);
        _expectDepositRefused();
    }

    function test_redemption_from_idle_cash_works_in_every_mode() public {
        for (uint8 m; m <= uint8(Mode.Halted); ++m) {
            _setMode(OWNER, Mode(m));
            vm.startPrank(ALICE);
            vault.withdraw(1_000e6, ALICE, ALICE);
            vault.redeem(1_000e12, ALICE, ALICE);
            vm.stopPrank();
        }
        assertEq(usdc.balanceOf(ALICE), 6_000e6);
    }

    function test_a_stale_price_stops_deposits_and_redemptions() public {
        vm.warp(block.timestamp + 3_600);
        assertGt(vault.maxDeposit(BOB), 0, "fresh at the bound");
        assertGt(vault.maxRedeem(ALICE), 0);
        vm.warp(block.timestamp + 1);
        _expectDepositRefused();
        _expectExitRefused();
        assertEq(vault.totalAssets(), FUNDS, "still told");
        vault.status();
    }

    function test_an_invalid_price_stops_deposits_and_redemptions() public {
        feed.set(-1);
        _expectDepositRefused();
        _expectExitRefused();
        feed.setBroken(true);
        _expectDepositRefused();
        _expectExitRefused();
        vault.status();
        feed.setBroken(false);
        feed.set(PRICE);
        _redeemAll(ALICE);
    }

    function test_a_touch_of_the_vault_keeps_the_price_for_when_the_feed_fails() public {
        _run(_trade(long, ONE_BPS, 1_000e6, 0));
        _later(1);
        feed.set(2 * PRICE);
        vault.checkpoint();
        feed.setBroken(true);
        assertEq(vault.totalAssets(), FUNDS + 10e6);
    }

    function test_an_adapter_that_cannot_say_its_value_stops_both_until_it_can() public {
        long.setBroken(true);
        assertEq(vault.maxDeposit(BOB), 0, "max never reverts");
        assertEq(vault.maxRedeem(ALICE), 0);
        vm.startPrank(ALICE);
        vm.expectRevert();
        vault.redeem(1, ALICE, ALICE);
        vm.stopPrank();
        long.setBroken(false);
        _redeemAll(ALICE);
    }

    function test_a_guardian_cannot_stop_exits_by_tightening_the_oracle_age() public {
        Limits memory limits = _limits();
        limits.maxOracleAgeSeconds = 1;
        vm.prank(GUARDIAN);
        policy.tighten(limits);
        vm.warp(block.timestamp + 3_600);
        _expectDepositRefused();
        _redeemAll(ALICE);
    }

    function test_exits_are_limited_to_idle_cash_exactly() public {
        _run(_trade(long, 0, 60_000e6, 0));
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
        assertEq(vault.maxWithdraw(ALICE), 0);
    }

    function test_the_last_holder_can_leave_after_a_loss() public {
        _run(_trade(long, 0, 777e6 + 1, 777e6 + 1));
        assertEq(vault.maxRedeem(ALICE), vault.balanceOf(ALICE));
        _redeemAll(ALICE);
        assertEq(vault.totalSupply(), 0);
    }

    function test_a_gift_to_the_vault_changes_nothing() public {
        uint256 price = vault.convertToAssets(1e12);
        usdc.mint(address(vault), 50_000e6);
        assertEq(vault.totalAssets(), FUNDS);
        assertEq(vault.convertToAssets(1e12), price);
        assertEq(_redeemAll(ALICE), FUNDS);
    }

    /// @dev The attack needs a gift to be counted; here it costs the attacker all of it.
    function testFuzz_a_first_depositor_gains_nothing_by_a_gift(uint256 gift, uint256 victimIn) public {
        gift = _bound(gift, 1, 1e18);
        victimIn = _bound(victimIn, 1e6, 1e15);
        _redeemAll(ALICE);
        _fund(BOB, 1);
        usdc.mint(address(vault), gift);
        _fund(ALICE, victimIn);
        assertGe(_redeemAll(ALICE) + 1, victimIn);
        assertLe(_redeemAll(BOB), 1);
    }

    function test_a_token_that_takes_a_fee_is_refused() public {
        FeeOnTransferToken token = new FeeOnTransferToken();
        oracle = new PriceOracle(address(token), new Feed[](0));
        Vault odd = _newVault(token);
        token.mint(BOB, 100);
        vm.startPrank(BOB);
        token.approve(address(odd), 100);
        vm.expectRevert(abi.encodeWithSelector(Vault.TransferInexact.selector, 99, 100));
        odd.deposit(100, BOB);
        vm.stopPrank();
    }

    function test_a_permit_lets_a_third_party_withdraw() public {
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
    }

    function test_nobody_redeems_the_shares_of_another() public {
        vm.prank(STRANGER);
        vm.expectRevert();
        vault.redeem(1, STRANGER, ALICE);
    }
}

/// @notice Rounding and round trips over the asset's decimals, with profit, loss and partly invested cash.
contract VaultRoundTripTest is VaultFixture {
    uint8[5] private _decimals = [0, 6, 8, 18, 24];
    TestToken private _asset;

    function _build(uint8 decimals, uint256 funds, uint256 invested, uint256 lost) private {
        _asset = new TestToken("ASSET", decimals);
        oracle = new PriceOracle(address(_asset), _feeds(address(weth)));
        vault = _newVault(_asset);
        usdc = _asset;
        long = _newLeg();
        _fund(ALICE, funds);
        _later(60);
        _run(_trade(long, 0, invested, 0));
        // A venue's loss is not a plan's.
        vm.prank(address(long));
        _asset.transfer(address(0xdead), lost);
    }

    /// @dev Every way in, followed by every way out, gives back at most what went in, and previews tell it exactly.
    function testFuzz_no_round_trip_profits(uint256 seed, uint256 amount, uint256 invested, uint256 lost) public {
        uint256 funds = 10 ** uint256(_decimals[seed % 5]) * 1_000_000;
        invested = _bound(invested, 0, funds / 2);
        _build(_decimals[seed % 5], funds, invested, _bound(lost, 0, invested));
        amount = _bound(amount, 1, funds / 4);
        uint256 priceBefore = _priceE36();

        _asset.mint(BOB, funds * 10);
        vm.startPrank(BOB);
        _asset.approve(address(vault), type(uint256).max);
        uint256 paid;
        uint256 shares;
        if (seed % 2 == 0) {
            paid = amount;
            uint256 preview = vault.previewDeposit(amount);
            shares = vault.deposit(amount, BOB);
            assertEq(shares, preview);
        } else {
            shares = vault.convertToShares(amount);
            uint256 preview = vault.previewMint(shares);
            paid = vault.mint(shares, BOB);
            assertEq(paid, preview);
        }
        assertEq(vault.balanceOf(BOB), shares);
        assertGe(_priceE36(), priceBefore, "coming in never lowers the price");

        uint256 received;
        if (seed % 3 == 0) {
            received = vault.maxWithdraw(BOB);
            uint256 preview = vault.previewWithdraw(received);
            assertEq(vault.withdraw(received, BOB, BOB), preview);
        } else {
            uint256 leaving = vault.maxRedeem(BOB);
            uint256 preview = vault.previewRedeem(leaving);
            received = vault.redeem(leaving, BOB, BOB);
            assertEq(received, preview);
        }
        vm.stopPrank();
        assertLe(received, paid, "no profit");
        assertGe(_priceE36(), priceBefore, "leaving never lowers the price");
    }

    /// @dev What `max*` says can be done, and one more cannot.
    function testFuzz_max_is_exact(uint256 seed, uint256 invested, uint256 lost) public {
        uint256 funds = 10 ** uint256(_decimals[seed % 5]) * 1_000_000;
        invested = _bound(invested, 0, funds);
        _build(_decimals[seed % 5], funds, invested, _bound(lost, 0, invested));
        uint256 snapshot = vm.snapshotState();

        vm.startPrank(ALICE);
        uint256 most = vault.maxWithdraw(ALICE);
        vm.expectRevert();
        vault.withdraw(most + 1, ALICE, ALICE);
        vault.withdraw(most, ALICE, ALICE);

        vm.revertToState(snapshot);
        most = vault.maxRedeem(ALICE);
        vm.expectRevert();
        vault.redeem(most + 1, ALICE, ALICE);
        vault.redeem(most, ALICE, ALICE);
        vm.stopPrank();
    }

    function _priceE36() private view returns (uint256) {
        return (vault.totalAssets() + 1) * 1e36 / (vault.totalSupply() + 1e6);
    }
}
