// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {HyperCoreState} from "sim/HyperCoreState.sol";
import {IHyperCore} from "sim/IHyperCore.sol";
import {HyperCoreFixture} from "./helpers/HyperCoreFixture.sol";

/// @notice Orders at the stand-in: what they fill at, what is left of them, and what is refused.
contract HyperCoreOrdersTest is HyperCoreFixture {
    address internal trader = makeAddr("trader");

    function setUp() public override {
        super.setUp();
        _fund(trader, 1_000_000e6, 0);
    }

    function _terms() internal pure override returns (IHyperCore.PerpTerms memory) {
        return _withFriction();
    }

    function test_buy_pays_half_spread_and_half_of_its_own_impact() public {
        // 10 ETH at mid 2,000: 1 bp of spread, 20,000 / (200 x 10 m) = 0.1 bp of impact
        _order(trader, 10e4, 202000, false, IOC, 0);
        vm.expectEmit(address(core));
        emit HyperCoreState.Filled(trader, ETH, 10e4, 20_002_200000, 9_000990);
        _advance(ORDER_DELAY);
        assertEq(_position(trader), 10e4);
        assertEq(_equity(trader), 1_000_000e6 - 2_200000 - 9_000990);
    }

    function test_sale_receives_less_by_the_same_rule() public {
        _order(trader, -10e4, 198000, false, IOC, 0);
        _advance(ORDER_DELAY);
        // fee on 19,997.80
        assertEq(_position(trader), -10e4);
        assertEq(_equity(trader), 1_000_000e6 - 2_200000 - 8_999010);
    }

    function test_immediate_order_fills_up_to_the_size_whose_marginal_price_is_the_limit() public {
        // 5 bps beyond the spread are 500,000 USD or 250 ETH deep
        _order(trader, 400e4, 200120, false, IOC, 0);
        _advance(ORDER_DELAY);
        assertEq(_position(trader), 250e4);
        _order(trader, -1000e4, 199880, false, IOC, 0);
        _advance(ORDER_DELAY);
        assertEq(_position(trader), 0);
        _setPrice(ETH_PRICE - 100);
        assertEq(_position(trader), 0, "the rest of an immediate order is gone");
    }

    function test_resting_order_fills_the_rest_at_its_limit_when_the_price_comes() public {
        _order(trader, 400e4, 200120, false, GTC, 7);
        _advance(ORDER_DELAY);
        assertEq(_position(trader), 250e4);
        int256 before = _equity(trader);

        // mid 2,001: 0.999 bp of room less 1 bp of spread: nothing
        _setPrice(200100);
        assertEq(_position(trader), 250e4);
        _setPrice(190000);
        assertEq(_position(trader), 400e4);
        // 250 ETH lost 100 each; 150 ETH were bought at 2,001.20 and are worth 1,900; taker fee on top
        int256 fee = 150 * 2_001_200000 * 450 / 1e6;
        assertEq(_equity(trader), before - 250 * 100e6 - 150 * 101_200000 - fee);
    }

    function test_order_can_be_canceled_by_client_id_and_by_order_id() public {
        _order(trader, 1e4, 190000, false, GTC, 7);
        _order(trader, 2e4, 190000, false, ALO, 0);
        _advance(ORDER_DELAY);
        _write(trader, 11, abi.encode(ETH, uint128(7)));
        _write(trader, 10, abi.encode(ETH, uint64(2)));
        _advance(ORDER_DELAY);
        _setPrice(180000);
        assertEq(_position(trader), 0);
        assertEq(core.ledgerOf(trader).rejections, 0);
    }

    function test_nobody_cancels_somebody_elses_order() public {
        address other = makeAddr("other");
        core.createAccount(other);
        _order(trader, 1e4, 190000, false, GTC, 7);
        _advance(ORDER_DELAY);
        _write(other, 11, abi.encode(ETH, uint128(7)));
        _write(other, 10, abi.encode(ETH, uint64(1)));
        _advance(ORDER_DELAY);
        assertEq(core.ledgerOf(other).rejections, 2);
        _setPrice(180000);
        assertEq(_position(trader), 1e4);
    }

    function test_orders_of_the_book_act_oldest_first_and_survive_a_removal_between_them() public {
        _order(trader, 1e4, 190000, false, GTC, 1);
        _order(trader, 2e4, 195000, false, GTC, 2);
        _order(trader, 4e4, 185000, false, GTC, 3);
        _advance(ORDER_DELAY);
        _setPrice(192000);
        assertEq(_position(trader), 2e4);
        _setPrice(180000);
        assertEq(_position(trader), 7e4);
    }

    function test_reduce_only_order_closes_at_most_the_position() public {
        _marketOrder(trader, 10e4);
        _order(trader, -50e4, 190000, true, IOC, 0);
        _advance(ORDER_DELAY);
        assertEq(_position(trader), 0);
    }

    function test_resting_reduce_only_order_leaves_the_book_when_nothing_is_left_to_reduce() public {
        _marketOrder(trader, 10e4);
        _order(trader, -10e4, 210000, true, GTC, 9);
        _advance(ORDER_DELAY);
        _marketOrder(trader, -10e4);
        _setPrice(220000);
        assertEq(_position(trader), 0);
        _write(trader, 11, abi.encode(ETH, uint128(9)));
        _expectRejected(trader, "no such order");
    }

    function test_reversal_realises_the_old_side_and_enters_the_new_one() public {
        _marketOrder(trader, 10e4);
        uint256 entry = _entryNotional();
        _setPrice(210000);
        _marketOrder(trader, -15e4);
        assertEq(_position(trader), -5e4);
        // sold 15 ETH for 15 x 2,100 x (1 - 0.0001 - 0.00001575)
        uint256 proceeds = uint256(15e4) * 210000 * (1e8 - 11575) / 1e8;
        assertEq(_entryNotional(), proceeds - proceeds * 10 / 15);
        assertEq(core.ledgerOf(trader).realisedPnl, int256(proceeds * 10 / 15) - int256(entry));
    }

    function test_ledger_tells_fees_volume_and_fills() public {
        _marketOrder(trader, 10e4);
        _marketOrder(trader, -10e4);
        IHyperCore.AccountLedger memory ledger = core.ledgerOf(trader);
        assertEq(ledger.fills, 2);
        assertEq(ledger.tradedNotional, 20_002_200000 + 19_997_800000);
        assertEq(ledger.feesPaid, 9_000990 + 8_999010);
        assertEq(ledger.realisedPnl, -4_400000);
        assertEq(_equity(trader), 1_000_000e6 + ledger.realisedPnl - int256(ledger.feesPaid));
    }

    function test_refuses_silently_and_says_why_in_the_log() public {
        address nobody = makeAddr("nobody");
        _order(nobody, 1e4, 200000, false, IOC, 0);
        _expectRejected(nobody, "account does not exist");
        _write(trader, 1, abi.encode(ETH + 1, true, uint64(2000e8), uint64(1e8), false, IOC, uint128(0)));
        _expectRejected(trader, "unknown perp");
        _order(trader, 0, 200000, false, IOC, 0);
        _expectRejected(trader, "zero size");
        _write(trader, 1, abi.encode(ETH, true, uint64(2000e8), uint64(1e8 + 1), false, IOC, uint128(0)));
        _expectRejected(trader, "size not in whole lots");
        _order(trader, 1e4, 0, false, IOC, 0);
        _expectRejected(trader, "price not positive");
        _order(trader, 1e4, 390100, false, IOC, 0);
        _expectRejected(trader, "price too far from mark");
        _order(trader, -1e4, 9999, false, IOC, 0);
        _expectRejected(trader, "price too far from mark");
        _order(trader, 1e4, 202011, false, IOC, 0);
        _expectRejected(trader, "price not on tick");
        _order(trader, 49, 202000, false, IOC, 0);
        _expectRejected(trader, "notional below minimum");
        _order(trader, 1e4, 202000, true, IOC, 0);
        _expectRejected(trader, "reduce only would increase");
        _order(trader, 13_000e4, 240000, false, IOC, 0);
        _expectRejected(trader, "insufficient margin");
        _order(trader, 1e4, 200000, false, IOC, 0);
        _expectRejected(trader, "no match within the limit");
        _order(trader, 1e4, 202000, false, ALO, 0);
        _expectRejected(trader, "would not add liquidity");
        _order(trader, 1e4, 202000, false, 4, 0);
        _expectRejected(trader, "unknown time in force");
        assertEq(core.ledgerOf(trader).rejections, 13);
        assertEq(core.ledgerOf(trader).fills, 0);
    }

    function test_accepts_exactly_ten_dollars_and_reduces_any_size() public {
        _order(trader, 50, 202000, false, IOC, 0); // exactly 10 USD
        _advance(ORDER_DELAY);
        assertEq(_position(trader), 50);
        _order(trader, -50, 190000, true, IOC, 0);
        _advance(ORDER_DELAY);
        assertEq(_position(trader), 0);
    }

    function test_order_before_the_first_price_is_refused() public {
        IHyperCore.PerpTerms memory terms = _withFriction();
        core.listPerp(9, terms);
        _write(trader, 1, abi.encode(uint32(9), true, uint64(2000e8), uint64(1e8), false, IOC, uint128(0)));
        _expectRejected(trader, "no mark price");
    }

    function test_malformed_actions_never_block_the_queue() public {
        vm.startPrank(trader);
        coreWriter.sendRawAction("");
        coreWriter.sendRawAction(hex"01000001");
        coreWriter.sendRawAction(abi.encodePacked(uint8(2), uint24(7), abi.encode(uint64(1), true)));
        coreWriter.sendRawAction(abi.encodePacked(uint8(1), uint24(99), abi.encode(uint64(1))));
        bytes memory dirty = abi.encode(ETH, uint256(2), uint64(2000e8), uint64(1e8), false, IOC, uint128(0));
        coreWriter.sendRawAction(abi.encodePacked(uint8(1), uint24(1), dirty));
        vm.stopPrank();
        _order(trader, 1e4, 202000, false, IOC, 0);
        _advance(TRANSFER_DELAY);
        assertEq(core.ledgerOf(trader).rejections, 5);
        assertEq(_position(trader), 1e4);
    }

    function testFuzz_average_price_is_between_touch_and_limit(uint256 lots, bool isBuy) public {
        lots = bound(lots, 50, 1_000e4);
        uint256 limit = isBuy ? 205000 : 195000;
        _order(trader, isBuy ? int256(lots) : -int256(lots), limit, false, IOC, 0);
        _advance(ORDER_DELAY);
        uint256 notional = core.ledgerOf(trader).tradedNotional;
        uint256 touch = isBuy ? 200020 : 199980;
        assertEq(uint256(_position(trader) > 0 ? int256(_position(trader)) : -int256(_position(trader))), lots);
        if (isBuy) assertTrue(notional >= lots * touch && notional <= lots * limit);
        else assertTrue(notional <= lots * touch && notional >= lots * limit);
    }

    function _entryNotional() private view returns (uint256 entry) {
        (, bytes memory result) = address(0x0813).staticcall(abi.encode(trader, ETH));
        (, entry) = abi.decode(result, (int64, uint64));
    }

    function _expectRejected(address user, string memory reason) private {
        vm.expectEmit(address(core));
        emit HyperCoreState.OrderRejected(user, reason);
        _advance(ORDER_DELAY);
    }
}
