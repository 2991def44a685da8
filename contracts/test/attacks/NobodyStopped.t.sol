// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Mode} from "src/Plan.sol";
import {Portfolio} from "src/Portfolio.sol";
import {TestToken} from "sim/TestToken.sol";

import {AttackFixture} from "../helpers/AttackFixture.sol";
import {LeveragedTestAdapter} from "../helpers/LeveragedTestAdapter.sol";
import {BlockingToken} from "./BlockingToken.sol";

/// @notice Whatever state the vault is in, a holder may ask to leave, and takes what was paid for him. What he asked for
/// is paid when there is a price and cash again.
contract NobodyStoppedTest is AttackFixture {
    LeveragedTestAdapter private _venue;
    uint256 private _bobsShares;

    function _newAsset() internal override returns (TestToken) {
        return new BlockingToken();
    }

    function _acceptMore() internal override {
        _venue = new LeveragedTestAdapter(address(vault), address(usdc), address(weth));
        _acceptVenue(address(_venue));
    }

    /// @dev Alice has been paid and has not claimed yet. Bob will ask while something is wrong.
    function setUp() public override {
        super.setUp();
        _openCarry();
        _request(ALICE, vault.balanceOf(ALICE) / 20);
        queue.fill();
        _bobsShares = vault.balanceOf(BOB) / 20;
        _wait(600);
    }

    /// @dev Both at little cost, so that no venue can burn the gas of a block. A fill may pay or not, and stops nothing.
    function _assertNobodyIsStopped(bool pays) private {
        uint256 gas = gasleft();
        _request(BOB, _bobsShares);
        assertGt(_claimAll(ALICE), 29_000e6);
        assertLt(gas - gasleft(), 500_000);
        (bool answered, bytes memory filled) = address(queue).call{gas: 10_000_000}(abi.encodeWithSignature("fill()"));
        assertEq(answered && abi.decode(filled, (uint256)) > 0, pays);
    }

    /// @dev When all is well again, Bob is paid. At once if the fill went through.
    function _assertBobIsPaid() private {
        queue.fill();
        assertGt(_claimAll(BOB), 19_000e6);
    }

    function test_in_reduce_only() public {
        _makeSafer(Mode.ReduceOnly);
        _assertNobodyIsStopped(true);
        _assertBobIsPaid();
    }

    function test_when_halted() public {
        _makeSafer(Mode.Halted);
        _assertNobodyIsStopped(true);
        _assertBobIsPaid();
        _bobsShares = vault.balanceOf(BOB) / 20;
        vm.prank(BOB);
        assertGt(vault.redeem(_bobsShares, BOB, BOB), 18_000e6, "directly from idle cash, too");
    }

    function test_without_an_agent() public {
        vm.prank(GUARDIAN);
        vault.removeAgent();
        _assertNobodyIsStopped(true);
        _assertBobIsPaid();
    }

    function test_while_the_feed_is_stale() public {
        vm.warp(block.timestamp + 3 days);
        _assertNobodyIsStopped(false);
        feed.set(PRICE);
        _assertBobIsPaid();
    }

    function test_while_the_feed_is_broken() public {
        feed.setBroken(true);
        _assertNobodyIsStopped(false);
        feed.setBroken(false);
        feed.set(PRICE);
        _assertBobIsPaid();
    }

    function test_while_the_sources_disagree() public {
        feed.set(PRICE * 110 / 100);
        _assertNobodyIsStopped(false);
        feed.set(PRICE);
        _assertBobIsPaid();
    }

    function test_while_a_venue_reverts_until_the_owner_has_abandoned_it() public {
        _venue.setBroken(true);
        _assertNobodyIsStopped(false);
        _abandon();
        _assertBobIsPaid();
    }

    function test_while_a_venue_burns_all_gas_until_the_owner_has_abandoned_it() public {
        _venue.setBurnsGas(true);
        _assertNobodyIsStopped(false);
        _abandon();
        _assertBobIsPaid();
    }

    function _abandon() private {
        _asOwner(address(portfolio), abi.encodeCall(Portfolio.abandonAdapter, (address(_venue))));
    }

    function test_while_hypercore_does_not_answer() public {
        bytes memory code = address(0x080F).code;
        vm.etch(address(0x080F), "");
        _assertNobodyIsStopped(false);
        vm.etch(address(0x080F), code);
        _assertBobIsPaid();
    }

    function test_while_the_issuer_shuts_one_holder_out() public {
        BlockingToken(address(usdc)).shutOut(THIEF);
        _assertNobodyIsStopped(true);
        _assertBobIsPaid();
    }

    function test_while_all_cash_is_at_the_venue() public {
        _run(_transfer(TO_CORE, vault.idleAssets()));
        _wait(ACTION_DELAY);
        _assertNobodyIsStopped(false);
        _run(_transfer(TO_EVM, perp.coreSpotUsdc()));
        _wait(ACTION_DELAY);
        _wait(ACTION_DELAY); // HyperCore takes it, then pays it out
        _run(_sell(1e15));
        _assertBobIsPaid();
    }
}
