// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Mode} from "src/Plan.sol";
import {VaultBook} from "src/VaultBook.sol";

import {CoreFixture} from "./CoreFixture.sol";
import {PlanLogs} from "./PlanLogs.sol";

/// @notice A vault whose share price follows a token's, so that a test can choose its loss.
abstract contract LatchFixture is CoreFixture {
    /// @dev Long half the vault's value: 1 % of the token's price is 0.5 % of the share price.
    function setUp() public override {
        super.setUp();
        _run(_trade(long, 5_000 * ONE_BPS, 50_000e6, 0));
        _later(60);
    }

    /// @dev Moves the price so that the vault has lost `bps` of the funds it started with.
    function _fallTo(uint256 bps) internal {
        feed.set(PRICE - PRICE * int256(bps) * 2 / 10_000);
    }

    /// @dev The next day, after its first checkpoint.
    function _nextDay() internal {
        _later(1 days);
        vault.checkpoint();
    }

    function _expectLatch(Mode mode, bytes32 limit, uint256 value, uint256 bound_) internal {
        vm.expectEmit(address(vault));
        emit VaultBook.ModeLatched(mode, limit, value, bound_);
    }

    function _high() internal view returns (uint256) {
        return _status().highWaterMarkE18;
    }

    function _assertLoss(uint256 check, uint256 value, uint256 bound_) internal pure {
        (uint256 toldValue, uint256 toldBound) = PlanLogs.halves(check);
        assertEq(toldValue, value);
        assertEq(toldBound, bound_);
    }
}
