// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Plan} from "src/Plan.sol";

import {AttackFixture} from "../helpers/AttackFixture.sol";

/// @notice Cash that nobody deposited. To move the share price at once, to rob who deposits next, to spoil a plan.
contract DonationTest is AttackFixture {
    function setUp() public override {
        super.setUp();
        _openCarry();
    }

    function _donateOnCore(address to, uint256 amount, uint32 dex) private {
        usdc.mint(THIEF, amount);
        vm.startPrank(THIEF);
        usdc.approve(address(wallet), amount);
        wallet.depositFor(to, amount, dex);
        vm.stopPrank();
        _wait(CORE_DELAY);
    }

    /// @dev Cash is counted, not read.
    /// forge-config: default.fuzz.runs = 32
    /// forge-config: prove.fuzz.runs = 10000
    function testFuzz_a_donation_to_the_vault_changes_nothing_ever(uint128 amount) public {
        bytes32 before = keccak256(abi.encode(_status()));
        Plan memory plan = _plan(_actions(_sell(1e18)));
        usdc.mint(address(vault), amount);
        assertEq(keccak256(abi.encode(_status())), before);
        _send(plan);
        vault.checkpoint();
        assertEq(usdc.balanceOf(address(vault)), vault.idleAssets() + uint256(amount), "and stays where it is");
    }

    /// @dev Venues count what is theirs on HyperCore, so that a donation there is real. It belongs to the holders, who
    /// see it no faster than any gain; who deposits meanwhile pays for it in full.
    /// forge-config: default.fuzz.runs = 32
    /// forge-config: prove.fuzz.runs = 10000
    function testFuzz_a_donation_to_a_venue_is_recognised_no_faster_than_any_gain(uint256 amount, bool asMargin, uint256 seconds_)
        public
    {
        amount = _bound(amount, 1e6, 10_000_000e6);
        seconds_ = _bound(seconds_, 1, 2 days);
        vault.checkpoint();
        uint256 before = _sharePriceE18();
        _donateOnCore(address(perp), amount, asMargin ? 0 : type(uint32).max);
        _wait(seconds_);
        uint256 mostRise = before * _limits().maxGrowthBps * (seconds_ + CORE_DELAY) / BPS / 1 days;
        assertGe(_sharePriceE18(), before);
        assertLe(_sharePriceE18(), before + mostRise + 1e6);
        assertGe(_status().realAssets, 997_000e6 + amount - 1, "it is there");
    }

    /// @dev Donating on both sides of a deposit and a redemption only loses: the donor's own shares get a part of it.
    /// forge-config: default.fuzz.runs = 32
    /// forge-config: prove.fuzz.runs = 10000
    function testFuzz_a_donor_never_gets_back_what_he_gave(uint256 deposited, uint256 donated, uint256 days_) public {
        deposited = _bound(deposited, 1e6, 40_000_000e6);
        donated = _bound(donated, 1e6, 10_000_000e6);
        uint256 shares = _fund(THIEF, deposited);
        _donateOnCore(address(perp), donated, 0);
        days_ = _bound(days_, 0, 20);
        for (uint256 day; day < days_; ++day) {
            _wait(1 days);
            vault.checkpoint();
        }
        uint256 most = vault.maxRedeem(THIEF);
        vm.prank(THIEF);
        uint256 out = vault.redeem(most, THIEF, THIEF);
        assertLt(out + vault.convertToAssets(shares - most), deposited + donated);
    }

    /// @dev A gift of exactly what an adapter expects, in the block of the plan: neither spoils it nor passes for cash.
    function test_a_donation_to_an_adapter_in_front_of_a_plan_spoils_nothing() public {
        Plan memory plan = _plan(_actions(_sell(1e18), _transfer(TO_CORE, 50_000e6)));
        usdc.mint(address(perp), 50_000e6);
        usdc.mint(address(spot), 50_000e6);
        weth.mint(address(spot), 20e18);
        uint256 heldBefore = spot.heldBase();
        _send(plan);
        assertEq(spot.heldBase(), heldBefore - 1e18, "given base is not counted");
        assertEq(perp.inFlight(), 50_000e6);
    }
}
