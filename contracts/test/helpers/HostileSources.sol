// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @notice Answers any call with the bytes it was given.
contract RawAnswers {
    /// @dev Away from the first slots, which belong to the contract it replaces.
    mapping(uint256 => bytes) private _answer;

    function set(bytes calldata answer) external {
        _answer[0] = answer;
    }

    fallback(bytes calldata) external returns (bytes memory) {
        return _answer[0];
    }
}

/// @notice Burns whatever gas it gets.
contract GasGuzzler {
    fallback() external {
        while (true) {}
    }
}

/// @notice Answers 7,500 words, or in an odd second reverts with them: about all that 150,000 gas can pay.
contract ReturnBomb {
    fallback() external {
        assembly {
            if mod(timestamp(), 2) { revert(0, 240000) }
            return(0, 240000)
        }
    }
}

/// @notice Answers truly, but only after much work, and from behind a proxy.
contract SlowSource {
    uint256 private immutable _work;
    bytes private _answer;

    constructor(uint256 work, bytes memory answer) {
        _work = work;
        _answer = answer;
    }

    fallback(bytes calldata) external returns (bytes memory) {
        uint256 end = gasleft() > _work ? gasleft() - _work : 0;
        while (gasleft() > end) {}
        return _answer;
    }
}

contract Forwarder {
    address private immutable _to;

    constructor(address to) {
        _to = to;
    }

    fallback(bytes calldata data) external returns (bytes memory result) {
        bool success;
        (success, result) = _to.staticcall(data);
        require(success, "forwarded call failed");
    }
}
