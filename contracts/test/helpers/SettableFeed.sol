// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @notice A Chainlink-style feed whose every field a test can set.
contract SettableFeed {
    uint8 public immutable decimals;

    uint80 public roundId;
    int256 public answer;
    uint256 public startedAt;
    uint256 public updatedAt;
    uint80 public answeredInRound;
    bool public broken;

    constructor(uint8 decimals_, int256 answer_) {
        decimals = decimals_;
        set(answer_);
    }

    function set(int256 answer_) public {
        setRound(answer_, block.timestamp);
    }

    function setRound(int256 answer_, uint256 updatedAt_) public {
        answer = answer_;
        startedAt = updatedAt_;
        updatedAt = updatedAt_;
        answeredInRound = ++roundId;
    }

    /// @dev For an uptime feed of a sequencer: 0 is up, 1 is down.
    function setStatus(int256 answer_, uint256 startedAt_) external {
        set(answer_);
        startedAt = startedAt_;
    }

    function carryRoundOver() external {
        ++roundId;
    }

    function setBroken(bool broken_) external {
        broken = broken_;
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        require(!broken, "No data present");
        return (roundId, answer, startedAt, updatedAt, answeredInRound);
    }
}
