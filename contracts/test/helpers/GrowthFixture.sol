// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Limits} from "src/Limits.sol";

import {SharesFixture} from "./SharesFixture.sol";

/// @notice A vault with half of its cash at a venue, whose share price may rise by a tenth a day.
abstract contract GrowthFixture is SharesFixture {
    using Math for uint256;

    uint16 internal constant GROWTH = 1_000; // a day

    function setUp() public virtual override {
        super.setUp();
        _invest(_whole(50_000));
    }

    function _limits() internal view override returns (Limits memory limits) {
        limits = super._limits();
        limits.maxGrowthBps = GROWTH;
    }

    /// @dev What `amount` may have grown to after so many seconds.
    function _grown(uint256 amount, uint256 seconds_) internal pure returns (uint256) {
        return amount + amount.mulDiv(GROWTH * seconds_, BPS * 1 days);
    }
}
