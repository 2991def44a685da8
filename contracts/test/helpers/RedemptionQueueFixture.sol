// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Test} from "forge-std/Test.sol";

import {RedemptionQueue} from "src/RedemptionQueue.sol";
import {TestToken} from "sim/TestToken.sol";

import {PlainVault} from "./PlainVault.sol";

/// @notice Three holders of 1,000 whole shares at a price of 1, a vault without idle cash, and its queue.
abstract contract RedemptionQueueFixture is Test {
    uint256 internal constant UNIT = 1e6; // one whole asset
    uint256 internal constant SHARE = 1e12; // one whole share

    address internal constant ALICE = address(0xA11CE);
    address internal constant BOB = address(0xB0B);
    address internal constant CAROL = address(0xCA401);
    address internal constant MALLORY = address(0x3A1104);

    TestToken internal token;
    PlainVault internal vault;
    RedemptionQueue internal queue;

    function setUp() public virtual {
        _setUpWith(new TestToken("USDC", 6));
    }

    function _setUpWith(TestToken token_) internal {
        token = token_;
        vault = new PlainVault(token, 6);
        queue = new RedemptionQueue(vault);
        address[3] memory holders = [ALICE, BOB, CAROL];
        for (uint256 i; i < 3; ++i) {
            token.mint(holders[i], 1_000 * UNIT);
            vm.startPrank(holders[i]);
            token.approve(address(vault), type(uint256).max);
            vault.deposit(1_000 * UNIT, holders[i]);
            vault.approve(address(queue), type(uint256).max);
            vm.stopPrank();
        }
        vault.invest(vault.idle());
        vm.roll(100);
        vm.warp(1_000_000);
    }

    function _request(address holder, uint256 shares) internal returns (uint256) {
        vm.prank(holder);
        return queue.requestRedeem(shares, holder, holder);
    }

    function _nextBlock() internal {
        vm.roll(vm.getBlockNumber() + 1);
        vm.warp(vm.getBlockTimestamp() + 12);
    }

    /// @dev Brings cash home for `shares` at a price of 1, and fills.
    function _fill(uint256 shares) internal {
        vault.free(shares / 1e6);
        assertEq(queue.fill(), shares);
    }

    function _redeem(address controller, uint256 shares) internal returns (uint256) {
        vm.prank(controller);
        return queue.redeem(shares, controller, controller);
    }
}
