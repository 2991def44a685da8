// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {CoreDepositWallet} from "sim/CoreDepositWallet.sol";
import {CoreWriter} from "sim/CoreWriter.sol";
import {HyperCore} from "sim/HyperCore.sol";
import {HyperCoreQueue} from "sim/HyperCoreQueue.sol";
import {IHyperCore} from "sim/IHyperCore.sol";
import {HyperCoreFixture} from "./helpers/HyperCoreFixture.sol";

/// @notice The stand-in's doors: every read word by word, every write's delay and order, money on its way, operator only.
contract HyperCoreReadsTest is HyperCoreFixture {
    address internal constant SYSTEM = 0x2000000000000000000000000000000000000000;
    address internal user = makeAddr("user");

    function test_reads_answer_word_by_word_as_the_real_ones() public {
        _fund(user, 4_000e6, 0);
        _fund(user, 250e6, SPOT);
        _marketOrder(user, 10e4);
        core.tick(IHyperCore.Tick(ETH, 201000, 205000, 205000, 205000, 0));

        bytes memory position = abi.encode(int256(10e4), uint256(20_000_000001), int256(0), uint256(25), uint256(0));
        assertEq(_raw(0x0813, abi.encode(user, ETH)), position);
        assertEq(_raw(0x0800, abi.encode(user, uint16(ETH))), position);
        assertEq(_raw(0x0801, abi.encode(user, uint64(0))), abi.encode(uint256(250e8), uint256(0), uint256(0)));
        // 4,500 of equity less a tenth of 20,500
        assertEq(_raw(0x0803, abi.encode(user)), abi.encode(uint256(2_449_999999)));
        assertEq(_raw(0x0806, abi.encode(ETH)), abi.encode(uint256(205000)));
        assertEq(_raw(0x0807, abi.encode(ETH)), abi.encode(uint256(201000)));
        assertEq(_raw(0x0809, ""), abi.encode(uint256(2)));
        assertEq(_raw(0x080e, abi.encode(uint64(ETH))), abi.encode(uint256(205000), uint256(205000)));
        bytes memory summary =
            abi.encode(int256(4_499_999999), uint256(820e6), uint256(20_500e6), -int256(16_000_000001));
        assertEq(_raw(0x080f, abi.encode(uint32(0), user)), summary);
        assertEq(_raw(0x0810, abi.encode(user)), abi.encode(uint256(1)));
        assertEq(_raw(0x0810, abi.encode(address(1))), abi.encode(uint256(0)));
        // a struct with a string: offset, then coin offset, table, szDecimals, maxLeverage, onlyIsolated, length, text
        bytes memory info = abi.encodePacked(
            abi.encode(uint256(0x20), uint256(0xa0), uint256(25), uint256(4), uint256(25), uint256(0), uint256(3)),
            bytes32("ETH")
        );
        assertEq(_raw(0x080a, abi.encode(ETH)), info);
    }

    function test_reads_of_what_is_unknown_fail() public {
        uint16[4] memory perPerp = [uint16(0x0806), 0x0807, 0x080a, 0x080e];
        for (uint256 i = 0; i < perPerp.length; ++i) {
            (bool success,) = address(uint160(perPerp[i])).staticcall(abi.encode(uint256(77)));
            assertFalse(success);
        }
        (bool known,) = address(0x0801).staticcall(abi.encode(user, uint64(1)));
        assertFalse(known, "token 1");
        (known,) = address(0x080f).staticcall(abi.encode(uint32(1), user));
        assertFalse(known, "perp dex 1");
        vm.expectRevert();
        core.read(0x0899, "");
    }

    function test_write_shows_only_after_its_delay() public {
        _fund(user, 100e6, SPOT);
        _write(user, 7, abi.encode(uint64(60e6), true));
        core.process();
        assertEq(_spotWei(user), 100e8, "same block");
        _advance(TRANSFER_DELAY - 1);
        assertEq(_spotWei(user), 100e8, "a second early");
        _advance(1);
        assertEq(_spotWei(user), 40e8);
        assertEq(_equity(user), 60e6);
    }

    function test_nothing_overtakes_a_transfer_that_is_not_due_yet() public {
        _fund(user, 4_000e6, SPOT);
        _write(user, 7, abi.encode(uint64(4_000e6), true));
        _order(user, 10e4, 300000, false, IOC, 0);
        _advance(ORDER_DELAY);
        assertEq(core.queueLength(), 2, "the order is due, the transfer before it is not");
        _advance(TRANSFER_DELAY - ORDER_DELAY);
        assertEq(_position(user), 10e4);
    }

    function test_money_to_the_evm_is_in_neither_balance_meanwhile() public {
        _fund(user, 100e6, SPOT);
        _write(user, 13, abi.encode(SYSTEM, address(0), SPOT, SPOT, uint64(0), uint64(40e8)));
        _advance(TRANSFER_DELAY);
        assertEq(_spotWei(user), 60e8);
        assertEq(usdc.balanceOf(user), 0);
        _advance(TRANSFER_DELAY - 1);
        assertEq(usdc.balanceOf(user), 0);
        _advance(1);
        assertEq(usdc.balanceOf(user), 40e6);
    }

    function test_money_in_neither_balance_is_told_to_be_in_transit() public {
        usdc.mint(user, 100e6);
        vm.startPrank(user);
        usdc.approve(address(wallet), 100e6);
        wallet.deposit(100e6, SPOT);
        vm.stopPrank();
        assertEq(core.inTransitTo(user), 100e6);
        _advance(TRANSFER_DELAY);
        assertEq(core.inTransitTo(user), 0);
        _write(user, 13, abi.encode(SYSTEM, address(0), SPOT, SPOT, uint64(0), uint64(40e8)));
        assertEq(core.inTransitTo(user), 0, "still on core");
        _advance(TRANSFER_DELAY);
        assertEq(core.inTransitTo(user), 40e6);
        assertEq(core.inTransitTo(address(this)), 0);
        _advance(TRANSFER_DELAY);
        assertEq(core.inTransitTo(user), 0);
    }

    function test_operator_may_have_the_next_actions_refused() public {
        _fund(user, 100e6, SPOT);
        core.refuseNext(user, 1);
        _write(user, 7, abi.encode(uint64(60e6), true));
        _write(user, 7, abi.encode(uint64(30e6), true));
        _advance(TRANSFER_DELAY);
        assertEq(core.ledgerOf(user).rejections, 1);
        assertEq(_equity(user), 30e6);
    }

    function test_spot_sends_reach_other_accounts_and_open_them() public {
        address friend = makeAddr("friend");
        _fund(user, 100e6, SPOT);
        _write(user, 6, abi.encode(friend, uint64(0), uint64(1)));
        _write(user, 13, abi.encode(friend, address(0), SPOT, SPOT, uint64(0), uint64(2)));
        _advance(TRANSFER_DELAY);
        assertEq(_spotWei(friend), 3);
        assertEq(_read(0x0810, abi.encode(friend)), 1);
    }

    function test_transfers_that_are_not_covered_are_refused() public {
        _fund(user, 100e6, SPOT);
        _write(user, 7, abi.encode(uint64(100e6 + 1), true));
        _write(user, 7, abi.encode(uint64(1), false));
        _write(user, 7, abi.encode(uint64(0), false));
        _write(user, 13, abi.encode(SYSTEM, address(0), SPOT, SPOT, uint64(0), uint64(100e8 + 1)));
        _write(user, 13, abi.encode(SYSTEM, address(0), SPOT, SPOT, uint64(0), uint64(99)));
        _write(user, 13, abi.encode(SYSTEM, address(0), SPOT, SPOT, uint64(1), uint64(100)));
        _write(user, 13, abi.encode(SYSTEM, address(0), uint32(0), SPOT, uint64(0), uint64(100)));
        _write(user, 6, abi.encode(user, uint64(0), uint64(100)));
        _advance(TRANSFER_DELAY);
        assertEq(core.ledgerOf(user).rejections, 8);
        assertEq(_spotWei(user), 100e8);
    }

    function test_wins_are_paid_out_even_when_the_wallet_never_took_them_in() public {
        _fund(user, 4_000e6, 0);
        _marketOrder(user, 10e4);
        _setPrice(300000);
        _marketOrder(user, -10e4);
        uint256 won = uint256(_equity(user));
        assertApproxEqAbs(won, 14_000e6, 2);
        _write(user, 7, abi.encode(uint64(won), false));
        _write(user, 13, abi.encode(SYSTEM, address(0), SPOT, SPOT, uint64(0), uint64(won * 100)));
        _advance(TRANSFER_DELAY);
        _advance(TRANSFER_DELAY);
        assertEq(usdc.balanceOf(user), won);
    }

    function test_deposit_goes_to_the_dex_asked_for_and_to_no_unknown_one() public {
        usdc.mint(user, 10e6);
        vm.startPrank(user);
        usdc.approve(address(wallet), 10e6);
        wallet.deposit(4e6, 0);
        wallet.deposit(5e6, SPOT);
        vm.expectRevert(abi.encodeWithSelector(HyperCoreQueue.UnknownDestinationDex.selector, 7));
        wallet.deposit(1e6, 7);
        vm.stopPrank();
        _advance(TRANSFER_DELAY);
        assertEq(_equity(user), 4e6);
        assertEq(_spotWei(user), 5e8);
    }

    function test_writer_logs_the_action_as_the_real_one_does() public {
        bytes memory action = hex"0100000700";
        vm.expectEmit(address(coreWriter));
        emit CoreWriter.RawAction(user, action);
        vm.prank(user);
        coreWriter.sendRawAction(action);
    }

    function test_only_the_operator_moves_the_market_and_only_the_doors_queue() public {
        vm.startPrank(user);
        vm.expectRevert(HyperCore.OnlyOperator.selector);
        core.tick(IHyperCore.Tick(ETH, 1, 1, 1, 1, 0));
        vm.expectRevert(HyperCore.OnlyOperator.selector);
        core.listPerp(8, _frictionless());
        vm.expectRevert(HyperCore.OnlyOperator.selector);
        core.createAccount(user);
        vm.expectRevert(HyperCore.OnlyOperator.selector);
        core.autoDeleverage(user, ETH, 1, 1);
        vm.expectRevert(HyperCore.OnlyOperator.selector);
        core.refuseNext(user, 1);
        vm.expectRevert(HyperCoreQueue.OnlyCoreWriter.selector);
        core.enqueueAction(user, "");
        vm.expectRevert(HyperCoreQueue.OnlyCoreDepositWallet.selector);
        core.enqueueDeposit(user, 1, 0);
        vm.expectRevert(CoreDepositWallet.OnlyHyperCore.selector);
        wallet.payOut(user, 1);
        vm.expectRevert(HyperCore.AlreadyInitialised.selector);
        core.initialise(address(usdc), address(wallet), 1, 1);
        vm.stopPrank();
    }

    function test_impossible_terms_and_ticks_are_refused() public {
        IHyperCore.PerpTerms memory terms = _frictionless();
        vm.expectRevert(HyperCore.PerpTermsInvalid.selector);
        core.listPerp(ETH, terms);
        terms.depthUsd = 0;
        vm.expectRevert(HyperCore.PerpTermsInvalid.selector);
        core.listPerp(8, terms);
        terms = _frictionless();
        terms.szDecimals = 7;
        vm.expectRevert(HyperCore.PerpTermsInvalid.selector);
        core.listPerp(8, terms);

        vm.expectRevert(HyperCore.TickInvalid.selector);
        core.tick(IHyperCore.Tick(8, 1, 1, 1, 1, 0));
        vm.expectRevert(HyperCore.TickInvalid.selector);
        core.tick(IHyperCore.Tick(ETH, 0, 1, 1, 1, 0));
        vm.expectRevert(HyperCore.TickInvalid.selector);
        core.tick(IHyperCore.Tick(ETH, 5, 5, 4, 3, 0));
        vm.expectRevert(HyperCore.TickInvalid.selector);
        core.tick(IHyperCore.Tick(ETH, 5, 5, 6, 6, 0));
    }

    function _raw(uint160 precompile, bytes memory arguments) private view returns (bytes memory) {
        (bool success, bytes memory result) = address(precompile).staticcall(arguments);
        require(success, "read failed");
        return result;
    }
}
