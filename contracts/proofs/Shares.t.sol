// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {TestToken} from "sim/TestToken.sol";

import {Policy} from "src/Policy.sol";
import {Vault} from "src/Vault.sol";
import {Book, Marks} from "src/VaultBook.sol";

import {HandedOver} from "./Governance.t.sol";

/// @notice The vault with its inner arithmetic made visible.
contract OpenVault is Vault {
    constructor(TestToken asset_, Policy policy_) Vault(asset_, "Ballast", "BAL", policy_, address(0x0D)) {
        _mint(address(1), 7e12 + 11);
        Book memory b;
        b.limits = policy.current();
        _appraise(b, 0);
        _record(b);
    }

    function setMarks(uint128 mark) external {
        (_marks.highWaterMark, _marks.feeMark, _marks.dayStart, _marks.weekStart) = (mark, mark, mark, mark);
    }

    /// @dev The books with so much at the venues.
    function bookAt(uint256 positions) external view returns (uint256 price, Marks memory marks) {
        Book memory b;
        b.limits = policy.current();
        _appraise(b, positions);
        return (b.sharePriceE18, b.marks);
    }

    function toShares(uint256 assets, Math.Rounding rounding) external view returns (uint256) {
        return _convertToShares(assets, rounding);
    }

    function toAssets(uint256 shares, Math.Rounding rounding) external view returns (uint256) {
        return _convertToAssets(shares, rounding);
    }
}

/// @notice Proofs of the marks that losses are measured from, for every price and time, and of share rounding for every
/// amount below 2^24 at one price: the solver cannot divide 512 bits by an unknown.
contract SharesProof is HandedOver {
    uint256 private constant DAY = 1 days;
    uint256 private constant MONDAY = 1_795_392_000; // 2026-11-23 00:00 UTC

    OpenVault private _open;

    function setUp() public override {
        super.setUp();
        _open = new OpenVault(new TestToken("USDC", 6), policy);
    }

    function check_the_highest_mark_never_falls(uint128 mark, uint64 positions, uint32 later) public {
        (uint256 price, Marks memory m) = _later(mark, positions, later);
        assert(m.highWaterMark >= mark && m.highWaterMark >= price);
        assert(m.highWaterMark == mark || m.highWaterMark == price);
    }

    function check_a_day_keeps_its_mark_and_a_new_one_starts_with_the_price(
        uint128 mark,
        uint64 positions,
        uint32 later
    ) public {
        (uint256 price, Marks memory m) = _later(mark, positions, later);
        assert(m.dayStart == (later < DAY ? mark : price));
    }

    function check_a_week_keeps_its_mark_from_monday_to_sunday(uint128 mark, uint64 positions, uint32 later) public {
        (uint256 price, Marks memory m) = _later(mark, positions, later);
        assert(m.weekStart == (later < 7 * DAY ? mark : price));
    }

    function check_rounding_up_costs_at_least_rounding_down(uint24 amount) public view {
        assert(_open.toShares(amount, Math.Rounding.Ceil) >= _open.toShares(amount, Math.Rounding.Floor));
        assert(_open.toAssets(amount, Math.Rounding.Ceil) >= _open.toAssets(amount, Math.Rounding.Floor));
    }

    function _later(uint128 mark, uint64 positions, uint32 later) private returns (uint256, Marks memory) {
        _open.setMarks(mark);
        vm.warp(MONDAY + later);
        return _open.bookAt(positions);
    }
}
