// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Action, Mode} from "src/Plan.sol";
import {Vault} from "src/Vault.sol";
import {Fees, VaultBook} from "src/VaultBook.sol";

import {SharesFixture} from "./helpers/SharesFixture.sol";

/// @notice What is charged, from when, on what, and what never is.
contract VaultFeesTest is SharesFixture {
    using Math for uint256;

    uint256 private constant YEAR = 365 days;

    function setUp() public override {
        super.setUp();
        _invest(50_000e6);
    }

    function _collected() private view returns (uint256) {
        return vault.balanceOf(COLLECTOR);
    }

    /// @dev Shares that are worth `feeAssets` once all have paid them.
    function _sharesFor(uint256 feeAssets, uint256 assets, uint256 supply) private pure returns (uint256) {
        return feeAssets.mulDiv(supply + VIRTUAL_SHARES, assets + 1 - feeAssets);
    }

    // ---- how much

    function test_the_management_fee_is_a_part_of_the_assets_per_year() public {
        _setFees(200, 0);
        uint256 supply = vault.totalSupply();
        _later(73 days);
        vault.checkpoint();
        assertEq(_collected(), _sharesFor(FUNDS * 2 / 100 / 5, FUNDS, supply));
        assertApproxEqAbs(vault.convertToAssets(_collected()), 400e6, 1, "worth just that");
        assertApproxEqAbs(vault.convertToAssets(vault.balanceOf(ALICE)), FUNDS - 400e6, 1, "paid by the others");
    }

    function test_the_performance_fee_is_a_part_of_what_the_share_price_rose() public {
        _setFees(0, 2_000);
        uint256 supply = vault.totalSupply();
        _gain(10_000e6);
        _later(1 days);
        vault.checkpoint();
        assertApproxEqAbs(_collected(), _sharesFor(2_000e6, FUNDS + 10_000e6, supply), 1e6);
        assertApproxEqAbs(vault.convertToAssets(_collected()), 2_000e6, 2);
    }

    function test_the_performance_fee_is_taken_on_what_the_management_fee_leaves() public {
        _setFees(100, 1_000);
        _gain(10_000e6);
        _later(YEAR);
        vault.checkpoint();
        uint256 management = 1_100e6;
        assertApproxEqAbs(vault.convertToAssets(_collected()), management + (10_000e6 - management) / 10, 2);
    }

    /// @dev To the share, whatever the rates, the gain and the time.
    function testFuzz_minted_shares_equal_the_formula(uint16 management, uint16 performance, uint256 gain, uint256 time)
        public
    {
        management = uint16(_bound(management, 0, vault.MAX_MANAGEMENT_FEE_BPS()));
        performance = uint16(_bound(performance, 0, vault.MAX_PERFORMANCE_FEE_BPS()));
        _setFees(management, performance);
        uint256 mark = _sharePrice();
        uint256 supply = vault.totalSupply();
        _gain(_bound(gain, 0, FUNDS));
        time = _bound(time, 0, 3 * YEAR);
        _later(time);

        uint256 assets = vault.totalAssets();
        uint256 feeAssets = assets * management * Math.min(time, YEAR) / (BPS * YEAR);
        uint256 price = (assets + 1 - feeAssets) * 1e24 / (supply + VIRTUAL_SHARES);
        if (price > mark) feeAssets += (price - mark) * (supply + VIRTUAL_SHARES) / 1e20 * performance / 1e8;
        vault.checkpoint();
        assertApproxEqAbs(_collected(), _sharesFor(feeAssets, assets, supply), 1);
        assertApproxEqAbs(vault.convertToAssets(_collected()), feeAssets, 2, "worth what was charged");
        assertLe(_collected(), vault.totalSupply() * 35 / 100, "the ceilings of a year");
    }

    function test_the_ceilings_are_fixed() public {
        assertEq(vault.MAX_MANAGEMENT_FEE_BPS(), 500);
        assertEq(vault.MAX_PERFORMANCE_FEE_BPS(), 3_000);
        _setFees(500, 3_000);
        _expectRefused(Fees(501, 0, COLLECTOR), abi.encodeWithSelector(Vault.FeeTooHigh.selector, 501, 500));
        _expectRefused(Fees(0, 3_001, COLLECTOR), abi.encodeWithSelector(Vault.FeeTooHigh.selector, 3_001, 3_000));
        (uint16 management, uint16 performance, address recipient) = vault.fees();
        assertEq(management, 500);
        assertEq(performance, 3_000);
        assertEq(recipient, COLLECTOR);
    }

    function _expectRefused(Fees memory fees, bytes memory reason) private {
        bytes memory data = abi.encodeCall(Vault.setFees, (fees));
        vm.prank(CURATOR);
        authority.schedule(address(vault), data, 0);
        _later(DELAY);
        vm.prank(CURATOR);
        vm.expectRevert(reason);
        authority.execute(address(vault), data);
    }

    // ---- when

    function test_fees_are_taken_at_every_entry() public {
        _setFees(200, 1_000);
        _gain(1_000e6);
        _allow(BOB, 10e6);
        vm.prank(GUARDIAN);
        vault.makeSafer(Mode.ReduceOnly);
        bytes memory activate = abi.encodeCall(Vault.activate, ());
        vm.prank(OWNER);
        authority.schedule(address(vault), activate, 0);
        _later(5 days);
        uint256 owed = _status().totalSupply - vault.totalSupply();
        assertGt(owed, 0);

        _expectTaken(owed, BOB, address(vault), abi.encodeCall(vault.deposit, (1e6, BOB)));
        _expectTaken(owed, BOB, address(vault), abi.encodeCall(vault.mint, (1e12, BOB)));
        _expectTaken(owed, ALICE, address(vault), abi.encodeCall(vault.withdraw, (1e6, ALICE, ALICE)));
        _expectTaken(owed, ALICE, address(vault), abi.encodeCall(vault.redeem, (1e12, ALICE, ALICE)));
        _expectTaken(owed, STRANGER, address(vault), abi.encodeCall(Vault.checkpoint, ()));
        _expectTaken(owed, STRANGER, address(vault), abi.encodeCall(Vault.unwind, (1)));
        _expectTaken(owed, AGENT, address(vault), abi.encodeCall(Vault.rebalance, (_plan(new Action[](0)))));
        _expectTaken(owed, OWNER, address(authority), abi.encodeCall(authority.execute, (address(vault), activate)));
        _expectTaken(0, AGENT, address(vault), abi.encodeCall(Vault.heartbeat, ()));
    }

    function _expectTaken(uint256 shares, address caller, address target, bytes memory data) private {
        uint256 snapshot = vm.snapshotState();
        if (shares != 0) {
            vm.expectEmit(address(vault));
            emit VaultBook.FeesTaken(shares, COLLECTOR);
        }
        vm.prank(caller);
        (bool done,) = target.call(data);
        assertTrue(done);
        assertEq(_collected(), shares);
        vm.revertToState(snapshot);
    }

    function test_fees_are_taken_once_for_each_second() public {
        _setFees(200, 1_000);
        _gain(1_000e6);
        _later(1 days);
        vault.checkpoint();
        uint256 once = _collected();
        assertGt(once, 0);
        vault.checkpoint();
        _fund(BOB, 1e6);
        assertEq(_collected(), once);
    }

    function test_a_year_of_silence_is_charged_at_most() public {
        _setFees(500, 3_000);
        _later(YEAR);
        uint256 snapshot = vm.snapshotState();
        vault.checkpoint();
        uint256 ofAYear = _collected();
        assertApproxEqAbs(vault.convertToAssets(ofAYear), 5_000e6, 1);
        vm.revertToState(snapshot);
        _later(20 * YEAR);
        vault.checkpoint();
        assertEq(_collected(), ofAYear);
    }

    // ---- on what

    function test_a_recovered_loss_is_not_charged() public {
        _setFees(0, 2_000);
        _lose(10_000e6);
        vault.checkpoint();
        _gain(10_000e6);
        _later(1 days);
        vault.checkpoint();
        assertEq(_collected(), 0, "back where it was");
        _gain(1_000e6);
        _later(1 days);
        vault.checkpoint();
        assertApproxEqAbs(vault.convertToAssets(_collected()), 200e6, 2, "only what is above it");
        _lose(500e6);
        vault.checkpoint();
        uint256 before = _collected();
        _gain(300e6);
        _later(1 days);
        vault.checkpoint();
        assertEq(_collected(), before, "nor the next time");
    }

    function test_returning_to_active_keeps_the_mark() public {
        _setFees(0, 2_000);
        _lose(10_000e6);
        vault.checkpoint();
        _activate();
        assertApproxEqAbs(_status().highWaterMarkE18, 0.9e18, 1e6, "losses are measured from here now");
        _gain(10_000e6);
        _later(1 days);
        vault.checkpoint();
        assertEq(_collected(), 0);
    }

    function test_the_mark_is_per_share_so_that_deposits_are_no_gain() public {
        _setFees(0, 3_000);
        _fund(BOB, 900_000e6);
        _redeem(BOB, 500_000e12);
        _later(1 days);
        vault.checkpoint();
        assertEq(_collected(), 0);
    }

    function test_a_jump_is_charged_as_it_is_recognised() public {
        _setFees(0, 2_000);
        vault.checkpoint();
        _gain(300_000e6);
        vault.checkpoint();
        assertEq(_collected(), 0, "not yet");
        _later(1 days); // it may double
        vault.checkpoint();
        assertApproxEqAbs(vault.convertToAssets(_collected()), 20_000e6, 2);
    }

    function test_the_mark_starts_anew_once_nobody_was_left() public {
        _setFees(0, 2_000);
        _gain(10_000e6);
        _bringHome(60_000e6);
        _later(1 days);
        vault.checkpoint();
        _redeemAll(COLLECTOR);
        _redeemAll(ALICE);
        assertEq(vault.totalSupply(), 0);
        _later(1 days);
        _fund(BOB, FUNDS);
        assertApproxEqAbs(_sharePrice(), 1e18, 2e18, "one unit may have stayed");
        uint256 before = _collected();
        _later(1 days);
        vault.checkpoint();
        assertEq(_collected(), before, "the old gain is not his");
        _invest(10e6);
        _gain(10_000e6);
        _later(1 days);
        vault.checkpoint();
        assertApproxEqAbs(vault.convertToAssets(_collected()), 2_000e6, 2, "nor is the new one free");
    }

    function test_an_empty_vault_owes_no_fee() public {
        _setFees(500, 3_000);
        _bringHome(50_000e6);
        _later(1);
        _redeemAll(ALICE);
        _redeemAll(COLLECTOR);
        _gain(1_000e6);
        _later(YEAR);
        vault.checkpoint();
        assertEq(vault.totalSupply(), 0);
    }

    // ---- for whom

    function test_nothing_is_charged_without_a_recipient() public {
        _setFees(Fees(500, 3_000, address(0)));
        _gain(10_000e6);
        _later(YEAR);
        vault.checkpoint();
        assertEq(vault.totalSupply(), FUNDS * VIRTUAL_SHARES);
    }

    function test_a_new_recipient_gets_nothing_for_the_time_before() public {
        _gain(10_000e6);
        _later(YEAR);
        _setFees(500, 3_000);
        vault.checkpoint();
        assertEq(_collected(), 0);
    }

    function test_a_change_of_rates_takes_the_old_fee_first() public {
        _setFees(500, 3_000);
        _gain(10_000e6);
        _later(73 days);
        uint256 snapshot = vm.snapshotState();
        _later(DELAY);
        vault.checkpoint();
        uint256 owed = _collected();
        vm.revertToState(snapshot);
        _setFees(0, 0);
        assertEq(_collected(), owed);
        _later(YEAR);
        vault.checkpoint();
        assertEq(_collected(), owed, "nothing any more");
    }

    // ---- what others see of it

    function test_previews_include_the_fees_that_are_owed() public {
        _setFees(500, 3_000);
        _gain(10_000e6);
        _later(73 days);
        uint256 redeemed = vault.previewRedeem(1_000e12);
        uint256 withdrawn = vault.previewWithdraw(1_000e6);
        uint256 deposited = vault.previewDeposit(1_000e6);
        uint256 told = vault.convertToAssets(1e12);
        assertLt(told, 1.1e6, "less than without fees");

        uint256 snapshot = vm.snapshotState();
        assertEq(_redeem(ALICE, 1_000e12), redeemed);
        vm.revertToState(snapshot);
        assertEq(_withdraw(ALICE, 1_000e6), withdrawn);
        vm.revertToState(snapshot);
        assertEq(_fund(BOB, 1_000e6), deposited);
        vm.revertToState(snapshot);
        _mint(BOB, 1_000e12); // compares
        vm.revertToState(snapshot);
        vault.checkpoint();
        assertEq(vault.convertToAssets(1e12), told, "taking them changes nothing for anybody");
    }

    function test_the_last_holder_leaves_the_recipient_his_part() public {
        _setFees(500, 0);
        _bringHome(50_000e6);
        _later(YEAR);
        assertApproxEqAbs(_redeemAll(ALICE), 95_000e6, 1e3);
        assertApproxEqAbs(_redeemAll(COLLECTOR), 5_000e6, 1e3);
        assertEq(vault.totalSupply(), 0);
    }
}
