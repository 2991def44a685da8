// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {Action, Mode, Plan} from "ballast/Plan.sol";
import {Feed, PriceOracle} from "ballast/PriceOracle.sol";
import {Vault} from "ballast/Vault.sol";

import {CallbackToken} from "./helpers/UnusualTokens.sol";
import {VaultFixture} from "./helpers/VaultFixture.sol";

/// @notice Nothing comes in, and no price gets out, while a call is under way.
contract VaultReentrancyTest is VaultFixture {
    bytes private _reentrant = abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);

    function _expectRefusedInPlan(bytes memory data) private {
        _expectRevert(Action(address(long), 0, long.call(address(vault), data)), _reentrant);
    }

    function test_a_venue_cannot_come_in_during_a_plan() public {
        // Make the adapter the agent and the owner's accomplice: even then the lock holds.
        Plan memory plan = _plan(new Action[](0));
        _expectRefusedInPlan(abi.encodeCall(Vault.rebalance, (plan)));
        _expectRefusedInPlan(abi.encodeCall(Vault.checkpoint, ()));
        _expectRefusedInPlan(abi.encodeCall(Vault.deposit, (0, BOB)));
        _expectRefusedInPlan(abi.encodeCall(Vault.mint, (0, BOB)));
        _expectRefusedInPlan(abi.encodeCall(Vault.withdraw, (0, BOB, BOB)));
        _expectRefusedInPlan(abi.encodeCall(Vault.redeem, (0, BOB, BOB)));
        _expectRefusedInPlan(abi.encodeCall(Vault.setMode, (Mode.Halted)));
    }

    function test_no_price_is_told_during_a_plan() public {
        _expectRefusedInPlan(abi.encodeWithSignature("totalAssets()"));
        _expectRefusedInPlan(abi.encodeWithSignature("status()"));
        _expectRefusedInPlan(abi.encodeWithSignature("convertToAssets(uint256)", 1));
        _expectRefusedInPlan(abi.encodeWithSignature("convertToShares(uint256)", 1));
        _expectRefusedInPlan(abi.encodeWithSignature("previewDeposit(uint256)", 1));
        _expectRefusedInPlan(abi.encodeWithSignature("previewMint(uint256)", 1));
        _expectRefusedInPlan(abi.encodeWithSignature("previewWithdraw(uint256)", 1));
        _expectRefusedInPlan(abi.encodeWithSignature("previewRedeem(uint256)", 1));
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
        oracle = new PriceOracle(address(token), new Feed[](0));
        Vault hooked = _newVault(token);
        token.mint(BOB, 200);
        vm.startPrank(BOB);
        token.approve(address(hooked), 200);

        bytes[5] memory calls = [
            abi.encodeCall(Vault.deposit, (0, BOB)),
            abi.encodeCall(Vault.redeem, (0, BOB, BOB)),
            abi.encodeCall(Vault.checkpoint, ()),
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
