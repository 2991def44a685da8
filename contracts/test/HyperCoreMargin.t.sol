// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {HyperCoreState} from "sim/HyperCoreState.sol";
import {IHyperCore} from "sim/IHyperCore.sol";
import {HyperCoreFixture} from "./helpers/HyperCoreFixture.sol";

/// @notice Margin, funding and liquidation at the stand-in, against published formulas and vectors.
contract HyperCoreMarginTest is HyperCoreFixture {
    /// @dev A perp sold in whole units, whose price has six decimals: fine enough for the vectors.
    uint32 internal constant FINE = 5;
    uint64 internal constant FINE_PRICE = 2_000_000000;
    address internal trader = makeAddr("trader");
    address internal other = makeAddr("other");

    function setUp() public override {
        super.setUp();
        IHyperCore.PerpTerms memory terms = _frictionless();
        terms.szDecimals = 0;
        core.listPerp(FINE, terms);
        _tickFine(FINE_PRICE, FINE_PRICE, FINE_PRICE);
        _fund(trader, 4_000e6, 0);
    }

    function test_long_vector_is_liquidated_at_1632_653061_and_not_above() public {
        _openFine(true);
        _tickFine(1_632_653062, FINE_PRICE, 1_632_653062);
        assertEq(core.ledgerOf(trader).liquidations, 0);
        // there equity equals maintenance margin, 10 x 1,632.653061 / 50, to the last digit of the price
        assertApproxEqAbs(_equity(trader), int256(uint256(10 * 1_632_653061) / 50), 10);

        vm.expectEmit(address(core));
        emit HyperCoreState.Liquidated(trader, FINE, 10, 1_632_653061);
        _tickFine(1_632_653061, FINE_PRICE, 1_632_653061);
        assertEq(core.ledgerOf(trader).liquidations, 1);
        assertEq(_summaryNotional(trader), 0);
    }

    function test_short_vector_is_liquidated_at_2352_941176_and_not_below() public {
        _openFine(false);
        _tickFine(2_352_941176, 2_352_941176, FINE_PRICE);
        assertEq(core.ledgerOf(trader).liquidations, 0);
        assertApproxEqAbs(_equity(trader), int256(uint256(10 * 2_352_941176) / 50), 10);
        _tickFine(FINE_PRICE, 2_352_941177, FINE_PRICE);
        assertEq(core.ledgerOf(trader).liquidations, 1);
    }

    function test_liquidation_happens_at_the_extreme_of_the_hour_even_if_the_price_came_back() public {
        _openFine(true);
        _tickFine(FINE_PRICE, FINE_PRICE, 1_620_000000);
        assertEq(core.ledgerOf(trader).liquidations, 1);
        // closed at 1,620: 4,000 - 10 x 380 is left (less the entry's rounding)
        assertApproxEqAbs(_equity(trader), 200e6, 1);
        assertApproxEqAbs(core.ledgerOf(trader).realisedPnl, -3_800e6, 1);
    }

    function test_high_price_does_not_liquidate_a_long_nor_low_price_a_short() public {
        _openFine(true);
        _fund(other, 4_000e6, 0);
        _write(other, 1, abi.encode(FINE, false, uint64(1000e8), uint64(10e8), false, IOC, uint128(0)));
        _advance(ORDER_DELAY);
        _tickFine(FINE_PRICE, 2_350_000000, 1_640_000000);
        assertEq(core.ledgerOf(trader).liquidations, 0);
        assertEq(core.ledgerOf(other).liquidations, 0);
    }

    function test_loss_beyond_equity_is_borne_by_insurance_and_never_by_the_account() public {
        _openFine(true);
        _tickFine(1_000_000000, FINE_PRICE, 1_000_000000);
        assertEq(_equity(trader), 0);
        assertApproxEqAbs(core.insurancePaid(), 6_000e6, 1);
    }

    function test_liquidating_several_holders_in_one_tick_forgets_none() public {
        address[4] memory users = [trader, other, makeAddr("third"), makeAddr("fourth")];
        for (uint256 i = 0; i < 4; ++i) {
            // the second and the fourth have margin to spare
            if (i > 0) _fund(users[i], i % 2 == 1 ? 10_000e6 : 4_000e6, 0);
            _write(users[i], 1, abi.encode(FINE, true, uint64(3000e8), uint64(10e8), false, IOC, uint128(0)));
        }
        _advance(ORDER_DELAY);
        _tickFine(FINE_PRICE, FINE_PRICE, 1_600_000000);
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(core.ledgerOf(users[i]).liquidations, (i + 1) % 2);
        }
        _tickFine(FINE_PRICE, FINE_PRICE, 1_000_000000);
        assertEq(core.ledgerOf(other).liquidations, 1);
        assertEq(core.ledgerOf(users[3]).liquidations, 1);
    }

    function test_auto_deleveraging_closes_a_part_at_its_price_and_without_a_fee() public {
        _openFine(true);
        vm.expectEmit(address(core));
        emit HyperCoreState.AutoDeleveraged(trader, FINE, -4, 1_990_000000);
        core.autoDeleverage(trader, FINE, 4, 1_990_000000);
        assertEq(_summaryNotional(trader), 6 * 2_000e6);
        assertApproxEqAbs(_equity(trader), 4_000e6 - 40e6, 1);
        vm.expectRevert(abi.encodeWithSelector(HyperCoreState.NothingToDeleverage.selector, 6, 7));
        core.autoDeleverage(trader, FINE, 7, 1_990_000000);
        vm.expectRevert(abi.encodeWithSelector(HyperCoreState.NothingToDeleverage.selector, 6, 0));
        core.autoDeleverage(trader, FINE, 0, 1_990_000000);
    }

    function test_longs_pay_shorts_when_the_rate_is_positive() public {
        _openFine(true);
        _fund(other, 4_000e6, 0);
        _write(other, 1, abi.encode(FINE, false, uint64(1000e8), uint64(10e8), false, IOC, uint128(0)));
        _advance(ORDER_DELAY);
        int256 longBefore = _equity(trader);
        int256 shortBefore = _equity(other);

        // 0.01 % of 10 x 2,010 (oracle, not mark)
        vm.expectEmit(address(core));
        emit HyperCoreState.FundingPaid(trader, FINE, -2_010000);
        core.tick(IHyperCore.Tick(FINE, 2_010_000000, FINE_PRICE, FINE_PRICE, FINE_PRICE, 1e14));
        assertEq(_equity(trader), longBefore - 2_010000);
        assertEq(_equity(other), shortBefore + 2_010000);
        assertEq(core.ledgerOf(trader).fundingReceived, -2_010000);
        assertEq(core.ledgerOf(other).fundingReceived, 2_010000);

        core.tick(IHyperCore.Tick(FINE, 2_010_000000, FINE_PRICE, FINE_PRICE, FINE_PRICE, -1e14));
        assertEq(_equity(trader), longBefore);
        assertEq(_equity(other), shortBefore);
    }

    function test_funding_is_paid_on_the_new_oracle_price_after_liquidation() public {
        _openFine(true);
        core.tick(IHyperCore.Tick(FINE, FINE_PRICE, FINE_PRICE, FINE_PRICE, 1_600_000000, 1e15));
        assertEq(core.ledgerOf(trader).fundingReceived, 0, "a position that is gone pays nothing");
    }

    function test_order_needs_initial_margin_after_its_own_cost() public {
        // 4,000 carry 100,000 at 25 times, and entry rounds up by 1e-6 USD
        _write(trader, 1, abi.encode(FINE, true, uint64(3000e8), uint64(50e8), false, IOC, uint128(0)));
        _advance(ORDER_DELAY);
        assertEq(_summaryNotional(trader), 0);
        assertEq(core.ledgerOf(trader).rejections, 1);
        _write(trader, 1, abi.encode(FINE, true, uint64(3000e8), uint64(49e8), false, IOC, uint128(0)));
        _advance(ORDER_DELAY);
        assertEq(_summaryNotional(trader), 98_000e6);
    }

    function test_cross_margin_counts_every_position() public {
        _openFine(true);
        _marketOrder(trader, 30e4); // 60,000 of ETH beside 20,000
        assertEq(_summaryNotional(trader), 80_000e6);
        // at 1,960 the fine perp has lost 400; ETH at 1,900 loses 3,000: 600 against 39,200 / 50 + 57,000 / 50
        _tickFine(1_960_000000, 1_960_000000, 1_960_000000);
        assertEq(core.ledgerOf(trader).liquidations, 0);
        _setPrice(190000);
        assertEq(core.ledgerOf(trader).liquidations, 1);
        assertEq(_position(trader), 0);
        assertEq(_summaryNotional(trader), 19_600e6);
    }

    function test_withdrawable_keeps_a_tenth_of_the_notional() public {
        _openFine(true);
        assertApproxEqAbs(_read(0x0803, abi.encode(trader)), 4_000e6 - 2_000e6, 1);
    }

    function testFuzz_funding_between_a_long_and_a_short_nets_to_nothing(uint64 oraclePx, int64 rate) public {
        oraclePx = uint64(bound(oraclePx, 1_000000, 100_000_000000));
        rate = int64(bound(rate, -0.04e18, 0.04e18));
        _fund(trader, 1_000_000e6, 0);
        _fund(other, 1_000_000e6, 0);
        _openFine(true);
        _write(other, 1, abi.encode(FINE, false, uint64(1000e8), uint64(10e8), false, IOC, uint128(0)));
        _advance(ORDER_DELAY);
        int256 before = _equity(trader) + _equity(other);
        core.tick(IHyperCore.Tick(FINE, oraclePx, FINE_PRICE, FINE_PRICE, FINE_PRICE, rate));
        assertEq(_equity(trader) + _equity(other), before);
        int256 paid = int256(uint256(oraclePx)) * 10 * rate / 1e18;
        assertEq(core.ledgerOf(trader).fundingReceived, -paid);
    }

    function _openFine(bool isBuy) private {
        uint64 limit = isBuy ? 3000e8 : 1000e8;
        _write(trader, 1, abi.encode(FINE, isBuy, limit, uint64(10e8), false, IOC, uint128(0)));
        _advance(ORDER_DELAY);
    }

    function _tickFine(uint64 markPx, uint64 highPx, uint64 lowPx) private {
        core.tick(IHyperCore.Tick(FINE, markPx, markPx, highPx, lowPx, 0));
    }

    function _summaryNotional(address user) private view returns (uint256 notional) {
        (, bytes memory result) = address(0x080f).staticcall(abi.encode(uint32(0), user));
        (,, notional,) = abi.decode(result, (int64, uint64, uint64, int64));
    }
}
