// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Vm} from "forge-std/Vm.sol";

import {Envelope, Limit} from "src/Envelope.sol";
import {VaultBook} from "src/VaultBook.sol";

/// @title What recorded logs tell of a plan: every value that was checked, next to its bound.
library PlanLogs {
    error NotTold(bytes32 topic);

    /// @notice Value and bound of one limit; zeros when the plan had not to be checked against it.
    function told(Vm.Log[] memory logs, Limit limit) internal pure returns (uint256 value, uint256 bound) {
        uint256[13] memory checks = abi.decode(find(logs, Envelope.LimitsChecked.selector).data, (uint256[13]));
        return halves(checks[uint256(limit)]);
    }

    /// @notice Share price of the last checkpoint, and its three losses with their limits.
    function checkpoint(Vm.Log[] memory logs) internal pure returns (uint256 priceE18, uint256[3] memory losses) {
        return abi.decode(find(logs, VaultBook.Checkpointed.selector).data, (uint256, uint256[3]));
    }

    function halves(uint256 check) internal pure returns (uint256 value, uint256 bound) {
        return (check >> 128, uint128(check));
    }

    function has(Vm.Log[] memory logs, bytes32 topic) internal pure returns (bool) {
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] == topic) return true;
        }
        return false;
    }

    /// @notice The last log of this event.
    function find(Vm.Log[] memory logs, bytes32 topic) internal pure returns (Vm.Log memory) {
        for (uint256 i = logs.length; i > 0; --i) {
            if (logs[i - 1].topics[0] == topic) return logs[i - 1];
        }
        revert NotTold(topic);
    }
}
