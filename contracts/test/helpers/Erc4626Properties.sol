// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Erc4626Actors} from "./Erc4626Actors.sol";

/// @notice What EIP-4626 asks of every vault, and that nobody profits by going in and out. It knows an address and
/// nothing else of the vault; whoever applies it says how the vault comes into a state.
/// @dev Written for this project: the suites in general use are AGPL. Each property gets a seed for the state, and the
/// amounts. `max*` may be lower than what would work, as the standard allows; here one more must be refused.
abstract contract Erc4626Properties is Erc4626Actors {
    // ---------------------------------------------------------------- views

    function testFuzz_the_asset_is_named_and_totals_are_told(uint256 seed) public inState(seed) {
        assertEq(_vault.asset(), address(_asset));
        _vault.totalAssets();
        assertGt(_vault.totalSupply(), 0);
    }

    function testFuzz_conversions_are_the_same_for_everybody(uint256 seed, uint256 amount) public inState(seed) {
        amount = _bound(amount, 0, type(uint96).max);
        vm.prank(HOLDER);
        uint256 shares = _vault.convertToShares(amount);
        vm.prank(OTHER);
        assertEq(_vault.convertToShares(amount), shares);
        vm.prank(HOLDER);
        uint256 assets = _vault.convertToAssets(amount);
        vm.prank(OTHER);
        assertEq(_vault.convertToAssets(amount), assets);
    }

    function testFuzz_conversions_round_down_and_do_not_fail(uint256 seed, uint256 amount) public inState(seed) {
        amount = _bound(amount, 0, type(uint128).max);
        assertLe(_vault.convertToAssets(_vault.convertToShares(amount)), amount);
        assertLe(_vault.convertToShares(_vault.convertToAssets(amount)), amount);
        assertLe(_vault.convertToShares(amount), _vault.convertToShares(amount + 1));
        assertLe(_vault.convertToAssets(amount), _vault.convertToAssets(amount + 1));
    }

    /// @dev Fees and slippage are in a preview and not in a conversion.
    function testFuzz_previews_are_no_better_than_conversions(uint256 seed, uint256 amount) public inState(seed) {
        amount = _bound(amount, 0, type(uint96).max);
        assertLe(_vault.previewDeposit(amount), _vault.convertToShares(amount));
        assertGe(_vault.previewMint(amount), _vault.convertToAssets(amount));
        assertGe(_vault.previewWithdraw(amount), _vault.convertToShares(amount));
        assertLe(_vault.previewRedeem(amount), _vault.convertToAssets(amount));
    }

    function testFuzz_previews_are_the_same_for_everybody(uint256 seed, uint256 amount) public inState(seed) {
        amount = _bound(amount, 0, type(uint96).max);
        vm.startPrank(HOLDER);
        uint256[4] memory one = _previews(amount);
        vm.startPrank(address(0xD1FFE2E47));
        uint256[4] memory another = _previews(amount);
        vm.stopPrank();
        assertEq(abi.encode(one), abi.encode(another));
    }

    function _previews(uint256 amount) private view returns (uint256[4] memory list) {
        list[0] = _vault.previewDeposit(amount);
        list[1] = _vault.previewMint(amount);
        list[2] = _vault.previewWithdraw(amount);
        list[3] = _vault.previewRedeem(amount);
    }

    // ---------------------------------------------------------------- entering

    function testFuzz_a_deposit_does_what_it_says(uint256 seed, uint256 amount, bool allowAll) public inState(seed) {
        amount = _entry(amount);
        if (!allowAll) _allowAsset(amount);
        uint256 preview = _vault.previewDeposit(amount);
        uint256 paid = _asset.balanceOf(CALLER);
        uint256 had = _vault.balanceOf(RECEIVER);
        vm.expectEmit(true, true, false, false, address(_vault));
        emit IERC4626.Deposit(CALLER, RECEIVER, 0, 0);
        vm.prank(CALLER);
        uint256 shares = _vault.deposit(amount, RECEIVER);
        assertGe(shares, preview, "a preview promises no more");
        assertEq(paid - _asset.balanceOf(CALLER), amount);
        assertEq(_vault.balanceOf(RECEIVER) - had, shares);
        if (!allowAll) assertEq(_asset.allowance(CALLER, address(_vault)), 0);
    }

    function testFuzz_a_mint_does_what_it_says(uint256 seed, uint256 amount, bool allowAll) public inState(seed) {
        uint256 shares = _entryShares(amount);
        uint256 preview = _vault.previewMint(shares);
        if (!allowAll) _allowAsset(preview);
        uint256 paid = _asset.balanceOf(CALLER);
        uint256 had = _vault.balanceOf(RECEIVER);
        vm.expectEmit(true, true, false, false, address(_vault));
        emit IERC4626.Deposit(CALLER, RECEIVER, 0, 0);
        vm.prank(CALLER);
        uint256 assets = _vault.mint(shares, RECEIVER);
        assertLe(assets, preview, "a preview asks for no less");
        assertEq(paid - _asset.balanceOf(CALLER), assets);
        assertEq(_vault.balanceOf(RECEIVER) - had, shares);
        if (!allowAll) assertEq(_asset.allowance(CALLER, address(_vault)), preview - assets);
    }

    function _allowAsset(uint256 amount) private {
        vm.prank(CALLER);
        _asset.approve(address(_vault), amount);
    }

    function testFuzz_nobody_enters_with_the_assets_of_another(uint256 seed, uint256 amount) public inState(seed) {
        amount = _entry(amount); // the vault may take it from others
        uint256 shares = _vault.previewDeposit(amount);
        vm.startPrank(PENNILESS);
        vm.expectRevert();
        _vault.deposit(amount, PENNILESS);
        if (shares != 0) vm.expectRevert();
        _vault.mint(shares, PENNILESS);
        vm.stopPrank();
    }

    // ---------------------------------------------------------------- leaving

    function testFuzz_a_withdrawal_does_what_it_says(uint256 seed, uint256 amount) public inState(seed) {
        amount = _exit(amount);
        uint256 preview = _vault.previewWithdraw(amount);
        uint256 had = _vault.balanceOf(HOLDER);
        vm.expectEmit(true, true, true, false, address(_vault));
        emit IERC4626.Withdraw(HOLDER, RECEIVER, HOLDER, 0, 0);
        vm.prank(HOLDER);
        uint256 shares = _vault.withdraw(amount, RECEIVER, HOLDER);
        assertLe(shares, preview, "a preview asks for no less");
        assertEq(_asset.balanceOf(RECEIVER), amount);
        assertEq(had - _vault.balanceOf(HOLDER), shares);
    }

    function testFuzz_a_redemption_does_what_it_says(uint256 seed, uint256 amount) public inState(seed) {
        uint256 shares = _exitShares(amount);
        uint256 preview = _vault.previewRedeem(shares);
        uint256 had = _vault.balanceOf(HOLDER);
        vm.expectEmit(true, true, true, false, address(_vault));
        emit IERC4626.Withdraw(HOLDER, RECEIVER, HOLDER, 0, 0);
        vm.prank(HOLDER);
        uint256 assets = _vault.redeem(shares, RECEIVER, HOLDER);
        assertGe(assets, preview, "a preview promises no more");
        assertEq(_asset.balanceOf(RECEIVER), assets);
        assertEq(had - _vault.balanceOf(HOLDER), shares);
    }

    function testFuzz_who_leaves_for_another_spends_his_allowance(uint256 seed, uint256 amount, bool infinite)
        public
        inState(seed)
    {
        uint256 assets = _exit(amount);
        uint256 allowed = infinite ? type(uint256).max : _vault.previewWithdraw(assets);
        vm.prank(HOLDER);
        _vault.approve(CALLER, allowed);
        vm.prank(CALLER);
        uint256 shares = _vault.withdraw(assets, CALLER, HOLDER);
        assertEq(_vault.allowance(HOLDER, CALLER), infinite ? allowed : allowed - shares);

        shares = _exitShares(_other(amount));
        if (!infinite) allowed = shares;
        vm.prank(HOLDER);
        _vault.approve(CALLER, allowed);
        vm.prank(CALLER);
        _vault.redeem(shares, CALLER, HOLDER);
        assertEq(_vault.allowance(HOLDER, CALLER), infinite ? allowed : 0);
    }

    function testFuzz_nobody_leaves_with_the_shares_of_another(uint256 seed, uint256 amount) public inState(seed) {
        uint256 shares = _exitShares(amount);
        uint256 assets = _exit(_other(amount));
        uint256 needed = _vault.previewWithdraw(assets);
        vm.assume(shares != 0 && needed != 0);
        vm.prank(HOLDER);
        _vault.approve(CALLER, Math.min(shares, needed) - 1);
        vm.startPrank(CALLER);
        vm.expectRevert();
        _vault.redeem(shares, CALLER, HOLDER);
        vm.expectRevert();
        _vault.withdraw(assets, CALLER, HOLDER);
        vm.stopPrank();
    }

    // ---------------------------------------------------------------- the most

    function testFuzz_the_most_can_be_deposited_and_no_more(uint256 seed) public inState(seed) {
        uint256 most = _vault.maxDeposit(RECEIVER);
        vm.startPrank(CALLER);
        if (most < type(uint128).max) {
            vm.expectRevert();
            _vault.deposit(most + 1, RECEIVER);
        }
        _vault.deposit(Math.min(most, type(uint128).max), RECEIVER);
        vm.stopPrank();
    }

    function testFuzz_the_most_can_be_minted_and_much_more_cannot(uint256 seed) public inState(seed) {
        uint256 most = _vault.maxMint(RECEIVER);
        vm.startPrank(CALLER);
        // A unit of the asset may buy many shares, so that the next unit begins only there.
        uint256 unit = _vault.convertToShares(2) + 2;
        if (most < type(uint256).max - unit) {
            vm.expectRevert();
            _vault.mint(most + unit, RECEIVER);
        }
        _vault.mint(most, RECEIVER);
        vm.stopPrank();
    }

    function testFuzz_the_most_can_be_withdrawn_and_no_more(uint256 seed, bool alone) public inState(seed) {
        if (alone) _redeemAs(OTHER, _vault.maxRedeem(OTHER));
        uint256 most = _vault.maxWithdraw(HOLDER);
        vm.startPrank(HOLDER);
        vm.expectRevert();
        _vault.withdraw(most + 1, HOLDER, HOLDER);
        _vault.withdraw(most, HOLDER, HOLDER);
        vm.stopPrank();
    }

    function testFuzz_the_most_can_be_redeemed_and_no_more(uint256 seed, bool alone) public inState(seed) {
        if (alone) _redeemAs(OTHER, _vault.maxRedeem(OTHER));
        uint256 most = _vault.maxRedeem(HOLDER);
        vm.startPrank(HOLDER);
        vm.expectRevert();
        _vault.redeem(most + 1, HOLDER, HOLDER);
        _vault.redeem(most, HOLDER, HOLDER);
        vm.stopPrank();
    }

    // ---------------------------------------------------------------- round trips, all eight

    function testFuzz_deposit_then_redeem(uint256 seed, uint256 amount) public inState(seed) {
        amount = _entry(amount);
        uint256 shares = _depositAs(CALLER, amount);
        assertLe(_redeemAs(CALLER, Math.min(shares, _vault.maxRedeem(CALLER))), amount);
    }

    function testFuzz_deposit_then_withdraw(uint256 seed, uint256 amount) public inState(seed) {
        amount = _entry(amount);
        uint256 shares = _depositAs(CALLER, amount);
        assertGe(_vault.previewWithdraw(amount), shares, "as much back would take at least the shares");
        assertLe(_vault.maxWithdraw(CALLER), amount);
        _withdrawAs(CALLER, _vault.maxWithdraw(CALLER));
    }

    function testFuzz_mint_then_redeem(uint256 seed, uint256 amount) public inState(seed) {
        uint256 shares = _entryShares(amount);
        uint256 assets = _mintAs(CALLER, shares);
        assertLe(_redeemAs(CALLER, Math.min(shares, _vault.maxRedeem(CALLER))), assets);
    }

    function testFuzz_mint_then_withdraw(uint256 seed, uint256 amount) public inState(seed) {
        uint256 shares = _entryShares(amount);
        uint256 assets = _mintAs(CALLER, shares);
        assertGe(_vault.previewWithdraw(assets), shares, "as much back would take at least the shares");
        assertLe(_vault.maxWithdraw(CALLER), assets);
        _withdrawAs(CALLER, _vault.maxWithdraw(CALLER));
    }

    function testFuzz_redeem_then_deposit(uint256 seed, uint256 amount) public inState(seed) {
        uint256 shares = _exitShares(amount);
        uint256 assets = _redeemAs(HOLDER, shares);
        vm.assume(_vault.totalSupply() != 0);
        assertLe(_depositAs(HOLDER, assets), shares);
    }

    function testFuzz_redeem_then_mint(uint256 seed, uint256 amount) public inState(seed) {
        uint256 shares = _exitShares(amount);
        uint256 assets = _redeemAs(HOLDER, shares);
        vm.assume(_vault.totalSupply() != 0);
        assertGe(_mintAs(HOLDER, shares), assets);
    }

    function testFuzz_withdraw_then_deposit(uint256 seed, uint256 amount) public inState(seed) {
        uint256 assets = _exit(amount);
        uint256 shares = _withdrawAs(HOLDER, assets);
        vm.assume(_vault.totalSupply() != 0);
        assertLe(_depositAs(HOLDER, assets), shares);
    }

    function testFuzz_withdraw_then_mint(uint256 seed, uint256 amount) public inState(seed) {
        uint256 assets = _exit(amount);
        uint256 shares = _withdrawAs(HOLDER, assets);
        vm.assume(_vault.totalSupply() != 0);
        assertGe(_mintAs(HOLDER, shares), assets);
    }

    // ---------------------------------------------------------------- the others

    /// @dev Whoever stays owns as much after somebody came or went as before.
    function testFuzz_coming_and_going_takes_nothing_from_others(uint256 seed, uint256 amount, uint8 way)
        public
        inState(seed)
    {
        uint256 shares = _vault.balanceOf(OTHER);
        uint256 before = _vault.convertToAssets(shares);
        if (way % 4 == 0) _depositAs(HOLDER, _entry(amount));
        else if (way % 4 == 1) _mintAs(HOLDER, _entryShares(amount));
        else if (way % 4 == 2) _withdrawAs(HOLDER, _exit(amount));
        else _redeemAs(HOLDER, _exitShares(amount));
        assertGe(_vault.convertToAssets(shares), before);
    }

    function testFuzz_all_that_holders_are_promised_is_there(uint256 seed) public inState(seed) {
        uint256 promised = _vault.convertToAssets(_vault.balanceOf(OTHER));
        promised += _vault.convertToAssets(_vault.balanceOf(HOLDER));
        assertLe(promised, _vault.totalAssets());
    }

    /// @dev A second amount out of the first.
    function _other(uint256 seed) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed)));
    }
}
