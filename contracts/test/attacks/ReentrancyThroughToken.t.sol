// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Vault} from "src/Vault.sol";
import {VaultShares} from "src/VaultShares.sol";
import {TestToken} from "sim/TestToken.sol";

import {AttackFixture} from "../helpers/AttackFixture.sol";
import {CallbackToken} from "../helpers/UnusualTokens.sol";

/// @notice A holder whom the token tells of a transfer, and who then calls whatever he was told to.
contract Intruder {
    bool public called;
    bool public succeeded;

    function act(address target, bytes calldata data) external returns (bytes memory answer) {
        called = true;
        (succeeded, answer) = target.call(data);
    }
}

/// @notice The vault's asset calls out while it moves, as an ERC-777 does: into the vault, the queue and the adapters.
contract ReentrancyThroughTokenTest is AttackFixture {
    Intruder private _intruder;

    function _newAsset() internal override returns (TestToken) {
        return new CallbackToken();
    }

    function setUp() public override {
        super.setUp();
        _intruder = new Intruder();
        _fund(THIEF, 50_000e6);
        uint256 shares = vault.balanceOf(THIEF);
        vm.prank(THIEF);
        vault.transfer(address(_intruder), shares);
        _intruder.act(address(vault), abi.encodeCall(IERC20.approve, (address(queue), type(uint256).max)));
        _intruder.act(
            address(queue),
            abi.encodeWithSignature(
                "requestRedeem(uint256,address,address)", shares / 2, address(_intruder), address(_intruder)
            )
        );
        _request(ALICE, vault.balanceOf(ALICE) / 10);
        queue.fill();
        _request(BOB, vault.balanceOf(BOB) / 10);
        usdc.mint(BOB, 1_000e6);
        vm.prank(BOB);
        usdc.approve(address(vault), 1_000e6);
        _wait(600);
    }

    // ---- what moves the token

    function _deposit() private {
        vm.prank(BOB);
        vault.deposit(1_000e6, BOB);
    }

    function _redeem() private {
        vm.prank(BOB);
        vault.redeem(1e15, BOB, BOB);
    }

    function _rebalance() private {
        _run(_buy(10_000e6));
    }

    function _fill() private {
        queue.fill();
    }

    function _claim() private {
        _claimAll(ALICE);
    }

    // ---- what is tried meanwhile

    function _attempts() private view returns (address[] memory targets, bytes[] memory calls) {
        address self = address(_intruder);
        (targets, calls) = (new address[](9), new bytes[](9));
        for (uint256 i; i < 9; ++i) {
            targets[i] = i < 6 ? address(vault) : address(queue);
        }
        calls[0] = abi.encodeCall(VaultShares.deposit, (0, self));
        calls[1] = abi.encodeCall(VaultShares.redeem, (1e15, self, self));
        calls[2] = abi.encodeCall(VaultShares.withdraw, (1_000e6, self, self));
        calls[3] = abi.encodeCall(Vault.checkpoint, ());
        calls[4] = abi.encodeCall(Vault.unwind, (BPS));
        calls[5] = abi.encodeWithSignature("previewRedeem(uint256)", 1);
        calls[6] = abi.encodeWithSignature("fill()");
        calls[7] = abi.encodeWithSignature("redeem(uint256,address,address)", 1e15, self, self);
        calls[8] = abi.encodeWithSignature("requestRedeem(uint256,address,address)", 1e12, self, self);
    }

    /// @dev Everything that is refused must be refused at all: `allowed` names the calls, as bits, that may pass.
    function _attack(function() move, uint256 allowed) private {
        (address[] memory targets, bytes[] memory calls) = _attempts();
        for (uint256 i; i < calls.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            uint256 price = _sharePriceE18();
            bytes memory act = abi.encodeCall(Intruder.act, (targets[i], calls[i]));
            CallbackToken(address(usdc)).onNextTransfer(address(_intruder), act);
            move();
            assertTrue(_intruder.called());
            assertEq(_intruder.succeeded(), allowed & 1 << i != 0, vm.toString(i));
            assertGe(_sharePriceE18() + 0.0001e18, price);
            _assertSolvent();
            vm.revertToState(snapshot);
        }
    }

    /// @dev What the books say is there, and what the queue owes it has.
    function _assertSolvent() private view {
        assertGe(usdc.balanceOf(address(vault)), vault.idleAssets());
        uint256 owed = queue.maxWithdraw(ALICE) + queue.maxWithdraw(BOB) + queue.maxWithdraw(address(_intruder));
        assertGe(usdc.balanceOf(address(queue)), owed);
    }

    uint256 private constant FILL = 1 << 6;
    uint256 private constant CLAIM = 1 << 7;
    uint256 private constant REQUEST = 1 << 8;

    /// @dev A fill finds no price inside the lock and pays nothing; a claim of what was filled before is the holder's.
    function test_during_a_deposit() public {
        _attack(_deposit, FILL | CLAIM | REQUEST);
    }

    function test_during_a_redemption() public {
        _attack(_redeem, FILL | CLAIM | REQUEST);
    }

    function test_during_a_plan() public {
        _attack(_rebalance, FILL | CLAIM | REQUEST);
    }

    function test_during_a_fill() public {
        _attack(_fill, 0);
    }

    /// @dev The vault is not at work then: leaving it directly is a redemption like any other. Not unwinding.
    function test_during_a_claim() public {
        _attack(_claim, 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 5);
    }
}
