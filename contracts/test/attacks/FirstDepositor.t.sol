// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {AttackFixture} from "../helpers/AttackFixture.sol";

/// @notice Who comes first makes a share so dear, by gifts, that the next depositor's are rounded away.
contract FirstDepositorTest is AttackFixture {
    address private constant VICTIM = ALICE;

    function setUp() public override {
        super.setUp();
        _redeemEverything(ALICE);
        _redeemEverything(BOB);
        assertEq(vault.totalSupply(), 0);
        assertLe(vault.totalAssets(), 2);
    }

    /// @dev To the vault itself, to an adapter, to its core account, to its margin, or base to the spot adapter.
    function _give(uint256 kind, uint256 amount) private {
        if (kind == 0) return usdc.mint(address(vault), amount);
        if (kind == 1) return usdc.mint(address(perp), amount);
        if (kind == 2) return usdc.mint(address(spot), amount);
        if (kind == 3) return weth.mint(address(spot), amount * 1e12 / 2_500);
        usdc.mint(address(this), amount);
        usdc.approve(address(wallet), amount);
        wallet.depositFor(address(perp), amount, kind == 4 ? 0 : type(uint32).max);
        _wait(CORE_DELAY);
    }

    /// @dev Both as rich as can be: the attacker out at once, the rest recognised.
    /// forge-config: default.fuzz.runs = 48
    /// forge-config: prove.fuzz.runs = 10000
    function testFuzz_the_attacker_loses_more_than_his_victim(uint256 own, uint256 given, uint256 victims, uint256 kind)
        public
    {
        own = _bound(own, 1, 1_000_000e6);
        given = _bound(given, 0, 1_000_000e6);
        victims = _bound(victims, 1e6, 1_000_000e6);
        _fund(THIEF, own);
        _give(kind % 6, given);
        _fund(VICTIM, victims);

        uint256 most = vault.maxRedeem(THIEF);
        vm.prank(THIEF);
        uint256 out = vault.redeem(most, THIEF, THIEF);
        for (uint256 day; day < 60 && _status().totalAssets < _status().realAssets; ++day) {
            _wait(1 days);
            vault.checkpoint();
        }
        uint256 attackers = out + vault.convertToAssets(vault.balanceOf(THIEF));
        uint256 victimsLeft = vault.convertToAssets(vault.balanceOf(VICTIM));
        uint256 victimsLoss = Math.saturatingSub(victims, victimsLeft);
        assertLe(attackers, own + given, "no profit");
        // The buffer and the last units are no work of the attacker's.
        uint256 buffer = victims * _limits().flowBufferBps / BPS + 3;
        assertLe(victimsLoss, own + given - attackers + buffer, "the victim loses less");
    }

    /// @dev The textbook attack: one unit in, the fortune into the vault.
    function test_one_unit_and_a_million_given_to_the_vault_cost_the_victim_nothing() public {
        _fund(THIEF, 1);
        usdc.mint(address(vault), 1_000_000e6);
        _fund(VICTIM, 1_000e6);
        assertGe(vault.convertToAssets(vault.balanceOf(VICTIM)), 1_000e6 - 1_000e6 * 5 / BPS);
        assertEq(vault.maxWithdraw(THIEF), 0);
    }

    /// @dev A fortune that counts, on core: the victim's shares are rounded by a thousandth at worst, for a million given.
    function test_one_unit_and_a_million_given_to_core_cost_the_attacker_all_and_the_victim_a_thousandth() public {
        _fund(THIEF, 1);
        _give(5, 1_000_000e6);
        _fund(VICTIM, 1_000e6);
        uint256 shares = vault.balanceOf(VICTIM);
        uint256 real = _status().realAssets;
        uint256 worth = shares * real / (vault.totalSupply() + 1e6);
        assertGe(worth, 999e6 - 1_000e6 * 5 / BPS);
        assertLt(vault.convertToAssets(vault.balanceOf(THIEF)), 1_000e6);
    }
}
