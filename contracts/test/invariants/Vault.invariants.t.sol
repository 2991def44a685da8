// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {VaultStatus} from "ballast/Plan.sol";
import {Limits} from "ballast/Policy.sol";

import {UniswapFixture} from "../helpers/UniswapFixture.sol";
import {VaultHandler} from "./VaultHandler.sol";

/// @notice What holds after any sequence of calls by holders, agent, thief, market and clock.
/// @dev Collecting constants from bytecode and storage takes two thirds of the time and helps a bounded handler little.
/// forge-config: default.invariant.include-push-bytes = false
/// forge-config: default.invariant.include-storage = false
contract VaultInvariantsTest is UniswapFixture {
    VaultHandler private handler;

    bytes4[15] private _selectors = [
        VaultHandler.deposit.selector,
        VaultHandler.mint.selector,
        VaultHandler.redeem.selector,
        VaultHandler.withdraw.selector,
        VaultHandler.roundTrip.selector,
        VaultHandler.gift.selector,
        VaultHandler.openHedge.selector,
        VaultHandler.openNaked.selector,
        VaultHandler.reduceHedge.selector,
        VaultHandler.stolenKey.selector,
        VaultHandler.replayLastPlan.selector,
        VaultHandler.movePrice.selector,
        VaultHandler.passTime.selector,
        VaultHandler.checkpoint.selector,
        VaultHandler.ownerResumes.selector
    ];

    function setUp() public override {
        super.setUp();
        handler = new VaultHandler(vault, usdc, feed, market, spot, short, OWNER);
        targetContract(address(handler));
    }

    function _limits() internal view override returns (Limits memory limits) {
        limits = super._limits();
        limits.maxDailyLossBps = 100; // so that latches happen
        // and so that every budget is met now and then
        limits.maxTurnoverBps = 30_000;
        limits.lossBudgetBps = 120;
        limits.emergencyLossBudgetBps = 80;
        limits.minIdleBps = 500;
    }

    /// @dev Judged by the handler after each call: round trips, share price, envelope, pace, exactly once, exits.
    function invariant_no_call_breaks_a_rule() public view {
        assertEq(handler.violation(), "");
        VaultStatus memory s = vault.status(); // reverts if the lock were left closed
        assertLe(s.turnoverUsedBps, 30_000);
        assertLe(s.lossUsedBps, 120);
        assertLe(s.emergencyLossUsedBps, 80);
        assertEq(vault.planCount(), handler.plansExecuted() + handler.plansSkipped(), "each plan has its own number");
    }

    function invariant_the_books_balance() public view {
        uint256 owed;
        uint256 shares;
        address[4] memory holders = [ALICE, handler.holders(0), handler.holders(1), handler.holders(2)];
        for (uint256 i; i < 4; ++i) {
            shares += vault.balanceOf(holders[i]);
            owed += vault.previewRedeem(vault.balanceOf(holders[i]));
        }
        assertEq(vault.totalSupply(), shares, "supply is the sum of balances");
        assertEq(vault.balanceOf(address(0)), 0);
        assertLe(owed, vault.totalAssets(), "all holders can be paid");
        assertLe(vault.idleAssets(), usdc.balanceOf(address(vault)), "idle cash is there");
        assertGe(weth.balanceOf(address(spot)), spot.heldBase(), "base is there");

        address router = address(spot.router());
        assertEq(usdc.allowance(address(vault), address(spot)), 0);
        assertEq(usdc.allowance(address(vault), address(short)), 0);
        assertEq(usdc.allowance(address(vault), router), 0);
        assertEq(usdc.allowance(address(spot), router), 0);
        assertEq(weth.allowance(address(spot), router), 0);
    }

    /// @dev The campaigns above mean something only if the handler gets somewhere; this walk is the same every time.
    function test_the_handler_reaches_every_kind_of_outcome() public {
        for (uint256 step; step < 1_500; ++step) {
            uint256 seed = uint256(keccak256(abi.encode("walk", step)));
            (bool done,) = address(handler)
                .call(
                    abi.encodePacked(
                        _selectors[seed % 15], seed >> 8, seed >> 128 & 1, uint256(keccak256(abi.encode(seed)))
                    )
                );
            assertTrue(done);
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
