// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Limits} from "ballast/Policy.sol";

import {UniswapFixture} from "../helpers/UniswapFixture.sol";
import {VaultHandler} from "./VaultHandler.sol";

/// @notice What holds after any sequence of calls by holders, agent, thief, market and clock.
contract VaultInvariantsTest is UniswapFixture {
    VaultHandler private handler;

    function setUp() public override {
        super.setUp();
        handler = new VaultHandler(vault, usdc, feed, market, spot, short, OWNER);
        targetContract(address(handler));
    }

    function _limits() internal view override returns (Limits memory limits) {
        limits = super._limits();
        limits.maxTradeNotional = 100_000e6;
    }

    function _holders() private view returns (address[4] memory) {
        return [ALICE, handler.holders(0), handler.holders(1), handler.holders(2)];
    }

    /// @dev Judged by the handler after each call: round trips, share price, envelope, pace, exactly once, exits.
    function invariant_no_call_breaks_a_rule() public view {
        assertEq(handler.violation(), "");
    }

    function invariant_the_vault_can_pay_all_holders() public view {
        uint256 owed;
        address[4] memory holders = _holders();
        for (uint256 i; i < 4; ++i) {
            owed += vault.previewRedeem(vault.balanceOf(holders[i]));
        }
        assertLe(owed, vault.totalAssets());
        assertLe(vault.idleAssets(), usdc.balanceOf(address(vault)), "idle cash is there");
    }

    function invariant_supply_is_the_sum_of_balances() public view {
        uint256 sum;
        address[4] memory holders = _holders();
        for (uint256 i; i < 4; ++i) {
            sum += vault.balanceOf(holders[i]);
        }
        assertEq(vault.totalSupply(), sum);
        assertEq(vault.balanceOf(address(0)), 0);
    }

    function invariant_every_accepted_plan_has_its_own_number() public view {
        assertEq(vault.planCount(), handler.plansExecuted() + handler.plansSkipped());
    }

    function invariant_nothing_stays_approved_and_the_lock_is_open() public view {
        address router = address(spot.router());
        assertEq(usdc.allowance(address(vault), address(spot)), 0);
        assertEq(usdc.allowance(address(vault), address(short)), 0);
        assertEq(usdc.allowance(address(vault), router), 0);
        assertEq(usdc.allowance(address(spot), router), 0);
        assertEq(weth.allowance(address(spot), router), 0);
        assertGe(weth.balanceOf(address(spot)), spot.heldBase());
        vault.status();
    }

    /// @dev The campaigns above mean something only if the handler gets somewhere; this walk is the same every time.
    function test_the_handler_reaches_every_kind_of_outcome() public {
        for (uint256 step; step < 1_500; ++step) {
            uint256 seed = uint256(keccak256(abi.encode("walk", step)));
            (uint256 a, uint256 b, bool c) = (seed >> 8, seed >> 16, seed >> 250 & 1 == 1);
            uint256 kind = seed % 14;
            if (kind == 0) handler.deposit(a, b);
            else if (kind == 1) handler.mint(a, b);
            else if (kind == 2) handler.redeem(a, b);
            else if (kind == 3) handler.withdraw(a, b);
            else if (kind == 4) handler.roundTrip(a, b, a);
            else if (kind == 5) handler.gift(a, b);
            else if (kind == 6) handler.openHedge(a, c);
            else if (kind == 7) handler.reduceHedge(a, c);
            else if (kind == 8) handler.stolenKey(a, c);
            else if (kind == 9) handler.replayLastPlan();
            else if (kind == 10) handler.movePrice(a, b);
            else if (kind == 11) handler.passTime(a, c);
            else if (kind == 12) handler.checkpoint();
            else handler.ownerResumes();
        }
        assertEq(handler.violation(), "");
        emit log_named_uint("executed", handler.plansExecuted());
        emit log_named_uint("of them reducing", handler.reducingExecuted());
        emit log_named_uint("skipped", handler.plansSkipped());
        emit log_named_uint("refused", handler.plansRefused());
        emit log_named_uint("latches", handler.latches());
        emit log_named_uint("deposits", handler.deposits());
        emit log_named_uint("exits", handler.exits());
        assertGt(handler.plansExecuted() - handler.reducingExecuted(), 20);
        assertGt(handler.reducingExecuted(), 20);
        assertGt(handler.plansSkipped(), 0);
        assertGt(handler.plansRefused(), 20);
        assertGt(handler.latches(), 0);
        assertGt(handler.deposits(), 20);
        assertGt(handler.exits(), 20);
    }
}
