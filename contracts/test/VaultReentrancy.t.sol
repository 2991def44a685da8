// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Governance} from "src/Authority.sol";
import {Action, Plan} from "src/Plan.sol";
import {Vault} from "src/Vault.sol";
import {Fees, Prices} from "src/VaultBook.sol";
import {VaultLens} from "src/VaultLens.sol";
import {VaultShares} from "src/VaultShares.sol";

import {CoreFixture} from "./helpers/CoreFixture.sol";
import {CallbackToken} from "./helpers/UnusualTokens.sol";

/// @notice Nothing comes in, and no price gets out, while a call is under way.
contract VaultReentrancyTest is CoreFixture {
    bytes private _reentrant = abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);

    function _expectRefusedInPlan(address target, bytes memory data) private {
        _expectRevert(Action(address(long), 0, long.call(target, data)), _reentrant);
    }

    function _expectRefusedInPlan(bytes memory data) private {
        _expectRefusedInPlan(address(vault), data);
    }

    function test_a_venue_cannot_come_in_during_a_plan() public {
        Plan memory plan = _plan(new Action[](0));
        _expectRefusedInPlan(abi.encodeCall(Vault.rebalance, (plan)));
        _expectRefusedInPlan(abi.encodeCall(Vault.unwind, (10_000)));
        _expectRefusedInPlan(abi.encodeCall(Vault.checkpoint, ()));
        _expectRefusedInPlan(abi.encodeCall(VaultShares.deposit, (0, BOB)));
        _expectRefusedInPlan(abi.encodeCall(VaultShares.mint, (0, BOB)));
        _expectRefusedInPlan(abi.encodeCall(VaultShares.withdraw, (0, BOB, BOB)));
        _expectRefusedInPlan(abi.encodeCall(VaultShares.redeem, (0, BOB, BOB)));
    }

    /// @dev Even a venue that is owner, or curator, does not get past the lock.
    function test_a_role_does_not_open_the_lock() public {
        _deployVault(address(weth));
        (long, short) = (_newLeg(), _newLeg());
        authority.handOver(vault, Governance(address(long), address(short), GUARDIAN, DELAY));
        _fund(ALICE, FUNDS);
        bytes memory activate = abi.encodeCall(Vault.activate, ());
        bytes memory setFees = abi.encodeCall(Vault.setFees, (Fees(0, 0, address(0))));
        vm.prank(address(long));
        authority.schedule(address(vault), activate, 0);
        vm.prank(address(short));
        authority.schedule(address(vault), setFees, 0);
        _later(DELAY);

        bytes memory data = abi.encodeCall(IAccessManager.execute, (address(vault), activate));
        _expectRevert(Action(address(long), 0, long.call(address(authority), data)), _reentrant);
        data = abi.encodeCall(IAccessManager.execute, (address(vault), setFees));
        _expectRevert(Action(address(short), 0, short.call(address(authority), data)), _reentrant);
    }

    function test_no_price_is_told_during_a_plan() public {
        _expectRefusedInPlan(abi.encodeWithSignature("totalAssets()"));
        _expectRefusedInPlan(abi.encodeCall(Vault.figures, ()));
        _expectRefusedInPlan(abi.encodeCall(VaultShares.healthyTerms, (Prices.ForExit)));
        _expectRefusedInPlan(abi.encodeWithSignature("convertToAssets(uint256)", 1));
        _expectRefusedInPlan(abi.encodeWithSignature("convertToShares(uint256)", 1));
        _expectRefusedInPlan(abi.encodeWithSignature("previewDeposit(uint256)", 1));
        _expectRefusedInPlan(abi.encodeWithSignature("previewMint(uint256)", 1));
        _expectRefusedInPlan(abi.encodeWithSignature("previewWithdraw(uint256)", 1));
        _expectRefusedInPlan(abi.encodeWithSignature("previewRedeem(uint256)", 1));
        _expectRefusedInPlan(address(lens), abi.encodeCall(VaultLens.status, (vault)));
    }

    function test_max_answers_zero_during_a_plan() public {
        _run(Action(address(long), 0, long.call(address(this), abi.encodeCall(this.requireAllShut, ()))));
        assertGt(vault.maxRedeem(ALICE), 0, "and opens after it");
    }

    function requireAllShut() external view {
        assertEq(vault.maxDeposit(ALICE) + vault.maxMint(ALICE), 0);
        assertEq(vault.maxWithdraw(ALICE) + vault.maxRedeem(ALICE), 0);
    }

    function test_a_token_with_hooks_cannot_come_in_during_a_deposit_or_a_redemption() public {
        CallbackToken token = new CallbackToken();
        Vault hooked = _newVault(token);
        token.mint(BOB, 200);
        vm.startPrank(BOB);
        token.approve(address(hooked), 200);

        bytes[7] memory calls = [
            abi.encodeCall(VaultShares.deposit, (0, BOB)),
            abi.encodeCall(VaultShares.redeem, (0, BOB, BOB)),
            abi.encodeCall(Vault.checkpoint, ()),
            abi.encodeCall(Vault.unwind, (1)),
            abi.encodeCall(Vault.figures, ()),
            abi.encodeWithSignature("totalAssets()"),
            abi.encodeWithSignature("previewRedeem(uint256)", 1)
        ];
        for (uint256 i; i < calls.length; ++i) {
            token.onNextTransfer(address(hooked), calls[i]);
            hooked.deposit(10, BOB);
            assertFalse(token.succeeded());
            assertEq(token.answer(), _reentrant);
            token.onNextTransfer(address(hooked), calls[i]);
            hooked.withdraw(5, BOB, BOB);
            assertFalse(token.succeeded());
            assertEq(token.answer(), _reentrant);
        }
        vm.stopPrank();
    }
}
