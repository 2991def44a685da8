// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IRedemptionQueue} from "src/interfaces/IRedemptionQueue.sol";

/// @notice A queue that counts how often it was asked to fill, and fails when the test says so.
contract CountingQueue is IRedemptionQueue {
    address public immutable share;
    uint256 public constant pendingShares = 0;
    uint256 public constant oldestPendingSince = 0;

    uint256 public fills;
    bool public fails;

    constructor(address share_) {
        share = share_;
    }

    function setFails(bool fails_) external {
        fails = fails_;
    }

    function fill() external returns (uint256) {
        require(!fails, "queue broken");
        ++fills;
        return 0;
    }
}
