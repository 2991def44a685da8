// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {AttackFixture} from "../helpers/AttackFixture.sol";

/// @notice The feed behind its proxy is exchanged for one of other decimals: the price is wrong by a power of ten.
contract FeedDecimalsTest is AttackFixture {
    function setUp() public override {
        super.setUp();
        _openCarry();
    }

    function test_with_a_second_source_no_power_of_ten_is_believed() public {
        uint256 before = _sharePriceE18();
        for (int256 power = -10; power <= 10; ++power) {
            if (power == 0) continue;
            feed.set(_scaled(power));
            vm.expectRevert();
            vault.checkpoint();
            assertEq(vault.maxDeposit(BOB) + vault.maxRedeem(BOB), 0);
            assertEq(_sharePriceE18(), before);
        }
    }

    function _scaled(int256 power) private pure returns (int256) {
        return power > 0 ? PRICE * int256(10 ** uint256(power)) : PRICE / int256(10 ** uint256(-power));
    }
}

/// @notice Without a second source only the bounds stand against it: twenty times the first price, up and down.
contract FeedDecimalsAloneTest is AttackFixture {
    function _hasPerp() internal pure override returns (bool) {
        return false;
    }

    function setUp() public override {
        super.setUp();
        _openSpot(800_000e6);
    }

    function test_a_hundred_times_too_much_or_too_little_is_out_of_bounds() public {
        int256[4] memory wrong = [PRICE * 1e10, PRICE * 100, PRICE / 100, PRICE / 1e8];
        for (uint256 i; i < wrong.length; ++i) {
            feed.set(wrong[i]);
            vm.expectRevert();
            vault.checkpoint();
            assertEq(vault.maxDeposit(BOB) + vault.maxRedeem(BOB), 0);
        }
    }

    /// @dev Ten times is believed. Nobody leaves with it: shares grow by the hour, and deposits pay for all of it.
    function test_ten_times_too_much_is_believed_and_cannot_be_cashed_in() public {
        uint256 shares = vault.balanceOf(BOB) / 4;
        vault.checkpoint();
        uint256 before = vault.previewRedeem(shares);
        feed.set(PRICE * 10);
        assertEq(vault.previewRedeem(shares), before);
        assertGt(_status().realAssets, 8_000_000e6);
        _wait(1 hours);
        assertLe(vault.previewRedeem(shares), before * 105 / 100);
    }

    /// @dev A tenth is a loss, and latches. Who enters meanwhile takes from the others, which is why a vault that holds
    /// much of one token should have a second source.
    function test_not_perfect_a_tenth_is_believed_latches_and_lets_in_too_cheaply() public {
        feed.set(PRICE / 10);
        vault.checkpoint();
        assertGt(uint8(vault.mode()), 0);
        uint256 shares = _fund(THIEF, 300_000e6);
        feed.set(PRICE);
        for (uint256 i; i < 20; ++i) {
            _wait(6 hours);
            vault.checkpoint();
        }
        assertGt(vault.convertToAssets(shares), 600_000e6);
    }
}
