// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {HyperCore} from "sim/HyperCore.sol";
import {HYPER_CORE} from "sim/HyperCoreAddresses.sol";

/// @title The write door of HyperCore: logs the action and queues it; whether it was good shows later, or never.
contract CoreWriter {
    event RawAction(address indexed user, bytes data);

    function sendRawAction(bytes calldata data) external {
        emit RawAction(msg.sender, data);
        HyperCore(HYPER_CORE).enqueueAction(msg.sender, data);
    }
}
