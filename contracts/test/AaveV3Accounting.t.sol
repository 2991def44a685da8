// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Position} from "src/interfaces/IAdapter.sol";

import {AaveFixture} from "./helpers/AaveFixture.sol";

/// @notice What counts: interest does, gifts do not.
contract AaveV3AccountingTest is AaveFixture {
    // ---- interest

    function test_a_year_of_interest_is_in_the_value_and_not_in_the_fingerprint() public {
        _openShort();
        Position memory before = _position();
        uint256 collateral = _collateral();
        skip(365 days);
        Position memory p = _position();
        uint256 earned = _collateral() - collateral;
        uint256 owed = uint256(-p.exposure);
        assertGt(earned, collateral / 200, "collateral earns");
        assertGt(owed, 20.2e18, "debt grows");
        (, uint128 scaledDebt) = leg.book();
        uint256 index = aave.getReserveNormalizedVariableDebt(address(base));
        assertEq(owed, Math.mulDiv(scaledDebt, index, 1e27, Math.Rounding.Ceil), "rounded up");
        assertApproxEqAbs(p.value, before.value + earned - (owed - 20e18) * 2_500e6 / 1e18, 2);
        assertEq(p.fingerprint, before.fingerprint);
        assertLt(p.healthBps, before.healthBps);
        _settle();
        assertEq(abi.encode(_position()), abi.encode(p));
    }

    function test_others_who_use_the_market_change_neither_value_nor_fingerprint() public {
        _openShort();
        Position memory before = _position();
        lending.borrow(asset, 1_000_000e6);
        lending.borrow(base, 1_000e18);
        lending.supply(asset, 2_000_000e6);
        assertEq(abi.encode(_position()), abi.encode(before));
    }

    // ---- gifts

    function _assertUnmoved(Position memory before, string memory gift) private view {
        Position memory p = _position();
        assertEq(p.value, before.value, gift);
        assertEq(p.exposure, before.exposure, gift);
        assertEq(p.fingerprint, before.fingerprint, gift);
        assertEq(p.healthBps, before.healthBps, gift);
    }

    function test_gifts_change_nothing_until_the_next_action() public {
        _openShort();
        Position memory before = _position();
        asset.mint(address(leg), 5_000e6);
        _assertUnmoved(before, "asset");
        base.mint(address(leg), 5e18);
        _assertUnmoved(before, "base");
        lending.supplyFor(asset, 5_000e6, address(leg));
        _assertUnmoved(before, "collateral supplied for it");
        lending.supplyFor(asset, 5_000e6, STRANGER);
        uint256 receipts = leg.aToken().balanceOf(STRANGER);
        IERC20 receipt = IERC20(address(leg.aToken()));
        vm.prank(STRANGER);
        receipt.transfer(address(leg), receipts);
        _assertUnmoved(before, "receipts sent to it");
        lending.repayFor(base, 4e18, address(leg));
        _assertUnmoved(before, "debt repaid for it");
        lending.supplyFor(base, 1e18, address(leg));
        _assertUnmoved(before, "collateral of another kind");
        _settle();
        _assertUnmoved(before, "and settling books none of it");
    }

    function test_the_next_action_books_gifts() public {
        _openShort();
        lending.supplyFor(asset, 5_000e6, address(leg));
        lending.repayFor(base, 4e18, address(leg));
        uint256 value = _value();
        _execute(1_000e6, SUPPLY, 1_000e6, 0);
        assertApproxEqAbs(_value(), value + 1_000e6 + 5_000e6 + 10_000e6, 2);
        assertApproxEqAbs(_position().exposure, -16e18, 1);
    }

    function test_a_debt_repaid_in_full_by_a_stranger_needs_no_cover() public {
        _openShort();
        lending.repayFor(base, 21e18, address(leg));
        assertApproxEqAbs(_position().exposure, -20e18, 1, "it still counts");
        assertEq(_execute(0, COVER, ALL, ALL), 0);
        assertEq(_position().exposure, 0);
        assertEq(_reduce(10_000), 0);
        assertApproxEqRel(_cash(), 150_000e6, 0.002e18);
    }

    function test_a_gift_after_a_liquidation_does_not_count_once_settled() public {
        _openShort();
        _moveTo(6_200e8);
        lending.liquidate(address(leg), 10e18);
        _settle();
        Position memory before = _position();
        lending.repayFor(base, 5e18, address(leg));
        lending.supplyFor(asset, 80_000e6, address(leg));
        assertEq(_position().value, before.value);
        assertEq(_position().fingerprint, before.fingerprint);
    }

    /// @dev A gift that hides a liquidation leaves less counted than there is.
    function test_a_liquidation_made_good_by_a_gift_counts_as_if_neither_had_been() public {
        _openShort();
        _moveTo(6_200e8);
        Position memory before = _position();
        lending.liquidate(address(leg), 10e18);
        lending.supplyFor(asset, 70_000e6, address(leg));
        assertEq(_position().value, before.value);
        assertEq(_position().fingerprint, before.fingerprint);
        assertLt(before.value, _collateral() - _debt() * 6_200e6 / 1e18);
    }

    // ---- decimals

    function test_works_with_every_number_of_decimals() public {
        uint8[5] memory decimals = [0, 6, 8, 18, 24];
        for (uint256 i; i < decimals.length; ++i) {
            _open(decimals[i], i % 2 == 0 ? 18 : 8, i % 2 == 0);
            _execute(_assets(100_000), SHORT, _bases(20), _assets(49_800));
            Position memory p = _position();
            assertApproxEqRel(p.value, _assets(100_000), 0.003e18);
            assertApproxEqAbs(p.exposure, -int256(_bases(20)), 1);
            assertApproxEqRel(p.healthBps, 24_000, 0.003e18);
            skip(30 days);
            _execute(_assets(1_000), COVER, _bases(5), ALL);
            _reduce(5_000);
            _reduce(10_000);
            assertEq(_debt(), 0);
            uint256 value = _value();
            uint256 cash = _cash();
            _reduce(10_000);
            assertApproxEqAbs(_cash(), cash + value, 1);
            assertApproxEqRel(_cash(), _assets(101_000), 0.006e18);
            _assertClean();
        }
    }

    /// @dev What counts is never more than what is there, whoever did what to the position.
    function testFuzz_counts_no_more_than_there_is(uint256 gift, uint256 repaid, uint256 priceE8, uint256 liquidated)
        public
    {
        _openShort();
        priceE8 = bound(priceE8, 1_000e8, 7_000e8);
        _moveTo(priceE8);
        if (_healthFactor() < 1e18) lending.liquidate(address(leg), bound(liquidated, 1e12, 20e18));
        lending.supplyFor(asset, bound(gift, 1, 100_000e6), address(leg));
        if (_debt() != 0) lending.repayFor(base, bound(repaid, 1e12, 19e18), address(leg));
        uint256 owed = _debt() * priceE36 / 1e36;
        uint256 held = _collateral();
        assertLe(_value(), held > owed ? held - owed : 0);
        bytes32 fingerprint = _position().fingerprint;
        _settle();
        assertEq(_position().fingerprint, fingerprint);
    }
}
