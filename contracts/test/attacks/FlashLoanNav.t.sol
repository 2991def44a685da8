// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Envelope} from "src/Envelope.sol";
import {Action, Plan, VaultStatus} from "src/Plan.sol";

import {AttackFixture} from "../helpers/AttackFixture.sol";

/// @notice Forty times the vault's own money, lent for one block, around a plan or around nothing.
contract FlashLoanNavTest is AttackFixture {
    uint256 private constant LOAN = 40_000_000e6;

    function setUp() public override {
        super.setUp();
        _fundMargin(200_000e6);
        _wait(600);
    }

    function _leave(address who) private returns (uint256 assets) {
        uint256 most = vault.maxRedeem(who);
        vm.prank(who);
        return vault.redeem(most, who, who);
    }

    function _expectRefusedWithTheLoan(Action[] memory actions, bytes4 why) private {
        uint256 snapshot = vm.snapshotState();
        _fund(THIEF, LOAN);
        assertGt(_status().realAssets, LOAN);
        Plan memory plan = _plan(actions);
        vm.expectPartialRevert(why);
        _send(plan);
        vm.revertToState(snapshot);
    }

    /// @dev Each of these is far inside its limit of 41 million, and outside of that of one.
    function test_a_deposit_in_the_block_of_a_plan_stretches_no_limit() public {
        _expectRefusedWithTheLoan(_actions(_buy(60_000e6)), Envelope.NetDeltaExceeded.selector);
        _expectRefusedWithTheLoan(_actions(_transfer(TO_CORE, 900_000e6)), Envelope.VenueCapExceeded.selector);
        int256 worst = PRICE * 99 / 100;
        _expectRefusedWithTheLoan(
            _actions(_buy(450_000e6), _order(-_toLots(450_000e6), worst, false)), Envelope.LossBudgetExceeded.selector
        );
        _expectRefusedWithTheLoan(
            _actions(_buy(820_000e6), _order(-_toLots(820_000e6), PRICE * 998 / 1_000, false)),
            Envelope.GrossLeverageExceeded.selector
        );
    }

    /// @dev Money that leaves in the block of a plan is no longer there to measure by.
    function test_a_redemption_in_the_block_of_a_plan_tightens_every_limit() public {
        Action[] memory actions = _actions(_buy(40_000e6));
        uint256 snapshot = vm.snapshotState();
        _run(actions);
        vm.revertToState(snapshot);
        _redeemEverything(BOB);
        Plan memory plan = _plan(actions);
        vm.expectPartialRevert(Envelope.NetDeltaExceeded.selector);
        _send(plan);
    }

    /// @dev Deposit, plan at the worst prices, redemption, all in one block: the lender's share of the loss is his own,
    /// and he pays both buffers to those he wanted to rob.
    function test_deposit_plan_and_redemption_in_one_block_cost_the_holders_no_more_than_the_plan_alone() public {
        uint256 snapshot = vm.snapshotState();
        uint256 alone = _lossOfHolders(0);
        vm.revertToState(snapshot);
        uint256 withLoan = _lossOfHolders(LOAN);
        assertGt(alone, 0);
        assertEq(withLoan, 0, "the buffers are more than the plan can take");
    }

    function _lossOfHolders(uint256 loan) private returns (uint256) {
        uint256 before = vault.convertToAssets(vault.balanceOf(ALICE));
        if (loan != 0) _fund(THIEF, loan);
        market.moveTo(uint256(PRICE) * 10_090 / 10_000);
        _run(_buy(45_000e6));
        market.moveTo(uint256(PRICE));
        if (loan != 0) assertLt(_leave(THIEF), loan);
        uint256 after_ = vault.convertToAssets(vault.balanceOf(ALICE));
        return after_ < before ? before - after_ : 0;
    }

    /// @dev A block later it is no loan any more but money at risk, and counts. The holders lose the same part at most.
    function test_a_deposit_of_the_block_before_counts_and_bears_its_part() public {
        _fund(THIEF, LOAN);
        _wait(12);
        uint256 before = _sharePriceE18();
        market.moveTo(uint256(PRICE) * 10_050 / 10_000);
        _run(_buy(1_400_000e6));
        market.moveTo(uint256(PRICE));
        assertLe(before - _sharePriceE18(), uint256(_limits().lossBudgetBps) * 1e14);
    }

    /// @dev Without the key: no mark moves, nobody's share falls, the round trip costs the buffer.
    /// forge-config: default.fuzz.runs = 32
    /// forge-config: prove.fuzz.runs = 10000
    function testFuzz_a_round_trip_in_one_block_moves_nothing_but_the_buffers(uint256 loan) public {
        loan = _bound(loan, 1e6, LOAN);
        vault.checkpoint();
        VaultStatus memory before = _status();
        _fund(THIEF, loan);
        vault.checkpoint();
        uint256 out = _leave(THIEF);
        VaultStatus memory after_ = _status();
        assertLe(out, loan * (BPS - _limits().flowBufferBps) / BPS);
        assertGe(after_.sharePriceE18, before.sharePriceE18);
        assertEq(after_.dayStartPriceE18, before.dayStartPriceE18);
        assertEq(after_.stateHash, before.stateHash);
        assertGe(after_.totalAssets, before.totalAssets);
    }

    /// @dev Positions are worth the oracle's price: a pool moved by a loan moves no share.
    function test_a_pool_moved_by_a_loan_moves_no_share() public {
        _run(_buy(45_000e6));
        uint256 before = _sharePriceE18();
        market.moveTo(uint256(PRICE) * 5);
        assertEq(_sharePriceE18(), before);
        market.moveTo(uint256(PRICE) / 5);
        assertEq(_sharePriceE18(), before);
    }
}
